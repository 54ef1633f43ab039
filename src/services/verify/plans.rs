//! Of which plans subscriptions are, and whether they were charged by those.
use std::collections::HashMap;

use super::{Findings, Ledger};
use crate::{
    id::{PlanVersionId, SubscriptionId},
    store::revenue::subscriptions::{ChangeKind, Subscription, SubscriptionChange},
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    for clause in &ledger.strange_clauses {
        found.say(format!(
            "Clause {clause} is for an offering that is not there"
        ));
    }
    let mut changes: HashMap<SubscriptionId, Vec<&SubscriptionChange>> = HashMap::new();
    for change in &ledger.changes {
        if change.plan_before_id.is_some() {
            changes
                .entry(change.subscription_id)
                .or_default()
                .push(change);
        }
    }
    let sold: HashMap<SubscriptionId, &Subscription> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    for subscription in &ledger.subscriptions {
        let changes = changes.get(&subscription.id).map_or(&[][..], Vec::as_slice);
        stands(subscription, changes, found);
    }
    for segment in &ledger.segments {
        let Some(subscription) = sold.get(&segment.subscription_id) else {
            continue;
        };
        let changes = changes.get(&subscription.id).map_or(&[][..], Vec::as_slice);
        let price = ledger.prices.get(&segment.price_id).copied();
        let mut held = plans_on(subscription, changes, segment.service_from);
        let mut before = changes.iter().map(|change| change.plan_before_id);
        // Charged before a change that was dated back: all of it was given back.
        let was_given_back = segment.credited_minor >= segment.charge().amount_minor
            && before.any(|plan| plan == price);
        let is_held = held.any(|plan| Some(plan) == price);
        found.unless(is_held || was_given_back, || {
            format!("Segment {} is charged by another plan", segment.id)
        });
    }
}

/// It is of the plan that it last changed to, and set to change to what was last set.
fn stands(subscription: &Subscription, changes: &[&SubscriptionChange], found: &mut Findings) {
    let name = || format!("Subscription {}", subscription.external_id);
    let mut taken = changes.iter().rev();
    let last = taken.find(|change| change.kind == ChangeKind::Plan);
    let is = Some(subscription.plan_version_id);
    found.unless(last.is_none_or(|change| change.plan_after_id == is), || {
        format!("{}: it is not of the plan it changed to", name())
    });
    let set = changes
        .last()
        .map(|change| (change.kind, change.plan_after_id));
    let next = subscription.next_plan_version_id;
    let fits = next.is_none() || set == Some((ChangeKind::PlanSet, next));
    found.unless(
        fits && next.is_some() == subscription.next_plan_on.is_some(),
        || format!("{}: it is set to change to no known plan", name()),
    );
}

/// The plans it was of on a day: two where it changed on that day, more where it did so again.
pub(super) fn plans_on<'a>(
    subscription: &'a Subscription,
    changes: &'a [&SubscriptionChange],
    day: chrono::NaiveDate,
) -> impl Iterator<Item = PlanVersionId> + 'a {
    let taken = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Plan);
    let later = taken.clone().find(|change| change.effective_on > day);
    let then = later.map_or(Some(subscription.plan_version_id), |one| one.plan_before_id);
    let that_day = taken.filter(move |change| change.effective_on == day);
    then.into_iter()
        .chain(that_day.filter_map(|change| change.plan_before_id))
}
