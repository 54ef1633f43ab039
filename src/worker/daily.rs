//! The daily run: bills what is due, ends what ends, lets registrations lapse, and reckons the
//! months ahead.
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
        Store, VendorScope,
        jobs::{self, Claimed},
    },
};

const CHUNK: i64 = 500;

pub async fn run(store: &Store, scope: &VendorScope, job: &Claimed) -> Result<()> {
    let asked: DailyRun = payload(job)?;
    let day = read_date(&asked.date).map_err(crate::Error::fault)?;
    while step(store, scope, job, day).await? {}
    Ok(())
}

/// One chunk; says whether there is more.
async fn step(store: &Store, scope: &VendorScope, job: &Claimed, day: NaiveDate) -> Result<bool> {
    let job = job.clone();
    store
        .write(scope.clone(), move |tx| {
            jobs::hold(tx, &job, job.lease)?;
            if billing::bill_due_chunk(tx, day, CHUNK)?.more
                || subscriptions::end_due(tx, day, CHUNK)? > 0
                || deals::lapse(tx, day, CHUNK)? > 0
            {
                jobs::moved_on(tx, &job)?;
                return Ok(true);
            }
            forecast::renew(tx, day)?;
            jobs::finish(tx, &job)?;
            Ok(false)
        })
        .await
}
