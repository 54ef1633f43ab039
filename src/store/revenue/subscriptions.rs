//! Subscriptions as billing reads and moves them.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Error, Result,
    domain::{Anchor, BillingInterval, Currency, Quantity, SubscriptionStatus, bill::Stretch},
    id::{
        CommissionPlanVersionId, CustomerId, PartnerId, PlanVersionId, SubscriptionChangeId,
        SubscriptionId,
    },
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        schema::{subscription_changes, subscriptions},
        tx::to,
    },
};

/// A customer's ongoing purchase of a plan.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscriptions, treat_none_as_default_value = false)]
pub struct Subscription {
    /// Which.
    pub id: SubscriptionId,
    /// Whose customer it was sold to.
    pub partner_id: PartnerId,
    /// To whom.
    pub customer_id: CustomerId,
    /// What.
    pub plan_version_id: PlanVersionId,
    /// On which commission terms, pinned on the day of sale.
    pub commission_plan_version_id: Option<CommissionPlanVersionId>,
    /// The vendor's own key for it.
    pub external_id: String,
    /// What its prices are in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The first day served.
    pub starts_on: NaiveDate,
    /// Where its periods are counted from, if that is another day.
    pub anchor_on: Option<NaiveDate>,
    /// The first day charged, if that is another day.
    pub charged_from: Option<NaiveDate>,
    /// Months of a billing period.
    pub interval_months: i32,
    /// Months of the first term.
    pub term_months: i32,
    /// Units.
    pub quantity: i32,
    /// What it brings a month, before tax, in minor units.
    pub mrr_minor: i64,
    /// How many periods are billed: the index of the next.
    pub billed_periods: i32,
    /// When the next period is billed, if one is.
    pub next_bill_on: Option<NaiveDate>,
    /// The first day no longer served, once known.
    pub ends_on: Option<NaiveDate>,
    /// Where it is in its life.
    #[diesel(serialize_as = Coded<SubscriptionStatus>, deserialize_as = Coded<SubscriptionStatus>)]
    pub status: SubscriptionStatus,
    /// When it was written down, UTC.
    pub created_at: NaiveDateTime,
    /// Counts its changes by people.
    pub version: i32,
    /// Whether it ends by the vendor's fault: partners then give nothing back.
    pub ends_by_vendor: bool,
}

impl Subscription {
    /// Where its periods are counted from.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn anchor(&self) -> Result<Anchor> {
        let months = u32::try_from(self.interval_months).unwrap_or_default();
        let interval = BillingInterval::from_months(months);
        let interval = interval.ok_or_else(|| Error::fault("a subscription has no interval"))?;
        Ok(Anchor {
            on: self.anchor_on.unwrap_or(self.starts_on),
            interval,
        })
    }
    /// The first day charged: the end of its trial.
    pub fn charged_from(&self) -> NaiveDate {
        self.charged_from.unwrap_or(self.starts_on)
    }
    /// A period as it is charged, from 0: the first may be the rest of one.
    ///
    /// # Errors
    /// A period beyond the calendar.
    pub fn stretch(&self, index: u32) -> Result<Stretch> {
        Stretch::of(self.anchor()?, index, self.charged_from())
            .ok_or_else(|| Error::fault("a period lies beyond the calendar"))
    }
    /// Months of the first term.
    pub fn term(&self) -> u32 {
        u32::try_from(self.term_months).unwrap_or_default()
    }
    /// The index of the next period to bill.
    pub fn next_index(&self) -> u32 {
        u32::try_from(self.billed_periods).unwrap_or_default()
    }
    /// Its units.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn units(&self) -> Result<Quantity> {
        let units = u32::try_from(self.quantity).unwrap_or_default();
        Quantity::new(units).map_err(Error::fault)
    }
}

/// Subscriptions with a period to bill that starts on or before a day, in the order they fall due.
///
/// # Errors
/// Faults of the database.
pub fn due(
    tx: &mut Tx<'_, VendorScope>,
    through: NaiveDate,
    limit: i64,
) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::next_bill_on.le(through))
        .order((subscriptions::next_bill_on, subscriptions::id))
        .limit(limit)
        .select(Subscription::as_select());
    tx.load(rows)
}

/// Subscriptions set to end whose last day has passed on this one.
///
/// # Errors
/// Faults of the database.
pub fn ended(
    tx: &mut Tx<'_, VendorScope>,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::status.eq("pending_cancel"))
        .filter(subscriptions::ends_on.le(today))
        .order(subscriptions::id)
        .limit(limit)
        .select(Subscription::as_select());
    tx.load(rows)
}

/// Every subscription, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .order(subscriptions::id)
        .select(Subscription::as_select());
    tx.load(rows)
}

/// One subscription.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId) -> Result<Subscription> {
    let row = tx
        .rows(subscriptions::table)
        .filter(subscriptions::id.eq(id))
        .select(Subscription::as_select());
    tx.one(row)
}

/// The subscriptions with these ids whose next period starts on or before a day.
///
/// # Errors
/// Faults of the database.
pub fn due_of(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
    through: NaiveDate,
) -> Result<Vec<Subscription>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()))
            .filter(subscriptions::next_bill_on.le(through))
            .order(subscriptions::id)
            .select(Subscription::as_select());
        found.extend(tx.load::<Subscription, _>(rows)?);
    }
    Ok(found)
}

/// Has those of some subscriptions that have ended billed once more, on a day: something they used
/// was reported after their last bill.
///
/// # Errors
/// Faults of the database.
pub fn bill_ended_again(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
    on: NaiveDate,
) -> Result<()> {
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()))
            .filter(subscriptions::ends_on.is_not_null())
            .filter(subscriptions::next_bill_on.is_null())
            .filter(subscriptions::billed_periods.gt(0));
        tx.update(rows, to(subscriptions::next_bill_on, on))?;
    }
    Ok(())
}

/// The subscriptions with these external ids, by those.
///
/// # Errors
/// Faults of the database.
pub fn named(
    tx: &mut Tx<'_, VendorScope>,
    external_ids: &[String],
) -> Result<HashMap<String, Subscription>> {
    let mut found = HashMap::new();
    for some in external_ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::external_id.eq_any(some.to_vec()))
            .select(Subscription::as_select());
        let rows: Vec<Subscription> = tx.load(rows)?;
        found.extend(rows.into_iter().map(|one| (one.external_id.clone(), one)));
    }
    Ok(found)
}

/// The plan version that each of these subscriptions is of.
///
/// # Errors
/// Faults of the database.
pub fn plan_versions_of(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<Vec<(SubscriptionId, PlanVersionId)>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()))
            .select((subscriptions::id, subscriptions::plan_version_id));
        found.extend(tx.load::<(SubscriptionId, PlanVersionId), _>(rows)?);
    }
    Ok(found)
}

/// The subscriptions with these ids.
///
/// # Errors
/// Faults of the database.
pub fn of_ids(tx: &mut Tx<'_, VendorScope>, ids: &[SubscriptionId]) -> Result<Vec<Subscription>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()))
            .select(Subscription::as_select());
        found.extend(tx.load::<Subscription, _>(rows)?);
    }
    Ok(found)
}

/// Subscriptions that are served or will be, by id, after one of them.
///
/// # Errors
/// Faults of the database.
pub fn live_after(
    tx: &mut Tx<'_, VendorScope>,
    after: Option<SubscriptionId>,
    limit: i64,
) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::status.ne(SubscriptionStatus::Canceled.code()))
        .filter(subscriptions::id.gt(after.unwrap_or(SubscriptionId::of(0))))
        .order(subscriptions::id)
        .limit(limit)
        .select(Subscription::as_select());
    tx.load(rows)
}

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

row_codes! {
    /// What a recorded change did.
    ChangeKind {
        /// It began.
        Started = "started",
        /// Its quantity changed.
        Quantity = "quantity",
        /// It was canceled at once.
        CancelNow = "cancel_now",
        /// It was set to end with the billed period.
        CancelAtPeriodEnd = "cancel_at_period_end",
        /// That was undone.
        CancelUndone = "cancel_undone",
        /// It is not served for a while.
        Paused = "paused",
        /// It is served again.
        Resumed = "resumed",
    }
}

/// A recorded change of a subscription.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscription_changes, treat_none_as_default_value = false)]
pub struct SubscriptionChange {
    /// Which.
    pub id: SubscriptionChangeId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of what.
    pub subscription_id: SubscriptionId,
    /// What it did.
    #[diesel(serialize_as = Coded<ChangeKind>, deserialize_as = Coded<ChangeKind>)]
    pub kind: ChangeKind,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Units before.
    pub quantity_before: i32,
    /// Units after.
    pub quantity_after: i32,
    /// Why.
    pub reason: String,
    /// When it was written down, UTC.
    pub recorded_at: NaiveDateTime,
}

/// Writes changes down.
///
/// # Errors
/// Faults of the database.
pub fn record_changes(
    tx: &mut Tx<'_, VendorScope>,
    changes: Vec<SubscriptionChange>,
) -> Result<()> {
    tx.insert_all(subscription_changes::table, changes)?;
    Ok(())
}

/// The units that these subscriptions were started with.
///
/// # Errors
/// Faults of the database.
pub fn began_with(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, i32>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(some.to_vec()))
            .filter(subscription_changes::kind.eq(ChangeKind::Started.code()))
            .select((
                subscription_changes::subscription_id,
                subscription_changes::quantity_after,
            ));
        found.extend(tx.load::<(SubscriptionId, i32), _>(rows)?);
    }
    Ok(found)
}

/// The changes of one subscription, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn changes(
    tx: &mut Tx<'_, VendorScope>,
    id: SubscriptionId,
) -> Result<Vec<SubscriptionChange>> {
    let rows = tx
        .rows(subscription_changes::table)
        .filter(subscription_changes::subscription_id.eq(id))
        .order(subscription_changes::id)
        .select(SubscriptionChange::as_select());
    tx.load(rows)
}

/// Every recorded change, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_changes(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<SubscriptionChange>> {
    let rows = tx
        .rows(subscription_changes::table)
        .order(subscription_changes::id)
        .select(SubscriptionChange::as_select());
    tx.load(rows)
}
