//! The terms an entry follows, for those who may see plans.
use diesel::prelude::*;

use crate::{
    Result,
    domain::commission::{Names, sentence},
    id::{CommissionEntryId, OfferingId, TierId},
    store::{
        Tx, VendorScope,
        incentivize::commission_plans::ClauseRow,
        schema::{
            commission_clauses, commission_entries, commission_plan_versions, commission_plans,
            offerings, tiers,
        },
    },
};

/// The terms an entry follows: plan, version and clause, all that partners do not see of plans.
#[derive(Debug, Clone)]
pub struct EntryTerms {
    /// The commission plan's name.
    pub plan: String,
    /// The number of its version.
    pub version_no: i32,
    /// The clause's place in it.
    pub clause_no: i32,
    /// The clause in words.
    pub clause: String,
    /// Days from payment until it is payable.
    pub hold_days: i32,
}

/// The terms of an entry.
///
/// # Errors
/// [`Error::NotFound`] for an entry there is not.
pub fn terms(tx: &mut Tx<'_, VendorScope>, id: CommissionEntryId) -> Result<EntryTerms> {
    let clause = tx
        .rows(commission_entries::table)
        .filter(commission_entries::id.eq(id))
        .select(commission_entries::commission_clause_id);
    let clause: crate::id::CommissionClauseId = tx.one(clause)?;
    let clause = tx
        .rows(commission_clauses::table)
        .filter(commission_clauses::id.eq(clause))
        .select(ClauseRow::as_select());
    let clause: ClauseRow = tx.one(clause)?;
    let version = clause.commission_plan_version_id;
    let clause = clause.read()?;
    let tier = match clause.tier {
        Some(id) => tx.first(
            tx.rows(tiers::table)
                .filter(tiers::id.eq(TierId::of(id)))
                .select(tiers::name),
        )?,
        None => None,
    };
    let offering: Option<String> = match clause.offering {
        Some(id) => tx.first(
            tx.rows(offerings::table)
                .filter(offerings::id.eq(OfferingId::of(id)))
                .select(offerings::name),
        )?,
        None => None,
    };
    let tier: Option<String> = tier;
    let version = tx
        .joined(commission_plan_versions::table, commission_plans::table)
        .filter(commission_plan_versions::id.eq(version))
        .select((
            commission_plans::name,
            commission_plan_versions::version_no,
            commission_plan_versions::hold_days,
        ));
    let (plan, version_no, hold_days): (String, i32, i32) = tx.one(version)?;
    Ok(EntryTerms {
        plan,
        version_no,
        clause_no: clause.seq,
        clause: sentence(
            &clause,
            Names {
                tier: tier.as_deref(),
                offering: offering.as_deref(),
            },
        ),
        hold_days,
    })
}
