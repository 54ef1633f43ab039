//! The demo's content: invented companies, real rules. Eighteen months are lived through day by
//! day with a held clock: sold, billed, paid, refunded, closed, paid out. The same calendar month
//! gives the same content; only password salts and one-time secrets differ.
mod advising;
mod by_hand;
mod cast;
mod chance;
mod drift;
mod helpdesk;
mod metering;
mod outages;
mod registering;
mod repricing;
mod setting;
mod settling;
mod taxing;
mod together;
mod years;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use crate::{
    Result,
    clock::Clock,
    domain::Period,
    startup::Persona,
    store::{Store, VendorScope, lobby},
};

/// Months that are closed when the demo begins.
const MONTHS: u32 = 18;
/// The password of every persona. It opens the demo alone.
const PASSWORD: &str = "perennial demo";

/// The demo's first month.
pub fn first_period(as_of: NaiveDate) -> Period {
    (0..MONTHS).fold(Period::of(as_of), |period, _| period.previous())
}

/// The instant the demo's history begins at, for a clock and a mint.
pub fn begins_at(as_of: NaiveDate) -> NaiveDateTime {
    first_period(as_of)
        .first_day()
        .and_time(chrono::NaiveTime::MIN)
}

/// The personas of the sign-in page.
pub fn personas() -> Vec<Persona> {
    cast::PERSONAS
        .iter()
        .map(|part| Persona {
            name: part.name.to_owned(),
            what: part.what.to_owned(),
            email: part.email.to_owned(),
            password: PASSWORD.to_owned(),
        })
        .collect()
}

/// What a database holds of the demo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Empty,
    /// A part: its making was stopped.
    Partial,
    /// All of it; the personas come last.
    Whole,
}

/// What a database holds of the demo.
///
/// # Errors
/// Faults of the database.
pub fn standing(store: &Store) -> Result<Standing> {
    store.lobby_now(|lobby| {
        let vendors = lobby::every_vendor(lobby)?;
        let begun = vendors
            .iter()
            .any(|(slug, _)| slug == cast::VENDORS[0].slug);
        for part in cast::PERSONAS {
            if lobby::person_by_email(lobby, part.email)?.is_none() {
                return Ok(if begun {
                    Standing::Partial
                } else {
                    Standing::Empty
                });
            }
        }
        Ok(Standing::Whole)
    })
}

/// Writes the demo as it stands on the first of a date's month, after the month before was
/// closed. `mail` is called after each close, and at the end, to send what was queued; `tell` hears how far
/// it is.
///
/// # Errors
/// Faults of the database; a rule that refuses what the demo does, which is a fault of the demo.
pub fn fill(
    (store, clock): (&Store, &Clock),
    as_of: NaiveDate,
    mut mail: impl FnMut(&Store) -> Result<()>,
    mut tell: impl FnMut(&str),
) -> Result<()> {
    clock.move_to(begins_at(as_of).and_utc());
    let hash = crate::passwords::hash(PASSWORD)
        .map_err(|e| crate::Error::fault(format!("argon2: {e}")))?;
    let mut worlds: Vec<years::World> = Vec::new();
    for vendor in cast::VENDORS {
        let scope = setting::vendor(store, vendor, first_period(as_of))?;
        let plans = setting::catalogue(store, &scope, vendor)?;
        let first = first_period(as_of);
        store.write_now(scope.clone(), |tx| taxing::begin(tx, first))?;
        let finance = by_hand::Finance::of(store, (&scope, vendor))?;
        let world = years::World::new((vendor, scope), plans, finance, first_period(as_of));
        worlds.push(world);
    }
    let last = Period::of(as_of).first_day();
    let mut day = first_period(as_of).first_day();
    while day <= last {
        clock.move_to((day.and_time(chrono::NaiveTime::MIN) + TimeDelta::hours(9)).and_utc());
        for world in &mut worlds {
            world.live(store, day)?;
        }
        if crate::domain::Period::of(day).first_day() == day {
            mail(store)?;
            tell(&Period::of(day).previous().title());
        }
        day = day.succ_opt().unwrap_or(last);
    }
    for world in &worlds {
        world.look_ahead(store, last)?;
    }
    mail(store)?;
    setting::people(store, &hash)
}

/// The scope of one vendor of the demo.
pub(crate) type Scope = VendorScope;
