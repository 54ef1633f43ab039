//! Where entries stand: held, payable, on a statement, paid, or taken back.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{EntryRow, Row};
use crate::{
    Error, Result,
    domain::{
        Rate,
        accrual::{EntryFacts, EntryStatus},
    },
    id::{CommissionEntryId, InvoiceLineId, StatementId},
    store::{
        Tx,
        names::stored,
        registers::{Sees, by_ids, customer_names, money, month, named, partner_names},
        schema::{commission_entries, invoice_lines, payouts, statement_lines, statements},
    },
};

/// Where entries stand: on which statement, and what was taken back of them.
struct Standing {
    places: HashMap<CommissionEntryId, StatementId>,
    numbers: HashMap<StatementId, String>,
    paid: BTreeSet<StatementId>,
    taken: HashMap<CommissionEntryId, i64>,
}

impl Standing {
    fn of<S: Sees>(tx: &mut Tx<'_, S>, ids: Vec<CommissionEntryId>) -> Result<Self> {
        let places: Vec<(CommissionEntryId, StatementId)> =
            by_ids!(tx, ids.clone(), |some| S::lines(tx)
                .filter(statement_lines::commission_entry_id.eq_any(some))
                .select((
                    statement_lines::commission_entry_id,
                    statement_lines::statement_id
                )));
        let places: HashMap<_, _> = places.into_iter().collect();
        let numbers: Vec<(StatementId, String)> =
            by_ids!(tx, places.values().copied(), |some| S::statements(tx)
                .filter(statements::id.eq_any(some))
                .select((statements::id, statements::number)));
        let paid: Vec<StatementId> = by_ids!(tx, places.values().copied(), |some| S::payouts(tx)
            .filter(payouts::statement_id.eq_any(some))
            .filter(payouts::status.eq("paid"))
            .select(payouts::statement_id));
        Ok(Self {
            places,
            numbers: numbers.into_iter().collect(),
            paid: paid.into_iter().collect(),
            taken: taken_back_of(tx, ids)?,
        })
    }

    /// The closed statement an entry is on.
    fn statement(&self, id: CommissionEntryId) -> Option<(StatementId, String)> {
        let statement = self.places.get(&id)?;
        Some((*statement, self.numbers.get(statement)?.clone()))
    }

    fn status(&self, row: &Row, today: NaiveDate) -> EntryStatus {
        let statement = self.statement(row.id);
        let taken = self.taken.get(&row.id);
        let facts = EntryFacts {
            matures_on: row.matures_on,
            is_reversed: taken.is_some_and(|sum| sum + row.amount_minor == 0),
            is_paid: statement
                .as_ref()
                .is_some_and(|(id, _)| self.paid.contains(id)),
            is_stated: statement.is_some(),
        };
        facts.status(today)
    }
}

/// Gives entries their names, statement and status.
pub(super) fn dressed<S: Sees>(
    tx: &mut Tx<'_, S>,
    rows: Vec<Row>,
    today: NaiveDate,
) -> Result<Vec<EntryRow>> {
    let partners = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let customers = customer_names(tx, rows.iter().filter_map(|row| row.customer_id))?;
    let per_unit = per_unit_of(tx, &rows)?;
    let standing = Standing::of(tx, rows.iter().map(|row| row.id).collect())?;
    rows.into_iter()
        .map(|row| {
            Ok(EntryRow {
                partner_name: named(&partners, &row.partner_id),
                customer_name: match row.customer_id.and_then(|id| customers.get(&id)) {
                    Some(name) => name.clone(),
                    None => row.about.clone(),
                },
                is_own: row.customer_id.is_none_or(|id| customers.contains_key(&id)),
                part: row.part,
                status: standing.status(&row, today),
                statement: standing.statement(row.id),
                base: money(row.base_minor, &row.currency)?,
                amount: money(row.amount_minor, &row.currency)?,
                rate: Rate::from_bps(row.rate_bps).map_err(Error::fault)?,
                per_unit: row
                    .invoice_line_id
                    .and_then(|line| per_unit.get(&line))
                    .map(|minor| money(*minor, &row.currency))
                    .transpose()?,
                exact: row.exact,
                kind: stored(&row.kind)?,
                earned: month(row.earned_period)?,
                posted: month(row.posting_period)?,
                id: row.id,
                partner: row.partner_id,
                customer: row.customer_id,
                subscription: row.subscription_id,
                invoice: row.invoice_id,
                invoice_line: row.invoice_line_id,
                source_kind: row.source_kind,
                source_id: row.source_id,
                paid_on: row.paid_on,
                matures_on: row.matures_on,
                reverses: row.reverses_id,
                caps: row.caps_id,
                note: row.note,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// What the lines of these entries pay for each unit, where they do: none of them has a rate.
fn per_unit_of<S: Sees>(tx: &mut Tx<'_, S>, rows: &[Row]) -> Result<HashMap<InvoiceLineId, i64>> {
    let lines = rows.iter().filter(|row| row.rate_bps == 0);
    let lines = lines.filter_map(|row| row.invoice_line_id);
    let found: Vec<(InvoiceLineId, i64)> = by_ids!(tx, lines, |some| S::invoice_lines(tx)
        .filter(invoice_lines::id.eq_any(some))
        .filter(invoice_lines::unit_pay_minor.gt(0))
        .select((invoice_lines::id, invoice_lines::unit_pay_minor)));
    Ok(found.into_iter().collect())
}

/// What reversals have taken back of entries, in minor units.
fn taken_back_of<S: Sees>(
    tx: &mut Tx<'_, S>,
    ids: Vec<CommissionEntryId>,
) -> Result<HashMap<CommissionEntryId, i64>> {
    let rows: Vec<(Option<CommissionEntryId>, i64)> = by_ids!(tx, ids, |some| S::entries(tx)
        .filter(commission_entries::reverses_id.eq_any(some))
        .select((
            commission_entries::reverses_id,
            commission_entries::amount_minor
        )));
    let mut sums = HashMap::new();
    for (entry, minor) in rows {
        if let Some(entry) = entry {
            *sums.entry(entry).or_default() += minor;
        }
    }
    Ok(sums)
}
