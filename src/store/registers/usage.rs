//! The usage of a subscription, event by event, as it was reported.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::{Rows, Sees, customer_names};
use crate::{
    Result,
    domain::SubscriptionStatus,
    id::{CustomerId, PlanVersionId, SubscriptionId},
    store::{
        Tx,
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        revenue::usage::UsageEvent,
        schema::{subscriptions, usage_events},
    },
};

fn of<S: Sees>(tx: &Tx<'_, S>, subscription: SubscriptionId) -> Rows<S, usage_events::table> {
    S::usage_events(tx).filter(usage_events::subscription_id.eq(subscription))
}

/// One page of the events of a subscription, the last reported first.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    subscription: SubscriptionId,
    from: Option<&Cursor>,
) -> Result<Page<UsageEvent>> {
    let rows = newest_first!(of(tx, subscription), from, usage_events::id);
    let rows: Vec<UsageEvent> = tx.load(rows.limit(FETCH).select(UsageEvent::as_select()))?;
    let place = |event: &UsageEvent| (String::new(), event.id.number());
    Ok(Page::of(rows, from, PAGE, place))
}

/// How many events there are.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(tx: &mut Tx<'_, S>, subscription: SubscriptionId) -> Result<Count> {
    let ids = of(tx, subscription)
        .limit(COUNT_CAP + 1)
        .select(usage_events::id);
    let ids: Vec<crate::id::UsageEventId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// How many events lie at an instant (UTC) or later and were not billed: after the end, they never
/// will be.
///
/// # Errors
/// Faults of the database.
pub fn unbilled_from<S: Sees>(
    tx: &mut Tx<'_, S>,
    subscription: SubscriptionId,
    at: NaiveDateTime,
) -> Result<Count> {
    let ids = of(tx, subscription)
        .filter(usage_events::occurred_at.ge(at))
        .filter(usage_events::settled.eq(false))
        .limit(COUNT_CAP + 1)
        .select(usage_events::id);
    let ids: Vec<crate::id::UsageEventId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// The name of the customer that a subscription is of.
///
/// # Errors
/// [`crate::Error::NotFound`], and faults of the database.
pub fn customer<S: Sees>(tx: &mut Tx<'_, S>, of: SubscriptionId) -> Result<String> {
    let row = S::subscriptions(tx)
        .filter(subscriptions::id.eq(of))
        .select(subscriptions::customer_id);
    let id: CustomerId = tx.one(row)?;
    let mut names = customer_names(tx, [id])?;
    Ok(names.remove(&id).unwrap_or_default())
}

/// The meters whose outcomes a subscription is or was billed for once they are verified.
///
/// # Errors
/// [`crate::Error::NotFound`], and faults of the database.
pub fn outcome_meters<S: Sees>(tx: &mut Tx<'_, S>, of: SubscriptionId) -> Result<Vec<String>> {
    let row = S::subscriptions(tx)
        .filter(subscriptions::id.eq(of))
        .select(subscriptions::plan_version_id);
    let version: PlanVersionId = tx.one(row)?;
    let mut versions = S::plans_left(tx, of)?;
    versions.push(version);
    S::outcome_meters(tx, &versions)
}

/// Whether a subscription is billed any more: it has a next bill, or will have one once it is
/// resumed.
///
/// # Errors
/// [`crate::Error::NotFound`], and faults of the database.
pub fn is_billed<S: Sees>(tx: &mut Tx<'_, S>, of: SubscriptionId) -> Result<bool> {
    let row = S::subscriptions(tx)
        .filter(subscriptions::id.eq(of))
        .select((subscriptions::next_bill_on, subscriptions::status));
    let (next, status): (Option<NaiveDate>, String) = tx.one(row)?;
    Ok(next.is_some() || status == SubscriptionStatus::Paused.code())
}
