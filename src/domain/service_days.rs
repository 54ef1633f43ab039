//! On which days a subscription was served, and by which plan.

use chrono::NaiveDate;

/// What a change made of a subscription from its day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn<P> {
    /// It was of one plan and is of another.
    Plan {
        /// What it was of.
        from: P,
        /// What it is of.
        to: P,
    },
    /// It is not served for a while.
    Paused,
    /// It is served again.
    Resumed,
}

/// The days of one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDays<P> {
    /// The first day served.
    pub starts_on: NaiveDate,
    /// The first day no longer served, once known.
    pub ends_on: Option<NaiveDate>,
    /// What it is of after all changes.
    pub plan: P,
    /// Its changes in the order they were made, each with its first day.
    pub turns: Vec<(NaiveDate, Turn<P>)>,
}

impl<P: Copy + PartialEq> ServiceDays<P> {
    /// What it was of on a day, served or not; before its start, what it began with.
    pub fn plan_on(&self, day: NaiveDate) -> P {
        let plans = self.turns.iter().filter_map(|(on, turn)| match turn {
            Turn::Plan { from, to } => Some((*on, *from, *to)),
            Turn::Paused | Turn::Resumed => None,
        });
        let held = plans.clone().rfind(|(on, ..)| *on <= day);
        let began = || plans.clone().next().map(|(_, from, _)| from);
        held.map(|(.., to)| to).or_else(began).unwrap_or(self.plan)
    }

    /// What it was served by on a day; nothing where it was not.
    pub fn on(&self, day: NaiveDate) -> Option<P> {
        let has_ended = self.ends_on.is_some_and(|end| end <= day);
        let mut before = self.turns.iter().rev().filter(|(on, _)| *on <= day);
        let last = before.find(|(_, turn)| matches!(turn, Turn::Paused | Turn::Resumed));
        let is_paused = matches!(last, Some((_, Turn::Paused)));
        let is_served = self.starts_on <= day && !has_ended && !is_paused;
        is_served.then(|| self.plan_on(day))
    }

    /// Whether it was ever of one.
    pub fn ever(&self, plan: P) -> bool {
        let mut left = self.turns.iter();
        self.plan == plan
            || left.any(|(_, turn)| matches!(turn, Turn::Plan { from, .. } if *from == plan))
    }

    /// The same days, with something else said of each plan.
    pub fn map<Q>(&self, of: impl Fn(P) -> Q) -> ServiceDays<Q> {
        let turn = |turn: &Turn<P>| match turn {
            Turn::Plan { from, to } => Turn::Plan {
                from: of(*from),
                to: of(*to),
            },
            Turn::Paused => Turn::Paused,
            Turn::Resumed => Turn::Resumed,
        };
        ServiceDays {
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            plan: of(self.plan),
            turns: self
                .turns
                .iter()
                .map(|(on, one)| (*on, turn(one)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn days(turns: &[(&str, Turn<char>)]) -> ServiceDays<char> {
        ServiceDays {
            starts_on: date("2027-06-01"),
            ends_on: Some(date("2027-09-01")),
            plan: 'c',
            turns: turns.iter().map(|(on, turn)| (date(on), *turn)).collect(),
        }
    }

    #[test]
    fn a_plan_holds_from_its_day_until_the_next() {
        let first = Turn::Plan { from: 'a', to: 'b' };
        let second = Turn::Plan { from: 'b', to: 'c' };
        let held = days(&[("2027-06-16", first), ("2027-07-01", second)]);
        let on = |day| held.on(date(day));
        assert_eq!(on("2027-05-31"), None);
        assert_eq!(on("2027-06-15"), Some('a'));
        assert_eq!(on("2027-06-16"), Some('b'));
        assert_eq!(on("2027-07-01"), Some('c'));
        assert_eq!(on("2027-09-01"), None);
        assert_eq!(held.plan_on(date("2027-05-31")), 'a');
        assert_eq!(days(&[]).on(date("2027-06-01")), Some('c'));
        assert!(held.map(|plan| plan == 'a').plan_on(date("2027-06-02")));
        assert!(held.ever('a') && held.ever('c') && !held.ever('d'));
    }

    #[test]
    fn two_changes_on_one_day_leave_the_later_one() {
        let there = Turn::Plan { from: 'a', to: 'b' };
        let back = Turn::Plan { from: 'b', to: 'a' };
        let held = days(&[("2027-06-16", there), ("2027-06-16", back)]);
        assert_eq!(held.on(date("2027-06-16")), Some('a'));
    }

    #[test]
    fn a_pause_is_not_served() {
        let held = days(&[("2027-06-11", Turn::Paused), ("2027-06-26", Turn::Resumed)]);
        let on = |day| held.on(date(day));
        assert_eq!(on("2027-06-10"), Some('c'));
        assert_eq!((on("2027-06-11"), on("2027-06-25")), (None, None));
        assert_eq!(on("2027-06-26"), Some('c'));
        assert_eq!(held.plan_on(date("2027-06-20")), 'c');
    }
}
