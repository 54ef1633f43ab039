//! What is tried too often is put off for a while: signing in, and letters to reset a password.
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
    let (failures, first_at) = counted(lobby, subject, TimeDelta::minutes(15))?
        .map_or((1, now), |(failures, first)| (failures + 1, first));
    let over = failures - free;
    let pause = TimeDelta::seconds(60.min(1i64 << over.clamp(0, 6)));
    let until = (over >= 0).then(|| now + pause);
    count(lobby, subject, (failures, first_at, until))
}

/// How often something was counted for a subject since when, if that began within `window`.
fn counted(
    lobby: &mut Lobby<'_>,
    subject: &str,
    window: TimeDelta,
) -> Result<Option<(i32, NaiveDateTime)>> {
    let begun = lobby.now - window;
    lobby.first(
        sign_in_failures::table
            .filter(sign_in_failures::subject.eq(subject.to_owned()))
            .filter(sign_in_failures::first_at.gt(begun))
            .select((sign_in_failures::failures, sign_in_failures::first_at)),
    )
}

/// Notes a count and until when the subject is put off. What was counted a day ago is forgotten.
fn count(
    lobby: &mut Lobby<'_>,
    subject: &str,
    (times, first_at, until): (i32, NaiveDateTime, Option<NaiveDateTime>),
) -> Result<()> {
    let old = sign_in_failures::first_at.lt(lobby.now - TimeDelta::days(1));
    lobby.run(diesel::delete(sign_in_failures::table.filter(old)))?;
    let values = (
        sign_in_failures::failures.eq(times),
        sign_in_failures::first_at.eq(first_at),
        sign_in_failures::blocked_until.eq(until),
    );
    let subject = sign_in_failures::subject.eq(subject.to_owned());
    let row = sign_in_failures::table.filter(subject.clone());
    if lobby.run(diesel::update(row).set(values))? == 0 {
        let values = (subject, values.0, values.1, values.2);
        lobby.run(diesel::insert_into(sign_in_failures::table).values(values))?;
    }
    Ok(())
}

/// Spends one of `often` goes that a subject has in `window`; false when none is left, and then
/// nothing is counted.
///
/// # Errors
/// Faults of the database.
pub fn spend(
    lobby: &mut Lobby<'_>,
    subject: &str,
    (often, window): (i32, TimeDelta),
) -> Result<bool> {
    let spent = counted(lobby, subject, window)?;
    let (goes, first_at) = spent.unwrap_or((0, lobby.now));
    let is_left = goes < often;
    if is_left {
        count(lobby, subject, (goes + 1, first_at, None))?;
    }
    Ok(is_left)
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
