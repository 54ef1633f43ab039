//! Calendar months, in which money is counted, and dates in words.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Months, NaiveDate};

/// The years in which business is recorded; anything else is a slip of the pen.
pub const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// A calendar month in the vendor's zone, written `2026-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first: NaiveDate,
}

/// A text that is not a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a month as 2026-10.")]
pub struct BadPeriod;

/// A text that is not a date of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDate {
    /// Not a date, or not in the form asked for.
    #[error("Give a date as 2026-10-31.")]
    NotADate,
    /// Outside [`YEARS`].
    #[error("Give a date between the years 1970 and 2200.")]
    Year,
}

impl Period {
    /// The month a date lies in.
    pub fn of(date: NaiveDate) -> Self {
        Self {
            first: date.with_day(1).unwrap_or(date),
        }
    }

    /// The month as a number that sorts: 202610 for October 2026.
    pub fn key(self) -> i32 {
        // A month is 1 to 12.
        self.first.year() * 100 + self.first.month().cast_signed()
    }

    /// The month with this number, if there is one within [`YEARS`].
    pub fn from_key(key: i32) -> Option<Self> {
        let month = u32::try_from(key % 100).ok()?;
        let first = NaiveDate::from_ymd_opt(key / 100, month, 1)?;
        YEARS.contains(&first.year()).then_some(Self { first })
    }

    /// The month in words: `October 2026`.
    pub fn title(self) -> String {
        self.first.format("%B %Y").to_string()
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    pub fn last_day(self) -> NaiveDate {
        self.end().pred_opt().unwrap_or(self.first)
    }

    /// The first day that is no longer in it.
    pub fn end(self) -> NaiveDate {
        self.next().first
    }

    /// The month after.
    pub fn next(self) -> Self {
        // The last month of chrono's calendar, quarter of a million years
        // away, is its own successor.
        let first = self.first.checked_add_months(Months::new(1));
        Self {
            first: first.unwrap_or(self.first),
        }
    }

    /// The month before.
    pub fn previous(self) -> Self {
        let first = self.first.checked_sub_months(Months::new(1));
        Self {
            first: first.unwrap_or(self.first),
        }
    }

    /// Every month from this one to `last`, both included; none if `last` is earlier.
    pub fn through(self, last: Self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |month| Some(month.next()))
            .take_while(move |month| *month <= last)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

impl FromStr for Period {
    type Err = BadPeriod;

    fn from_str(typed: &str) -> Result<Self, BadPeriod> {
        let date = read_date(&format!("{}-01", typed.trim())).map_err(|_| BadPeriod)?;
        Ok(Self::of(date))
    }
}

/// Reads a date as forms and files carry it: `2026-10-31`.
///
/// # Errors
/// See [`BadDate`].
pub fn read_date(typed: &str) -> Result<NaiveDate, BadDate> {
    let typed = typed.trim();
    let is_spelled_out = typed.len() == 10
        && typed.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_spelled_out {
        return Err(BadDate::NotADate);
    }
    let date: NaiveDate = typed.parse().map_err(|_| BadDate::NotADate)?;
    YEARS
        .contains(&date.year())
        .then_some(date)
        .ok_or(BadDate::Year)
}

/// A date in words: `3 Nov 2026`.
pub fn date_words(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn month(typed: &str) -> Period {
        typed.parse().unwrap()
    }

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    #[test]
    fn a_month_knows_its_days_and_neighbours() {
        let february = month("2028-02");
        assert_eq!(february.first_day(), date("2028-02-01"));
        assert_eq!(february.last_day(), date("2028-02-29"));
        assert_eq!(february.end(), date("2028-03-01"));
        assert_eq!(month("2026-12").next(), month("2027-01"));
        assert_eq!(month("2027-01").previous(), month("2026-12"));
        assert_eq!(Period::of(date("2026-10-31")), month("2026-10"));
    }

    #[test]
    fn a_month_has_a_number_a_title_and_a_spelling() {
        assert_eq!(month("2026-10").key(), 202_610);
        assert_eq!(Period::from_key(202_610), Some(month("2026-10")));
        assert_eq!(month("2026-10").title(), "October 2026");
        assert_eq!(month("2026-10").to_string(), "2026-10");
        for key in [
            0,
            -1,
            202_600,
            202_613,
            196_912,
            220_101,
            i32::MAX,
            i32::MIN,
        ] {
            assert_eq!(Period::from_key(key), None, "{key}");
        }
        for typed in [
            "",
            "2026",
            "2026-13",
            "26-10",
            "1969-12",
            "2201-01",
            "2026-10-01",
            "+2026-1",
        ] {
            assert_eq!(typed.parse::<Period>(), Err(BadPeriod), "{typed}");
        }
    }

    #[test]
    fn a_range_of_months_includes_both_ends() {
        let names = |from: &str, to: &str| {
            let months = month(from).through(month(to));
            months.map(|month| month.key()).collect::<Vec<_>>()
        };
        assert_eq!(names("2026-11", "2027-01"), [202_611, 202_612, 202_701]);
        assert_eq!(names("2026-11", "2026-11"), [202_611]);
        assert!(names("2026-11", "2026-10").is_empty());
    }

    #[test]
    fn dates_are_read_strictly_and_shown_in_words() {
        assert_eq!(date_words(date("2026-11-03")), "3 Nov 2026");
        for typed in [
            "",
            "2026-1-1",
            "31.10.2026",
            "2026-02-30",
            "today",
            "+2026-10-1",
        ] {
            assert_eq!(read_date(typed), Err(BadDate::NotADate), "{typed}");
        }
        assert_eq!(read_date("2201-01-01"), Err(BadDate::Year));
        assert_eq!(read_date("1969-12-31"), Err(BadDate::Year));
    }

    proptest! {
        #[test]
        fn months_tile_the_calendar(days in 0i32..84_000) {
            let day = NaiveDate::from_num_days_from_ce_opt(719_163 + days).unwrap();
            let month = Period::of(day);
            prop_assert!(month.first_day() <= day && day < month.end());
            prop_assert_eq!(month.next().previous(), month);
            prop_assert_eq!(month.next().first_day(), month.end());
            prop_assert_eq!(Period::from_key(month.key()), Some(month));
            prop_assert_eq!(month.to_string().parse(), Ok(month));
        }
    }
}
