//! Payments in hand: what they need is read at once, applied in memory in their order, and written
//! at once.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{NewPayment, Recorded, check_day, unchanged};
use crate::{
    Error, Result,
    domain::{Action, cash as rules},
    id::{CustomerId, InvoiceId, PartnerId, PaymentId},
    services::revenue::{
        accrual::{Moved, Source, accrue_all},
        books::{Books, day},
    },
    store::{
        Tx, VendorScope,
        incentivize::entries::SourceKind,
        platform::{self, Event},
        revenue::{
            cash::{self, Allocation, Payment},
            credits::{self, CustomerCredit},
            invoices::{self, Invoice},
            subscriptions, terms,
        },
    },
};

/// What is on record, and what is to be.
pub(super) struct Till<'b> {
    books: &'b Books,
    known: HashMap<String, Payment>,
    /// The places of new ones.
    places: HashMap<String, usize>,
    invoices: HashMap<InvoiceId, Invoice>,
    by_number: HashMap<String, InvoiceId>,
    /// The unpaid invoices, oldest first, of each customer of whom more may come than its invoice
    /// asks for.
    unpaid: BTreeMap<CustomerId, Vec<InvoiceId>>,
    /// Of customers that pay without naming an invoice.
    partners: HashMap<CustomerId, PartnerId>,
    /// The currencies that those buy in.
    currencies: HashMap<CustomerId, BTreeSet<String>>,
    paid: BTreeSet<InvoiceId>,
    payments: Vec<Payment>,
    allocations: Vec<Allocation>,
    credits: Vec<CustomerCredit>,
    moves: Vec<Moved>,
}

impl<'b> Till<'b> {
    pub fn open(
        tx: &mut Tx<'_, VendorScope>,
        books: &'b Books,
        new: &[NewPayment],
    ) -> Result<Self> {
        let names: Vec<String> = new.iter().map(|one| one.external_id.clone()).collect();
        let numbers = new.iter().filter_map(|one| one.invoice_number.clone());
        let numbers: BTreeSet<String> = numbers.collect();
        let named = invoices::numbered(tx, &numbers.into_iter().collect::<Vec<_>>())?;
        let unnamed = new.iter().filter(|one| one.invoice_number.is_none());
        let unnamed: BTreeSet<CustomerId> = unnamed.filter_map(|one| one.customer).collect();
        let nameless = Vec::from_iter(unnamed.iter().copied());
        let customers = terms::customers_of(tx, &nameless)?;
        let payers = Vec::from_iter(&unnamed | &paying_more(new, &named));
        let mut till = Self {
            books,
            known: cash::payments_named(tx, &names)?,
            places: HashMap::new(),
            by_number: named
                .iter()
                .map(|one| (one.number.clone(), one.id))
                .collect(),
            invoices: named.into_iter().map(|one| (one.id, one)).collect(),
            unpaid: BTreeMap::new(),
            partners: customers
                .into_iter()
                .map(|(id, customer)| (id, customer.partner_id))
                .collect(),
            currencies: subscriptions::currencies(tx, &nameless)?,
            paid: BTreeSet::new(),
            payments: Vec::new(),
            allocations: Vec::new(),
            credits: Vec::new(),
            moves: Vec::new(),
        };
        let due = invoices::due_from(tx, &payers)?;
        // Most payments name their invoice, which was read by its number.
        let others = due.iter().map(|(_, invoice)| *invoice);
        let others = others.filter(|id| !till.invoices.contains_key(id));
        let others: Vec<InvoiceId> = others.collect();
        till.invoices.extend(invoices::of_ids(tx, &others)?);
        for (customer, invoice) in due {
            till.unpaid.entry(customer).or_default().push(invoice);
        }
        Ok(till)
    }

    /// One payment: to the invoice it names, then to the customer's oldest.
    pub fn take(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        new: &NewPayment,
    ) -> Result<Recorded<PaymentId>> {
        if let Some(known) = self.known(&new.external_id) {
            return unchanged(known, new);
        }
        check_day("received_on", new.received_on, self.books)?;
        if !new.amount.is_positive() {
            return Err(Error::on("amount", "Give an amount above zero."));
        }
        let named = self.named_invoice(new)?;
        let (customer_id, partner_id) = self.payer(new, named)?;
        let on = named.and_then(|id| self.invoices.get(&id));
        let payer_id = on.and_then(|invoice| invoice.payer_id);
        let payment = Payment {
            id: tx.fresh_id(),
            partner_id,
            customer_id,
            external_id: new.external_id.clone(),
            invoice_number: new.invoice_number.clone(),
            received_on: new.received_on,
            currency: new.amount.currency(),
            amount_minor: new.amount.minor(),
            refunded_minor: 0,
            created_at: tx.now(),
            payer_id,
        };
        self.apply(tx, &payment, named)?;
        let id = payment.id;
        let place = self.payments.len();
        self.places.insert(payment.external_id.clone(), place);
        self.payments.push(payment);
        Ok(Recorded::New(id))
    }

    fn known(&self, external_id: &str) -> Option<&Payment> {
        let new = || self.payments.get(*self.places.get(external_id)?);
        self.known.get(external_id).or_else(new)
    }

    fn named_invoice(&self, new: &NewPayment) -> Result<Option<InvoiceId>> {
        let Some(number) = &new.invoice_number else {
            return Ok(None);
        };
        let invoice = self.by_number.get(number);
        let invoice = invoice
            .and_then(|id| self.invoices.get(id))
            .ok_or_else(|| Error::on("invoice_number", "There is no invoice with this number."))?;
        if invoice.currency != new.amount.currency() {
            let why = format!("This invoice is in {}.", invoice.currency);
            return Err(Error::on("currency", why));
        }
        if new.customer.is_some_and(|one| one != invoice.customer_id) {
            let why = "This invoice is to another customer.";
            return Err(Error::on("invoice_number", why));
        }
        Ok(Some(invoice.id))
    }

    fn payer(&self, new: &NewPayment, named: Option<InvoiceId>) -> Result<(CustomerId, PartnerId)> {
        if let Some(invoice) = named.and_then(|id| self.invoices.get(&id)) {
            return Ok((invoice.customer_id, invoice.partner_id));
        }
        let customer = new
            .customer
            .ok_or_else(|| Error::on("customer", "Give an invoice or a customer."))?;
        let partner = self.partners.get(&customer).ok_or(Error::NotFound)?;
        let bought = self.currencies.get(&customer);
        if let Some(bought) = bought.filter(|all| !all.contains(new.amount.currency().code())) {
            let bought = Vec::from_iter(bought.iter().map(String::as_str)).join(" and ");
            let why = format!("This customer buys in {bought}: no invoice asks for this.");
            return Err(Error::on("currency", why));
        }
        Ok((customer, *partner))
    }

    fn apply(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        payment: &Payment,
        named: Option<InvoiceId>,
    ) -> Result<()> {
        let unpaid = self.unpaid.get(&payment.customer_id);
        let others = unpaid.into_iter().flatten().copied();
        let open: Vec<(InvoiceId, i64)> = named
            .into_iter()
            .chain(others.filter(|id| Some(*id) != named))
            .filter_map(|id| self.invoices.get(&id))
            .filter(|invoice| invoice.currency == payment.currency)
            // What a partner pays in a customer's place is no other's, nor the other way round.
            .filter(|invoice| invoice.payer_id == payment.payer_id)
            .map(|invoice| (invoice.id, invoice.due_minor()))
            .collect();
        let (parts, left) = rules::apply(payment.amount_minor, &open);
        for (id, part) in parts {
            self.allocate(tx, payment, (id, part))?;
        }
        if left > 0 {
            self.credits.push(CustomerCredit {
                id: tx.fresh_id(),
                partner_id: payment.partner_id,
                customer_id: payment.customer_id,
                currency: payment.currency,
                payment_id: Some(payment.id),
                credit_note_id: None,
                amount_minor: left,
                remaining_minor: left,
                arisen_on: payment.received_on,
                payer_id: payment.payer_id,
            });
        }
        Ok(())
    }

    fn allocate(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        payment: &Payment,
        (id, part): (InvoiceId, i64),
    ) -> Result<()> {
        let invoice = self.invoices.get_mut(&id);
        let invoice = invoice.ok_or_else(|| Error::fault("a payment has lost its invoice"))?;
        let is_first = invoice.is_untouched();
        // Paid ahead, it is applied once there is something to pay: holds run from then.
        let applied_on = payment.received_on.max(invoice.issued_on);
        invoice.paid_minor += part;
        let allocation = Allocation {
            id: tx.fresh_id(),
            partner_id: payment.partner_id,
            payment_id: Some(payment.id),
            customer_credit_id: None,
            invoice_id: id,
            amount_minor: part,
            refunded_minor: 0,
            applied_on,
        };
        self.moves.push(Moved {
            invoice: invoice.clone(),
            source: Source {
                kind: SourceKind::Allocation,
                id: allocation.id.number(),
                on: applied_on,
            },
            is_first,
        });
        self.allocations.push(allocation);
        self.paid.insert(id);
        Ok(())
    }

    /// Writes everything down; commission follows in the same transaction.
    pub fn shut(self, tx: &mut Tx<'_, VendorScope>) -> Result<()> {
        record(tx, &self.payments)?;
        cash::add_payments(tx, self.payments)?;
        cash::add_allocations(tx, self.allocations)?;
        credits::add(tx, self.credits)?;
        let paid = self.paid.iter().filter_map(|id| self.invoices.get(id));
        invoices::settle(tx, paid)?;
        accrue_all(tx, self.books, &self.moves)?;
        Ok(())
    }
}

/// The customers of whom more comes for an invoice that is named than is due on it.
fn paying_more(new: &[NewPayment], named: &[Invoice]) -> BTreeSet<CustomerId> {
    let mut sums: HashMap<&str, i64> = HashMap::new();
    for one in new {
        if let Some(number) = &one.invoice_number {
            let sum = sums.entry(number).or_default();
            *sum = sum.saturating_add(one.amount.minor().max(0));
        }
    }
    let more = named.iter().filter(|invoice| {
        let sum = sums.get(invoice.number.as_str());
        sum.is_some_and(|sum| *sum > invoice.due_minor())
    });
    more.map(|invoice| invoice.customer_id).collect()
}

fn record(tx: &mut Tx<'_, VendorScope>, payments: &[Payment]) -> Result<()> {
    let events: Vec<Event<'_>> = payments
        .iter()
        .map(|payment| Event {
            action: Action::PaymentRecorded,
            subject: payment.id.number(),
            partner: Some(payment.partner_id),
            summary: format!(
                "{} received on {}",
                crate::domain::Money::new(payment.amount_minor, payment.currency),
                day(payment.received_on)
            ),
            changes: &[],
        })
        .collect();
    platform::record_all(tx, &events)
}
