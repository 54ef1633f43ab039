//! What steps bring in the course of a quarter or a year, month by month, and what becomes of it
//! when revenue goes back after that.

use std::collections::BTreeMap;

use super::{
    super::{
        accrual::reverse_newest_first,
        period::Period,
        rate::Rate,
        ratio::{Overflow, Ratio},
    },
    parts::Part,
    settling::AtRate,
    span::GivenBack,
    volume::{Volume, taken_back},
};

/// What somebody has at a clause's rate, by the month it was posted in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct ByMonth {
    /// Over the months that count together.
    earned: BTreeMap<Period, AtRate>,
    /// What went back of it after those.
    back: BTreeMap<Period, AtRate>,
}

impl ByMonth {
    fn of(&mut self, when: When) -> &mut AtRate {
        match when {
            When::Within(month) => self.earned.entry(month).or_default(),
            When::After(month) => self.back.entry(month).or_default(),
        }
    }

    /// All that was posted by then.
    fn through(&self, when: When) -> Result<AtRate, Overflow> {
        let (earned, back) = match when {
            When::Within(month) => (self.earned.range(..=month), None),
            When::After(month) => (self.earned.range(..), Some(self.back.range(..=month))),
        };
        let mut all = earned.chain(back.into_iter().flatten());
        all.try_fold(AtRate::default(), |sum, (_, one)| sum.with(one))
    }
}

/// A month in which something is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// One of those that count together.
    Within(Period),
    /// A later one, in which something of those goes back.
    After(Period),
}

/// What a partner earned at a clause's rate over the months that count together, what of it went
/// back after those, and what distributors got out of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Course {
    all: ByMonth,
    carved: BTreeMap<i64, ByMonth>,
}

/// What a month's close settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Which month's.
    pub month: Period,
    /// What steps bring beyond what they have brought before, in minor units; below zero where
    /// that was too much. Distributors' shares are in it.
    pub minor: i64,
    /// The same by now in all, in minor units.
    pub stands_minor: i64,
    /// The revenue it is reckoned on, in minor units: all so far.
    pub revenue_minor: i64,
    /// What was posted for that already, at the clause's rate and by steps, in minor units.
    pub posted_minor: i64,
    /// For one after the last of the months that count together.
    pub late: Option<Late>,
    /// What of it is distributors'.
    pub shares: Vec<Share>,
}

/// A distributor's share of what steps bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Whose, by its id.
    pub who: i64,
    /// Beyond what it was before, in minor units.
    pub minor: i64,
    /// By now in all, in minor units.
    pub stands_minor: i64,
}

impl Turn {
    /// What of it is the seller's, in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn own_minor(&self) -> Result<i64, Overflow> {
        let mut shares = self.shares.iter();
        shares.try_fold(self.minor, |rest, share| {
            rest.checked_sub(share.minor).ok_or(Overflow)
        })
    }
}

/// What went back after the months that count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// How much of the revenue, in this month, in minor units.
    pub went_minor: i64,
    /// What the steps had brought for all of it, in minor units.
    pub brought_minor: i64,
}

impl Course {
    /// Takes in the seller's part of what a line earns, or of what goes back: before rounding, and
    /// in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn take(&mut self, when: When, part: Part, of: (Ratio, i64)) -> Result<(), Overflow> {
        self.all.of(when).add(part, of)
    }

    /// The same where steps were settled with the seller alone.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn take_unshared(
        &mut self,
        when: When,
        part: Part,
        of: (Ratio, i64),
    ) -> Result<(), Overflow> {
        self.all.of(when).add_unshared(part, of)
    }

    /// Takes in what a distributor gets out of that, by its id: before rounding, and in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn carve(&mut self, when: When, who: i64, of: (Ratio, i64)) -> Result<(), Overflow> {
        self.all.of(when).carve(of.1)?;
        let theirs = self.carved.entry(who).or_default();
        theirs.of(when).add(Part::Whole, of)
    }

    /// What of so much that steps bring by then is each distributor's.
    fn shares(&self, when: When, minor: i64, all: &AtRate) -> Result<Vec<(i64, i64)>, Overflow> {
        let carved = self.carved.iter();
        carved
            .map(|(who, theirs)| Ok((*who, theirs.through(when)?.share_of(minor, all)?)))
            .collect()
    }
}

/// What stands by the month before.
#[derive(Debug, Default)]
struct Standing {
    minor: i64,
    shares: BTreeMap<i64, i64>,
}

/// What stands at a month's end, and on what.
struct Reached {
    when: When,
    minor: i64,
    all: AtRate,
    late: Option<Late>,
}

impl Standing {
    /// Goes on to what stands now: gives what that changes.
    fn turn(&mut self, base: Rate, course: &Course, now: &Reached) -> Result<Turn, Overflow> {
        let mut shares = Vec::new();
        for (who, stands_minor) in course.shares(now.when, now.minor, &now.all)? {
            let before = self.shares.insert(who, stands_minor).unwrap_or_default();
            let minor = stands_minor.checked_sub(before).ok_or(Overflow)?;
            shares.push(Share {
                who,
                minor,
                stands_minor,
            });
        }
        let (When::Within(month) | When::After(month)) = now.when;
        let turn = Turn {
            month,
            minor: now.minor.checked_sub(self.minor).ok_or(Overflow)?,
            stands_minor: now.minor,
            revenue_minor: now.all.revenue(base)?,
            posted_minor: now.all.posted()?.checked_add(self.minor).ok_or(Overflow)?,
            late: now.late,
            shares,
        };
        self.minor = now.minor;
        Ok(turn)
    }
}

impl Volume {
    /// What each month's close settles for a partner under a clause of this rate, in order: the rule
    /// on all revenue so far, less what was posted for it. Distributors have their share of that as
    /// they have it of the commission at the rate.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn turns(&self, base: Rate, course: &Course) -> Result<Vec<Turn>, Overflow> {
        let (mut turns, mut standing) = (Vec::new(), Standing::default());
        let mut all = AtRate::default();
        for (month, earned) in &course.all.earned {
            all = all.with(earned)?;
            let now = Reached {
                when: When::Within(*month),
                minor: self.brings(base, &all)?.minor,
                all,
                late: None,
            };
            turns.push(standing.turn(base, course, &now)?);
        }
        for now in self.late(base, course, &all)? {
            turns.push(standing.turn(base, course, &now)?);
        }
        Ok(turns)
    }

    fn late(&self, base: Rate, course: &Course, all: &AtRate) -> Result<Vec<Reached>, Overflow> {
        let brought = self.brings(base, all)?;
        let (mut back, mut gone) = (AtRate::default(), 0i64);
        let reach = |(month, now): (&Period, &AtRate)| {
            back = back.with(now)?;
            let rest = all.with(&back)?;
            let all_gone = back.revenue(base)?.checked_neg().ok_or(Overflow)?;
            let left = match self.given_back {
                GivenBack::Reband => self.brings(base, &rest)?.minor,
                GivenBack::OriginalRate => {
                    let of = (brought.minor, brought.revenue_minor);
                    brought.minor + taken_back(of.0, of.1, (0, all_gone))?
                }
            };
            let late = Late {
                went_minor: all_gone.checked_sub(gone).ok_or(Overflow)?,
                brought_minor: brought.minor,
            };
            gone = all_gone;
            Ok(Reached {
                when: When::After(*month),
                minor: left,
                all: rest,
                late: Some(late),
            })
        };
        course.all.back.iter().map(reach).collect()
    }
}

/// What steps have brought and not taken back, by the month in which they did.
#[derive(Debug, Default, Clone)]
pub struct Outstanding(Vec<(Period, i64)>);

impl Outstanding {
    /// Takes in what a month's close settles, in minor units. What goes the other way takes back
    /// what earlier months brought, the newest first; what is left stands for itself. Gives each
    /// part with the month it takes back, which is this one where it stands for itself.
    pub fn settle(&mut self, month: Period, minor: i64) -> Vec<(Period, i64)> {
        let open: Vec<(Period, i64)> = self.0.iter().rev().copied().collect();
        let mut parts = reverse_newest_first(&open, minor);
        for (of, part) in &parts {
            if let Some((_, left)) = self.0.iter_mut().find(|(month, _)| month == of) {
                *left += part;
            }
        }
        let back: i64 = parts.iter().map(|(_, part)| part).sum();
        if minor != back {
            self.0.push((month, minor - back));
            parts.push((month, minor - back));
        }
        parts
    }
}

#[cfg(test)]
mod tests;
