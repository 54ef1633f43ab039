//! Nights on which a service was not there, and one that had been announced.
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::Scope;
use crate::{
    Error, Result,
    domain::{
        LongText, Period, SlaEventKind, SlaMetric,
        sla::{SlaCreditStatus, Span},
    },
    services::{
        catalogue::service_levels::{self, NewEvent},
        revenue::sla_credits,
    },
    store::{
        Store,
        registers::{
            service_levels::{self as register, Promised},
            sla_credits as credits,
        },
    },
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

/// On the fifth of a month, the month before is on record.
const SETTLED_ON: u32 = 5;

fn has_availability(one: &Promised) -> bool {
    let mut promises = one.policy.targets.iter();
    promises.any(|target| target.metric == SlaMetric::Availability)
}

fn settle(store: &Store, scope: &Scope, day: NaiveDate) -> Result<()> {
    let month = Period::of(day).previous();
    store.write_now(scope.clone(), |tx| {
        let promised = register::promised(tx)?;
        for one in promised.iter().filter(|one| has_availability(one)) {
            service_levels::complete(tx, one.offering, month)?;
        }
        Ok(())
    })
}

/// Some days later finance decides about what is given back.
const DECIDED_ON: u32 = 7;
/// From this month on one of them is left for whoever looks at the demo.
const LEFT_FROM: u32 = 14;

fn decide(store: &Store, scope: &Scope, month: u32) -> Result<()> {
    let filter = credits::CreditFilter {
        status: Some(SlaCreditStatus::Proposed),
        ..credits::CreditFilter::default()
    };
    let waiting = store.read_now(scope.clone(), |tx| credits::page(tx, &filter, None))?;
    let mut rows = waiting.rows;
    if month >= LEFT_FROM {
        // One of them still waits for somebody.
        rows.pop();
    }
    for (place, row) in rows.into_iter().enumerate() {
        let seen = (row.credit.id, row.credit.version);
        let decline = |why: &str| {
            let why = read::<LongText>(why)?;
            store.write_now(scope.clone(), |tx| sla_credits::decline(tx, seen, &why))
        };
        match place % 9 {
            7 => decline("The customer had asked for this work and was told of it.")?,
            8 => {}
            _ => match store.write_now(scope.clone(), |tx| sla_credits::approve(tx, seen)) {
                Err(Error::Conflict(_)) => decline("This invoice has been given back already.")?,
                other => other?,
            },
        }
    }
    Ok(())
}

/// One day of the first service that promises availability.
///
/// # Errors
/// Those of the services.
pub fn live(store: &Store, scope: &Scope, (month, day): (u32, NaiveDate)) -> Result<()> {
    if month > 0 && day.day() == SETTLED_ON {
        settle(store, scope, day)?;
    }
    if month > 0 && day.day() == DECIDED_ON {
        decide(store, scope, month)?;
    }
    for (in_month, on, minutes, kind, note) in NIGHTS {
        if (in_month, on) != (month, day.day()) {
            continue;
        }
        let from: NaiveDateTime = day.and_time(NaiveTime::MIN) - TimeDelta::hours(22);
        store.write_now(scope.clone(), |tx| {
            let mut promised = register::promised(tx)?.into_iter();
            let Some(first) = promised.find(has_availability) else {
                return Ok(());
            };
            let event = NewEvent {
                external_id: None,
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
