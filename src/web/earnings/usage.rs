//! The usage of a subscription: what each period came to, and every event that was reported.
use std::cmp::Reverse;

use askama::Template;
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::{Desk, id, ledger::csv_file};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{ExternalId, Measure, Money, Problems, read_date},
    id::{PriceId, SubscriptionId},
    services::revenue::{
        billing::UsedSoFar,
        usage::{NewOutcome, permission},
    },
    store::{
        Store,
        paging::Cursor,
        registers::{Sees, usage},
        revenue::usage::{UsageCharge, UsageEvent},
        sell::subscriptions::Record,
    },
    web::{
        Answer, Shell, filters,
        form::fresh_form_id,
        list::{Address, Pager, count_words, every},
        page::{ok, unprocessable},
        words,
    },
};

/// What was used in a period, as a record shows it.
#[derive(Debug, Clone)]
pub struct UsageRow {
    /// The price's name.
    pub label: String,
    /// The period: "1–31 Oct 2026".
    pub service: String,
    /// How much, and of what.
    pub used: String,
    /// What is carried into the next period; empty for nothing.
    pub carries: String,
    /// Whether a bill has charged for it.
    pub is_billed: bool,
    /// What it costs before tax.
    pub net: String,
}

/// The usage of a subscription, as its record shows it.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Its periods, newest first.
    pub rows: Vec<UsageRow>,
    /// Every event.
    pub href: String,
}

impl Usage {
    /// The usage of a subscription; nothing where no plan that it is or was of counts any.
    pub fn of(
        record: &Record,
        open: &[UsedSoFar],
        charges: &[UsageCharge],
        href: &str,
    ) -> Option<Self> {
        let prices = record.versions().flat_map(|version| &version.prices);
        let mut metered = prices.filter(|line| line.price.meter().is_some());
        metered.next()?;
        let mut open: Vec<&UsedSoFar> = open.iter().collect();
        open.sort_by_key(|used| Reverse(used.from));
        let so_far = open.into_iter().map(|used| UsageRow {
            is_billed: false,
            ..row(
                record,
                (used.price, used.used),
                (used.from, used.to),
                used.net,
            )
        });
        let currency = record.version.terms.currency;
        let billed = charges.iter().map(|charge| UsageRow {
            carries: match charge.carries_micro {
                0 => String::new(),
                micro => Measure::from_micro(micro).to_string(),
            },
            ..row(
                record,
                (charge.price_id, Measure::from_micro(charge.used_micro)),
                (charge.service_from, charge.service_to),
                Money::new(charge.billed_minor, currency),
            )
        });
        Some(Self {
            rows: so_far.chain(billed).collect(),
            href: format!("{href}/usage"),
        })
    }
}

fn row(
    record: &Record,
    (price, used): (PriceId, Measure),
    (from, to): (chrono::NaiveDate, chrono::NaiveDate),
    net: Money,
) -> UsageRow {
    let mut all = record
        .versions()
        .flat_map(|version| version.prices.iter().map(move |line| (version.id, line)));
    let found = all.find(|(_, line)| line.id == price);
    let meter = found.and_then(|(_, line)| line.price.meter());
    let code = meter.map_or("", |meter| meter.code.as_str());
    // What is counted by the plan of today needs no plan's name.
    let plan = found.map(|(version, _)| version);
    let plan = plan.filter(|plan| *plan != record.version.id);
    let plan = plan.and_then(|plan| record.plan_names.get(&plan));
    let plan = plan.map_or_else(String::new, |name| format!("{name}: "));
    let label = found.map_or("", |(_, line)| line.label.as_str());
    UsageRow {
        label: format!("{plan}{label}"),
        service: words::service(from, to),
        used: format!("{used} {code}"),
        carries: String::new(),
        is_billed: true,
        net: words::money(net),
    }
}

/// The place in the list of events.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    at: String,
}

/// An event, ready to be set.
struct EventRow {
    name: String,
    at: NaiveDateTime,
    meter: String,
    subject: String,
    value: String,
    received: NaiveDateTime,
    /// Of an outcome: who verified it, or who is to.
    proof: String,
    /// Where the button leads with which it is verified here.
    verify_href: String,
}

fn event(event: &UsageEvent, desk: &Listing<'_>) -> EventRow {
    let is_outcome = desk.outcomes.contains(&event.meter);
    let mine = event.by_partner == desk.is_staff;
    EventRow {
        proof: match (is_outcome, event.is_verified(), event.by_partner) {
            (false, ..) => String::new(),
            (true, true, _) => format!("by {}", event.verified_by),
            (true, false, true) => "the vendor has to".to_owned(),
            (true, false, false) => "the partner has to".to_owned(),
        },
        verify_href: match is_outcome && !event.is_verified() && mine && desk.may_verify {
            true => format!("{}/{}/verification", desk.href, event.id),
            false => String::new(),
        },
        name: event.event_id.clone(),
        at: event.occurred_at,
        meter: event.meter.clone(),
        subject: event.subject.clone(),
        value: Measure::from_micro(event.value_micro).to_string(),
        received: event.received_at,
    }
}

/// What the rows of a list have in common.
struct Listing<'a> {
    outcomes: &'a [String],
    is_staff: bool,
    may_verify: bool,
    href: String,
}

/// The form of an outcome as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutcomeForm {
    meter: String,
    on: String,
    value: String,
    subject: String,
    /// The same form sent twice has one effect.
    pub form_id: String,
}

impl OutcomeForm {
    /// What was typed, for a subscription.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn read(&self, subscription: SubscriptionId) -> Result<NewOutcome, Problems> {
        let mut problems = Problems::default();
        let meter = self.meter.parse::<ExternalId>();
        let meter = problems.check("meter", meter.map_err(|_| "Choose what was reached."));
        let on = problems.check("on", read_date(&self.on));
        let value = problems.check("value", self.value.parse::<Measure>());
        let subject = problems.check("subject", self.subject.parse::<ExternalId>());
        match (meter, on, value, subject) {
            (Some(meter), Some(on), Some(value), Some(subject)) => Ok(NewOutcome {
                subscription,
                meter,
                value,
                subject,
                on,
            }),
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "subscriptions/usage.html")]
struct EventsPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    answer: String,
    count: String,
    csv_href: String,
    rows: Vec<EventRow>,
    pager: Pager,
    has_outcomes: bool,
    /// What may be reported on this page; empty for nothing.
    meters: Vec<(String, String)>,
    report_href: String,
    typed: OutcomeForm,
    problems: Problems,
    form_id: String,
}

fn address(base: &str, subscription: SubscriptionId) -> Address {
    Address::new(format!("{base}/subscriptions/{subscription}/usage"), &[])
}

/// The events of a subscription, the last reported first.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    (subscription, asked): (&str, Asked),
) -> Answer {
    let typed = (OutcomeForm::default(), Problems::default());
    ok(&events_page(store, desk, (subscription, asked), typed).await?)
}

/// The same page, with an outcome that cannot be reported as it was typed.
///
/// # Errors
/// As [`index`].
pub async fn refused<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    subscription: &str,
    typed: (OutcomeForm, Problems),
) -> Answer {
    let at = (subscription, Asked::default());
    unprocessable(&events_page(store, desk, at, typed).await?)
}

async fn events_page<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    (subscription, asked): (&str, Asked),
    (typed, problems): (OutcomeForm, Problems),
) -> Result<EventsPage> {
    let subscription: SubscriptionId = id(subscription)?;
    let (customer, page, count, outcomes) = desk
        .read(store, move |tx, _| {
            let customer = usage::customer(tx, subscription)?;
            let page = usage::page(tx, subscription, Cursor::read(&asked.at).as_ref())?;
            let outcomes = usage::outcome_meters(tx, subscription)?;
            Ok((customer, page, usage::count(tx, subscription)?, outcomes))
        })
        .await?;
    let address = address(&desk.base, subscription);
    let record = format!("{}/subscriptions/{subscription}", desk.base);
    let listing = Listing {
        outcomes: &outcomes,
        is_staff: desk.is_staff,
        may_verify: desk.may(permission(&desk.scope)),
        href: format!("{record}/usage"),
    };
    let reports = !desk.is_staff && listing.may_verify;
    let named = outcomes.iter().map(|meter| (meter.clone(), meter.clone()));
    Ok(EventsPage {
        answer: format!("What {customer} used, as it was reported. Each event counts once."),
        count: count_words(page.rows.len(), count, ("event", "events")),
        csv_href: address.csv(),
        pager: address.pager(&page),
        rows: page.rows.iter().map(|one| event(one, &listing)).collect(),
        has_outcomes: !outcomes.is_empty(),
        meters: named.filter(|_| reports).collect(),
        report_href: listing.href,
        form_id: fresh_form_id()?,
        typed,
        problems,
        crumbs: vec![
            (
                "Subscriptions".to_owned(),
                format!("{}/subscriptions", desk.base),
            ),
            (customer, record),
        ],
        shell: desk.shell,
    })
}

const COLUMNS: [&str; 6] = [
    "Event",
    "Meter",
    "Occurred at (UTC)",
    "Value",
    "Subject",
    "Reported at (UTC)",
];

fn cells(event: &UsageEvent) -> Vec<Cell> {
    let at = |at: NaiveDateTime| Cell::text(at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    vec![
        Cell::text(&event.event_id),
        Cell::text(&event.meter),
        at(event.occurred_at),
        Cell::number(
            Measure::from_micro(event.value_micro)
                .to_string()
                .replace(',', ""),
        ),
        Cell::text(&event.subject),
        at(event.received_at),
    ]
}

/// The same events as a file.
///
/// # Errors
/// As [`index`].
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, subscription: &str) -> Answer {
    let subscription: SubscriptionId = id(subscription)?;
    let content = desk
        .read(store, move |tx, _| {
            usage::customer(tx, subscription)?;
            let rows = every(|at| usage::page(tx, subscription, at))?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("usage.csv", content))
}
