//! For how long a clause pays: some months from the first paid period, by the day.

use chrono::{Months, NaiveDate};

use super::super::{
    billing_calendar::ServicePeriod,
    ratio::{Overflow, Ratio},
};

/// Days in which service earns, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window(ServicePeriod);

/// A part of a service period: so many days of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DayShare {
    /// Days that count.
    pub days: i32,
    /// Days in all, at least one.
    pub of: i32,
}

impl DayShare {
    /// All of it.
    pub const WHOLE: Self = Self { days: 1, of: 1 };

    /// So many days of so many; all of them is the whole, however many there are.
    pub fn new(days: i64, of: i64) -> Self {
        let fits = i32::try_from(days).ok().zip(i32::try_from(of).ok());
        match fits {
            Some((days, of)) if days != of && of > 0 => Self { days, of },
            _ => Self::WHOLE,
        }
    }

    /// The part of a line's own days that earns. Of an amount per unit the share counts the days of
    /// the whole period, of which the line may be a part.
    pub fn of_line(self, line: ServicePeriod) -> Self {
        match self.is_whole() {
            true => Self::WHOLE,
            false => Self::new(i64::from(self.days).min(line.days()), line.days()),
        }
    }

    /// The share, from 0 to 1.
    ///
    /// # Errors
    /// [`Overflow`] for days of none.
    pub fn exact(self) -> Result<Ratio, Overflow> {
        Ratio::new(i128::from(self.days), i128::from(self.of))
    }

    /// Whether it is all of it.
    pub fn is_whole(self) -> bool {
        self.days == self.of
    }
}

impl Window {
    /// So many months from a day, counted from that stored day and not from the month before, so
    /// that 31 Jan does not drift. `None` beyond the calendar.
    pub fn months(start: NaiveDate, months: u32) -> Option<Self> {
        let to = start.checked_add_months(Months::new(months))?;
        Some(Self(ServicePeriod { from: start, to }))
    }

    /// The first day, and the first day after.
    pub fn days(self) -> ServicePeriod {
        self.0
    }

    /// Whether a service period that starts on a day earns under it at all.
    pub fn covers(self, starts_on: NaiveDate) -> bool {
        self.0.contains(starts_on)
    }

    /// The share of a period's days that lies inside.
    pub fn share(self, service: ServicePeriod) -> DayShare {
        let inside = service.rest_from(self.0.from).until(self.0.to);
        DayShare::new(inside.days().max(0), service.days())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    #[test]
    fn a_year_paid_ahead_earns_for_its_days_inside() {
        let window = Window::months(date("2027-03-01"), 6).unwrap();
        let year = ServicePeriod {
            from: date("2027-03-01"),
            to: date("2028-03-01"),
        };
        let share = window.share(year);
        assert_eq!((share.days, share.of), (184, 366));
        let earned = Ratio::from_int(12_000)
            .times(share.exact().unwrap())
            .unwrap();
        assert_eq!(earned.round(), Ok(6_033));
    }

    #[test]
    fn a_period_that_starts_at_the_end_earns_nothing() {
        let window = Window::months(date("2026-01-31"), 1).unwrap();
        assert_eq!(window.days().to, date("2026-02-28"));
        assert!(window.covers(date("2026-02-27")));
        assert!(!window.covers(date("2026-02-28")));
        let later = ServicePeriod {
            from: date("2026-02-28"),
            to: date("2026-03-31"),
        };
        assert_eq!(window.share(later).days, 0);
        assert!(!window.share(later).is_whole());
    }
}
