//! Tiers, and which partner is in which from when.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    id::{PartnerId, TierAssignmentId, TierId},
    store::{
        Scope, Tx, VendorScope, Visible,
        schema::{tier_assignments, tiers},
        tx::to,
    },
};

/// A tier.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tiers)]
pub struct Tier {
    /// Which.
    pub id: TierId,
    /// What it is called.
    pub name: String,
    /// The higher the better; no two alike.
    pub rank: i32,
    /// Rises with every edit.
    pub version: i32,
}

/// Every tier, the highest first.
///
/// # Errors
/// Faults of the database.
pub fn tiers<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<Tier>>
where
    tiers::table: Visible<S>,
{
    let rows = tx
        .rows(tiers::table)
        .order(tiers::rank.desc())
        .select(Tier::as_select());
    tx.load(rows)
}

/// A new tier.
///
/// # Errors
/// Faults of the database.
pub fn insert(tx: &mut Tx<'_, VendorScope>, tier: &Tier) -> Result<()> {
    tx.insert(
        tiers::table,
        (
            tiers::id.eq(tier.id),
            tiers::name.eq(tier.name.clone()),
            tiers::rank.eq(tier.rank),
            tiers::version.eq(tier.version),
        ),
    )
}

/// Writes a tier over its older self, if that still is at `version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, tier: &Tier) -> Result<bool> {
    let row = tx
        .rows_of(tiers::table)
        .filter(tiers::id.eq(tier.id))
        .filter(tiers::version.eq(tier.version));
    let changed = tx.update(
        row,
        (
            to(tiers::name, tier.name.clone()),
            to(tiers::rank, tier.rank),
            to(tiers::version, tier.version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// A partner's tier from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tier_assignments)]
pub struct Assignment {
    /// Which.
    pub id: TierAssignmentId,
    /// Whose.
    #[diesel(column_name = partner_id)]
    pub partner: PartnerId,
    /// The tier.
    #[diesel(column_name = tier_id)]
    pub tier: TierId,
    /// The first day, in the vendor's zone.
    pub effective_from: NaiveDate,
}

/// A partner's tiers, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn assignments<S: Scope>(tx: &mut Tx<'_, S>, partner: PartnerId) -> Result<Vec<Assignment>>
where
    tier_assignments::table: Visible<S>,
{
    let rows = tx
        .rows(tier_assignments::table)
        .filter(tier_assignments::partner_id.eq(partner))
        .order(tier_assignments::effective_from.desc())
        .select(Assignment::as_select());
    tx.load(rows)
}

/// The tier of each of some partners on a day, for those that have one.
///
/// # Errors
/// Faults of the database.
pub fn on<S: Scope>(
    tx: &mut Tx<'_, S>,
    partners: &[PartnerId],
    day: NaiveDate,
) -> Result<Vec<(PartnerId, TierId)>>
where
    tier_assignments::table: Visible<S>,
{
    let rows = tx
        .rows(tier_assignments::table)
        .filter(tier_assignments::partner_id.eq_any(partners.to_vec()))
        .filter(tier_assignments::effective_from.le(day))
        .order((
            tier_assignments::partner_id,
            tier_assignments::effective_from.desc(),
        ))
        .select((tier_assignments::partner_id, tier_assignments::tier_id));
    let mut rows: Vec<(PartnerId, TierId)> = tx.load(rows)?;
    rows.dedup_by_key(|(partner, _)| *partner);
    Ok(rows)
}

/// The partners in a tier on a day.
///
/// # Errors
/// Faults of the database.
pub fn members(
    tx: &mut Tx<'_, VendorScope>,
    tier: TierId,
    day: NaiveDate,
) -> Result<Vec<PartnerId>> {
    let rows = tx
        .rows(tier_assignments::table)
        .filter(tier_assignments::effective_from.le(day))
        .order((
            tier_assignments::partner_id,
            tier_assignments::effective_from.desc(),
        ))
        .select((tier_assignments::partner_id, tier_assignments::tier_id));
    let mut rows: Vec<(PartnerId, TierId)> = tx.load(rows)?;
    rows.dedup_by_key(|(partner, _)| *partner);
    let of_tier = rows.into_iter().filter(|(_, held)| *held == tier);
    Ok(of_tier.map(|(partner, _)| partner).collect())
}

/// Puts a partner in a tier from a date on; an assignment of that very date is replaced.
///
/// # Errors
/// Faults of the database.
pub fn assign(tx: &mut Tx<'_, VendorScope>, new: &Assignment) -> Result<()> {
    let same_day = tx
        .rows_of(tier_assignments::table)
        .filter(tier_assignments::partner_id.eq(new.partner))
        .filter(tier_assignments::effective_from.eq(new.effective_from));
    tx.delete(same_day)?;
    tx.insert(
        tier_assignments::table,
        (
            tier_assignments::id.eq(new.id),
            tier_assignments::partner_id.eq(new.partner),
            tier_assignments::tier_id.eq(new.tier),
            tier_assignments::effective_from.eq(new.effective_from),
        ),
    )
}
