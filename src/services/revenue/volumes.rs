//! Volume: what a month's revenue earns beyond its clause's rate, settled as the month closes. What
//! is given back later takes its part of that along, at the rate it brought, and no closed month
//! is reckoned anew.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::books::Books;
use crate::{
    Result,
    domain::{
        Currency, Money, Overflow, Period, Rate, Ratio,
        commission::{
            EntryKind, Part, matures_on,
            settling::{AtRate, Brought},
            volume::{self, Volume},
        },
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
    },
};

/// What a clause with steps says.
#[derive(Debug, Clone, Copy)]
pub(in crate::services) struct VolumeTerms {
    /// Its place in its plan.
    pub seq: i32,
    /// Its own rate.
    pub rate: Rate,
    /// Its steps.
    pub volume: Volume,
    /// Days from a payment to the day its commission is payable.
    pub hold_days: u32,
    /// Through which month, by its key, what a distributor gets out of the commission counted as
    /// that much less revenue.
    pub carved_through: i32,
}

/// A clause and whom it pays.
type Group = (CommissionClauseId, PartnerId);

/// What is to be posted for a group as a month closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services) struct Settled {
    /// The month whose revenue it is for: that month itself, or an earlier one of which something
    /// went back.
    pub of: Period,
    /// What it comes to, in minor units.
    pub minor: i64,
    /// The revenue it is reckoned on, in minor units: of the month, or what went back.
    pub revenue_minor: i64,
    /// What had been posted for that already, in minor units.
    pub posted_minor: i64,
    /// The day it is payable.
    pub matures_on: NaiveDate,
}

impl Settled {
    /// Its place among all of its clause and partner: one for each pair of months.
    pub fn seq(&self, month: Period) -> i32 {
        match self.of == month {
            true => month.key(),
            // Beyond every month's own key.
            false => 1_000_000 + count(self.of) * 1_000 + count(month),
        }
    }
}

/// Months since the year 2000, by which every month of this portal is below a thousand.
fn count(month: Period) -> i32 {
    (month.key() / 100 - 2_000) * 12 + month.key() % 100
}

/// The entries by which a month's close settles what the steps of clauses bring for it, and what
/// goes back of earlier months. Asks nothing where no clause has steps.
pub(super) fn settling(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    month: Period,
) -> Result<Vec<Entry>> {
    let terms = books.volumes();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let clauses: Vec<CommissionClauseId> = terms.keys().copied().collect();
    let mut posted = entries::of_clauses(tx, &clauses, month)?;
    let known: BTreeSet<CommissionEntryId> = posted.iter().map(|entry| entry.id).collect();
    let is_late = |entry: &&Entry| entry.reverses_id.is_some_and(|id| !known.contains(&id));
    let late: BTreeSet<PartnerId> = posted
        .iter()
        .filter(is_late)
        .map(|entry| entry.partner_id)
        .collect();
    if !late.is_empty() {
        let late = Vec::from_iter(late);
        posted.extend(entries::of_clauses_before(tx, (&clauses, &late), month)?);
    }
    let mut new = Vec::new();
    for ((clause, partner), of) in groups(&posted, terms) {
        let Some(terms) = terms.get(&clause) else {
            continue;
        };
        for settled in due(&of, terms, month)? {
            new.push(entry(tx, (clause, partner), terms, (month, &settled))?);
        }
    }
    Ok(new)
}

/// The entries that count for steps, by clause and partner.
pub(in crate::services) fn groups<'e>(
    all: &'e [Entry],
    terms: &HashMap<CommissionClauseId, VolumeTerms>,
) -> BTreeMap<Group, Vec<&'e Entry>> {
    let mut found: BTreeMap<Group, Vec<&Entry>> = BTreeMap::new();
    for entry in all
        .iter()
        .filter(|entry| entry.is_earning() && !entry.part.is_override())
    {
        let clause = entry.commission_clause_id;
        let counts = |of: &VolumeTerms| of.volume.currency == entry.currency;
        if let Some(clause) = clause.filter(|id| terms.get(id).is_some_and(counts)) {
            found
                .entry((clause, entry.partner_id))
                .or_default()
                .push(entry);
        }
    }
    found
}

/// What a month's revenue is, and what was posted for it.
#[derive(Default)]
struct Sum {
    earned: AtRate,
    /// The last day on which any of it is payable.
    matures_on: Option<NaiveDate>,
}

impl Sum {
    fn add(&mut self, entry: &Entry, is_carved: bool) -> Result<(), Overflow> {
        let part = match is_carved {
            true => Part::Whole,
            false => entry.part,
        };
        self.earned.add(part, (entry.exact, entry.amount_minor))?;
        self.matures_on = self.matures_on.max(Some(entry.matures_on));
        Ok(())
    }

    /// The day on which what steps bring for it is payable, as its month closes: what they take
    /// off no earlier than the last of what that is taken off.
    fn settled_on(&self, month: Period, brought: i64, hold_days: u32) -> NaiveDate {
        let last = month.last_day();
        match brought < 0 {
            true => self.matures_on.map_or(last, |newest| newest.max(last)),
            false => matures_on(last, hold_days),
        }
    }
}

/// A group's entries by the month they were earned in, and those that went back in a later one: of
/// which month, and whether in the one that closes.
type Sorted = (BTreeMap<Period, Sum>, BTreeMap<(Period, bool), Sum>);

fn sorted(of: &[&Entry], month: Period, carved_through: i32) -> Result<Sorted, Overflow> {
    let by_id: HashMap<CommissionEntryId, &Entry> =
        of.iter().map(|entry| (entry.id, *entry)).collect();
    let (mut earned, mut back): Sorted = Default::default();
    for entry in of.iter().filter(|entry| entry.posting_period <= month) {
        let original = entry.reverses_id.and_then(|id| by_id.get(&id));
        let first = original.map_or(entry.posting_period, |one| one.posting_period);
        // What was settled keeps its measure.
        let is_carved = first.key() <= carved_through;
        if first == entry.posting_period {
            earned.entry(first).or_default().add(entry, is_carved)?;
        } else {
            let is_now = entry.posting_period == month;
            let sum = back.entry((first, is_now)).or_default();
            sum.add(entry, is_carved)?;
        }
    }
    Ok((earned, back))
}

/// What is to be posted for one group as a month closes, given its entries of that month, and all
/// its earlier ones if any of those went back in it.
pub(in crate::services) fn due(
    of: &[&Entry],
    terms: &VolumeTerms,
    month: Period,
) -> Result<Vec<Settled>> {
    let (earned, back) = sorted(of, month, terms.carved_through)?;
    let mut found = Vec::new();
    for (first, sum) in &earned {
        let posted = sum.earned.posted()?;
        let Brought {
            revenue_minor: revenue,
            minor: brought,
        } = terms.volume.brings(terms.rate, &sum.earned)?;
        let settled_on = sum.settled_on(*first, brought, terms.hold_days);
        let (minor, revenue_minor, posted_minor) = match *first == month {
            true => (brought, revenue, posted),
            false => {
                let gone = |is_now| match back.get(&(*first, is_now)) {
                    Some(sum) => sum.earned.revenue(terms.rate).map(|minor| -minor),
                    None => Ok(0),
                };
                let (before, now) = (gone(false)?, gone(true)?);
                let taken = volume::taken_back(brought, revenue, (before, before + now))?;
                (taken, now, brought)
            }
        };
        if minor != 0 {
            found.push(Settled {
                of: *first,
                minor,
                revenue_minor,
                posted_minor,
                // What is taken back matures with what it takes back, as a reversal does.
                matures_on: settled_on.max(month.last_day()),
            });
        }
    }
    Ok(found)
}

fn entry(
    tx: &Tx<'_, VendorScope>,
    (clause, partner): Group,
    terms: &VolumeTerms,
    (month, settled): (Period, &Settled),
) -> Result<Entry> {
    let currency = terms.volume.currency;
    let on = month.last_day();
    Ok(Entry {
        id: tx.fresh_id(),
        partner_id: partner,
        customer_id: None,
        subscription_id: None,
        invoice_id: None,
        invoice_line_id: None,
        commission_clause_id: Some(clause),
        kind: EntryKind::Volume,
        source_kind: SourceKind::Plan,
        source_id: clause.number(),
        seq: settled.seq(month),
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(settled.minor),
        amount_minor: settled.minor,
        currency,
        paid_on: on,
        earned_period: settled.of,
        due_period: month,
        posting_period: month,
        matures_on: settled.matures_on,
        reverses_id: None,
        created_at: tx.now(),
        part: Part::Whole,
        about: String::new(),
        caps_id: None,
        note: note(terms, (month, settled), currency),
    })
}

fn note(terms: &VolumeTerms, (month, settled): (Period, &Settled), currency: Currency) -> String {
    let money = |minor| Money::new(minor, currency);
    let Settled {
        of,
        minor,
        revenue_minor,
        posted_minor,
        ..
    } = *settled;
    if of == month {
        return format!(
            "Clause {} pays {} of recurring revenue{}: {} of revenue in {} earns {} in all, of which {} was posted. {}",
            terms.seq,
            terms.rate,
            terms.volume.words(),
            money(revenue_minor),
            of.title(),
            money(posted_minor.saturating_add(minor)),
            money(posted_minor),
            terms.volume.reached(terms.rate, revenue_minor)
        );
    }
    format!(
        "Of the revenue of {}, {} went back in {}: of the {} that the steps of clause {} brought for it, {} is taken back with it.",
        of.title(),
        money(revenue_minor),
        month.title(),
        money(posted_minor),
        terms.seq,
        money(-minor)
    )
}
