//! Adjustments: proposed by one person in finance, decided by another.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::{
    offerings::{choices, id_of},
    partners::called::Called,
};
use crate::{
    Error, Result,
    domain::{
        AdjustmentReason, AdjustmentStatus, Currency, LongText, Money, Period, Permission, Problems,
    },
    id::{AdjustmentId, PartnerId},
    services::incentivize::adjustments::{self as service, NewAdjustment},
    store::{
        Platform, Scope, Store, Tx, VendorScope,
        incentivize::adjustments::{self, Adjustment},
        paging::{Cursor, Page},
        recruit::partners,
        registers::{self, ledger, ledger::EntryRow},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        list::{Address, Pager, count_words},
        page::{ok, see_other_saying, unprocessable},
        words,
    },
};

type Parts = Path<(String, String)>;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/adjustments")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/adjustments/new").route(get().to(new)))
        .service(resource("/adjustments/{adjustment}").route(get().to(show)))
        .service(resource("/adjustments/{adjustment}/approval").route(post().to(approve)))
        .service(resource("/adjustments/{adjustment}/refusal").route(post().to(decline)));
}

/// One of the list.
struct Row {
    adjustment: Adjustment,
    amount: Money,
    partner: String,
    pill: (&'static str, &'static str),
}

fn pill(status: AdjustmentStatus) -> (&'static str, &'static str) {
    let kind = match status {
        AdjustmentStatus::Proposed => "watch",
        AdjustmentStatus::Approved => "good",
        AdjustmentStatus::Declined => "plain",
    };
    (kind, status.label())
}

#[derive(Template)]
#[template(path = "staff/adjustments/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_adjust: bool,
    statuses: Vec<(String, String)>,
    status: String,
    clear_href: String,
    count: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// What narrows the list, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Narrowed {
    status: String,
    at: String,
}

fn named(tx: &mut Tx<'_, VendorScope>, found: Page<Adjustment>) -> Result<Page<Row>> {
    let ids: Vec<PartnerId> = found.rows.iter().map(|one| one.partner_id).collect();
    let names = partners::names(tx, &ids)?;
    found.try_map(|adjustment| {
        Ok(Row {
            partner: names
                .iter()
                .find(|(id, _)| *id == adjustment.partner_id)
                .map_or(String::new(), |(_, name)| name.clone()),
            pill: pill(adjustment.status),
            amount: adjustment.amount(),
            adjustment,
        })
    })
}

async fn index(staff: Staff, store: Data<Store>, Query(asked): Query<Narrowed>) -> Answer {
    let status = asked.status.parse::<AdjustmentStatus>().ok();
    let at = asked.at;
    let (page, count) = store
        .read(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ViewMoney)?;
            let page = adjustments::page(tx, status, Cursor::read(&at).as_ref())?;
            let count = adjustments::count(tx, status)?;
            Ok((named(tx, page)?, count))
        })
        .await?;
    let list = format!("{}/adjustments", staff.base);
    let address = Address::new(list, &[("status", asked.status.as_str())]);
    ok(&IndexPage {
        shell: staff.shell(),
        may_adjust: staff.may(Permission::AdjustCommission),
        base: staff.base,
        statuses: choices(
            "All",
            AdjustmentStatus::ALL,
            AdjustmentStatus::code,
            AdjustmentStatus::label,
        ),
        status: asked.status,
        clear_href: address.clear(),
        count: count_words(page.rows.len(), count, ("adjustment", "adjustments")),
        pager: address.pager(&page),
        rows: page.rows,
    })
}

/// An adjustment as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AdjustmentForm {
    partner: String,
    month: String,
    amount: String,
    currency: String,
    reason: String,
    memo: String,
    form_id: String,
}

/// Whom the form begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    partner: String,
}

#[derive(Template)]
#[template(path = "staff/adjustments/new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    cancel_href: String,
    partners: Vec<(String, String)>,
    months: Vec<(String, String)>,
    reasons: Vec<(String, String)>,
    problems: Problems,
    typed: AdjustmentForm,
    form_id: String,
}

async fn new_page(
    staff: &Staff,
    store: &Store,
    mut typed: AdjustmentForm,
    problems: Problems,
) -> Result<NewPage> {
    let named = typed.partner.clone();
    let (called, months, calendar) = store
        .read(staff.scope.clone(), move |tx| {
            let months = service::open_months(tx)?;
            Ok((Called::of(tx, &named)?, months, registers::calendar(tx)?))
        })
        .await?;
    if problems.is_empty() {
        typed.partner = called.text;
        typed.month = calendar.this_month().to_string();
        calendar.currency.code().clone_into(&mut typed.currency);
    }
    let list = format!("{}/adjustments", staff.base);
    let reasons = AdjustmentReason::ALL.iter();
    let reasons = reasons.map(|reason| (reason.code().to_owned(), reason.label().to_owned()));
    Ok(NewPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        crumbs: vec![("Adjustments".to_owned(), list.clone())],
        cancel_href: list,
        partners: called
            .known
            .into_iter()
            .map(|name| (name, String::new()))
            .collect(),
        months: months
            .iter()
            .rev()
            .map(|month| (month.to_string(), month.title()))
            .collect(),
        reasons: reasons.collect(),
        form_id: fresh_form_id()?,
        problems,
        typed,
    })
}

async fn new(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let typed = AdjustmentForm {
        partner: asked.into_inner().partner,
        ..AdjustmentForm::default()
    };
    ok(&new_page(&staff, &store, typed, Problems::default()).await?)
}

/// An adjustment read from its form, its partner still as named.
#[derive(Clone)]
struct Read {
    partner: String,
    month: Period,
    amount: Money,
    reason: AdjustmentReason,
    memo: LongText,
}

impl AdjustmentForm {
    fn read(&self) -> Result<Read, Problems> {
        let mut problems = Problems::default();
        let month = self.month.parse::<Period>();
        let month = problems.check("month", month.map_err(|_| "Choose one of the months."));
        let currency = self.currency.trim().to_uppercase().parse::<Currency>();
        let currency = problems.check("currency", currency);
        let amount = currency
            .and_then(|currency| problems.check("amount", Money::parse(&self.amount, currency)));
        let reason = self.reason.parse::<AdjustmentReason>();
        let reason = problems.check("reason", reason.map_err(|_| "Choose one of the reasons."));
        let memo = problems.check("memo", self.memo.parse::<LongText>());
        if self.partner.trim().is_empty() {
            problems.add("partner", "Name a partner.");
        }
        let all = month.zip(amount).zip(reason.zip(memo));
        match all.filter(|_| problems.is_empty()) {
            Some(((month, amount), (reason, memo))) => Ok(Read {
                partner: self.partner.clone(),
                month,
                amount,
                reason,
                memo,
            }),
            None => Err(problems),
        }
    }
}

fn propose(tx: &mut Tx<'_, VendorScope>, read: &Read) -> Result<AdjustmentId> {
    tx.allow(Permission::AdjustCommission)?;
    let (partner, _) = partners::called(tx, &read.partner)?;
    let new = NewAdjustment {
        partner,
        month: read.month,
        amount: read.amount,
        reason: read.reason,
        memo: read.memo.clone(),
    };
    service::propose(tx, &new)
}

async fn create(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<AdjustmentForm>,
) -> Answer {
    staff.needs(Permission::AdjustCommission)?;
    let done = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(read) => {
            let (form_id, base) = (typed.form_id.clone(), staff.base.clone());
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let id = propose(tx, &read)?;
                        Ok(format!("{base}/adjustments/{id}"))
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => see_other_saying(
            &session,
            &to,
            "The adjustment is proposed. Someone else has to approve it.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&new_page(&staff, &store, typed, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "staff/adjustments/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    here: String,
    crumbs: Vec<(String, String)>,
    answer: String,
    partner: String,
    partner_href: String,
    amount: Money,
    pill: (&'static str, &'static str),
    may_approve: bool,
    may_decline: bool,
    is_own: bool,
    /// Its month was closed while it waited.
    is_over: bool,
    entry: Option<EntryRow>,
    adjustment: Adjustment,
    history: Vec<HistoryRow>,
    typed: Decision,
    problems: Problems,
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id: AdjustmentId = id_of(&parts.1)?;
    let nothing = (Decision::default(), Problems::default());
    ok(&show_page(staff, &store, id, nothing).await?)
}

async fn show_page(
    staff: Staff,
    store: &Store,
    id: AdjustmentId,
    (typed, problems): (Decision, Problems),
) -> Result<ShowPage> {
    let (adjustment, partner, entry, history, is_over) = store
        .read(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ViewMoney)?;
            let adjustment = adjustments::one(tx, id)?;
            let partner = partners::partner(tx, adjustment.partner_id)?.name;
            let today = registers::calendar(tx)?.today;
            let entries = ledger::of_sources(tx, "adjustment", vec![id.number()], today)?;
            let history = VendorScope::history(tx, id.number())?;
            let is_over = service::is_over(tx, adjustment.month)?;
            let entry = entries.into_iter().next();
            Ok((adjustment, partner, entry, history, is_over))
        })
        .await?;
    let waits = adjustment.status == AdjustmentStatus::Proposed;
    let is_own = staff.scope.actor().user == Some(adjustment.proposed_by);
    let may_adjust = staff.may(Permission::AdjustCommission);
    let list = format!("{}/adjustments", staff.base);
    Ok(ShowPage {
        shell: staff.shell(),
        here: format!("{list}/{id}"),
        crumbs: vec![("Adjustments".to_owned(), list)],
        answer: format!(
            "{} for {partner}, to be posted in {}.",
            words::money(adjustment.amount()),
            adjustment.month.title()
        ),
        pill: pill(adjustment.status),
        amount: adjustment.amount(),
        partner_href: format!("{}/partners/{}", staff.base, adjustment.partner_id),
        may_approve: waits && may_adjust && !is_own && !is_over,
        may_decline: waits && may_adjust,
        is_own: waits && may_adjust && is_own && !is_over,
        is_over: waits && is_over,
        history: history::rows(history, staff.zone()),
        base: staff.base,
        partner,
        entry,
        adjustment,
        typed,
        problems,
    })
}

/// A decision; why, where it declines.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Decision {
    answer: String,
    form_id: String,
}

async fn approve(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(_): Typed<Decision>,
) -> Answer {
    let id: AdjustmentId = id_of(&parts.1)?;
    let to = format!("{}/adjustments/{id}", staff.base);
    store
        .write(staff.scope, move |tx| service::approve(tx, id))
        .await?;
    let said = "The adjustment is approved. Its entry is in the ledger.";
    see_other_saying(&session, &to, said)
}

async fn decline(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(decision): Typed<Decision>,
) -> Answer {
    let id: AdjustmentId = id_of(&parts.1)?;
    let to = format!("{}/adjustments/{id}", staff.base);
    let answer = decision.answer.clone();
    let declined = store
        .write(staff.scope.clone(), move |tx| {
            service::decline(tx, id, &answer)
        })
        .await;
    match declined {
        Ok(()) => see_other_saying(&session, &to, "The adjustment is declined."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&show_page(staff, &store, id, (decision, problems)).await?)
        }
        Err(other) => Err(other.into()),
    }
}
