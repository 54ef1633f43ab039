//! A moment of a local day, at which service changes.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::{period::date_words, text::Zone};

/// A moment as clocks show it and as it is reckoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The local day.
    pub on: NaiveDate,
    /// The second of that day as clocks show it; 0 for its start.
    pub second: u32,
    /// The same, UTC.
    pub at: NaiveDateTime,
}

impl Moment {
    /// The start of a local day.
    pub fn start_of(zone: Zone, on: NaiveDate) -> Self {
        Self {
            on,
            second: 0,
            at: zone.start_of(on),
        }
    }

    /// A local time: the first of two; where clocks skip it, the first instant after, under the
    /// time they show then.
    pub fn at(zone: Zone, local: NaiveDateTime) -> Self {
        let at = zone.instant(local);
        let shown = zone.local(at);
        let start = Self::start_of(zone, shown.date());
        if at <= start.at {
            return start;
        }
        Self {
            on: shown.date(),
            second: shown.time().num_seconds_from_midnight(),
            at,
        }
    }

    /// A time of a local day, or its start where none is given.
    pub fn of(zone: Zone, on: NaiveDate, time: Option<NaiveTime>) -> Self {
        time.map_or_else(
            || Self::start_of(zone, on),
            |time| Self::at(zone, on.and_time(time)),
        )
    }

    /// Whether it is the start of its day.
    pub fn is_start(self) -> bool {
        self.second == 0
    }

    /// In words: `16 Jun 2027, 09:30`, the start of a day as the day alone.
    pub fn words(self) -> String {
        moment_words(self.on, self.second)
    }
}

/// A day and a second of it in words: `16 Jun 2027, 09:30`; seconds where there are any, the start
/// of a day as the day alone.
pub fn moment_words(on: NaiveDate, second: u32) -> String {
    let (minutes, seconds) = (second / 60, second % 60);
    let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    match (second, seconds) {
        (0, _) => date_words(on),
        (_, 0) => format!("{}, {time}", date_words(on)),
        _ => format!("{}, {time}:{seconds:02}", date_words(on)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local(typed: &str) -> NaiveDateTime {
        typed.parse().unwrap()
    }

    fn berlin(typed: &str) -> Moment {
        Moment::at("Europe/Berlin".parse().unwrap(), local(typed))
    }

    #[test]
    fn a_moment_is_shown_as_clocks_show_it() {
        let morning = berlin("2027-06-16T09:30:00");
        assert_eq!(morning.words(), "16 Jun 2027, 09:30");
        assert_eq!(morning.at, local("2027-06-16T07:30:00"));
        assert_eq!(
            berlin("2027-06-16T09:30:05").words(),
            "16 Jun 2027, 09:30:05"
        );
        let start = berlin("2027-06-16T00:00:00");
        assert!(start.is_start() && start.words() == "16 Jun 2027");
    }

    #[test]
    fn a_skipped_time_is_the_first_after_and_a_doubled_one_the_first() {
        let skipped = berlin("2027-03-28T02:30:00");
        assert_eq!(skipped, berlin("2027-03-28T03:00:00"));
        assert_eq!(skipped.words(), "28 Mar 2027, 03:00");
        assert_eq!(skipped.at, local("2027-03-28T01:00:00"));
        let doubled = berlin("2027-10-31T02:30:00");
        assert_eq!(doubled.at, local("2027-10-31T00:30:00"));
        // Havana's clocks skip from midnight to one: that is the day's start.
        let havana: Zone = "America/Havana".parse().unwrap();
        let skipped = Moment::at(havana, local("2027-03-14T00:30:00"));
        assert!(skipped.is_start());
        assert_eq!(skipped, Moment::start_of(havana, skipped.on));
    }

    proptest! {
        #[test]
        fn a_later_time_is_no_earlier_moment(
            zone in prop::sample::select(vec!["Europe/Berlin", "America/Havana", "Australia/Lord_Howe"]),
            from in 0i64..365 * 86_400,
            more in 0i64..200_000,
        ) {
            let zone: Zone = zone.parse().unwrap();
            let first = local("2027-01-01T00:00:00") + chrono::TimeDelta::seconds(from);
            let (one, two) = (Moment::at(zone, first), Moment::at(zone, first + chrono::TimeDelta::seconds(more)));
            prop_assert!((one.on, one.second) <= (two.on, two.second));
            prop_assert!(one.second < 86_400 && zone.local(one.at).date() == one.on);
        }
    }
}
