//! One subscription: its facts, what it costs and earns, what was billed, what happened.
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;

use super::{
    Parts,
    parties::{self, Earning},
    subscription,
};
use crate::{
    Result,
    domain::{Moment, Period, Permission, SubscriptionStatus, Zone},
    id::SubscriptionId,
    services::revenue::billing::{Basis, Preview, preview, usage_asked},
    store::{
        Platform, Store, Tx, VendorScope,
        account::vendor,
        incentivize::{
            commission_plans,
            enrollments::{self, Enrollment},
        },
        platform::History,
        recruit::partners,
        registers::{
            deals,
            ledger::{self, EarnedWith},
            sla_credits,
        },
        revenue::{
            commitments, discounts,
            sla_credits::SlaCredit,
            usage::{self, UsageCharge},
        },
        sell::{
            accounts::{self, Billed, Credited, Stretch},
            customers,
            deals::DealRegistration,
            subscriptions::{self, Record},
            taxes,
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{missed::Missed, usage::Usage},
        filters,
        history::{self, HistoryRow},
        page::ok,
        resold::{self, ResoldView, Viewer},
        sold::{self, BilledRow, ChangeRow, DiscountRow, PriceRow, Sold},
        words,
    },
};

/// A credit note as it is shown.
struct CreditRow {
    number: String,
    issued: NaiveDate,
    total: String,
    reason: String,
}

/// A stretch of service as it is shown.
struct StretchRow {
    label: String,
    days: String,
    quantity: i32,
    amount: String,
    credited: String,
}

#[derive(Template)]
#[template(path = "subscriptions/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    href: String,
    may: May,
    is_stale_bill: bool,
    set_to: Option<String>,
    held: &'static str,
    line: Sold,
    record: Record,
    partner: String,
    partner_href: String,
    registered: Option<DealRegistration>,
    term: String,
    every: &'static str,
    starts: NaiveDate,
    earned: String,
    commission_plan: String,
    resold: Option<ResoldView>,
    why: &'static str,
    terms: Vec<String>,
    earning: Earning,
    prices: Vec<PriceRow>,
    charged: Option<NaiveDate>,
    discounts: Vec<DiscountRow>,
    usage: Option<Usage>,
    missed: Option<Missed>,
    discounts_href: String,
    parties_href: String,
    preview: Option<Preview>,
    changes: Vec<ChangeRow>,
    billed: Vec<BilledRow>,
    credits: Vec<CreditRow>,
    stretches: Vec<StretchRow>,
    history: Vec<HistoryRow>,
}

struct Found {
    record: Record,
    partner: String,
    /// Who is billed in the customer's place; empty in agency.
    payer: String,
    commission_plan: String,
    enrolments: Vec<Enrollment>,
    earning: Earning,
    billed: Vec<Billed>,
    earned: EarnedWith,
    basis: Basis,
    charges: Vec<UsageCharge>,
    credits: Vec<Credited>,
    misses: Vec<SlaCredit>,
    registered: Option<DealRegistration>,
    stretches: Vec<Stretch>,
    history: Vec<History>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let record = subscriptions::record(tx, id)?;
    let zone = vendor::settings(tx)?.zone;
    let asked = usage_asked(&record, zone)?;
    let customer = customers::customer(tx, record.subscription.customer)?;
    let basis = Basis {
        given: discounts::of(tx, &[id])?.remove(&id).unwrap_or_default(),
        tax: taxes::terms_for(tx, &record.subscription, &customer)?,
        zone,
        usage: usage::book(tx, asked)?,
        commitment: commitments::book(tx, id, record.has_minimum())?,
    };
    let charges = match asked {
        Some(_) => usage::charges(tx, id)?,
        None => Vec::new(),
    };
    let partner = record.subscription.partner;
    let commission_plan = match record.subscription.commission_plan_version {
        None => String::new(),
        Some(version) => {
            let version = commission_plans::version(tx, version)?;
            let name = commission_plans::plan(tx, version.plan)?.name;
            format!("{name}, version {}", version.version_no)
        }
    };
    Ok(Found {
        partner: partners::partner(tx, partner)?.name,
        payer: match record.subscription.payer {
            Some(payer) => partners::partner(tx, payer)?.name,
            None => String::new(),
        },
        commission_plan,
        enrolments: enrollments::of_partner(tx, partner)?,
        earning: parties::earning(tx, &record)?,
        billed: accounts::billed(tx, id)?,
        earned: ledger::earned_with(tx, id, record.subscription.partner)?,
        basis,
        charges,
        credits: accounts::credited(tx, id)?,
        misses: sla_credits::of_subscription(tx, id)?,
        registered: deals::of_subscription(tx, id)?,
        stretches: accounts::stretches(tx, id)?,
        history: VendorScope::history(tx, id.number())?,
        today: vendor::today(tx)?,
        record,
    })
}

fn credit_rows(credits: &[Credited]) -> Vec<CreditRow> {
    let row = |credit: &Credited| CreditRow {
        number: credit.number.clone(),
        issued: credit.issued_on,
        total: words::money(credit.total),
        reason: credit.reason.clone(),
    };
    credits.iter().map(row).collect()
}

/// The days of a stretch; from a time of the first one on, where it begins inside that.
fn service(stretch: &Stretch, zone: Zone) -> String {
    let from = stretch.from_at.map(|at| Moment::at(zone, zone.local(at)));
    match from.filter(|from| !from.is_start()) {
        None => words::service(stretch.from, stretch.to),
        Some(from) => {
            let last = stretch.to.pred_opt().unwrap_or(stretch.to);
            format!("{} – {}", from.words(), crate::domain::date_words(last))
        }
    }
}

fn stretch_rows(found: &Found) -> Vec<StretchRow> {
    let currency = found.record.subscription.mrr.currency();
    let money = |minor| words::money(crate::domain::Money::new(minor, currency));
    let row = |stretch: &Stretch| StretchRow {
        label: stretch.label.clone(),
        days: service(stretch, found.basis.zone),
        quantity: stretch.quantity,
        amount: money(stretch.amount_minor),
        credited: match stretch.credited_minor {
            0 => String::new(),
            minor => money(minor),
        },
    };
    found.stretches.iter().map(row).collect()
}

fn answer(record: &Record, line: &Sold) -> String {
    let it = &record.subscription;
    let until = line
        .until
        .map(crate::domain::date_words)
        .unwrap_or_default();
    match it.status {
        SubscriptionStatus::Canceled => match it.next_bill_on {
            Some(_) => "Has ended; what was used is still to be billed.".to_owned(),
            None => "Has ended; nothing more is billed.".to_owned(),
        },
        SubscriptionStatus::PendingCancel => format!("{} a month until {until}.", line.mrr),
        SubscriptionStatus::Trialing => {
            let charged = crate::domain::date_words(it.charged_from);
            format!("On trial: charged from {charged}.")
        }
        SubscriptionStatus::Paused => "Paused: nothing is billed.".to_owned(),
        SubscriptionStatus::Pending => {
            let starts = crate::domain::date_words(it.starts_on);
            format!("Begins on {starts}, with {} a month.", line.mrr)
        }
        SubscriptionStatus::Active => {
            let units = words::count(i64::from(it.quantity.get()), "unit", "units");
            format!("{} a month from {units}.", line.mrr)
        }
    }
}

/// What can be done with a subscription as it stands, by whoever may change it.
struct May {
    change: bool,
    cancel: bool,
    undo: bool,
    pause: bool,
    resume: bool,
    keep_plan: bool,
}

impl May {
    fn of(it: &subscriptions::Subscription, may_manage: bool, today: NaiveDate) -> Self {
        use SubscriptionStatus::{Active, Canceled, Paused, Pending, PendingCancel};
        let may = |stands: bool| may_manage && stands;
        let is_to_come = it.ends_on.is_some_and(|end| end > today);
        Self {
            change: may(it.status.is_served() || it.status == Pending),
            cancel: may(it.status != Canceled),
            undo: may(it.status == PendingCancel && is_to_come),
            pause: may(it.status == Active),
            resume: may(it.status == Paused),
            keep_plan: may(it.next_plan.is_some()),
        }
    }
}

/// The subscription as it stands in the register.
fn in_list(record: &Record, title: &str) -> subscriptions::Line {
    subscriptions::Line {
        subscription: record.subscription.clone(),
        customer: record.customer.clone(),
        plan: title.to_owned(),
    }
}

/// The record.
pub(super) async fn show(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = subscription(&parts)?;
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let (record, today) = (&found.record, found.today);
    let it = &record.subscription;
    let title = format!("{}, {}", record.offering, record.plan.name);
    let line = sold::row(&base, &in_list(record, &title), today);
    let billed = sold::billed(&base, (&found.billed, &found.earned), today);
    let next = preview(record, &found.basis)?;
    let open = next.as_ref().map_or(&[][..], |next| &next.used);
    let at = format!("{base}/subscriptions/{id}");
    let usage = Usage::of(record, open, &found.charges, &at);
    ok(&ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Subscriptions".to_owned(), format!("{base}/subscriptions"))],
        answer: answer(record, &line),
        href: at,
        may: May::of(it, visitor.may(Permission::ManageSubscriptions), today),
        set_to: sold::set_to(record),
        held: sold::held(record),
        is_stale_bill: it.next_bill_on.is_some_and(|day| day < today),
        partner_href: format!("{base}/partners/{}", it.partner),
        term: words::count(i64::from(it.term_months), "month", "months"),
        every: sold::every(it.interval),
        starts: it.starts_on,
        earned: sold::earned(&found.earned),
        terms: sold::terms(it, &found.enrolments),
        earning: found.earning.clone().below(&base),
        prices: sold::prices(&record.version, it.quantity),
        usage,
        missed: Missed::of(&found.misses, Period::of(today), &base),
        preview: next,
        charged: Some(it.charged_from).filter(|day| *day != it.starts_on),
        parties_href: format!("{base}/subscriptions/{id}/parties"),
        discounts_href: format!("{base}/subscriptions/{id}/discounts"),
        discounts: sold::discounts(&found.basis.given, it),
        changes: sold::changes(record),
        credits: credit_rows(&found.credits),
        stretches: stretch_rows(&found),
        history: history::rows(found.history.clone(), visitor.zone()),
        commission_plan: found.commission_plan.clone(),
        resold: resold::view(record, (&found.partner, &found.payer), Viewer::Vendor)?,
        why: resold::WHY,
        partner: found.partner.clone(),
        registered: found.registered,
        title,
        line,
        billed,
        record: found.record,
    })
}
