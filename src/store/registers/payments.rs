//! Money received from customers, and given back to them.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Rows, by_ids, customer_names, ledger::limit_of, money, named, partner_names, whose};
use crate::{
    Error, Result,
    domain::{Money, Period},
    id::{
        CustomerCreditId, CustomerId, InvoiceId, PartnerId, PaymentAllocationId, PaymentId,
        RefundId,
    },
    store::{
        Tx, VendorScope,
        names::{anywhere, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{
            customer_credits, customers, invoices, partners, payment_allocations, payments, refunds,
        },
    },
};

/// What payments to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// A customer's name, in part.
    pub customer: String,
    /// A partner's name, in part.
    pub partner: String,
    /// The month they were received in.
    pub month: Option<Period>,
    /// A currency's code.
    pub currency: String,
}

/// A payment in a list.
#[derive(Debug, Clone)]
pub struct PaymentRow {
    /// Which.
    pub id: PaymentId,
    /// As the bank or the vendor's books call it.
    pub external_id: String,
    /// Whose customer.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// From whom.
    pub customer: CustomerId,
    /// Their name.
    pub customer_name: String,
    /// The invoice the payer named, if one.
    pub invoice_number: Option<String>,
    /// The day it was received.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Money,
    /// Of that, given back.
    pub refunded: Money,
    /// The partner whose money it is, where that is not the customer; and its name.
    pub payer: Option<(PartnerId, String)>,
}

impl PaymentRow {
    /// Whose money it is.
    pub fn paid_by(&self) -> &str {
        let payer = self.payer.as_ref();
        payer.map_or(&self.customer_name, |(_, name)| name)
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = payments)]
struct Row {
    id: PaymentId,
    partner_id: PartnerId,
    customer_id: CustomerId,
    external_id: String,
    invoice_number: Option<String>,
    received_on: NaiveDate,
    currency: String,
    amount_minor: i64,
    refunded_minor: i64,
    payer_id: Option<PartnerId>,
}

fn asked(tx: &Tx<'_, VendorScope>, filter: &PaymentFilter) -> Rows<VendorScope, payments::table> {
    let mut rows = tx.rows(payments::table);
    if let Some(search) = typed(&filter.customer) {
        rows = rows.filter(whose!(payments, customer, search));
    }
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(payments, partner, search));
    }
    if let Some(month) = filter.month {
        rows = rows
            .filter(payments::received_on.ge(month.first_day()))
            .filter(payments::received_on.lt(month.end()));
    }
    if let Some(code) = typed(&filter.currency) {
        rows = rows.filter(payments::currency.eq(code.to_owned()));
    }
    rows
}

/// A page of payments, newest first.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    filter: &PaymentFilter,
    from: Option<&Cursor>,
) -> Result<Page<PaymentRow>> {
    let rows = asked(tx, filter);
    let rows = newest_first!(rows, from, payments::id)
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

/// How many payments a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, filter: &PaymentFilter) -> Result<Count> {
    let rows = asked(tx, filter).limit(COUNT_CAP + 1).select(payments::id);
    let rows: Vec<PaymentId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Every payment a filter leaves, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>, filter: &PaymentFilter) -> Result<Vec<PaymentRow>> {
    let rows = asked(tx, filter)
        .order(payments::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

fn dressed(tx: &mut Tx<'_, VendorScope>, rows: Vec<Row>) -> Result<Vec<PaymentRow>> {
    let partners = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let customers = customer_names(tx, rows.iter().map(|row| row.customer_id))?;
    rows.into_iter()
        .map(|row| {
            Ok(PaymentRow {
                partner_name: named(&partners, &row.partner_id),
                customer_name: named(&customers, &row.customer_id),
                payer: row
                    .payer_id
                    .map(|payer| (payer, named(&partners, &row.partner_id))),
                amount: money(row.amount_minor, &row.currency)?,
                refunded: money(row.refunded_minor, &row.currency)?,
                id: row.id,
                external_id: row.external_id,
                partner: row.partner_id,
                customer: row.customer_id,
                invoice_number: row.invoice_number,
                received_on: row.received_on,
            })
        })
        .collect()
}

/// A payment with where it went.
#[derive(Debug, Clone)]
pub struct PaymentDetail {
    /// As in a list.
    pub row: PaymentRow,
    /// Where it was applied, in order.
    pub allocations: Vec<PaidInvoice>,
    /// Given back, oldest first.
    pub refunds: Vec<RefundRow>,
    /// Not used by any invoice yet.
    pub unused: Money,
}

/// An invoice a payment was applied to.
#[derive(Debug, Clone)]
pub struct PaidInvoice {
    /// Which application.
    pub id: PaymentAllocationId,
    /// Which invoice.
    pub invoice: InvoiceId,
    /// Its number.
    pub number: String,
    /// How much.
    pub amount: Money,
    /// Of that, given back.
    pub refunded: Money,
    /// When.
    pub applied_on: NaiveDate,
    /// Whether it lay as the customer's credit in between.
    pub through_credit: bool,
}

/// Money given back.
#[derive(Debug, Clone)]
pub struct RefundRow {
    /// Which.
    pub id: RefundId,
    /// As the bank or the vendor's books call it.
    pub external_id: String,
    /// When.
    pub refunded_on: NaiveDate,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// One payment with where it went.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn payment(tx: &mut Tx<'_, VendorScope>, id: PaymentId) -> Result<PaymentDetail> {
    let row = tx
        .rows(payments::table)
        .filter(payments::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let row = dressed(tx, vec![row])?.pop().ok_or(Error::NotFound)?;
    let currency = row.amount.currency();
    let credits = tx
        .rows(customer_credits::table)
        .filter(customer_credits::payment_id.eq(id))
        .select((customer_credits::id, customer_credits::remaining_minor));
    let credits: Vec<(CustomerCreditId, i64)> = tx.load(credits)?;
    let unused = credits.iter().map(|(_, left)| Money::new(*left, currency));
    let unused = Money::total(currency, unused).map_err(Error::fault)?;
    let credits = credits.into_iter().map(|(id, _)| id).collect();
    Ok(PaymentDetail {
        allocations: applied(tx, &row, credits)?,
        refunds: given_back(tx, &row)?,
        unused,
        row,
    })
}

type Applied = (
    PaymentAllocationId,
    Option<PaymentId>,
    InvoiceId,
    i64,
    i64,
    NaiveDate,
);

fn applied(
    tx: &mut Tx<'_, VendorScope>,
    payment: &PaymentRow,
    credits: Vec<CustomerCreditId>,
) -> Result<Vec<PaidInvoice>> {
    let currency = payment.amount.currency();
    let rows = tx
        .rows(payment_allocations::table)
        .filter(
            payment_allocations::payment_id
                .eq(payment.id)
                .or(payment_allocations::customer_credit_id.eq_any(credits)),
        )
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
    let numbers: Vec<(InvoiceId, String)> = by_ids!(tx, rows.iter().map(|row| row.2), |some| tx
        .rows(invoices::table)
        .filter(invoices::id.eq_any(some))
        .select((invoices::id, invoices::number)));
    let numbers: HashMap<_, _> = numbers.into_iter().collect();
    let dress = |(id, payment, invoice, amount, refunded, applied_on): Applied| PaidInvoice {
        number: named(&numbers, &invoice),
        amount: Money::new(amount, currency),
        refunded: Money::new(refunded, currency),
        through_credit: payment.is_none(),
        id,
        invoice,
        applied_on,
    };
    Ok(rows.into_iter().map(dress).collect())
}

fn given_back(tx: &mut Tx<'_, VendorScope>, payment: &PaymentRow) -> Result<Vec<RefundRow>> {
    let rows = tx
        .rows(refunds::table)
        .filter(refunds::payment_id.eq(payment.id))
        .order(refunds::id)
        .select((
            refunds::id,
            refunds::external_id,
            refunds::refunded_on,
            refunds::amount_minor,
            refunds::reason,
        ));
    let rows: Vec<(RefundId, String, NaiveDate, i64, String)> = tx.load(rows)?;
    let currency = payment.amount.currency();
    let dress = |(id, external_id, refunded_on, minor, reason)| RefundRow {
        id,
        external_id,
        refunded_on,
        amount: Money::new(minor, currency),
        reason,
    };
    Ok(rows.into_iter().map(dress).collect())
}

/// The customer that is meant by an invoice's number or by the customer's own external id.
///
/// # Errors
/// Faults of the database.
pub fn customer_by_external_id(
    tx: &mut Tx<'_, VendorScope>,
    external_id: &str,
) -> Result<Option<CustomerId>> {
    let row = tx
        .rows(customers::table)
        .filter(customers::external_id.eq(external_id.to_owned()))
        .select(customers::id);
    tx.first(row)
}
