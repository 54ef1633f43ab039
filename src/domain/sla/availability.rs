//! Was it there: uptime over a month, maintenance on neither side.

use std::cmp::Ordering;

use chrono::{NaiveDateTime, TimeDelta};

use super::spans::{Span, merged, total, without};

/// Work on the service that was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintenance {
    /// When.
    pub span: Span,
    /// When it was announced to customers.
    pub announced_at: NaiveDateTime,
}

/// What is known of one month of a service. All instants are in one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthOfService<'a> {
    /// The month, or the parts of it that count, in order and apart.
    pub served: &'a [Span],
    /// Planned work.
    pub maintenance: &'a [Maintenance],
    /// When the service was not there.
    pub outages: &'a [Span],
    /// How long before it begins maintenance has to be announced, in seconds.
    pub notice_seconds: i64,
    /// How much maintenance a month may have, in seconds; what is over counts
    /// as downtime. `None` for no limit.
    pub maintenance_cap_seconds: Option<i64>,
}

/// Service time and what of it the service was there, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    /// Seconds of service: the month less the maintenance that counts.
    pub service: i64,
    /// Seconds of it in which the service was not there.
    pub down: i64,
    /// Seconds of maintenance, which are neither.
    pub maintenance: i64,
}

impl Availability {
    /// Whether the promise was kept: a share in parts per million. A month
    /// without service time keeps every promise.
    pub fn meets(&self, target_ppm: i64) -> bool {
        let up = i128::from(self.service - self.down) * 1_000_000;
        up.cmp(&(i128::from(self.service) * i128::from(target_ppm))) != Ordering::Less
    }

    /// The share in parts per million, rounded down: only to be shown. `None`
    /// without service time.
    pub fn ppm_floor(&self) -> Option<i64> {
        let up = i128::from(self.service - self.down) * 1_000_000;
        let share = up.checked_div(i128::from(self.service))?;
        i64::try_from(share).ok()
    }
}

/// The availability of a month. Maintenance that was announced too late, or is
/// over the month's limit, counts as downtime; the earliest fills the limit.
pub fn availability(month: &MonthOfService<'_>) -> Availability {
    let notice = TimeDelta::seconds(month.notice_seconds);
    let (timely, late): (Vec<Maintenance>, Vec<Maintenance>) = month
        .maintenance
        .iter()
        .partition(|one| one.announced_at <= one.span.from - notice);
    let counted = |span: Span| {
        let parts = month.served.iter();
        parts.filter_map(move |part| span.within(*part))
    };
    let timely = merged(timely.iter().flat_map(|one| counted(one.span)));
    let (planned, over) = capped(&timely, month.maintenance_cap_seconds);
    let late = late.iter().flat_map(|one| counted(one.span));
    let outages = month.outages.iter().flat_map(|span| counted(*span));
    let down = merged(late.chain(over).chain(outages));
    let maintenance = total(&planned);
    Availability {
        service: total(month.served) - maintenance,
        down: total(&without(&down, &planned)),
        maintenance,
    }
}

/// The first so many seconds of merged spans, and the rest.
fn capped(spans: &[Span], cap_seconds: Option<i64>) -> (Vec<Span>, Vec<Span>) {
    let Some(mut left) = cap_seconds else {
        return (spans.to_vec(), Vec::new());
    };
    let (mut within, mut over) = (Vec::new(), Vec::new());
    for &span in spans {
        let taken = span.seconds().min(left.max(0));
        left -= taken;
        let cut = span.from + TimeDelta::seconds(taken);
        within.extend(Span { to: cut, ..span }.within(span));
        over.extend(Span { from: cut, ..span }.within(span));
    }
    (within, over)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> NaiveDateTime {
        let start = crate::domain::period::read_date("2027-01-01").unwrap();
        start.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minute)
    }

    fn span(from: i64, to: i64) -> Span {
        let (from, to) = (at(from), at(to));
        Span { from, to }
    }

    fn month(outage_seconds: i64) -> Availability {
        let served = span(0, 31 * 1_440);
        let outage = Span {
            to: served.from + TimeDelta::seconds(outage_seconds),
            ..served
        };
        availability(&MonthOfService {
            served: &[served],
            maintenance: &[],
            outages: &[outage],
            notice_seconds: 0,
            maintenance_cap_seconds: None,
        })
    }

    #[test]
    fn one_second_more_is_a_breach() {
        assert!(month(2_678).meets(999_000));
        assert!(!month(2_679).meets(999_000));
        assert!(month(0).meets(1_000_000) && !month(1).meets(1_000_000));
        assert_eq!(month(2_679).ppm_floor(), Some(998_999));
    }

    #[test]
    fn maintenance_over_its_limit_or_without_notice_is_downtime() {
        let known = |from, to, announced| Maintenance {
            span: span(from, to),
            announced_at: at(announced),
        };
        let served = span(0, 1_000);
        let of = |maintenance: &[Maintenance], cap| {
            availability(&MonthOfService {
                served: &[served],
                maintenance,
                outages: &[span(95, 115), span(100, 120)],
                notice_seconds: 3_600,
                maintenance_cap_seconds: cap,
            })
        };
        let work = known(100, 200, 40);
        let all = of(&[work], None);
        assert_eq!(
            (all.service, all.down, all.maintenance),
            (54_000, 300, 6_000)
        );
        // Ten minutes count; the other ninety are downtime, overlaps once.
        let some = of(&[work], Some(600));
        assert_eq!(
            (some.service, some.down, some.maintenance),
            (59_400, 5_700, 600)
        );
        let late = of(&[known(100, 200, 41)], None);
        assert_eq!(
            (late.service, late.down, late.maintenance),
            (60_000, 6_300, 0)
        );
    }

    #[test]
    fn a_month_that_is_all_maintenance_keeps_its_promise() {
        let none = Availability {
            service: 0,
            down: 0,
            maintenance: 60,
        };
        assert!(none.meets(1_000_000));
        assert_eq!(none.ppm_floor(), None);
    }

    proptest! {
        /// Invariant 30: maintenance is neither downtime nor service time.
        #[test]
        fn maintenance_is_on_neither_side(
            work in prop::collection::vec((0i64..5_000, 0i64..500, 0i64..200), 0..6),
            outages in prop::collection::vec((0i64..5_000, 0i64..500), 0..6),
            cap in prop::option::of(0i64..60_000),
        ) {
            let served = span(100, 4_900);
            let maintenance: Vec<Maintenance> = work.iter().map(|&(from, long, before)| Maintenance {
                span: span(from, from + long),
                announced_at: at(from - before),
            }).collect();
            let outages: Vec<Span> = outages.iter().map(|&(from, long)| span(from, from + long)).collect();
            let of = |outages: &[Span]| availability(&MonthOfService {
                served: &[served],
                maintenance: &maintenance,
                outages,
                notice_seconds: 6_000,
                maintenance_cap_seconds: cap,
            });
            let with = of(&outages);
            prop_assert_eq!(with.service + with.maintenance, served.seconds());
            prop_assert!(0 <= with.down && with.down <= with.service);
            prop_assert!(cap.is_none_or(|cap| with.maintenance <= cap));
            // Being down all month changes nothing about maintenance.
            let never = of(&[served]);
            prop_assert_eq!(never.maintenance, with.maintenance);
            prop_assert_eq!(never.down, never.service);
            // Saying the same outage twice does not make it longer.
            let twice: Vec<Span> = outages.iter().chain(&outages).copied().collect();
            prop_assert_eq!(of(&twice), with);
        }
    }
}
