//! Cash: payments received and refunds made. Commission follows in the same transaction.
use chrono::NaiveDate;

use super::{
    accrual::{Source, accrue_invoice},
    books::{Books, day},
};
use crate::{
    Error, Result,
    domain::{Action, Money, Permission, cash as rules},
    id::{CreditNoteId, CustomerCreditId, CustomerId, InvoiceId, PaymentAllocationId, PaymentId, RefundId},
    store::{
        Platform, Tx, VendorScope,
        incentivize::entries::SourceKind,
        platform::Event,
        revenue::{
            cash::{self, Allocation, CustomerCredit, Payment, Refund},
            credit_notes,
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
    record(tx, Action::PaymentRecorded, (id.number(), &payment), format!(
        "{} received on {}",
        new.amount,
        day(new.received_on)
    ))?;
    Ok(Recorded::New(id))
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (subject, payment): (i64, &Payment),
    summary: String,
) -> Result<()> {
    let partner = Some(payment.partner_id);
    VendorScope::record(tx, &Event { action, subject, partner, summary, changes: &[] })
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
        && new.customer.is_none_or(|customer| customer == known.customer_id);
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
    if new.customer.is_some_and(|customer| customer != invoice.customer_id) {
        return Err(Error::on("invoice_number", "This invoice is to another customer."));
    }
    Ok(Some(invoice))
}

fn payer(
    tx: &mut Tx<'_, VendorScope>,
    new: &NewPayment,
    named: Option<&Invoice>,
) -> Result<(CustomerId, crate::id::PartnerId)> {
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
        open.extend(others.into_iter().filter(|invoice| Some(invoice.id) != named));
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

/// Money that went back.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// The vendor's own key for it: the same key twice is the same refund.
    pub external_id: String,
    /// Of which payment.
    pub payment: PaymentId,
    /// The day it was paid back, in the vendor's zone.
    pub refunded_on: NaiveDate,
    /// How much, in the payment's currency.
    pub amount: Money,
    /// Why; the partner reads it on the statement.
    pub reason: String,
}

/// Records a refund. It takes the customer's unused credit from this payment first (nobody earned
/// on that), then what the payment paid for, newest first, where commission is taken back.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the payment; [`Error::Invalid`] on
/// `external_id`, `refunded_on`, `amount` or `reason`; faults of the database.
pub fn refund(tx: &mut Tx<'_, VendorScope>, new: &NewRefund) -> Result<Recorded<RefundId>> {
    let books = Books::open(tx)?;
    refund_in(tx, &books, new)
}

/// As [`refund`], with books that are open already.
///
/// # Errors
/// As [`refund`].
pub fn refund_in(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewRefund,
) -> Result<Recorded<RefundId>> {
    tx.allow(Permission::RecordPayments)?;
    let payment = cash::payment(tx, new.payment)?;
    if let Some(known) = cash::refund_named(tx, &new.external_id)? {
        return refund_unchanged(&known, new);
    }
    check_refund(books, &payment, new)?;
    let reach = Reach::of(tx, &payment)?;
    let parts = reach.draw(new.amount.minor())?;
    let refund = Refund {
        id: tx.fresh_id(),
        partner_id: payment.partner_id,
        payment_id: payment.id,
        external_id: new.external_id.clone(),
        refunded_on: new.refunded_on,
        amount_minor: new.amount.minor(),
        reason: new.reason.clone(),
        created_at: tx.now(),
    };
    cash::add_refund(tx, refund.clone())?;
    cash::note_refunded(tx, payment.id, payment.refunded_minor + refund.amount_minor)?;
    give_back(tx, books, &refund, (reach, parts))?;
    let summary = format!("{} paid back on {}", new.amount, day(new.refunded_on));
    record(tx, Action::RefundRecorded, (refund.id.number(), &payment), summary)?;
    Ok(Recorded::New(refund.id))
}

fn refund_unchanged(known: &Refund, new: &NewRefund) -> Result<Recorded<RefundId>> {
    let same = known.payment_id == new.payment
        && known.refunded_on == new.refunded_on
        && known.amount_minor == new.amount.minor()
        && known.reason == new.reason;
    if !same {
        let why = "A refund with this id is recorded already, with other details.";
        return Err(Error::on("external_id", why));
    }
    Ok(Recorded::Unchanged(known.id))
}

fn check_refund(books: &Books, payment: &Payment, new: &NewRefund) -> Result<()> {
    check_day("refunded_on", new.refunded_on, books)?;
    if new.refunded_on < payment.received_on {
        let why = format!("The payment came on {}.", day(payment.received_on));
        return Err(Error::on("refunded_on", why));
    }
    if new.amount.currency() != payment.currency {
        let why = format!("This payment is in {}.", payment.currency);
        return Err(Error::on("amount", why));
    }
    if !new.amount.is_positive() {
        return Err(Error::on("amount", "Give an amount above zero."));
    }
    if new.amount.minor() > payment.amount_minor - payment.refunded_minor {
        return Err(Error::on("amount", left_words(payment)));
    }
    Ok(())
}

fn left_words(payment: &Payment) -> String {
    let left = payment.amount_minor - payment.refunded_minor;
    format!("{} is left of this payment.", Money::new(left, payment.currency))
}

/// Everything a payment's money has gone to: the invoices it paid, the credit it or their credit
/// notes left, the invoices that credit paid, and so on.
struct Reach {
    payment: Payment,
    allocations: Vec<Allocation>,
    credits: Vec<CustomerCredit>,
    invoices: std::collections::HashMap<InvoiceId, Invoice>,
}

/// What a refund takes from where.
struct Parts {
    credits: Vec<(CustomerCreditId, i64)>,
    allocations: Vec<(PaymentAllocationId, i64)>,
}

impl Reach {
    fn of(tx: &mut Tx<'_, VendorScope>, payment: &Payment) -> Result<Self> {
        let mut allocations = cash::allocations_of_payment(tx, payment.id)?;
        let mut credits: Vec<CustomerCredit> = Vec::new();
        let mut found = cash::credits_of_payment(tx, payment)?;
        let mut notes: Vec<CreditNoteId> = Vec::new();
        loop {
            let touched: Vec<InvoiceId> = allocations.iter().map(|one| one.invoice_id).collect();
            let more: Vec<CreditNoteId> = credit_notes::of_invoices(tx, &touched)?
                .into_iter()
                .filter(|note| !notes.contains(note))
                .collect();
            found.extend(cash::credits_of_notes(tx, payment.customer_id, &more)?);
            notes.extend(more);
            if found.is_empty() {
                break;
            }
            let ids: Vec<CustomerCreditId> = found.iter().map(|one| one.id).collect();
            allocations.extend(cash::allocations_of_credits(tx, &ids)?);
            credits.append(&mut found);
        }
        let touched: Vec<InvoiceId> = allocations.iter().map(|one| one.invoice_id).collect();
        let invoices = invoices::of_ids(tx, &touched)?;
        // Newest first; the payment's own unused credit before that of credit notes.
        allocations.sort_by_key(|one| std::cmp::Reverse(one.id));
        credits.sort_by_key(|one| (one.payment_id.is_none(), std::cmp::Reverse(one.id)));
        Ok(Self { payment: payment.clone(), allocations, credits, invoices })
    }

    fn draw(&self, amount_minor: i64) -> Result<Parts> {
        let unused: Vec<(CustomerCreditId, i64)> =
            self.credits.iter().map(|one| (one.id, one.remaining_minor)).collect();
        let unused_minor = unused.iter().map(|(_, left)| left).sum();
        let refund = rules::refund(amount_minor, &self.kept(), unused_minor)
            .map_err(|_| Error::on("amount", left_words(&self.payment)))?;
        let (credits, _) = rules::apply(refund.from_credit_minor, &unused);
        Ok(Parts { credits, allocations: refund.reversed })
    }

    /// What can come back from each allocation: no more than is left of it, and no more in all
    /// than its invoice still keeps.
    fn kept(&self) -> Vec<(PaymentAllocationId, i64)> {
        let mut kept: std::collections::HashMap<InvoiceId, i64> =
            self.invoices.iter().map(|(id, invoice)| (*id, invoice.kept_minor())).collect();
        self.allocations
            .iter()
            .map(|one| {
                let here = kept.entry(one.invoice_id).or_default();
                let most = (one.amount_minor - one.refunded_minor).min(*here).max(0);
                *here -= most;
                (one.id, most)
            })
            .collect()
    }
}

fn give_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    refund: &Refund,
    (mut reach, parts): (Reach, Parts),
) -> Result<()> {
    for (id, part) in parts.credits {
        if let Some(credit) = reach.credits.iter().find(|one| one.id == id) {
            cash::use_credit(tx, id, credit.remaining_minor - part)?;
        }
    }
    let mut touched: Vec<InvoiceId> = Vec::new();
    for (id, part) in parts.allocations {
        let Some(allocation) = reach.allocations.iter().find(|one| one.id == id) else {
            continue;
        };
        cash::refund_allocation(tx, id, allocation.refunded_minor + part)?;
        if let Some(invoice) = reach.invoices.get_mut(&allocation.invoice_id) {
            invoice.refunded_minor += part;
            touched.push(invoice.id);
        }
    }
    touched.sort_unstable();
    touched.dedup();
    for id in touched {
        if let Some(invoice) = reach.invoices.get_mut(&id) {
            invoices::settle(tx, invoice)?;
            let source = Source {
                kind: SourceKind::Refund,
                id: refund.id.number(),
                on: refund.refunded_on,
            };
            accrue_invoice(tx, books, invoice, source)?;
        }
    }
    Ok(())
}
