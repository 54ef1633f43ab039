//! A thread that works until it is told to stop.
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{Days, Pace, queue_daily_runs, run_next, run_next_at};
use crate::{
    Error, Result,
    mail::Post,
    store::{Store, jobs::Turns, lobby},
};

/// How long a worker with nothing to do waits before it looks again.
const IDLE: Duration = Duration::from_millis(400);
/// How often it asks whether a new day has begun somewhere.
const ROUND: Duration = Duration::from_secs(60);

/// How often it has the database look at how its tables are filled.
const STOCK: Duration = Duration::from_secs(60 * 60);

/// Starts working on a thread of its own; it finishes the job at hand once `stop` is set.
pub fn start(store: Store, post: Post, pace: Pace, stop: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        if let Err(error) =
            runtime().and_then(|runtime| runtime.block_on(work(&store, &post, pace, &stop)))
        {
            tracing::error!(cause = format!("{error:#}"), "the worker has stopped");
        }
    })
}

async fn work(store: &Store, post: &Post, pace: Pace, stop: &AtomicBool) -> Result<()> {
    let (mut turns, mut days) = (Turns::default(), Days::default());
    let (mut asked, mut stocked): (Option<Instant>, Option<Instant>) = (None, None);
    while !stop.load(Ordering::Relaxed) {
        if asked.is_none_or(|at| at.elapsed() >= ROUND) {
            if let Err(error) = round(store, &mut days).await {
                tracing::warn!(cause = format!("{error:#}"), "the daily round failed");
            }
            asked = Some(Instant::now());
        }
        if stocked.is_none_or(|at| at.elapsed() >= STOCK) {
            if let Err(error) = store.take_stock().await {
                tracing::warn!(cause = format!("{error:#}"), "no stock could be taken");
            }
            stocked = Some(Instant::now());
        }
        match run_next_at(pace, store, post, &mut turns).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(IDLE).await,
            // The database may be away for a while; the jobs wait in it.
            Err(error) => {
                tracing::warn!(cause = format!("{error:#}"), "no job could be taken");
                tokio::time::sleep(IDLE * 5).await;
            }
        }
    }
    Ok(())
}

async fn round(store: &Store, days: &mut Days) -> Result<()> {
    queue_daily_runs(store, days).await?;
    store.lobby_write(lobby::sweep).await.map(drop)
}

/// Does everything that is due, and everything that makes due, on the calling thread; says how
/// many jobs that were.
///
/// # Errors
/// Faults of the database.
pub fn run_all(store: &Store, post: &Post) -> Result<usize> {
    runtime()?.block_on(async {
        let (mut turns, mut done) = (Turns::default(), 0);
        while run_next(store, post, &mut turns).await? {
            done += 1;
        }
        Ok(done)
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::fault)
}
