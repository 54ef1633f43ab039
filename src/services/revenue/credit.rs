//! A customer's credit: applied when an invoice is issued, and made by credit notes.
use std::collections::{BTreeSet, HashMap};

use super::{
    accrual::{Moved, Source, accrue_all, accrue_invoice},
    books::{Books, DocumentKind},
};
use crate::{
    Result,
    domain::{ServicePeriod, cash as rules},
    id::{ChargeSegmentId, CustomerCreditId, CustomerId, InvoiceId, InvoiceLineId},
    store::{
        Tx, VendorScope,
        incentivize::entries::SourceKind,
        revenue::{
            cash::{self, Allocation, CustomerCredit},
            credit_notes::{self, CreditNote, CreditNoteLine},
            invoices::{self, Invoice, InvoiceLine},
            segments::Segment,
            subscriptions::Subscription,
        },
    },
};

/// Applies what customers have in credit to new invoices, oldest credit first; what is applied
/// earns commission as a payment does.
pub(super) fn use_credits(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    made: &mut [Invoice],
) -> Result<()> {
    let mut customers: Vec<CustomerId> = made.iter().map(|one| one.customer_id).collect();
    customers.sort_unstable();
    customers.dedup();
    let mut credits = cash::credits_left(tx, &customers)?;
    if credits.is_empty() {
        return Ok(());
    }
    let mut used = Used::default();
    for invoice in &mut *made {
        for credit in &mut credits {
            used.apply(tx, invoice, credit);
        }
    }
    for credit in credits.iter().filter(|one| used.credits.contains(&one.id)) {
        cash::use_credit(tx, credit.id, credit.remaining_minor)?;
    }
    let paid = made.iter().filter(|one| used.invoices.contains(&one.id));
    let paid: Vec<Invoice> = paid.cloned().collect();
    invoices::settle(tx, &paid)?;
    cash::add_allocations(tx, used.allocations)?;
    accrue_all(tx, books, &used.moves)?;
    Ok(())
}

/// What customers' credit was used for.
#[derive(Default)]
struct Used {
    credits: BTreeSet<CustomerCreditId>,
    invoices: BTreeSet<InvoiceId>,
    allocations: Vec<Allocation>,
    moves: Vec<Moved>,
}

impl Used {
    fn apply(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        invoice: &mut Invoice,
        credit: &mut CustomerCredit,
    ) {
        let fits = credit.customer_id == invoice.customer_id && credit.currency == invoice.currency;
        let part = invoice.due_minor().min(credit.remaining_minor);
        if !fits || part <= 0 {
            return;
        }
        credit.remaining_minor -= part;
        let is_first = invoice.is_untouched();
        invoice.paid_minor += part;
        invoice.status = invoice.standing();
        let allocation = Allocation {
            id: tx.fresh_id(),
            partner_id: invoice.partner_id,
            payment_id: None,
            customer_credit_id: Some(credit.id),
            invoice_id: invoice.id,
            amount_minor: part,
            refunded_minor: 0,
            applied_on: invoice.issued_on.max(credit.arisen_on),
        };
        self.credits.insert(credit.id);
        self.invoices.insert(invoice.id);
        self.moves.push(Moved {
            invoice: invoice.clone(),
            source: Source {
                kind: SourceKind::Allocation,
                id: allocation.id.number(),
                on: allocation.applied_on,
            },
            is_first,
        });
        self.allocations.push(allocation);
    }
}

/// Something to be credited: a stretch of a segment, and how much of what it charged.
pub(super) struct Unused<'a> {
    pub segment: &'a Segment,
    pub service: ServicePeriod,
    pub net_minor: i64,
}

/// Writes the credit note for what was charged and not used, if anything can be credited: the
/// part goes back to the lines that paid, newest first. It takes off what is due on each invoice;
/// the rest becomes the customer's credit, and commission on money that moved is taken back.
pub(super) fn credit(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (subscription, all): (&Subscription, &[Segment]),
    unused: &[Unused<'_>],
    reason: &str,
) -> Result<Option<CreditNote>> {
    let mut payers = Payers::of(tx, all)?;
    for part in unused {
        payers.attribute(part)?;
    }
    if payers.parts.is_empty() {
        return Ok(None);
    }
    let numbers = books.numbers(tx, DocumentKind::CreditNote, &[books.today])?;
    let mut note = CreditNote {
        id: tx.fresh_id(),
        partner_id: subscription.partner_id,
        customer_id: subscription.customer_id,
        subscription_id: subscription.id,
        number: numbers.concat(),
        issued_on: books.today,
        currency: subscription.currency,
        net_minor: 0,
        tax_minor: 0,
        total_minor: 0,
        reduces_due_minor: 0,
        customer_credit_minor: 0,
        reason: reason.to_owned(),
        created_at: tx.now(),
    };
    let touched = payers.dispose(&mut note);
    let lines = payers.note_lines(tx, &note);
    credit_notes::add(tx, note.clone(), lines)?;
    keep(tx, &note)?;
    let credited: Vec<InvoiceLine> = payers.touched_lines().cloned().collect();
    invoices::settle_lines(tx, &credited)?;
    for id in touched {
        if let Some(invoice) = payers.invoices.get_mut(&id) {
            invoices::settle(tx, std::slice::from_ref(invoice))?;
            let source = Source {
                kind: SourceKind::CreditNote,
                id: note.id.number(),
                on: note.issued_on,
            };
            accrue_invoice(tx, books, invoice, source)?;
        }
    }
    Ok(Some(note))
}

fn keep(tx: &mut Tx<'_, VendorScope>, note: &CreditNote) -> Result<()> {
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
    };
    cash::add_credits(tx, vec![credit])
}

/// A subscription's segments, the lines that charged for them, and those lines' invoices.
struct Payers {
    segments: HashMap<ChargeSegmentId, Segment>,
    lines: HashMap<InvoiceLineId, InvoiceLine>,
    invoices: HashMap<InvoiceId, Invoice>,
    credited_net: HashMap<InvoiceId, i64>,
    credited_before: HashMap<InvoiceId, i64>,
    parts: Vec<Part>,
}

struct Part {
    line: InvoiceLineId,
    invoice: InvoiceId,
    service: ServicePeriod,
    net_minor: i64,
    tax_minor: i64,
}

impl Payers {
    fn of(tx: &mut Tx<'_, VendorScope>, all: &[Segment]) -> Result<Self> {
        let ids: Vec<InvoiceLineId> = all.iter().filter_map(|one| one.invoice_line_id).collect();
        let lines = invoices::lines_of_ids(tx, &ids)?;
        let mut on: Vec<InvoiceId> = lines.values().map(|line| line.invoice_id).collect();
        on.sort_unstable();
        on.dedup();
        let mut credited_net: HashMap<InvoiceId, i64> = HashMap::new();
        for line in lines.values() {
            *credited_net.entry(line.invoice_id).or_default() += line.credited_net_minor;
        }
        let invoices = invoices::of_ids(tx, &on)?;
        let credited_before = invoices
            .iter()
            .map(|(id, one)| (*id, one.credited_minor))
            .collect();
        Ok(Self {
            segments: all.iter().map(|one| (one.id, one.clone())).collect(),
            lines,
            invoices,
            credited_net,
            credited_before,
            parts: Vec::new(),
        })
    }

    /// The segment's own part first, then what it carried along from those it replaced.
    fn attribute(&mut self, unused: &Unused<'_>) -> Result<()> {
        let mut left = unused.net_minor;
        let mut at = Some(unused.segment.id);
        while let Some(segment) = at.and_then(|id| self.segments.get(&id)) {
            let (line, own) = (segment.invoice_line_id, segment.own_minor());
            at = segment.replaces_id;
            if let Some(line) = line {
                left -= self.take((line, own), left, unused.service)?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        (id, own): (InvoiceLineId, i64),
        wanted: i64,
        service: ServicePeriod,
    ) -> Result<i64> {
        let Some(line) = self.lines.get_mut(&id) else {
            return Ok(0);
        };
        let Some(invoice) = self.invoices.get_mut(&line.invoice_id) else {
            return Ok(0);
        };
        let credited_net = self.credited_net.entry(invoice.id).or_default();
        let most = (own - line.credited_net_minor).min(creditable_net(invoice, *credited_net)?);
        let net_minor = wanted.min(most);
        if net_minor <= 0 {
            return Ok(0);
        }
        let tax_minor = invoice.tax_with(*credited_net, net_minor)?;
        line.credited_net_minor += net_minor;
        invoice.credited_minor += net_minor + tax_minor;
        *credited_net += net_minor;
        let invoice = invoice.id;
        self.parts.push(Part {
            line: id,
            invoice,
            service,
            net_minor,
            tax_minor,
        });
        Ok(net_minor)
    }

    /// Adds the note up and splits it between what is due and the customer's credit; gives the
    /// invoices it touches, oldest first.
    fn dispose(&mut self, note: &mut CreditNote) -> Vec<InvoiceId> {
        for part in &self.parts {
            note.net_minor += part.net_minor;
            note.tax_minor += part.tax_minor;
        }
        note.total_minor = note.net_minor + note.tax_minor;
        let mut touched: Vec<InvoiceId> = self.parts.iter().map(|part| part.invoice).collect();
        touched.sort_unstable();
        touched.dedup();
        for id in &touched {
            let before = self.credited_before.get(id).copied().unwrap_or_default();
            if let Some(invoice) = self.invoices.get_mut(id) {
                let taken = invoice.credited_minor - before;
                let (reduces, rest) = rules::dispose(taken, invoice.due_minor());
                invoice.reduced_minor += reduces;
                note.reduces_due_minor += reduces;
                note.customer_credit_minor += rest;
            }
        }
        touched
    }

    fn note_lines(&self, tx: &Tx<'_, VendorScope>, note: &CreditNote) -> Vec<CreditNoteLine> {
        let line = |part: &Part| CreditNoteLine {
            id: tx.fresh_id(),
            partner_id: note.partner_id,
            credit_note_id: note.id,
            invoice_id: part.invoice,
            invoice_line_id: part.line,
            service_from: part.service.from,
            service_to: part.service.to,
            net_minor: part.net_minor,
            tax_minor: part.tax_minor,
        };
        self.parts.iter().map(line).collect()
    }

    fn touched_lines(&self) -> impl Iterator<Item = &InvoiceLine> {
        let mut ids: Vec<InvoiceLineId> = self.parts.iter().map(|part| part.line).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| self.lines.get(&id))
    }
}

/// The most net that can still be credited on an invoice: what was refunded has gone back already.
fn creditable_net(invoice: &Invoice, credited_net: i64) -> Result<i64> {
    let open = invoice.net_minor - credited_net;
    if invoice.refunded_minor == 0 || invoice.total_minor == 0 {
        return Ok(open);
    }
    let most = invoice.creditable_minor();
    let share = i128::from(most.max(0)) * i128::from(invoice.net_minor);
    let share = share / i128::from(invoice.total_minor);
    let mut net = i64::try_from(share).unwrap_or(open).min(open);
    // Rounding of the tax can make the estimate a unit or two too large.
    while net > 0 && net + invoice.tax_with(credited_net, net)? > most {
        net -= 1;
    }
    Ok(net)
}
