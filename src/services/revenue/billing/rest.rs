//! What is left of periods, billed from a day on.
use chrono::NaiveDate;

use super::{
    Draft, Used,
    arrears::Usage,
    commitments::Commitments,
    draft::{Biller, blank_invoice},
    issue,
    terms::Terms,
};
use crate::{
    Result,
    domain::bill::Stretch,
    services::revenue::{
        books::{Books, day},
        credit::use_credits,
    },
    store::{
        Tx, VendorScope,
        revenue::{
            invoices::{InvoiceLine, InvoiceLineKind},
            segments::{self, Segment},
            subscriptions::{self, Advance, Subscription},
        },
    },
};

/// Bills the rest of a period whose first days were not served, by the rule of the run.
pub(in crate::services::revenue) fn bill_rest(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (terms, subscription): (&Terms, &Subscription),
    stretch: Stretch,
) -> Result<()> {
    let advance = Advance {
        billed_periods: i32::try_from(stretch.index).map_err(crate::Error::fault)?,
        next_bill_on: subscription.next_bill_on,
        status: subscription.status,
        mrr_minor: None,
    };
    let billed = Subscription {
        billed_periods: advance.billed_periods,
        ..subscription.clone()
    };
    let usage = Usage::of(tx, (books, terms), std::slice::from_ref(&billed))?;
    let commitments = Commitments::of(tx, terms, std::slice::from_ref(&billed))?;
    let draft = Biller {
        tx: &*tx,
        books,
        terms,
        usage: &usage,
        commitments: &commitments,
    }
    .period(&billed, stretch)?;
    let advance = Advance {
        billed_periods: advance.billed_periods + 1,
        ..advance
    };
    subscriptions::advance(tx, &[subscription.id], advance)?;
    let mut made = issue(tx, books, vec![draft])?;
    use_credits(tx, books, &mut made)
}

/// Charges anew, in one invoice, the days from one on of every period that is billed already: each
/// line names its days. What is charged once is not charged again.
pub(in crate::services::revenue) fn bill_rests(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (terms, now): (&Terms, &Subscription),
    on: NaiveDate,
) -> Result<()> {
    let known = segments::of_subscription(tx, now.id)?;
    let first = now.index_of(on)?.unwrap_or(now.first_index());
    let (mut lines, mut charged) = (Vec::new(), Vec::new());
    for index in first..now.next_index() {
        let stretch = now.stretch(index)?;
        let service = stretch.service.rest_from(on);
        if service.days() == 0 {
            continue;
        }
        let rest = Stretch { service, ..stretch };
        let draft = draft(&*tx, books, (terms, now), rest)?;
        lines.extend(prorated(draft.lines, rest));
        charged.extend(draft.segments.into_iter().map(|one| after(one, &known)));
    }
    if lines.is_empty() {
        return Ok(());
    }
    let net = lines.iter().map(|line| line.net_minor).sum();
    let invoice = blank_invoice(&*tx, books, now, terms, (books.today, net))?;
    for (place, line) in (1..).zip(&mut lines) {
        (line.line_no, line.invoice_id) = (place, invoice.id);
    }
    let draft = Draft {
        invoice,
        lines,
        segments: charged,
        used: Used::default(),
        too_much: Vec::new(),
    };
    let mut made = issue(tx, books, vec![draft])?;
    use_credits(tx, books, &mut made)
}

fn draft(
    tx: &Tx<'_, VendorScope>,
    books: &Books,
    (terms, now): (&Terms, &Subscription),
    rest: Stretch,
) -> Result<Draft> {
    let billed = Subscription {
        billed_periods: i32::try_from(rest.index).map_err(crate::Error::fault)?,
        ..now.clone()
    };
    // What is billed in arrears is left for when the period is over.
    let (usage, commitments) = (Usage::default(), Commitments::default());
    let biller = Biller {
        tx,
        books,
        terms,
        usage: &usage,
        commitments: &commitments,
    };
    biller.period(&billed, rest)
}

/// A period's lines as those of its rest.
fn prorated(lines: Vec<InvoiceLine>, rest: Stretch) -> Vec<InvoiceLine> {
    let mut kept = Vec::new();
    for mut line in lines {
        if line.kind != InvoiceLineKind::Recurring {
            continue;
        }
        line.kind = InvoiceLineKind::ProrationCharge;
        line.description = format!("{}, from {}", line.description, day(rest.service.from));
        kept.push(line);
    }
    kept
}

/// A segment in its place: a price that was charged in this period before begins anew.
fn after(segment: Segment, known: &[Segment]) -> Segment {
    let same = known
        .iter()
        .filter(|one| (one.price_id, one.period_index) == (segment.price_id, segment.period_index));
    let last = same.map(|one| one.change_no).max();
    Segment {
        change_no: last.map_or(0, |last| last + 1),
        ..segment
    }
}
