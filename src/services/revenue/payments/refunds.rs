//! Refunds: they follow a payment's money wherever it went.
use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
};

use chrono::NaiveDate;

use super::{Recorded, record};
use crate::{
    Error, Result,
    domain::{Action, Currency, Money, Permission, Problems, cash as rules, near},
    id::{CreditNoteId, CustomerCreditId, InvoiceId, PaymentAllocationId, PaymentId, RefundId},
    services::revenue::{
        accrual::{Source, accrue_invoice},
        books::{Books, day},
    },
    store::{
        Tx, VendorScope,
        account::vendor,
        incentivize::entries::SourceKind,
        revenue::{
            cash::{self, Allocation, Payment, Refund},
            credit_notes::{self, CreditNote},
            credits::{self, CustomerCredit},
            invoices::{self, Invoice},
        },
    },
};

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
    /// Why; a partner who earned on it reads it on the statement.
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
    refund_from(tx, books, new, None)
}

/// A refund that takes from one of the customer's credits before anything else.
fn refund_from(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewRefund,
    first: Option<CustomerCreditId>,
) -> Result<Recorded<RefundId>> {
    let payment = cash::payment(tx, new.payment)?;
    if let Some(known) = cash::refund_named(tx, &new.external_id)? {
        return refund_unchanged(&known, new);
    }
    let refundable = Refundable {
        reach: Reach::of(tx, &payment)?,
        today: books.today,
    };
    refundable.check(new)?;
    let mut reach = refundable.reach;
    reach.credits.sort_by_key(|one| Some(one.id) != first);
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
    record(
        tx,
        Action::RefundRecorded,
        (refund.id.number(), &payment),
        summary,
    )?;
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

/// What a refund of a payment is held to.
#[derive(Debug)]
pub struct Refundable {
    reach: Reach,
    today: NaiveDate,
}

impl Refundable {
    /// Of one payment, as things stand.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; [`Error::NotFound`]; faults of the database.
    pub fn of(tx: &mut Tx<'_, VendorScope>, id: PaymentId) -> Result<Self> {
        tx.allow(Permission::RecordPayments)?;
        let payment = cash::payment(tx, id)?;
        Ok(Self {
            reach: Reach::of(tx, &payment)?,
            today: vendor::today(tx)?,
        })
    }

    /// What the payment is in.
    pub fn currency(&self) -> Currency {
        self.reach.payment.currency
    }

    /// Why nothing can have been paid back on a day.
    pub fn refuses_day(&self, on: NaiveDate) -> Option<String> {
        if let Err(why) = near::happened(on, self.today) {
            return Some(why.to_owned());
        }
        let received_on = self.reach.payment.received_on;
        (on < received_on).then(|| format!("The payment came on {}.", day(received_on)))
    }

    /// Why so much cannot be paid back.
    pub fn refuses_amount(&self, amount: Money) -> Option<String> {
        let payment = &self.reach.payment;
        if amount.currency() != payment.currency {
            return Some(format!("This payment is in {}.", payment.currency));
        }
        if !amount.is_positive() {
            return Some("Give an amount above zero.".to_owned());
        }
        let is_left = amount.minor() <= payment.amount_minor - payment.refunded_minor;
        let is_there = is_left && self.reach.draw(amount.minor()).is_ok();
        (!is_there).then(|| left_words(payment))
    }

    fn check(&self, new: &NewRefund) -> Result<()> {
        let mut problems = Problems::default();
        if let Some(why) = self.refuses_day(new.refunded_on) {
            problems.add("refunded_on", why);
        }
        if let Some(why) = self.refuses_amount(new.amount) {
            problems.add("amount", why);
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Error::Invalid(problems)),
        }
    }
}

fn left_words(payment: &Payment) -> String {
    let left = payment.amount_minor - payment.refunded_minor;
    format!(
        "{} is left of this payment.",
        Money::new(left, payment.currency)
    )
}

/// Everything a payment's money has gone to: the invoices it paid, the credit it or their credit
/// notes left, the invoices that credit paid, and so on.
#[derive(Debug)]
struct Reach {
    payment: Payment,
    allocations: Vec<Allocation>,
    credits: Vec<CustomerCredit>,
    invoices: HashMap<InvoiceId, Invoice>,
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
        let mut found = credits::of_payment(tx, payment)?;
        let mut notes: Vec<CreditNoteId> = Vec::new();
        loop {
            let touched: Vec<InvoiceId> = allocations.iter().map(|one| one.invoice_id).collect();
            let more: Vec<CreditNoteId> = credit_notes::of_invoices(tx, &touched)?
                .into_iter()
                .filter(|note| !notes.contains(note))
                .collect();
            found.extend(credits::of_notes(tx, payment.customer_id, &more)?);
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
        allocations.sort_by_key(|one| Reverse(one.id));
        credits.sort_by_key(|one| (one.payment_id.is_none(), Reverse(one.id)));
        Ok(Self {
            payment: payment.clone(),
            allocations,
            credits,
            invoices,
        })
    }

    fn draw(&self, amount_minor: i64) -> Result<Parts> {
        let unused: Vec<(CustomerCreditId, i64)> = self
            .credits
            .iter()
            .map(|one| (one.id, one.remaining_minor))
            .collect();
        let unused_minor = unused.iter().map(|(_, left)| left).sum();
        let refund = rules::refund(amount_minor, &self.kept(), unused_minor)
            .map_err(|_| Error::on("amount", left_words(&self.payment)))?;
        let (credits, _) = rules::apply(refund.from_credit_minor, &unused);
        Ok(Parts {
            credits,
            allocations: refund.reversed,
        })
    }

    /// What can come back from each allocation: no more than is left of it, and no more in all
    /// than its invoice still keeps.
    fn kept(&self) -> Vec<(PaymentAllocationId, i64)> {
        let mut kept: HashMap<InvoiceId, i64> = self
            .invoices
            .iter()
            .map(|(id, invoice)| (*id, invoice.kept_minor()))
            .collect();
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
            credits::spend(tx, id, credit.remaining_minor - part)?;
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
            invoices::settle(tx, std::slice::from_ref(invoice))?;
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

/// Pays back at once what a credit note says: refunds of the payments that paid its invoice,
/// newest first, out of the credit that the note left.
pub(in crate::services::revenue) fn pay_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (note, invoice): (&CreditNote, InvoiceId),
) -> Result<()> {
    if note.refunded_minor == 0 {
        return Ok(());
    }
    let credits = credits::of_notes(tx, note.customer_id, &[note.id])?;
    let credit = credits.first().map(|one| one.id);
    let parts = shared_out(note.refunded_minor, payments_behind(tx, invoice)?)?;
    let is_one = parts.len() == 1;
    for (place, (payment, part)) in (1..).zip(parts) {
        let external_id = match is_one {
            true => note.number.clone(),
            false => format!("{}-{place}", note.number),
        };
        let new = NewRefund {
            external_id,
            payment,
            refunded_on: note.issued_on,
            amount: Money::new(part, note.currency),
            reason: note.reason.clone(),
        };
        refund_from(tx, books, &new, credit)?;
    }
    Ok(())
}

/// A payment whose money is on an invoice; in minor units.
struct Behind {
    payment: PaymentId,
    /// What is left of it.
    left: i64,
    /// What of that is nowhere else.
    here: i64,
}

/// What goes back of each payment: what each has on the invoice alone, newest first; only where
/// credit brought the money, what has gone on to other invoices too. Refused where what was paid
/// went back before, while credit that others brought stayed here in its place.
fn shared_out(amount_minor: i64, mut behind: Vec<Behind>) -> Result<Vec<(PaymentId, i64)>> {
    let here: Vec<_> = behind.iter().map(|one| (one.payment, one.here)).collect();
    let (mut parts, missing) = rules::apply(amount_minor, &here);
    for (payment, part) in &parts {
        if let Some(one) = behind.iter_mut().find(|one| one.payment == *payment) {
            one.left -= part;
        }
    }
    let left: Vec<_> = behind.iter().map(|one| (one.payment, one.left)).collect();
    let (more, missing) = rules::apply(missing, &left);
    for (payment, part) in more {
        match parts.iter_mut().find(|(known, _)| *known == payment) {
            Some((_, known)) => *known += part,
            None => parts.push((payment, part)),
        }
    }
    match missing {
        0 => Ok(parts),
        _ => {
            let why = "The payments behind this invoice have been paid back already. Make it the \
                       customer’s credit instead.";
            Err(Error::on("disposition", why))
        }
    }
}

/// What of a payment is on other invoices than this one, or unused in its own credit.
fn elsewhere(tx: &mut Tx<'_, VendorScope>, payment: &Payment, invoice: InvoiceId) -> Result<i64> {
    let mut went = cash::allocations_of_payment(tx, payment.id)?;
    let mut credits = credits::of_payment(tx, payment)?;
    credits.retain(|one| one.payment_id == Some(payment.id));
    let ids: Vec<CustomerCreditId> = credits.iter().map(|one| one.id).collect();
    went.extend(cash::allocations_of_credits(tx, &ids)?);
    let others = went.iter().filter(|one| one.invoice_id != invoice);
    let others: i64 = others
        .map(|one| one.amount_minor - one.refunded_minor)
        .sum();
    let unused: i64 = credits.iter().map(|one| one.remaining_minor).sum();
    Ok(others + unused)
}

/// The payments whose money is on an invoice, directly or through the customer's credit, newest
/// first.
fn payments_behind(tx: &mut Tx<'_, VendorScope>, invoice: InvoiceId) -> Result<Vec<Behind>> {
    let (mut behind, mut credits) = (BTreeSet::new(), BTreeSet::new());
    let mut invoices = BTreeSet::from([invoice]);
    let mut next = vec![invoice];
    while !next.is_empty() {
        let paid = cash::allocations_of_invoices(tx, &next)?;
        behind.extend(paid.iter().filter_map(|one| one.payment_id));
        let through = paid.iter().filter_map(|one| one.customer_credit_id);
        let new: Vec<CustomerCreditId> = through.filter(|id| credits.insert(*id)).collect();
        let used = credits::of_ids(tx, &new)?;
        behind.extend(used.iter().filter_map(|one| one.payment_id));
        let notes: Vec<CreditNoteId> = used.iter().filter_map(|one| one.credit_note_id).collect();
        next = credit_notes::invoices_of(tx, &notes)?;
        next.retain(|id| invoices.insert(*id));
    }
    let mut left = Vec::new();
    for id in behind.into_iter().rev() {
        let payment = cash::payment(tx, id)?;
        let rest = payment.amount_minor - payment.refunded_minor;
        left.push(Behind {
            payment: id,
            left: rest,
            here: (rest - elsewhere(tx, &payment, invoice)?).max(0),
        });
    }
    Ok(left)
}
