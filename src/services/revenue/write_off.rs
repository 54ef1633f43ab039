//! Invoices whose money will not come.
use super::books::Books;
use crate::{
    Error, Result,
    domain::{Action, LongText, Money, Permission},
    id::InvoiceId,
    store::{
        Platform, Tx, VendorScope,
        platform::Event,
        revenue::invoices::{self, InvoiceStatus},
    },
};

/// An invoice to be written off.
#[derive(Debug, Clone)]
pub struct WriteOff {
    /// Which.
    pub invoice: InvoiceId,
    /// Why.
    pub reason: LongText,
}

/// Writes off what is due on an invoice. Commission was earned only on what was collected, so that
/// nothing is taken back. Money that comes in for it all the same is recorded with its number.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] where nothing is due, or it was
/// written off before; [`Error::Invalid`] on `reason`; faults of the database.
pub fn write_off(tx: &mut Tx<'_, VendorScope>, new: &WriteOff) -> Result<()> {
    tx.allow(Permission::RecordPayments)?;
    let books = Books::open(tx)?;
    let invoice = invoices::one(tx, new.invoice)?;
    match invoice.standing() {
        InvoiceStatus::Paid => return Err(Error::conflict("Nothing is due on this invoice.")),
        InvoiceStatus::Uncollectible => {
            return Err(Error::conflict("This invoice was written off already."));
        }
        InvoiceStatus::Open | InvoiceStatus::PartiallyPaid => {}
    }
    if new.reason.as_str().is_empty() {
        return Err(Error::on("reason", "Say why it will not be paid."));
    }
    invoices::write_off(tx, invoice.id, (books.today, new.reason.as_str()))?;
    let due = Money::new(invoice.due_minor(), invoice.currency);
    VendorScope::record(
        tx,
        &Event {
            action: Action::InvoiceWrittenOff,
            subject: invoice.id.number(),
            partner: Some(invoice.partner_id),
            summary: format!("Invoice {}, {due}: {}", invoice.number, new.reason),
            changes: &[],
        },
    )
}
