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
            course::{Course, Outstanding, Turn, When},
            matures_on,
            steps_seq::StepsEntry,
        },
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::incentivize::entries::Entry,
};

/// A clause and who sells under it.
pub(super) type Group = (CommissionClauseId, PartnerId);

/// What is to be posted for a group as a month closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services) struct Settled {
    /// The month whose entry it takes back, or the one that closes where it stands for itself.
    pub of: Period,
    /// Whether that is after the months whose revenue counts together.
    pub is_late: bool,
    /// What it comes to, in minor units.
    pub minor: i64,
    /// What that close settles with the same in all, in minor units.
    pub all_minor: i64,
    /// Whose it is and as what, where it is a distributor's share.
    pub share: Option<(PartnerId, Part)>,
    /// What that close settles in all, and on what.
    pub turn: Turn,
    /// The first of the months whose revenue counts together.
    pub first: Period,
    /// The day it is payable.
    pub matures_on: NaiveDate,
}

impl Settled {
    /// Its number among all of its clause, partner and seller.
    pub fn seq(&self) -> i32 {
        let entry = StepsEntry {
            first: self.first,
            of: self.of,
            is_late: self.is_late,
            month: self.turn.month,
        };
        entry.seq()
    }
}

/// The entries that count for steps, by clause and who sold, given each with that.
pub(in crate::services) fn groups<'e>(
    all: impl Iterator<Item = (PartnerId, &'e Entry)>,
    terms: &Terms,
) -> BTreeMap<Group, Vec<&'e Entry>> {
    let mut found: BTreeMap<Group, Vec<&Entry>> = BTreeMap::new();
    let counts = |entry: &Entry| entry.is_earning() && !matches!(entry.part, Part::OnRevenue(_));
    for (seller, entry) in all.filter(|(_, entry)| counts(entry)) {
        let clause = entry.commission_clause_id;
        let counts = |of: &VolumeTerms| of.volume.currency == entry.currency;
        if let Some(clause) = clause.filter(|id| terms.get(id).is_some_and(counts)) {
            found.entry((clause, seller)).or_default().push(entry);
        }
    }
    found
}

/// What a group earned over the months that count together, and what went back after those.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub course: Course,
    /// Who has a part out of it as a distributor, and which the last time.
    distributors: BTreeMap<i64, (PartnerId, Part)>,
    /// The last day on which anything is payable that was posted in a month.
    payable: BTreeMap<Period, NaiveDate>,
}

impl Followed {
    /// Takes in an entry that follows what was earned in a month.
    fn take(
        &mut self,
        (entry, earned): (&Entry, Period),
        when: When,
        terms: &VolumeTerms,
    ) -> Result<(), Overflow> {
        let (part, of) = (entry.part, (entry.exact, entry.amount_minor));
        // What was settled keeps its measure.
        let is_shared = earned.key() > terms.unshared_through;
        match (part, is_shared) {
            (Part::CarvedOut { .. }, false) => return Ok(()),
            (Part::CarvedOut { .. }, true) => {
                let who = entry.partner_id;
                self.distributors.insert(who.number(), (who, part));
                self.course.carve(when, who.number(), of)?;
            }
            (_, true) => self.course.take(when, part, of)?,
            (_, false) if earned.key() <= terms.carved_through => {
                self.course.take(when, Part::Whole, of)?;
            }
            (_, false) => self.course.take_unshared(when, part, of)?,
        }
        if let When::Within(month) = when {
            let day = self.payable.entry(month).or_insert(entry.matures_on);
            *day = entry.matures_on.max(*day);
        }
        Ok(())
    }

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
        let (month, first) = (entry.posting_period, terms.first(earned));
        let when = match first == terms.first(month) {
            true => When::Within(month),
            false => When::After(month),
        };
        let one = found.entry(first).or_default();
        one.take((entry, earned), when, terms)?;
    }
    Ok(found)
}

/// What steps brought somebody and did not take back, and when each of that is payable.
#[derive(Default)]
struct Account {
    outstanding: Outstanding,
    payable: BTreeMap<Period, NaiveDate>,
}

impl Account {
    /// What a close posts, given what it settles with one: by the month it takes back, with the day
    /// it is payable.
    fn settle(
        &mut self,
        (month, minor): (Period, i64),
        (of, hold_days): (&Followed, u32),
    ) -> Vec<(Period, i64, NaiveDate)> {
        let last = month.last_day();
        let parts = self.outstanding.settle(month, minor).into_iter();
        parts
            .map(|(back, minor)| {
                let day = match self.payable.get(&back) {
                    // What is taken back matures with what it takes back, as a reversal does.
                    Some(day) => last.max(*day),
                    // What steps take off is payable no earlier than the last of what that is.
                    None if minor < 0 => of.newest(month),
                    None => matures_on(last, hold_days),
                };
                self.payable.entry(back).or_insert(day);
                (back, minor, day)
            })
            .collect()
    }
}

/// What is to be posted for one group by the end of a month, given all its entries.
pub(in crate::services) fn settled(
    of: &[&Entry],
    terms: &VolumeTerms,
    through: Period,
) -> Result<Vec<Settled>> {
    let mut found = Vec::new();
    for (first, one) in followed(of, terms, through)? {
        let mut accounts: BTreeMap<Option<i64>, Account> = BTreeMap::new();
        for turn in terms.volume.turns(terms.rate, &one.course)? {
            let shares = turn.shares.iter().map(|one| (Some(one.who), one.minor));
            for (who, all_minor) in [(None, turn.own_minor()?)].into_iter().chain(shares) {
                let account = accounts.entry(who).or_default();
                let settled = account.settle((turn.month, all_minor), (&one, terms.hold_days));
                found.extend(settled.into_iter().map(|(of, minor, matures_on)| Settled {
                    of,
                    is_late: terms.first(of) != first,
                    minor,
                    all_minor,
                    share: who.and_then(|who| one.distributors.get(&who).copied()),
                    turn: turn.clone(),
                    first,
                    matures_on,
                }));
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
