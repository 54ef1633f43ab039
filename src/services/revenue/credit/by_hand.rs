//! Credit notes that somebody decides on: amounts of an invoice's lines, with a reason.
use super::{
    super::clawbacks,
    note::{Said, Whose, write},
    payers::Payers,
};
use crate::{
    Error, Result,
    domain::{
        CommissionRule, CreditReason, Disposition, Money, Permission, ServicePeriod,
        proration::carried,
    },
    id::{CreditNoteId, InvoiceId, InvoiceLineId},
    services::revenue::{books::Books, payments::pay_back},
    store::{
        Tx, VendorScope,
        revenue::{
            credit_notes::CreditNote,
            invoices::{self, Invoice},
            segments::{self, Segment},
        },
    },
};

/// What is credited of one line.
#[derive(Debug, Clone, Copy)]
pub struct LineCredit {
    /// Which.
    pub line: InvoiceLineId,
    /// Minor units before tax; above zero.
    pub net_minor: i64,
    /// For which of its days; all of them where nothing is said.
    pub days: Option<ServicePeriod>,
}

/// A credit note to be made.
#[derive(Debug, Clone)]
pub struct NewCreditNote {
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// What is credited, line by line.
    pub lines: Vec<LineCredit>,
    /// Why.
    pub reason: CreditReason,
    /// Why, in words; the customer and the partner read it.
    pub note: String,
    /// Where the money goes.
    pub disposition: Disposition,
    /// What it does to the partner's commission.
    pub commission: CommissionRule,
}

/// Makes a credit note. Tax goes back with the net as it was charged. What is taken off the
/// amount due was never collected, so that nothing is reversed for it; commission on money that
/// becomes the customer's credit is taken back here and earned again where that is used. Money
/// paid back at once is a refund of the payments that paid the invoice.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] on `line_1` and so on by the
/// lines' places, or `disposition`; faults of the database.
pub fn issue(tx: &mut Tx<'_, VendorScope>, new: &NewCreditNote) -> Result<CreditNoteId> {
    let books = Books::open(tx)?;
    Ok(issue_in(tx, &books, new)?.id)
}

/// As [`issue`], with books that are open already.
///
/// # Errors
/// As [`issue`].
pub fn issue_in(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewCreditNote,
) -> Result<CreditNote> {
    tx.allow(Permission::RecordPayments)?;
    let invoice = invoices::one(tx, new.invoice)?;
    let charged = segments::of_subscription(tx, invoice.subscription_id)?;
    let mut payers = Payers::of_invoices(tx, &[invoice.id], &charged)?;
    for part in &new.lines {
        check(&payers, (&invoice, part))?;
        payers.credit(part)?;
    }
    let about = format!(" on invoice {}: {}", invoice.number, new.reason.label());
    let said = Said {
        reason: &new.note,
        about: &about,
        code: new.reason,
        disposition: new.disposition,
        rule: new.commission,
    };
    let note = write(tx, books, payers, (&Whose::of_invoice(&invoice), &said))?;
    let note = note.ok_or_else(|| Error::on("line_1", "Give what is credited."))?;
    if new.reason.lowers_price() {
        for part in &new.lines {
            lower(tx, &charged, part)?;
        }
    }
    pay_back(tx, books, (&note, invoice.id))?;
    clawbacks::follow_note(tx, books, (&note, invoice.id))?;
    Ok(note)
}

/// What can still be credited of each line of an invoice, in minor units before tax, in the
/// lines' order. What is credited of one line may leave less of the others.
///
/// # Errors
/// [`Error::NotFound`]; faults of the database.
pub fn creditable(
    tx: &mut Tx<'_, VendorScope>,
    id: InvoiceId,
) -> Result<Vec<(InvoiceLineId, i64)>> {
    let invoice = invoices::one(tx, id)?;
    let charged = segments::of_subscription(tx, invoice.subscription_id)?;
    let payers = Payers::of_invoices(tx, &[id], &charged)?;
    let lines = invoices::lines(tx, &[id])?;
    let left = |id| Ok((id, payers.left_of(id)?));
    lines.iter().map(|line| left(line.id)).collect()
}

/// Lowers the price of what a line charged for, and of what was carried into the segments that
/// took its place, by the days or the seconds of each.
fn lower(tx: &mut Tx<'_, VendorScope>, charged: &[Segment], part: &LineCredit) -> Result<()> {
    let own = |one: &&Segment| one.invoice_line_id == Some(part.line);
    let (mut at, mut off) = (charged.iter().find(own), part.net_minor);
    while let Some(segment) = at {
        let lowered = (segment.lowered_minor + off).min(segment.amount_minor);
        segments::lower(tx, segment.id, lowered)?;
        at = charged
            .iter()
            .find(|one| one.replaces_id == Some(segment.id));
        if let Some(next) = at {
            let carried = carried(off, &segment.charge(), &next.charge());
            off = carried.min(next.carried_minor);
        }
    }
    Ok(())
}

fn check(payers: &Payers, (invoice, part): (&Invoice, &LineCredit)) -> Result<()> {
    let line = payers.line(part.line).ok_or(Error::NotFound)?;
    let field = format!("line_{}", line.line_no);
    if part.net_minor <= 0 {
        return Err(Error::on(field, "Give an amount above zero."));
    }
    let left = payers.left_of(part.line)?;
    if part.net_minor > left {
        let left = Money::new(left, invoice.currency);
        return Err(Error::on(field, format!("{left} can be credited here.")));
    }
    Ok(())
}
