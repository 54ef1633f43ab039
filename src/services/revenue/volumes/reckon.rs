//! What is to be posted for the steps of a clause, from the entries that count for them.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{Terms, VolumeTerms};
use crate::{
    Result,
    domain::{
        Overflow, Period,
        commission::{
            Part,
            course::{Course, Outstanding, Turn},
            matures_on,
        },
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::incentivize::entries::Entry,
};

/// A clause and whom it pays.
pub(super) type Group = (CommissionClauseId, PartnerId);

/// What is to be posted for a group as a month closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services) struct Settled {
    /// The month whose entry it takes back, or the one that closes where it stands for itself.
    pub of: Period,
    /// What it comes to, in minor units.
    pub minor: i64,
    /// What that close settles in all, and on what.
    pub turn: Turn,
    /// The first of the months whose revenue counts together.
    pub first: Period,
    /// The day it is payable.
    pub matures_on: NaiveDate,
}

impl Settled {
    /// Its place among all of its clause and partner: one for each pair of months.
    pub fn seq(&self) -> i32 {
        let month = self.turn.month;
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

/// The entries that count for steps, by clause and partner.
pub(in crate::services) fn groups<'e>(
    all: &'e [Entry],
    terms: &Terms,
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

/// What a group earned over the months that count together, and what went back after those.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub course: Course,
    /// The last day on which anything is payable that was posted in a month.
    payable: BTreeMap<Period, NaiveDate>,
}

impl Followed {
    /// The last day on which anything is payable that was earned by the end of a month.
    fn newest(&self, month: Period) -> NaiveDate {
        let days = self.payable.range(..=month).map(|(_, day)| *day);
        days.max()
            .map_or(month.last_day(), |newest| newest.max(month.last_day()))
    }
}

/// A group's entries that were posted by the end of a month, by the first of the months that count
/// together. What goes back belongs to the entry it goes back of.
pub(super) fn followed(
    of: &[&Entry],
    terms: &VolumeTerms,
    through: Period,
) -> Result<BTreeMap<Period, Followed>, Overflow> {
    let by_id: HashMap<CommissionEntryId, &Entry> =
        of.iter().map(|entry| (entry.id, *entry)).collect();
    let mut found: BTreeMap<Period, Followed> = BTreeMap::new();
    for entry in of.iter().filter(|entry| entry.posting_period <= through) {
        let original = entry.reverses_id.and_then(|id| by_id.get(&id));
        let earned = original.map_or(entry.posting_period, |one| one.posting_period);
        // What was settled keeps its measure.
        let part = match earned.key() <= terms.carved_through {
            true => Part::Whole,
            false => entry.part,
        };
        let (month, amount) = (entry.posting_period, (entry.exact, entry.amount_minor));
        let first = terms.first(earned);
        let one = found.entry(first).or_default();
        if first == terms.first(month) {
            one.course.earn(month, part, amount)?;
            let day = one.payable.entry(month).or_insert(entry.matures_on);
            *day = entry.matures_on.max(*day);
        } else {
            one.course.give_back(month, part, amount)?;
        }
    }
    Ok(found)
}

/// What is to be posted for one group by the end of a month, given all its entries.
pub(in crate::services) fn settled(
    of: &[&Entry],
    terms: &VolumeTerms,
    through: Period,
) -> Result<Vec<Settled>> {
    let mut found = Vec::new();
    for (first, one) in followed(of, terms, through)? {
        let mut outstanding = Outstanding::default();
        let mut payable: BTreeMap<Period, NaiveDate> = BTreeMap::new();
        for turn in terms.volume.turns(terms.rate, &one.course)? {
            let last = turn.month.last_day();
            for (of, minor) in outstanding.settle(turn.month, turn.minor) {
                let matures_on = match payable.get(&of) {
                    // What is taken back matures with what it takes back, as a reversal does.
                    Some(day) => last.max(*day),
                    // What steps take off is payable no earlier than the last of what that is.
                    None if minor < 0 => one.newest(turn.month),
                    None => matures_on(last, terms.hold_days),
                };
                payable.entry(of).or_insert(matures_on);
                found.push(Settled {
                    of,
                    minor,
                    turn,
                    first,
                    matures_on,
                });
            }
        }
    }
    Ok(found)
}

/// The same as one month closes, given its entries, those of the months that count together with
/// it, and all earlier ones if any went back after such months.
pub(super) fn due(of: &[&Entry], terms: &VolumeTerms, month: Period) -> Result<Vec<Settled>> {
    let mut found = settled(of, terms, month)?;
    found.retain(|one| one.turn.month == month);
    Ok(found)
}
