//! What subscriptions bring a month: the changes written down lead to what each is now.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{Findings, Ledger};
use crate::{
    domain::Period,
    id::SubscriptionId,
    services::revenue::wanted_mrr,
    store::revenue::{recurring::MrrChange, subscriptions::Subscription},
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let mut written: HashMap<SubscriptionId, Vec<&MrrChange>> = HashMap::new();
    for change in &ledger.mrr {
        written
            .entry(change.subscription_id)
            .or_default()
            .push(change);
    }
    let mut days: HashMap<SubscriptionId, BTreeSet<NaiveDate>> = HashMap::new();
    for change in &ledger.changes {
        days.entry(change.subscription_id)
            .or_default()
            .insert(change.effective_on);
    }
    // The first days of periods that were counted from another day, too.
    let mut charged: HashMap<SubscriptionId, BTreeSet<NaiveDate>> = HashMap::new();
    let counted_anew = ledger
        .subscriptions
        .iter()
        .filter(|one| one.anchor_index > 0);
    charged.extend(counted_anew.map(|one| (one.id, BTreeSet::new())));
    for segment in &ledger.segments {
        if let Some(days) = charged.get_mut(&segment.subscription_id) {
            days.insert(segment.service_from);
        }
    }
    for subscription in &ledger.subscriptions {
        let changes = written.remove(&subscription.id).unwrap_or_default();
        let days = days.remove(&subscription.id).unwrap_or_default();
        let charged = charged.remove(&subscription.id).unwrap_or_default();
        one(subscription, &changes, (&days, &charged), found);
    }
}

fn one(
    subscription: &Subscription,
    changes: &[&MrrChange],
    (days, charged): (&BTreeSet<NaiveDate>, &BTreeSet<NaiveDate>),
    found: &mut Findings,
) {
    let name = format!("Subscription {}, MRR", subscription.external_id);
    let same_owner = |change: &&&MrrChange| {
        (change.partner_id, change.customer_id, change.currency)
            == (
                subscription.billed_partner(),
                subscription.customer_id,
                subscription.currency,
            )
            && change.month == Period::of(change.effective_on)
    };
    found.unless(changes.iter().all(|change| same_owner(&change)), || {
        format!("{name}: a change is another's or in another month")
    });
    let mut by_day: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for change in changes {
        *by_day.entry(change.effective_on).or_default() += change.change_minor;
    }
    let mut value = 0;
    for (day, change) in &by_day {
        value += change;
        found.unless(value >= 0, || format!("{name}: below zero from {day}"));
        let is_known = days.contains(day)
            || subscription.starts_on == *day
            || begins_a_period(subscription, *day)
            || charged.contains(day)
            || subscription.ends_on == Some(*day);
        found.unless(*change == 0 || is_known, || {
            format!("{name}: it changes on {day}, when nothing happened")
        });
    }
    // What it is from its last change on, reckoned from its own row.
    let last = days.last().copied().unwrap_or(subscription.starts_on);
    let turned = by_day
        .keys()
        .filter(|day| Some(**day) != subscription.ends_on);
    let last = turned
        .copied()
        .max()
        .map_or(last, |turned| turned.max(last));
    for (day, value) in wanted_mrr(subscription, last) {
        let written: i64 = by_day.range(..=day).map(|(_, change)| change).sum();
        found.same(&format!("{name} from {day}"), written, value);
    }
}

/// Trials end and discounts come and go with a period.
fn begins_a_period(subscription: &Subscription, day: NaiveDate) -> bool {
    let anchor = subscription.anchor();
    let starts = anchor.is_ok_and(|anchor| {
        let index = anchor.index_of(day);
        index.and_then(|index| anchor.start(index)) == Some(day)
    });
    starts || subscription.charged_from() == day
}
