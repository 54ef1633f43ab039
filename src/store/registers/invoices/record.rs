//! One invoice: its lines, what was paid of it, and what was taken off it.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{InvoiceRow, Row, dressed};
use crate::{
    Error, Result,
    domain::{CommissionRule, CreditReason, Currency, Money, Rate, UnitPrice},
    id::{CreditNoteId, InvoiceId, InvoiceLineId, PaymentAllocationId, PaymentId, TierId},
    store::{
        Tx,
        names::stored,
        registers::{Sees, by_ids},
        schema::{
            credit_note_lines, credit_notes, invoice_lines, invoices, payment_allocations,
            payments, subscriptions, tiers,
        },
    },
};

/// An invoice with what it is made of and what has happened to it.
#[derive(Debug, Clone)]
pub struct InvoiceDetail {
    /// As in a list.
    pub row: InvoiceRow,
    /// The subscription, as the vendor's other systems know it.
    pub subscription_name: String,
    /// Its lines.
    pub lines: Vec<InvoiceLineRow>,
    /// Cash applied to it, oldest first.
    pub allocations: Vec<AllocationRow>,
    /// Credit notes that take something off it, oldest first.
    pub credit_notes: Vec<CreditNoteRow>,
}

/// A line of an invoice.
#[derive(Debug, Clone)]
pub struct InvoiceLineRow {
    /// Which.
    pub id: InvoiceLineId,
    /// Its place.
    pub line_no: i32,
    /// What it says.
    pub description: String,
    /// First day of the service period.
    pub service_from: NaiveDate,
    /// The day after its last.
    pub service_to: NaiveDate,
    /// How many units.
    pub quantity: i32,
    /// Whether it is for what was used: the description says how much.
    pub is_usage: bool,
    /// What one of them costs a period.
    pub unit_price: UnitPrice,
    /// Before tax.
    pub net: Money,
    /// What discounts took off it.
    pub discount: Money,
    /// Of that, the resale discount.
    pub resale: Money,
    /// What whoever is billed sells it on for, where that is known.
    pub resold: Option<Money>,
    /// Taken off it by credit notes.
    pub credited: Money,
    /// What the partner has earned on it so far.
    pub commission: Money,
    /// The share of net it earns; none where no clause holds.
    pub rate: Option<Rate>,
    /// The partner's tier at the period's start.
    pub tier: Option<String>,
    /// first, recurring or renewal.
    pub phase: String,
}

/// Cash applied to an invoice.
#[derive(Debug, Clone)]
pub struct AllocationRow {
    /// Which.
    pub id: PaymentAllocationId,
    /// From which payment; none for a customer's credit.
    pub payment: Option<(PaymentId, String)>,
    /// To which invoice.
    pub invoice: InvoiceId,
    /// How much.
    pub amount: Money,
    /// Of that, given back.
    pub refunded: Money,
    /// When.
    pub applied_on: NaiveDate,
}

/// A credit note, as far as it is about one invoice.
#[derive(Debug, Clone)]
pub struct CreditNoteRow {
    /// Which.
    pub id: CreditNoteId,
    /// Its number.
    pub number: String,
    /// The day it was issued.
    pub issued_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// What it takes off this invoice, with tax.
    pub amount: Money,
    /// Of the whole note: what it took off amounts due.
    pub reduced_due: Money,
    /// What became the customer's credit, and stayed it.
    pub credit: Money,
    /// What was paid back at once.
    pub refunded: Money,
    /// Why, as one of the reasons there are.
    pub code: CreditReason,
    /// What it does to the partner's commission.
    pub rule: CommissionRule,
}

impl CreditNoteRow {
    /// Where its money went: amounts that are not nothing, and what they did.
    pub fn parts(&self, is_resold: bool) -> impl Iterator<Item = (Money, &'static str)> {
        let becomes = match is_resold {
            true => "becomes credit of who was billed",
            false => "becomes the customer’s credit",
        };
        let parts = [
            (self.reduced_due, "comes off what is due"),
            (self.credit, becomes),
            (self.refunded, "is paid back"),
        ];
        parts.into_iter().filter(|(amount, _)| !amount.is_zero())
    }

    /// What the whole note comes to, where it takes something off other invoices too.
    pub fn whole(&self) -> Option<Money> {
        let rest = self.credit.minor() + self.refunded.minor();
        let whole = Money::new(self.reduced_due.minor() + rest, self.amount.currency());
        (whole != self.amount).then_some(whole)
    }

    /// Whether the partner's commission stays as it was.
    pub fn protects(&self) -> bool {
        self.rule == CommissionRule::ProtectPartner
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoice_lines)]
struct LineRow {
    id: InvoiceLineId,
    line_no: i32,
    kind: String,
    description: String,
    service_from: NaiveDate,
    service_to: NaiveDate,
    quantity: i32,
    unit_price_micro: i64,
    net_minor: i64,
    discount_minor: i64,
    credited_net_minor: i64,
    commission_minor: i64,
    commission_clause_id: Option<crate::id::CommissionClauseId>,
    rate_bps: i32,
    phase: String,
    tier_id: Option<TierId>,
    resale_minor: i64,
    resold_minor: Option<i64>,
}

/// One invoice with everything about it.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn invoice<S: Sees>(tx: &mut Tx<'_, S>, id: InvoiceId) -> Result<InvoiceDetail> {
    let row = S::invoices(tx)
        .filter(invoices::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let currency: Currency = stored(&row.currency)?;
    let subscription = S::subscriptions(tx)
        .filter(subscriptions::id.eq(row.subscription_id))
        .select(subscriptions::external_id);
    Ok(InvoiceDetail {
        // Of another partner's, where a distributor is billed for it.
        subscription_name: tx.first(subscription)?.unwrap_or_default(),
        lines: lines(tx, id, currency)?,
        allocations: allocations(tx, id, currency)?,
        credit_notes: notes(tx, id, currency)?,
        row: dressed(tx, vec![row])?.pop().ok_or(Error::NotFound)?,
    })
}

fn lines<S: Sees>(
    tx: &mut Tx<'_, S>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<InvoiceLineRow>> {
    let rows = S::invoice_lines(tx)
        .filter(invoice_lines::invoice_id.eq(invoice))
        .order(invoice_lines::line_no)
        .select(LineRow::as_select());
    let rows: Vec<LineRow> = tx.load(rows)?;
    let names: Vec<(TierId, String)> =
        by_ids!(tx, rows.iter().filter_map(|row| row.tier_id), |some| {
            S::tiers(tx)
                .filter(tiers::id.eq_any(some))
                .select((tiers::id, tiers::name))
        });
    let names: HashMap<_, _> = names.into_iter().collect();
    rows.into_iter()
        .map(|row| {
            let rate = row
                .commission_clause_id
                .map(|_| Rate::from_bps(row.rate_bps));
            Ok(InvoiceLineRow {
                unit_price: UnitPrice::from_micro(row.unit_price_micro).map_err(Error::fault)?,
                net: Money::new(row.net_minor, currency),
                discount: Money::new(row.discount_minor, currency),
                resale: Money::new(row.resale_minor, currency),
                resold: row.resold_minor.map(|minor| Money::new(minor, currency)),
                credited: Money::new(row.credited_net_minor, currency),
                commission: Money::new(row.commission_minor, currency),
                rate: rate.transpose().map_err(Error::fault)?,
                tier: row.tier_id.and_then(|id| names.get(&id).cloned()),
                id: row.id,
                line_no: row.line_no,
                is_usage: row.kind == "usage",
                description: row.description,
                service_from: row.service_from,
                service_to: row.service_to,
                quantity: row.quantity,
                phase: row.phase,
            })
        })
        .collect()
}

type Applied = (
    PaymentAllocationId,
    Option<PaymentId>,
    InvoiceId,
    i64,
    i64,
    NaiveDate,
);

fn allocations<S: Sees>(
    tx: &mut Tx<'_, S>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<AllocationRow>> {
    let rows = S::allocations(tx)
        .filter(payment_allocations::invoice_id.eq(invoice))
        .order(payment_allocations::id)
        .select((
            payment_allocations::id,
            payment_allocations::payment_id,
            payment_allocations::invoice_id,
            payment_allocations::amount_minor,
            payment_allocations::refunded_minor,
            payment_allocations::applied_on,
        ));
    let rows: Vec<Applied> = tx.load(rows)?;
    let names: Vec<(PaymentId, String)> =
        by_ids!(tx, rows.iter().filter_map(|row| row.1), |some| S::payments(
            tx
        )
        .filter(payments::id.eq_any(some))
        .select((payments::id, payments::external_id)));
    let names: HashMap<_, _> = names.into_iter().collect();
    let dress = |(id, payment, invoice, amount, refunded, applied_on): Applied| AllocationRow {
        id,
        payment: payment.and_then(|id| Some((id, names.get(&id)?.clone()))),
        invoice,
        amount: Money::new(amount, currency),
        refunded: Money::new(refunded, currency),
        applied_on,
    };
    Ok(rows.into_iter().map(dress).collect())
}

fn notes<S: Sees>(
    tx: &mut Tx<'_, S>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<CreditNoteRow>> {
    let rows = S::credit_note_lines(tx)
        .filter(credit_note_lines::invoice_id.eq(invoice))
        .order(credit_note_lines::id)
        .select((
            credit_note_lines::credit_note_id,
            credit_note_lines::net_minor,
            credit_note_lines::tax_minor,
        ));
    let rows: Vec<(CreditNoteId, i64, i64)> = tx.load(rows)?;
    let heads: Vec<NoteHead> =
        by_ids!(tx, rows.iter().map(|row| row.0), |some| S::credit_notes(tx)
            .filter(credit_notes::id.eq_any(some))
            .select(NoteHead::as_select()));
    let dressed = |head: NoteHead| {
        let lines = rows.iter().filter(|line| line.0 == head.id);
        let minor: i64 = lines.map(|(_, net, tax)| net + tax).sum();
        head.dressed(Money::new(minor, currency))
    };
    let mut notes: Vec<CreditNoteRow> = heads.into_iter().map(dressed).collect::<Result<_>>()?;
    notes.sort_by_key(|note| (note.issued_on, note.id));
    Ok(notes)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = credit_notes)]
struct NoteHead {
    id: CreditNoteId,
    number: String,
    issued_on: NaiveDate,
    reason: String,
    reduces_due_minor: i64,
    customer_credit_minor: i64,
    refunded_minor: i64,
    reason_code: String,
    commission_rule: String,
}

impl NoteHead {
    fn dressed(self, amount: Money) -> Result<CreditNoteRow> {
        let money = |minor| Money::new(minor, amount.currency());
        Ok(CreditNoteRow {
            id: self.id,
            number: self.number,
            issued_on: self.issued_on,
            reason: self.reason,
            amount,
            reduced_due: money(self.reduces_due_minor),
            credit: money(self.customer_credit_minor - self.refunded_minor),
            refunded: money(self.refunded_minor),
            code: stored(&self.reason_code)?,
            rule: stored(&self.commission_rule)?,
        })
    }
}
