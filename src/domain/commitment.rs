//! What a subscription's periods come to at least, and what is missing of it: the true-up.

use chrono::NaiveDate;

use super::{
    billing_calendar::{BillingInterval, ServicePeriod},
    proration::part_of,
    ratio::Overflow,
    sale::true_up,
};

/// Days on which nothing was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The first.
    pub from: NaiveDate,
    /// The day after the last; none while it lasts.
    pub until: Option<NaiveDate>,
}

impl Pause {
    /// Whether nothing was served on a day.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// Whether nothing of a period was served.
    pub fn covers(&self, service: ServicePeriod) -> bool {
        self.from <= service.from && self.until.is_none_or(|until| service.to <= until)
    }

    fn days_in(&self, service: ServicePeriod) -> i64 {
        let until = self.until.unwrap_or(service.to).min(service.to);
        (until - self.from.max(service.from)).num_days().max(0)
    }
}

/// A period that is over, and what was billed for it; minor units, before tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastPeriod {
    /// All of it.
    pub whole: ServicePeriod,
    /// The days of it that lie in the subscription's life, pauses among them.
    pub service: ServicePeriod,
    /// What recurring prices and usage came to, less what was given back for days not served.
    pub charged_minor: i64,
    /// The true-up billed so far; none where no bill has looked at it.
    pub billed_minor: Option<i64>,
}

/// What is missing of a period's minimum, or was billed too much; minor units, before tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrueUp {
    /// The days it is for.
    pub service: ServicePeriod,
    /// The minimum of the days that were served.
    pub minimum_minor: i64,
    /// What was charged otherwise.
    pub charged_minor: i64,
    /// What is to be billed now: below zero where late charges made up for a true-up.
    pub open_minor: i64,
    /// Whether a true-up was billed for this period before.
    pub is_again: bool,
}

/// The true-up of a period under a minimum for a whole one; nothing where none is open.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn open_true_up(
    minimum_minor: i64,
    period: &PastPeriod,
    pauses: &[Pause],
) -> Result<Option<TrueUp>, Overflow> {
    let PastPeriod { whole, service, .. } = *period;
    let paused: i64 = pauses.iter().map(|pause| pause.days_in(service)).sum();
    let days = (service.days() - paused).max(0);
    // Only how many days were served counts, not which.
    let served = ServicePeriod {
        from: service.from,
        to: service.from + chrono::TimeDelta::days(days),
    };
    let owed = true_up(minimum_minor, (whole, served), &[period.charged_minor])?;
    let billed = period.billed_minor.unwrap_or_default();
    let open_minor = owed.checked_sub(billed).ok_or(Overflow)?;
    Ok(Some(TrueUp {
        service,
        minimum_minor: part_of(minimum_minor, whole, served),
        charged_minor: period.charged_minor,
        open_minor,
        is_again: period.billed_minor.is_some(),
    })
    .filter(|one| one.open_minor != 0))
}

/// What a subscription brings a month at least, where its periods have a minimum.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn at_least(
    monthly_minor: i64,
    minimum_minor: i64,
    interval: BillingInterval,
) -> Result<i64, Overflow> {
    let least = interval.monthly(i128::from(minimum_minor))?;
    Ok(monthly_minor.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn june(from: &str, to: &str, charged_minor: i64, billed_minor: Option<i64>) -> PastPeriod {
        let whole = ServicePeriod {
            from: date("2027-06-01"),
            to: date("2027-07-01"),
        };
        PastPeriod {
            whole,
            service: ServicePeriod {
                from: date(from),
                to: date(to),
            },
            charged_minor,
            billed_minor,
        }
    }

    fn open(period: PastPeriod, pauses: &[Pause]) -> i64 {
        let found = open_true_up(50_000, &period, pauses).unwrap();
        found.map_or(0, |one| one.open_minor)
    }

    #[test]
    fn what_is_missing_is_billed_once() {
        let all = |charged, billed| open(june("2027-06-01", "2027-07-01", charged, billed), &[]);
        assert_eq!(all(9_900 + 31_247, None), 8_853);
        assert_eq!(all(41_147, Some(8_853)), 0);
        assert_eq!(all(50_000, None), 0);
        // A late charge makes up for a part of it, a larger one for all.
        assert_eq!(all(45_000, Some(8_853)), -3_853);
        assert_eq!(all(90_000, Some(8_853)), -8_853);
        // A correction lets more be missing.
        assert_eq!(all(40_000, Some(8_853)), 1_147);
    }

    #[test]
    fn days_that_were_not_served_owe_nothing() {
        let half = june("2027-06-16", "2027-07-01", 0, None);
        assert_eq!(open(half, &[]), 25_000);
        let whole = june("2027-06-01", "2027-07-01", 0, None);
        let pause = |from, until: Option<&str>| Pause {
            from: date(from),
            until: until.map(date),
        };
        assert_eq!(
            open(whole, &[pause("2027-06-11", Some("2027-06-26"))]),
            25_000
        );
        assert_eq!(
            open(whole, &[pause("2027-05-11", Some("2027-06-04"))]),
            45_000
        );
        assert_eq!(open(whole, &[pause("2027-06-16", None)]), 25_000);
        assert_eq!(open(whole, &[pause("2027-01-16", None)]), 0);
        assert_eq!(open(whole, &[pause("2027-07-01", None)]), 50_000);
        let words = open_true_up(50_000, &half, &[]).unwrap().unwrap();
        assert_eq!((words.minimum_minor, words.is_again), (25_000, false));
    }

    #[test]
    fn the_minimum_counts_as_monthly_revenue() {
        use BillingInterval::{Month, Quarter, Week, Year};
        assert_eq!(at_least(9_900, 50_000, Month), Ok(50_000));
        assert_eq!(at_least(60_000, 50_000, Month), Ok(60_000));
        assert_eq!(at_least(0, 100_000, Quarter), Ok(33_333));
        assert_eq!(at_least(0, 1_200, Week), Ok(5_200));
        assert_eq!(at_least(7, 0, Year), Ok(7));
    }

    #[test]
    fn a_pause_holds_its_days_and_covers_what_lies_in_it() {
        let pause = Pause {
            from: date("2027-06-10"),
            until: Some(date("2027-08-01")),
        };
        assert!(pause.contains(date("2027-06-10")) && !pause.contains(date("2027-08-01")));
        let days = |from, to| ServicePeriod {
            from: date(from),
            to: date(to),
        };
        assert!(pause.covers(days("2027-07-01", "2027-08-01")));
        assert!(!pause.covers(days("2027-06-01", "2027-07-01")));
        let open = Pause {
            until: None,
            ..pause
        };
        assert!(open.covers(days("2027-07-01", "2027-09-01")));
    }
}
