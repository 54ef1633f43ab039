//! What partners get beside what lines earn: what is given or taken by hand once two people agree,
//! and what is filled up to the least that a month brings.
use chrono::NaiveDate;
use proptest::prelude::*;

use super::{
    facts::{SELLERS, Terms},
    rules::{Does, Month, Rules, first_of, month_of},
    teller::{Refused, Teller, Told},
};

/// The least that the sellers get for a month, in minor units, for so many months from the one in
/// which they joined.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    pub minor: i64,
    pub months: u32,
}

/// The day on which the sellers joined: before anything is sold.
pub fn joined_on() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 8, 15).unwrap()
}

pub fn floors() -> impl Strategy<Value = Option<Floor>> {
    let floor = (1i64..1_500, 1u32..12).prop_map(|(minor, months)| Floor { minor, months });
    prop::option::weighted(0.3, floor)
}

/// What one person proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub who: usize,
    pub month: Month,
    pub minor: i64,
    pub is_decided: bool,
}

/// An entry that follows no line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    pub who: usize,
    pub does: Does,
    pub amount: i64,
    /// When it counts as paid, and is payable.
    pub on: NaiveDate,
    pub posted: Month,
    pub stated: Option<Month>,
}

impl Terms {
    pub fn floor(&self) -> Option<Floor> {
        self.clauses.floor
    }
}

impl<R: Rules> Teller<'_, R> {
    pub fn propose(&mut self, who: usize, (minor, months): (i64, i32)) -> Told {
        let month = self.first_open + months;
        if minor == 0 || !R::is_adjustable(month, self.first_open, month_of(self.today)) {
            return Err(Refused);
        }
        self.books.proposals.push(Proposal {
            who,
            month,
            minor,
            is_decided: false,
        });
        Ok(())
    }

    /// Approved by somebody else, while its month is open; declined by anybody.
    pub fn decide(&mut self, which: usize, (is_yes, is_own): (bool, bool)) -> Told {
        let many = self.books.proposals.len();
        let at = which.checked_rem(many).ok_or(Refused)?;
        let of = self.books.proposals[at].clone();
        let is_open = R::is_adjustable(of.month, self.first_open, month_of(self.today));
        if of.is_decided || is_yes && (is_own || !is_open) {
            return Err(Refused);
        }
        self.books.proposals[at].is_decided = true;
        if is_yes {
            let last = first_of(of.month + 1).pred_opt().unwrap();
            self.books.beside.push(Beside {
                who: of.who,
                does: Does::Adjusts,
                amount: of.minor,
                on: self.today.min(last),
                posted: of.month,
                stated: None,
            });
        }
        Ok(())
    }

    /// Fills up what sellers earned in a month that closes. What goes back of an earlier month is
    /// not of this one.
    pub fn fill_up(&mut self, month: Month) {
        let Some(floor) = self.terms.floor() else {
            return;
        };
        for who in 0..SELLERS {
            let its = self.books.entries.iter();
            let its = its.filter(|one| one.who == who && one.posted == month);
            let is_of_it = |of: usize| self.books.entries[of].posted == month;
            let its = its.filter(|one| one.reverses.is_none_or(is_of_it));
            let earned: i64 = its.map(|one| one.amount).sum();
            let rewards = self.books.rewards.iter();
            let rewards = rewards.filter(|one| one.who == who && one.posted == month);
            let is_of_it = |of: usize| self.books.rewards[of].posted == month;
            let rewards = rewards.filter(|one| one.reverses.is_none_or(is_of_it));
            let earned = earned + rewards.map(|one| one.amount).sum::<i64>();
            let steps = self.books.stepped.iter();
            let steps =
                steps.filter(|one| one.who == who && (one.posted, one.of) == (month, month));
            let earned = earned + steps.map(|one| one.amount).sum::<i64>();
            let minor = R::fill(floor, (month_of(joined_on()), month), earned);
            if minor > 0 {
                self.books.beside.push(Beside {
                    who,
                    does: Does::Fills,
                    amount: minor,
                    on: first_of(month + 1).pred_opt().unwrap(),
                    posted: month,
                    stated: None,
                });
            }
        }
    }
}
