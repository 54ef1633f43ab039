//! Cash: payments received and refunds made. Commission follows in the same transaction.
mod refunds;

pub use refunds::{NewRefund, refund, refund_in};

use chrono::NaiveDate;

use super::{
    accrual::{Source, accrue_invoice},
    books::{Books, day},
};
use crate::{
    Error, Result,
    domain::{Action, Money, Permission, cash as rules},
    id::{CustomerId, PartnerId, PaymentId},
    store::{
        Platform, Tx, VendorScope,
        incentivize::entries::SourceKind,
        platform::Event,
        revenue::{
            cash::{self, Allocation, CustomerCredit, Payment},
            invoices::{self, Invoice},
            terms,
        },
    },
};

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
/// invoices in its currency; the rest becomes the customer's credit.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `external_id`, `received_on`, `amount`,
/// `invoice_number` or `customer`; faults of the database.
pub fn receive(tx: &mut Tx<'_, VendorScope>, new: &NewPayment) -> Result<Recorded<PaymentId>> {
    let books = Books::open(tx)?;
    receive_in(tx, &books, new)
}

/// As [`receive`], with books that are open already: for many payments in one transaction.
///
/// # Errors
/// As [`receive`].
pub fn receive_in(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewPayment,
) -> Result<Recorded<PaymentId>> {
    tx.allow(Permission::RecordPayments)?;
    if let Some(known) = cash::payment_named(tx, &new.external_id)? {
        return unchanged(&known, new);
    }
    check_day("received_on", new.received_on, books)?;
    if !new.amount.is_positive() {
        return Err(Error::on("amount", "Give an amount above zero."));
    }
    let named = named_invoice(tx, new)?;
    let (customer, partner) = payer(tx, new, named.as_ref())?;
    let payment = Payment {
        id: tx.fresh_id(),
        partner_id: partner,
        customer_id: customer,
        external_id: new.external_id.clone(),
        invoice_number: new.invoice_number.clone(),
        received_on: new.received_on,
        currency: new.amount.currency(),
        amount_minor: new.amount.minor(),
        refunded_minor: 0,
        created_at: tx.now(),
    };
    cash::add_payment(tx, payment.clone())?;
    apply(tx, books, &payment, named)?;
    let id = payment.id;
    record(
        tx,
        Action::PaymentRecorded,
        (id.number(), &payment),
        format!("{} received on {}", new.amount, day(new.received_on)),
    )?;
    Ok(Recorded::New(id))
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
    if on > books.today {
        return Err(Error::on(field, "This day is still to come."));
    }
    Ok(())
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

fn named_invoice(tx: &mut Tx<'_, VendorScope>, new: &NewPayment) -> Result<Option<Invoice>> {
    let Some(number) = &new.invoice_number else {
        return Ok(None);
    };
    let invoice = invoices::numbered(tx, number)?
        .ok_or_else(|| Error::on("invoice_number", "There is no invoice with this number."))?;
    if invoice.currency != new.amount.currency() {
        let why = format!("This invoice is in {}.", invoice.currency);
        return Err(Error::on("currency", why));
    }
    if new
        .customer
        .is_some_and(|customer| customer != invoice.customer_id)
    {
        return Err(Error::on(
            "invoice_number",
            "This invoice is to another customer.",
        ));
    }
    Ok(Some(invoice))
}

fn payer(
    tx: &mut Tx<'_, VendorScope>,
    new: &NewPayment,
    named: Option<&Invoice>,
) -> Result<(CustomerId, PartnerId)> {
    if let Some(invoice) = named {
        return Ok((invoice.customer_id, invoice.partner_id));
    }
    let customer = new
        .customer
        .ok_or_else(|| Error::on("customer", "Give an invoice or a customer."))?;
    let customer = terms::customer(tx, customer)?;
    Ok((customer.id, customer.partner_id))
}

fn apply(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    payment: &Payment,
    named: Option<Invoice>,
) -> Result<()> {
    let mut open: Vec<Invoice> = named.into_iter().collect();
    if open.iter().map(Invoice::due_minor).sum::<i64>() < payment.amount_minor {
        let named = open.first().map(|invoice| invoice.id);
        let others = invoices::unpaid_of(tx, payment.customer_id, payment.currency)?;
        open.extend(
            others
                .into_iter()
                .filter(|invoice| Some(invoice.id) != named),
        );
    }
    let due: Vec<(usize, i64)> = open.iter().map(Invoice::due_minor).enumerate().collect();
    let (parts, left) = rules::apply(payment.amount_minor, &due);
    let mut allocations = Vec::new();
    let mut paid = Vec::new();
    for (index, part) in parts {
        let Some(invoice) = open.get_mut(index) else {
            continue;
        };
        invoice.paid_minor += part;
        let allocation = Allocation {
            id: tx.fresh_id(),
            partner_id: payment.partner_id,
            payment_id: Some(payment.id),
            customer_credit_id: None,
            invoice_id: invoice.id,
            amount_minor: part,
            refunded_minor: 0,
            applied_on: payment.received_on,
        };
        paid.push((index, allocation.id));
        allocations.push(allocation);
    }
    cash::add_allocations(tx, allocations)?;
    for (index, allocation) in paid {
        if let Some(invoice) = open.get_mut(index) {
            invoices::settle(tx, invoice)?;
            let source = Source {
                kind: SourceKind::Allocation,
                id: allocation.number(),
                on: payment.received_on,
            };
            accrue_invoice(tx, books, invoice, source)?;
        }
    }
    keep_rest(tx, payment, left)
}

fn keep_rest(tx: &mut Tx<'_, VendorScope>, payment: &Payment, left: i64) -> Result<()> {
    if left == 0 {
        return Ok(());
    }
    let credit = CustomerCredit {
        id: tx.fresh_id(),
        partner_id: payment.partner_id,
        customer_id: payment.customer_id,
        currency: payment.currency,
        payment_id: Some(payment.id),
        credit_note_id: None,
        amount_minor: left,
        remaining_minor: left,
        arisen_on: payment.received_on,
    };
    cash::add_credit(tx, credit)
}
