//! What is still to come of what is sold: which periods start in the months ahead, and which of
//! them the customer has committed to.

use chrono::{Months, NaiveDate};

use super::{
    billing_calendar::{Anchor, ServicePeriod},
    period::Period,
    subscription::{Phase, phase_from},
};

/// A subscription as far as its coming periods go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold {
    /// Where periods are counted from.
    pub anchor: Anchor,
    /// How long a term is, in months; it renews for as long again.
    pub term_months: u32,
    /// The first day no longer served, once known.
    pub ends_on: Option<NaiveDate>,
    /// The index of the period that begins at the anchor.
    pub anchor_index: u32,
    /// From which day periods are renewals.
    pub renewals_from: Option<NaiveDate>,
}

/// A period that starts in the months ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coming {
    /// Its days.
    pub service: ServicePeriod,
    /// Where in the subscription's life it lies.
    pub phase: Phase,
    /// Whether it starts in the term that runs when the months begin. Later ones are expected:
    /// the customer may still leave before them.
    pub is_committed: bool,
}

impl Sold {
    /// The periods that start in so many months from this one on, in order. What has ended by
    /// then has none.
    pub fn coming(&self, from: Period, months: u32) -> Vec<Coming> {
        let first = from.first_day();
        let last = first
            .checked_add_months(Months::new(months))
            .unwrap_or(NaiveDate::MAX);
        let committed_until = self.term_end(first);
        let start = self.anchor.index_of(first).unwrap_or_default();
        (start..)
            .map_while(|index| Some((index, self.anchor.service_period(index)?)))
            .take_while(|(_, service)| service.from < last)
            .filter(|(_, service)| service.from >= first)
            .filter(|(_, service)| self.ends_on.is_none_or(|end| service.from < end))
            .map(|(index, service)| Coming {
                service,
                phase: phase_from(index + self.anchor_index, service.from, self.renewals_from),
                is_committed: service.from < committed_until,
            })
            .collect()
    }

    /// The first day after the term that runs on a day; the first term before it has begun.
    fn term_end(&self, on: NaiveDate) -> NaiveDate {
        let term = self.term_months.max(1);
        let ends = (1u32..).map_while(|count| {
            let months = Months::new(term.checked_mul(count)?);
            self.anchor.on.checked_add_months(months)
        });
        ends.into_iter()
            .find(|end| *end > on)
            .unwrap_or(NaiveDate::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use chrono::Datelike;

    use super::*;
    use crate::domain::{BillingInterval, period::read_date};

    fn sold(on: &str, interval: BillingInterval) -> Sold {
        Sold {
            anchor: Anchor {
                on: read_date(on).unwrap(),
                interval,
            },
            term_months: 12,
            ends_on: None,
            anchor_index: 0,
            renewals_from: read_date(on).unwrap().checked_add_months(Months::new(12)),
        }
    }

    fn month(typed: &str) -> Period {
        typed.parse().unwrap()
    }

    #[test]
    fn the_running_term_is_committed_and_the_next_is_expected() {
        let monthly = sold("2026-03-15", BillingInterval::Month);
        let coming = monthly.coming(month("2026-12"), 12);
        assert_eq!(coming.len(), 12);
        let committed = coming.iter().filter(|one| one.is_committed).count();
        assert_eq!(committed, 3);
        assert_eq!(coming[3].phase, Phase::Renewal);
        // A renewed term is committed as the first was.
        let later = monthly.coming(month("2027-06"), 12);
        assert_eq!(later.iter().filter(|one| one.is_committed).count(), 9);
    }

    #[test]
    fn every_week_of_the_months_ahead_is_coming() {
        let weekly = sold("2026-03-17", BillingInterval::Week);
        let coming = weekly.coming(month("2026-12"), 2);
        let days: Vec<u32> = coming.iter().map(|one| one.service.from.day()).collect();
        assert_eq!(days, [1, 8, 15, 22, 29, 5, 12, 19, 26]);
        assert!(coming.iter().all(|one| one.is_committed));
        let year = weekly.coming(month("2026-12"), 12);
        assert_eq!(year.len(), 53);
        assert_eq!(year.iter().filter(|one| one.is_committed).count(), 16);
    }

    #[test]
    fn a_year_starts_once_and_what_ends_stops() {
        let yearly = sold("2026-03-15", BillingInterval::Year);
        let coming = yearly.coming(month("2026-12"), 12);
        assert_eq!(coming.len(), 1);
        assert!(!coming[0].is_committed);
        let ending = Sold {
            ends_on: read_date("2027-01-15").ok(),
            ..sold("2026-03-15", BillingInterval::Month)
        };
        assert_eq!(ending.coming(month("2026-12"), 12).len(), 1);
        let later = sold("2027-02-01", BillingInterval::Month);
        let first = later.coming(month("2026-12"), 12)[0];
        assert_eq!((first.phase, first.is_committed), (Phase::First, true));
    }

    proptest! {
        #[test]
        fn every_start_in_the_months_is_there_once(day in 0u64..1_000, back in 0u64..2_000) {
            let on = read_date("2026-01-01").unwrap() + chrono::Days::new(day);
            let sold = Sold {
                anchor: Anchor { on, interval: BillingInterval::Month },
                term_months: 12,
                ends_on: None,
                anchor_index: 0,
                renewals_from: None,
            };
            let from = Period::of(read_date("2024-01-01").unwrap() + chrono::Days::new(back));
            let coming = sold.coming(from, 12);
            let end = from.first_day().checked_add_months(Months::new(12)).unwrap();
            let all = (0..120).filter_map(|k| sold.anchor.start(k));
            let all: Vec<_> = all.filter(|start| *start >= from.first_day() && *start < end).collect();
            let starts: Vec<_> = coming.iter().map(|one| one.service.from).collect();
            prop_assert_eq!(starts, all);
        }
    }
}
