use super::*;
use crate::{
    domain::{TicketSeverity, read_date, sla::Wait},
    id::Id,
};

fn at(day: u32, hour: u32) -> NaiveDateTime {
    let day = chrono::NaiveDate::from_ymd_opt(2027, 1, day).unwrap();
    day.and_hms_opt(hour, 0, 0).unwrap()
}

fn rate(bps: i32) -> Rate {
    Rate::from_bps(bps).unwrap()
}

fn event(kind: SlaEventKind, day: u32, hours: (u32, u32)) -> SlaEvent {
    SlaEvent {
        id: Id::of(1),
        offering: Id::of(1),
        kind,
        began_at: at(day, hours.0),
        ended_at: at(day, hours.1),
        announced_at: (kind == SlaEventKind::Maintenance).then(|| at(day, 0)),
        note: String::new(),
        external_id: None,
    }
}

fn promise(metric: SlaMetric, threshold: i64, bps: i32) -> Target {
    Target {
        metric,
        threshold,
        calendar: SlaCalendar::Always,
        credit: rate(bps),
        share: Rate::WHOLE,
        severity: None,
    }
}

fn policy(targets: Vec<Target>) -> Policy {
    Policy {
        id: Id::of(1),
        name: String::new(),
        summary: String::new(),
        version: 1,
        terms: Terms::default(),
        targets,
    }
}

fn january(policy: &Policy) -> Frame {
    let month = Period::of(read_date("2027-01-01").unwrap());
    Frame::of(
        &policy.terms,
        month,
        (Zone::UTC, at(31, 0) + chrono::TimeDelta::days(9)),
    )
}

fn verdicts(outcomes: &[Outcome]) -> Vec<Verdict> {
    outcomes.iter().map(|one| one.verdict).collect()
}

#[test]
fn the_night_counts_for_one_promise_and_not_for_the_other() {
    let mut policy = policy(vec![
        promise(SlaMetric::Availability, 999_000, 1_000),
        promise(SlaMetric::Availability, 990_000, 2_500),
        Target {
            calendar: SlaCalendar::WorkingHours,
            ..promise(SlaMetric::Availability, 999_000, 500)
        },
    ]);
    let frame = january(&policy);
    let of = |policy: &Policy, events: &[&SlaEvent], is_complete| {
        let known = Known {
            events,
            tickets: &[],
            is_complete,
        };
        let outcomes = judge(policy, &known, &frame);
        (verdicts(&outcomes), credit(policy, &outcomes), outcomes)
    };
    // Two hours at night, one of them planned; the fourth is a Monday.
    let night = event(SlaEventKind::Outage, 4, (2, 4));
    let planned = event(SlaEventKind::Maintenance, 4, (2, 3));
    let (said, gives, outcomes) = of(&policy, &[&night, &planned], true);
    assert_eq!(said, [Verdict::Missed, Verdict::Kept, Verdict::Kept]);
    assert_eq!(gives, Some(rate(1_000)));
    let Measured::Availability(kept) = outcomes[0].measured else {
        panic!("availability");
    };
    assert_eq!(kept.down, 3_600);
    let Measured::Availability(kept) = outcomes[2].measured else {
        panic!("availability");
    };
    // 21 working days of eight hours.
    assert_eq!(kept.service, 21 * 8 * 3_600);
    let (said, ..) = of(&policy, &[&planned], false);
    assert_eq!(said, [Verdict::KeptSoFar; 3]);
    let (said, gives, _) = of(&policy, &[], false);
    assert_eq!((said, gives), (vec![Verdict::NotMeasured; 3], None));
    assert_eq!(of(&policy, &[], true).0, [Verdict::Kept; 3]);
    // A limit of half an hour makes the other half downtime; a day off is no working day.
    policy.terms.maintenance_cap_minutes = Some(30);
    policy
        .terms
        .holidays
        .insert(read_date("2027-01-04").unwrap());
    let noon = event(SlaEventKind::Outage, 4, (12, 13));
    let (said, _, outcomes) = of(&policy, &[&planned, &noon], true);
    assert_eq!(said[2], Verdict::Kept);
    let Measured::Availability(kept) = outcomes[0].measured else {
        panic!("availability");
    };
    assert_eq!((kept.maintenance, kept.down), (1_800, 1_800 + 3_600));
}

fn ticket(of: i64, severity: TicketSeverity, hours: (u32, Option<u32>)) -> Ticket {
    Ticket {
        id: Id::of(1),
        partner: Id::of(1),
        subscription: Id::of(of),
        offering: Id::of(1),
        external_id: String::new(),
        title: String::new(),
        severity,
        opened_at: at(5, hours.0),
        answered_at: hours.1.map(|hour| at(5, hour)),
        resolved_at: None,
        waits: vec![],
        version: 1,
    }
}

#[test]
fn misses_of_different_kinds_add_up_to_the_cap() {
    let mut policy = policy(vec![
        promise(SlaMetric::Availability, 999_000, 2_500),
        Target {
            severity: Some(TicketSeverity::Critical),
            ..promise(SlaMetric::FirstResponse, 60, 500)
        },
        Target {
            share: rate(5_000),
            ..promise(SlaMetric::Resolution, 120, 300)
        },
    ]);
    let down = event(SlaEventKind::Outage, 4, (2, 4));
    let late = ticket(7, TicketSeverity::Critical, (9, Some(11)));
    let other = ticket(8, TicketSeverity::Low, (9, Some(20)));
    let frame = january(&policy);
    let known = Known {
        events: &[&down],
        tickets: &[&late, &other],
        is_complete: false,
    };
    let outcomes = judge(&policy, &known, &frame);
    // Neither was ever resolved, and the time is up.
    assert_eq!(verdicts(&outcomes), [Verdict::Missed; 3]);
    let Measured::Tickets {
        tally,
        subscriptions,
        missed,
    } = outcomes[1].measured
    else {
        panic!("tickets");
    };
    assert_eq!(
        (tally.late, tally.in_time, subscriptions, missed),
        (1, 0, 1, 1)
    );
    assert_eq!(credit(&policy, &outcomes), Some(rate(3_300)));
    policy.terms.credit_cap = rate(2_500);
    assert_eq!(credit(&policy, &outcomes), Some(rate(2_500)));
    let nothing = Known {
        events: &[],
        tickets: &[],
        is_complete: false,
    };
    let outcomes = judge(&policy, &nothing, &frame);
    assert_eq!(verdicts(&outcomes), [Verdict::NotMeasured; 3]);
}

#[test]
fn a_ticket_that_waits_keeps_the_promise_open() {
    let policy = policy(vec![promise(SlaMetric::Resolution, 120, 300)]);
    let mut open = ticket(7, TicketSeverity::Low, (9, Some(10)));
    open.waits = vec![Wait {
        from: at(5, 10),
        to: None,
    }];
    let frame = january(&policy);
    let known = Known {
        events: &[],
        tickets: &[&open],
        is_complete: true,
    };
    let outcomes = judge(&policy, &known, &frame);
    assert_eq!(verdicts(&outcomes), [Verdict::KeptSoFar]);
    assert_eq!(credit(&policy, &outcomes), None);
}
