//! What the pages of service levels ask: what is promised with each offering, and what happened.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Sees, stored};
use crate::{
    Error, Result,
    domain::{Rate, SlaMetric},
    id::{OfferingId, SlaEventId, SlaPolicyId},
    store::{
        Tx,
        catalogue::{sla::Target, sla_events::SlaEvent},
        schema::{offerings, sla_events, sla_targets},
    },
};

/// An offering that comes with a promise of availability.
#[derive(Debug, Clone)]
pub struct Promised {
    /// Which.
    pub offering: OfferingId,
    /// What it is called.
    pub name: String,
    /// What is promised of its availability, in order.
    pub targets: Vec<Target>,
}

/// The offerings on sale, or sold and closed to new customers, that promise availability; by name.
///
/// # Errors
/// Faults of the database.
pub fn promised<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Vec<Promised>> {
    let rows = S::offerings(tx)
        .filter(offerings::status.eq_any(["published", "closed_to_new"]))
        .order((offerings::name_key, offerings::id))
        .select((offerings::id, offerings::name, offerings::sla_policy_id));
    let rows: Vec<(OfferingId, String, Option<SlaPolicyId>)> = tx.load(rows)?;
    let targets = S::sla_targets(tx)
        .filter(sla_targets::metric.eq(SlaMetric::Availability.code()))
        .order((sla_targets::sla_policy_id, sla_targets::seq))
        .select((
            sla_targets::sla_policy_id,
            sla_targets::threshold,
            sla_targets::calendar,
            sla_targets::credit_bps,
        ));
    let targets: Vec<(SlaPolicyId, i64, String, i32)> = tx.load(targets)?;
    let mut promised = Vec::new();
    for (offering, name, policy) in rows {
        let own = targets.iter().filter(|row| Some(row.0) == policy);
        let own = own.map(|(_, threshold, calendar, credit)| {
            Ok(Target {
                metric: SlaMetric::Availability,
                threshold: *threshold,
                calendar: stored(calendar)?,
                credit: Rate::from_bps(*credit).map_err(Error::fault)?,
            })
        });
        let targets: Vec<Target> = own.collect::<Result<_>>()?;
        if !targets.is_empty() {
            promised.push(Promised {
                offering,
                name,
                targets,
            });
        }
    }
    Ok(promised)
}

type Row = (
    SlaEventId,
    OfferingId,
    String,
    NaiveDateTime,
    NaiveDateTime,
    Option<NaiveDateTime>,
    String,
);

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
        .select((
            sla_events::id,
            sla_events::offering_id,
            sla_events::kind,
            sla_events::began_at,
            sla_events::ended_at,
            sla_events::announced_at,
            sla_events::note,
        ));
    let rows: Vec<Row> = tx.load(rows)?;
    rows.into_iter()
        .map(
            |(id, offering, kind, began_at, ended_at, announced_at, note)| {
                Ok(SlaEvent {
                    id,
                    offering,
                    kind: stored(&kind)?,
                    began_at,
                    ended_at,
                    announced_at,
                    note,
                })
            },
        )
        .collect()
}
