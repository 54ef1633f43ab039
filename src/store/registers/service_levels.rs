//! What the pages of service levels ask: what is promised with each offering, what happened, and
//! which tickets there were.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Rows, Sees, by_ids, customer_names, named, partner_names};
use crate::{
    Result,
    domain::Period,
    id::{CustomerId, OfferingId, PartnerId, SlaPolicyId, SlaTicketId, SubscriptionId},
    store::{
        Tx,
        catalogue::{
            sla::Policy,
            sla_events::{Row as EventStored, SlaEvent},
            tickets::{Row as TicketStored, Ticket, WaitRow, with_waits},
        },
        names::typed,
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        schema::{offerings, sla_events, sla_measured, sla_tickets, sla_waits, subscriptions},
    },
};

/// An offering that comes with promises.
#[derive(Debug, Clone)]
pub struct Promised {
    /// Which.
    pub offering: OfferingId,
    /// What it is called.
    pub name: String,
    /// What is promised, and how it is measured.
    pub policy: Policy,
}

/// The offerings on sale, or sold and closed to new customers, that promise something; by name.
///
/// # Errors
/// Faults of the database.
pub fn promised<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Vec<Promised>> {
    let rows = S::offerings(tx)
        .filter(offerings::status.eq_any(["published", "closed_to_new"]))
        .order((offerings::name_key, offerings::id))
        .select((offerings::id, offerings::name, offerings::sla_policy_id));
    let rows: Vec<(OfferingId, String, Option<SlaPolicyId>)> = tx.load(rows)?;
    let policies = S::sla_policies(tx)?;
    let promised = rows.into_iter().filter_map(|(offering, name, policy)| {
        let found = policies.iter().find(|one| Some(one.id) == policy)?;
        Some(Promised {
            offering,
            name,
            policy: found.clone(),
        })
    });
    Ok(promised
        .filter(|one| !one.policy.targets.is_empty())
        .collect())
}

/// What services are called: all of them for the vendor, for a partner those that are no drafts.
///
/// # Errors
/// Faults of the database.
pub fn service_names<S: Sees>(tx: &mut Tx<'_, S>) -> Result<HashMap<OfferingId, String>> {
    let is_partner = tx.scope().partner_id().is_some();
    let rows = S::offerings(tx).select((offerings::id, offerings::name, offerings::status));
    let rows: Vec<(OfferingId, String, String)> = tx.load(rows)?;
    Ok(rows
        .into_iter()
        .filter(|(_, _, status)| !is_partner || status != "draft")
        .map(|(id, name, _)| (id, name))
        .collect())
}

/// The services whose outages of a month are all on record.
///
/// # Errors
/// Faults of the database.
pub fn measured<S: Sees>(tx: &mut Tx<'_, S>, month: Period) -> Result<BTreeSet<OfferingId>> {
    let rows = S::sla_measured(tx)
        .filter(sla_measured::month.eq(month.key()))
        .select(sla_measured::offering_id);
    let rows: Vec<OfferingId> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// What happened between two instants in UTC, latest first.
///
/// # Errors
/// Faults of the database.
pub fn events<S: Sees>(
    tx: &mut Tx<'_, S>,
    (from, to): (NaiveDateTime, NaiveDateTime),
) -> Result<Vec<SlaEvent>> {
    let rows = S::sla_events(tx)
        .filter(sla_events::began_at.lt(to))
        .filter(sla_events::ended_at.gt(from))
        .order((sla_events::began_at.desc(), sla_events::id.desc()))
        .select(EventStored::as_select());
    let rows: Vec<EventStored> = tx.load(rows)?;
    rows.into_iter().map(EventStored::read).collect()
}

/// The tickets that came between two instants in UTC.
///
/// # Errors
/// Faults of the database.
pub fn tickets<S: Sees>(
    tx: &mut Tx<'_, S>,
    (from, to): (NaiveDateTime, NaiveDateTime),
) -> Result<Vec<Ticket>> {
    let rows = S::sla_tickets(tx)
        .filter(sla_tickets::opened_at.ge(from))
        .filter(sla_tickets::opened_at.lt(to))
        .order(sla_tickets::id)
        .select(TicketStored::as_select());
    let rows: Vec<TicketStored> = tx.load(rows)?;
    waiting(tx, rows)
}

fn waiting<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<TicketStored>) -> Result<Vec<Ticket>> {
    let ids = rows.iter().map(TicketStored::id);
    let waits: Vec<WaitRow> = by_ids!(tx, ids, |some| S::sla_waits(tx)
        .filter(sla_waits::ticket_id.eq_any(some))
        .select((
            sla_waits::ticket_id,
            sla_waits::began_at,
            sla_waits::ended_at
        )));
    with_waits(rows, waits)
}

/// What narrows the register of tickets.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Those that came between two instants in UTC.
    pub came: Option<(NaiveDateTime, NaiveDateTime)>,
    /// The external id of a subscription, as typed; empty for all.
    pub subscription: String,
}

/// A ticket and whose it is.
#[derive(Debug, Clone)]
pub struct TicketRow {
    /// It.
    pub ticket: Ticket,
    /// The external id of its subscription.
    pub subscription: String,
    /// The customer's name.
    pub customer: String,
    /// The partner's name.
    pub partner: String,
    /// The service's name.
    pub service: String,
}

fn asked<S: Sees>(tx: &Tx<'_, S>, filter: &TicketFilter) -> Rows<S, sla_tickets::table> {
    let mut rows = S::sla_tickets(tx);
    if let Some((from, to)) = filter.came {
        rows = rows
            .filter(sla_tickets::opened_at.ge(from))
            .filter(sla_tickets::opened_at.lt(to));
    }
    if let Some(external) = typed(&filter.subscription) {
        rows = rows.filter(diesel::dsl::exists(
            subscriptions::table
                .filter(subscriptions::tenant_id.eq(sla_tickets::tenant_id))
                .filter(subscriptions::partner_id.eq(sla_tickets::partner_id))
                .filter(subscriptions::id.eq(sla_tickets::subscription_id))
                .filter(subscriptions::external_id.eq(external.to_owned()))
                .select(subscriptions::id),
        ));
    }
    rows
}

/// A page of tickets, the last recorded first.
///
/// # Errors
/// Faults of the database.
pub fn ticket_page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &TicketFilter,
    from: Option<&Cursor>,
) -> Result<Page<TicketRow>> {
    let rows = newest_first!(asked(tx, filter), from, sla_tickets::id);
    let rows = rows.limit(FETCH).select(TicketStored::as_select());
    let rows: Vec<TicketStored> = tx.load(rows)?;
    let rows = waiting(tx, rows)?;
    let rows = whose(tx, rows)?;
    let place = |row: &TicketRow| (String::new(), row.ticket.id.number());
    Ok(Page::of(rows, from, PAGE, place))
}

/// How many tickets there are.
///
/// # Errors
/// Faults of the database.
pub fn ticket_count<S: Sees>(tx: &mut Tx<'_, S>, filter: &TicketFilter) -> Result<Count> {
    let ids = asked(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(sla_tickets::id);
    let ids: Vec<SlaTicketId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// One ticket.
///
/// # Errors
/// [`crate::Error::NotFound`], and faults of the database.
pub fn ticket<S: Sees>(tx: &mut Tx<'_, S>, id: SlaTicketId) -> Result<TicketRow> {
    let row = S::sla_tickets(tx)
        .filter(sla_tickets::id.eq(id))
        .select(TicketStored::as_select());
    let row: TicketStored = tx.one(row)?;
    let rows = waiting(tx, vec![row])?;
    let found = whose(tx, rows)?.pop();
    found.ok_or(crate::Error::NotFound)
}

fn whose<S: Sees>(tx: &mut Tx<'_, S>, tickets: Vec<Ticket>) -> Result<Vec<TicketRow>> {
    let sold = tickets.iter().map(|ticket| ticket.subscription);
    let sold: Vec<(SubscriptionId, (String, CustomerId))> =
        by_ids!(tx, sold, |some| S::subscriptions(tx)
            .filter(subscriptions::id.eq_any(some))
            .select((
                subscriptions::id,
                (subscriptions::external_id, subscriptions::customer_id)
            )));
    let sold: HashMap<_, _> = sold.into_iter().collect();
    let customers = customer_names(tx, sold.values().map(|(_, customer)| *customer))?;
    let of = tickets.iter().map(|ticket| ticket.partner);
    let partners: HashMap<PartnerId, String> = partner_names(tx, of)?;
    let of = tickets.iter().map(|ticket| ticket.offering);
    let services: Vec<(OfferingId, String)> = by_ids!(tx, of, |some| S::offerings(tx)
        .filter(offerings::id.eq_any(some))
        .select((offerings::id, offerings::name)));
    let services: HashMap<_, _> = services.into_iter().collect();
    let row = |ticket: Ticket| {
        let under = sold.get(&ticket.subscription);
        TicketRow {
            subscription: under.map_or(String::new(), |(external, _)| external.clone()),
            customer: under.map_or(String::new(), |(_, id)| named(&customers, id)),
            partner: named(&partners, &ticket.partner),
            service: named(&services, &ticket.offering),
            ticket,
        }
    };
    Ok(tickets.into_iter().map(row).collect())
}
