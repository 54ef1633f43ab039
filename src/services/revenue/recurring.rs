//! What a subscription brings a month is written down where it changes, in the transaction that
//! changes it: one row at its start, one at its end, none while it runs.
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::billing::Terms;
use crate::{
    Error, Result,
    domain::{Period, SubscriptionStatus, metrics::restated},
    id::{OfferingId, PlanVersionId},
    store::{
        Tx, VendorScope,
        revenue::{
            recurring::{self, MrrChange},
            subscriptions::Subscription,
        },
    },
};

/// Writes down what new subscriptions bring, many at once.
///
/// # Errors
/// Faults of the database.
pub fn begin(tx: &mut Tx<'_, VendorScope>, sold: &[Subscription]) -> Result<()> {
    let versions: BTreeSet<PlanVersionId> = sold.iter().map(|one| one.plan_version_id).collect();
    let versions: Vec<PlanVersionId> = versions.into_iter().collect();
    let offerings = recurring::offerings_of(tx, &versions)?;
    let mut new = Vec::new();
    for one in sold {
        let offering = offerings.get(&one.plan_version_id);
        let offering = *offering.ok_or(Error::NotFound)?;
        for change in restated(&[], one.starts_on, &wanted(one, one.starts_on))? {
            new.push(row(&*tx, (one, offering), change));
        }
    }
    recurring::add(tx, new)
}

/// Brings what is written down about a subscription in line with what it is now, from a day on.
///
/// # Errors
/// Faults of the database.
pub fn restate(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    from: NaiveDate,
) -> Result<()> {
    let version = subscription.plan_version_id;
    let offerings = recurring::offerings_of(tx, &[version])?;
    let offering = *offerings.get(&version).ok_or(Error::NotFound)?;
    let mut known: BTreeMap<OfferingId, Vec<(NaiveDate, i64)>> = BTreeMap::new();
    known.entry(offering).or_default();
    let runs = course(tx, subscription, from)?;
    for (offering, day, change) in recurring::of_subscription(tx, subscription.id)? {
        known.entry(offering).or_default().push((day, change));
    }
    let mut new = Vec::new();
    for (of, changes) in known {
        // An offering it is no longer of brings nothing any more.
        let wanted = match of == offering {
            true => runs.clone(),
            false => vec![(from, 0)],
        };
        for change in restated(&changes, from, &wanted)? {
            new.push(row(&*tx, (subscription, of), change));
        }
    }
    recurring::add(tx, new)
}

/// What it brings from a day on, period by period: a discount that began or ended in the meantime
/// did so with the terms of today too.
fn course(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    from: NaiveDate,
) -> Result<Vec<(NaiveDate, i64)>> {
    let standing = wanted(subscription, from);
    let runs = matches!(
        subscription.status,
        SubscriptionStatus::Active | SubscriptionStatus::PendingCancel
    );
    let first = subscription.first_index();
    let mut last = subscription.next_index().saturating_sub(1);
    let mut begun = Vec::new();
    while runs && last > first {
        let on = subscription.stretch(last)?.service.from;
        if on <= from {
            break;
        }
        begun.push((on, last));
        last -= 1;
    }
    if begun.is_empty() {
        return Ok(standing);
    }
    let terms = Terms::of(tx, std::slice::from_ref(subscription))?;
    let mut course = vec![(subscription.starts_on.max(from), last)];
    course.extend(begun.into_iter().rev());
    let ends = standing
        .into_iter()
        .filter(|(on, _)| Some(*on) == subscription.ends_on);
    let ends: Vec<(NaiveDate, i64)> = ends.collect();
    course.retain(|(on, _)| ends.iter().all(|(end, _)| on < end));
    let brought = course
        .into_iter()
        .map(|(on, index)| Ok((on, terms.monthly(subscription, index)?)));
    let brought: Result<Vec<(NaiveDate, i64)>> = brought.collect();
    Ok(brought?.into_iter().chain(ends).collect())
}

/// A change that comes with a period that is billed: a trial ends, a discount begins or ends.
pub struct Turned<'a> {
    /// Of what, as it was before.
    pub subscription: &'a Subscription,
    /// What was sold.
    pub offering: OfferingId,
    /// The period's first day.
    pub from: NaiveDate,
    /// What it brings a month from then on, minor units.
    pub mrr_minor: i64,
}

/// Writes down what changes as periods are billed, many at once.
///
/// # Errors
/// Faults of the database.
pub fn turn(tx: &mut Tx<'_, VendorScope>, turned: &[Turned<'_>]) -> Result<()> {
    let mut new = Vec::new();
    for one in turned {
        let of = one.subscription;
        let more = one.mrr_minor - of.mrr_minor;
        let mut days = vec![(one.from, more)];
        // What was written down for its end takes off what it brought until now.
        days.extend(of.ends_on.map(|end| (end, -more)));
        for day in days.into_iter().filter(|(_, change)| *change != 0) {
            new.push(row(&*tx, (of, one.offering), day));
        }
    }
    recurring::add(tx, new)
}

fn row(
    tx: &Tx<'_, VendorScope>,
    (subscription, offering_id): (&Subscription, OfferingId),
    (effective_on, change_minor): (NaiveDate, i64),
) -> MrrChange {
    MrrChange {
        id: tx.fresh_id(),
        partner_id: subscription.billed_partner(),
        customer_id: subscription.customer_id,
        subscription_id: subscription.id,
        offering_id,
        currency: subscription.currency,
        month: Period::of(effective_on),
        effective_on,
        change_minor,
        recorded_at: tx.now(),
    }
}

/// What it brings from a day on, and what from its end, where that is set.
pub fn wanted(subscription: &Subscription, from: NaiveDate) -> Vec<(NaiveDate, i64)> {
    let end = subscription.ends_on.map(|end| (end.max(from), 0));
    match subscription.status {
        SubscriptionStatus::Canceled => vec![end.unwrap_or((from, 0))],
        _ => {
            let runs = (subscription.starts_on.max(from), subscription.mrr_minor);
            std::iter::once(runs).chain(end).collect()
        }
    }
}
