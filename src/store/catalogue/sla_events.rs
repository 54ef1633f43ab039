//! Outages and maintenance of what is offered. Instants are UTC.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::SlaEventKind,
    id::{OfferingId, SlaEventId},
    store::{Tx, VendorScope, names::stored, schema::sla_events},
};

/// Something that happened to a service.
#[derive(Debug, Clone)]
pub struct SlaEvent {
    /// Which.
    pub id: SlaEventId,
    /// To what.
    pub offering: OfferingId,
    /// What it was.
    pub kind: SlaEventKind,
    /// The first instant of it.
    pub began_at: NaiveDateTime,
    /// The first instant after it.
    pub ended_at: NaiveDateTime,
    /// When maintenance was announced.
    pub announced_at: Option<NaiveDateTime>,
    /// What was the matter.
    pub note: String,
    /// What a monitoring system calls it; nothing for one that was recorded by hand.
    pub external_id: Option<String>,
}

/// Writes an event down.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: &SlaEvent) -> Result<()> {
    let recorded_at = tx.now();
    tx.insert(
        sla_events::table,
        (
            sla_events::id.eq(new.id),
            sla_events::offering_id.eq(new.offering),
            sla_events::kind.eq(new.kind.code()),
            sla_events::began_at.eq(new.began_at),
            sla_events::ended_at.eq(new.ended_at),
            sla_events::announced_at.eq(new.announced_at),
            sla_events::note.eq(new.note.clone()),
            sla_events::recorded_at.eq(recorded_at),
            sla_events::external_id.eq(new.external_id.clone()),
        ),
    )
}

/// Events are looked up so many at a time: within what both databases bind.
const AT_ONCE: usize = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sla_events)]
pub(in crate::store) struct Row {
    id: SlaEventId,
    offering_id: OfferingId,
    kind: String,
    began_at: NaiveDateTime,
    ended_at: NaiveDateTime,
    announced_at: Option<NaiveDateTime>,
    note: String,
    external_id: Option<String>,
}

impl Row {
    pub(in crate::store) fn read(self) -> Result<SlaEvent> {
        Ok(SlaEvent {
            id: self.id,
            offering: self.offering_id,
            kind: stored(&self.kind)?,
            began_at: self.began_at,
            ended_at: self.ended_at,
            announced_at: self.announced_at,
            note: self.note,
            external_id: self.external_id,
        })
    }
}

/// The events that have these external ids.
///
/// # Errors
/// Faults of the database.
pub fn named(tx: &mut Tx<'_, VendorScope>, external_ids: &[String]) -> Result<Vec<SlaEvent>> {
    let mut found = Vec::new();
    for some in external_ids.chunks(AT_ONCE) {
        let rows = tx
            .rows(sla_events::table)
            .filter(sla_events::external_id.eq_any(some.to_vec()))
            .select(Row::as_select());
        for row in tx.load::<Row, _>(rows)? {
            found.push(row.read()?);
        }
    }
    Ok(found)
}

/// One event.
///
/// # Errors
/// [`Error::NotFound`]; faults of the database.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: SlaEventId) -> Result<SlaEvent> {
    let row = tx
        .rows(sla_events::table)
        .filter(sla_events::id.eq(id))
        .select(Row::as_select());
    let found = tx.load::<Row, _>(row)?.pop();
    found.ok_or(Error::NotFound)?.read()
}

/// Takes an event out; says whether it was there.
///
/// # Errors
/// Faults of the database.
pub fn remove(tx: &mut Tx<'_, VendorScope>, id: SlaEventId) -> Result<bool> {
    let row = tx.rows_of(sla_events::table).filter(sla_events::id.eq(id));
    Ok(tx.delete(row)? == 1)
}
