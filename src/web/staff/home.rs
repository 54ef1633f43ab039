//! The vendor's first screen: how things stand, what waits for somebody, who began to sell.
use std::collections::BTreeMap;

use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;

use crate::{
    domain::{Money, Permission, Stage, date_words, lifecycle::stage_of},
    store::{
        Store,
        recruit::lifecycle::{self, Which},
        registers::{
            Calendar,
            homes::{self, EarningFigures, FirstSale, Waiting},
            payouts::{self, WaitingPayouts},
            periods::{self, MonthRow},
        },
    },
    web::{Answer, Shell, admission::Staff, earnings::Desk, filters, page::ok, words},
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("").route(get().to(show)));
}

/// A figure with the way to what it counts.
struct Figure {
    label: String,
    value: String,
    note: String,
    href: String,
}

/// Something that waits for somebody.
struct Decision {
    kind: &'static str,
    what: String,
    detail: String,
    href: String,
    verb: &'static str,
}

#[derive(Template)]
#[template(path = "staff/home.html")]
struct HomePage {
    shell: Shell,
    base: String,
    answer: String,
    /// Whether nothing is sold yet.
    is_new: bool,
    rows: Vec<Vec<Figure>>,
    decisions: Vec<Decision>,
    stages: Vec<(&'static str, Option<i64>)>,
    partners: i64,
    first_sales: Vec<FirstSale>,
    lifecycle_href: String,
}

/// What the screen is made of.
struct Found {
    calendar: Calendar,
    earnings: EarningFigures,
    waiting: Waiting,
    months: Vec<MonthRow>,
    late: Option<WaitingPayouts>,
    due: Option<WaitingPayouts>,
    stages: BTreeMap<Stage, i64>,
    first_sales: Vec<FirstSale>,
}

async fn show(staff: Staff, store: Data<Store>) -> Answer {
    let desk = Desk::of_staff(staff);
    let found = desk
        .read(&store, |tx, calendar| {
            let mut stages = BTreeMap::new();
            for facts in lifecycle::facts(tx, Which::All)?.values() {
                *stages.entry(stage_of(facts).stage).or_default() += 1;
            }
            Ok(Found {
                earnings: homes::earnings(tx, calendar)?,
                waiting: homes::waiting(tx)?,
                months: periods::months(tx, calendar)?,
                late: payouts::waiting(tx, calendar.today, true)?,
                due: payouts::waiting(tx, calendar.today, false)?,
                first_sales: homes::first_sales(tx, calendar.today, 6)?,
                calendar: calendar.clone(),
                stages,
            })
        })
        .await?;
    let decisions = decisions(&found, &desk.base, |permission| desk.may(permission));
    ok(&HomePage {
        answer: answer(&found, &decisions),
        is_new: found.earnings.live.is_empty(),
        rows: rows(&found, &desk.base),
        stages: Stage::ALL
            .iter()
            .map(|stage| {
                let number = found.stages.get(stage).copied().unwrap_or_default();
                (stage.label(), stage.is_available().then_some(number))
            })
            .collect(),
        partners: found.stages.values().sum(),
        first_sales: found.first_sales,
        lifecycle_href: format!("{}/lifecycle", desk.base),
        shell: desk.shell,
        base: desk.base,
        decisions,
    })
}

fn answer(found: &Found, decisions: &[Decision]) -> String {
    let today = date_words(found.calendar.today);
    match decisions.len() {
        0 if found.earnings.live.is_empty() => format!("{today}. Nothing is sold yet."),
        0 => format!("{today}. Nothing waits for you."),
        1 => format!("{today}. One thing waits for you."),
        many => format!("{today}. {many} things wait for you."),
    }
}

fn in_currency(amounts: &[Money], currency: crate::domain::Currency) -> Money {
    let found = amounts.iter().find(|amount| amount.currency() == currency);
    found.copied().unwrap_or(Money::zero(currency))
}

/// One row of figures per currency, the vendor's own first; amounts are never added across.
fn rows(found: &Found, base: &str) -> Vec<Vec<Figure>> {
    let figures = &found.earnings;
    let live = figures.live.iter().map(|live| live.mrr.currency());
    let sums = [
        &figures.earned,
        &figures.held,
        &figures.payable,
        &figures.to_be_paid,
    ];
    let mut currencies: Vec<_> = live
        .chain(sums.into_iter().flatten().map(|sum| sum.currency()))
        .collect();
    currencies.push(found.calendar.currency);
    currencies.sort_by_key(|currency| (*currency != found.calendar.currency, currency.code()));
    currencies.dedup();
    currencies
        .into_iter()
        .map(|currency| row(found, currency, base))
        .collect()
}

fn row(found: &Found, currency: crate::domain::Currency, base: &str) -> Vec<Figure> {
    let figures = &found.earnings;
    let live = figures
        .live
        .iter()
        .find(|live| live.mrr.currency() == currency);
    let (mrr, number) = live.map_or((Money::zero(currency), 0), |live| (live.mrr, live.shown));
    let month = found.calendar.this_month();
    let figure = |label: &str, amount, note: &str, below: String| Figure {
        label: label.to_owned(),
        value: words::money(amount),
        note: note.to_owned(),
        href: format!("{base}{below}"),
    };
    vec![
        figure(
            "Monthly recurring revenue",
            mrr,
            &words::count(number, "live subscription", "live subscriptions"),
            "/subscriptions".to_owned(),
        ),
        figure(
            &format!("Commission for {}", month.first_day().format("%B")),
            in_currency(&figures.earned, currency),
            "earned so far",
            format!("/ledger?earned={month}&currency={currency}"),
        ),
        figure(
            "Held",
            in_currency(&figures.held, currency),
            "payable later",
            format!("/ledger?status=held&currency={currency}"),
        ),
        figure(
            "Payable",
            in_currency(&figures.payable, currency),
            "on no statement yet",
            format!("/ledger?status=payable&currency={currency}"),
        ),
        figure(
            "To be paid out",
            in_currency(&figures.to_be_paid, currency),
            "on statements",
            format!("/statements?payout=due&currency={currency}"),
        ),
    ]
}

/// Who sees it, how grave it is, how many there are, what one and many are called, where it leads,
/// and what is done there.
type Counted = (
    Permission,
    &'static str,
    i64,
    (&'static str, &'static str),
    &'static str,
    &'static str,
);

fn approvals(waiting: &Waiting) -> [Counted; 3] {
    [
        (
            Permission::RecordPayments,
            "watch",
            waiting.sla_credits,
            (
                "credit for a missed promise waits for approval",
                "credits for missed promises wait for approval",
            ),
            "/sla-credits?status=proposed",
            "Decide",
        ),
        (
            Permission::AdjustCommission,
            "watch",
            waiting.adjustments,
            (
                "adjustment waits for approval",
                "adjustments wait for approval",
            ),
            "/adjustments?status=proposed",
            "Decide",
        ),
        (
            Permission::ManagePayouts,
            "watch",
            waiting.bank_details,
            (
                "partner's bank details wait to be confirmed",
                "partners' bank details wait to be confirmed",
            ),
            "/payouts",
            "Look",
        ),
    ]
}

fn counted(waiting: &Waiting) -> [Counted; 3] {
    [
        (
            Permission::ViewMail,
            "bad",
            waiting.parked_jobs,
            ("piece of work failed", "pieces of work failed"),
            "/mail",
            "See",
        ),
        (
            Permission::ViewMail,
            "bad",
            waiting.failed_mails,
            ("letter failed", "letters failed"),
            "/mail?status=failed",
            "See",
        ),
        (
            Permission::Import,
            "info",
            waiting.checked_imports,
            (
                "file is checked and not applied",
                "files are checked and not applied",
            ),
            "/imports",
            "Apply",
        ),
    ]
}

fn registrations(waiting: &Waiting) -> Counted {
    (
        Permission::DecideDeals,
        "watch",
        waiting.registrations,
        (
            "registered deal waits for a decision",
            "registered deals wait for a decision",
        ),
        "/registrations?status=submitted",
        "Decide",
    )
}

fn drafts(waiting: &Waiting) -> [Counted; 3] {
    [
        (
            Permission::ManageCatalogue,
            "plain",
            waiting.draft_offerings,
            ("offering is a draft", "offerings are drafts"),
            "/offerings?status=draft",
            "Publish",
        ),
        (
            Permission::ManageCatalogue,
            "plain",
            waiting.draft_plans,
            ("plan version is a draft", "plan versions are drafts"),
            "/offerings",
            "Publish",
        ),
        (
            Permission::ManageCommissionPlans,
            "plain",
            waiting.draft_commission_plans,
            (
                "commission plan version is a draft",
                "commission plan versions are drafts",
            ),
            "/commission-plans",
            "Publish",
        ),
    ]
}

fn decisions(found: &Found, base: &str, may: impl Fn(Permission) -> bool) -> Vec<Decision> {
    let mut all = Vec::new();
    if may(Permission::ClosePeriods) {
        all.extend(month_to_close(found, base));
    }
    if may(Permission::MarkPayoutsPaid) {
        all.extend(payouts_to_make(found, base));
    }
    let waits = std::iter::once(registrations(&found.waiting))
        .chain(approvals(&found.waiting))
        .chain(counted(&found.waiting))
        .chain(drafts(&found.waiting));
    for (needed, kind, number, (one, many), below, verb) in waits {
        if number > 0 && may(needed) {
            let what = words::count(number, one, many);
            all.push(Decision {
                kind,
                what,
                detail: String::new(),
                href: format!("{base}{below}"),
                verb,
            });
        }
    }
    all
}

/// Months close strictly in order, so only the earliest can be decided on.
fn month_to_close(found: &Found, base: &str) -> Option<Decision> {
    let month = found
        .months
        .iter()
        .rfind(|row| row.waits(&found.calendar))?;
    let days = (found.calendar.today - month.period.last_day()).num_days();
    Some(Decision {
        kind: "watch",
        what: format!("{} waits to be closed", month.period.title()),
        detail: format!("over for {}", words::count(days, "day", "days")),
        href: format!("{base}/periods/{}", month.period),
        verb: "Review",
    })
}

fn payouts_to_make(found: &Found, base: &str) -> Vec<Decision> {
    let late = found
        .late
        .as_ref()
        .map(|waiting| (waiting, "bad", "overdue", "overdue"));
    let due = found
        .due
        .as_ref()
        .map(|waiting| (waiting, "info", "to be made", "due"));
    late.into_iter()
        .chain(due)
        .map(|(waiting, kind, word, state)| Decision {
            kind,
            what: format!(
                "{} {word}",
                words::count(waiting.number, "payout", "payouts")
            ),
            detail: format!(
                "{}, the first due {}",
                words::amounts(&waiting.sums),
                date_words(waiting.first_due_on)
            ),
            href: format!("{base}/statements?payout={state}"),
            verb: "See",
        })
        .collect()
}
