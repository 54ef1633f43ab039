//! Entries that volume steps count.

use std::ops::Range;

use diesel::prelude::*;

use super::Entry;
use crate::{
    Result,
    domain::{Period, commission::EntryKind},
    id::{CommissionClauseId, PartnerId},
    store::{Tx, VendorScope, revenue::ASKED_AT_ONCE, schema::commission_entries},
};

/// What steps brought, by clause, partner and the month that closed.
pub type StepsOf = (CommissionClauseId, PartnerId, Period);

/// What was earned and reversed under these clauses, as posted in a month, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses(
    tx: &mut Tx<'_, VendorScope>,
    clauses: &[CommissionClauseId],
    month: Period,
) -> Result<Vec<Entry>> {
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::posting_period.eq(month.key()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::invoice_line_id.is_not_null())
        .order(commission_entries::id)
        .select(Entry::as_select());
    tx.load(rows)
}

/// The same of some partners, as posted from a month on and before another.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_between(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
    (from, before): (Period, Period),
) -> Result<Vec<Entry>> {
    posted(tx, (clauses, partners), from.key()..before.key())
}

/// The same of months by their keys, from one on and before another.
fn posted(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
    months: Range<i32>,
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.ge(months.start))
            .filter(commission_entries::posting_period.lt(months.end))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::invoice_line_id.is_not_null())
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// Who has any of them, as posted from a month on and before another.
///
/// # Errors
/// Faults of the database.
pub fn partners_of_clauses(
    tx: &mut Tx<'_, VendorScope>,
    clauses: &[CommissionClauseId],
    (from, before): (Period, Period),
) -> Result<Vec<PartnerId>> {
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::posting_period.ge(from.key()))
        .filter(commission_entries::posting_period.lt(before.key()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::invoice_line_id.is_not_null())
        .group_by(commission_entries::partner_id)
        .select(commission_entries::partner_id);
    tx.load(rows)
}

/// The same of some partners, as posted before a month.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_before(
    tx: &mut Tx<'_, VendorScope>,
    whose: (&[CommissionClauseId], &[PartnerId]),
    month: Period,
) -> Result<Vec<Entry>> {
    posted(tx, whose, 0..month.key())
}

/// What the steps of these clauses brought some partners, and took off, as months were closed:
/// without what was taken back of that later. Oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_steps(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Volume.code()))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::earned_period.eq(commission_entries::posting_period))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}
