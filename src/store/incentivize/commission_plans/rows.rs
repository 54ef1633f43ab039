//! Versions and clauses as they are stored.
use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::CommissionPlanVersion;
use crate::{
    Result,
    domain::{
        CommissionClause, Currency, Money, Rate,
        commission::{
            clawback::{ClawbackMode, ClawbackTerms},
            extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
            volume::Volume,
        },
    },
    error::Error,
    id::{CommissionClauseId, CommissionPlanId, CommissionPlanVersionId, Id, OfferingId, TierId},
    store::{
        Tx, VendorScope,
        names::stored,
        schema::{commission_clauses, commission_plan_versions},
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = commission_plan_versions)]
pub(super) struct Row {
    id: CommissionPlanVersionId,
    commission_plan_id: CommissionPlanId,
    version_no: i32,
    status: String,
    effective_from: NaiveDate,
    hold_days: i32,
    published_at: Option<NaiveDateTime>,
    version: i32,
    outcome: String,
    #[diesel(embed)]
    extras: ExtrasRow,
}

/// What a version pays beside its clauses, as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = commission_plan_versions)]
pub(in crate::store) struct ExtrasRow {
    renewal_bps: i32,
    renewal_kept_bps: i32,
    guarantee_minor: Option<i64>,
    guarantee_months: Option<i32>,
    guarantee_currency: Option<String>,
    renewal_clawback_days: i32,
    renewal_clawback_mode: String,
}

impl ExtrasRow {
    pub(in crate::store) fn read(&self) -> Result<PlanExtras> {
        let currency: Option<Currency> =
            self.guarantee_currency.as_deref().map(stored).transpose()?;
        let many = |number: i32| u32::try_from(number).unwrap_or_default();
        let guarantee = self
            .guarantee_minor
            .zip(self.guarantee_months)
            .zip(currency);
        let renewal = RenewalTerms {
            rate: Rate::from_bps(self.renewal_bps).map_err(Error::fault)?,
            kept_bps: many(self.renewal_kept_bps),
            clawback: clawback(self.renewal_clawback_days, &self.renewal_clawback_mode)?,
        };
        Ok(PlanExtras {
            renewal: (self.renewal_bps > 0).then_some(renewal),
            guarantee: guarantee.map(|((minor, months), currency)| GuaranteeTerms {
                amount: Money::new(minor, currency),
                months: many(months),
            }),
        })
    }
}

fn clawback(days: i32, mode: &str) -> Result<Option<ClawbackTerms>> {
    Ok(ClawbackTerms::of(days, stored(mode)?))
}

/// As it is stored: days, none for never, and the mode.
pub(super) fn stored_clawback(of: Option<ClawbackTerms>) -> Result<(i32, &'static str)> {
    let days = of.map_or(Ok(0), |terms| i32::try_from(terms.days));
    let mode = of.map_or(ClawbackMode::Linear, |terms| terms.mode);
    Ok((days.map_err(Error::fault)?, mode.code()))
}

impl Row {
    fn read(self, clauses: Vec<CommissionClause>) -> Result<CommissionPlanVersion> {
        Ok(CommissionPlanVersion {
            id: self.id,
            plan: self.commission_plan_id,
            version_no: self.version_no,
            status: stored(&self.status)?,
            effective_from: self.effective_from,
            hold_days: self.hold_days,
            published_at: self.published_at,
            version: self.version,
            outcome: self.outcome,
            extras: self.extras.read()?,
            clauses,
        })
    }
}

/// A clause as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = commission_clauses)]
pub(in crate::store) struct ClauseRow {
    pub id: CommissionClauseId,
    pub commission_plan_version_id: CommissionPlanVersionId,
    seq: i32,
    phase: Option<String>,
    tier_id: Option<TierId>,
    offering_id: Option<OfferingId>,
    rate_bps: i32,
    unit_minor: Option<i64>,
    months: Option<i32>,
    cap_minor: Option<i64>,
    currency: Option<String>,
    volume: Option<String>,
    volume_span: String,
    volume_given_back: String,
    clawback_days: i32,
    clawback_mode: String,
    uplift_bps: i32,
}

impl ClauseRow {
    pub(in crate::store) fn read(&self) -> Result<CommissionClause> {
        let currency: Option<Currency> = self.currency.as_deref().map(stored).transpose()?;
        let money = |minor: Option<i64>| {
            let parts = minor.zip(currency);
            parts.map(|(minor, currency)| Money::new(minor, currency))
        };
        let months = self.months.map(u32::try_from).transpose();
        let rate = Rate::from_bps(self.rate_bps).map_err(Error::fault)?;
        let volume = self.volume.as_deref().zip(currency);
        let volume = volume.map(|(code, currency)| Volume::of_code(code, currency, rate));
        let volume = volume.transpose().map_err(Error::fault)?;
        let (span, given_back) = (stored(&self.volume_span)?, stored(&self.volume_given_back)?);
        Ok(CommissionClause {
            seq: self.seq,
            phase: self.phase.as_deref().map(stored).transpose()?,
            tier: self.tier_id.map(Id::number),
            offering: self.offering_id.map(Id::number),
            rate,
            per_unit: money(self.unit_minor),
            months: months.map_err(Error::fault)?,
            cap: money(self.cap_minor),
            volume: volume.map(|volume| volume.over(span, given_back)),
            clawback: clawback(self.clawback_days, &self.clawback_mode)?,
            uplift: Rate::from_bps(self.uplift_bps).map_err(Error::fault)?,
        })
    }
}

pub(super) fn with_clauses(
    tx: &mut Tx<'_, VendorScope>,
    rows: Vec<Row>,
) -> Result<Vec<CommissionPlanVersion>> {
    let ids: Vec<CommissionPlanVersionId> = rows.iter().map(|row| row.id).collect();
    let clauses = tx
        .rows(commission_clauses::table)
        .filter(commission_clauses::commission_plan_version_id.eq_any(ids))
        .order((
            commission_clauses::commission_plan_version_id,
            commission_clauses::seq,
        ))
        .select(ClauseRow::as_select());
    let mut said: BTreeMap<CommissionPlanVersionId, Vec<CommissionClause>> = BTreeMap::new();
    for row in tx.load::<ClauseRow, _>(clauses)? {
        let clauses = said.entry(row.commission_plan_version_id).or_default();
        clauses.push(row.read()?);
    }
    rows.into_iter()
        .map(|row| {
            let clauses = said.remove(&row.id).unwrap_or_default();
            row.read(clauses)
        })
        .collect()
}
