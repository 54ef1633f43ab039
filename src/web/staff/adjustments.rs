//! Adjustments: proposed by one person in finance, decided by another.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::{offerings::id_of, partners::called::Called};
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
        recruit::partners,
        registers::{self, ledger, ledger::EntryRow},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other_saying, unprocessable},
        words,
    },
};

type Parts = Path<(String, String)>;

/// Decided ones shown in the list.
const SHOWN: i64 = 100;

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
    waiting: Vec<Row>,
    decided: Vec<Row>,
}

fn rows(tx: &mut Tx<'_, VendorScope>, status: AdjustmentStatus) -> Result<Vec<Row>> {
    let found = adjustments::newest(tx, status, None, SHOWN)?;
    let ids: Vec<PartnerId> = found.iter().map(|one| one.partner_id).collect();
    let names = partners::names(tx, &ids)?;
    let rows = found.into_iter().map(|adjustment| Row {
        partner: names
            .iter()
            .find(|(id, _)| *id == adjustment.partner_id)
            .map_or(String::new(), |(_, name)| name.clone()),
        pill: pill(adjustment.status),
        amount: adjustment.amount(),
        adjustment,
    });
    Ok(rows.collect())
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    let (waiting, mut decided, declined) = store
        .read(staff.scope.clone(), |tx| {
            tx.allow(Permission::ViewMoney)?;
            Ok((
                rows(tx, AdjustmentStatus::Proposed)?,
                rows(tx, AdjustmentStatus::Approved)?,
                rows(tx, AdjustmentStatus::Declined)?,
            ))
        })
        .await?;
    decided.extend(declined);
    decided.sort_by_key(|row| std::cmp::Reverse(row.adjustment.id));
    ok(&IndexPage {
        shell: staff.shell(),
        may_adjust: staff.may(Permission::AdjustCommission),
        base: staff.base,
        waiting,
        decided,
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
        Ok(to) => see_other_saying(&session, &to, "Proposed. Someone else has to approve it."),
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
    entry: Option<EntryRow>,
    adjustment: Adjustment,
    history: Vec<HistoryRow>,
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id: AdjustmentId = id_of(&parts.1)?;
    let (adjustment, partner, entry, history) = store
        .read(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ViewMoney)?;
            let adjustment = adjustments::one(tx, id)?;
            let partner = partners::partner(tx, adjustment.partner_id)?.name;
            let today = registers::calendar(tx)?.today;
            let entries = ledger::of_sources(tx, "adjustment", vec![id.number()], today)?;
            let history = VendorScope::history(tx, id.number())?;
            Ok((adjustment, partner, entries.into_iter().next(), history))
        })
        .await?;
    let waits = adjustment.status == AdjustmentStatus::Proposed;
    let is_own = staff.scope.actor().user == Some(adjustment.proposed_by);
    let may_adjust = staff.may(Permission::AdjustCommission);
    let list = format!("{}/adjustments", staff.base);
    ok(&ShowPage {
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
        may_approve: waits && may_adjust && !is_own,
        may_decline: waits && may_adjust,
        is_own: waits && may_adjust && is_own,
        history: history::rows(history, staff.zone()),
        base: staff.base,
        partner,
        entry,
        adjustment,
    })
}

/// A decision; why, where it declines.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Decision {
    answer: String,
    form_id: String,
}

async fn decide(
    (staff, store, session): (Staff, Data<Store>, Session),
    parts: Parts,
    said: &'static str,
    work: impl Fn(&mut Tx<'_, VendorScope>, AdjustmentId) -> Result<()> + Clone + Send + 'static,
) -> Answer {
    let id: AdjustmentId = id_of(&parts.1)?;
    let to = format!("{}/adjustments/{id}", staff.base);
    store
        .write(staff.scope.clone(), move |tx| work(tx, id))
        .await?;
    see_other_saying(&session, &to, said)
}

async fn approve(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(_): Typed<Decision>,
) -> Answer {
    let said = "Approved. The entry is in the ledger.";
    decide((staff, store, session), parts, said, service::approve).await
}

async fn decline(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(decision): Typed<Decision>,
) -> Answer {
    let answer = decision.answer;
    decide(
        (staff, store, session),
        parts,
        "Declined.",
        move |tx, id| service::decline(tx, id, &answer),
    )
    .await
}
