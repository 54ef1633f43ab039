//! Plans of an offering, their versions and prices.
mod writing;

use std::collections::{BTreeMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{BillingInterval, Currency, Money, Price, Proration, Reach, VersionStatus},
    error::Error,
    id::{OfferingId, PlanId, PlanVersionId, PriceId},
    store::{
        Scope, Tx, VendorScope, Visible,
        catalogue::of_versions,
        names::stored,
        schema::{offerings, plan_versions, plans, price_tiers, prices},
    },
};

pub use writing::{
    insert, insert_version, publish, reach, remove, remove_draft, rename, update_draft,
};

/// A plan of an offering.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = plans)]
pub struct Plan {
    /// Which.
    pub id: PlanId,
    /// Of which offering.
    #[diesel(column_name = offering_id)]
    pub offering: OfferingId,
    /// How files name it.
    pub code: String,
    /// What it is called.
    pub name: String,
}

/// What a plan version says, besides its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Of its prices.
    pub currency: Currency,
    /// How often it is billed.
    pub interval: BillingInterval,
    /// The first term, in months.
    pub term_months: u32,
    /// Days before a term's end by which notice is given.
    pub notice_days: u32,
    /// Days at the start that cost nothing; 0 for none.
    pub trial_days: u32,
    /// The day of the month, 1 to 28, on which every period starts; `None` for the day of the
    /// sale or of the trial's end.
    pub anchor_day: Option<u32>,
    /// What a whole billing period comes to at least, recurring prices and usage together, in minor
    /// units before tax; 0 for no commitment.
    pub minimum_minor: i64,
    /// How parts of a period are measured.
    pub proration: Proration,
}

impl Terms {
    /// The minimum, where there is one.
    pub fn minimum(&self) -> Option<Money> {
        let minimum = Money::new(self.minimum_minor, self.currency);
        Some(minimum).filter(|minimum| minimum.is_positive())
    }
}

impl PlanVersion {
    /// Whether a period is charged for after it is over too: for what was used, or lacks of its
    /// minimum.
    pub fn bills_in_arrears(&self) -> bool {
        let mut prices = self.prices.iter();
        self.terms.minimum_minor > 0 || prices.any(|line| line.price.meter().is_some())
    }
}

/// One price of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceLine {
    /// Which.
    pub id: PriceId,
    /// What it is for.
    pub label: String,
    /// What it comes to, before tax.
    pub price: Price,
    /// Whether partners earn on it.
    pub commissionable: bool,
}

/// A version of a plan.
#[derive(Debug, Clone)]
pub struct PlanVersion {
    /// Which.
    pub id: PlanVersionId,
    /// Of which plan.
    pub plan: PlanId,
    /// Counted from 1.
    pub version_no: i32,
    /// Drafts can be edited; others never.
    pub status: VersionStatus,
    /// What it says.
    pub terms: Terms,
    /// Since when it is sold, UTC.
    pub published_at: Option<NaiveDateTime>,
    /// When those sold at an earlier version come to it; none where they keep theirs.
    pub reach: Option<Reach>,
    /// Rises with every edit of a draft.
    pub version: i32,
    /// Its prices, in order.
    pub prices: Vec<PriceLine>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_versions)]
struct Row {
    id: PlanVersionId,
    plan_id: PlanId,
    version_no: i32,
    status: String,
    currency: String,
    interval_months: i32,
    term_months: i32,
    notice_days: i32,
    published_at: Option<NaiveDateTime>,
    version: i32,
    trial_days: i32,
    anchor_day: Option<i32>,
    minimum_minor: i64,
    existing_from: Option<NaiveDate>,
    existing_at: String,
    existing_months: i32,
    proration: String,
}

/// Months or days, which the database keeps signed.
fn unsigned(number: i32) -> Result<u32> {
    u32::try_from(number).map_err(Error::fault)
}

/// A stored number of months as a billing interval.
///
/// # Errors
/// A fault for a number that is none.
pub(in crate::store) fn interval(months: i32) -> Result<BillingInterval> {
    BillingInterval::from_months(unsigned(months)?)
        .ok_or_else(|| Error::fault(format!("stored interval of {months} months")))
}

impl Row {
    fn reach(&self) -> Result<Option<Reach>> {
        let Some(from) = self.existing_from else {
            return Ok(None);
        };
        Ok(Some(Reach {
            from,
            at: stored(&self.existing_at)?,
            held_months: unsigned(self.existing_months)?,
        }))
    }
    fn read(self, prices: Vec<PriceLine>) -> Result<PlanVersion> {
        Ok(PlanVersion {
            reach: self.reach()?,
            id: self.id,
            plan: self.plan_id,
            version_no: self.version_no,
            status: stored(&self.status)?,
            terms: Terms {
                currency: stored(&self.currency)?,
                interval: interval(self.interval_months)?,
                term_months: unsigned(self.term_months)?,
                notice_days: unsigned(self.notice_days)?,
                trial_days: unsigned(self.trial_days)?,
                anchor_day: self.anchor_day.map(unsigned).transpose()?,
                minimum_minor: self.minimum_minor,
                proration: stored(&self.proration)?,
            },
            published_at: self.published_at,
            version: self.version,
            prices,
        })
    }
}

fn with_prices<S: Scope>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<PlanVersion>>
where
    prices::table: Visible<S>,
    price_tiers::table: Visible<S>,
{
    let ids: Vec<PlanVersionId> = rows.iter().map(|row| row.id).collect();
    let mut of_version: BTreeMap<PlanVersionId, Vec<PriceLine>> = BTreeMap::new();
    for (version, line) in of_versions(tx, &ids)? {
        of_version.entry(version).or_default().push(line);
    }
    rows.into_iter()
        .map(|row| {
            let prices = of_version.remove(&row.id).unwrap_or_default();
            row.read(prices)
        })
        .collect()
}

/// A plan.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn plan<S: Scope>(tx: &mut Tx<'_, S>, id: PlanId) -> Result<Plan>
where
    plans::table: Visible<S>,
{
    let row = tx
        .rows(plans::table)
        .filter(plans::id.eq(id))
        .select(Plan::as_select());
    tx.one(row)
}

/// The minimums of every plan version that has one, in minor units.
///
/// # Errors
/// Faults of the database.
pub fn minimums(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeMap<PlanVersionId, i64>> {
    let rows = tx
        .rows(plan_versions::table)
        .filter(plan_versions::minimum_minor.gt(0))
        .select((plan_versions::id, plan_versions::minimum_minor));
    let rows: Vec<(PlanVersionId, i64)> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// The plan versions whose parts of a period are measured by the second.
///
/// # Errors
/// Faults of the database.
pub fn by_second(tx: &mut Tx<'_, VendorScope>) -> Result<HashSet<PlanVersionId>> {
    let rows = tx
        .rows(plan_versions::table)
        .filter(plan_versions::proration.eq(Proration::Second.code()))
        .select(plan_versions::id);
    let rows: Vec<PlanVersionId> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// The plans of an offering, in the order they were added.
///
/// # Errors
/// Faults of the database.
pub fn plans_of<S: Scope>(tx: &mut Tx<'_, S>, offering: OfferingId) -> Result<Vec<Plan>>
where
    plans::table: Visible<S>,
{
    let rows = tx
        .rows(plans::table)
        .filter(plans::offering_id.eq(offering))
        .order(plans::id)
        .select(Plan::as_select());
    tx.load(rows)
}

/// The plan with a code.
///
/// # Errors
/// Faults of the database.
pub fn coded<S: Scope>(tx: &mut Tx<'_, S>, code: &str) -> Result<Option<Plan>>
where
    plans::table: Visible<S>,
{
    let row = tx
        .rows(plans::table)
        .filter(plans::code.eq(code.to_owned()))
        .select(Plan::as_select());
    tx.first(row)
}

/// Every version of a plan with its prices, newest first; drafts among them.
///
/// # Errors
/// Faults of the database.
pub fn versions_of(tx: &mut Tx<'_, VendorScope>, plan: PlanId) -> Result<Vec<PlanVersion>> {
    let rows = tx
        .rows(plan_versions::table)
        .filter(plan_versions::plan_id.eq(plan))
        .order(plan_versions::version_no.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    with_prices(tx, rows)
}

/// The published versions of some plans with their prices: at most one for each.
///
/// # Errors
/// Faults of the database.
pub fn published<S: Scope>(tx: &mut Tx<'_, S>, of: &[PlanId]) -> Result<Vec<PlanVersion>>
where
    plan_versions::table: Visible<S>,
    prices::table: Visible<S>,
    price_tiers::table: Visible<S>,
{
    let rows = tx
        .rows(plan_versions::table)
        .filter(plan_versions::plan_id.eq_any(of.to_vec()))
        .filter(plan_versions::status.eq(VersionStatus::Published.code()))
        .order(plan_versions::id)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    with_prices(tx, rows)
}

/// A version with its prices. In a partner's scope no draft is found.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn version<S: Scope>(tx: &mut Tx<'_, S>, id: PlanVersionId) -> Result<PlanVersion>
where
    plan_versions::table: Visible<S>,
    prices::table: Visible<S>,
    price_tiers::table: Visible<S>,
{
    let row = tx
        .rows(plan_versions::table)
        .filter(plan_versions::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    if tx.scope().partner_id().is_some() && row.status == VersionStatus::Draft.code() {
        return Err(Error::NotFound);
    }
    let found = with_prices(tx, vec![row])?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// Something a customer can subscribe to now.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The offering's name.
    pub offering: String,
    /// The plan.
    pub plan: Plan,
    /// Its published version.
    pub version: PlanVersion,
}

/// Every published version of a plan of a published offering, by offering and plan.
///
/// # Errors
/// Faults of the database.
pub fn choices(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Choice>> {
    let sold = tx
        .joined(plans::table, offerings::table)
        .filter(offerings::status.eq("published"))
        .order((offerings::name_key, plans::id))
        .select((offerings::name, Plan::as_select()));
    let sold: Vec<(String, Plan)> = tx.load(sold)?;
    let ids: Vec<PlanId> = sold.iter().map(|(_, plan)| plan.id).collect();
    let mut versions: BTreeMap<PlanId, PlanVersion> = BTreeMap::new();
    for version in published(tx, &ids)? {
        versions.insert(version.plan, version);
    }
    let choice = |(offering, plan): (String, Plan)| {
        let version = versions.remove(&plan.id)?;
        Some(Choice {
            offering,
            plan,
            version,
        })
    };
    Ok(sold.into_iter().filter_map(choice).collect())
}

/// Every plan of the vendor, sold or not, with its offering's name, by offering and plan.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<(String, Plan)>> {
    let rows = tx
        .joined(plans::table, offerings::table)
        .order((offerings::name_key, plans::id))
        .select((offerings::name, Plan::as_select()));
    tx.load(rows)
}

/// Which version every price is of, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn prices_of_versions(
    tx: &mut Tx<'_, VendorScope>,
) -> Result<std::collections::HashMap<PriceId, PlanVersionId>> {
    let rows = tx
        .rows(prices::table)
        .select((prices::id, prices::plan_version_id));
    let rows: Vec<(PriceId, PlanVersionId)> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// Whether an offering has a plan that can be sold.
///
/// # Errors
/// Faults of the database.
pub fn has_published(tx: &mut Tx<'_, VendorScope>, offering: OfferingId) -> Result<bool> {
    let row = tx
        .joined(plan_versions::table, plans::table)
        .filter(plans::offering_id.eq(offering))
        .filter(plan_versions::status.eq(VersionStatus::Published.code()))
        .select(plan_versions::id);
    let found: Option<PlanVersionId> = tx.first(row)?;
    Ok(found.is_some())
}
