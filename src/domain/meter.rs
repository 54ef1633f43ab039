//! What was used in a service period, from the events that were reported.

use std::collections::HashSet;

use chrono::NaiveDateTime;

use super::{
    billing_calendar::ServicePeriod,
    coded::coded,
    measure::Measure,
    ratio::{Overflow, Ratio},
    text::{ExternalId, Zone},
};

coded! {
    /// How the events of a period become one quantity.
    Aggregation {
        Sum = "sum", "Sum of the values";
        Count = "count", "Number of events";
        Max = "max", "Highest value";
        Last = "last", "Last value";
        Unique = "unique_count", "Different subjects";
        TimeWeighted = "time_weighted", "Average level over time";
    }
}

impl Aggregation {
    /// Whether it finds how high something stands, which is not less over fewer days: what is summed
    /// or counted is.
    pub fn is_level(self) -> bool {
        !matches!(self, Self::Sum | Self::Count)
    }
}

/// What counts the usage of a price.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Meter {
    /// How events name it.
    pub code: ExternalId,
    /// How its events become a quantity.
    pub aggregation: Aggregation,
}

/// Something that was used, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    /// Its own id: the same one counts once.
    pub event_id: String,
    /// When it happened, UTC.
    pub at: NaiveDateTime,
    /// Who or what used it; empty where that does not matter.
    pub subject: String,
    /// How much; below zero to correct.
    pub value: Measure,
}

/// The instants of a period, UTC: `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant in it.
    pub from: NaiveDateTime,
    /// The first instant after it.
    pub to: NaiveDateTime,
}

impl Span {
    /// The instants of some local days.
    pub fn of_days(days: ServicePeriod, zone: Zone) -> Self {
        Self {
            from: zone.start_of(days.from),
            to: zone.start_of(days.to),
        }
    }

    /// Whether an instant lies in it.
    pub fn contains(self, at: NaiveDateTime) -> bool {
        self.from <= at && at < self.to
    }

    /// Its length in seconds, never below zero.
    pub fn seconds(self) -> i64 {
        (self.to - self.from).num_seconds().max(0)
    }

    fn micros(self) -> i128 {
        let micros = (self.to - self.from).num_microseconds();
        i128::from(micros.unwrap_or_default().max(0))
    }

    /// What of it is left from an instant on.
    pub fn rest_from(self, at: NaiveDateTime) -> Self {
        Self {
            from: at.clamp(self.from, self.to.max(self.from)),
            ..self
        }
    }
}

/// The quantity used in a span, never below zero. Of events with the same id
/// the first given counts. Events outside the span do not count, except that a
/// level (time-weighted) holds on from the last one before it.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn used(how: Aggregation, span: Span, events: &[UsageEvent]) -> Result<Ratio, Overflow> {
    let mut seen = HashSet::new();
    let distinct = events
        .iter()
        .filter(|event| seen.insert(event.event_id.as_str()));
    let mut distinct: Vec<&UsageEvent> = distinct.collect();
    // Stable: of events at the same instant, the last reported is the last.
    distinct.sort_by_key(|event| event.at);
    let inside: Vec<&UsageEvent> = distinct
        .iter()
        .copied()
        .filter(|event| span.contains(event.at))
        .collect();
    let values = || inside.iter().map(|event| event.value);
    let used = match how {
        Aggregation::Sum => Ratio::sum(values().map(Measure::exact))?,
        Aggregation::Count => whole(inside.len())?,
        Aggregation::Max => values().max().unwrap_or_default().exact(),
        Aggregation::Last => values().next_back().unwrap_or_default().exact(),
        Aggregation::Unique => {
            let subjects: HashSet<&str> =
                inside.iter().map(|event| event.subject.as_str()).collect();
            whole(subjects.len())?
        }
        Aggregation::TimeWeighted => level(span, &distinct)?,
    };
    Ok(used.max(Ratio::ZERO))
}

fn whole(count: usize) -> Result<Ratio, Overflow> {
    Ratio::new(i128::try_from(count).map_err(|_| Overflow)?, 1)
}

/// The average of a level that each event sets, over the whole span.
fn level(span: Span, events: &[&UsageEvent]) -> Result<Ratio, Overflow> {
    let before = events.iter().rev().find(|event| event.at < span.from);
    let mut held = before.map_or(Measure::ZERO, |event| event.value);
    let (mut since, mut sum) = (span.from, Ratio::ZERO);
    let inside = events.iter().filter(|event| span.contains(event.at));
    for event in inside {
        sum = sum.plus(weighed(
            held,
            Span {
                from: since,
                to: event.at,
            },
        )?)?;
        (held, since) = (event.value, event.at);
    }
    sum = sum.plus(weighed(
        held,
        Span {
            from: since,
            ..span
        },
    )?)?;
    match span.micros() {
        0 => Ok(Ratio::ZERO),
        length => sum.over(Ratio::new(length, 1)?),
    }
}

fn weighed(held: Measure, over: Span) -> Result<Ratio, Overflow> {
    held.exact().times(Ratio::new(over.micros(), 1)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: u32, hour: u32) -> NaiveDateTime {
        let date = chrono::NaiveDate::from_ymd_opt(2027, 3, day).unwrap();
        date.and_hms_opt(hour, 0, 0).unwrap()
    }

    fn event(id: &str, at: NaiveDateTime, value: &str) -> UsageEvent {
        UsageEvent {
            event_id: id.into(),
            at,
            subject: String::new(),
            value: value.parse().unwrap(),
        }
    }

    const HOW: Aggregation = Aggregation::TimeWeighted;

    #[test]
    fn a_level_is_averaged_over_the_whole_span() {
        let span = Span {
            from: at(1, 0),
            to: at(11, 0),
        };
        let ten = event("a", at(3, 12), "10");
        let halves = [ten.clone(), event("b", at(6, 0), "4")];
        // 2.5 days at 10 and 5 days at 4, of 10.
        assert_eq!(used(HOW, span, &halves).unwrap().to_string(), "9/2");
        let earlier = Span {
            from: at(5, 0),
            to: at(6, 0),
        };
        assert_eq!(used(HOW, earlier, &[ten]).unwrap(), Ratio::from_int(10));
        assert_eq!(used(HOW, span, &[]).unwrap(), Ratio::ZERO);
    }

    #[test]
    fn corrections_never_leave_less_than_nothing() {
        let span = Span {
            from: at(1, 0),
            to: at(2, 0),
        };
        let events = [event("a", at(1, 1), "3"), event("b", at(1, 2), "-5")];
        assert_eq!(used(Aggregation::Sum, span, &events).unwrap(), Ratio::ZERO);
    }

    proptest! {
        #[test]
        fn neither_order_nor_repetition_changes_what_was_used(
            values in proptest::collection::vec((0u32..20, 0i64..9_000_000), 1..12),
            turn in 0usize..12,
        ) {
            let span = Span { from: at(2, 0), to: at(15, 0) };
            let event = |(n, (day, micro)): (usize, &(u32, i64))| UsageEvent {
                event_id: n.to_string(),
                // No two at the same instant.
                at: at(day + 1, 0) + chrono::TimeDelta::seconds(i64::try_from(n).unwrap()),
                subject: (day % 3).to_string(),
                value: Measure::from_micro(*micro),
            };
            let events: Vec<UsageEvent> = values.iter().enumerate().map(event).collect();
            let mut turned = events.clone();
            turned.rotate_left(turn % events.len());
            turned.extend(events.clone());
            for how in Aggregation::ALL {
                prop_assert_eq!(used(*how, span, &events), used(*how, span, &turned));
            }
        }
    }
}
