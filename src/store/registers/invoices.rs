//! Invoices to customers.
mod margins;
mod record;

pub use margins::{Resold, in_credit, own_credit, resold};
pub use record::{AllocationRow, CreditNoteRow, InvoiceDetail, InvoiceLineRow, invoice};

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{
    Rows, Sees, Where, by_ids, customer_names, ledger::limit_of, money, named, of_customer,
    partner_names, whose,
};
use crate::{
    Error, Result,
    domain::{Money, Period, Rate},
    id::{CustomerId, InvoiceId, PartnerId, SubscriptionId},
    store::{
        Tx,
        names::{anywhere, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{customers, invoices, partners},
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
    /// open, partially_paid, paid or uncollectible.
    pub status: String,
    /// Tax, as a share of net.
    pub tax_rate: Rate,
    /// What the tax is called.
    pub tax_name: String,
    /// What it has to say about the tax; empty for nothing.
    pub tax_note: String,
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
    /// The day it was written off, and why.
    pub written_off: Option<(NaiveDate, String)>,
    /// Who is billed in the customer's place.
    pub payer: Option<BilledTo>,
    /// Whether the customer is another partner's, who sells on: it has no page here.
    pub is_sold_on: bool,
}

/// A partner that is billed in a customer's place, as on the day of issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledTo {
    /// Which.
    pub partner: PartnerId,
    /// Its name on documents.
    pub name: String,
    /// Where it is: two letters.
    pub country: String,
    /// Its VAT id; empty for none.
    pub vat_id: String,
    /// Who buys from it, where it is a distributor; empty otherwise.
    pub resold_by: String,
}

impl InvoiceRow {
    /// Who is to pay: the partner that is billed, or the customer.
    pub fn owed_by(&self) -> &str {
        let payer = self.payer.as_ref();
        payer.map_or(&self.customer_name, |payer| &payer.name)
    }
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
    written_off_on: Option<NaiveDate>,
    write_off_reason: String,
    tax_name: String,
    tax_note: String,
    payer_id: Option<PartnerId>,
    payer_name: String,
    payer_country: String,
    payer_vat_id: String,
    resold_by: String,
}

fn asked<S: Sees>(
    tx: &Tx<'_, S>,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Rows<S, invoices::table> {
    let mut rows = S::invoices(tx);
    if let Some(search) = typed(&filter.customer) {
        rows = rows.filter(of_customer!(invoices, tx, search));
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
            .filter(invoices::status.eq_any(["open", "partially_paid"]))
            .filter(invoices::due_on.lt(today)),
        Some(code) => rows.filter(invoices::status.eq(code.to_owned())),
    }
}

/// A page of invoices, newest first. `today` is the vendor's date.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
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
pub fn count<S: Sees>(
    tx: &mut Tx<'_, S>,
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
pub fn all<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &InvoiceFilter,
    today: NaiveDate,
) -> Result<Vec<InvoiceRow>> {
    let rows = asked(tx, filter, today)
        .order(invoices::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<InvoiceRow>> {
    let partners = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let customers = customer_names(tx, rows.iter().map(|row| row.customer_id))?;
    rows.into_iter()
        .map(|row| {
            let amount = |minor| money(minor, &row.currency);
            Ok(InvoiceRow {
                partner_name: named(&partners, &row.partner_id),
                customer_name: match customers.get(&row.customer_id) {
                    Some(name) => name.clone(),
                    None => format!("A customer of {}", row.resold_by),
                },
                is_sold_on: !customers.contains_key(&row.customer_id),
                net: amount(row.net_minor)?,
                tax: amount(row.tax_minor)?,
                total: amount(row.total_minor)?,
                paid: amount(row.paid_minor)?,
                refunded: amount(row.refunded_minor)?,
                credited: amount(row.credited_minor)?,
                due: amount(row.total_minor - row.paid_minor - row.reduced_minor)?,
                tax_rate: Rate::from_bps(row.tax_bps).map_err(Error::fault)?,
                tax_name: row.tax_name,
                tax_note: row.tax_note,
                written_off: row.written_off_on.map(|on| (on, row.write_off_reason)),
                payer: row.payer_id.map(|partner| BilledTo {
                    partner,
                    name: row.payer_name,
                    country: row.payer_country,
                    vat_id: row.payer_vat_id,
                    resold_by: row.resold_by,
                }),
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

/// The invoices with these numbers.
///
/// # Errors
/// Faults of the database.
pub fn by_numbers<S: Sees>(
    tx: &mut Tx<'_, S>,
    numbers: impl IntoIterator<Item = String>,
) -> Result<HashMap<String, InvoiceId>> {
    let rows: Vec<(String, InvoiceId)> = by_ids!(tx, numbers, |some| S::invoices(tx)
        .filter(invoices::number.eq_any(some))
        .select((invoices::number, invoices::id)));
    Ok(rows.into_iter().collect())
}
