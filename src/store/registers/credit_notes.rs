//! Credit notes: what was given back of invoices, why, and where the money went.
use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::{
    Rows, Sees, Where, by_ids, customer_names, invoices::CreditNoteRow, ledger::limit_of, money,
    named, of_customer, partner_names, whose,
};
use crate::{
    Result,
    domain::{Money, Period},
    id::{CreditNoteId, CustomerId, InvoiceId, PartnerId},
    store::{
        Tx,
        names::{anywhere, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{credit_note_lines, credit_notes, customers, invoices, partners},
    },
};

/// What credit notes to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct NoteFilter {
    /// A customer's name, in part.
    pub customer: String,
    /// A partner's name, in part.
    pub partner: String,
    /// The month they were issued in.
    pub month: Option<Period>,
}

/// A credit note in a list.
#[derive(Debug, Clone)]
pub struct NoteRow {
    /// What it is; its amount is that of the whole note, with tax.
    pub note: CreditNoteRow,
    /// Before tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// Whose customer it is to.
    pub partner_name: String,
    /// To whom.
    pub customer_name: String,
    /// Who was billed in the customer's place; empty for nobody.
    pub payer: String,
    /// The invoices that it takes something off, and their numbers.
    pub invoices: Vec<(InvoiceId, String)>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = credit_notes)]
struct Row {
    id: CreditNoteId,
    partner_id: PartnerId,
    customer_id: CustomerId,
    number: String,
    issued_on: chrono::NaiveDate,
    currency: String,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    reduces_due_minor: i64,
    customer_credit_minor: i64,
    refunded_minor: i64,
    reason: String,
    reason_code: String,
    commission_rule: String,
}

/// An invoice that a note takes something off: its number, who is billed, who buys from it.
type Of = (InvoiceId, (String, String, String));

fn asked<S: Sees>(tx: &Tx<'_, S>, filter: &NoteFilter) -> Rows<S, credit_notes::table> {
    let mut rows = S::credit_notes(tx);
    if let Some(search) = typed(&filter.customer) {
        rows = rows.filter(of_customer!(credit_notes, tx, search));
    }
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(credit_notes, partner, search));
    }
    match filter.month {
        None => rows,
        Some(month) => rows
            .filter(credit_notes::issued_on.ge(month.first_day()))
            .filter(credit_notes::issued_on.lt(month.end())),
    }
}

/// A page of credit notes, newest first.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &NoteFilter,
    from: Option<&Cursor>,
) -> Result<Page<NoteRow>> {
    let rows = newest_first!(asked(tx, filter), from, credit_notes::id)
        .limit(limit_of(PAGE))
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let page = Page::of(rows, from, PAGE, |row| (String::new(), row.id.number()));
    Ok(Page {
        rows: dressed(tx, page.rows)?,
        previous: page.previous,
        next: page.next,
    })
}

/// How many credit notes a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(tx: &mut Tx<'_, S>, filter: &NoteFilter) -> Result<Count> {
    let rows = asked(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(credit_notes::id);
    let rows: Vec<CreditNoteId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Every credit note a filter leaves, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all<S: Sees>(tx: &mut Tx<'_, S>, filter: &NoteFilter) -> Result<Vec<NoteRow>> {
    let rows = asked(tx, filter)
        .order(credit_notes::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

/// Which invoices each of these notes takes something off, in their order.
fn touched<S: Sees>(
    tx: &mut Tx<'_, S>,
    notes: &[Row],
) -> Result<HashMap<CreditNoteId, BTreeSet<InvoiceId>>> {
    let lines: Vec<(CreditNoteId, InvoiceId)> =
        by_ids!(tx, notes.iter().map(|note| note.id), |some| {
            S::credit_note_lines(tx)
                .filter(credit_note_lines::credit_note_id.eq_any(some))
                .select((
                    credit_note_lines::credit_note_id,
                    credit_note_lines::invoice_id,
                ))
        });
    let mut touched: HashMap<CreditNoteId, BTreeSet<InvoiceId>> = HashMap::new();
    for (note, invoice) in lines {
        touched.entry(note).or_default().insert(invoice);
    }
    Ok(touched)
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<NoteRow>> {
    let partners = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let customers = customer_names(tx, rows.iter().map(|row| row.customer_id))?;
    let touched = touched(tx, &rows)?;
    let of: Vec<Of> = by_ids!(tx, touched.values().flatten().copied(), |some| {
        S::invoices(tx).filter(invoices::id.eq_any(some)).select((
            invoices::id,
            (invoices::number, invoices::payer_name, invoices::resold_by),
        ))
    });
    let of: HashMap<InvoiceId, (String, String, String)> = of.into_iter().collect();
    let dress = |row: Row| {
        let its = touched.get(&row.id).into_iter().flatten();
        let its: Vec<(&InvoiceId, &(String, String, String))> =
            its.filter_map(|id| of.get_key_value(id)).collect();
        let payer = its.first().map_or("", |(_, (_, payer, _))| payer);
        let resold_by = its.first().map_or("", |(_, (_, _, name))| name);
        let amount = |minor| money(minor, &row.currency);
        Ok(NoteRow {
            partner_name: named(&partners, &row.partner_id),
            customer_name: match customers.get(&row.customer_id) {
                Some(name) => name.clone(),
                None => format!("A customer of {resold_by}"),
            },
            payer: payer.to_owned(),
            invoices: its
                .iter()
                .map(|(id, (number, ..))| (**id, number.clone()))
                .collect(),
            net: amount(row.net_minor)?,
            tax: amount(row.tax_minor)?,
            note: CreditNoteRow {
                id: row.id,
                number: row.number,
                issued_on: row.issued_on,
                amount: amount(row.total_minor)?,
                reduced_due: amount(row.reduces_due_minor)?,
                credit: amount(row.customer_credit_minor - row.refunded_minor)?,
                refunded: amount(row.refunded_minor)?,
                code: stored(&row.reason_code)?,
                rule: stored(&row.commission_rule)?,
                reason: row.reason,
            },
        })
    };
    rows.into_iter().map(dress).collect()
}
