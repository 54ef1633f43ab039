//! The form of a ticket, as typed.
use chrono::{NaiveDateTime, Timelike};
use serde::Deserialize;

use crate::{
    Result,
    domain::{
        ExternalId, Name, Problems, TicketSeverity, Zone,
        sla::{read_waits, waits_in_words},
    },
    services::catalogue::tickets::Draft,
    store::catalogue::tickets::Ticket,
    web::stale::{Differing, chosen, differing},
};

/// A ticket as typed; times are on the vendor's clock.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketForm {
    /// What the help desk calls it; not of one that is on record.
    pub external_id: String,
    /// The external id of its subscription; as above.
    pub subscription: String,
    pub(super) title: String,
    pub(super) severity: String,
    /// As 2026-11-03T14:05.
    pub(super) opened_at: String,
    pub(super) answered_at: String,
    pub(super) resolved_at: String,
    pub(super) waits: String,
    /// The version that was seen.
    pub version: String,
    /// Once is enough.
    pub form_id: String,
}

/// A time as a field of the browser gives it.
fn local(typed: &str) -> Option<NaiveDateTime> {
    let typed = typed.trim();
    let read = NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M:%S"));
    let is_sound = |at: &NaiveDateTime| crate::domain::read_date(&at.date().to_string()).is_ok();
    read.ok().filter(is_sound)
}

/// A time as [`local`] reads it back: with its seconds where it has any.
fn typed_time(at: NaiveDateTime) -> String {
    let spelled = match at.second() {
        0 => at.format("%Y-%m-%dT%H:%M"),
        _ => at.format("%Y-%m-%dT%H:%M:%S"),
    };
    spelled.to_string()
}

impl TicketForm {
    /// What was typed, by the clock of a zone.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn read(&self, zone: Zone) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let instant = |typed: &str| local(typed).map(|local| zone.instant(local));
        let mut at = |field: &'static str, typed: &str| {
            let why = "Give a day and a time, such as 2026-11-03T14:05.";
            match typed.trim() {
                "" => Some(None),
                typed => problems.check(field, instant(typed).map(Some).ok_or(why)),
            }
        };
        let opened_at = at("opened_at", &self.opened_at);
        let answered_at = at("answered_at", &self.answered_at);
        let resolved_at = at("resolved_at", &self.resolved_at);
        let opened_at = problems.check(
            "opened_at",
            opened_at
                .flatten()
                .ok_or("Say when it came, such as 2026-11-03T14:05."),
        );
        let title = problems.check("title", self.title.parse::<Name>());
        let severity = problems.check("severity", self.severity.parse::<TicketSeverity>());
        let waits = problems.check("waits", read_waits(&self.waits, instant));
        match (opened_at, answered_at, resolved_at, title, severity, waits) {
            (
                Some(opened_at),
                Some(answered_at),
                Some(resolved_at),
                Some(title),
                Some(severity),
                Some(waits),
            ) if problems.is_empty() => Ok(Draft {
                title,
                severity,
                opened_at,
                answered_at,
                resolved_at,
                waits,
            }),
            _ => Err(problems),
        }
    }

    /// The external id that was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn named(&self) -> Result<ExternalId, Problems> {
        let read = self.external_id.parse::<ExternalId>();
        read.map_err(|why| Problems::with("external_id", why.to_string()))
    }

    pub(super) fn of(ticket: &Ticket, zone: Zone) -> Self {
        let time = |at: NaiveDateTime| typed_time(zone.local(at));
        Self {
            title: ticket.title.clone(),
            severity: ticket.severity.code().to_owned(),
            opened_at: time(ticket.opened_at),
            answered_at: ticket.answered_at.map(time).unwrap_or_default(),
            resolved_at: ticket.resolved_at.map(time).unwrap_or_default(),
            waits: waits_in_words(&ticket.waits, time),
            version: ticket.version.to_string(),
            ..Self::default()
        }
    }
}

pub(super) fn severities() -> Vec<(String, String)> {
    let each = TicketSeverity::ALL.iter();
    each.map(|one| (one.code().to_owned(), one.label().to_owned()))
        .collect()
}

/// Why a ticket's page is shown.
pub enum Again {
    /// It was asked for.
    First,
    /// A change was refused: what was typed, and what is wrong with it.
    Refused(TicketForm, Problems),
    /// A change met another, or could not be made: what was typed, and why.
    Overtaken(TicketForm, String),
}

impl TicketForm {
    /// What differs from the form as it would be filled now.
    pub(super) fn differing(&self, theirs: &Self) -> Vec<Differing> {
        let severity = |code: &str| chosen(&severities(), code);
        differing(&[
            ("What it is about", &theirs.title, &self.title),
            (
                "Severity",
                &severity(&theirs.severity),
                &severity(&self.severity),
            ),
            ("Came", &theirs.opened_at, &self.opened_at),
            ("First answered", &theirs.answered_at, &self.answered_at),
            ("Resolved", &theirs.resolved_at, &self.resolved_at),
            ("Waited for the customer", &theirs.waits, &self.waits),
        ])
    }
}
