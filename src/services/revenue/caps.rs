//! Caps: what a clause would pay a partner for a month beyond its cap is taken off by an entry of
//! its own, and given back in the same proportion as what it caps is reversed.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use chrono::NaiveDate;

use super::books::Books;
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Ratio,
        commission::{
            EntryKind, Part,
            bonus::{self, BeforeCap},
            reversal_matures_on, reverse_newest_first,
        },
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::{
            distributors,
            entries::{self, Entry},
        },
    },
};

/// What a cap is for: a clause, a partner, a month of service, a currency.
type Group = (CommissionClauseId, PartnerId, Period, &'static str);

/// Somebody who earns under a clause for a month.
pub(super) struct Capped {
    pub clause: CommissionClauseId,
    pub who: PartnerId,
    pub currency: Currency,
    pub month: Period,
}

/// A line of a posting, given whose customer's it is: what was posted on it before, and what is now.
pub(super) struct OnLine<'e> {
    pub seller: PartnerId,
    pub known: &'e [Entry],
    pub new: &'e [Entry],
}

/// What has been earned under clauses that have a cap, before a distributor takes its part out of
/// that. Empty where no clause has one.
#[derive(Default)]
pub(super) struct Caps {
    earned: HashMap<Group, i64>,
}

impl Caps {
    /// Reads it for those who earn under these clauses; asks nothing where none is capped.
    pub fn of(tx: &mut Tx<'_, VendorScope>, books: &Books, earners: &[Capped]) -> Result<Self> {
        let (mut clauses, mut partners) = (BTreeSet::new(), BTreeSet::new());
        let mut months = BTreeSet::new();
        for one in earners {
            if books.cap(one.clause, one.currency).is_some() {
                clauses.insert(one.clause);
                partners.insert(one.who);
                months.insert(one.month);
            }
        }
        if clauses.is_empty() {
            return Ok(Self::default());
        }
        let (clauses, months) = (Vec::from_iter(clauses), Vec::from_iter(months));
        let under = (clauses.as_slice(), months.as_slice());
        let partners = Vec::from_iter(partners);
        let mut sums = entries::sums_under(tx, &partners, under)?;
        // Whoever was above a seller, before another took its place too.
        for (seller, links) in distributors::of(tx, &partners)? {
            let carves = links.iter().filter(|link| link.carved_out);
            let above: BTreeSet<PartnerId> =
                carves.filter_map(|link| link.distributor_id).collect();
            if !above.is_empty() {
                let above = Vec::from_iter(above);
                sums.extend(entries::carved_under(tx, (seller, &above), under)?);
            }
        }
        let mut earned: HashMap<Group, i64> = HashMap::new();
        for sum in sums {
            let group = (sum.clause, sum.partner, sum.earned, sum.currency.code());
            *earned.entry(group).or_default() += sum.amount_minor;
        }
        Ok(Self { earned })
    }

    /// What the new entries of one posting bring about, line by line: what falls first makes room,
    /// then what rises is capped, be it earned or come back. A distributor's part that comes out of a
    /// partner's commission counts as that partner's, and bears its share of what is beyond the cap.
    pub fn follow(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        lines: &[OnLine<'_>],
    ) -> Result<Vec<Vec<Entry>>> {
        let falls = lines.iter().map(|line| self.falls(tx, books, line));
        let mut made = falls.collect::<Result<Vec<_>>>()?;
        for (line, made) in lines.iter().zip(&mut made) {
            self.rises(tx, books, (line, made));
        }
        Ok(made)
    }

    /// What is given back of caps as what they capped goes down.
    fn falls(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        line: &OnLine<'_>,
    ) -> Result<Vec<Entry>> {
        let mut made: Vec<Entry> = Vec::new();
        let below = |entry: &&Entry| entry.amount_minor < 0 && !is_on_top(entry);
        for entry in line.new.iter().filter(below) {
            let Some((group, _)) = group(books, entry, earner(entry, line.seller)) else {
                continue;
            };
            let follows: Vec<Entry> = match entry.reverses_id {
                Some(reversed) => freed(line.known, entry, reversed)?.into_iter().collect(),
                None => again(line.known, entry),
            };
            let earned = self.earned.entry(group).or_default();
            *earned += entry.amount_minor;
            for follows in follows {
                *earned += follows.amount_minor;
                made.push(Entry {
                    id: tx.fresh_id(),
                    seq: next_seq(entry, [line.known, line.new, &made]),
                    ..follows
                });
            }
        }
        Ok(made)
    }

    /// What caps take off what goes up.
    fn rises(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (line, made): (&OnLine<'_>, &mut Vec<Entry>),
    ) {
        let mut together: BTreeMap<PartnerId, Vec<&Entry>> = BTreeMap::new();
        let above = |entry: &&Entry| entry.amount_minor > 0 && !is_on_top(entry);
        for entry in line.new.iter().filter(above) {
            let who = earner(entry, line.seller);
            together.entry(who).or_default().push(entry);
        }
        for (who, entries) in together {
            let Some((group, cap)) = entries.first().and_then(|one| group(books, one, who)) else {
                continue;
            };
            let earned = self.earned.entry(group).or_default();
            let (before, parts) = before_cap(&entries);
            let beyond = before.beyond(cap.1, *earned);
            *earned += before.minor() + beyond.own_minor + beyond.carved_minor;
            let off = [beyond.own_minor, beyond.carved_minor];
            for (entries, minor) in parts.into_iter().zip(off) {
                let newest = entries.iter().rev().map(|one| (*one, one.amount_minor));
                for (entry, minor) in reverse_newest_first(&Vec::from_iter(newest), minor) {
                    let note = note(cap.0, Money::new(cap.1, entry.currency), minor, entry);
                    let seq = next_seq(entry, [line.known, line.new, made.as_slice()]);
                    made.push(Entry {
                        id: tx.fresh_id(),
                        seq,
                        ..cap_of(entry, minor, note)
                    });
                }
            }
        }
    }
}

/// Whether a distributor gets it beside the commission, so that no cap holds for it.
fn is_on_top(entry: &Entry) -> bool {
    matches!(entry.part, Part::OnRevenue(_))
}

/// Under whose cap an entry falls.
fn earner(entry: &Entry, seller: PartnerId) -> PartnerId {
    match entry.part {
        Part::CarvedOut { .. } => seller,
        _ => entry.partner_id,
    }
}

/// What caps an entry: the group it counts in, and the cap's clause and minor units.
fn group(books: &Books, entry: &Entry, who: PartnerId) -> Option<(Group, (i32, i64))> {
    let clause = entry.commission_clause_id?;
    let cap = books.cap(clause, entry.currency)?;
    let group = (clause, who, entry.earned_period, entry.currency.code());
    Some((group, cap))
}

/// What a partner earns on a line before its cap, with the entries: its own and its distributor's.
fn before_cap<'e>(entries: &[&'e Entry]) -> (BeforeCap, [Vec<&'e Entry>; 2]) {
    let all = entries.iter().copied();
    let (carved, own): (Vec<&Entry>, Vec<&Entry>) = all.partition(|one| one.part.is_override());
    let minor = |of: &[&Entry]| of.iter().map(|one| one.amount_minor).sum();
    let rate = carved.iter().find_map(|entry| match entry.part {
        Part::CarvedOut { rate, .. } => Some(rate),
        _ => None,
    });
    let before = BeforeCap {
        own_minor: minor(&own),
        carved_minor: minor(&carved),
        carved: rate.unwrap_or_default(),
    };
    (before, [own, carved])
}

/// The place after all of the same source.
fn next_seq(like: &Entry, among: [&[Entry]; 3]) -> i32 {
    let same = among
        .into_iter()
        .flatten()
        .filter(|entry| (entry.source_kind, entry.source_id) == (like.source_kind, like.source_id));
    same.map(|entry| entry.seq).max().unwrap_or_default() + 1
}

fn cap_of(entry: &Entry, minor: i64, note: String) -> Entry {
    Entry {
        kind: EntryKind::Cap,
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(minor),
        amount_minor: minor,
        reverses_id: None,
        caps_id: Some(entry.id),
        note,
        ..entry.clone()
    }
}

fn note(seq: i32, cap: Money, minor: i64, entry: &Entry) -> String {
    let money = |minor| Money::new(minor, entry.currency);
    let (off, amount) = (money(-minor), money(entry.amount_minor));
    let month = entry.earned_period.title();
    match entry.part {
        Part::CarvedOut { .. } => format!(
            "The reseller’s commission is capped for {month}: {off} of the distributor’s {amount} goes with it."
        ),
        Part::Split { carved, .. } if carved.bps() > 0 => format!(
            "Clause {seq} pays at most {cap} a month, the distributor’s part included: {off} of {amount} is beyond it for {month}."
        ),
        _ if entry.reverses_id.is_some() => format!(
            "Clause {seq} pays at most {cap} a month: {off} of the {amount} that come back are beyond it for {month}."
        ),
        _ => format!(
            "Clause {seq} pays at most {cap} a month: {off} of {amount} is beyond it for {month}."
        ),
    }
}

/// What is given back of what caps took off entries that came back, when the same goes below zero
/// again: the newest first, as far as it falls.
fn again(known: &[Entry], fall: &Entry) -> Vec<Entry> {
    let is_its = |one: &&Entry| {
        let whose = |one: &Entry| (one.partner_id, one.part.is_override());
        one.kind == EntryKind::Cap && whose(one) == whose(fall)
    };
    let left = |cap: &Entry| {
        let back = known.iter().filter(|one| one.reverses_id == Some(cap.id));
        let back: i64 = back.map(|one| one.amount_minor).sum();
        ((cap.id, cap.matures_on), -cap.amount_minor - back)
    };
    let mut open: Vec<((CommissionEntryId, NaiveDate), i64)> =
        known.iter().filter(is_its).map(left).collect();
    open.sort_by_key(|((id, _), _)| Reverse(*id));
    let parts = reverse_newest_first(&open, fall.amount_minor).into_iter();
    parts
        .map(|((cap, matures_on), part)| Entry {
            kind: EntryKind::Reversal,
            base_minor: 0,
            rate_bps: 0,
            exact: Ratio::from_int(-part),
            amount_minor: -part,
            matures_on: reversal_matures_on(fall.matures_on, matures_on),
            reverses_id: Some(cap),
            note: format!(
                "What cap {cap} took off as it came back is given back as it falls again."
            ),
            ..fall.clone()
        })
        .collect()
}

/// What is given back of the cap of an entry, if it has one, when it is reversed.
fn freed(known: &[Entry], reversal: &Entry, reversed: CommissionEntryId) -> Result<Option<Entry>> {
    let cap = known.iter().find(|entry| entry.caps_id == Some(reversed));
    let original = known.iter().find(|entry| entry.id == reversed);
    let Some((cap, original)) = cap.zip(original) else {
        return Ok(None);
    };
    let before = known
        .iter()
        .filter(|entry| entry.reverses_id == Some(reversed));
    let before: i64 = before.map(|entry| entry.amount_minor).sum();
    let minor = bonus::uncapped(
        cap.amount_minor,
        original.amount_minor,
        before,
        reversal.amount_minor,
    )?;
    let note = format!(
        "What the cap took off is given back in the proportion in which entry {reversed} is reversed."
    );
    Ok((minor != 0).then(|| Entry {
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(minor),
        amount_minor: minor,
        reverses_id: Some(cap.id),
        note,
        ..reversal.clone()
    }))
}
