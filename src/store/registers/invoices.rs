//! Invoices to customers.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Rows, by_ids, customer_names, ledger::limit_of, money, named, partner_names, whose};
use crate::{
    Error, Result,
    domain::{Currency, Money, Period, Rate, UnitPrice},
    id::{
        CreditNoteId, CustomerId, InvoiceId, InvoiceLineId, PartnerId, PaymentAllocationId,
        PaymentId, SubscriptionId, TierId,
    },
    store::{
        Tx, VendorScope,
        names::{anywhere, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{
            credit_note_lines, credit_notes, customers, invoice_lines, invoices, partners,
            payment_allocations, payments, subscriptions, tiers,
        },
    },
};

/// What invoices to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// A customer's name, in part.
    pub customer: String,
    /// A partner's name, in part.
    pub partner: String,
    /// A status' code, or `overdue`.
    pub status: String,
    /// The month they were issued in.
    pub month: Option<Period>,
}

/// An invoice in a list.
#[derive(Debug, Clone)]
pub struct InvoiceRow {
    /// Which.
    pub id: InvoiceId,
    /// Its number.
    pub number: String,
    /// Whose customer.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// To whom.
    pub customer: CustomerId,
    /// Their name.
    pub customer_name: String,
    /// For which subscription.
    pub subscription: SubscriptionId,
    /// The day it was issued.
    pub issued_on: NaiveDate,
    /// The day it is due.
    pub due_on: NaiveDate,
    /// open, partially_paid or paid.
    pub status: String,
    /// Tax, as a share of net.
    pub tax_rate: Rate,
    /// Before tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax.
    pub total: Money,
    /// Cash applied to it.
    pub paid: Money,
    /// Of that, given back.
    pub refunded: Money,
    /// Taken off it by credit notes.
    pub credited: Money,
    /// Still to be paid.
    pub due: Money,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
struct Row {
    id: InvoiceId,
    partner_id: PartnerId,
    customer_id: CustomerId,
    subscription_id: SubscriptionId,
    number: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    currency: String,
    tax_bps: i32,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    paid_minor: i64,
    refunded_minor: i64,
    credited_minor: i64,
    reduced_minor: i64,
    status: String,
}

fn asked(
    tx: &Tx<'_, VendorScope>,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Rows<VendorScope, invoices::table> {
    let mut rows = tx.rows(invoices::table);
    if let Some(search) = typed(&filter.customer) {
        rows = rows.filter(whose!(invoices, customer, search));
    }
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(invoices, partner, search));
    }
    if let Some(month) = filter.month {
        rows = rows
            .filter(invoices::issued_on.ge(month.first_day()))
            .filter(invoices::issued_on.lt(month.end()));
    }
    match typed(&filter.status) {
        None => rows,
        Some("overdue") => rows
            .filter(invoices::status.ne("paid"))
            .filter(invoices::due_on.lt(today)),
        Some(code) => rows.filter(invoices::status.eq(code.to_owned())),
    }
}

/// A page of invoices, newest first. `today` is the vendor's date.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    filter: &InvoiceFilter,
    today: NaiveDate,
    from: Option<&Cursor>,
) -> Result<Page<InvoiceRow>> {
    let rows = asked(tx, filter, today);
    let rows = newest_first!(rows, from, invoices::id)
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

/// How many invoices a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count(
    tx: &mut Tx<'_, VendorScope>,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Result<Count> {
    let rows = asked(tx, filter, today)
        .limit(COUNT_CAP + 1)
        .select(invoices::id);
    let rows: Vec<InvoiceId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Every invoice a filter leaves, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all(
    tx: &mut Tx<'_, VendorScope>,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Result<Vec<InvoiceRow>> {
    let rows = asked(tx, filter, today)
        .order(invoices::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

fn dressed(tx: &mut Tx<'_, VendorScope>, rows: Vec<Row>) -> Result<Vec<InvoiceRow>> {
    let partners = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let customers = customer_names(tx, rows.iter().map(|row| row.customer_id))?;
    rows.into_iter()
        .map(|row| {
            let amount = |minor| money(minor, &row.currency);
            Ok(InvoiceRow {
                partner_name: named(&partners, &row.partner_id),
                customer_name: named(&customers, &row.customer_id),
                net: amount(row.net_minor)?,
                tax: amount(row.tax_minor)?,
                total: amount(row.total_minor)?,
                paid: amount(row.paid_minor)?,
                refunded: amount(row.refunded_minor)?,
                credited: amount(row.credited_minor)?,
                due: amount(row.total_minor - row.paid_minor - row.reduced_minor)?,
                tax_rate: Rate::from_bps(row.tax_bps).map_err(Error::fault)?,
                id: row.id,
                number: row.number,
                partner: row.partner_id,
                customer: row.customer_id,
                subscription: row.subscription_id,
                issued_on: row.issued_on,
                due_on: row.due_on,
                status: row.status,
            })
        })
        .collect()
}

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
    /// What one of them costs a period.
    pub unit_price: UnitPrice,
    /// Before tax, after discounts.
    pub net: Money,
    /// What discounts took off.
    pub discount: Money,
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
    /// Its number.
    pub number: String,
    /// The day it was issued.
    pub issued_on: NaiveDate,
    /// Why.
    pub reason: String,
    /// What it takes off this invoice, with tax.
    pub amount: Money,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoice_lines)]
struct LineRow {
    id: InvoiceLineId,
    line_no: i32,
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
}

/// One invoice with everything about it.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn invoice(tx: &mut Tx<'_, VendorScope>, id: InvoiceId) -> Result<InvoiceDetail> {
    let row = tx
        .rows(invoices::table)
        .filter(invoices::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let currency: Currency = stored(&row.currency)?;
    let subscription = tx
        .rows(subscriptions::table)
        .filter(subscriptions::id.eq(row.subscription_id))
        .select(subscriptions::external_id);
    Ok(InvoiceDetail {
        subscription_name: tx.one(subscription)?,
        lines: lines(tx, id, currency)?,
        allocations: allocations(tx, id, currency)?,
        credit_notes: notes(tx, id, currency)?,
        row: dressed(tx, vec![row])?.pop().ok_or(Error::NotFound)?,
    })
}

fn lines(
    tx: &mut Tx<'_, VendorScope>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<InvoiceLineRow>> {
    let rows = tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::invoice_id.eq(invoice))
        .order(invoice_lines::line_no)
        .select(LineRow::as_select());
    let rows: Vec<LineRow> = tx.load(rows)?;
    let names: Vec<(TierId, String)> =
        by_ids!(tx, rows.iter().filter_map(|row| row.tier_id), |some| tx
            .rows(tiers::table)
            .filter(tiers::id.eq_any(some))
            .select((tiers::id, tiers::name)));
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
                credited: Money::new(row.credited_net_minor, currency),
                commission: Money::new(row.commission_minor, currency),
                rate: rate.transpose().map_err(Error::fault)?,
                tier: row.tier_id.and_then(|id| names.get(&id).cloned()),
                id: row.id,
                line_no: row.line_no,
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

fn allocations(
    tx: &mut Tx<'_, VendorScope>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<AllocationRow>> {
    let rows = tx
        .rows(payment_allocations::table)
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
        by_ids!(tx, rows.iter().filter_map(|row| row.1), |some| tx
            .rows(payments::table)
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

fn notes(
    tx: &mut Tx<'_, VendorScope>,
    invoice: InvoiceId,
    currency: Currency,
) -> Result<Vec<CreditNoteRow>> {
    let rows = tx
        .joined(credit_note_lines::table, credit_notes::table)
        .filter(credit_note_lines::invoice_id.eq(invoice))
        .order(credit_note_lines::id)
        .select((
            credit_notes::id,
            credit_notes::number,
            credit_notes::issued_on,
            credit_notes::reason,
            credit_note_lines::net_minor,
            credit_note_lines::tax_minor,
        ));
    let rows: Vec<(CreditNoteId, String, NaiveDate, String, i64, i64)> = tx.load(rows)?;
    let mut notes: Vec<(CreditNoteId, CreditNoteRow)> = Vec::new();
    for (id, number, issued_on, reason, net, tax) in rows {
        let amount = Money::new(net, currency).plus(Money::new(tax, currency));
        let amount = amount.map_err(Error::fault)?;
        match notes.last_mut().filter(|(last, _)| *last == id) {
            Some((_, note)) => note.amount = note.amount.plus(amount).map_err(Error::fault)?,
            None => notes.push((
                id,
                CreditNoteRow {
                    number,
                    issued_on,
                    reason,
                    amount,
                },
            )),
        }
    }
    Ok(notes.into_iter().map(|(_, note)| note).collect())
}
