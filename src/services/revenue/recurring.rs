//! What a subscription brings a month is written down where it changes, in the transaction that
//! changes it: one row at its start, one at its end, none while it runs.
use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    Result,
    domain::{Period, SubscriptionStatus, metrics::restated},
    id::OfferingId,
    store::{
        Tx, VendorScope,
        revenue::{
            recurring::{self, MrrChange},
            subscriptions::Subscription,
        },
    },
};

/// Brings what is written down about a subscription in line with what it is now, from a day on.
///
/// # Errors
/// Faults of the database.
pub fn restate(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    from: NaiveDate,
) -> Result<()> {
    let offering = recurring::offering_of(tx, subscription.plan_version_id)?;
    let mut known: BTreeMap<OfferingId, Vec<(NaiveDate, i64)>> = BTreeMap::new();
    known.entry(offering).or_default();
    for (offering, day, change) in recurring::of_subscription(tx, subscription.id)? {
        known.entry(offering).or_default().push((day, change));
    }
    let mut new = Vec::new();
    for (of, changes) in known {
        // An offering it is no longer of brings nothing any more.
        let wanted = match of == offering {
            true => wanted(subscription, from),
            false => vec![(from, 0)],
        };
        for (day, change) in restated(&changes, from, &wanted)? {
            new.push(MrrChange {
                id: tx.fresh_id(),
                partner_id: subscription.partner_id,
                customer_id: subscription.customer_id,
                subscription_id: subscription.id,
                offering_id: of,
                currency: subscription.currency,
                month: Period::of(day),
                effective_on: day,
                change_minor: change,
                recorded_at: tx.now(),
            });
        }
    }
    recurring::add(tx, new)
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
