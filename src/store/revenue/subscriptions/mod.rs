//! Subscriptions as billing reads and moves them.
mod calendar;
mod changes;
mod moving;

pub use calendar::{Recount, counting};
pub use changes::{
    ChangeKind, SubscriptionChange, all_changes, began_with, changes, plan_turns, plans_left,
    record_changes, service_days, units_from,
};
pub use moving::{Advance, add, advance, begin_trials, change, recount, set_plan};

use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Error, Result,
    domain::{Billing, BillingModel, Currency, Rate, SubscriptionStatus, resale::Street},
    id::{CommissionPlanVersionId, CustomerId, PartnerId, PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        columns::Coded,
        days::{Day, Instant},
        schema::subscriptions,
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
    #[diesel(serialize_as = Day, deserialize_as = Day)]
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
    #[diesel(serialize_as = Instant, deserialize_as = Instant)]
    pub created_at: NaiveDateTime,
    /// Counts its changes by people.
    pub version: i32,
    /// Whether it ends by the vendor's fault: partners then give nothing back.
    pub ends_by_vendor: bool,
    /// What it will be of, if a change is set.
    pub next_plan_version_id: Option<PlanVersionId>,
    /// From its first period that starts on or after this day.
    pub next_plan_on: Option<NaiveDate>,
    /// The index of the period that begins at the anchor: its periods are numbered on where they are
    /// counted anew.
    pub anchor_index: i32,
    /// From which day periods are renewals to commission, if not from the end of the anchor's first
    /// term.
    pub renewals_from: Option<NaiveDate>,
    /// The partner that is invoiced in the customer's place, fixed at its sale.
    pub payer_id: Option<PartnerId>,
    /// Off the list for the reseller, in basis points; zero in agency.
    pub reseller_bps: i32,
    /// Off the list for the distributor, in basis points; zero where none is in between.
    pub distributor_bps: i32,
    /// What the seller asks of its customer a period, in minor units, where that is known.
    pub street_minor: Option<i64>,
    /// What the list asked for the same.
    pub street_list_minor: Option<i64>,
}

impl Subscription {
    /// Who invoices the customer.
    pub fn billing_model(&self) -> BillingModel {
        BillingModel::of(self.payer_id, self.partner_id)
    }
    /// How it is billed, fixed at its sale.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn billing(&self) -> Result<Billing> {
        let street = self.street_minor.zip(self.street_list_minor);
        Ok(Billing {
            model: self.billing_model(),
            distributor: Rate::from_bps(self.distributor_bps).map_err(Error::fault)?,
            reseller: Rate::from_bps(self.reseller_bps).map_err(Error::fault)?,
            street: street.map(|(asked_minor, list_minor)| Street {
                asked_minor,
                list_minor,
            }),
        })
    }
    /// Whose its documents are: the partner that is invoiced, or the customer's.
    pub fn billed_partner(&self) -> PartnerId {
        self.payer_id.unwrap_or(self.partner_id)
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

/// Subscriptions of some plan versions that go on and are not set to change.
///
/// # Errors
/// Faults of the database.
pub fn going_on(
    tx: &mut Tx<'_, VendorScope>,
    versions: &[PlanVersionId],
) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::plan_version_id.eq_any(versions.to_vec()))
        .filter(subscriptions::status.ne(SubscriptionStatus::Canceled.code()))
        .filter(subscriptions::next_plan_version_id.is_null())
        .filter(subscriptions::ends_on.is_null())
        .order(subscriptions::id)
        .select(Subscription::as_select());
    tx.load(rows)
}

/// Subscriptions that are set to change to a plan version.
///
/// # Errors
/// Faults of the database.
pub fn set_to(tx: &mut Tx<'_, VendorScope>, version: PlanVersionId) -> Result<Vec<Subscription>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::next_plan_version_id.eq(version))
        .order(subscriptions::id)
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

/// The currencies that these customers buy in, or have bought in, by their codes; none for who
/// never bought anything.
///
/// # Errors
/// Faults of the database.
pub fn currencies(
    tx: &mut Tx<'_, VendorScope>,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, BTreeSet<String>>> {
    let mut found: HashMap<CustomerId, BTreeSet<String>> = HashMap::new();
    for some in customers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::customer_id.eq_any(some.to_vec()))
            .select((subscriptions::customer_id, subscriptions::currency));
        for (customer, code) in tx.load::<(CustomerId, String), _>(rows)? {
            found.entry(customer).or_default().insert(code);
        }
    }
    Ok(found)
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
