//! What a sale fixes: trial and anchor day, the price version, the commitment.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{
    billing_calendar::{Anchor, BillingInterval, ServicePeriod},
    proration::part_of,
    ratio::Overflow,
};

/// From when a subscription is charged, and from where its periods are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The first day that is charged: the trial's end.
    pub charged_from: NaiveDate,
    /// Where periods are counted from, on or before the first day charged. A
    /// first period that began before it is charged for its rest alone.
    pub anchor: Anchor,
}

/// The opening of a sale: a trial of some days (0 for none), then periods from
/// the trial's end, or on a fixed day of the month where `anchor_day` (1 to 28)
/// names one; weeks know no such day. `None` beyond the calendar.
pub fn opening(
    starts_on: NaiveDate,
    trial_days: u32,
    (anchor_day, interval): (Option<u32>, BillingInterval),
) -> Option<Opening> {
    let charged_from = starts_on.checked_add_days(Days::new(u64::from(trial_days)))?;
    let on = match anchor_day.filter(|_| interval != BillingInterval::Week) {
        None => charged_from,
        Some(day) => match charged_from.with_day(day)? {
            same_month if same_month <= charged_from => same_month,
            later => later.checked_sub_months(Months::new(1))?,
        },
    };
    Some(Opening {
        charged_from,
        anchor: Anchor { on, interval },
    })
}

impl Opening {
    /// The rest of the first period that is charged, and the whole it is part
    /// of. `None` beyond the calendar.
    pub fn first_period(&self) -> Option<(ServicePeriod, ServicePeriod)> {
        let index = self.anchor.index_of(self.charged_from)?;
        let whole = self.anchor.service_period(index)?;
        Some((whole.rest_from(self.charged_from), whole))
    }
}

/// When a version of a plan is for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionDates {
    /// New subscriptions are sold at it from this day on.
    pub new_from: NaiveDate,
    /// Those sold before come to it with their first period that starts on or
    /// after this day; never where there is none.
    pub existing_from: Option<NaiveDate>,
}

/// Which of a plan's versions, in the order they were published, a
/// subscription sold on a day is billed at in a period that starts on another.
/// `None` when nothing was sold that day.
pub fn version_for(
    versions: &[VersionDates],
    sold_on: NaiveDate,
    period_from: NaiveDate,
) -> Option<usize> {
    let sold = versions.iter().rposition(|one| one.new_from <= sold_on)?;
    let reaches = |one: &VersionDates| one.existing_from.is_some_and(|from| from <= period_from);
    let later = versions.iter().rposition(reaches);
    Some(later.map_or(sold, |later| later.max(sold)))
}

/// What a commitment adds so that the charges of a period reach its minimum,
/// in minor units: the minimum of a whole period, by days where only a part of
/// it was served.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn true_up(
    minimum_minor: i64,
    (whole, served): (ServicePeriod, ServicePeriod),
    charged_minor: &[i64],
) -> Result<i64, Overflow> {
    let minimum = part_of(minimum_minor, whole, served);
    let charged = charged_minor
        .iter()
        .try_fold(0i64, |sum, line| sum.checked_add(*line));
    let missing = minimum.checked_sub(charged.ok_or(Overflow)?);
    Ok(missing.ok_or(Overflow)?.max(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    const MONTH: BillingInterval = BillingInterval::Month;

    #[test]
    fn without_trial_and_anchor_day_a_sale_is_its_own_anchor() {
        let opening = opening(date("2027-01-31"), 0, (None, MONTH)).unwrap();
        assert_eq!(opening.charged_from, opening.anchor.on);
        let (rest, whole) = opening.first_period().unwrap();
        assert_eq!((rest, rest.days()), (whole, 28));
    }

    #[test]
    fn an_anchor_day_still_to_come_counts_from_the_month_before() {
        let opening = opening(date("2027-03-10"), 0, (Some(15), MONTH)).unwrap();
        let (rest, whole) = opening.first_period().unwrap();
        assert_eq!(opening.anchor.on, date("2027-02-15"));
        assert_eq!((rest.days(), whole.days()), (5, 28));
    }

    #[test]
    fn a_version_without_a_day_for_existing_ones_leaves_them_alone() {
        let first = VersionDates {
            new_from: date("2026-01-01"),
            existing_from: None,
        };
        let second = VersionDates {
            new_from: date("2027-01-01"),
            existing_from: None,
        };
        let at = |sold| version_for(&[first, second], date(sold), date("2030-01-01"));
        assert_eq!(at("2026-05-01"), Some(0));
        assert_eq!(at("2027-01-01"), Some(1));
        assert_eq!(at("2025-12-31"), None);
    }

    proptest! {
        #[test]
        fn the_rest_and_the_trial_meet_without_gap(
            start in 0i64..2_000,
            trial in 0u32..100,
            day in 1u32..=28,
            months in 0usize..BillingInterval::ALL.len(),
        ) {
            let starts_on = date("2027-01-01") + chrono::TimeDelta::days(start);
            let interval = BillingInterval::ALL[months];
            let opening = opening(starts_on, trial, (Some(day), interval)).unwrap();
            let (rest, whole) = opening.first_period().unwrap();
            prop_assert_eq!(rest.from, opening.charged_from);
            prop_assert_eq!((rest.from - starts_on).num_days(), i64::from(trial));
            prop_assert!(whole.contains(rest.from) && rest.to == whole.to);
            prop_assert_eq!(whole.to, opening.anchor.start(1).unwrap());
        }
    }
}
