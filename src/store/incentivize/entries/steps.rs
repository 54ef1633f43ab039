//! Entries that volume steps count.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use diesel::{dsl::exists, prelude::*};

use super::Entry;
use crate::{
    Result,
    domain::{Period, commission::EntryKind},
    id::{CommissionClauseId, InvoiceLineId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::distributors,
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, invoice_lines},
    },
};

/// What steps brought, by clause, partner, seller where it is a distributor's share, and its number
/// among those.
pub type StepsOf = (CommissionClauseId, PartnerId, Option<PartnerId>, i32);

/// An entry that steps count.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Whose steps: who sold what it follows.
    pub seller: PartnerId,
    /// The seller's, or a distributor's part out of that.
    pub entry: Entry,
}

/// What was earned and reversed under these clauses, as posted in a month, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses(
    tx: &mut Tx<'_, VendorScope>,
    clauses: &[CommissionClauseId],
    month: Period,
) -> Result<Vec<Counted>> {
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::posting_period.eq(month.key()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::invoice_line_id.is_not_null())
        .filter(commission_entries::part.not_like("on_revenue%"))
        .order(commission_entries::id)
        .select(Entry::as_select());
    let all = tx.load(rows)?;
    counted(tx, all)
}

/// The same of some sellers, as posted from a month on and before another.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_between(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, sellers): (&[CommissionClauseId], &[PartnerId]),
    (from, before): (Period, Period),
) -> Result<Vec<Counted>> {
    posted(tx, (clauses, sellers), from.key()..before.key())
}

/// The same of months by their keys, from one on and before another.
fn posted(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, sellers): (&[CommissionClauseId], &[PartnerId]),
    months: Range<i32>,
) -> Result<Vec<Counted>> {
    let mut found = Vec::new();
    for some in sellers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.ge(months.start))
            .filter(commission_entries::posting_period.lt(months.end))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::invoice_line_id.is_not_null())
            .filter(commission_entries::part.not_like("on_revenue%"))
            .filter(commission_entries::part.not_like("carved_out%"))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
        found.extend(carved(tx, (clauses, some), months.clone())?);
    }
    // What goes back comes after what it goes back of.
    found.sort_by_key(|entry| entry.id);
    counted(tx, found)
}

/// What distributors got out of that. Asks for no entries where no distributor has anything out of
/// these sellers' commission.
fn carved(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, sellers): (&[CommissionClauseId], &[PartnerId]),
    months: Range<i32>,
) -> Result<Vec<Entry>> {
    let links = distributors::of(tx, sellers)?.into_values().flatten();
    let carving = links.filter(|link| link.carved_out);
    let above: BTreeSet<PartnerId> = carving.filter_map(|link| link.distributor_id).collect();
    if above.is_empty() {
        return Ok(Vec::new());
    }
    let sold = invoice_lines::table
        .filter(invoice_lines::tenant_id.eq(commission_entries::tenant_id))
        .filter(
            invoice_lines::id
                .nullable()
                .eq(commission_entries::invoice_line_id),
        )
        .filter(invoice_lines::partner_id.eq_any(sellers.to_vec()));
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::partner_id.eq_any(Vec::from_iter(above)))
        .filter(commission_entries::posting_period.ge(months.start))
        .filter(commission_entries::posting_period.lt(months.end))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::part.like("carved_out%"))
        .filter(exists(sold))
        .order(commission_entries::id)
        .select(Entry::as_select());
    tx.load(rows)
}

/// With each entry who sold what it follows.
fn counted(tx: &mut Tx<'_, VendorScope>, all: Vec<Entry>) -> Result<Vec<Counted>> {
    let carved = all.iter().filter(|entry| entry.part.is_override());
    let lines: BTreeSet<InvoiceLineId> = carved.filter_map(|one| one.invoice_line_id).collect();
    let mut sellers: HashMap<InvoiceLineId, PartnerId> = HashMap::new();
    for some in Vec::from_iter(lines).chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::id.eq_any(some.to_vec()))
            .select((invoice_lines::id, invoice_lines::partner_id));
        sellers.extend(tx.load::<(InvoiceLineId, PartnerId), _>(rows)?);
    }
    let counted = all.into_iter().map(|entry| Counted {
        seller: entry.seller(|line| sellers.get(&line).copied()),
        entry,
    });
    Ok(counted.collect())
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

/// The same of some sellers, as posted before a month.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_before(
    tx: &mut Tx<'_, VendorScope>,
    whose: (&[CommissionClauseId], &[PartnerId]),
    month: Period,
) -> Result<Vec<Counted>> {
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
