//! A credit note, written down with everything that follows from it.
use super::payers::Payers;
use crate::{
    Result,
    domain::{Action, CommissionRule, CreditReason, Currency, Disposition, Money},
    id::{CustomerId, PartnerId, SubscriptionId},
    services::revenue::{
        accrual::{Source, accrue_invoice},
        books::{Books, DocumentKind},
    },
    store::{
        Platform, Tx, VendorScope,
        incentivize::entries::SourceKind,
        platform::Event,
        revenue::{
            credit_notes::{self, CreditNote},
            credits::{self, CustomerCredit},
            invoices::{self, Invoice, InvoiceLine},
            subscriptions::Subscription,
        },
    },
};

/// To whom, and about what, a credit note is.
pub struct Whose {
    partner: PartnerId,
    customer: CustomerId,
    subscription: SubscriptionId,
    currency: Currency,
    /// The partner that was billed in the customer's place.
    payer: Option<PartnerId>,
}

impl Whose {
    pub fn of(subscription: &Subscription) -> Self {
        Self {
            partner: subscription.billed_partner(),
            customer: subscription.customer_id,
            subscription: subscription.id,
            currency: subscription.currency,
            payer: subscription.payer_id,
        }
    }

    pub fn of_invoice(invoice: &Invoice) -> Self {
        Self {
            partner: invoice.partner_id,
            customer: invoice.customer_id,
            subscription: invoice.subscription_id,
            currency: invoice.currency,
            payer: invoice.payer_id,
        }
    }
}

/// What a credit note says beside its amounts.
pub struct Said<'a> {
    pub reason: &'a str,
    /// What the trail says after its number and what it comes to.
    pub about: &'a str,
    pub code: CreditReason,
    pub disposition: Disposition,
    pub rule: CommissionRule,
}

/// Writes what is credited as a credit note, if it is anything: amounts due shrink, the rest
/// becomes the customer's credit, and commission follows.
pub fn write(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    mut payers: Payers,
    (whose, said): (&Whose, &Said<'_>),
) -> Result<Option<CreditNote>> {
    if payers.is_empty() {
        return Ok(None);
    }
    let mut note = blank(tx, books, (whose, said))?;
    let touched = payers.dispose(&mut note, said.disposition)?;
    let lines = payers.note_lines(tx, &note);
    credit_notes::add(tx, note.clone(), lines)?;
    keep(tx, &note, whose.payer)?;
    let credited: Vec<InvoiceLine> = payers.touched_lines(said.rule);
    invoices::settle_lines(tx, &credited)?;
    for invoice in touched {
        invoices::settle(tx, std::slice::from_ref(&invoice))?;
        let source = Source {
            kind: SourceKind::CreditNote,
            id: note.id.number(),
            on: note.issued_on,
        };
        accrue_invoice(tx, books, &invoice, source)?;
    }
    record(tx, &note, said.about)?;
    Ok(Some(note))
}

/// Puts a credit note on the trail: its number, what it comes to, and what it is about.
fn record(tx: &mut Tx<'_, VendorScope>, note: &CreditNote, about: &str) -> Result<()> {
    let total = Money::new(note.total_minor, note.currency);
    VendorScope::record(
        tx,
        &Event {
            action: Action::CreditNoteIssued,
            subject: note.id.number(),
            partner: Some(note.partner_id),
            summary: format!("Credit note {}, {total}{about}", note.number),
            changes: &[],
        },
    )
}

fn blank(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (whose, said): (&Whose, &Said<'_>),
) -> Result<CreditNote> {
    let numbers = books.numbers(tx, DocumentKind::CreditNote, &[books.today])?;
    Ok(CreditNote {
        id: tx.fresh_id(),
        partner_id: whose.partner,
        customer_id: whose.customer,
        subscription_id: whose.subscription,
        number: numbers.concat(),
        issued_on: books.today,
        currency: whose.currency,
        net_minor: 0,
        tax_minor: 0,
        total_minor: 0,
        reduces_due_minor: 0,
        customer_credit_minor: 0,
        reason: said.reason.to_owned(),
        created_at: tx.now(),
        reason_code: said.code,
        commission_rule: said.rule,
        refunded_minor: 0,
    })
}

fn keep(
    tx: &mut Tx<'_, VendorScope>,
    note: &CreditNote,
    payer_id: Option<PartnerId>,
) -> Result<()> {
    if note.customer_credit_minor == 0 {
        return Ok(());
    }
    let credit = CustomerCredit {
        id: tx.fresh_id(),
        partner_id: note.partner_id,
        customer_id: note.customer_id,
        currency: note.currency,
        payment_id: None,
        credit_note_id: Some(note.id),
        amount_minor: note.customer_credit_minor,
        remaining_minor: note.customer_credit_minor,
        arisen_on: note.issued_on,
        payer_id,
    };
    credits::add(tx, vec![credit])
}
