//! Sign-in that fails too often is put off for a while.
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::Lobby;
use crate::{Result, store::schema::sign_in_failures};

/// Until when sign-in for a subject (an address, or a network) is put off, if it is.
///
/// # Errors
/// Faults of the database.
pub fn blocked_until(lobby: &mut Lobby<'_>, subject: &str) -> Result<Option<NaiveDateTime>> {
    let now = lobby.now;
    let until: Option<Option<NaiveDateTime>> = lobby.first(
        sign_in_failures::table
            .filter(sign_in_failures::subject.eq(subject.to_owned()))
            .select(sign_in_failures::blocked_until),
    )?;
    Ok(until.flatten().filter(|until| *until > now))
}

/// Counts a failed sign-in. After `free` failures in fifteen minutes each further one puts the
/// next try off, from one second doubling to a minute; nobody is locked out for good.
///
/// # Errors
/// Faults of the database.
pub fn note_failure(lobby: &mut Lobby<'_>, subject: &str, free: i32) -> Result<()> {
    let now = lobby.now;
    let row: Option<(i32, NaiveDateTime)> = lobby.first(
        sign_in_failures::table
            .filter(sign_in_failures::subject.eq(subject.to_owned()))
            .select((sign_in_failures::failures, sign_in_failures::first_at)),
    )?;
    let known = row.is_some();
    let (failures, first_at) = match row {
        Some((failures, first)) if now - first < TimeDelta::minutes(15) => (failures + 1, first),
        _ => (1, now),
    };
    let over = failures - free;
    let pause = TimeDelta::seconds(60.min(1i64 << over.clamp(0, 6)));
    let values = (
        sign_in_failures::failures.eq(failures),
        sign_in_failures::first_at.eq(first_at),
        sign_in_failures::blocked_until.eq((over >= 0).then(|| now + pause)),
    );
    let subject = sign_in_failures::subject.eq(subject.to_owned());
    if known {
        let row = sign_in_failures::table.filter(subject);
        lobby.run(diesel::update(row).set(values))?;
    } else {
        lobby.run(
            diesel::insert_into(sign_in_failures::table)
                .values((subject, values.0, values.1, values.2)),
        )?;
    }
    Ok(())
}

/// Forgets failures after a success.
///
/// # Errors
/// Faults of the database.
pub fn clear_failures(lobby: &mut Lobby<'_>, subject: &str) -> Result<()> {
    let row = sign_in_failures::table.filter(sign_in_failures::subject.eq(subject.to_owned()));
    lobby.run(diesel::delete(row))?;
    Ok(())
}
