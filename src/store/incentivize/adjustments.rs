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
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        registers::Rows,
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

fn asked(
    tx: &Tx<'_, VendorScope>,
    status: Option<AdjustmentStatus>,
) -> Rows<VendorScope, adjustments::table> {
    let rows = tx.rows(adjustments::table);
    match status {
        Some(status) => rows.filter(adjustments::status.eq(status.code())),
        None => rows,
    }
}

/// A page of them, the newest first; of one status, or of all.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    status: Option<AdjustmentStatus>,
    from: Option<&Cursor>,
) -> Result<Page<Adjustment>> {
    let rows = newest_first!(asked(tx, status), from, adjustments::id);
    let rows = rows.limit(FETCH).select(Adjustment::as_select());
    let place = |row: &Adjustment| (String::new(), row.id.number());
    Ok(Page::of(tx.load(rows)?, from, PAGE, place))
}

/// How many there are.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, status: Option<AdjustmentStatus>) -> Result<Count> {
    let ids = asked(tx, status)
        .limit(COUNT_CAP + 1)
        .select(adjustments::id);
    let ids: Vec<AdjustmentId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// How many of a month wait for a decision.
///
/// # Errors
/// Faults of the database.
pub fn waiting_in(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<usize> {
    let rows = asked(tx, Some(AdjustmentStatus::Proposed))
        .filter(adjustments::month.eq(month.key()))
        .select(adjustments::id);
    Ok(tx.load::<AdjustmentId, _>(rows)?.len())
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
