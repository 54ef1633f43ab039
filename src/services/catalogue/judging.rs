//! What was kept of what was promised: each promise of a policy is judged by what happened to the
//! service in a month, and by the tickets of that month.
use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use crate::{
    domain::{
        Period, Rate, SlaCalendar, SlaEventKind, SlaMetric, Zone,
        sla::{
            Availability, Band, Maintenance, MonthOfService, Span, Standing, Tally, Terms, Timing,
            availability, missed_band, total_credit,
        },
    },
    id::SubscriptionId,
    services::catalogue::sla::{percent, promise},
    store::catalogue::{
        sla::{Policy, Target},
        sla_events::SlaEvent,
        tickets::Ticket,
    },
};

/// A month of a policy's calendar, and the instant from which it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// The month, as far as it has passed, UTC.
    pub span: Span,
    /// Whether it has passed.
    pub is_over: bool,
    /// The vendor's zone.
    pub vendors: Zone,
    /// The instant it is looked at, UTC.
    pub now: NaiveDateTime,
}

impl Frame {
    /// A month in the zone of a policy.
    pub fn of(terms: &Terms, month: Period, (vendors, now): (Zone, NaiveDateTime)) -> Self {
        let zone = terms.zone_or(vendors);
        let end = zone.start_of(month.end());
        let from = zone.start_of(month.first_day());
        Self {
            span: Span {
                from,
                to: end.min(now).max(from),
            },
            is_over: end <= now,
            vendors,
            now,
        }
    }
}

/// What is known of a service in a month.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What happened to it.
    pub events: &'a [&'a SlaEvent],
    /// The tickets that came in the month.
    pub tickets: &'a [&'a Ticket],
    /// Whether every outage is on record.
    pub is_complete: bool,
}

/// What there is to say of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It was kept.
    Kept,
    /// It is kept as far as is known: the month, the record or a ticket is still open.
    KeptSoFar,
    /// It was missed.
    Missed,
    /// It is missed by now, and the month is still open.
    MissedSoFar,
    /// Nothing was measured.
    NotMeasured,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub enum Measured {
    /// How long the service was there.
    Availability(Availability),
    /// How many tickets were in time.
    Tickets {
        /// All of them together.
        tally: Tally,
        /// The subscriptions that have such tickets.
        subscriptions: usize,
        /// Those of them for which the promise was missed.
        missed: usize,
    },
}

/// What a promise came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was promised.
    pub target: Target,
    /// What was measured.
    pub measured: Measured,
    /// What there is to say of it.
    pub verdict: Verdict,
}

/// Judges every promise of a policy, those about availability first. A promise about tickets is one
/// to each customer: it is missed when it is for one subscription.
pub fn judge(policy: &Policy, known: &Known<'_>, frame: &Frame) -> Vec<Outcome> {
    let (there, asked): (Vec<&Target>, Vec<&Target>) = policy
        .targets
        .iter()
        .partition(|target| target.metric == SlaMetric::Availability);
    let there = SlaCalendar::ALL.iter().flat_map(|calendar| {
        let own = there.iter().filter(|target| target.calendar == *calendar);
        own.map(|target| available(policy, target, known, frame))
    });
    let asked = asked.iter();
    let asked = asked.map(|target| answered(policy, target, known, frame));
    there.chain(asked).collect()
}

fn available(policy: &Policy, target: &Target, known: &Known<'_>, frame: &Frame) -> Outcome {
    let kept = reckoned(&policy.terms, known.events, (frame, target.calendar));
    let verdict = match (kept.meets(target.threshold), frame.is_over) {
        (false, true) => Verdict::Missed,
        (false, false) => Verdict::MissedSoFar,
        (true, true) if known.is_complete => Verdict::Kept,
        (true, _) if known.events.is_empty() => Verdict::NotMeasured,
        (true, _) => Verdict::KeptSoFar,
    };
    Outcome {
        target: target.clone(),
        measured: Measured::Availability(kept),
        verdict,
    }
}

fn reckoned(
    terms: &Terms,
    events: &[&SlaEvent],
    (frame, calendar): (&Frame, SlaCalendar),
) -> Availability {
    let served = match terms.hours(calendar, frame.vendors) {
        None => vec![frame.span],
        Some(hours) => hours.within(frame.span),
    };
    let span = |event: &SlaEvent| Span {
        from: event.began_at,
        to: event.ended_at,
    };
    let planned = events.iter().filter_map(|event| {
        Some(Maintenance {
            span: span(event),
            announced_at: event.announced_at?,
        })
    });
    let maintenance: Vec<Maintenance> = planned.collect();
    let outages = events
        .iter()
        .filter(|event| event.kind == SlaEventKind::Outage);
    let outages: Vec<Span> = outages.map(|event| span(event)).collect();
    let seconds = |minutes: i32| i64::from(minutes) * 60;
    availability(&MonthOfService {
        served: &served,
        maintenance: &maintenance,
        outages: &outages,
        notice_seconds: seconds(terms.notice_minutes),
        maintenance_cap_seconds: terms.maintenance_cap_minutes.map(seconds),
    })
}

/// Whether a promise is about a ticket at all.
pub fn is_about(target: &Target, ticket: &Ticket) -> bool {
    let is_such = target.severity.is_none_or(|one| one == ticket.severity);
    target.metric != SlaMetric::Availability && is_such
}

/// How a ticket stands to a promise that is about it, and the seconds that count.
pub fn standing(
    policy: &Policy,
    (target, ticket): (&Target, &Ticket),
    (vendors, now): (Zone, NaiveDateTime),
) -> (Standing, i64) {
    let hours = policy.terms.hours(target.calendar, vendors);
    let timing = Timing {
        opened: ticket.opened_at,
        done: match target.metric {
            SlaMetric::Resolution => ticket.resolved_at,
            _ => ticket.answered_at,
        },
        waits: &ticket.waits,
        now,
    };
    let standing = timing.standing(target.threshold, hours.as_ref());
    (standing, timing.seconds(hours.as_ref()))
}

fn answered(policy: &Policy, target: &Target, known: &Known<'_>, frame: &Frame) -> Outcome {
    let mut tally = Tally::default();
    let mut each: BTreeMap<SubscriptionId, Tally> = BTreeMap::new();
    let own = known.tickets.iter().filter(|one| is_about(target, one));
    for ticket in own {
        let at = (frame.vendors, frame.now);
        let (standing, _) = standing(policy, (target, ticket), at);
        tally.count(standing);
        each.entry(ticket.subscription).or_default().count(standing);
    }
    let missed = each
        .values()
        .filter(|one| one.meets(target.share) == Some(false));
    let missed = missed.count();
    let is_open = !frame.is_over || tally.running > 0;
    let verdict = match (missed > 0, is_open) {
        _ if tally == Tally::default() => Verdict::NotMeasured,
        (true, false) => Verdict::Missed,
        (true, true) => Verdict::MissedSoFar,
        (false, false) => Verdict::Kept,
        (false, true) => Verdict::KeptSoFar,
    };
    Outcome {
        target: target.clone(),
        measured: Measured::Tickets {
            tally,
            subscriptions: each.len(),
            missed,
        },
        verdict,
    }
}

/// A miss in words: what was promised, and what it came to.
pub fn in_words(outcome: &Outcome) -> String {
    let came_to = match outcome.measured {
        Measured::Availability(kept) => match kept.ppm_floor() {
            Some(ppm) => format!("{} %", percent(ppm)),
            None => "no service time".to_owned(),
        },
        Measured::Tickets { tally, .. } => {
            format!("{} of {} in time", tally.in_time, tally.measured())
        }
    };
    let hours = outcome.target.calendar.label().to_lowercase();
    format!("{}, {hours}: {came_to}", promise(&outcome.target))
}

/// The share of a month's fee that the policy gives back for what was missed: of several promises of
/// availability the worst counts, and so it does of those about the same tickets; misses of
/// different kinds add up, at most to the policy's cap. `None` where nothing was missed.
pub fn credit(policy: &Policy, outcomes: &[Outcome]) -> Option<Rate> {
    let mut there: Option<Rate> = None;
    for calendar in SlaCalendar::ALL {
        let bands: Vec<(Band, bool)> = outcomes
            .iter()
            .filter(|one| one.target.calendar == *calendar)
            .filter_map(|one| match one.measured {
                Measured::Availability(kept) => Some((
                    Band {
                        at_least_ppm: one.target.threshold,
                        credit: one.target.credit,
                    },
                    kept.meets(one.target.threshold),
                )),
                Measured::Tickets { .. } => None,
            })
            .collect();
        let only: Vec<Band> = bands.iter().map(|(band, _)| *band).collect();
        let missed = missed_band(&only, |ppm| {
            bands
                .iter()
                .any(|(band, is_met)| band.at_least_ppm == ppm && *is_met)
        });
        there = there.max(missed);
    }
    let mut asked: BTreeMap<_, Rate> = BTreeMap::new();
    for one in outcomes {
        if let Measured::Tickets { missed, .. } = one.measured
            && missed > 0
        {
            let kind = (one.target.metric, one.target.severity);
            let worst = asked.entry(kind).or_insert(one.target.credit);
            *worst = one.target.credit.max(*worst);
        }
    }
    let breaches: Vec<Rate> = there.into_iter().chain(asked.into_values()).collect();
    (!breaches.is_empty()).then(|| total_credit(&breaches, policy.terms.credit_cap))
}

#[cfg(test)]
mod tests;
