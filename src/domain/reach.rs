//! From when a new version of a plan reaches those who were sold an earlier
//! one. Until then, and without a word about it for ever, they keep their price.

use chrono::{Months, NaiveDate};

use super::{billing_calendar::Anchor, coded::coded, counted::counted, period::date_words};

coded! {
    /// What a subscription comes to a new version with.
    ReachAt {
        Period = "period", "With its next period";
        Renewal = "renewal", "When its term renews";
    }
}

/// The longest a price can be promised for, in months.
pub const LONGEST_HELD_MONTHS: u32 = 120;

/// When earlier sales come to a version. Dates are in the vendor's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Not before this day.
    pub from: NaiveDate,
    /// With which of its periods.
    pub at: ReachAt,
    /// Nor before so many months from its first day charged; 0 for no such
    /// promise.
    pub held_months: u32,
}

/// A subscription as far as its periods go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Where its periods are counted from.
    pub anchor: Anchor,
    /// The first day charged.
    pub charged_from: NaiveDate,
    /// How long a term is, in months.
    pub term_months: u32,
}

impl Reach {
    /// The first day of the first period that a subscription is billed for at
    /// the new version. `None` beyond the calendar.
    pub fn first_day(&self, of: &Reached) -> Option<NaiveDate> {
        let held = of
            .charged_from
            .checked_add_months(Months::new(self.held_months))?;
        let earliest = self.from.max(held);
        match self.at {
            ReachAt::Period => of.period_from(earliest),
            ReachAt::Renewal => of.period_from(of.renews_from(earliest)?),
        }
    }

    /// When that is, in words: `when their term renews on 1 Mar 2027 or later`.
    pub fn words(&self) -> String {
        let on = date_words(self.from);
        let when = match self.at {
            ReachAt::Period => format!("with their first period that starts on {on} or later"),
            ReachAt::Renewal => format!("when their term renews on {on} or later"),
        };
        match self.held_months {
            0 => when,
            held => format!(
                "{when}, each after {} at its price",
                counted(held, "month", "months")
            ),
        }
    }
}

impl Reached {
    /// The first period that starts on a day or later.
    fn period_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        if day <= self.charged_from {
            return Some(self.charged_from);
        }
        let index = self.anchor.index_of(day)?;
        match self.anchor.start(index)? {
            start if start == day => Some(start),
            _ => self.anchor.start(index.checked_add(1)?),
        }
    }

    /// The first renewal on a day or later: terms are counted from the anchor,
    /// as periods are.
    fn renews_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        let term = self.term_months.max(1);
        (1u32..)
            .map_while(|count| {
                let months = Months::new(term.checked_mul(count)?);
                self.anchor.on.checked_add_months(months)
            })
            .find(|renews| *renews >= day)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{BillingInterval, period::read_date};

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn sold(on: &str, interval: BillingInterval) -> Reached {
        Reached {
            anchor: Anchor {
                on: date(on),
                interval,
            },
            charged_from: date(on),
            term_months: 12,
        }
    }

    fn reach(from: &str, at: ReachAt, held_months: u32) -> Reach {
        Reach {
            from: date(from),
            at,
            held_months,
        }
    }

    #[test]
    fn a_price_is_held_until_a_period_starts_on_the_day_or_later() {
        let first = |sold_on, from| {
            let sold = sold(sold_on, BillingInterval::Month);
            let day = reach(from, ReachAt::Period, 0).first_day(&sold);
            day.unwrap().to_string()
        };
        assert_eq!(first("2026-03-15", "2027-07-01"), "2027-07-15");
        assert_eq!(first("2026-03-01", "2027-07-01"), "2027-07-01");
        assert_eq!(first("2027-01-31", "2027-02-28"), "2027-02-28");
        // Sold before, charged after: from its first day.
        assert_eq!(first("2027-08-10", "2027-07-01"), "2027-08-10");
    }

    #[test]
    fn or_until_a_term_renews() {
        let monthly = sold("2026-03-15", BillingInterval::Month);
        let first = |from, held| reach(from, ReachAt::Renewal, held).first_day(&monthly);
        assert_eq!(first("2026-04-01", 0), Some(date("2027-03-15")));
        assert_eq!(first("2027-03-15", 0), Some(date("2027-03-15")));
        assert_eq!(first("2027-03-16", 0), Some(date("2028-03-15")));
        assert_eq!(first("2026-04-01", 24), Some(date("2028-03-15")));
    }

    #[test]
    fn a_promise_counts_from_the_first_charge() {
        let monthly = sold("2026-03-15", BillingInterval::Month);
        let first = |held| reach("2026-06-01", ReachAt::Period, held).first_day(&monthly);
        assert_eq!(first(0), Some(date("2026-06-15")));
        assert_eq!(first(18), Some(date("2027-09-15")));
        let words = reach("2026-06-01", ReachAt::Renewal, 18).words();
        assert_eq!(
            words,
            "when their term renews on 1 Jun 2026 or later, each after 18 months at its price"
        );
    }

    proptest! {
        #[test]
        fn it_is_a_period_s_first_day_and_the_first_that_will_do(
            ahead in 0i64..2_000,
            interval in prop::sample::select(BillingInterval::ALL.to_vec()),
            held in 0u32..40,
        ) {
            let sold = sold("2027-01-31", interval);
            let from = sold.charged_from + chrono::TimeDelta::days(ahead);
            let by = Reach { from, at: ReachAt::Period, held_months: held };
            let day = by.first_day(&sold).unwrap();
            prop_assert!(day >= from);
            let index = sold.anchor.index_of(day).unwrap();
            prop_assert_eq!(sold.anchor.start(index), Some(day));
            let earliest = sold.charged_from.checked_add_months(Months::new(held)).unwrap();
            if let Some(before) = index.checked_sub(1) {
                let before = sold.anchor.start(before).unwrap();
                prop_assert!(before < from || before < earliest);
            }
        }
    }
}
