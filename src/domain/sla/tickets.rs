//! Tickets: whether each was answered and resolved in time, and what share of a month's were.

use std::cmp::Ordering;

use chrono::NaiveDateTime;

use super::{BusinessHours, Span, counted_seconds};
use crate::domain::rate::Rate;

/// A stretch in which a ticket waited for the customer; without an end it waits still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait {
    /// Its first instant, UTC.
    pub from: NaiveDateTime,
    /// The first instant after it, UTC.
    pub to: Option<NaiveDateTime>,
}

/// How a ticket stands to a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It was done soon enough.
    InTime,
    /// It was done too late, or the time is up and it is not done.
    Late,
    /// It is not done, and there is time left.
    Running,
}

/// What is measured of a ticket: from when it came until something was done about it. Instants UTC.
#[derive(Debug, Clone, Copy)]
pub struct Timing<'a> {
    /// When it came.
    pub opened: NaiveDateTime,
    /// When it was done, if it was.
    pub done: Option<NaiveDateTime>,
    /// When it waited for the customer.
    pub waits: &'a [Wait],
    /// The instant it is looked at.
    pub now: NaiveDateTime,
}

impl Timing<'_> {
    /// The seconds that count, until it was done or until now.
    pub fn seconds(&self, hours: Option<&BusinessHours>) -> i64 {
        let until = self.done.unwrap_or(self.now);
        let waiting: Vec<Span> = self
            .waits
            .iter()
            .map(|wait| Span {
                from: wait.from,
                to: wait.to.unwrap_or(until),
            })
            .collect();
        counted_seconds((self.opened, until), &waiting, hours)
    }

    /// How it stands to a promise of so many minutes. Who takes exactly as long has kept it.
    pub fn standing(&self, minutes: i64, hours: Option<&BusinessHours>) -> Standing {
        let is_over = self.seconds(hours) > minutes.saturating_mul(60);
        match (is_over, self.done) {
            (true, _) => Standing::Late,
            (false, Some(_)) => Standing::InTime,
            (false, None) => Standing::Running,
        }
    }
}

/// How a month's tickets stand to a promise, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Done in time.
    pub in_time: i64,
    /// Late.
    pub late: i64,
    /// Neither yet.
    pub running: i64,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, standing: Standing) {
        match standing {
            Standing::InTime => self.in_time += 1,
            Standing::Late => self.late += 1,
            Standing::Running => self.running += 1,
        }
    }

    /// The tickets that are decided.
    pub fn measured(&self) -> i64 {
        self.in_time + self.late
    }

    /// Whether the promised share was in time, compared as integers; `None` where nothing is decided.
    pub fn meets(&self, share: Rate) -> Option<bool> {
        let in_time = i128::from(self.in_time) * 10_000;
        let promised = i128::from(self.measured()) * i128::from(share.bps());
        (self.measured() > 0).then(|| in_time.cmp(&promised) != Ordering::Less)
    }

    /// The share in time in parts per million, rounded down: only to be shown.
    pub fn ppm_floor(&self) -> Option<i64> {
        (self.in_time * 1_000_000).checked_div(self.measured())
    }
}

/// Reads waits, one a line or between semicolons: from and to, the last one without an end where it
/// waits still. `instant` reads one time.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read_waits(
    typed: &str,
    instant: impl Fn(&str) -> Option<NaiveDateTime>,
) -> Result<Vec<Wait>, &'static str> {
    const WHY: &str =
        "Give from and to in each line, such as 2026-11-03T14:05 to 2026-11-04T09:00.";
    let lines = typed.split(['\n', ';']).map(str::trim);
    let mut waits = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (from, to) = line
            .split_once(" to")
            .or_else(|| line.split_once('/'))
            .unwrap_or((line, ""));
        let to = match to.trim() {
            "" => None,
            to => Some(instant(to).ok_or(WHY)?),
        };
        waits.push(Wait {
            from: instant(from.trim()).ok_or(WHY)?,
            to,
        });
    }
    waits.sort_unstable();
    Ok(waits)
}

/// Waits as they are typed; `time` says an instant.
pub fn waits_in_words(waits: &[Wait], time: impl Fn(NaiveDateTime) -> String) -> String {
    let line = |wait: &Wait| {
        let to = wait.to.map(&time).unwrap_or_default();
        format!("{} to {to}", time(wait.from)).trim_end().to_owned()
    };
    waits.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::text::Zone;

    fn at(typed: &str) -> Option<NaiveDateTime> {
        NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M").ok()
    }

    #[test]
    fn a_ticket_is_in_time_late_or_still_running() {
        let office = BusinessHours::office(Zone::UTC);
        // 105 minutes of working time over a weekend.
        let timing = |done, now, waits: &'static [Wait]| Timing {
            opened: at("2027-06-04T16:30").unwrap(),
            done,
            waits,
            now: at(now).unwrap(),
        };
        let done = timing(at("2027-06-07T10:15"), "2027-06-30T00:00", &[]);
        assert_eq!(done.standing(105, Some(&office)), Standing::InTime);
        assert_eq!(done.standing(104, Some(&office)), Standing::Late);
        assert_eq!(done.standing(105, None), Standing::Late);
        let open = timing(None, "2027-06-07T10:15", &[]);
        assert_eq!(open.standing(105, Some(&office)), Standing::Running);
        assert_eq!(open.standing(104, Some(&office)), Standing::Late);
    }

    #[test]
    fn a_ticket_that_waits_still_does_not_grow_older() {
        let waits = [Wait {
            from: at("2027-06-04T11:00").unwrap(),
            to: None,
        }];
        let open = Timing {
            opened: at("2027-06-04T10:00").unwrap(),
            done: None,
            waits: &waits,
            now: at("2027-07-04T10:00").unwrap(),
        };
        assert_eq!(open.seconds(None), 3_600);
        assert_eq!(open.standing(60, None), Standing::Running);
    }

    #[test]
    fn a_share_is_compared_as_integers() {
        let share = |bps| Rate::from_bps(bps).unwrap();
        let tally = Tally {
            in_time: 19,
            late: 1,
            running: 5,
        };
        assert_eq!(tally.meets(share(9_500)), Some(true));
        assert_eq!(tally.meets(share(9_501)), Some(false));
        assert_eq!(tally.ppm_floor(), Some(950_000));
        assert_eq!(Tally::default().meets(share(0)), None);
        assert_eq!(Tally::default().ppm_floor(), None);
    }

    #[test]
    fn waits_read_back_as_they_are_said() {
        let said = "2027-06-04T11:00 to 2027-06-04T12:00\n2027-06-05T11:00 to";
        let waits = read_waits(said, at).unwrap();
        let again = waits_in_words(&waits, |at| at.format("%Y-%m-%dT%H:%M").to_string());
        assert_eq!(again, said);
        let file = "2027-06-05T11:00;2027-06-04T11:00/2027-06-04T12:00; ";
        assert_eq!(read_waits(file, at), Ok(waits));
        assert_eq!(read_waits(" ", at), Ok(Vec::new()));
        assert!(read_waits("yesterday to today", at).is_err());
    }

    proptest! {
        #[test]
        fn waiting_never_makes_a_ticket_late(
            done in 1i64..20_000, limit in 0i64..10_000,
            waits in prop::collection::vec((0i64..20_000, 0i64..5_000), 0..5),
        ) {
            let start = at("2027-06-04T10:00").unwrap();
            let minute = |n| start + chrono::TimeDelta::minutes(n);
            let waits: Vec<Wait> = waits.iter().map(|&(from, long)| Wait {
                from: minute(from), to: Some(minute(from + long)),
            }).collect();
            let office = BusinessHours::office(Zone::UTC);
            let of = |waits: &[Wait]| Timing {
                opened: start, done: Some(minute(done)), waits, now: minute(30_000),
            }.standing(limit, Some(&office));
            prop_assert!(of(&[]) == Standing::Late || of(&waits) == Standing::InTime);
        }
    }
}
