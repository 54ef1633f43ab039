//! When a subscription is billed: service periods counted from its anchor.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{
    period::date_words,
    ratio::{Overflow, Ratio},
};

/// How long one service period is: seven days, or whole months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillingInterval {
    /// Seven days.
    Week,
    /// One month.
    Month,
    /// Three months.
    Quarter,
    /// Six months.
    HalfYear,
    /// Twelve months.
    Year,
}

impl BillingInterval {
    /// Every interval a plan can be sold in, shortest first.
    pub const ALL: [Self; 5] = [
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::HalfYear,
        Self::Year,
    ];

    /// Its length in whole months, by which it is stored; 0 for a week.
    pub fn months(self) -> u32 {
        match self {
            Self::Week => 0,
            Self::Month => 1,
            Self::Quarter => 3,
            Self::HalfYear => 6,
            Self::Year => 12,
        }
    }

    /// The interval of so many whole months, 0 for a week, if there is one.
    pub fn from_months(months: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interval| interval.months() == months)
    }

    /// How often it bills: `monthly`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Week => "weekly",
            Self::Month => "monthly",
            Self::Quarter => "quarterly",
            Self::HalfYear => "half-yearly",
            Self::Year => "yearly",
        }
    }

    /// What an amount for a whole period comes to in a month, in minor units,
    /// rounded: a year has 52 weeks.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn monthly(self, period_minor: i128) -> Result<i64, Overflow> {
        match self {
            Self::Week => Ratio::new(period_minor.checked_mul(52).ok_or(Overflow)?, 12)?,
            other => Ratio::new(period_minor, i128::from(other.months()))?,
        }
        .round()
    }
}

/// The stretch of days a charge is for, in the subscription's zone: `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServicePeriod {
    /// The first day of service.
    pub from: NaiveDate,
    /// The first day no longer served.
    pub to: NaiveDate,
}

impl ServicePeriod {
    /// How many days of service, never below zero.
    pub fn days(self) -> i64 {
        (self.to - self.from).num_days().max(0)
    }

    /// Whether a day is served.
    pub fn contains(self, day: NaiveDate) -> bool {
        self.from <= day && day < self.to
    }

    /// What is left of it from a day on: all, a part, or nothing.
    pub fn rest_from(self, day: NaiveDate) -> Self {
        Self {
            from: day.clamp(self.from, self.to.max(self.from)),
            ..self
        }
    }

    /// What of it lies before a day: all, a part, or nothing.
    pub fn until(self, day: NaiveDate) -> Self {
        Self {
            to: day.clamp(self.from, self.to.max(self.from)),
            ..self
        }
    }

    /// The days in words, first and last served: `1–30 Sep 2026`.
    pub fn words(self) -> String {
        let last = self.to.pred_opt().unwrap_or(self.from).max(self.from);
        if self.from == last {
            date_words(last)
        } else if self.from.year() != last.year() {
            format!("{} – {}", date_words(self.from), date_words(last))
        } else if self.from.month() != last.month() {
            format!("{} – {}", self.from.format("%-d %b"), date_words(last))
        } else {
            format!("{}–{}", self.from.day(), date_words(last))
        }
    }
}

/// The day a subscription's periods are counted from, and how long each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// The stored day; its number in the month survives short months.
    pub on: NaiveDate,
    /// The length of a period.
    pub interval: BillingInterval,
}

impl Anchor {
    /// The first day of period `k`, counted from 0: the anchor's day of the
    /// month, or the month's last where it has no such day. Reckoned from the
    /// anchor each time, never from the period before, so that 31 Jan does not
    /// drift to the 28th. `None` beyond the calendar.
    pub fn start(self, k: u32) -> Option<NaiveDate> {
        if self.interval == BillingInterval::Week {
            let days = u64::from(k).checked_mul(DAYS_OF_A_WEEK)?;
            return self.on.checked_add_days(Days::new(days));
        }
        let months = self.interval.months().checked_mul(k)?;
        self.on.checked_add_months(Months::new(months))
    }

    /// Period `k`, counted from 0. `None` beyond the calendar.
    pub fn service_period(self, k: u32) -> Option<ServicePeriod> {
        Some(ServicePeriod {
            from: self.start(k)?,
            to: self.start(k.checked_add(1)?)?,
        })
    }

    /// Which period a day lies in. `None` before the anchor.
    pub fn index_of(self, day: NaiveDate) -> Option<u32> {
        if self.interval == BillingInterval::Week {
            let days = u64::try_from((day - self.on).num_days()).ok()?;
            return u32::try_from(days / DAYS_OF_A_WEEK).ok();
        }
        let months = months_of(day) - months_of(self.on);
        let guess = u32::try_from(months).ok()? / self.interval.months();
        // A day before the anchor's day of the month is still in the period before.
        if self.start(guess)? <= day {
            Some(guess)
        } else {
            guess.checked_sub(1)
        }
    }

    /// The first period that starts so many months after the anchor, or later.
    /// `None` beyond the calendar.
    pub fn index_after(self, months: u32) -> Option<u32> {
        let day = self.on.checked_add_months(Months::new(months))?;
        let index = self.index_of(day)?;
        match self.start(index)? == day {
            true => Some(index),
            false => index.checked_add(1),
        }
    }

    /// How many terms of so many months are over when period `index` begins: 0
    /// for the first. `None` for a period that no term begins with.
    pub fn term_begun(self, index: u32, term_months: u32) -> Option<u32> {
        let term = term_months.max(1);
        let begins = (0u32..).map_while(|count| self.index_after(count.checked_mul(term)?));
        let mut until = (0u32..)
            .zip(begins)
            .take_while(|(_, begins)| *begins <= index);
        until
            .find(|(_, begins)| *begins == index)
            .map(|(count, _)| count)
    }
}

const DAYS_OF_A_WEEK: u64 = 7;

/// Months since year 0, to count the distance between dates.
fn months_of(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn anchor(on: &str, interval: BillingInterval) -> Anchor {
        let on = date(on);
        Anchor { on, interval }
    }

    fn served(from: &str, to: &str) -> ServicePeriod {
        let (from, to) = (date(from), date(to));
        ServicePeriod { from, to }
    }

    #[test]
    fn the_anchor_day_survives_short_months() {
        let starts = |on, interval| {
            let anchor = anchor(on, interval);
            [0, 1, 2, 3].map(|k| anchor.start(k).unwrap().to_string())
        };
        assert_eq!(
            starts("2027-01-31", BillingInterval::Month),
            ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]
        );
        assert_eq!(
            starts("2028-02-29", BillingInterval::Year),
            ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28"]
        );
        let leap = anchor("2028-02-29", BillingInterval::Year);
        assert_eq!(leap.start(4), Some(date("2032-02-29")));
    }

    #[test]
    fn a_week_begins_on_the_same_day_of_the_week() {
        let weekly = anchor("2027-01-28", BillingInterval::Week);
        let starts = [0, 1, 4, 9, 52].map(|k| weekly.start(k).unwrap().to_string());
        let expected = [
            "2027-01-28",
            "2027-02-04",
            "2027-02-25",
            "2027-04-01",
            "2028-01-27",
        ];
        assert_eq!(starts, expected);
        assert_eq!(weekly.index_of(date("2027-02-03")), Some(0));
        assert_eq!(weekly.index_of(date("2027-01-27")), None);
    }

    #[test]
    fn a_term_begins_with_the_first_period_that_starts_in_it() {
        let terms = |interval, term, indices: &[u32]| -> Vec<Option<u32>> {
            let anchor = anchor("2027-01-31", interval);
            let begun = indices.iter().map(|index| anchor.term_begun(*index, term));
            begun.collect()
        };
        let monthly = terms(BillingInterval::Month, 12, &[0, 1, 11, 12, 24]);
        assert_eq!(monthly, [Some(0), None, None, Some(1), Some(2)]);
        let quarters = terms(BillingInterval::Quarter, 12, &[0, 3, 4, 8]);
        assert_eq!(quarters, [Some(0), None, Some(1), Some(2)]);
        // 31 Jan 2027 is a Sunday; the first one from 28 Feb on is that day, from 31 Mar 4 Apr.
        let weeks = terms(BillingInterval::Week, 1, &[0, 3, 4, 8, 9]);
        assert_eq!(weeks, [Some(0), None, Some(1), None, Some(2)]);
    }

    #[test]
    fn a_month_holds_a_twelfth_of_a_year() {
        assert_eq!(BillingInterval::Week.monthly(2_300), Ok(9_967));
        assert_eq!(BillingInterval::HalfYear.monthly(60_000), Ok(10_000));
        assert_eq!(BillingInterval::Quarter.monthly(10_000), Ok(3_333));
        assert_eq!(BillingInterval::Week.monthly(i128::MAX), Err(Overflow));
    }

    #[test]
    fn intervals_are_known_by_their_months() {
        for interval in BillingInterval::ALL {
            assert_eq!(
                BillingInterval::from_months(interval.months()),
                Some(interval)
            );
        }
        assert_eq!(BillingInterval::from_months(2), None);
        assert_eq!(BillingInterval::Year.name(), "yearly");
    }

    #[test]
    fn the_end_belongs_to_the_next_period() {
        let june = served("2027-06-01", "2027-07-01");
        assert_eq!(june.days(), 30);
        assert!(june.contains(date("2027-06-30")) && !june.contains(june.to));
        assert_eq!(june.rest_from(date("2027-06-16")).days(), 15);
        assert_eq!(june.rest_from(date("2027-05-01")), june);
        assert_eq!(june.rest_from(date("2027-08-01")).days(), 0);
        assert_eq!(june.until(date("2027-06-16")).days(), 15);
        assert_eq!(june.until(date("2027-05-01")).days(), 0);
    }

    #[test]
    fn days_are_told_in_as_few_words_as_possible() {
        assert_eq!(served("2026-09-01", "2026-10-01").words(), "1–30 Sep 2026");
        assert_eq!(
            served("2026-09-15", "2026-10-15").words(),
            "15 Sep – 14 Oct 2026"
        );
        assert_eq!(
            served("2026-12-15", "2027-01-15").words(),
            "15 Dec 2026 – 14 Jan 2027"
        );
        assert_eq!(served("2026-09-01", "2026-09-02").words(), "1 Sep 2026");
    }

    #[test]
    fn nothing_lies_before_the_anchor_or_beyond_the_calendar() {
        let monthly = anchor("2027-01-31", BillingInterval::Month);
        assert_eq!(monthly.index_of(date("2027-01-30")), None);
        assert_eq!(monthly.index_of(date("2026-03-31")), None);
        assert_eq!(monthly.index_of(date("2027-02-27")), Some(0));
        assert_eq!(monthly.index_of(date("2027-02-28")), Some(1));
        assert_eq!(monthly.start(u32::MAX), None);
        assert_eq!(monthly.service_period(u32::MAX), None);
    }

    proptest! {
        #[test]
        fn periods_tile_time(
            day in 719_163i32..790_000,
            interval in prop::sample::select(BillingInterval::ALL.to_vec()),
            k in 0u32..400,
        ) {
            let on = NaiveDate::from_num_days_from_ce_opt(day).unwrap();
            let anchor = Anchor { on, interval };
            let this = anchor.service_period(k).unwrap();
            prop_assert!(this.days() > 0);
            prop_assert_eq!(this.to, anchor.service_period(k + 1).unwrap().from);
            prop_assert_eq!(anchor.index_of(this.from), Some(k));
            prop_assert_eq!(anchor.index_of(this.to.pred_opt().unwrap()), Some(k));
        }
    }
}
