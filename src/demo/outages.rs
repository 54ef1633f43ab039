//! Nights on which a service was not there, and one that had been announced.
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::Scope;
use crate::{
    Result,
    domain::{LongText, SlaEventKind, sla::Span},
    services::catalogue::service_levels::{self, NewEvent},
    store::{Store, registers::service_levels as register},
};

use super::setting::read;

/// What happened the night before: month and day on which it is recorded, minutes, what it was, why.
const NIGHTS: [(u32, u32, i64, SlaEventKind, &str); 4] = [
    (6, 12, 25, SlaEventKind::Outage, "A disk array failed"),
    (13, 7, 52, SlaEventKind::Outage, "A certificate had run out"),
    (
        17,
        9,
        120,
        SlaEventKind::Maintenance,
        "New switches in the data centre",
    ),
    (
        17,
        21,
        140,
        SlaEventKind::Outage,
        "Power was lost in one building",
    ),
];

/// One day of the first service that promises availability.
///
/// # Errors
/// Those of the services.
pub fn live(store: &Store, scope: &Scope, (month, day): (u32, NaiveDate)) -> Result<()> {
    for (in_month, on, minutes, kind, note) in NIGHTS {
        if (in_month, on) != (month, day.day()) {
            continue;
        }
        let from: NaiveDateTime = day.and_time(NaiveTime::MIN) - TimeDelta::hours(22);
        store.write_now(scope.clone(), |tx| {
            let Some(first) = register::promised(tx)?.into_iter().next() else {
                return Ok(());
            };
            let event = NewEvent {
                offering: first.offering,
                kind,
                span: Span {
                    from,
                    to: from + TimeDelta::minutes(minutes),
                },
                announced_at: (kind == SlaEventKind::Maintenance)
                    .then(|| from - TimeDelta::days(5)),
                note: read::<LongText>(note)?,
            };
            service_levels::record(tx, &event).map(drop)
        })?;
    }
    Ok(())
}
