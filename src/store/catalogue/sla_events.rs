//! Outages and maintenance of what is offered. Instants are UTC.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::SlaEventKind,
    id::{OfferingId, SlaEventId},
    store::{Tx, VendorScope, schema::sla_events},
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
        ),
    )
}

/// Takes an event out; says whether it was there.
///
/// # Errors
/// Faults of the database.
pub fn remove(tx: &mut Tx<'_, VendorScope>, id: SlaEventId) -> Result<bool> {
    let row = tx.rows_of(sla_events::table).filter(sla_events::id.eq(id));
    Ok(tx.delete(row)? == 1)
}
