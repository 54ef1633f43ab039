//! Billing: one invoice per subscription and service period, in advance.
mod arrears;
mod commitments;
mod courses;
mod draft;
mod expected;
mod items;
mod preview;
mod rest;
mod terms;
mod too_much;

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{
    accrual::collect_nothing,
    books::{Books, DocumentKind},
    credit::use_credits,
    parties,
    recurring::{Turned, turn},
    subscriptions::take_set_plans,
};
use crate::{
    Result,
    domain::{Action, Period, Permission},
    id::{SubscriptionId, UsageEventId},
    store::{
        Platform, Tx, VendorScope,
        platform::Event,
        revenue::{
            invoices::{self, Invoice, InvoiceLine},
            parts,
            segments::{self, Segment},
            subscriptions::{self, Advance, Subscription},
            usage::{self, UsageCharge},
        },
    },
};
use arrears::Usage;
use commitments::Commitments;
use draft::Biller;
pub(super) use draft::{blank_invoice, sell_on};
pub(super) use expected::{Expected, expected};
pub use preview::{Basis, Preview, PreviewLine, UsedSoFar, preview, usage_asked};
pub(super) use rest::{bill_rest, bill_rests};
pub(super) use terms::Terms;
use too_much::{TooMuch, give_back};

/// Subscriptions billed in one transaction by [`bill_due`].
const CHUNK: i64 = 500;

/// What a billing run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// Invoices made.
    pub count: usize,
    /// Whether there may be more to bill.
    pub more: bool,
}

/// Bills every period that starts on or before a day and is not billed yet; says how many
/// invoices it made. All in one transaction: a large run goes by [`bill_due_chunk`].
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn bill_due(tx: &mut Tx<'_, VendorScope>, through: NaiveDate) -> Result<usize> {
    let mut count = 0;
    loop {
        let billed = bill_due_chunk(tx, through, CHUNK)?;
        count += billed.count;
        if !billed.more {
            return Ok(count);
        }
    }
}

/// Bills the next period of up to `limit` subscriptions, those due first at the front.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn bill_due_chunk(
    tx: &mut Tx<'_, VendorScope>,
    through: NaiveDate,
    limit: i64,
) -> Result<Billed> {
    tx.allow(Permission::ManageSubscriptions)?;
    bill_chunk(tx, through, limit)
}

/// As [`bill_due_chunk`], for the close, which whoever closes months may do.
pub(super) fn bill_chunk(
    tx: &mut Tx<'_, VendorScope>,
    through: NaiveDate,
    limit: i64,
) -> Result<Billed> {
    let due = subscriptions::due(tx, through, limit)?;
    if due.is_empty() {
        return Ok(Billed {
            count: 0,
            more: false,
        });
    }
    let books = Books::open(tx)?;
    let made = bill(tx, &books, &due)?;
    record_run(tx, &made)?;
    Ok(Billed {
        count: made.len(),
        more: true,
    })
}

fn record_run(tx: &mut Tx<'_, VendorScope>, made: &[Invoice]) -> Result<()> {
    let (Some(first), Some(last)) = (made.first(), made.last()) else {
        return Ok(());
    };
    let summary = match made.len() {
        1 => format!("Invoice {}", first.number),
        count => format!("{count} invoices, {} to {}", first.number, last.number),
    };
    VendorScope::record(
        tx,
        &Event {
            action: Action::InvoiceIssued,
            subject: first.id.number(),
            partner: (made.len() == 1).then_some(first.partner_id),
            summary,
            changes: &[],
        },
    )
}

/// Bills everything of one subscription that is due through a day.
pub(super) fn bill_one(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    id: SubscriptionId,
    through: NaiveDate,
) -> Result<Vec<Invoice>> {
    bill_all(tx, books, &[id], through)
}

/// As [`bill_one`], of several: period by period, so that what is due first is numbered first.
pub(super) fn bill_all(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    ids: &[SubscriptionId],
    through: NaiveDate,
) -> Result<Vec<Invoice>> {
    let mut made = Vec::new();
    loop {
        let due = subscriptions::due_of(tx, ids, through)?;
        if due.is_empty() {
            return Ok(made);
        }
        made.extend(bill(tx, books, &due)?);
    }
}

/// Bills the next period of each of these, then applies what their customers have in credit.
fn bill(tx: &mut Tx<'_, VendorScope>, books: &Books, due: &[Subscription]) -> Result<Vec<Invoice>> {
    let due = &take_set_plans(tx, due)?;
    let terms = Terms::of(tx, due)?;
    let usage = Usage::of(tx, (books, &terms), due)?;
    let commitments = Commitments::of(tx, &terms, due)?;
    let mut drafts = Vec::new();
    let mut moved: HashMap<Advance, Vec<SubscriptionId>> = HashMap::new();
    let mut turned = Vec::new();
    for subscription in due {
        let (draft, advance) = Biller {
            tx: &*tx,
            books,
            terms: &terms,
            usage: &usage,
            commitments: &commitments,
        }
        .draft(subscription)?;
        if let Some(mrr_minor) = advance.mrr_minor {
            turned.push(Turned {
                subscription,
                offering: terms.plan(subscription)?.offering_id,
                from: draft.invoice.issued_on,
                mrr_minor,
            });
        }
        drafts.push(draft);
        moved.entry(advance).or_default().push(subscription.id);
    }
    if !turned.is_empty() {
        turn(tx, &turned)?;
    }
    for (advance, ids) in moved {
        subscriptions::advance(tx, &ids, advance)?;
    }
    let mut made = issue(tx, books, drafts)?;
    use_credits(tx, books, &mut made)?;
    Ok(made)
}

/// An invoice that has everything but its number.
pub(super) struct Draft {
    pub invoice: Invoice,
    pub lines: Vec<InvoiceLine>,
    pub segments: Vec<Segment>,
    pub used: Used,
    pub too_much: Vec<TooMuch>,
}

/// What a bill notes about the usage it charges for.
#[derive(Default)]
pub(super) struct Used {
    pub settled: Vec<UsageEventId>,
    pub new: Vec<UsageCharge>,
    pub changed: Vec<UsageCharge>,
}

impl Used {
    fn join(&mut self, other: Self) {
        self.settled.extend(other.settled);
        self.new.extend(other.new);
        self.changed.extend(other.changed);
    }

    fn write(self, tx: &mut Tx<'_, VendorScope>) -> Result<()> {
        usage::settle(tx, &self.settled)?;
        if !self.new.is_empty() {
            usage::add_charges(tx, self.new)?;
        }
        // Only late events change what a period came to.
        for charge in &self.changed {
            usage::change_charge(tx, charge)?;
        }
        Ok(())
    }
}

/// Numbers drafts and writes them. What charges for nothing is no invoice; what it notes about
/// usage is written all the same. What earlier bills charged too much is given back first.
pub(super) fn issue(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    drafts: Vec<Draft>,
) -> Result<Vec<Invoice>> {
    let (mut made, mut lines, mut charged) = (Vec::new(), Vec::new(), Vec::new());
    give_back(tx, books, &drafts)?;
    let mut used = Used::default();
    let is_bill = |draft: &Draft| !draft.lines.is_empty();
    let (drafts, empty): (Vec<Draft>, Vec<Draft>) = drafts.into_iter().partition(is_bill);
    for draft in empty {
        used.join(draft.used);
    }
    let issued: Vec<NaiveDate> = drafts.iter().map(|draft| draft.invoice.issued_on).collect();
    let numbers = books.numbers(tx, DocumentKind::Invoice, &issued)?;
    for (mut draft, number) in drafts.into_iter().zip(numbers) {
        draft.invoice.number = number;
        draft.invoice.status = draft.invoice.standing();
        made.push(draft.invoice);
        lines.extend(draft.lines);
        charged.extend(draft.segments);
        used.join(draft.used);
    }
    let shares = parties::share(tx, &made, &mut lines)?;
    invoices::add(tx, made.clone(), lines)?;
    if !shares.is_empty() {
        parts::add(tx, shares)?;
    }
    segments::add(tx, charged)?;
    used.write(tx)?;
    collect_nothing(tx, books, &made)?;
    Ok(made)
}

/// The last day on which a month's periods can start.
pub(super) fn last_day(month: Period) -> NaiveDate {
    month.last_day()
}
