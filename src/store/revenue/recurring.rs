//! What subscriptions bring a month, as changes. Rows are added; nothing here changes one.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::{Currency, Period},
    id::{CustomerId, MrrChangeId, OfferingId, PartnerId, PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        columns::{Coded, Month},
        schema::{mrr_changes, plan_versions, plans},
    },
};

/// A change of what a subscription brings a month.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = mrr_changes)]
pub struct MrrChange {
    /// Which.
    pub id: MrrChangeId,
    /// The partner who serves the customer.
    pub partner_id: PartnerId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Of what.
    pub subscription_id: SubscriptionId,
    /// What was sold.
    pub offering_id: OfferingId,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The month of the day.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// The first day it counts; may lie ahead.
    pub effective_on: NaiveDate,
    /// How much more or less, minor units; never zero.
    pub change_minor: i64,
    /// When it was written down, UTC.
    pub recorded_at: NaiveDateTime,
}

/// Writes changes down.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<MrrChange>) -> Result<()> {
    tx.insert_all(mrr_changes::table, new)?;
    Ok(())
}

/// The changes of one subscription: of which offering, from which day on, how much.
///
/// # Errors
/// Faults of the database.
pub fn of_subscription(
    tx: &mut Tx<'_, VendorScope>,
    id: SubscriptionId,
) -> Result<Vec<(OfferingId, NaiveDate, i64)>> {
    let rows = tx
        .rows(mrr_changes::table)
        .filter(mrr_changes::subscription_id.eq(id))
        .order(mrr_changes::id)
        .select((
            mrr_changes::offering_id,
            mrr_changes::effective_on,
            mrr_changes::change_minor,
        ));
    tx.load(rows)
}

/// The offering that each of these plan versions is of.
///
/// # Errors
/// Faults of the database.
pub fn offerings_of(
    tx: &mut Tx<'_, VendorScope>,
    versions: &[PlanVersionId],
) -> Result<HashMap<PlanVersionId, OfferingId>> {
    let mut found = HashMap::new();
    for some in versions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .joined(plan_versions::table, plans::table)
            .filter(plan_versions::id.eq_any(some.to_vec()))
            .select((plan_versions::id, plans::offering_id));
        found.extend(tx.load::<(PlanVersionId, OfferingId), _>(rows)?);
    }
    Ok(found)
}

/// Every change, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<MrrChange>> {
    let rows = tx
        .rows(mrr_changes::table)
        .order(mrr_changes::id)
        .select(MrrChange::as_select());
    tx.load(rows)
}
