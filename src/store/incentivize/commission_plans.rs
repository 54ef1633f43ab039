//! Commission plans, their versions and clauses.
mod rows;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{
        CommissionClause, Money, VersionStatus,
        commission::{
            extras::PlanExtras,
            span::{GivenBack, Span},
        },
    },
    error::Error,
    id::{
        CommissionClauseId, CommissionPlanId, CommissionPlanVersionId, Id, OfferingId, Tier, TierId,
    },
    store::{
        Tx, VendorScope,
        schema::{commission_clauses, commission_plan_versions, commission_plans},
        tx::to,
    },
};

pub(in crate::store) use rows::{ClauseRow, ExtrasRow};
use rows::{Row, stored_clawback, with_clauses};

/// A commission plan.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = commission_plans)]
pub struct CommissionPlan {
    /// Which.
    pub id: CommissionPlanId,
    /// What it is called.
    pub name: String,
}

/// A version of a commission plan.
#[derive(Debug, Clone)]
pub struct CommissionPlanVersion {
    /// Which.
    pub id: CommissionPlanVersionId,
    /// Of which plan.
    pub plan: CommissionPlanId,
    /// Counted from 1.
    pub version_no: i32,
    /// Drafts can be edited; others never.
    pub status: VersionStatus,
    /// The first day a partner can be enrolled from.
    pub effective_from: NaiveDate,
    /// Days a commission is held after the customer paid.
    pub hold_days: i32,
    /// Since when partners can be enrolled, UTC.
    pub published_at: Option<NaiveDateTime>,
    /// Rises with every edit of a draft.
    pub version: i32,
    /// The customer's outcome it is there for; empty while none is named.
    pub outcome: String,
    /// What it pays beside its clauses.
    pub extras: PlanExtras,
    /// What it says; `tier` and `offering` hold the bare numbers of their ids.
    pub clauses: Vec<CommissionClause>,
}

/// Every commission plan, by name.
///
/// # Errors
/// Faults of the database.
pub fn plans(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<CommissionPlan>> {
    let rows = tx
        .rows(commission_plans::table)
        .order((commission_plans::name, commission_plans::id))
        .select(CommissionPlan::as_select());
    tx.load(rows)
}

/// One commission plan.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn plan(tx: &mut Tx<'_, VendorScope>, id: CommissionPlanId) -> Result<CommissionPlan> {
    let row = tx
        .rows(commission_plans::table)
        .filter(commission_plans::id.eq(id))
        .select(CommissionPlan::as_select());
    tx.one(row)
}

/// Every version of a plan with its clauses, newest first.
///
/// # Errors
/// Faults of the database.
pub fn versions_of(
    tx: &mut Tx<'_, VendorScope>,
    plan: CommissionPlanId,
) -> Result<Vec<CommissionPlanVersion>> {
    let rows = tx
        .rows(commission_plan_versions::table)
        .filter(commission_plan_versions::commission_plan_id.eq(plan))
        .order(commission_plan_versions::version_no.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    with_clauses(tx, rows)
}

/// One version with its clauses.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn version(
    tx: &mut Tx<'_, VendorScope>,
    id: CommissionPlanVersionId,
) -> Result<CommissionPlanVersion> {
    let row = tx
        .rows(commission_plan_versions::table)
        .filter(commission_plan_versions::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let found = with_clauses(tx, vec![row])?;
    found.into_iter().next().ok_or(Error::NotFound)
}

/// A version partners can be enrolled in, with its plan's name.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The plan's name.
    pub plan: String,
    /// The published version.
    pub version: CommissionPlanVersion,
}

/// Every published version, by its plan's name.
///
/// # Errors
/// Faults of the database.
pub fn choices(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Choice>> {
    let rows = tx
        .joined(commission_plan_versions::table, commission_plans::table)
        .filter(commission_plan_versions::status.eq(VersionStatus::Published.code()))
        .order((commission_plans::name, commission_plans::id))
        .select((commission_plans::name, Row::as_select()));
    let rows: Vec<(String, Row)> = tx.load(rows)?;
    let (names, rows): (Vec<String>, Vec<Row>) = rows.into_iter().unzip();
    let versions = with_clauses(tx, rows)?;
    let choices = names.into_iter().zip(versions);
    Ok(choices
        .map(|(plan, version)| Choice { plan, version })
        .collect())
}

/// A new plan.
///
/// # Errors
/// Faults of the database, a name that is taken among them.
pub fn insert(tx: &mut Tx<'_, VendorScope>, plan: &CommissionPlan) -> Result<()> {
    tx.insert(
        commission_plans::table,
        (
            commission_plans::id.eq(plan.id),
            commission_plans::name.eq(plan.name.clone()),
        ),
    )
}

/// A new version with its clauses.
///
/// # Errors
/// Faults of the database.
pub fn insert_version(tx: &mut Tx<'_, VendorScope>, new: &CommissionPlanVersion) -> Result<()> {
    tx.insert(
        commission_plan_versions::table,
        (
            commission_plan_versions::id.eq(new.id),
            commission_plan_versions::commission_plan_id.eq(new.plan),
            commission_plan_versions::version_no.eq(new.version_no),
            commission_plan_versions::status.eq(new.status.code()),
            commission_plan_versions::effective_from.eq(new.effective_from),
            commission_plan_versions::hold_days.eq(new.hold_days),
            commission_plan_versions::published_at.eq(new.published_at),
            commission_plan_versions::version.eq(new.version),
            commission_plan_versions::outcome.eq(new.outcome.as_str()),
        ),
    )?;
    write_extras(tx, new)?;
    insert_clauses(tx, new)
}

fn write_extras(tx: &mut Tx<'_, VendorScope>, new: &CommissionPlanVersion) -> Result<()> {
    let row = tx
        .rows_of(commission_plan_versions::table)
        .filter(commission_plan_versions::id.eq(new.id))
        .filter(commission_plan_versions::status.eq(VersionStatus::Draft.code()));
    let (renewal, guarantee) = (new.extras.renewal, new.extras.guarantee);
    let kept = renewal.map_or(Ok(10_000), |terms| i32::try_from(terms.kept_bps));
    let months = guarantee
        .map(|terms| i32::try_from(terms.months))
        .transpose();
    let currency = guarantee.map(|terms| terms.amount.currency().code());
    let back = stored_clawback(renewal.and_then(|terms| terms.clawback))?;
    tx.update(
        row,
        (
            to(
                commission_plan_versions::renewal_bps,
                renewal.map_or(0, |terms| terms.rate.bps()),
            ),
            to(
                commission_plan_versions::renewal_kept_bps,
                kept.map_err(Error::fault)?,
            ),
            to(
                commission_plan_versions::guarantee_minor,
                guarantee.map(|terms| terms.amount.minor()),
            ),
            to(
                commission_plan_versions::guarantee_months,
                months.map_err(Error::fault)?,
            ),
            to(commission_plan_versions::guarantee_currency, currency),
            to(commission_plan_versions::renewal_clawback_days, back.0),
            to(commission_plan_versions::renewal_clawback_mode, back.1),
        ),
    )?;
    Ok(())
}

fn insert_clauses(tx: &mut Tx<'_, VendorScope>, new: &CommissionPlanVersion) -> Result<()> {
    for clause in &new.clauses {
        let id: CommissionClauseId = tx.fresh_id();
        let tier: Option<TierId> = clause.tier.map(Id::<Tier>::of);
        let offering: Option<OfferingId> = clause.offering.map(Id::of);
        let amount = clause.per_unit.or(clause.cap).map(Money::currency);
        let currency = amount.or(clause.volume.map(|volume| volume.currency));
        let months = clause.months.map(i32::try_from).transpose();
        let minor = |money: Option<Money>| money.map(Money::minor);
        let back = stored_clawback(clause.clawback)?;
        let plain = (Span::Month, GivenBack::OriginalRate);
        let (span, given_back) = clause
            .volume
            .map_or(plain, |volume| (volume.span, volume.given_back));
        tx.insert(
            commission_clauses::table,
            (
                commission_clauses::id.eq(id),
                commission_clauses::commission_plan_version_id.eq(new.id),
                commission_clauses::seq.eq(clause.seq),
                commission_clauses::phase.eq(clause.phase.map(|phase| phase.code())),
                commission_clauses::tier_id.eq(tier),
                commission_clauses::rate_bps.eq(clause.rate.bps()),
                commission_clauses::offering_id.eq(offering),
                commission_clauses::unit_minor.eq(minor(clause.per_unit)),
                commission_clauses::months.eq(months.map_err(Error::fault)?),
                commission_clauses::cap_minor.eq(minor(clause.cap)),
                commission_clauses::currency.eq(currency.map(|currency| currency.code())),
                commission_clauses::volume.eq(clause.volume.map(|volume| volume.code())),
                commission_clauses::volume_span.eq(span.code()),
                commission_clauses::volume_given_back.eq(given_back.code()),
                commission_clauses::clawback_days.eq(back.0),
                commission_clauses::clawback_mode.eq(back.1),
                commission_clauses::uplift_bps.eq(clause.uplift.bps()),
            ),
        )?;
    }
    Ok(())
}

/// Writes a draft over its older self, clauses and all, if that still is a draft at `version`;
/// says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn update_draft(tx: &mut Tx<'_, VendorScope>, new: &CommissionPlanVersion) -> Result<bool> {
    let row = tx
        .rows_of(commission_plan_versions::table)
        .filter(commission_plan_versions::id.eq(new.id))
        .filter(commission_plan_versions::status.eq(VersionStatus::Draft.code()))
        .filter(commission_plan_versions::version.eq(new.version));
    let changed = tx.update(
        row,
        (
            to(commission_plan_versions::effective_from, new.effective_from),
            to(commission_plan_versions::hold_days, new.hold_days),
            to(commission_plan_versions::version, new.version + 1),
            to(commission_plan_versions::outcome, new.outcome.clone()),
        ),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let old = tx
        .rows_of(commission_clauses::table)
        .filter(commission_clauses::commission_plan_version_id.eq(new.id));
    tx.delete(old)?;
    write_extras(tx, new)?;
    insert_clauses(tx, new)?;
    Ok(true)
}

/// Publishes a draft that still is at `version`, and lets it supersede the published one; says
/// whether it was. Partners stay enrolled in the version they were enrolled in.
///
/// # Errors
/// Faults of the database.
pub fn publish(tx: &mut Tx<'_, VendorScope>, draft: &CommissionPlanVersion) -> Result<bool> {
    let until_now = tx
        .rows_of(commission_plan_versions::table)
        .filter(commission_plan_versions::commission_plan_id.eq(draft.plan))
        .filter(commission_plan_versions::status.eq(VersionStatus::Published.code()));
    let superseded = VersionStatus::Superseded.code();
    tx.update(until_now, to(commission_plan_versions::status, superseded))?;
    let now = tx.now();
    let row = tx
        .rows_of(commission_plan_versions::table)
        .filter(commission_plan_versions::id.eq(draft.id))
        .filter(commission_plan_versions::status.eq(VersionStatus::Draft.code()))
        .filter(commission_plan_versions::version.eq(draft.version));
    let changed = tx.update(
        row,
        (
            to(
                commission_plan_versions::status,
                VersionStatus::Published.code(),
            ),
            to(commission_plan_versions::published_at, Some(now)),
            to(commission_plan_versions::version, draft.version + 1),
        ),
    )?;
    Ok(changed == 1)
}
