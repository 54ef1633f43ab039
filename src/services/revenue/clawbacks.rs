//! What goes back when a customer leaves early: SPIFFs, commission of clauses that say so, and
//! bonuses on renewed terms; unless the vendor is to blame. What was taken back for other reasons
//! does not go back again, and no closed month is touched. A SPIFF or a bonus goes back whole when
//! all that was paid for the invoice that brought it is refunded, or credited by hand.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{
    accrual::{Moved, Source},
    books::Books,
    caps::{Capped, Caps, OnLine},
    claims::is_of_record_entry,
    locking,
    renewals::Term,
};
use crate::{
    Error, Result,
    domain::{
        Money, Period, Ratio, SubscriptionStatus,
        commission::{
            EntryKind, Part, clawback::ClawbackTerms, posting_period, reversal_matures_on,
        },
        counted,
    },
    id::{InvoiceId, InvoiceLineId, SpiffId, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::{
            entries::{self, Entry, SourceKind},
            spiffs::{self, Spiff},
        },
        revenue::{
            credit_notes::CreditNote,
            invoices,
            subscriptions::{self, Subscription},
        },
    },
};

/// Takes back what subscriptions that have ended earned beyond the time their customers stayed.
/// Asking again takes nothing more.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn claw_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    ended: &[Subscription],
) -> Result<()> {
    let at_fault = |one: &&Subscription| !one.ends_by_vendor;
    let ends = ended.iter().filter(at_fault).filter_map(|sold| {
        let on = sold.ends_on?;
        let source = Source {
            kind: SourceKind::Cancellation,
            id: sold.id.number(),
            on,
        };
        Some(End {
            sold,
            source,
            why: "the subscription ended",
            only: None,
        })
    });
    let ends: Vec<End<'_>> = ends.collect();
    take_back(tx, books, &ends)
}

/// What follows cash that moved on subscriptions of which something may go back: a payment that
/// comes after an early end, and a refund of all that was paid for what brought a reward.
pub(super) fn follow(tx: &mut Tx<'_, VendorScope>, books: &Books, moves: &[Moved]) -> Result<()> {
    let ids: BTreeSet<SubscriptionId> = moves
        .iter()
        .map(|one| one.invoice.subscription_id)
        .collect();
    let sold = subscriptions::of_ids(tx, &Vec::from_iter(ids))?;
    let by_id: HashMap<SubscriptionId, &Subscription> =
        sold.iter().map(|one| (one.id, one)).collect();
    let (mut ended, mut given_back) = (BTreeSet::new(), Vec::new());
    for moved in moves {
        let Some(sold) = by_id.get(&moved.invoice.subscription_id) else {
            continue;
        };
        let has_ended = sold.status == SubscriptionStatus::Canceled;
        match moved.source.kind {
            SourceKind::Allocation if has_ended => {
                ended.insert(sold.id);
            }
            SourceKind::Refund if is_given_back(moved, sold)? => {
                given_back.push(End {
                    sold,
                    source: moved.source,
                    why: ALL_GIVEN_BACK,
                    only: Some(moved.invoice.id),
                });
            }
            _ => {}
        }
    }
    take_back(tx, books, &given_back)?;
    let ended: Vec<Subscription> = sold
        .iter()
        .filter(|one| ended.contains(&one.id))
        .cloned()
        .collect();
    claw_back(tx, books, &ended)
}

/// What follows a credit note made by hand that leaves nothing of what was paid for an invoice.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn follow_note(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (note, invoice): (&CreditNote, InvoiceId),
) -> Result<()> {
    let invoice = invoices::one(tx, invoice)?;
    let is_left = invoice.state().collected()? != Ratio::ZERO;
    if invoice.paid_minor == 0 || is_left {
        return Ok(());
    }
    let sold = subscriptions::one(tx, invoice.subscription_id)?;
    if sold.ends_by_vendor {
        return Ok(());
    }
    let end = End {
        sold: &sold,
        source: Source {
            kind: SourceKind::CreditNote,
            id: note.id.number(),
            on: note.issued_on,
        },
        why: ALL_GIVEN_BACK,
        only: Some(invoice.id),
    };
    take_back(tx, books, &[end])
}

const ALL_GIVEN_BACK: &str = "all that was paid for it was given back";

/// Whether nothing is left of what was paid for an invoice, and the vendor is not to blame.
fn is_given_back(moved: &Moved, sold: &Subscription) -> Result<bool> {
    let state = moved.invoice.state();
    let was_paid = state.paid_minor > 0 && !sold.ends_by_vendor;
    Ok(was_paid && state.collected()? == Ratio::ZERO)
}

/// That a customer left, or that all that was paid for an invoice was given back.
struct End<'a> {
    sold: &'a Subscription,
    source: Source,
    why: &'static str,
    /// Only what is paid beside lines that this invoice brought, and all of that.
    only: Option<InvoiceId>,
}

/// What was promised for an entry about going back, what it is called, and since when days are
/// counted.
struct Promise {
    /// None where nothing goes back for leaving early.
    terms: Option<ClawbackTerms>,
    name: String,
    since: NaiveDate,
}

fn take_back(tx: &mut Tx<'_, VendorScope>, books: &Books, ends: &[End<'_>]) -> Result<()> {
    if ends.is_empty() {
        return Ok(());
    }
    let ids: Vec<SubscriptionId> = ends.iter().map(|end| end.sold.id).collect();
    let posted = match books.claws_back() {
        true => entries::of_subscriptions(tx, &ids)?,
        false => entries::beside_lines(tx, &ids)?,
    };
    if posted.is_empty() {
        return Ok(());
    }
    let mut desk = Desk {
        books,
        spiffs: spiffs::all(tx)?,
        caps: Caps::of(tx, books, &earners(ends, &posted))?,
        of_lines: Vec::new(),
        new: Vec::new(),
    };
    let mut by_sold: HashMap<SubscriptionId, Vec<Entry>> = HashMap::new();
    for entry in posted {
        if let Some(sold) = entry.subscription_id {
            by_sold.entry(sold).or_default().push(entry);
        }
    }
    for end in ends {
        let its = by_sold.entry(end.sold.id).or_default();
        desk.take(&*tx, end, its)?;
    }
    settle(tx, &desk.of_lines)?;
    locking::post(tx, desk.new)
}

/// Under whose caps entries fall, given whose customers left.
fn earners(ends: &[End<'_>], posted: &[Entry]) -> Vec<Capped> {
    let seller = |entry: &Entry| {
        let end = ends
            .iter()
            .find(|end| Some(end.sold.id) == entry.subscription_id)?;
        Some(end.sold.partner_id)
    };
    let under = posted.iter().filter_map(|entry| {
        let is_carved = matches!(entry.part, Part::CarvedOut { .. });
        Some(Capped {
            clause: entry.commission_clause_id?,
            who: match is_carved {
                true => seller(entry)?,
                false => entry.partner_id,
            },
            currency: entry.currency,
            month: entry.earned_period,
        })
    });
    under.collect()
}

/// Notes on lines what their partner of record has of them.
fn settle(tx: &mut Tx<'_, VendorScope>, new: &[Entry]) -> Result<()> {
    let ids: BTreeSet<InvoiceLineId> = new.iter().filter_map(|one| one.invoice_line_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let known = invoices::lines_of_ids(tx, &Vec::from_iter(ids))?;
    let mut lines = Vec::new();
    for mut line in known.into_values() {
        let own = new.iter().filter(|entry| is_of_record_entry(&line, entry));
        line.commission_minor += own.map(|entry| entry.amount_minor).sum::<i64>();
        lines.push(line);
    }
    lines.sort_by_key(|line| line.id);
    invoices::settle_lines(tx, &lines)
}

struct Desk<'a> {
    books: &'a Books,
    spiffs: Vec<Spiff>,
    caps: Caps,
    /// Those of the new ones that take back what lines earned.
    of_lines: Vec<Entry>,
    new: Vec<Entry>,
}

impl Desk<'_> {
    /// Takes back what one end asks for, given all that is posted of its subscription.
    fn take(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        end: &End<'_>,
        posted: &mut Vec<Entry>,
    ) -> Result<()> {
        let paid = posted
            .iter()
            .filter(|entry| end.only.is_none() || is_reward_of(entry, end));
        let paid: Vec<Entry> = paid.cloned().collect();
        let before = posted.len();
        for entry in &paid {
            let Some(promise) = self.promise(entry, end.sold)? else {
                continue;
            };
            let Some(back) = self.back(tx, end, (entry, &promise, posted))? else {
                continue;
            };
            posted.push(back);
        }
        let freed = self.freed(tx, end.sold, posted.split_at(before))?;
        let (_, backs) = posted.split_at(before);
        let of_lines = backs.iter().filter(|one| one.invoice_line_id.is_some());
        self.of_lines.extend(of_lines.cloned());
        self.new.extend(backs.iter().chain(&freed).cloned());
        posted.extend(freed);
        Ok(())
    }

    /// What follows under caps from all that one end takes back.
    fn freed(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        sold: &Subscription,
        (known, backs): (&[Entry], &[Entry]),
    ) -> Result<Vec<Entry>> {
        let lines: BTreeSet<InvoiceLineId> =
            backs.iter().filter_map(|one| one.invoice_line_id).collect();
        let of = |all: &[Entry], line: InvoiceLineId| -> Vec<Entry> {
            let its = all.iter().filter(|one| one.invoice_line_id == Some(line));
            its.cloned().collect()
        };
        let lines: Vec<(Vec<Entry>, Vec<Entry>)> = lines
            .into_iter()
            .map(|line| (of(known, line), of(backs, line)))
            .collect();
        let lines = lines.iter().map(|(known, new)| OnLine {
            seller: sold.partner_id,
            known,
            new,
        });
        let lines: Vec<OnLine<'_>> = lines.collect();
        let freed = self.caps.follow(tx, self.books, &lines)?;
        Ok(freed.into_iter().flatten().collect())
    }

    /// What was promised for an entry about going back, if anything was.
    fn promise(&self, entry: &Entry, sold: &Subscription) -> Result<Option<Promise>> {
        let (terms, name, since) = match entry.kind {
            EntryKind::Spiff => {
                let mut known = self.spiffs.iter();
                let spiff = known.find(|one| one.id == SpiffId::of(entry.source_id));
                let spiff = spiff.ok_or_else(|| Error::fault("an entry has no SPIFF"))?;
                let name = format!("SPIFF “{}”", spiff.name);
                (spiff.terms().back(), name, sold.charged_from())
            }
            EntryKind::Earned => {
                let clause = entry.commission_clause_id;
                let found = clause.and_then(|id| self.books.clawback(id));
                let name = found.map_or(String::new(), |(seq, _)| format!("Clause {seq}"));
                (found.map(|(_, terms)| terms), name, sold.charged_from())
            }
            EntryKind::RenewalBonus => {
                let plan = sold.commission_plan_version_id;
                let terms = plan.and_then(|plan| self.books.extras().get(&plan)?.renewal);
                let terms = terms.and_then(|terms| terms.clawback);
                // Where its periods were counted otherwise then, the month it began in is known.
                let since = Term::begun_in(sold, entry.earned_period)?;
                let since = since.unwrap_or(entry.earned_period.first_day());
                (terms, "Renewal bonus".to_owned(), since)
            }
            _ => return Ok(None),
        };
        Ok(Some(Promise { terms, name, since }))
    }

    /// What is taken back of an entry, if anything is.
    fn back(
        &self,
        tx: &Tx<'_, VendorScope>,
        end: &End<'_>,
        (paid, promise, posted): (&Entry, &Promise, &[Entry]),
    ) -> Result<Option<Entry>> {
        let of = |counts: fn(&Entry) -> bool| -> i64 {
            let back = posted
                .iter()
                .filter(|entry| entry.reverses_id == Some(paid.id) && counts(entry));
            back.map(|entry| entry.amount_minor).sum()
        };
        // An end that is written down late counts from its day, and never before the payment.
        let on = end.source.on.max(paid.paid_on);
        let active = (end.source.on - promise.since).num_days().max(0);
        let active = u32::try_from(active).unwrap_or(u32::MAX);
        let left = paid.amount_minor + of(|_| true);
        let gone = of(Entry::is_for_leaving);
        let money = |minor: i64| Money::new(minor, paid.currency);
        let (minor, when, more) = match (end.only, promise.terms) {
            (Some(_), _) => (-left, String::new(), String::new()),
            (None, Some(terms)) => {
                let minor = terms.due((paid.amount_minor, left, gone), active)?;
                let days = counted(terms.days, "day", "days");
                let all = terms.due((paid.amount_minor, paid.amount_minor, gone), active)?;
                let more = beyond_what_is_left(minor, Money::new(-all, paid.currency));
                (minor, format!(" after {active} of {days}"), more)
            }
            (None, None) => return Ok(None),
        };
        if minor == 0 {
            return Ok(None);
        }
        let due = Period::of(on);
        Ok(Some(Entry {
            id: tx.fresh_id(),
            kind: match paid.invoice_line_id {
                Some(_) => EntryKind::Reversal,
                None => EntryKind::Clawback,
            },
            source_kind: end.source.kind,
            source_id: end.source.id,
            seq: next_seq(end, paid.invoice_line_id, posted),
            base_minor: 0,
            exact: Ratio::from_int(minor),
            amount_minor: minor,
            paid_on: on,
            due_period: due,
            posting_period: posting_period(due, self.books.first_open),
            matures_on: reversal_matures_on(on, paid.matures_on),
            reverses_id: Some(paid.id),
            caps_id: None,
            created_at: tx.now(),
            note: format!(
                "{}: {}{when}, so that {} of {} goes back.{more}",
                promise.name,
                end.why,
                money(-minor),
                money(paid.amount_minor)
            ),
            ..paid.clone()
        }))
    }
}

/// Where less was left of an entry than is to go back by the days, how much that would be.
fn beyond_what_is_left(minor: i64, by_days: Money) -> String {
    match by_days.minor() == -minor {
        true => String::new(),
        false => format!(" By the days {by_days} would; the rest was taken back before."),
    }
}

/// The place after all that the same end took back of the same line, or beside lines.
fn next_seq(end: &End<'_>, line: Option<InvoiceLineId>, posted: &[Entry]) -> i32 {
    let same = posted.iter().filter(|entry| {
        entry.invoice_line_id == line
            && (entry.source_kind, entry.source_id) == (end.source.kind, end.source.id)
    });
    same.map(|entry| entry.seq).max().unwrap_or_default() + 1
}

/// Whether an entry is what the invoice of an end brought beside what its lines earned.
fn is_reward_of(entry: &Entry, end: &End<'_>) -> bool {
    matches!(entry.kind, EntryKind::RenewalBonus | EntryKind::Spiff) && entry.invoice_id == end.only
}
