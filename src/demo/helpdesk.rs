//! What customers ask the help desk, and how soon they are answered.
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

use super::{Scope, chance::Chance, setting::read, years::Joined};
use crate::{
    Result,
    domain::{ExternalId, Name, TicketSeverity, sla::Wait},
    services::catalogue::tickets::{self, Draft},
    store::{Store, registers::service_levels as register, revenue::subscriptions as rows},
};

/// Of so many customers one asks something on a working day.
const ONE_OF: u32 = 70;
/// What they ask.
const ASKED: [(&str, TicketSeverity); 5] = [
    ("A user cannot sign in", TicketSeverity::Normal),
    ("A restore takes longer than usual", TicketSeverity::High),
    ("How to add a colleague", TicketSeverity::Low),
    (
        "Nothing has come in since this morning",
        TicketSeverity::Critical,
    ),
    ("A report shows yesterday's figures", TicketSeverity::Normal),
];

/// One day: tickets of three days before, by now resolved.
///
/// # Errors
/// Those of the services.
pub fn live(store: &Store, scope: &Scope, joined: &Joined, day: NaiveDate) -> Result<()> {
    let asked_on = day - TimeDelta::days(3);
    if asked_on.weekday().number_from_monday() > 5 {
        return Ok(());
    }
    for (place, customer) in joined.customers.iter().enumerate() {
        let name = format!("HD-{}-{place}-{asked_on}", joined.part.code);
        let mut chance = Chance::of(&name);
        if chance.between(1, ONE_OF) != 1 {
            continue;
        }
        let draft = draft(asked_on, &mut chance)?;
        store.write_now(scope.clone(), |tx| {
            let sold = rows::one(tx, customer.subscription)?;
            let is_served = sold.starts_on <= asked_on && sold.ends_on.is_none();
            let services = register::promised(tx)?;
            if !is_served || services.is_empty() {
                return Ok(());
            }
            let under = (&read::<ExternalId>(&name)?, sold.external_id.as_str());
            tickets::record(tx, under, &draft).map(drop)
        })?;
    }
    Ok(())
}

fn draft(day: NaiveDate, chance: &mut Chance) -> Result<Draft> {
    let what = usize::try_from(chance.between(0, 4)).unwrap_or_default();
    let (title, severity) = ASKED[what];
    let minutes = |minutes: u32| TimeDelta::minutes(minutes.into());
    let opened_at = day.and_time(NaiveTime::MIN) + minutes(chance.between(7 * 60, 13 * 60));
    // One of twelve waits too long for a first answer, one of ten for the end of it.
    let slow = chance.between(1, 12) == 1;
    let answered_at = opened_at
        + match slow {
            true => minutes(chance.between(70, 130)),
            false => minutes(chance.between(4, 26)),
        };
    let long = chance.between(1, 10) == 1;
    let resolved_at = answered_at
        + match long {
            true => TimeDelta::hours(30),
            false => minutes(chance.between(20, 170)),
        };
    let waits = match chance.between(1, 4) {
        1 => vec![Wait {
            from: answered_at,
            to: Some(answered_at + (resolved_at - answered_at) / 2),
        }],
        _ => Vec::new(),
    };
    Ok(Draft {
        title: read::<Name>(title)?,
        severity,
        opened_at,
        answered_at: Some(answered_at),
        resolved_at: Some(resolved_at),
        waits,
    })
}
