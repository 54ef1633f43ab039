//! How subscriptions move on: by billing, by the calendar, and by people.
use chrono::NaiveDate;
use diesel::prelude::*;

use super::Subscription;
use crate::{
    Error, Result,
    domain::SubscriptionStatus,
    id::{PlanVersionId, SubscriptionId},
    store::{Tx, VendorScope, revenue::ASKED_AT_ONCE, schema::subscriptions, tx::to},
};

/// Writes new subscriptions.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Subscription>) -> Result<()> {
    tx.insert_all(subscriptions::table, new)?;
    Ok(())
}

/// What billing moves on a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Advance {
    /// How many periods are billed now.
    pub billed_periods: i32,
    /// When the next is.
    pub next_bill_on: Option<NaiveDate>,
    /// What it is now.
    pub status: SubscriptionStatus,
    /// What it brings a month from now on, where that changes with the period.
    pub mrr_minor: Option<i64>,
}

/// Moves subscriptions on after billing; their version stays, for nobody edited them.
///
/// # Errors
/// Faults of the database.
pub fn advance(tx: &mut Tx<'_, VendorScope>, ids: &[SubscriptionId], now: Advance) -> Result<()> {
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()));
        let moved = (
            to(subscriptions::billed_periods, now.billed_periods),
            to(subscriptions::next_bill_on, now.next_bill_on),
            to(subscriptions::status, now.status.code()),
        );
        match now.mrr_minor {
            None => tx.update(rows, moved)?,
            Some(mrr) => {
                let (periods, next, status) = moved;
                tx.update(
                    rows,
                    (periods, next, status, to(subscriptions::mrr_minor, mrr)),
                )?
            }
        };
    }
    Ok(())
}

/// Sets what subscriptions change to with their first period that starts on or after a day, or that
/// they keep their plan; their version stays, for nobody edited them one by one.
///
/// # Errors
/// Faults of the database.
pub fn set_plan(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
    set: Option<(PlanVersionId, NaiveDate)>,
) -> Result<()> {
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()));
        tx.update(
            rows,
            (
                to(
                    subscriptions::next_plan_version_id,
                    set.map(|(plan, _)| plan),
                ),
                to(subscriptions::next_plan_on, set.map(|(_, on)| on)),
            ),
        )?;
    }
    Ok(())
}

/// Begins the trials whose first day has come.
///
/// # Errors
/// Faults of the database.
pub fn begin_trials(tx: &mut Tx<'_, VendorScope>, today: NaiveDate) -> Result<usize> {
    let rows = tx
        .rows_of(subscriptions::table)
        .filter(subscriptions::status.eq("pending"))
        .filter(subscriptions::starts_on.le(today))
        .filter(subscriptions::charged_from.gt(today));
    tx.update(rows, to(subscriptions::status, "trialing"))
}

/// Writes how the periods and terms of a subscription are counted from now on.
///
/// # Errors
/// Faults of the database.
pub fn recount(tx: &mut Tx<'_, VendorScope>, now: &Subscription) -> Result<()> {
    let row = tx
        .rows_of(subscriptions::table)
        .filter(subscriptions::id.eq(now.id));
    let counted = (
        to(subscriptions::anchor_on, now.anchor_on),
        to(subscriptions::anchor_index, now.anchor_index),
        to(subscriptions::interval_months, now.interval_months),
        to(subscriptions::term_months, now.term_months),
        to(subscriptions::renewals_from, now.renewals_from),
    );
    tx.update(row, counted)?;
    Ok(())
}

/// Writes what a person or the calendar changed, if the version is still the one that was read.
///
/// # Errors
/// [`Error::Conflict`] when somebody else changed it in the meantime.
pub fn change(tx: &mut Tx<'_, VendorScope>, now: &Subscription) -> Result<()> {
    let row = tx
        .rows_of(subscriptions::table)
        .filter(subscriptions::id.eq(now.id))
        .filter(subscriptions::version.eq(now.version));
    let changed = tx.update(
        row,
        (
            to(subscriptions::plan_version_id, now.plan_version_id),
            to(
                subscriptions::next_plan_version_id,
                now.next_plan_version_id,
            ),
            to(subscriptions::next_plan_on, now.next_plan_on),
            to(subscriptions::quantity, now.quantity),
            to(subscriptions::mrr_minor, now.mrr_minor),
            to(subscriptions::next_bill_on, now.next_bill_on),
            to(subscriptions::ends_on, now.ends_on),
            to(subscriptions::ends_by_vendor, now.ends_by_vendor),
            to(subscriptions::status, now.status.code()),
            to(subscriptions::version, now.version + 1),
        ),
    )?;
    match changed {
        1 => Ok(()),
        _ => Err(Error::conflict(
            "Somebody else has changed this subscription.",
        )),
    }
}
