//! How long somebody waited, in the hours that count.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

use super::spans::{Span, merged, total, without};
use crate::domain::text::Zone;

/// The hours that count: from one time to another, Monday to Friday, but not
/// on holidays, in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessHours {
    /// Where.
    pub zone: Zone,
    /// The first time of a working day.
    pub opens: NaiveTime,
    /// The first time after it.
    pub closes: NaiveTime,
    /// Days off.
    pub holidays: BTreeSet<NaiveDate>,
}

impl BusinessHours {
    /// Nine to five, Monday to Friday.
    pub fn office(zone: Zone) -> Self {
        let nine = NaiveTime::MIN + TimeDelta::hours(9);
        Self {
            zone,
            opens: nine,
            closes: nine + TimeDelta::hours(8),
            holidays: BTreeSet::new(),
        }
    }

    fn is_working(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&day)
    }

    /// The working hours of a day, as instants in UTC.
    fn on(&self, day: NaiveDate) -> Span {
        let midnight = self.zone.start_of(day);
        // Read off the wall: a clock that is set forward at night moves the
        // instant, not the hour.
        let instant = |time: NaiveTime| {
            let guess = midnight + (time - NaiveTime::MIN);
            let shown = self.zone.local(guess);
            guess + (day.and_time(time) - shown)
        };
        Span {
            from: instant(self.opens),
            to: instant(self.closes),
        }
    }

    /// The hours that count in a span of UTC, in order and apart.
    pub fn within(&self, span: Span) -> Vec<Span> {
        let first = self.zone.local_date(span.from);
        let last = self.zone.local_date(span.to);
        let days = first.iter_days().take_while(|day| *day <= last);
        let open = days.filter(|day| self.is_working(*day));
        open.filter_map(|day| self.on(day).within(span)).collect()
    }
}

/// The seconds that count from when a request came until it was answered, in
/// UTC, less the time it waited for the customer. Without hours, every second
/// counts.
pub fn counted_seconds(
    (opened, answered): (NaiveDateTime, NaiveDateTime),
    waiting: &[Span],
    hours: Option<&BusinessHours>,
) -> i64 {
    let span = Span {
        from: opened,
        to: answered,
    };
    let counted = match hours {
        None => merged([span]),
        Some(hours) => hours.within(span),
    };
    total(&without(&counted, &merged(waiting.iter().copied())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(typed: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M").unwrap()
    }

    fn hours(zone: &str) -> BusinessHours {
        BusinessHours::office(zone.parse().unwrap())
    }

    fn minutes(from: &str, to: &str, waiting: &[Span], hours: Option<&BusinessHours>) -> i64 {
        counted_seconds((at(from), at(to)), waiting, hours) / 60
    }

    #[test]
    fn nights_weekends_and_waiting_do_not_count() {
        let utc = hours("UTC");
        let count = |from, to| minutes(from, to, &[], Some(&utc));
        assert_eq!(count("2027-06-04T16:30", "2027-06-07T10:15"), 105);
        assert_eq!(count("2027-06-05T08:00", "2027-06-06T20:00"), 0);
        assert_eq!(count("2027-06-04T08:00", "2027-06-04T18:00"), 480);
        assert_eq!(count("2027-06-04T17:00", "2027-06-07T09:00"), 0);
        let waiting = [Span {
            from: at("2027-06-04T16:45"),
            to: at("2027-06-07T10:00"),
        }];
        let spent = minutes("2027-06-04T16:30", "2027-06-07T10:15", &waiting, Some(&utc));
        assert_eq!(spent, 30);
        let always = minutes("2027-06-04T16:30", "2027-06-07T10:15", &waiting, None);
        assert_eq!(always, 30);
    }

    #[test]
    fn hours_are_those_on_the_wall() {
        // Berlin is one hour ahead in winter and two in summer; the clocks
        // change on Sunday 28 March 2027.
        let berlin = hours("Europe/Berlin");
        let count = |from, to| minutes(from, to, &[], Some(&berlin));
        assert_eq!(count("2027-03-26T15:30", "2027-03-29T07:30"), 60);
        assert_eq!(count("2027-03-29T06:00", "2027-03-29T08:00"), 60);
        assert_eq!(count("2027-03-26T07:00", "2027-03-26T09:00"), 60);
    }
}
