//! Service level policies and what each promises.
use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Rate, SlaCalendar, SlaMetric, TicketSeverity, sla::Terms},
    error::Error,
    id::{SlaHolidayId, SlaPolicyId, SlaTargetId},
    store::{
        Scope, Tx, VendorScope, Visible,
        names::stored,
        schema::{sla_holidays, sla_policies, sla_targets},
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
    /// The share of a month's price given back when it is missed.
    pub credit: Rate,
    /// The share of tickets that has to be in time; all there is for availability.
    pub share: Rate,
    /// The tickets that are meant; `None` for all of them, and for availability.
    pub severity: Option<TicketSeverity>,
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
    /// By what calendar it measures, and its limits.
    pub terms: Terms,
    /// What it promises, in order.
    pub targets: Vec<Target>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sla_policies)]
struct Row {
    id: SlaPolicyId,
    name: String,
    summary: String,
    version: i32,
    zone: String,
    opens_minute: i32,
    closes_minute: i32,
    notice_minutes: i32,
    maintenance_cap_minutes: Option<i32>,
    credit_cap_bps: i32,
    claim_days: Option<i32>,
    liability: String,
    partner_share_bps: i32,
}

impl Row {
    fn read(self) -> Result<Policy> {
        let zone = Some(self.zone).filter(|zone| !zone.is_empty());
        Ok(Policy {
            id: self.id,
            name: self.name,
            summary: self.summary,
            version: self.version,
            terms: Terms {
                zone: zone.map(|zone| stored(&zone)).transpose()?,
                opens_minute: self.opens_minute,
                closes_minute: self.closes_minute,
                notice_minutes: self.notice_minutes,
                maintenance_cap_minutes: self.maintenance_cap_minutes,
                credit_cap: Rate::from_bps(self.credit_cap_bps).map_err(Error::fault)?,
                claim_days: self.claim_days,
                liability: stored(&self.liability)?,
                partner_share: Rate::from_bps(self.partner_share_bps).map_err(Error::fault)?,
                ..Terms::default()
            },
            targets: Vec::new(),
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sla_targets)]
struct TargetRow {
    sla_policy_id: SlaPolicyId,
    metric: String,
    threshold: i64,
    calendar: String,
    credit_bps: i32,
    share_bps: i32,
    severity: String,
}

impl TargetRow {
    fn read(self) -> Result<(SlaPolicyId, Target)> {
        let rate = |bps| Rate::from_bps(bps).map_err(Error::fault);
        let severity = Some(self.severity).filter(|code| !code.is_empty());
        let target = Target {
            metric: stored(&self.metric)?,
            threshold: self.threshold,
            calendar: stored(&self.calendar)?,
            credit: rate(self.credit_bps)?,
            share: rate(self.share_bps)?,
            severity: severity.map(|code| stored(&code)).transpose()?,
        };
        Ok((self.sla_policy_id, target))
    }
}

/// Every policy of the vendor, by name.
///
/// # Errors
/// Faults of the database.
pub fn policies<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<Policy>>
where
    sla_policies::table: Visible<S>,
    sla_targets::table: Visible<S>,
    sla_holidays::table: Visible<S>,
{
    let rows = tx
        .rows(sla_policies::table)
        .order((sla_policies::name, sla_policies::id))
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let promised = tx
        .rows(sla_targets::table)
        .order((sla_targets::sla_policy_id, sla_targets::seq))
        .select(TargetRow::as_select());
    let mut targets: BTreeMap<SlaPolicyId, Vec<Target>> = BTreeMap::new();
    for row in tx.load::<TargetRow, _>(promised)? {
        let (policy, target) = row.read()?;
        targets.entry(policy).or_default().push(target);
    }
    let off = tx
        .rows(sla_holidays::table)
        .select((sla_holidays::sla_policy_id, sla_holidays::day));
    let off: Vec<(SlaPolicyId, NaiveDate)> = tx.load(off)?;
    rows.into_iter()
        .map(|row| {
            let mut policy = row.read()?;
            policy.targets = targets.remove(&policy.id).unwrap_or_default();
            let own = off.iter().filter(|(of, _)| *of == policy.id);
            policy.terms.holidays = own.map(|(_, day)| *day).collect();
            Ok(policy)
        })
        .collect()
}

/// One policy.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn policy<S: Scope>(tx: &mut Tx<'_, S>, id: SlaPolicyId) -> Result<Policy>
where
    sla_policies::table: Visible<S>,
    sla_targets::table: Visible<S>,
    sla_holidays::table: Visible<S>,
{
    let all = policies(tx)?;
    let found = all.into_iter().find(|policy| policy.id == id);
    found.ok_or(Error::NotFound)
}

/// How a policy's zone is kept.
fn zone_of(policy: &Policy) -> String {
    let zone = policy.terms.zone;
    zone.map_or(String::new(), |zone| zone.as_str().to_owned())
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
            sla_policies::zone.eq(zone_of(policy)),
            sla_policies::opens_minute.eq(policy.terms.opens_minute),
            sla_policies::closes_minute.eq(policy.terms.closes_minute),
            sla_policies::notice_minutes.eq(policy.terms.notice_minutes),
            sla_policies::maintenance_cap_minutes.eq(policy.terms.maintenance_cap_minutes),
            sla_policies::credit_cap_bps.eq(policy.terms.credit_cap.bps()),
            sla_policies::claim_days.eq(policy.terms.claim_days),
            sla_policies::liability.eq(policy.terms.liability.code()),
            sla_policies::partner_share_bps.eq(policy.terms.partner_share.bps()),
        ),
    )?;
    insert_parts(tx, policy)
}

fn insert_parts(tx: &mut Tx<'_, VendorScope>, policy: &Policy) -> Result<()> {
    for day in &policy.terms.holidays {
        let id: SlaHolidayId = tx.fresh_id();
        tx.insert(
            sla_holidays::table,
            (
                sla_holidays::id.eq(id),
                sla_holidays::sla_policy_id.eq(policy.id),
                sla_holidays::day.eq(*day),
            ),
        )?;
    }
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
                sla_targets::share_bps.eq(target.share.bps()),
                sla_targets::severity.eq(target.severity.map_or("", TicketSeverity::code)),
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
            to(sla_policies::zone, zone_of(policy)),
            to(sla_policies::opens_minute, policy.terms.opens_minute),
            to(sla_policies::closes_minute, policy.terms.closes_minute),
            to(sla_policies::notice_minutes, policy.terms.notice_minutes),
            to(
                sla_policies::maintenance_cap_minutes,
                policy.terms.maintenance_cap_minutes,
            ),
            to(sla_policies::credit_cap_bps, policy.terms.credit_cap.bps()),
            to(sla_policies::claim_days, policy.terms.claim_days),
            to(sla_policies::liability, policy.terms.liability.code()),
            to(
                sla_policies::partner_share_bps,
                policy.terms.partner_share.bps(),
            ),
        ),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    let old = tx
        .rows_of(sla_targets::table)
        .filter(sla_targets::sla_policy_id.eq(policy.id));
    tx.delete(old)?;
    let old = tx
        .rows_of(sla_holidays::table)
        .filter(sla_holidays::sla_policy_id.eq(policy.id));
    tx.delete(old)?;
    insert_parts(tx, policy)?;
    Ok(true)
}
