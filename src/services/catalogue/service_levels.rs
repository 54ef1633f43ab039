//! What happened to a service: outages and maintenance are recorded, and a month is said to be
//! complete.
use chrono::NaiveDateTime;

use crate::{
    Error, Result,
    domain::{
        Action, ExternalId, LongText, Period, Permission, SlaEventKind,
        audit::{Change, diff},
        sla::Span,
    },
    id::{OfferingId, SlaEventId},
    services::revenue::sla_credits,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        catalogue::{
            offerings, sla,
            sla_events::{self, SlaEvent},
            tickets,
        },
        platform::Event,
    },
};

/// An outage, or maintenance that was announced. Instants are UTC.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What a monitoring system calls it, if one does.
    pub external_id: Option<ExternalId>,
    /// Of what.
    pub offering: OfferingId,
    /// What it was.
    pub kind: SlaEventKind,
    /// When.
    pub span: Span,
    /// When maintenance was announced; nothing for an outage.
    pub announced_at: Option<NaiveDateTime>,
    /// What was the matter.
    pub note: LongText,
}

/// The longest single event: a month.
const LONGEST_SECONDS: i64 = 31 * 24 * 3_600;

/// Records an outage or maintenance.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the offering; [`Error::Invalid`] on `ended_at`,
/// `began_at` or `announced_at`; faults of the database.
pub fn record(tx: &mut Tx<'_, VendorScope>, new: &NewEvent) -> Result<SlaEventId> {
    tx.allow(Permission::ManageCatalogue)?;
    let offering = offerings::offering(tx, new.offering)?;
    check(tx.now(), new)?;
    let event = SlaEvent {
        id: tx.fresh_id(),
        offering: new.offering,
        kind: new.kind,
        began_at: new.span.from,
        ended_at: new.span.to,
        announced_at: new.announced_at,
        note: new.note.to_string(),
        external_id: new.external_id.as_ref().map(ToString::to_string),
    };
    sla_events::add(tx, &event)?;
    let what = format!("{} of {}", event.kind.label(), offering.name);
    let summary = format!("{}: {what}", Action::SlaEventRecorded.label());
    let changes = diff(&said(&event).map(|(field, value)| (field, String::new(), value)));
    told(
        tx,
        Action::SlaEventRecorded,
        (event.offering, summary),
        &changes,
    )?;
    Ok(event.id)
}

/// Whether an event can be recorded, seen at an instant.
///
/// # Errors
/// [`Error::Invalid`] on `ended_at` or `announced_at`.
pub fn check(now: NaiveDateTime, new: &NewEvent) -> Result<()> {
    if new.span.seconds() == 0 {
        return Err(Error::on("ended_at", "It ends after it begins."));
    }
    if new.span.seconds() > LONGEST_SECONDS {
        return Err(Error::on("ended_at", "Give at most 31 days at once."));
    }
    if new.kind == SlaEventKind::Outage && new.span.to > now {
        return Err(Error::on(
            "ended_at",
            "An outage is recorded once it is over.",
        ));
    }
    match (new.kind, new.announced_at) {
        (SlaEventKind::Maintenance, None) => {
            Err(Error::on("announced_at", "Say when customers were told."))
        }
        (SlaEventKind::Outage, Some(_)) => {
            let why = "An outage is not announced: leave this empty.";
            Err(Error::on("announced_at", why))
        }
        (SlaEventKind::Maintenance, Some(at)) if at > now => {
            Err(Error::on("announced_at", "This is still to come."))
        }
        _ => Ok(()),
    }
}

/// Takes an event that was recorded by mistake out of the reckoning.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; faults of the database.
pub fn withdraw(tx: &mut Tx<'_, VendorScope>, id: SlaEventId) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let event = sla_events::one(tx, id)?;
    let offering = offerings::offering(tx, event.offering)?;
    if !sla_events::remove(tx, id)? {
        return Err(Error::NotFound);
    }
    let action = Action::SlaEventWithdrawn;
    let what = format!("{} of {}", event.kind.label(), offering.name);
    // The row is gone: what it said stands here alone.
    let changes = diff(&said(&event).map(|(field, value)| (field, value, String::new())));
    told(
        tx,
        action,
        (event.offering, format!("{}: {what}", action.label())),
        &changes,
    )
}

/// What an event says, field by field; instants are UTC.
fn said(event: &SlaEvent) -> [(&'static str, String); 6] {
    let at = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    [
        ("kind", event.kind.label().to_owned()),
        ("from", at(event.began_at)),
        ("to", at(event.ended_at)),
        ("announced", event.announced_at.map(at).unwrap_or_default()),
        ("note", event.note.clone()),
        ("external id", event.external_id.clone().unwrap_or_default()),
    ]
}

/// Told of the service, whose record shows it: an event has no page of its own, and may be gone.
fn told(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (service, summary): (OfferingId, String),
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: service.number(),
            partner: None,
            summary,
            changes,
        },
    )
}

/// Says that every outage of a service's month is on record: from then on a month without one has
/// kept its promise, and is not merely not measured, and what it gives back is proposed. Saying it
/// again reckons what nobody has decided about anew.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for an offering without promises; [`Error::Conflict`]
/// for a month that is not over; faults of the database.
pub fn complete(tx: &mut Tx<'_, VendorScope>, id: OfferingId, month: Period) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let offering = offerings::offering(tx, id)?;
    let policy = sla::policy(tx, offering.sla_policy.ok_or(Error::NotFound)?)?;
    let zone = policy.terms.zone_or(vendor::settings(tx)?.zone);
    if tx.now() < zone.start_of(month.end()) {
        return Err(Error::conflict("This month is not over yet."));
    }
    let is_first = tickets::note_measured(tx, id, month)?;
    sla_credits::propose(tx, id, month)?;
    if !is_first {
        return Ok(());
    }
    let action = Action::SlaMonthMeasured;
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: id.number(),
            partner: None,
            summary: format!("{}: {} in {}", action.label(), offering.name, month.title()),
            changes: &[],
        },
    )
}
