//! Does what the queue holds, one job at a time, each in fenced transactions.
mod close;
mod daily;
mod run;
mod send_mail;

use std::{collections::HashMap, time::Duration};

use chrono::{NaiveDate, TimeDelta};

use crate::{
    Error, Result,
    id::TenantId,
    mail::Post,
    queue::{self, CloseMonth, DailyRun, Job, SendMail},
    services::revenue::Books,
    store::{
        Store, VendorScope,
        jobs::{self, Claimed, Turns},
        lobby,
    },
};

pub use close::{Closing, close_now, step};
pub use run::{run_all, start};

/// How a worker goes about its work. Production has one pace, the default; tests of workers that
/// die hurry it, and hold it up between transactions.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a claim lasts unless it is held on to.
    pub lease: TimeDelta,
    /// Partners staged in one transaction of a close.
    pub chunk: i64,
    /// How long a close waits between two transactions.
    pub pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lease: jobs::LEASE,
            chunk: 200,
            pause: Duration::ZERO,
        }
    }
}

/// Runs one due job, if there is one; says whether there was. `turns` is kept by the caller, so
/// that no tenant's many jobs stand before another's only one.
///
/// # Errors
/// Faults of the database. What goes wrong within a job puts that job off.
pub async fn run_next(store: &Store, post: &Post, turns: &mut Turns) -> Result<bool> {
    run_next_at(Pace::default(), store, post, turns).await
}

/// As [`run_next`], at another pace.
///
/// # Errors
/// As [`run_next`].
pub async fn run_next_at(
    pace: Pace,
    store: &Store,
    post: &Post,
    turns: &mut Turns,
) -> Result<bool> {
    let Some((scope, job)) = store.claim_next(turns, pace.lease).await? else {
        return Ok(false);
    };
    if let Err(error) = run(store, &scope, (post, pace), &job).await {
        put_off(store, scope, job, &error).await?;
    }
    Ok(true)
}

async fn run(
    store: &Store,
    scope: &VendorScope,
    (post, pace): (&Post, Pace),
    job: &Claimed,
) -> Result<()> {
    match job.kind.as_str() {
        CloseMonth::KIND => close::run(store, scope, (post, pace), job).await,
        DailyRun::KIND => daily::run(store, scope, job).await,
        SendMail::KIND => send_mail::run(store, scope, post, job).await,
        other => Err(Error::fault(format!("no job is called {other}"))),
    }
}

/// A worker that was overtaken says nothing: the job is another's by now.
async fn put_off(store: &Store, scope: VendorScope, job: Claimed, error: &Error) -> Result<()> {
    if matches!(error, Error::Conflict(why) if why == jobs::OVERTAKEN) {
        tracing::warn!(job = %job.id, kind = job.kind, "overtaken");
        return Ok(());
    }
    let why = format!("{error:#}");
    tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, why, "job put off");
    store
        .write(scope, move |tx| jobs::put_off(tx, &job, &why))
        .await
}

/// What a job was asked to do.
fn payload<J: Job>(job: &Claimed) -> Result<J> {
    Ok(serde_json::from_str(&job.payload).map_err(anyhow::Error::new)?)
}

/// The days for which the daily run was queued, per vendor; kept by the caller.
#[derive(Debug, Default)]
pub struct Days(HashMap<TenantId, NaiveDate>);

/// Queues today's run for each vendor whose date has changed since it was last asked. Queueing
/// one twice does no harm: it finds nothing to do.
///
/// # Errors
/// Faults of the database.
pub async fn queue_daily_runs(store: &Store, days: &mut Days) -> Result<()> {
    for (_, scope) in store.lobby(lobby::every_vendor).await? {
        let tenant = lobby::tenant_of(&scope);
        let today = store
            .read(scope.clone(), |tx| Ok(Books::open(tx)?.today))
            .await?;
        if days.0.get(&tenant) == Some(&today) {
            continue;
        }
        let run = DailyRun {
            date: today.to_string(),
        };
        store
            .write(scope, move |tx| queue::enqueue_once(tx, &run))
            .await?;
        days.0.insert(tenant, today);
    }
    Ok(())
}
