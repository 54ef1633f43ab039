//! Cash: payments received and refunds made. Commission follows in the same transaction.
mod refunds;
mod till;

pub(super) use refunds::pay_back;
pub use refunds::{NewRefund, Refundable, refund, refund_in};

use chrono::NaiveDate;

use super::books::Books;
use crate::{
    Error, Result,
    domain::{Action, Money, Permission, near},
    id::{CustomerId, PaymentId},
    store::{Platform, Tx, VendorScope, platform::Event, revenue::cash::Payment},
};
use till::Till;

/// Money that came in.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// The bank's or the vendor's own key for it: the same key twice is the same payment.
    pub external_id: String,
    /// The day the money came, in the vendor's zone.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Money,
    /// The invoice it names.
    pub invoice_number: Option<String>,
    /// Who paid; may be left out where an invoice is named.
    pub customer: Option<CustomerId>,
}

/// A refusal of one among many.
#[derive(Debug)]
pub struct AtPlace {
    /// Which, from 0.
    pub place: usize,
    /// Why.
    pub error: Error,
}

impl From<Error> for AtPlace {
    fn from(error: Error) -> Self {
        Self { place: 0, error }
    }
}

/// What became of something that may have been there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded<T> {
    /// It was written down.
    New(T),
    /// It was there, with the same content.
    Unchanged(T),
}

impl<T> Recorded<T> {
    /// Which, new or not.
    pub fn id(self) -> T {
        match self {
            Self::New(id) | Self::Unchanged(id) => id,
        }
    }
}

/// Records a payment and applies it: to the invoice it names, then to the customer's oldest open
/// invoices in its currency; the rest becomes the customer's credit. Where the invoice it names is
/// billed to a partner in the customer's place, the money is that partner's: it goes to invoices
/// that are billed to it for the same customer, and no other money goes there.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `external_id`, `received_on`, `amount`,
/// `invoice_number` or `customer`; faults of the database.
pub fn receive(tx: &mut Tx<'_, VendorScope>, new: &NewPayment) -> Result<Recorded<PaymentId>> {
    let books = Books::open(tx)?;
    let recorded = receive_all(tx, &books, std::slice::from_ref(new)).map_err(|at| at.error)?;
    let one = recorded.into_iter().next();
    one.ok_or_else(|| Error::fault("a payment was not recorded"))
}

/// As [`receive`], of many in one transaction, in their order. What they need is read together
/// and what they come to is written together; each counts as if it had come alone.
///
/// # Errors
/// As [`receive`], with the place of the payment that is refused, from 0.
pub fn receive_all(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &[NewPayment],
) -> Result<Vec<Recorded<PaymentId>>, AtPlace> {
    tx.allow(Permission::RecordPayments)?;
    let mut till = Till::open(tx, books, new)?;
    let mut recorded = Vec::new();
    for (place, one) in new.iter().enumerate() {
        let taken = till.take(&*tx, one);
        recorded.push(taken.map_err(|error| AtPlace { place, error })?);
    }
    till.shut(tx)?;
    Ok(recorded)
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (subject, payment): (i64, &Payment),
    summary: String,
) -> Result<()> {
    let partner = Some(payment.partner_id);
    VendorScope::record(
        tx,
        &Event {
            action,
            subject,
            partner,
            summary,
            changes: &[],
        },
    )
}

fn check_day(field: &str, on: NaiveDate, books: &Books) -> Result<()> {
    near::happened(on, books.today).map_err(|why| Error::on(field, why))
}

fn unchanged(known: &Payment, new: &NewPayment) -> Result<Recorded<PaymentId>> {
    let same = known.received_on == new.received_on
        && known.currency == new.amount.currency()
        && known.amount_minor == new.amount.minor()
        && known.invoice_number == new.invoice_number
        && new
            .customer
            .is_none_or(|customer| customer == known.customer_id);
    if !same {
        let why = "A payment with this id is recorded already, with other details.";
        return Err(Error::on("external_id", why));
    }
    Ok(Recorded::Unchanged(known.id))
}
