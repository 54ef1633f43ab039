//! Service level policies and what each promises.
use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::{
    Result,
    domain::{Rate, SlaCalendar, SlaMetric},
    error::Error,
    id::{SlaPolicyId, SlaTargetId},
    store::{
        Scope, Tx, VendorScope, Visible,
        names::stored,
        schema::{sla_policies, sla_targets},
        tx::to,
    },
};

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Of what.
    pub metric: SlaMetric,
    /// Availability in parts per million; response and resolution in minutes.
    pub threshold: i64,
    /// The hours that count.
    pub calendar: SlaCalendar,
    /// The share of a period's price given back when it is missed.
    pub credit: Rate,
}

/// A policy with its promises.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Which.
    pub id: SlaPolicyId,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub summary: String,
    /// Rises with every edit.
    pub version: i32,
    /// What it promises, in order.
    pub targets: Vec<Target>,
}

type TargetRow = (SlaPolicyId, String, i64, String, i32);

/// Every policy of the vendor, by name.
///
/// # Errors
/// Faults of the database.
pub fn policies<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<Policy>>
where
    sla_policies::table: Visible<S>,
    sla_targets::table: Visible<S>,
{
    let rows = tx
        .rows(sla_policies::table)
        .order((sla_policies::name, sla_policies::id))
        .select((
            sla_policies::id,
            sla_policies::name,
            sla_policies::summary,
            sla_policies::version,
        ));
    let rows: Vec<(SlaPolicyId, String, String, i32)> = tx.load(rows)?;
    let promised = tx
        .rows(sla_targets::table)
        .order((sla_targets::sla_policy_id, sla_targets::seq))
        .select((
            sla_targets::sla_policy_id,
            sla_targets::metric,
            sla_targets::threshold,
            sla_targets::calendar,
            sla_targets::credit_bps,
        ));
    let mut targets: BTreeMap<SlaPolicyId, Vec<Target>> = BTreeMap::new();
    for row in tx.load(promised)? {
        let (policy, target) = target(row)?;
        targets.entry(policy).or_default().push(target);
    }
    let with_targets = |(id, name, summary, version)| Policy {
        targets: targets.remove(&id).unwrap_or_default(),
        id,
        name,
        summary,
        version,
    };
    Ok(rows.into_iter().map(with_targets).collect())
}

fn target(row: TargetRow) -> Result<(SlaPolicyId, Target)> {
    let (policy, metric, threshold, calendar, credit_bps) = row;
    let target = Target {
        metric: stored(&metric)?,
        threshold,
        calendar: stored(&calendar)?,
        credit: Rate::from_bps(credit_bps).map_err(Error::fault)?,
    };
    Ok((policy, target))
}

/// One policy.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn policy<S: Scope>(tx: &mut Tx<'_, S>, id: SlaPolicyId) -> Result<Policy>
where
    sla_policies::table: Visible<S>,
    sla_targets::table: Visible<S>,
{
    let all = policies(tx)?;
    let found = all.into_iter().find(|policy| policy.id == id);
    found.ok_or(Error::NotFound)
}

/// A new policy with its promises.
///
/// # Errors
/// Faults of the database.
pub fn insert(tx: &mut Tx<'_, VendorScope>, policy: &Policy) -> Result<()> {
    tx.insert(
        sla_policies::table,
        (
            sla_policies::id.eq(policy.id),
            sla_policies::name.eq(policy.name.clone()),
            sla_policies::summary.eq(policy.summary.clone()),
            sla_policies::version.eq(policy.version),
        ),
    )?;
    insert_targets(tx, policy)
}

fn insert_targets(tx: &mut Tx<'_, VendorScope>, policy: &Policy) -> Result<()> {
    for (seq, target) in (1..).zip(&policy.targets) {
        let id: SlaTargetId = tx.fresh_id();
        tx.insert(
            sla_targets::table,
            (
                sla_targets::id.eq(id),
                sla_targets::sla_policy_id.eq(policy.id),
                sla_targets::seq.eq(seq),
                sla_targets::metric.eq(target.metric.code()),
                sla_targets::threshold.eq(target.threshold),
                sla_targets::calendar.eq(target.calendar.code()),
                sla_targets::credit_bps.eq(target.credit.bps()),
            ),
        )?;
    }
    Ok(())
}

/// Writes a policy over its older self, if that still is at `policy.version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, policy: &Policy) -> Result<bool> {
    let row = tx
        .rows_of(sla_policies::table)
        .filter(sla_policies::id.eq(policy.id))
        .filter(sla_policies::version.eq(policy.version));
    let changed = tx.update(
        row,
        (
            to(sla_policies::name, policy.name.clone()),
            to(sla_policies::summary, policy.summary.clone()),
            to(sla_policies::version, policy.version + 1),
        ),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let old = tx
        .rows_of(sla_targets::table)
        .filter(sla_targets::sla_policy_id.eq(policy.id));
    tx.delete(old)?;
    insert_targets(tx, policy)?;
    Ok(true)
}
