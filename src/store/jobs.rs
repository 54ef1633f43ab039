//! The queue: claims with a lease and a fencing token, back-off, and the parked list.
//!
//! A worker that was overtaken (its lease ran out while it slept) still believes the job is its
//! own. Every transaction of a job's work therefore begins with [`hold`], which touches one row
//! only while the token is the latest; an overtaken worker touches none and stops.
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::{
    Scope, Store, Tx, VendorScope, blocking,
    control::{self, Wall},
    lobby,
    schema::jobs,
    tx::to,
};
use crate::{
    Error, Result,
    id::{JobId, TenantId},
};

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
    /// How long the claim lasts from each [`hold`].
    pub lease: TimeDelta,
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

/// Whose turn it is. A worker keeps one, and so takes one job of each tenant that has work before
/// it takes the next of the first: nobody's thousand jobs stand before another's only one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turns(Option<TenantId>);

impl Store {
    /// Takes the next due job of one tenant, for as long as `lease`.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn claim(&self, scope: VendorScope, lease: TimeDelta) -> Result<Option<Claimed>> {
        let store = self.clone();
        blocking(move || store.guarded(scope, |tx| claim(tx, lease))).await
    }

    /// Takes a due job of the tenant whose turn it is, for as long as `lease`.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn claim_next(
        &self,
        turns: &mut Turns,
        lease: TimeDelta,
    ) -> Result<Option<(VendorScope, Claimed)>> {
        let mut waiting = self.lobby(lobby::tenants_with_work).await?;
        waiting.sort_by_key(|scope| (Some(scope.tenant()) <= turns.0, scope.tenant()));
        for scope in waiting {
            let tenant = scope.tenant();
            if let Some(job) = self.claim(scope.clone(), lease).await? {
                turns.0 = Some(tenant);
                return Ok(Some((scope, job)));
            }
        }
        Ok(None)
    }
}

/// What came of one try at a claim.
enum Try {
    Taken(Claimed),
    /// Another worker was quicker, or the job was parked: there may be more.
    Again,
    Nothing,
}

/// Takes the next due job of this tenant.
///
/// The guard on the token makes the claim safe on either database: of two workers that saw the
/// same row, one update touches it and the other touches nothing, and looks for the next.
///
/// # Errors
/// Faults of the database.
pub fn claim(tx: &mut Tx<'_, VendorScope>, lease: TimeDelta) -> Result<Option<Claimed>> {
    loop {
        match try_claim(tx, lease)? {
            Try::Taken(job) => return Ok(Some(job)),
            Try::Again => {}
            Try::Nothing => return Ok(None),
        }
    }
}

fn try_claim(tx: &mut Tx<'_, VendorScope>, lease: TimeDelta) -> Result<Try> {
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
        return Ok(Try::Nothing);
    };
    let claimed = Claimed {
        id,
        kind,
        payload,
        token: token + 1,
        attempts: attempts + 1,
        lease,
    };
    // Workers that die of a job tell nobody: without this it would kill them for ever.
    if attempts >= ATTEMPTS {
        return park(tx, id, token).map(|()| Try::Again);
    }
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(id))
        .filter(jobs::lease_token.eq(token))
        // Its worker may have held on to it since the row was read.
        .filter(jobs::lease_until.is_null().or(jobs::lease_until.lt(now)));
    let taken = tx.update(
        mine,
        (
            to(jobs::lease_token, claimed.token),
            to(jobs::lease_until, Some(now + lease)),
            to(jobs::attempts, claimed.attempts),
            to(jobs::run_at, due + after_deaths(attempts)),
        ),
    )?;
    Ok(match taken {
        1 => Try::Taken(claimed),
        _ => Try::Again,
    })
}

/// How long a job waits that failed so often, unless a worker has it in hand: 10 seconds after the
/// first time, twice as long each time, an hour at most.
fn back_off(failures: i32) -> TimeDelta {
    TimeDelta::seconds(5i64.saturating_mul(1 << failures.clamp(0, 10)).min(3600))
}

/// How long it waits after the death of the worker that takes it now, when so many died of it
/// before. One is taken over at once; what several die of in a row, such as a machine that is
/// started over and over, may pass.
fn after_deaths(before: i32) -> TimeDelta {
    match before {
        0 => TimeDelta::zero(),
        deaths => back_off(deaths),
    }
}

fn park(tx: &mut Tx<'_, VendorScope>, id: JobId, token: i64) -> Result<()> {
    let it = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(id))
        .filter(jobs::lease_token.eq(token));
    let why = "every worker that took this job stopped without an answer";
    tx.update(
        it,
        (
            to(jobs::status, "parked"),
            to(jobs::lease_until, None::<NaiveDateTime>),
            to(jobs::last_error, Some(why)),
        ),
    )?;
    Ok(())
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
        _ => overtaken(),
    }
}

fn overtaken() -> Result<()> {
    match control::is_down(Wall::Fence) {
        true => {
            tracing::warn!("overtaken, and goes on: the fence is down");
            Ok(())
        }
        false => Err(Error::conflict(OVERTAKEN)),
    }
}

/// Forgives the claims so far, in the transaction of a step that got somewhere. What counts
/// towards parking is dying of the job, not dying while a long one is under way.
///
/// # Errors
/// Faults of the database.
pub fn moved_on(tx: &mut Tx<'_, VendorScope>, job: &Claimed) -> Result<()> {
    let mine = tx
        .rows_of(jobs::table)
        .filter(jobs::id.eq(job.id))
        .filter(jobs::lease_token.eq(job.token))
        .filter(jobs::attempts.gt(0));
    let afresh = (to(jobs::attempts, 0), to(jobs::run_at, tx.now()));
    tx.update(mine, afresh).map(drop)
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
        _ => overtaken(),
    }
}

/// Puts a failed job off, longer each time, and parks it after the last try.
///
/// # Errors
/// Faults of the database.
pub fn put_off(tx: &mut Tx<'_, VendorScope>, job: &Claimed, why: &str) -> Result<()> {
    let parked = job.attempts >= ATTEMPTS;
    let next = tx.now() + back_off(job.attempts);
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
