//! Tickets: what customers asked, when they were answered, and when it was resolved.
use chrono::NaiveDateTime;

use crate::{
    Error, Result,
    domain::{
        Action, ExternalId, Name, Permission, Problems, TicketSeverity, Zone,
        audit::{Change, diff},
        sla::{Wait, waits_in_words},
    },
    id::{OfferingId, PartnerId, SlaTicketId, SubscriptionId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        catalogue::tickets::{self, Services, Ticket},
        platform::Event,
        registers::service_levels::ticket,
        sell::subscriptions,
    },
};

/// The most stretches for which one ticket waits.
pub const MOST_WAITS: usize = 50;

/// What is said of a ticket. Instants are UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it is about.
    pub title: Name,
    /// How badly an answer is needed.
    pub severity: TicketSeverity,
    /// When it came.
    pub opened_at: NaiveDateTime,
    /// When it was answered first; resolving it answers it.
    pub answered_at: Option<NaiveDateTime>,
    /// When it was resolved.
    pub resolved_at: Option<NaiveDateTime>,
    /// When it waited for the customer.
    pub waits: Vec<Wait>,
}

impl Draft {
    /// What is wrong with it as seen at an instant, by field.
    pub fn problems(&self, now: NaiveDateTime) -> Problems {
        let mut problems = Problems::default();
        let answered = self.answered();
        let dates = [
            ("opened_at", Some(self.opened_at)),
            ("answered_at", self.answered_at),
            ("resolved_at", self.resolved_at),
        ];
        for (field, at) in dates {
            if at.is_some_and(|at| at > now) {
                problems.add(field, "This is still to come.");
            }
        }
        if answered.is_some_and(|at| at < self.opened_at) {
            problems.add("answered_at", "It is answered after it came.");
        }
        if self.resolved_at < answered && self.resolved_at.is_some() {
            problems.add("resolved_at", "It is resolved after it was answered.");
        }
        if let Some(why) = self.wrong_with_waits(now) {
            problems.add("waits", why);
        }
        problems
    }

    fn answered(&self) -> Option<NaiveDateTime> {
        self.answered_at.or(self.resolved_at)
    }

    /// The service that its subscription was to as it came, by the calendar of a zone.
    pub fn service(&self, services: &Services, zone: Zone) -> Option<OfferingId> {
        services.plan_on(zone.local_date(self.opened_at))
    }

    fn wrong_with_waits(&self, now: NaiveDateTime) -> Option<&'static str> {
        let ends = self.resolved_at.unwrap_or(now);
        let mut before = self.opened_at;
        for (place, wait) in self.waits.iter().enumerate() {
            let is_last = place + 1 == self.waits.len();
            match wait.to {
                None if !is_last || self.resolved_at.is_some() => {
                    return Some("Only the last wait of a ticket that is not resolved has no end.");
                }
                _ if wait.from < before => {
                    return Some("It waits after it came, and for one thing at a time.");
                }
                Some(to) if to <= wait.from => return Some("A wait ends after it begins."),
                _ if wait.to.unwrap_or(wait.from) > ends => {
                    return Some("It waits no longer than until it is resolved, or until now.");
                }
                _ => before = wait.to.unwrap_or(wait.from),
            }
        }
        (self.waits.len() > MOST_WAITS).then_some("Give at most 50 waits.")
    }

    /// The record it makes, over what stays as it is.
    pub fn over(&self, old: Ticket) -> Ticket {
        Ticket {
            title: self.title.to_string(),
            severity: self.severity,
            opened_at: self.opened_at,
            answered_at: self.answered(),
            resolved_at: self.resolved_at,
            waits: self.waits.clone(),
            ..old
        }
    }
}

/// Puts a ticket on record.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `external_id`, `subscription` or a field of the
/// draft; faults of the database.
pub fn record(
    tx: &mut Tx<'_, VendorScope>,
    (external_id, subscription): (&ExternalId, &str),
    draft: &Draft,
) -> Result<SlaTicketId> {
    tx.allow(Permission::ManageSubscriptions)?;
    let mut problems = draft.problems(tx.now());
    if !tickets::named(tx, &[external_id.to_string()])?.is_empty() {
        problems.add("external_id", "Another ticket has this id.");
    }
    let sold = subscriptions::by_external_ids(tx, &[subscription.to_owned()])?;
    let Some(sold) = sold.first() else {
        problems.add("subscription", "No subscription has this external id.");
        return Err(Error::Invalid(problems));
    };
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let sold = &sold.subscription;
    let under = (sold.id, sold.partner, service_at(tx, sold.id, draft)?);
    let new = fresh(tx, (external_id, under), draft);
    tickets::add_all(tx, std::slice::from_ref(&new))?;
    let nothing: [String; 6] = Default::default();
    let changes = differences(&nothing, &said(&new));
    note(tx, Action::TicketRecorded, &new, &changes)?;
    Ok(new.id)
}

/// The service that a subscription was to as a ticket came.
fn service_at(
    tx: &mut Tx<'_, VendorScope>,
    of: SubscriptionId,
    draft: &Draft,
) -> Result<OfferingId> {
    let zone = vendor::settings(tx)?.zone;
    let services = tickets::services_of(tx, &[of])?;
    let services = services.get(&of).ok_or(Error::NotFound)?;
    draft.service(services, zone).ok_or(Error::NotFound)
}

/// A subscription, the partner that sold it, and the service it was to.
pub type Under = (SubscriptionId, PartnerId, OfferingId);

/// A ticket that is not on record yet.
pub fn fresh(
    tx: &Tx<'_, VendorScope>,
    (external_id, (subscription, partner, offering)): (&ExternalId, Under),
    draft: &Draft,
) -> Ticket {
    draft.over(Ticket {
        id: tx.fresh_id(),
        partner,
        subscription,
        offering,
        external_id: external_id.to_string(),
        title: String::new(),
        severity: draft.severity,
        opened_at: draft.opened_at,
        answered_at: None,
        resolved_at: None,
        waits: Vec::new(),
        version: 1,
    })
}

/// Changes a ticket. `version` is the one the form was made from.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] when it was changed meanwhile;
/// [`Error::Invalid`] on a field of the draft; faults of the database.
pub fn edit(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (SlaTicketId, i32),
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let old = ticket(tx, id)?.ticket;
    let problems = draft.problems(tx.now());
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let new = Ticket {
        version,
        offering: service_at(tx, old.subscription, draft)?,
        ..draft.over(old.clone())
    };
    change(tx, (&old, &new))
}

/// Writes a changed ticket over its older self.
///
/// # Errors
/// [`Error::Conflict`] when it was changed meanwhile; faults of the database.
pub fn change(tx: &mut Tx<'_, VendorScope>, (old, new): (&Ticket, &Ticket)) -> Result<()> {
    if !tickets::update(tx, new)? {
        return Err(stale("ticket"));
    }
    let changes = differences(&said(old), &said(new));
    note(tx, Action::TicketChanged, new, &changes)
}

fn differences(before: &[String; 6], after: &[String; 6]) -> Vec<Change> {
    let fields = [
        "title", "severity", "opened", "answered", "resolved", "waits",
    ];
    let pairs: Vec<(&str, &String, &String)> = fields
        .iter()
        .zip(before.iter().zip(after))
        .map(|(field, (old, new))| (*field, old, new))
        .collect();
    diff(&pairs)
}

fn said(ticket: &Ticket) -> [String; 6] {
    let at = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    [
        ticket.title.clone(),
        ticket.severity.label().to_owned(),
        at(ticket.opened_at),
        ticket.answered_at.map(at).unwrap_or_default(),
        ticket.resolved_at.map(at).unwrap_or_default(),
        waits_in_words(&ticket.waits, at),
    ]
}

/// Takes a ticket that was recorded by mistake out of the reckoning.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; faults of the database.
pub fn withdraw(tx: &mut Tx<'_, VendorScope>, id: SlaTicketId) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let old = ticket(tx, id)?.ticket;
    if !tickets::remove(tx, id)? {
        return Err(Error::NotFound);
    }
    // The row is gone: what it said stands here alone.
    let nothing: [String; 6] = Default::default();
    note(
        tx,
        Action::TicketWithdrawn,
        &old,
        &differences(&said(&old), &nothing),
    )
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    ticket: &Ticket,
    changes: &[Change],
) -> Result<()> {
    // A ticket that was withdrawn has no page any more; its subscription has.
    let subject = match action {
        Action::TicketWithdrawn => ticket.subscription.number(),
        _ => ticket.id.number(),
    };
    VendorScope::record(
        tx,
        &Event {
            action,
            subject,
            partner: Some(ticket.partner),
            summary: format!("{}: {}", action.label(), ticket.external_id),
            changes,
        },
    )
}
