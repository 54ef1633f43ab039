//! Caps: what a clause would pay a partner for a month beyond its cap is taken off by an entry of
//! its own, and given back in the same proportion as what it caps is reversed.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::books::Books;
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Rate, Ratio,
        commission::{
            EntryKind, Part,
            bonus::{self, BeforeCap},
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

    /// What these new entries of one line bring about, given whose customer's it is: caps for what
    /// is earned, and what is given back of the caps of entries that are reversed. A distributor's
    /// part that comes out of a partner's commission counts as that partner's, and bears its share
    /// of what is beyond the cap. `known` are the line's earlier entries.
    pub fn follow(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (seller, known, new): (PartnerId, &[Entry], &[Entry]),
    ) -> Result<Vec<Entry>> {
        let mut made: Vec<Entry> = Vec::new();
        let mut together: BTreeMap<PartnerId, Vec<&Entry>> = BTreeMap::new();
        for entry in new.iter().filter(|entry| !is_on_top(entry)) {
            let who = earner(entry, seller);
            let Some((group, _)) = group(books, entry, who) else {
                continue;
            };
            match entry.reverses_id {
                None => together.entry(who).or_default().push(entry),
                Some(reversed) => {
                    let follows = freed(known, entry, reversed)?;
                    let freed = follows.as_ref().map_or(0, |one| one.amount_minor);
                    *self.earned.entry(group).or_default() += entry.amount_minor + freed;
                    if let Some(follows) = follows {
                        made.push(Entry {
                            id: tx.fresh_id(),
                            seq: next_seq(entry, [known, new, &made]),
                            ..follows
                        });
                    }
                }
            }
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
            for (entry, minor) in parts.into_iter().zip(off) {
                let Some(entry) = entry.filter(|_| minor != 0) else {
                    continue;
                };
                let note = note(cap.0, Money::new(cap.1, entry.currency), minor, entry);
                made.push(Entry {
                    id: tx.fresh_id(),
                    seq: next_seq(entry, [known, new, &made]),
                    ..cap_of(entry, minor, note)
                });
            }
        }
        Ok(made)
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
fn before_cap<'e>(entries: &[&'e Entry]) -> (BeforeCap, [Option<&'e Entry>; 2]) {
    let own = entries.iter().find(|entry| !entry.part.is_override());
    let carved = entries.iter().find_map(|entry| match entry.part {
        Part::CarvedOut { rate, .. } => Some((*entry, rate)),
        _ => None,
    });
    let before = BeforeCap {
        own_minor: own.map_or(0, |entry| entry.amount_minor),
        carved_minor: carved.map_or(0, |(entry, _)| entry.amount_minor),
        carved: carved.map_or(Rate::default(), |(_, rate)| rate),
    };
    (before, [own.copied(), carved.map(|(entry, _)| entry)])
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
        _ => format!(
            "Clause {seq} pays at most {cap} a month: {off} of {amount} is beyond it for {month}."
        ),
    }
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
