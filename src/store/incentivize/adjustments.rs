//! What finance proposes to give or take by hand, and what was decided.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{AdjustmentReason, AdjustmentStatus, Currency, Money, Period},
    id::{AdjustmentId, PartnerId, UserId},
    store::{
        Tx, VendorScope,
        columns::{Coded, Month},
        schema::adjustments,
        tx::to,
    },
};

/// An adjustment. Its amount is in minor units, positive for the partner.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = adjustments, treat_none_as_default_value = false)]
pub struct Adjustment {
    /// Which.
    pub id: AdjustmentId,
    /// Whose.
    pub partner_id: PartnerId,
    /// The month it is posted in.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// What it comes to; never nothing.
    pub amount_minor: i64,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// Why.
    #[diesel(serialize_as = Coded<AdjustmentReason>, deserialize_as = Coded<AdjustmentReason>)]
    pub reason: AdjustmentReason,
    /// What the partner reads.
    pub memo: String,
    /// How far it has come.
    #[diesel(serialize_as = Coded<AdjustmentStatus>, deserialize_as = Coded<AdjustmentStatus>)]
    pub status: AdjustmentStatus,
    /// Who proposed it.
    pub proposed_by: UserId,
    /// Their name then.
    pub proposer: String,
    /// When, UTC.
    pub proposed_at: NaiveDateTime,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// Their name then; empty while nobody has.
    pub decider: String,
    /// When, UTC.
    pub decided_at: Option<NaiveDateTime>,
    /// Why it was declined; may be empty.
    pub answer: String,
}

impl Adjustment {
    /// What it comes to.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// Adds one.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Adjustment) -> Result<()> {
    tx.insert(adjustments::table, new)
}

/// One of them.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: AdjustmentId) -> Result<Adjustment> {
    let row = tx
        .rows(adjustments::table)
        .filter(adjustments::id.eq(id))
        .select(Adjustment::as_select());
    tx.one(row)
}

/// Those that have come so far, the newest first, at most so many; of one partner, or of all.
///
/// # Errors
/// Faults of the database.
pub fn newest(
    tx: &mut Tx<'_, VendorScope>,
    status: AdjustmentStatus,
    of: Option<PartnerId>,
    limit: i64,
) -> Result<Vec<Adjustment>> {
    let mut rows = tx
        .rows(adjustments::table)
        .filter(adjustments::status.eq(status.code()));
    if let Some(partner) = of {
        rows = rows.filter(adjustments::partner_id.eq(partner));
    }
    let rows = rows
        .order(adjustments::id.desc())
        .limit(limit)
        .select(Adjustment::as_select());
    tx.load(rows)
}

/// Writes down what was decided on one that still waits; says whether it did.
///
/// # Errors
/// Faults of the database.
pub fn decide(tx: &mut Tx<'_, VendorScope>, decided: &Adjustment) -> Result<bool> {
    let row = tx
        .rows_of(adjustments::table)
        .filter(adjustments::id.eq(decided.id))
        .filter(adjustments::status.eq(AdjustmentStatus::Proposed.code()));
    let changed = tx.update(
        row,
        (
            to(adjustments::status, decided.status.code()),
            to(adjustments::decided_by, decided.decided_by),
            to(adjustments::decider, decided.decider.clone()),
            to(adjustments::decided_at, decided.decided_at),
            to(adjustments::answer, decided.answer.clone()),
        ),
    )?;
    Ok(changed == 1)
}
