//! Credit notes and their lines.
use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::{CommissionRule, CreditReason, Currency, ServicePeriod, commission::DaysCredited},
    id::{
        CreditNoteId, CreditNoteLineId, CustomerId, InvoiceId, InvoiceLineId, PartnerId,
        SubscriptionId,
    },
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::Coded,
        schema::{credit_note_lines, credit_notes},
    },
};

/// What is taken back of invoices; magnitudes in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_notes, treat_none_as_default_value = false)]
pub struct CreditNote {
    /// Which.
    pub id: CreditNoteId,
    /// Whose customer's.
    pub partner_id: PartnerId,
    /// Whose.
    pub customer_id: CustomerId,
    /// Of what.
    pub subscription_id: SubscriptionId,
    /// Gapless per vendor and year.
    pub number: String,
    /// The day it is issued on.
    pub issued_on: NaiveDate,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// Before tax.
    pub net_minor: i64,
    /// The tax that goes back with it.
    pub tax_minor: i64,
    /// Both.
    pub total_minor: i64,
    /// What of it takes something off amounts due.
    pub reduces_due_minor: i64,
    /// What of it becomes the customer's credit.
    pub customer_credit_minor: i64,
    /// Why, in words.
    pub reason: String,
    /// When it was made, UTC.
    pub created_at: NaiveDateTime,
    /// Why, as one of the reasons there are.
    #[diesel(serialize_as = Coded<CreditReason>, deserialize_as = Coded<CreditReason>)]
    pub reason_code: CreditReason,
    /// What it does to the partner's commission.
    #[diesel(serialize_as = Coded<CommissionRule>, deserialize_as = Coded<CommissionRule>)]
    pub commission_rule: CommissionRule,
    /// What of the customer's credit was paid back at once.
    pub refunded_minor: i64,
}

/// What a credit note takes back of one invoice line; magnitudes in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_note_lines, treat_none_as_default_value = false)]
pub struct CreditNoteLine {
    /// Which.
    pub id: CreditNoteLineId,
    /// Whose.
    pub partner_id: PartnerId,
    /// On which credit note.
    pub credit_note_id: CreditNoteId,
    /// Of which invoice.
    pub invoice_id: InvoiceId,
    /// Of which of its lines.
    pub invoice_line_id: InvoiceLineId,
    /// The first day credited.
    pub service_from: NaiveDate,
    /// The day after the last.
    pub service_to: NaiveDate,
    /// Before tax.
    pub net_minor: i64,
    /// The tax that goes back with it.
    pub tax_minor: i64,
}

impl CreditNoteLine {
    /// For which days it is.
    pub fn days(&self) -> DaysCredited {
        DaysCredited {
            service: ServicePeriod {
                from: self.service_from,
                to: self.service_to,
            },
            net_minor: self.net_minor,
        }
    }
}

/// Writes a credit note.
///
/// # Errors
/// Faults of the database.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    note: CreditNote,
    lines: Vec<CreditNoteLine>,
) -> Result<()> {
    tx.insert(credit_notes::table, note)?;
    tx.insert_all(credit_note_lines::table, lines)?;
    Ok(())
}

/// What credit notes about changes, not by hand, took back of these lines, in minor units before
/// tax.
///
/// # Errors
/// Faults of the database.
pub fn changed_on<S: Scope>(
    tx: &mut Tx<'_, S>,
    lines: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, i64>>
where
    credit_notes::table: Visible<S>,
    credit_note_lines::table: Visible<S>,
{
    let mut found = HashMap::new();
    for some in lines.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(credit_note_lines::table)
            .filter(credit_note_lines::invoice_line_id.eq_any(some.to_vec()))
            .select((
                credit_note_lines::credit_note_id,
                credit_note_lines::invoice_line_id,
                credit_note_lines::net_minor,
            ));
        let rows: Vec<(CreditNoteId, InvoiceLineId, i64)> = tx.load(rows)?;
        let notes: Vec<CreditNoteId> = rows.iter().map(|(note, ..)| *note).collect();
        let notes = tx
            .rows(credit_notes::table)
            .filter(credit_notes::id.eq_any(notes))
            .filter(credit_notes::reason_code.eq(CreditReason::Change.code()))
            .select(credit_notes::id);
        let notes: HashSet<CreditNoteId> = tx.load(notes)?.into_iter().collect();
        for (_, line, minor) in rows.iter().filter(|(note, ..)| notes.contains(note)) {
            *found.entry(*line).or_default() += minor;
        }
    }
    Ok(found)
}

/// The credit notes that took something back of these invoices.
///
/// # Errors
/// Faults of the database.
pub fn of_invoices(tx: &mut Tx<'_, VendorScope>, ids: &[InvoiceId]) -> Result<Vec<CreditNoteId>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(credit_note_lines::table)
            .filter(credit_note_lines::invoice_id.eq_any(some.to_vec()))
            .select(credit_note_lines::credit_note_id);
        found.extend(tx.load::<CreditNoteId, _>(rows)?);
    }
    // In order only here: asked for it, SQLite reads every credit note instead of these invoices'.
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The invoices that these credit notes took something back of.
///
/// # Errors
/// Faults of the database.
pub fn invoices_of(tx: &mut Tx<'_, VendorScope>, ids: &[CreditNoteId]) -> Result<Vec<InvoiceId>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(credit_note_lines::table)
            .filter(credit_note_lines::credit_note_id.eq_any(some.to_vec()))
            .select(credit_note_lines::invoice_id);
        found.extend(tx.load::<InvoiceId, _>(rows)?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// For which days these lines were credited, where that lowers the commission on them.
///
/// # Errors
/// Faults of the database.
pub fn days_credited(
    tx: &mut Tx<'_, VendorScope>,
    lines: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, Vec<DaysCredited>>> {
    let mut found: HashMap<InvoiceLineId, Vec<DaysCredited>> = HashMap::new();
    for some in lines.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .joined(credit_note_lines::table, credit_notes::table)
            .filter(credit_note_lines::invoice_line_id.eq_any(some.to_vec()))
            .filter(credit_notes::commission_rule.eq(CommissionRule::ReduceBase.code()))
            .order(credit_note_lines::id)
            .select(CreditNoteLine::as_select());
        for line in tx.load::<CreditNoteLine, _>(rows)? {
            let days = line.days();
            found.entry(line.invoice_line_id).or_default().push(days);
        }
    }
    Ok(found)
}

/// Why each of these credit notes was made.
///
/// # Errors
/// Faults of the database.
pub fn reasons(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[CreditNoteId],
) -> Result<Vec<(CreditNoteId, String)>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(credit_notes::table)
            .filter(credit_notes::id.eq_any(some.to_vec()))
            .select((credit_notes::id, credit_notes::reason));
        found.extend(tx.load::<(CreditNoteId, String), _>(rows)?);
    }
    Ok(found)
}

/// Every credit note, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<CreditNote>> {
    let rows = tx
        .rows(credit_notes::table)
        .order(credit_notes::id)
        .select(CreditNote::as_select());
    tx.load(rows)
}

/// Every line of a credit note, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_lines(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<CreditNoteLine>> {
    let rows = tx
        .rows(credit_note_lines::table)
        .order(credit_note_lines::id)
        .select(CreditNoteLine::as_select());
    tx.load(rows)
}
