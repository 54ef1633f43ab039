//! Caps: what a clause would pay a partner for a month beyond its cap is taken off by an entry of
//! its own, and given back in the same proportion as what it caps is reversed.
use std::collections::{BTreeSet, HashMap};

use super::books::Books;
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Ratio,
        commission::{EntryKind, bonus},
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, GroupSum},
    },
};

/// What a cap is for: a clause, a partner, a month of service, a currency.
type Group = (CommissionClauseId, PartnerId, Period, &'static str);

/// What has been earned under clauses that have a cap. Empty where no clause has one.
#[derive(Default)]
pub(super) struct Caps {
    earned: HashMap<Group, i64>,
}

impl Caps {
    /// Reads it for those who earn under these clauses; asks nothing where none is capped.
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        books: &Books,
        earners: &[(CommissionClauseId, PartnerId, Currency)],
    ) -> Result<Self> {
        let (mut clauses, mut partners) = (BTreeSet::new(), BTreeSet::new());
        for (clause, partner, currency) in earners {
            if books.cap(*clause, *currency).is_some() {
                clauses.insert(*clause);
                partners.insert(*partner);
            }
        }
        if clauses.is_empty() {
            return Ok(Self::default());
        }
        let (clauses, partners) = (Vec::from_iter(clauses), Vec::from_iter(partners));
        let sums = entries::sums_under(tx, &clauses, &partners)?;
        let group = |sum: GroupSum| {
            let key = (sum.clause, sum.partner, sum.earned, sum.currency.code());
            (key, sum.amount_minor)
        };
        Ok(Self {
            earned: sums.into_iter().map(group).collect(),
        })
    }

    /// What these new entries of one line bring about: caps for what is earned, and what is given
    /// back of the caps of entries that are reversed. `known` are the line's earlier entries.
    pub fn follow(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (known, new): (&[Entry], &[Entry]),
    ) -> Result<Vec<Entry>> {
        let mut made: Vec<Entry> = Vec::new();
        for entry in new {
            let clause = entry.commission_clause_id;
            let clause = clause.filter(|_| !entry.part.is_override());
            let cap = clause.and_then(|id| Some((id, books.cap(id, entry.currency)?)));
            let Some((clause, (seq, cap_minor))) = cap else {
                continue;
            };
            let group = (
                clause,
                entry.partner_id,
                entry.earned_period,
                entry.currency.code(),
            );
            let earned = self.earned.entry(group).or_default();
            let follows = match entry.reverses_id {
                Some(reversed) => freed(known, entry, reversed)?,
                None => match bonus::capped(cap_minor, *earned, entry.amount_minor) {
                    0 => None,
                    minor => {
                        let note = note(seq, Money::new(cap_minor, entry.currency), minor, entry);
                        Some(cap_of(entry, minor, note))
                    }
                },
            };
            *earned += entry.amount_minor;
            if let Some(mut follows) = follows {
                *earned += follows.amount_minor;
                follows.id = tx.fresh_id();
                follows.seq = next_seq(entry, [known, new, &made]);
                made.push(follows);
            }
        }
        Ok(made)
    }
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
    format!(
        "Clause {seq} pays at most {cap} a month: {} of {} is beyond it for {}.",
        money(-minor),
        money(entry.amount_minor),
        entry.earned_period.title()
    )
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
