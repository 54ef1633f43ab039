//! Writing plans, versions and prices.
use diesel::prelude::*;

use super::{Plan, PlanVersion};
use crate::{
    Result,
    domain::{Reach, ReachAt, VersionStatus},
    error::Error,
    id::{PlanId, PlanVersionId},
    store::{
        Tx, VendorScope,
        catalogue::prices,
        schema::{plan_versions, plans},
        tx::to,
    },
};

/// Months or days, which the database keeps signed.
fn signed(number: u32) -> Result<i32> {
    i32::try_from(number).map_err(Error::fault)
}

/// A new plan.
///
/// # Errors
/// Faults of the database, a code that is taken among them.
pub fn insert(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    tx.insert(
        plans::table,
        (
            plans::id.eq(plan.id),
            plans::offering_id.eq(plan.offering),
            plans::code.eq(plan.code.clone()),
            plans::name.eq(plan.name.clone()),
        ),
    )
}

/// Gives a plan another name.
///
/// # Errors
/// Faults of the database.
pub fn rename(tx: &mut Tx<'_, VendorScope>, id: PlanId, name: &str) -> Result<()> {
    let row = tx.rows_of(plans::table).filter(plans::id.eq(id));
    tx.update(row, to(plans::name, name.to_owned()))?;
    Ok(())
}

/// A new version with its prices.
///
/// # Errors
/// Faults of the database.
pub fn insert_version(tx: &mut Tx<'_, VendorScope>, new: &PlanVersion) -> Result<()> {
    tx.insert(
        plan_versions::table,
        (
            plan_versions::id.eq(new.id),
            plan_versions::plan_id.eq(new.plan),
            plan_versions::version_no.eq(new.version_no),
            plan_versions::status.eq(new.status.code()),
            plan_versions::currency.eq(new.terms.currency.code()),
            plan_versions::interval_months.eq(signed(new.terms.interval.months())?),
            plan_versions::term_months.eq(signed(new.terms.term_months)?),
            plan_versions::notice_days.eq(signed(new.terms.notice_days)?),
            plan_versions::trial_days.eq(signed(new.terms.trial_days)?),
            plan_versions::anchor_day.eq(new.terms.anchor_day.map(signed).transpose()?),
            plan_versions::minimum_minor.eq(new.terms.minimum_minor),
            plan_versions::proration.eq(new.terms.proration.code()),
            plan_versions::published_at.eq(new.published_at),
            plan_versions::version.eq(new.version),
        ),
    )?;
    prices::insert(tx, new)
}

/// Writes a draft over its older self, prices and all, if that still is a draft at `version`;
/// says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn update_draft(tx: &mut Tx<'_, VendorScope>, new: &PlanVersion) -> Result<bool> {
    let row = tx
        .rows_of(plan_versions::table)
        .filter(plan_versions::id.eq(new.id))
        .filter(plan_versions::status.eq(VersionStatus::Draft.code()))
        .filter(plan_versions::version.eq(new.version));
    let changed = tx.update(
        row,
        (
            to(plan_versions::currency, new.terms.currency.code()),
            to(
                plan_versions::interval_months,
                signed(new.terms.interval.months())?,
            ),
            to(plan_versions::term_months, signed(new.terms.term_months)?),
            to(plan_versions::notice_days, signed(new.terms.notice_days)?),
            to(plan_versions::trial_days, signed(new.terms.trial_days)?),
            to(
                plan_versions::anchor_day,
                new.terms.anchor_day.map(signed).transpose()?,
            ),
            to(plan_versions::minimum_minor, new.terms.minimum_minor),
            to(plan_versions::proration, new.terms.proration.code()),
            to(plan_versions::version, new.version + 1),
        ),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    prices::delete(tx, new.id)?;
    prices::insert(tx, new)?;
    Ok(true)
}

/// Publishes a draft that still is at `version`, and lets it supersede the version sold until
/// now; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn publish(tx: &mut Tx<'_, VendorScope>, draft: &PlanVersion) -> Result<bool> {
    let sold = tx
        .rows_of(plan_versions::table)
        .filter(plan_versions::plan_id.eq(draft.plan))
        .filter(plan_versions::status.eq(VersionStatus::Published.code()));
    tx.update(
        sold,
        to(plan_versions::status, VersionStatus::Superseded.code()),
    )?;
    let now = tx.now();
    let row = tx
        .rows_of(plan_versions::table)
        .filter(plan_versions::id.eq(draft.id))
        .filter(plan_versions::status.eq(VersionStatus::Draft.code()))
        .filter(plan_versions::version.eq(draft.version));
    let changed = tx.update(
        row,
        (
            to(plan_versions::status, VersionStatus::Published.code()),
            to(plan_versions::published_at, Some(now)),
            to(plan_versions::version, draft.version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// Writes when those sold at an earlier version come to this one, or that they keep theirs, if it
/// is still at `version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn reach(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (PlanVersionId, i32),
    set: Option<Reach>,
) -> Result<bool> {
    let row = tx
        .rows_of(plan_versions::table)
        .filter(plan_versions::id.eq(id))
        .filter(plan_versions::version.eq(version));
    let at = set.map_or(ReachAt::Period, |set| set.at);
    let months = signed(set.map_or(0, |set| set.held_months))?;
    let changed = tx.update(
        row,
        (
            to(plan_versions::existing_from, set.map(|set| set.from)),
            to(plan_versions::existing_at, at.code()),
            to(plan_versions::existing_months, months),
            to(plan_versions::version, version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// Removes a version with its prices, if it still is a draft at `version`; says whether it was.
///
/// # Errors
/// Faults of the database, something that refers to it among them.
pub fn remove_draft(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (PlanVersionId, i32),
) -> Result<bool> {
    let draft = tx
        .rows(plan_versions::table)
        .filter(plan_versions::id.eq(id))
        .filter(plan_versions::status.eq(VersionStatus::Draft.code()))
        .filter(plan_versions::version.eq(version))
        .select(plan_versions::id);
    let found: Option<PlanVersionId> = tx.first(draft)?;
    if found.is_none() {
        return Ok(false);
    }
    prices::delete(tx, id)?;
    let row = tx
        .rows_of(plan_versions::table)
        .filter(plan_versions::id.eq(id));
    Ok(tx.delete(row)? == 1)
}

/// Removes a plan that has no version any more.
///
/// # Errors
/// Faults of the database, a version that refers to it among them.
pub fn remove(tx: &mut Tx<'_, VendorScope>, id: PlanId) -> Result<()> {
    let row = tx.rows_of(plans::table).filter(plans::id.eq(id));
    tx.delete(row).map(drop)
}
