//! Tickets of customers, by which response and resolution are measured. Instants are UTC.
use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Period, TicketSeverity, service_days::ServiceDays, sla::Wait},
    id::{
        OfferingId, PartnerId, PlanVersionId, SlaMeasuredId, SlaTicketId, SlaWaitId, SubscriptionId,
    },
    store::{
        Tx, VendorScope,
        names::stored,
        revenue::subscriptions,
        schema::{plan_versions, plans, sla_measured, sla_tickets, sla_waits},
        tx::to,
    },
};

/// A request of a customer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Which.
    pub id: SlaTicketId,
    /// The partner whose customer asked.
    pub partner: PartnerId,
    /// Under which subscription.
    pub subscription: SubscriptionId,
    /// The service that the subscription was to when it came.
    pub offering: OfferingId,
    /// What the help desk calls it; no two alike.
    pub external_id: String,
    /// What it is about.
    pub title: String,
    /// How badly an answer is needed.
    pub severity: TicketSeverity,
    /// When it came.
    pub opened_at: NaiveDateTime,
    /// When it was answered first, if it was.
    pub answered_at: Option<NaiveDateTime>,
    /// When it was resolved, if it was.
    pub resolved_at: Option<NaiveDateTime>,
    /// When it waited for the customer, in order.
    pub waits: Vec<Wait>,
    /// Rises with every edit.
    pub version: i32,
}

/// A ticket without its waits, as it is stored.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sla_tickets, treat_none_as_default_value = false)]
pub(in crate::store) struct Row {
    id: SlaTicketId,
    partner_id: PartnerId,
    subscription_id: SubscriptionId,
    offering_id: OfferingId,
    external_id: String,
    title: String,
    severity: String,
    opened_at: NaiveDateTime,
    answered_at: Option<NaiveDateTime>,
    resolved_at: Option<NaiveDateTime>,
    recorded_at: NaiveDateTime,
    version: i32,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = sla_waits, treat_none_as_default_value = false)]
struct NewWait {
    id: SlaWaitId,
    partner_id: PartnerId,
    ticket_id: SlaTicketId,
    began_at: NaiveDateTime,
    ended_at: Option<NaiveDateTime>,
}

/// A wait as it is stored: of which ticket, from and to.
pub(in crate::store) type WaitRow = (SlaTicketId, NaiveDateTime, Option<NaiveDateTime>);

impl Row {
    pub(in crate::store) fn id(&self) -> SlaTicketId {
        self.id
    }

    fn read(self, waits: Vec<Wait>) -> Result<Ticket> {
        Ok(Ticket {
            id: self.id,
            partner: self.partner_id,
            subscription: self.subscription_id,
            offering: self.offering_id,
            external_id: self.external_id,
            title: self.title,
            severity: stored(&self.severity)?,
            opened_at: self.opened_at,
            answered_at: self.answered_at,
            resolved_at: self.resolved_at,
            waits,
            version: self.version,
        })
    }
}

/// Tickets with their waits, in the order given.
pub(in crate::store) fn with_waits(rows: Vec<Row>, waits: Vec<WaitRow>) -> Result<Vec<Ticket>> {
    let mut of: HashMap<SlaTicketId, Vec<Wait>> = HashMap::new();
    for (ticket, from, to) in waits {
        of.entry(ticket).or_default().push(Wait { from, to });
    }
    rows.into_iter()
        .map(|row| {
            let mut own = of.remove(&row.id).unwrap_or_default();
            own.sort_unstable();
            row.read(own)
        })
        .collect()
}

/// Tickets are looked up so many at a time: within what both databases bind.
const AT_ONCE: usize = 500;

/// The tickets that have these external ids.
///
/// # Errors
/// Faults of the database.
pub fn named(tx: &mut Tx<'_, VendorScope>, external_ids: &[String]) -> Result<Vec<Ticket>> {
    let mut found = Vec::new();
    for some in external_ids.chunks(AT_ONCE) {
        let rows = tx
            .rows(sla_tickets::table)
            .filter(sla_tickets::external_id.eq_any(some.to_vec()))
            .select(Row::as_select());
        let rows: Vec<Row> = tx.load(rows)?;
        let ids: Vec<SlaTicketId> = rows.iter().map(Row::id).collect();
        let waits = tx
            .rows(sla_waits::table)
            .filter(sla_waits::ticket_id.eq_any(ids))
            .select((
                sla_waits::ticket_id,
                sla_waits::began_at,
                sla_waits::ended_at,
            ));
        let waits = tx.load(waits)?;
        found.extend(with_waits(rows, waits)?);
    }
    Ok(found)
}

/// Every ticket of the vendor.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Ticket>> {
    let rows = tx
        .rows(sla_tickets::table)
        .order(sla_tickets::id)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let waits = tx.rows(sla_waits::table).order(sla_waits::id).select((
        sla_waits::ticket_id,
        sla_waits::began_at,
        sla_waits::ended_at,
    ));
    let waits = tx.load(waits)?;
    with_waits(rows, waits)
}

/// The services that subscriptions were to, and on which days.
///
/// # Errors
/// Faults of the database.
pub fn services_of(
    tx: &mut Tx<'_, VendorScope>,
    of: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Services>> {
    let versions = tx
        .joined(plan_versions::table, plans::table)
        .select((plan_versions::id, plans::offering_id));
    let versions: Vec<(PlanVersionId, OfferingId)> = tx.load(versions)?;
    let versions: HashMap<_, _> = versions.into_iter().collect();
    let sold = subscriptions::of_ids(tx, of)?;
    let days = subscriptions::service_days(tx, &sold)?;
    let services = |(id, days): (SubscriptionId, ServiceDays<PlanVersionId>)| {
        (id, days.map(|version| versions.get(&version).copied()))
    };
    Ok(days.into_iter().map(services).collect())
}

/// The days on which a subscription was to each of its services.
pub type Services = ServiceDays<Option<OfferingId>>;

/// Writes new tickets down.
///
/// # Errors
/// Faults of the database.
pub fn add_all(tx: &mut Tx<'_, VendorScope>, new: &[Ticket]) -> Result<()> {
    let recorded_at = tx.now();
    let rows = new.iter().map(|one| Row {
        id: one.id,
        partner_id: one.partner,
        subscription_id: one.subscription,
        offering_id: one.offering,
        external_id: one.external_id.clone(),
        title: one.title.clone(),
        severity: one.severity.code().to_owned(),
        opened_at: one.opened_at,
        answered_at: one.answered_at,
        resolved_at: one.resolved_at,
        recorded_at,
        version: one.version,
    });
    tx.insert_all(sla_tickets::table, rows)?;
    add_waits(tx, new)
}

fn add_waits(tx: &mut Tx<'_, VendorScope>, of: &[Ticket]) -> Result<()> {
    let mut rows = Vec::new();
    for ticket in of {
        rows.extend(ticket.waits.iter().map(|wait| NewWait {
            id: tx.fresh_id(),
            partner_id: ticket.partner,
            ticket_id: ticket.id,
            began_at: wait.from,
            ended_at: wait.to,
        }));
    }
    tx.insert_all(sla_waits::table, rows).map(drop)
}

/// Writes a ticket over its older self, if that still is at `ticket.version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, ticket: &Ticket) -> Result<bool> {
    let row = tx
        .rows_of(sla_tickets::table)
        .filter(sla_tickets::id.eq(ticket.id))
        .filter(sla_tickets::version.eq(ticket.version));
    let changed = tx.update(
        row,
        (
            to(sla_tickets::offering_id, ticket.offering),
            to(sla_tickets::title, ticket.title.clone()),
            to(sla_tickets::severity, ticket.severity.code()),
            to(sla_tickets::opened_at, ticket.opened_at),
            to(sla_tickets::answered_at, ticket.answered_at),
            to(sla_tickets::resolved_at, ticket.resolved_at),
            to(sla_tickets::version, ticket.version + 1),
        ),
    )?;
    if changed == 0 {
        return Ok(false);
    }
    remove_waits(tx, ticket.id)?;
    add_waits(tx, std::slice::from_ref(ticket))?;
    Ok(true)
}

fn remove_waits(tx: &mut Tx<'_, VendorScope>, ticket: SlaTicketId) -> Result<()> {
    let old = tx
        .rows_of(sla_waits::table)
        .filter(sla_waits::ticket_id.eq(ticket));
    tx.delete(old).map(drop)
}

/// Takes a ticket out; says whether it was there.
///
/// # Errors
/// Faults of the database.
pub fn remove(tx: &mut Tx<'_, VendorScope>, id: SlaTicketId) -> Result<bool> {
    remove_waits(tx, id)?;
    let row = tx
        .rows_of(sla_tickets::table)
        .filter(sla_tickets::id.eq(id));
    Ok(tx.delete(row)? == 1)
}

/// Notes that every outage of a service's month is on record; a second time changes nothing. Says
/// whether it was the first.
///
/// # Errors
/// Faults of the database.
pub fn note_measured(
    tx: &mut Tx<'_, VendorScope>,
    offering: OfferingId,
    month: Period,
) -> Result<bool> {
    let known = tx
        .rows(sla_measured::table)
        .filter(sla_measured::offering_id.eq(offering))
        .filter(sla_measured::month.eq(month.key()))
        .select(sla_measured::id);
    let known: Option<SlaMeasuredId> = tx.first(known)?;
    if known.is_some() {
        return Ok(false);
    }
    let (id, now): (SlaMeasuredId, _) = (tx.fresh_id(), tx.now());
    tx.insert(
        sla_measured::table,
        (
            sla_measured::id.eq(id),
            sla_measured::offering_id.eq(offering),
            sla_measured::month.eq(month.key()),
            sla_measured::recorded_at.eq(now),
        ),
    )?;
    Ok(true)
}
