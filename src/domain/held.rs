//! By which plan a subscription is billed on which of its days, and how its periods are counted then.

use chrono::NaiveDate;

use super::{
    billing_calendar::{Anchor, ServicePeriod},
    ratio::{Overflow, Ratio},
};

/// From where periods are counted, and as which numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// The day, and how long each is.
    pub anchor: Anchor,
    /// The number of the period that begins on that day.
    pub first: u32,
}

/// A change to another plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanTurn<P> {
    /// The first day of the other plan.
    pub on: NaiveDate,
    /// What it was of before.
    pub from: P,
    /// How periods were counted before, where they are counted anew with it.
    pub counted: Option<Counting>,
}

/// A plan that a subscription is of for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<P> {
    /// Which.
    pub plan: P,
    /// The first day; none where it began with it.
    pub from: Option<NaiveDate>,
    /// The first day of the next one; none where it is of it still.
    pub until: Option<NaiveDate>,
    /// How its periods are counted.
    pub counting: Counting,
    /// Periods before this one are over.
    pub next: u32,
}

/// A part of a period, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Days of the part.
    pub days: i64,
    /// Days of the whole period.
    pub of: i64,
}

impl Share {
    /// All of a period of so many days.
    pub fn whole(of: i64) -> Self {
        Self { days: of, of }
    }

    /// Whether it is all of the period.
    pub fn is_whole(self) -> bool {
        self.days >= self.of || self.days <= 0
    }

    /// As a number above zero, one for all.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn ratio(self) -> Result<Ratio, Overflow> {
        match self.is_whole() {
            true => Ok(Ratio::ONE),
            false => Ratio::new(i128::from(self.days), i128::from(self.of)),
        }
    }
}

/// The plans that a subscription is and was of, oldest first, given what it is of now, how its periods
/// are counted now, the first that is not over, and its changes in the order they were made.
pub fn held<P: Copy + PartialEq>(
    plan: P,
    (counting, next): (Counting, u32),
    turns: &[PlanTurn<P>],
) -> Vec<Held<P>> {
    let mut later = Held {
        plan,
        from: None,
        until: None,
        counting,
        next,
    };
    let mut found = Vec::new();
    for turn in turns.iter().rev() {
        let (counting, next) = match turn.counted {
            Some(before) => (before, later.counting.first),
            None => (later.counting, later.next),
        };
        found.push(Held {
            from: Some(turn.on),
            ..later
        });
        later = Held {
            plan: turn.from,
            from: None,
            until: Some(turn.on),
            counting,
            next,
        };
    }
    found.push(later);
    joined(found.into_iter().rev())
}

/// Without those that were left on the day they came, and what is of one plan before and after such
/// a day as one.
fn joined<P: Copy + PartialEq>(all: impl Iterator<Item = Held<P>>) -> Vec<Held<P>> {
    let mut kept: Vec<Held<P>> = Vec::new();
    for one in all.filter(|one| one.from.is_none() || one.from != one.until) {
        match kept.last_mut() {
            Some(last) if (last.plan, last.counting) == (one.plan, one.counting) => {
                last.until = one.until;
            }
            _ => kept.push(one),
        }
    }
    kept
}

impl<P> Held<P> {
    /// Whether a day is one of its days.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }

    /// Which of some days are its days.
    pub fn days_of(&self, days: ServicePeriod) -> ServicePeriod {
        let days = self.from.map_or(days, |from| days.rest_from(from));
        self.until.map_or(days, |until| days.until(until))
    }

    /// The part of a period that is of it, given what of that is charged for. Only another plan
    /// before or after it makes it less than all: where a subscription begins or ends inside a
    /// period, that shortens nothing.
    pub fn share(&self, whole: ServicePeriod, charged: ServicePeriod) -> Share {
        let from = self.from.filter(|from| *from > charged.from);
        let until = self.until.filter(|until| *until < charged.to);
        let part = ServicePeriod {
            from: from.unwrap_or(whole.from),
            to: until.unwrap_or(whole.to),
        };
        Share {
            days: part.days(),
            of: whole.days(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{billing_calendar::BillingInterval, period::read_date};

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn counting(on: &str, interval: BillingInterval, first: u32) -> Counting {
        let on = date(on);
        Counting {
            anchor: Anchor { on, interval },
            first,
        }
    }

    fn months() -> Counting {
        counting("2027-06-01", BillingInterval::Month, 0)
    }

    fn turn(on: &str, from: char) -> PlanTurn<char> {
        PlanTurn {
            on: date(on),
            from,
            counted: None,
        }
    }

    fn days(from: &str, to: &str) -> ServicePeriod {
        ServicePeriod {
            from: date(from),
            to: date(to),
        }
    }

    #[test]
    fn each_plan_has_the_days_until_the_next() {
        let turns = [turn("2027-06-16", 'a'), turn("2027-07-01", 'b')];
        let all = held('c', (months(), 2), &turns);
        let plans: Vec<char> = all.iter().map(|one| one.plan).collect();
        assert_eq!(plans, ['a', 'b', 'c']);
        let june = days("2027-06-01", "2027-07-01");
        let of = |at: usize| (all[at].days_of(june), all[at].share(june, june));
        let part = |days, of| Share { days, of };
        assert_eq!(of(0), (days("2027-06-01", "2027-06-16"), part(15, 30)));
        assert_eq!(of(1), (days("2027-06-16", "2027-07-01"), part(15, 30)));
        assert_eq!(all[2].days_of(june).days(), 0);
        assert!(all[1].contains(date("2027-06-30")) && !all[1].contains(date("2027-07-01")));
        // In July it is all there is, and a start inside a period shortens nothing.
        let july = days("2027-07-01", "2027-08-01");
        assert!(all[2].share(july, july).is_whole());
        let late = days("2027-06-11", "2027-07-01");
        assert_eq!(all[0].share(june, late), part(15, 30));
        assert_eq!(all[0].days_of(late).days(), 5);
    }

    #[test]
    fn there_and_back_on_one_day_is_no_change() {
        let turns = [turn("2027-06-16", 'a'), turn("2027-06-16", 'b')];
        let all = held('a', (months(), 1), &turns);
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].from, all[0].until), (None, None));
        // Back some days later are three stretches of days.
        let turns = [turn("2027-06-11", 'a'), turn("2027-06-21", 'b')];
        let all = held('a', (months(), 1), &turns);
        let june = days("2027-06-01", "2027-07-01");
        let shares: Vec<i64> = all.iter().map(|one| one.share(june, june).days).collect();
        assert_eq!(shares, [10, 10, 10]);
    }

    #[test]
    fn earlier_plans_keep_how_their_periods_were_counted() {
        let years = counting("2027-08-10", BillingInterval::Year, 3);
        let anew = PlanTurn {
            counted: Some(months()),
            ..turn("2027-08-10", 'b')
        };
        let all = held('c', (years, 4), &[turn("2027-07-01", 'a'), anew]);
        let counted: Vec<_> = all.iter().map(|one| (one.counting, one.next)).collect();
        assert_eq!(counted, [(months(), 3), (months(), 3), (years, 4)]);
        let august = days("2027-08-01", "2027-09-01");
        assert_eq!(all[1].days_of(august), days("2027-08-01", "2027-08-10"));
        assert_eq!(all[1].share(august, august), Share { days: 9, of: 31 });
        assert_eq!(Share { days: 9, of: 31 }.ratio(), Ratio::new(9, 31));
        assert_eq!(Share::whole(31).ratio(), Ok(Ratio::ONE));
    }
}
