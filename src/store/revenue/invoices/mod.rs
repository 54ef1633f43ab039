//! Invoices and their lines.
mod lines;
mod settling;

pub use lines::{
    AHEAD, Begun, InvoiceLine, InvoiceLineKind, StatedLine, all_lines, begun, behind, descriptions,
    lines, lines_in_arrears, lines_of_ids, lines_served, stated_lines,
};
pub use settling::{settle, settle_lines, write_off};

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::{
        Currency, Overflow,
        commission::InvoiceState,
        proration::{TaxedCharge, credit_tax},
    },
    id::{CustomerId, InvoiceId, PartnerId, SubscriptionId},
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        days::{Day, Instant},
        schema::{invoice_lines, invoices},
    },
};

row_codes! {
    /// How far an invoice is paid.
    InvoiceStatus {
        /// Nothing has come in.
        Open = "open",
        /// A part has come in, or was taken off.
        PartiallyPaid = "partially_paid",
        /// Nothing is due any more.
        Paid = "paid",
        /// Something is due that nobody expects any more.
        Uncollectible = "uncollectible",
    }
}

/// An invoice to a customer. Amounts are minor units of its currency.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct Invoice {
    /// Which.
    pub id: InvoiceId,
    /// Whose customer it is to.
    pub partner_id: PartnerId,
    /// To whom.
    pub customer_id: CustomerId,
    /// For what.
    pub subscription_id: SubscriptionId,
    /// Gapless per vendor and year.
    pub number: String,
    /// The day it is issued on.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub issued_on: NaiveDate,
    /// The day it is due on.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub due_on: NaiveDate,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The tax on it, in basis points.
    pub tax_bps: i32,
    /// What the tax is called.
    pub tax_name: String,
    /// What it has to say about the tax; empty for nothing.
    pub tax_note: String,
    /// The sum of its lines.
    pub net_minor: i64,
    /// The tax on that.
    pub tax_minor: i64,
    /// Both.
    pub total_minor: i64,
    /// Cash applied to it.
    pub paid_minor: i64,
    /// Of that, given back.
    pub refunded_minor: i64,
    /// Taken off by credit notes.
    pub credited_minor: i64,
    /// Of that, what took something off the amount due; the rest became the customer's credit.
    pub reduced_minor: i64,
    /// How far it is paid.
    #[diesel(serialize_as = Coded<InvoiceStatus>, deserialize_as = Coded<InvoiceStatus>)]
    pub status: InvoiceStatus,
    /// When it was made, UTC.
    #[diesel(serialize_as = Instant, deserialize_as = Instant)]
    pub created_at: NaiveDateTime,
    /// The day it was written off.
    pub written_off_on: Option<NaiveDate>,
    /// Why; empty where it was not.
    pub write_off_reason: String,
    /// What credit notes that leave the partner's commission as it was moved from here into the
    /// customer's credit.
    pub protected_moved_minor: i64,
    /// The partner that is billed in the customer's place.
    pub payer_id: Option<PartnerId>,
    /// Its name on documents, as on the day of issue; empty where the customer is billed.
    pub payer_name: String,
    /// Its country then: two letters.
    pub payer_country: String,
    /// Its VAT id then; empty for none.
    pub payer_vat_id: String,
    /// Who buys from a distributor that is billed; empty where none is.
    pub resold_by: String,
}

impl Invoice {
    /// What is still to be paid.
    pub fn due_minor(&self) -> i64 {
        self.total_minor - self.reduced_minor - self.paid_minor
    }
    /// Whether no money of it has moved: nothing was paid, given back or credited.
    pub fn is_untouched(&self) -> bool {
        self.paid_minor == 0 && self.refunded_minor == 0 && self.credited_minor == 0
    }
    /// What credit notes moved from here into the customer's credit.
    pub fn moved_minor(&self) -> i64 {
        self.credited_minor - self.reduced_minor
    }
    /// The cash that is still here: paid, not moved on, not given back.
    pub fn kept_minor(&self) -> i64 {
        self.paid_minor - self.moved_minor() - self.refunded_minor
    }
    /// What a credit note can still take off: what was given back cannot be credited as well.
    pub fn creditable_minor(&self) -> i64 {
        self.total_minor - self.credited_minor - self.refunded_minor
    }
    /// How commission sees it. Money that a credit note has moved on earns where it goes; what one
    /// moved at the vendor's own cost is as if it were still here.
    pub fn state(&self) -> InvoiceState {
        InvoiceState {
            total_minor: self.total_minor,
            paid_minor: self.paid_minor - self.moved_minor() + self.protected_moved_minor,
            refunded_minor: self.refunded_minor,
            credited_minor: self.credited_minor - self.protected_moved_minor,
        }
    }
    /// The status that its amounts make: open until something is paid, whatever was taken off.
    pub fn standing(&self) -> InvoiceStatus {
        match (self.due_minor(), self.paid_minor) {
            (..=0, _) => InvoiceStatus::Paid,
            _ if self.written_off_on.is_some() => InvoiceStatus::Uncollectible,
            (_, 0) => InvoiceStatus::Open,
            _ => InvoiceStatus::PartiallyPaid,
        }
    }
    /// The tax that goes back with `net_minor` of credit (a magnitude) after `credited_net_minor`.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn tax_with(&self, credited_net_minor: i64, net_minor: i64) -> Result<i64, Overflow> {
        if net_minor == 0 {
            return Ok(0);
        }
        let charge = TaxedCharge {
            net_minor: self.net_minor,
            tax_minor: self.tax_minor,
            credited_net_minor,
            credited_tax_minor: self.credited_minor - credited_net_minor,
        };
        Ok(-credit_tax(&charge, -net_minor)?)
    }
}

/// Writes new invoices.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Invoice>, lines: Vec<InvoiceLine>) -> Result<()> {
    tx.insert_all(invoices::table, new)?;
    tx.insert_all(invoice_lines::table, lines)?;
    Ok(())
}

/// One invoice.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: InvoiceId) -> Result<Invoice> {
    let row = tx
        .rows(invoices::table)
        .filter(invoices::id.eq(id))
        .select(Invoice::as_select());
    tx.one(row)
}

/// The invoices with these numbers.
///
/// # Errors
/// Faults of the database.
pub fn numbered(tx: &mut Tx<'_, VendorScope>, numbers: &[String]) -> Result<Vec<Invoice>> {
    let mut found = Vec::new();
    for some in numbers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::number.eq_any(some.to_vec()))
            .select(Invoice::as_select());
        found.extend(tx.load::<Invoice, _>(rows)?);
    }
    Ok(found)
}

/// The invoices with these ids.
///
/// # Errors
/// Faults of the database.
pub fn of_ids(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceId],
) -> Result<HashMap<InvoiceId, Invoice>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::id.eq_any(some.to_vec()))
            .select(Invoice::as_select());
        found.extend(tx.load(rows)?.into_iter().map(|one: Invoice| (one.id, one)));
    }
    Ok(found)
}

/// The numbers of these invoices.
///
/// # Errors
/// Faults of the database.
pub fn numbers_of(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceId],
) -> Result<HashMap<InvoiceId, String>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::id.eq_any(some.to_vec()))
            .select((invoices::id, invoices::number));
        found.extend(tx.load::<(InvoiceId, String), _>(rows)?);
    }
    Ok(found)
}

/// Which invoices of these customers have something due, oldest first. Read from an index alone.
///
/// # Errors
/// Faults of the database.
pub fn due_from(
    tx: &mut Tx<'_, VendorScope>,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, InvoiceId)>> {
    let mut found = Vec::new();
    for some in customers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::customer_id.eq_any(some.to_vec()))
            .filter(invoices::status.eq_any(["open", "partially_paid"]))
            .order((invoices::issued_on, invoices::id))
            .select((invoices::customer_id, invoices::id));
        found.extend(tx.load::<(CustomerId, InvoiceId), _>(rows)?);
    }
    Ok(found)
}

/// The invoices of these customers with something due, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn unpaid_of(tx: &mut Tx<'_, VendorScope>, customers: &[CustomerId]) -> Result<Vec<Invoice>> {
    let mut found = Vec::new();
    for some in customers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::customer_id.eq_any(some.to_vec()))
            .filter(invoices::status.eq_any(["open", "partially_paid"]))
            .order((invoices::issued_on, invoices::id))
            .select(Invoice::as_select());
        found.extend(tx.load::<Invoice, _>(rows)?);
    }
    Ok(found)
}

/// The next invoices after one, by id, on which nothing was paid yet.
///
/// # Errors
/// Faults of the database.
pub fn open_after(
    tx: &mut Tx<'_, VendorScope>,
    after: InvoiceId,
    limit: i64,
) -> Result<Vec<Invoice>> {
    let rows = tx
        .rows(invoices::table)
        .filter(invoices::id.gt(after))
        .filter(invoices::status.eq(InvoiceStatus::Open.code()))
        .order(invoices::id)
        .limit(limit)
        .select(Invoice::as_select());
    tx.load(rows)
}

/// Every invoice, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Invoice>> {
    let rows = tx
        .rows(invoices::table)
        .order(invoices::id)
        .select(Invoice::as_select());
    tx.load(rows)
}
