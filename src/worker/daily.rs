//! The daily run: bills what is due, ends what ends, lets registrations lapse, and reckons the
//! months ahead.
use std::time::Instant;

use chrono::NaiveDate;

use super::payload;
use crate::{
    Result,
    domain::period::read_date,
    queue::DailyRun,
    services::{
        revenue::{billing, forecast, subscriptions},
        sell::deals,
    },
    store::{
        Store, Tx, VendorScope,
        jobs::{self, Claimed},
    },
};

const CHUNK: i64 = 500;

pub async fn run(store: &Store, scope: &VendorScope, job: &Claimed) -> Result<()> {
    let asked: DailyRun = payload(job)?;
    let day = read_date(&asked.date).map_err(crate::Error::fault)?;
    while step(store, scope, job, day).await? {}
    look_ahead(store, scope, job, day).await
}

/// One chunk; says whether there is more.
async fn step(store: &Store, scope: &VendorScope, job: &Claimed, day: NaiveDate) -> Result<bool> {
    let job = job.clone();
    store
        .write(scope.clone(), move |tx| {
            jobs::hold(tx, &job, job.lease)?;
            let more = billing::bill_due_chunk(tx, day, CHUNK)?.more
                || subscriptions::end_due(tx, day, CHUNK)? > 0
                || deals::lapse(tx, day, CHUNK)? > 0;
            if more {
                jobs::moved_on(tx, &job)?;
            }
            Ok(more)
        })
        .await
}

/// The months ahead are reckoned in a transaction that only reads, once a day: whoever starts the
/// portal again starts this job again.
async fn look_ahead(
    store: &Store,
    scope: &VendorScope,
    job: &Claimed,
    day: NaiveDate,
) -> Result<()> {
    let mut alive = holding(store, scope, job);
    let ahead = move |tx: &mut Tx<'_, VendorScope>| match forecast::is_of(tx, day)? {
        true => Ok(None),
        false => forecast::reckon(tx, day, &mut alive).map(Some),
    };
    let ahead = store.read(scope.clone(), ahead).await?;
    let job = job.clone();
    let done = move |tx: &mut Tx<'_, VendorScope>| {
        jobs::hold(tx, &job, job.lease)?;
        if let Some(rows) = &ahead {
            forecast::replace(tx, rows.clone())?;
        }
        jobs::finish(tx, &job)
    };
    store.write(scope.clone(), done).await
}

/// Holds on to the job, on a connection of its own, whenever a third of its lease has passed.
fn holding(
    store: &Store,
    scope: &VendorScope,
    job: &Claimed,
) -> impl FnMut() -> Result<()> + Send + use<> {
    let (store, scope, job) = (store.clone(), scope.clone(), job.clone());
    let third = job.lease.to_std().unwrap_or_default() / 3;
    let mut held = Instant::now();
    move || {
        if held.elapsed() < third {
            return Ok(());
        }
        held = Instant::now();
        store.guarded(scope.clone(), |tx| jobs::hold(tx, &job, job.lease))
    }
}
