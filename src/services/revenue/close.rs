//! The month's close: begun, staged in chunks, and finished in one short transaction that makes
//! the month, its statements, payouts and letters visible together.
use std::collections::{BTreeSet, HashMap};

use super::{
    accrual::{Moved, Source, accrue_all, of_nothing},
    billing::{bill_chunk, last_day},
    books::Books,
    guarantees,
    locking::{self, Missing},
    stage,
    statements::{NewLetter, letter, subject},
    volumes,
};
use crate::{
    Error, Result,
    domain::{Action, Period, PeriodStatus, Permission, counted},
    id::{AccountingPeriodId, InvoiceId, PartnerId},
    queue::{self, SendMail},
    store::{
        Platform, Tx, VendorScope,
        incentivize::{
            entries::{self, Entry, SourceKind},
            outbox,
            payouts::{self, Payout, PayoutStatus},
            periods,
            statements::{self, Balance, StatedPartner},
        },
        platform::Event,
        registers::periods::{self as months, PreviewRow, Shifted, ToCome},
        revenue::{cash, invoices},
    },
};

/// Partners read at once when a close is finished.
const PAGE: i64 = 500;
/// Entries read in one transaction of a close, but for those of a single partner.
const STAGED_AT_ONCE: i64 = 10_000;
/// Subscriptions billed in one transaction of a close.
pub const BILLED_AT_ONCE: i64 = 500;

/// How far a month's close has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has not begun.
    Open,
    /// It has begun; statements are being staged.
    Closing,
    /// It is over.
    Closed,
}

/// How far a month's close has come; refuses one that cannot be closed yet.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`] for a month that is not over, that lies before the
/// vendor's first, or that has an open one before it, and where an exchange rate is missing; faults
/// of the database.
pub fn progress(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Progress> {
    tx.allow(Permission::ClosePeriods)?;
    let books = Books::open(tx)?;
    match periods::of_month(tx, period)?.map(|row| row.status) {
        Some(PeriodStatus::Closed) => return Ok(Progress::Closed),
        Some(PeriodStatus::Closing) => return Ok(Progress::Closing),
        Some(PeriodStatus::Open) | None => {}
    }
    if tx.now() < books.vendor.zone.end_of(period.last_day()) {
        return Err(Error::conflict(format!(
            "{} is not over yet.",
            period.title()
        )));
    }
    let first = books.vendor.first_period;
    if period < first {
        return Err(Error::conflict(format!(
            "The first month to close is {}.",
            first.title()
        )));
    }
    let closing = periods::last_not_open(tx)?.filter(|row| row.status == PeriodStatus::Closing);
    let next = closing.map_or(books.first_open, |row| row.month);
    if period != next {
        return Err(Error::conflict(format!(
            "{} has to be closed first.",
            next.title()
        )));
    }
    locking::refuse(&locking::missing(tx, period)?)?;
    Ok(Progress::Open)
}

/// Bills a part of what the month is still missing; says whether there may be more. A close bills
/// in transactions of its own before it [begins](begin).
///
/// # Errors
/// As [`progress`].
pub fn bill_missing(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<bool> {
    match progress(tx, period)? {
        Progress::Open => Ok(bill_chunk(tx, last_day(period), BILLED_AT_ONCE)?.more),
        Progress::Closing | Progress::Closed => Ok(false),
    }
}

/// Begins a month's close: bills and accrues what is missing through its last day and sets the
/// cut-off, after which nothing is posted in it. Beginning twice changes nothing.
///
/// # Errors
/// As [`progress`].
pub fn begin(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Progress> {
    match progress(tx, period)? {
        Progress::Open => {}
        begun => return Ok(begun),
    }
    while bill_chunk(tx, last_day(period), BILLED_AT_ONCE)?.more {}
    accrue_missing(tx)?;
    let books = Books::open(tx)?;
    let settling = settling(tx, &books, period)?;
    locking::post(tx, settling)?;
    locking::refuse(&locking::catch_up(tx, period)?)?;
    let row = periods::begin_close(tx, period)?;
    record(tx, Action::PeriodClosing, row.id, period.title())?;
    Ok(Progress::Closing)
}

/// What a month's close makes before its statements: what steps bring, and what fills partners up
/// to their floor.
fn settling(tx: &mut Tx<'_, VendorScope>, books: &Books, period: Period) -> Result<Vec<Entry>> {
    let mut made = volumes::settling(tx, books, period)?;
    let filling = guarantees::filling(tx, books, (period, &made))?;
    made.extend(filling);
    Ok(made)
}

/// What closing a month would come to.
#[derive(Debug, Default)]
pub struct Preview {
    /// A statement there would be, each. What waits for a rate counts as it was earned.
    pub rows: Vec<PreviewRow>,
    /// The rates without which the month is not closed.
    pub missing: BTreeSet<Missing>,
}

/// What closing an open month now would come to: what is posted, and what the close itself would
/// make, by the same rules. Writes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database, and amounts that do not fit.
pub fn preview(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Preview> {
    tx.allow(Permission::ViewMoney)?;
    let books = Books::open(tx)?;
    let made = settling(tx, &books, period)?;
    let waiting = locking::waiting(tx, period)?;
    let mut reckoned = locking::reckon(tx, &made)?;
    let caught_up = locking::reckon(tx, &waiting)?;
    reckoned.missing.extend(caught_up.missing);
    let shifted = caught_up.conversions.iter().filter_map(|one| {
        let entry = waiting
            .iter()
            .find(|entry| entry.id == one.commission_entry_id)?;
        Some(Shifted::of(one, entry.matures_on))
    });
    let shifted = shifted.collect();
    let of_entry = reckoned.conversions.iter();
    let converted: HashMap<_, _> = of_entry.map(|one| (one.commission_entry_id, one)).collect();
    let to_come: Vec<ToCome> = made
        .iter()
        .map(|entry| ToCome::of(entry, converted.get(&entry.id).copied()))
        .collect();
    Ok(Preview {
        rows: months::preview(tx, period, (&to_come, shifted))?,
        missing: reckoned.missing,
    })
}

/// Normally finds nothing: commission is posted in the transaction that applies the cash.
fn accrue_missing(tx: &mut Tx<'_, VendorScope>) -> Result<()> {
    let missing = invoices::behind(tx)?;
    if missing.is_empty() {
        return Ok(());
    }
    let books = Books::open(tx)?;
    let ids: Vec<InvoiceId> = missing.iter().map(|(id, _)| *id).collect();
    let invoices = invoices::of_ids(tx, &ids)?;
    let mut moves = Vec::new();
    for (id, clause) in missing {
        let Some(invoice) = invoices.get(&id) else {
            continue;
        };
        let last = cash::last_allocation_of(tx, id)?.map(|last| Source {
            kind: SourceKind::Allocation,
            id: last.id.number(),
            on: last.applied_on,
        });
        if let Some(source) = last.or_else(|| of_nothing(&books, invoice, clause)) {
            let invoice = invoice.clone();
            moves.push(Moved {
                invoice,
                source,
                is_first: false,
            });
        }
    }
    accrue_all(tx, &books, &moves)?;
    Ok(())
}

/// Stages the statements of the next partners after one, at most `limit` of them; says where to
/// go on, if there are more. Partners that have theirs already keep them.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`] for a month that is not closing; faults of the
/// database.
pub fn stage_chunk(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    after: Option<PartnerId>,
    limit: i64,
) -> Result<Option<PartnerId>> {
    tx.allow(Permission::ClosePeriods)?;
    let row = periods::of_month(tx, period)?;
    let row = row.filter(|row| row.status == PeriodStatus::Closing);
    let row = row.ok_or_else(|| Error::conflict("This month is not being closed."))?;
    let partners = statements::partners_after(tx, after, limit)?;
    let (partners, is_last) = some_of(tx, period, partners, limit)?;
    let books = Books::open(tx)?;
    let cutoff = row.cutoff_at.unwrap_or_else(|| tx.now());
    let month = stage::Month {
        period,
        closed_on: books.vendor.zone.local_date(cutoff),
        books: &books,
    };
    stage::stage(tx, &month, &partners)?;
    Ok(partners.last().filter(|_| !is_last).map(|one| one.id))
}

/// As many of these partners as have a chunk's worth of entries, at least one; and whether no
/// partner is left after them. So a month of a million entries is staged in no more memory than
/// one of ten thousand.
fn some_of(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    mut partners: Vec<StatedPartner>,
    limit: i64,
) -> Result<(Vec<StatedPartner>, bool)> {
    let is_full = i64::try_from(partners.len()).is_ok_and(|many| many >= limit);
    let ids: Vec<PartnerId> = partners.iter().map(|one| one.id).collect();
    let counts = entries::maturing(tx, &ids, period.previous().last_day())?;
    let mut sum = 0;
    let fitting = ids.iter().take_while(|id| {
        sum += counts.get(id).copied().unwrap_or_default();
        sum <= STAGED_AT_ONCE
    });
    let fitting = fitting.count().max(1).min(partners.len());
    let is_last = !is_full && fitting == partners.len();
    partners.truncate(fitting);
    Ok((partners, is_last))
}

/// Where the staging of a month goes on after a stop.
///
/// # Errors
/// Faults of the database.
pub fn staged_through(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Option<PartnerId>> {
    tx.allow(Permission::ClosePeriods)?;
    statements::staged_through(tx, period)
}

/// What a close made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Closed {
    /// Statements.
    pub statements: usize,
    /// Payouts.
    pub payouts: usize,
    /// Letters.
    pub mails: usize,
}

/// Finishes a month's close: statements, payouts and letters become visible together.
/// `mail_domain` is what Message-IDs end in. Finishing twice changes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`] for a month that is not closing; faults of the
/// database.
pub fn finish(tx: &mut Tx<'_, VendorScope>, period: Period, mail_domain: &str) -> Result<Closed> {
    tx.allow(Permission::ClosePeriods)?;
    let row = periods::of_month(tx, period)?;
    let row = row.ok_or_else(|| Error::conflict("This month is not being closed."))?;
    if row.status == PeriodStatus::Closed {
        return Ok(Closed::default());
    }
    periods::end_close(tx, period)?;
    let count = statements::close(tx, period)?;
    let made = statements::balances(tx, period, None)?;
    let payouts = add_payouts(tx, &made)?;
    let mails = post_letters(tx, period, &made, mail_domain)?;
    let closed = Closed {
        statements: count,
        payouts,
        mails,
    };
    let many = counted(count, "statement", "statements");
    let summary = format!("{}, {many}", period.title());
    record(tx, Action::PeriodClosed, row.id, summary)?;
    Ok(closed)
}

/// What a closed month holds.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn outcome(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Closed> {
    tx.allow(Permission::ClosePeriods)?;
    let made = statements::balances(tx, period, None)?;
    let said = made
        .iter()
        .filter(|one| one.line_count > 0 || one.payout_minor > 0);
    Ok(Closed {
        statements: made.len(),
        payouts: made.iter().filter(|one| one.payout_minor > 0).count(),
        mails: said.count(),
    })
}

fn add_payouts(tx: &mut Tx<'_, VendorScope>, made: &[Balance]) -> Result<usize> {
    let new: Vec<Payout> = made
        .iter()
        .filter_map(|balance| {
            let due_on = balance.due_on.filter(|_| balance.payout_minor > 0)?;
            Some(Payout {
                id: tx.fresh_id(),
                partner_id: balance.partner_id,
                statement_id: balance.id,
                currency: balance.currency(),
                amount_minor: balance.payable_minor(),
                due_on,
                status: PayoutStatus::Due,
                paid_on: None,
                reference: None,
                version: 1,
                payout_run_id: None,
                booked_period: None,
            })
        })
        .collect();
    let count = new.len();
    payouts::add(tx, new)?;
    Ok(count)
}

/// One letter for each statement that says anything; a zero statement has a page and no letter.
fn post_letters(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    made: &[Balance],
    mail_domain: &str,
) -> Result<usize> {
    let vendor = Books::open(tx)?.vendor.name;
    let partners = all_partners(tx)?;
    let mut new = Vec::new();
    for balance in made
        .iter()
        .filter(|one| one.line_count > 0 || one.payout_minor > 0)
    {
        let partner = partners.get(&balance.partner_id);
        let Some(partner) = partner.filter(|partner| !partner.statement_email.is_empty()) else {
            continue;
        };
        new.push(letter(
            tx,
            NewLetter {
                statement: balance.id,
                partner: balance.partner_id,
                recipient: &partner.statement_email,
                subject: subject(&vendor, period, balance),
                copy_no: 1,
                mail_domain,
            },
        ));
    }
    outbox::post(tx, &new)?;
    let jobs: Vec<SendMail> = new.iter().map(|mail| SendMail::of(mail.id)).collect();
    queue::enqueue_all(tx, &jobs)?;
    Ok(new.len())
}

fn all_partners(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<PartnerId, StatedPartner>> {
    let (mut found, mut after) = (HashMap::new(), None);
    loop {
        let page = statements::partners_after(tx, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        after = Some(last.id);
        found.extend(page.into_iter().map(|partner| (partner.id, partner)));
    }
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    row: AccountingPeriodId,
    summary: String,
) -> Result<()> {
    let subject = row.number();
    VendorScope::record(
        tx,
        &Event {
            action,
            subject,
            partner: None,
            summary,
            changes: &[],
        },
    )
}
