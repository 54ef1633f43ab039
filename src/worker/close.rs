//! A month's close as a job: it resumes where it stopped, whoever stopped, and the command line
//! closes through the same job, so that the two never collide.
use std::time::Duration;

use super::{Pace, payload};
use crate::{
    Error, Result,
    domain::Period,
    id::PartnerId,
    mail::Post,
    queue::{self, CloseMonth, Job},
    services::revenue::close::{self, Closed, Progress},
    store::{
        Store, VendorScope,
        incentivize::outbox,
        jobs::{self, Claimed},
    },
};

/// How long the command line waits for a worker that has the close in hand.
const PATIENCE: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// A close in hand.
#[derive(Debug, Clone)]
pub struct Closing {
    /// Which month.
    pub period: Period,
    /// Partners staged in one transaction.
    pub chunk: i64,
    /// What Message-IDs end in.
    pub mail_domain: String,
}

pub(super) async fn run(
    store: &Store,
    scope: &VendorScope,
    (post, pace): (&Post, Pace),
    job: &Claimed,
) -> Result<()> {
    let asked: CloseMonth = payload(job)?;
    let closing = Closing {
        period: asked.period.parse().map_err(Error::fault)?,
        chunk: pace.chunk,
        mail_domain: post.domain().to_owned(),
    };
    let (store, scope, job) = (store.clone(), scope.clone(), job.clone());
    let work = move || {
        let mut after = None;
        while step(&store, &scope, &job, &closing, &mut after)?.is_none() {
            std::thread::sleep(pace.pause);
        }
        Ok(())
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| anyhow::Error::new(e).context("a close"))?
}

fn drive(store: &Store, scope: &VendorScope, job: &Claimed, closing: &Closing) -> Result<Closed> {
    let mut after = None;
    loop {
        if let Some(closed) = step(store, scope, job, closing, &mut after)? {
            return Ok(closed);
        }
    }
}

/// One fenced transaction of a close: bills a chunk, or begins, or stages a chunk, or finishes,
/// whichever is next; gives what the close made once it is over. `after` is where staging goes
/// on; a worker that takes over begins with none and finds the place.
///
/// # Errors
/// As [`close::progress`]; [`Error::Conflict`] when another worker has taken the job over.
pub fn step(
    store: &Store,
    scope: &VendorScope,
    job: &Claimed,
    closing: &Closing,
    after: &mut Option<PartnerId>,
) -> Result<Option<Closed>> {
    let (at, period) = (*after, closing.period);
    let (next, closed) = store.write_now(scope.clone(), |tx| {
        jobs::hold(tx, job, job.lease)?;
        match close::progress(tx, period)? {
            Progress::Open => {
                if !close::bill_missing(tx, period)? {
                    close::begin(tx, period)?;
                }
                jobs::moved_on(tx, job)?;
                Ok((None, None))
            }
            Progress::Closing => {
                let from = match at {
                    Some(partner) => Some(partner),
                    None => close::staged_through(tx, period)?,
                };
                match close::stage_chunk(tx, period, from, closing.chunk)? {
                    Some(next) => {
                        jobs::moved_on(tx, job)?;
                        Ok((Some(next), None))
                    }
                    None => {
                        let closed = close::finish(tx, period, &closing.mail_domain)?;
                        jobs::finish(tx, job)?;
                        Ok((None, Some(closed)))
                    }
                }
            }
            Progress::Closed => {
                jobs::finish(tx, job)?;
                Ok((None, Some(close::outcome(tx, period)?)))
            }
        }
    })?;
    *after = next;
    Ok(closed)
}

/// Closes a month on the calling thread, through the same job that a worker would take. Where a
/// worker has it in hand already, waits until it is done.
///
/// # Errors
/// As [`close::progress`]; [`Error::Conflict`] when a worker holds the close and does not finish.
pub fn close_now(store: &Store, scope: &VendorScope, closing: &Closing) -> Result<Closed> {
    let period = closing.period;
    let asked = CloseMonth {
        period: period.to_string(),
    };
    for _ in 0..PATIENCE {
        let done = store.write_now(scope.clone(), |tx| match close::progress(tx, period)? {
            Progress::Closed => Ok(Some(close::outcome(tx, period)?)),
            Progress::Open | Progress::Closing => {
                queue::enqueue_once(tx, &asked)?;
                Ok(None)
            }
        })?;
        if let Some(closed) = done {
            return Ok(closed);
        }
        let dedupe = asked.dedupe();
        let job = store.guarded(scope.clone(), |tx| outbox::claim(tx, &dedupe, jobs::LEASE))?;
        match job {
            Some(job) => match drive(store, scope, &job, closing) {
                Err(Error::Conflict(why)) if why == jobs::OVERTAKEN => {}
                done => return done,
            },
            None => std::thread::sleep(PAUSE),
        }
    }
    Err(Error::conflict(
        "A worker is closing this month and has not finished yet.",
    ))
}
