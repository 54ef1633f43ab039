//! What was kept of promises, and what happened, in words.
use chrono::NaiveDateTime;

use super::{EventRow, Found, Promise, TicketPromise};
use crate::{
    domain::statement_document,
    services::catalogue::judging::{Measured, Outcome, Verdict, credit},
    store::{catalogue::sla_events::SlaEvent, registers::service_levels::Promised},
    web::staff::sla_policies,
};

/// What the policy gives back for what was missed, in a sentence or none.
pub(super) fn gives(promised: &Promised, outcomes: &[Outcome]) -> String {
    let asked = outcomes
        .iter()
        .any(|one| matches!(one.measured, Measured::Tickets { missed, .. } if missed > 0));
    match (credit(&promised.policy, outcomes), asked) {
        (None, _) => String::new(),
        (Some(credit), false) => {
            format!("The policy gives {credit} of the month’s recurring fee back.")
        }
        (Some(credit), true) => format!(
            "The policy gives up to {credit} of the month’s recurring fee back, to a customer for whom all of it was missed."
        ),
    }
}

/// Parts per million as a percentage, cut and never rounded up.
fn percent(ppm: i64) -> String {
    format!("{}\u{a0}%", statement_document::figure(ppm, 4))
}

fn minutes(seconds: i64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match rest {
        0 => format!("{} min", statement_document::figure(minutes, 0)),
        _ => format!("{} min {rest} s", statement_document::figure(minutes, 0)),
    }
}

pub(super) fn pill(verdict: Verdict) -> (&'static str, String) {
    let (kind, said) = match verdict {
        Verdict::Kept => ("good", "Kept"),
        Verdict::KeptSoFar => ("info", "Kept so far"),
        Verdict::Missed => ("bad", "Missed"),
        Verdict::MissedSoFar => ("bad", "Missed so far"),
        Verdict::NotMeasured => ("plain", "Not measured"),
    };
    (kind, said.to_owned())
}

pub(super) fn promise(outcome: &Outcome) -> Option<Promise> {
    let Measured::Availability(kept) = outcome.measured else {
        return None;
    };
    let share = match (outcome.verdict, kept.ppm_floor()) {
        (Verdict::NotMeasured, _) => String::new(),
        (_, None) => "no service time".to_owned(),
        (_, Some(ppm)) => percent(ppm),
    };
    Some(Promise {
        target: percent(outcome.target.threshold),
        hours: outcome.target.calendar.label(),
        share,
        down: minutes(kept.down),
        maintenance: minutes(kept.maintenance),
        pill: pill(outcome.verdict),
    })
}

pub(super) fn ticket_promise(outcome: &Outcome) -> Option<TicketPromise> {
    let Measured::Tickets {
        tally,
        subscriptions,
        missed,
    } = outcome.measured
    else {
        return None;
    };
    let mut pill = pill(outcome.verdict);
    if missed > 0 && subscriptions > 1 {
        pill.1 = format!("{} for {missed} of {subscriptions}", pill.1);
    }
    Some(TicketPromise {
        target: sla_policies::promise(&outcome.target),
        hours: outcome.target.calendar.label(),
        measured: tally.measured(),
        in_time: tally.in_time,
        running: tally.running,
        share: tally.ppm_floor().map_or(String::new(), percent),
        pill,
    })
}

pub(super) fn event_row(found: &Found, event: &SlaEvent) -> EventRow {
    let clock = |at: NaiveDateTime| found.zone.local(at).format("%-d %b %Y, %H:%M").to_string();
    let announced = match event.announced_at {
        Some(at) => format!(", announced {}", clock(at)),
        None => String::new(),
    };
    EventRow {
        id: event.id.to_string(),
        service: found
            .names
            .get(&event.offering)
            .cloned()
            .unwrap_or_default(),
        kind: event.kind.label(),
        when: format!(
            "{} to {}{announced}",
            clock(event.began_at),
            clock(event.ended_at)
        ),
        long: minutes((event.ended_at - event.began_at).num_seconds()),
        note: event.note.clone(),
    }
}
