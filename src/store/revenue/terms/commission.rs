//! What partners earn: plan versions and their clauses, tiers, enrolments.
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Found, Vendors};
use crate::{
    domain::{CommissionClause, commission::extras::PlanExtras},
    id::{CommissionClauseId, CommissionPlanVersionId, PartnerId, TierId},
    store::{
        incentivize::commission_plans::{ClauseRow, ExtrasRow},
        revenue::ASKED_AT_ONCE,
        schema::{
            commission_clauses, commission_enrollments, commission_plan_versions, commission_plans,
            partners, tier_assignments, tiers,
        },
    },
};

/// A commission plan version: its hold and its clauses.
#[derive(Debug, Clone)]
pub struct CommissionTerms {
    /// "Recurring 2026, version 3".
    pub label: String,
    /// Days from a payment to the day its commission is payable.
    pub hold_days: u32,
    /// What it pays beside its clauses.
    pub extras: PlanExtras,
    /// In order.
    pub clauses: Vec<(CommissionClauseId, CommissionClause)>,
}

/// Every commission plan version of the vendor; there are few.
///
/// # Errors
/// Faults of the database.
pub fn commission_terms(
    tx: Vendors<'_, '_>,
) -> Found<HashMap<CommissionPlanVersionId, CommissionTerms>> {
    type Row = (CommissionPlanVersionId, i32, i32, String, ExtrasRow);
    let rows = tx
        .joined(commission_plan_versions::table, commission_plans::table)
        .select((
            commission_plan_versions::id,
            commission_plan_versions::version_no,
            commission_plan_versions::hold_days,
            commission_plans::name,
            ExtrasRow::as_select(),
        ));
    let rows: Vec<Row> = tx.load(rows)?;
    let mut found: HashMap<CommissionPlanVersionId, CommissionTerms> = rows
        .into_iter()
        .map(|(id, version_no, hold_days, name, extras)| {
            let terms = CommissionTerms {
                label: format!("{name}, version {version_no}"),
                hold_days: u32::try_from(hold_days).unwrap_or_default(),
                extras: extras.read()?,
                clauses: Vec::new(),
            };
            Ok((id, terms))
        })
        .collect::<Found<_>>()?;
    for (version, id, clause) in clauses(tx)? {
        if let Some(terms) = found.get_mut(&version) {
            terms.clauses.push((id, clause));
        }
    }
    Ok(found)
}

type Clause = (
    CommissionPlanVersionId,
    CommissionClauseId,
    CommissionClause,
);

fn clauses(tx: Vendors<'_, '_>) -> Found<Vec<Clause>> {
    let rows = tx
        .rows(commission_clauses::table)
        .order((
            commission_clauses::commission_plan_version_id,
            commission_clauses::seq,
        ))
        .select(ClauseRow::as_select());
    let rows: Vec<ClauseRow> = tx.load(rows)?;
    rows.into_iter()
        .map(|row| Ok((row.commission_plan_version_id, row.id, row.read()?)))
        .collect()
}

/// The tiers that these partners were given, by the day each holds from, earliest first.
///
/// # Errors
/// Faults of the database.
pub fn tiers_given(
    tx: Vendors<'_, '_>,
    partners: &[PartnerId],
) -> Found<HashMap<PartnerId, Vec<(NaiveDate, TierId)>>> {
    let mut found: HashMap<PartnerId, Vec<(NaiveDate, TierId)>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(tier_assignments::table)
            .filter(tier_assignments::partner_id.eq_any(some.to_vec()))
            .order((
                tier_assignments::partner_id,
                tier_assignments::effective_from,
            ))
            .select((
                tier_assignments::partner_id,
                tier_assignments::effective_from,
                tier_assignments::tier_id,
            ));
        for (partner, from, tier) in tx.load::<(PartnerId, NaiveDate, TierId), _>(rows)? {
            found.entry(partner).or_default().push((from, tier));
        }
    }
    Ok(found)
}

/// The tiers' names.
///
/// # Errors
/// Faults of the database.
pub fn tier_names(tx: Vendors<'_, '_>) -> Found<HashMap<TierId, String>> {
    let rows = tx.rows(tiers::table).select((tiers::id, tiers::name));
    Ok(tx.load(rows)?.into_iter().collect())
}

/// The partners who are or were enrolled in one of these versions.
///
/// # Errors
/// Faults of the database.
pub fn partners_under(
    tx: Vendors<'_, '_>,
    versions: &[CommissionPlanVersionId],
) -> Found<Vec<PartnerId>> {
    let rows = tx
        .rows(commission_enrollments::table)
        .filter(commission_enrollments::commission_plan_version_id.eq_any(versions.to_vec()))
        .order(commission_enrollments::partner_id)
        .select(commission_enrollments::partner_id);
    let mut partners: Vec<PartnerId> = tx.load(rows)?;
    partners.dedup();
    Ok(partners)
}

/// The partners that have left the programme, each with the day.
///
/// # Errors
/// Faults of the database.
pub fn partners_left(tx: Vendors<'_, '_>) -> Found<HashMap<PartnerId, NaiveDate>> {
    let rows = tx
        .rows(partners::table)
        .filter(partners::left_on.is_not_null())
        .select((partners::id, partners::left_on));
    let rows: Vec<(PartnerId, Option<NaiveDate>)> = tx.load(rows)?;
    let left = rows.into_iter().filter_map(|(id, on)| Some((id, on?)));
    Ok(left.collect())
}

/// The commission plan versions that these partners were enrolled in, by the day each holds from,
/// earliest first.
///
/// # Errors
/// Faults of the database.
pub fn enrolments(
    tx: Vendors<'_, '_>,
    partners: &[PartnerId],
) -> Found<HashMap<PartnerId, Vec<(NaiveDate, CommissionPlanVersionId)>>> {
    let mut found: HashMap<PartnerId, Vec<_>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_enrollments::table)
            .filter(commission_enrollments::partner_id.eq_any(some.to_vec()))
            .order((
                commission_enrollments::partner_id,
                commission_enrollments::effective_from,
            ))
            .select((
                commission_enrollments::partner_id,
                commission_enrollments::effective_from,
                commission_enrollments::commission_plan_version_id,
            ));
        for (partner, from, version) in
            tx.load::<(PartnerId, NaiveDate, CommissionPlanVersionId), _>(rows)?
        {
            found.entry(partner).or_default().push((from, version));
        }
    }
    Ok(found)
}
