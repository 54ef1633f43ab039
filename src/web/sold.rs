//! Subscriptions as lists show them.
use chrono::{Months, NaiveDate};

use super::words;
use crate::{
    domain::SubscriptionStatus,
    store::sell::subscriptions::{Line, Subscription},
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
        SubscriptionStatus::Pending => "info",
        SubscriptionStatus::PendingCancel => "watch",
        SubscriptionStatus::Canceled => "plain",
    };
    (kind, status.label())
}

/// The last day of the first term.
pub fn term_end(subscription: &Subscription) -> Option<NaiveDate> {
    let term = Months::new(subscription.term_months);
    subscription.starts_on.checked_add_months(term)?.pred_opt()
}

/// The last day that is known, and what it is.
fn until(subscription: &Subscription, today: NaiveDate) -> (Option<NaiveDate>, &'static str) {
    let last = subscription.ends_on.and_then(|end| end.pred_opt());
    let term = term_end(subscription);
    match subscription.ends_on {
        // It never began to be served.
        Some(end) if end <= subscription.starts_on => (None, "never served"),
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
        mrr: words::money(it.mrr),
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
