//! The queue: claims with a lease and a fencing token, back-off, and the parked list.
//!
//! A worker that was overtaken (its lease ran out while it slept) still believes the job is its
//! own. Every transaction of a job's work therefore begins with [`hold`], which touches one row
//! only while the token is the latest; an overtaken worker touches none and stops.
use chrono::{NaiveDateTime, TimeDelta};
use diesel::{prelude::*, sql_types::Timestamp};

use super::{Tx, VendorScope, schema::jobs, tx::to};
use crate::{Error, Result, id::JobId};

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Which.
    pub id: JobId,
    /// Its kind's code.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// Rises with each claim; carried by every effect.
    pub token: i64,
    /// Claims so far, this one included.
    pub attempts: i32,
}

/// A job that failed too often, for the page that shows it.
#[derive(Debug, Clone, Queryable)]
pub struct Parked {
    /// Which.
    pub id: JobId,
    /// Its kind's code.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// Claims so far.
    pub attempts: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Since when it waits, UTC.
    pub run_at: NaiveDateTime,
}

/// How long a claim lasts unless it is held on to: well over the longest single transaction.
pub const LEASE: TimeDelta = TimeDelta::seconds(30);
/// After so many claims a job is parked.
pub const ATTEMPTS: i32 = 8;

/// The instant leases are measured by: the database's own where instances may disagree.
fn lease_now(tx: &mut Tx<'_, VendorScope>) -> Result<NaiveDateTime> {
    tx.database_now()
}

/// Takes the next due job of this tenant.
///
/// The guard on the token makes the claim safe on either database: of two workers that saw the
/// same row, one update touches it and the other touches nothing.
///
/// # Errors
/// Faults of the database.
pub fn claim(tx: &mut Tx<'_, VendorScope>, lease: TimeDelta) -> Result<Option<Claimed>> {
    let (due, now) = (tx.now(), lease_now(tx)?);
    let free = jobs::lease_until.is_null().or(jobs::lease_until.lt(now));
    let rows = tx
        .rows(jobs::table)
        .filter(jobs::status.eq("ready"))
        .filter(jobs::run_at.le(due))
        .filter(free)
        .order((jobs::run_at, jobs::id))
        .select((
            jobs::id,
            jobs::kind,
            jobs::payload,
            jobs::lease_token,
            jobs::attempts,
        ));
    let row: Option<(JobId, String, String, i64, i32)> = tx.first(rows)?;
    let Some((id, kind, payload, token, attempts)) = row else {
        return Ok(None);
    };
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(id))
        .filter(jobs::lease_token.eq(token));
    let taken = tx.update(
        mine,
        (
            to(jobs::lease_token, token + 1),
            to(jobs::lease_until, Some(now + lease)),
            to(jobs::attempts, attempts + 1),
        ),
    )?;
    Ok((taken == 1).then_some(Claimed {
        id,
        kind,
        payload,
        token: token + 1,
        attempts: attempts + 1,
    }))
}

/// The first statement of every transaction of a job's work: goes on only while the claim is the
/// latest, and lengthens its lease.
///
/// # Errors
/// [`Error::Conflict`] when the job was taken over or is gone.
pub fn hold(tx: &mut Tx<'_, VendorScope>, job: &Claimed, lease: TimeDelta) -> Result<()> {
    let now = lease_now(tx)?;
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(job.id))
        .filter(jobs::lease_token.eq(job.token));
    match tx.update(mine, to(jobs::lease_until, Some(now + lease)))? {
        1 => Ok(()),
        _ => Err(Error::conflict(OVERTAKEN)),
    }
}

/// What an overtaken worker is told.
pub const OVERTAKEN: &str = "another worker has taken this job over";

/// Removes a job that is done, in the transaction of its last effect.
///
/// # Errors
/// [`Error::Conflict`] when the job was taken over.
pub fn finish(tx: &mut Tx<'_, VendorScope>, job: &Claimed) -> Result<()> {
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(job.id))
        .filter(jobs::lease_token.eq(job.token));
    match tx.delete(mine)? {
        1 => Ok(()),
        _ => Err(Error::conflict(OVERTAKEN)),
    }
}

/// Puts a failed job off, longer each time, and parks it after the last try.
///
/// # Errors
/// Faults of the database.
pub fn put_off(tx: &mut Tx<'_, VendorScope>, job: &Claimed, why: &str) -> Result<()> {
    let parked = job.attempts >= ATTEMPTS;
    let seconds = 5i64.saturating_mul(1 << job.attempts.clamp(0, 10));
    let next = tx.now() + TimeDelta::seconds(seconds.min(3600));
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(job.id))
        .filter(jobs::lease_token.eq(job.token));
    tx.update(
        mine,
        (
            to(jobs::status, if parked { "parked" } else { "ready" }),
            to(jobs::run_at, next),
            to(jobs::lease_until, None::<NaiveDateTime>),
            to(
                jobs::last_error,
                Some(why.chars().take(500).collect::<String>()),
            ),
        ),
    )?;
    Ok(())
}

/// Jobs that failed too often.
///
/// # Errors
/// Faults of the database.
pub fn parked(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Parked>> {
    let rows = tx
        .rows(jobs::table)
        .filter(jobs::status.eq("parked"))
        .order(jobs::id)
        .limit(100)
        .select((
            jobs::id,
            jobs::kind,
            jobs::payload,
            jobs::attempts,
            jobs::last_error,
            jobs::run_at,
        ));
    tx.load(rows)
}

/// Lets a parked job try again now.
///
/// # Errors
/// [`Error::NotFound`] for a job that is not parked.
pub fn retry(tx: &mut Tx<'_, VendorScope>, id: JobId) -> Result<()> {
    let now = tx.now();
    let job = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(id))
        .filter(jobs::status.eq("parked"));
    let changed = tx.update(
        job,
        (
            to(jobs::status, "ready"),
            to(jobs::run_at, now),
            to(jobs::attempts, 0),
            to(jobs::lease_until, None::<NaiveDateTime>),
        ),
    )?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    Ok(())
}

/// Whether a job with this natural key waits or runs.
///
/// # Errors
/// Faults of the database.
pub fn waits(tx: &mut Tx<'_, VendorScope>, dedupe: &str) -> Result<bool> {
    let row = tx
        .rows(jobs::table)
        .filter(jobs::dedupe.eq(dedupe.to_owned()))
        .select(jobs::id);
    let found: Option<JobId> = tx.first(row)?;
    Ok(found.is_some())
}

#[derive(QueryableByName)]
pub(super) struct Instant {
    #[diesel(sql_type = Timestamp)]
    pub(super) now: NaiveDateTime,
}
