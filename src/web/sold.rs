//! Subscriptions as lists show them.
use chrono::{Months, NaiveDate};

use super::words;
use crate::{
    domain::{
        BillingInterval, BillingModel, Money, Price, Proration, Quantity, SubscriptionStatus,
        VersionStatus, date_words, discount::Off, moment_words,
    },
    id::PlanVersionId,
    store::{
        catalogue::plans::{PlanVersion, PriceLine, Terms},
        incentivize::enrollments::Enrollment,
        registers::ledger::EarnedWith,
        revenue::discounts::Given,
        sell::{
            accounts::Billed,
            subscriptions::{Change, Line, Record, Subscription},
        },
    },
};

/// A line of a list.
#[derive(Debug, Clone)]
pub struct Sold {
    /// The record.
    pub href: String,
    /// The customer's name.
    pub customer: String,
    /// The customer's record.
    pub customer_href: String,
    /// What it is to.
    pub plan: String,
    /// Units.
    pub quantity: String,
    /// Monthly recurring revenue.
    pub mrr: String,
    /// When the term, or the subscription, ends: the last day.
    pub until: Option<NaiveDate>,
    /// What that day is, where it is not the end of the first term.
    pub until_note: &'static str,
    /// When the next period is billed.
    pub next_bill: Option<NaiveDate>,
    /// How it stands: the pill's kind.
    pub kind: &'static str,
    /// And its word.
    pub status: &'static str,
}

/// How a subscription stands: the pill's kind and its word.
pub fn pill(status: SubscriptionStatus) -> (&'static str, &'static str) {
    let kind = match status {
        SubscriptionStatus::Active => "good",
        SubscriptionStatus::Pending | SubscriptionStatus::Trialing => "info",
        SubscriptionStatus::PendingCancel | SubscriptionStatus::Paused => "watch",
        SubscriptionStatus::Canceled => "plain",
    };
    (kind, status.label())
}

/// The last day of the first term.
pub fn term_end(subscription: &Subscription) -> Option<NaiveDate> {
    let term = Months::new(subscription.term_months);
    let from = subscription.terms_from();
    from.checked_add_months(term)?.pred_opt()
}

/// The last day that is known, and what it is.
fn until(subscription: &Subscription, today: NaiveDate) -> (Option<NaiveDate>, &'static str) {
    let last = subscription.ends_on.and_then(|end| end.pred_opt());
    let term = term_end(subscription);
    match subscription.ends_on {
        // Served for less than a day, or not at all.
        Some(end) if end <= subscription.starts_on => (None, "ended as it began"),
        Some(end) if end <= today => (last, "ended"),
        Some(_) => (last, "ends"),
        None if term.is_some_and(|term| term < today) => (term, "first term, renewed since"),
        None => (term, ""),
    }
}

/// One line.
pub fn row(base: &str, line: &Line, today: NaiveDate) -> Sold {
    let it = &line.subscription;
    let ((until, until_note), (kind, status)) = (until(it, today), pill(it.status));
    Sold {
        href: format!("{base}/subscriptions/{}", it.id),
        customer: line.customer.clone(),
        customer_href: format!("{base}/customers/{}", it.customer),
        plan: line.plan.clone(),
        quantity: it.quantity.to_string(),
        mrr: match (it.mrr.is_zero(), it.billing.model) {
            // What a distributor buys at is not its reseller's to see.
            (true, BillingModel::TwoTier) => String::new(),
            _ => words::money(it.mrr),
        },
        until,
        until_note,
        next_bill: it.next_bill_on,
        kind,
        status,
    }
}

/// Lines of a list. `base` is where the workspace begins, `today` the vendor's date.
pub fn rows(base: &str, lines: &[Line], today: NaiveDate) -> Vec<Sold> {
    lines.iter().map(|line| row(base, line, today)).collect()
}

/// A price as a record shows it.
#[derive(Debug, Clone)]
pub struct PriceRow {
    /// What it is for.
    pub label: String,
    /// What one unit, or the whole, costs: "EUR 12.50 per seat and month".
    pub unit: String,
    /// What it comes to for a whole period of this quantity, before tax; empty beyond reckoning.
    pub whole: String,
}

/// What a billing interval is counted in: "month", "quarter" or "year".
pub fn every(interval: BillingInterval) -> &'static str {
    interval.unit()
}

/// How billing begins, where that is not the day of the sale, how parts of a period are charged
/// where that is not by the day, and what it comes to at least: ", after 14 days free, at least EUR
/// 500.00 a month".
pub fn begins(terms: &Terms) -> String {
    let free = match terms.trial_days {
        0 => String::new(),
        days => format!(
            ", after {} free",
            words::count(i64::from(days), "day", "days")
        ),
    };
    let day = terms.anchor_day;
    let on = day.map_or_else(String::new, |day| format!(", on day {day} of the month"));
    let least = terms.minimum();
    let least = least.map_or_else(String::new, |least| {
        format!(", at least {least} a {}", every(terms.interval))
    });
    let by = match terms.proration {
        Proration::Day => String::new(),
        Proration::Second => format!(", parts of a {} by the second", every(terms.interval)),
    };
    format!("{free}{on}{by}{least}")
}

/// A discount as a record shows it.
#[derive(Debug, Clone)]
pub struct DiscountRow {
    /// Which.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What it takes off.
    pub off: String,
    /// From when, and for how long.
    pub runs: String,
    /// Whether it can still be ended.
    pub is_open: bool,
}

/// The discounts of a subscription.
pub fn discounts(given: &[Given], of: &Subscription) -> Vec<DiscountRow> {
    let billed = u32::try_from(of.billed_periods).unwrap_or_default();
    let currency = of.mrr.currency();
    let row = |given: &Given| {
        let discount = given.discount;
        let from = discount.from_period;
        let periods = |many: u32| words::count(i64::from(many), "period", "periods");
        let left = discount
            .periods
            .map(|many| (from + many).saturating_sub(billed.max(from)));
        let is_over = !discount.outlasts(of.anchor_index);
        let runs = match (discount.periods, left) {
            _ if is_over => "over: it was for periods of another length".to_owned(),
            (None, _) => "for good".to_owned(),
            (Some(0), _) => "never applied".to_owned(),
            (Some(many), Some(0)) => format!("over, after {}", periods(many)),
            (Some(many), left) => {
                format!("{}, {} left", periods(many), left.unwrap_or_default())
            }
        };
        DiscountRow {
            id: given.id.to_string(),
            label: given.label.clone(),
            off: match discount.off {
                Off::Percent(rate) => format!("{rate} a period"),
                Off::Fixed(minor) => {
                    format!("{} a period", words::money(Money::new(minor, currency)))
                }
            },
            runs,
            is_open: left != Some(0) && !is_over,
        }
    };
    given.iter().map(row).collect()
}

/// A version's price in words, without a quantity: "EUR 12.50 per seat and month".
pub fn price_words(version: &PlanVersion, line: &PriceLine) -> String {
    line.price
        .words(version.terms.currency, version.terms.interval)
}

/// What a price charges ahead for a period, or once.
fn whole(line: &PriceLine, quantity: Quantity) -> Result<i64, crate::domain::Overflow> {
    match line.price.is_recurring() {
        true => line.price.for_period(quantity),
        false => line.price.once(),
    }
}

/// The prices of a version for a quantity.
pub fn prices(version: &PlanVersion, quantity: Quantity) -> Vec<PriceRow> {
    let money = |minor| words::money(Money::new(minor, version.terms.currency));
    let row = |line: &PriceLine| PriceRow {
        label: line.label.clone(),
        unit: price_words(version, line),
        whole: match line.price {
            Price::Metered(..) => String::new(),
            _ => whole(line, quantity).map_or_else(|_| String::new(), money),
        },
    };
    let least = version.terms.minimum().map(|least| PriceRow {
        label: "Minimum".to_owned(),
        unit: "What prices and usage come to at least; what is missing is billed after the period"
            .to_owned(),
        whole: words::money(least),
    });
    version.prices.iter().map(row).chain(least).collect()
}

/// A change as a record shows it.
#[derive(Debug, Clone)]
pub struct ChangeRow {
    /// From when: a day, or a time of it.
    pub from: String,
    /// What.
    pub what: String,
    /// Why; empty where nobody said.
    pub reason: String,
}

/// What a subscription is set to change to, in a sentence or two.
pub fn set_to(record: &Record) -> Option<String> {
    let next = record.next.as_ref()?;
    let on = date_words(next.on);
    if next.version.plan != record.plan.id {
        let name = &next.name;
        let every = match next.version.terms.interval == record.subscription.interval {
            true => String::new(),
            false => format!(
                " From then on a period is a {}, and a new term begins.",
                every(next.version.terms.interval)
            ),
        };
        return Some(format!(
            "The plan changes to {name} with the first period that starts on {on} or later.{every}"
        ));
    }
    let until = date_words(next.on.pred_opt().unwrap_or(next.on));
    let prices = next.version.prices.iter();
    let prices: Vec<String> = prices
        .map(|line| price_words(&next.version, line))
        .collect();
    let prices = prices.join(" and ");
    Some(format!(
        "The price is held until {until}. The first period that starts after it is charged by \
         version {} of the plan: {prices}.",
        next.version.version_no
    ))
}

/// That a price is held though the plan is sold at another; empty where there is nothing to say.
pub fn held(record: &Record) -> &'static str {
    let is_over = record.subscription.status == SubscriptionStatus::Canceled;
    match record.version.status {
        VersionStatus::Superseded if !is_over && record.next.is_none() => {
            "New sales are made at a later version of the plan; the price of this one is held for as \
             long as it runs."
        }
        _ => "",
    }
}

/// What happened to a subscription.
pub fn changes(record: &Record) -> Vec<ChangeRow> {
    let name = |plan: Option<PlanVersionId>| {
        let name = plan.and_then(|plan| record.plan_names.get(&plan));
        name.map_or("another plan", String::as_str)
    };
    let row = |change: &Change| ChangeRow {
        from: moment_words(
            change.effective_on,
            u32::try_from(change.effective_second).unwrap_or_default(),
        ),
        what: match change.kind.as_str() {
            "started" => format!("Started with {}", change.quantity_after),
            "quantity" => format!(
                "From {} to {}",
                change.quantity_before, change.quantity_after
            ),
            "plan" => format!(
                "Plan changed from {} to {}",
                name(change.plan_before_id),
                name(change.plan_after_id)
            ),
            "plan_set" => format!("Plan set to change to {}", name(change.plan_after_id)),
            "plan_kept" => format!(
                "Plan kept: it does not change to {}",
                name(change.plan_before_id)
            ),
            "cancel_now" if change.effective_second > 0 => "Canceled from that time".to_owned(),
            "cancel_now" => "Canceled from that day".to_owned(),
            "paused" => "Paused from that day".to_owned(),
            "resumed" => "Resumed from that day".to_owned(),
            "cancel_undone" => "Kept on: the cancellation was undone".to_owned(),
            _ => "Set to end with the period".to_owned(),
        },
        reason: change.reason.clone(),
    };
    record.changes.iter().map(row).collect()
}

/// An invoice as a record shows it.
#[derive(Debug, Clone)]
pub struct BilledRow {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// When it was issued.
    pub issued: NaiveDate,
    /// The days it is for: "1–31 Oct 2026".
    pub service: String,
    /// With tax.
    pub total: String,
    /// How it stands: the pill's kind.
    pub kind: &'static str,
    /// And its word.
    pub status: &'static str,
    /// What the partner has earned with it.
    pub earned: String,
}

/// Invoices of a subscription. `base` is where the workspace begins.
pub fn billed(
    base: &str,
    (invoices, earned): (&[Billed], &EarnedWith),
    today: NaiveDate,
) -> Vec<BilledRow> {
    let row = |invoice: &Billed| {
        let (kind, status) = words::invoice_pill(&invoice.status, invoice.due_on < today);
        let days = invoice.service.map(|(from, to)| words::service(from, to));
        BilledRow {
            href: format!("{base}/invoices/{}", invoice.id),
            number: invoice.number.clone(),
            issued: invoice.issued_on,
            service: days.unwrap_or_default(),
            total: words::money(invoice.total),
            kind,
            status,
            earned: earned
                .by_invoice
                .get(&invoice.id)
                .map_or_else(String::new, |sum| words::money(*sum)),
        }
    };
    invoices.iter().map(row).collect()
}

/// What a partner has earned with a subscription so far, to read.
pub fn earned(earned: &EarnedWith) -> String {
    match earned.all.as_slice() {
        [] => "nothing yet".to_owned(),
        sums => words::amounts(sums),
    }
}

/// The terms a subscription is under: those of its partner's enrolment in the pinned version, one
/// clause to a line.
pub fn terms(subscription: &Subscription, enrolments: &[Enrollment]) -> Vec<String> {
    let pinned = subscription.commission_plan_version;
    let same = enrolments
        .iter()
        .filter(|held| Some(held.plan_version) == pinned);
    let held = same.min_by_key(|held| {
        let is_later = held.effective_from > subscription.starts_on;
        (is_later, std::cmp::Reverse(held.effective_from))
    });
    held.map_or_else(Vec::new, |held| {
        held.terms.lines().map(str::to_owned).collect()
    })
}
