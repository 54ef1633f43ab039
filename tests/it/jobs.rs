//! The queue: of many workers one has a job, an overtaken one leaves nothing behind, and nobody's
//! work waits for ever on somebody else's.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chrono::{NaiveDateTime, TimeDelta};
use perennial::{
    Error,
    clock::Clock,
    store::{
        Platform, Store, VendorScope, counters,
        jobs::{self, ATTEMPTS, Claimed, LEASE, Turns},
        lobby::{self, NewVendor},
        platform::NewJob,
    },
};

use crate::{
    harness::{ask, instant, migrated, store_on, titled},
    on_both,
    support::postgres::{Kind, TestDatabase},
};

/// A lease that is over as soon as it is given.
const OVER: TimeDelta = TimeDelta::seconds(-1);

struct Queue {
    database: TestDatabase,
    store: Store,
    clock: Clock,
    meridian: VendorScope,
    rival: VendorScope,
}

impl Queue {
    async fn on(kind: Kind) -> Self {
        let database = migrated(kind);
        let (store, clock) = store_on(&database);
        let (meridian, rival) = (vendor(&store, "meridian"), vendor(&store, "rival"));
        Self {
            database,
            store,
            clock,
            meridian,
            rival,
        }
    }

    async fn add(&self, scope: &VendorScope, names: impl IntoIterator<Item = String>) {
        let names: Vec<String> = names.into_iter().collect();
        let add = self.store.write(scope.clone(), move |tx| {
            for name in &names {
                let run_at = tx.now();
                add_job(tx, name, run_at)?;
            }
            Ok(())
        });
        add.await.unwrap();
    }

    async fn claim(&self, lease: TimeDelta) -> Option<Claimed> {
        self.store
            .claim(self.meridian.clone(), lease)
            .await
            .unwrap()
    }

    /// One transaction of a job's work, which leaves a mark.
    async fn work(&self, job: &Claimed) -> perennial::Result<i64> {
        let job = job.clone();
        let work = self.store.write(self.meridian.clone(), move |tx| {
            let mark = counters::take(tx, "marks", 1)?;
            jobs::hold(tx, &job, LEASE)?;
            Ok(mark)
        });
        work.await
    }

    async fn finish(&self, job: &Claimed) -> perennial::Result<()> {
        let job = job.clone();
        let finish = self
            .store
            .write(self.meridian.clone(), move |tx| jobs::finish(tx, &job));
        finish.await
    }

    async fn put_off(&self, job: &Claimed) {
        let job = job.clone();
        let put_off = self.store.write(self.meridian.clone(), move |tx| {
            jobs::put_off(tx, &job, "no such host")
        });
        put_off.await.unwrap();
    }

    fn value(&self, sql: &str) -> String {
        ask(&self.database, sql).join(",")
    }
}

fn add_job(
    tx: &mut perennial::store::Tx<'_, VendorScope>,
    name: &str,
    run_at: NaiveDateTime,
) -> perennial::Result<()> {
    let job = NewJob {
        kind: "test",
        payload: "{}",
        dedupe: name,
        run_at,
    };
    VendorScope::add_job(tx, &job)
}

fn vendor(store: &Store, slug: &str) -> VendorScope {
    let new = NewVendor {
        slug: slug.to_owned(),
        name: titled(slug),
        legal_name: titled(slug),
        address: String::new(),
        time_zone: "UTC".to_owned(),
        currency: "EUR".to_owned(),
        document_prefix: "X".to_owned(),
        first_period: 202_610,
    };
    store
        .lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
        .unwrap()
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("job {n}"))
}

fn is_overtaken<T>(done: perennial::Result<T>) -> bool {
    matches!(done, Err(Error::Conflict(why)) if why == jobs::OVERTAKEN)
}

on_both! {
    async fn of_eight_workers_each_job_has_one(queue: Queue) {
        let queue = Arc::new(queue);
        queue.add(&queue.meridian, numbered(40)).await;
        let workers: Vec<_> = (0..8).map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(job) = queue.claim(LEASE).await {
                    queue.work(&job).await.unwrap();
                    queue.finish(&job).await.unwrap();
                    assert_eq!((job.token, job.attempts), (1, 1));
                    done.push(job.id);
                }
                done
            })
        }).collect();
        let mut done = Vec::new();
        for worker in workers {
            done.extend(worker.await.unwrap());
        }
        done.sort();
        done.dedup();
        assert_eq!(done.len(), 40);
        assert_eq!(queue.value("SELECT count(*) AS value FROM jobs"), "0");
        assert_eq!(queue.value("SELECT value FROM counters"), "40");
    }

    async fn an_overtaken_worker_stops_and_leaves_nothing(queue: Queue) {
        queue.add(&queue.meridian, numbered(1)).await;
        let slow = queue.claim(OVER).await.unwrap();
        assert_eq!(queue.work(&slow).await.unwrap(), 1);
        // Holding on has lengthened the lease; the story goes on where it is over again.
        queue.database.sql("UPDATE jobs SET lease_until = '2020-01-01 00:00:00'");
        let quick = queue.claim(LEASE).await.unwrap();
        assert_eq!((quick.id, quick.token, quick.attempts), (slow.id, 2, 2));
        assert!(is_overtaken(queue.work(&slow).await));
        assert!(is_overtaken(queue.finish(&slow).await));
        queue.put_off(&slow).await;
        assert_eq!(queue.value("SELECT value FROM counters"), "1", "the mark of the overtaken was undone");
        assert_eq!(queue.work(&quick).await.unwrap(), 2);
        queue.finish(&quick).await.unwrap();
        assert!(is_overtaken(queue.work(&quick).await), "a job that is done is nobody's");
    }

    /// Leases that are over at once, so that workers overtake each other all the time.
    async fn however_often_workers_overtake_each_other_each_effect_happens_once(queue: Queue) {
        let queue = Arc::new(queue);
        queue.add(&queue.meridian, numbered(6)).await;
        let fenced = Arc::new(AtomicUsize::new(0));
        // One that sleeps through all of it, so that somebody is overtaken whatever the others do.
        let sleeper = queue.claim(OVER).await.unwrap();
        let waiting = "SELECT count(*) AS value FROM jobs WHERE status = 'ready'";
        while queue.value(waiting) != "0" {
            let workers: Vec<_> = (0..8).map(|_| {
                let (queue, fenced) = (Arc::clone(&queue), Arc::clone(&fenced));
                tokio::spawn(async move {
                    while let Some(job) = queue.claim(OVER).await {
                        tokio::task::yield_now().await;
                        let done = queue.store.write(queue.meridian.clone(), move |tx| {
                            counters::take(tx, "effects", 1)?;
                            jobs::finish(tx, &job)
                        }).await;
                        if is_overtaken(done) {
                            fenced.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            }).collect();
            for worker in workers {
                worker.await.unwrap();
            }
            queue.clock.move_to(queue.clock.now().and_utc() + TimeDelta::hours(1));
        }
        if is_overtaken(queue.finish(&sleeper).await) {
            fenced.fetch_add(1, Ordering::Relaxed);
        }
        let parked: i64 = queue.value("SELECT count(*) AS value FROM jobs WHERE status = 'parked'").parse().unwrap();
        let effects: i64 = queue.value("SELECT COALESCE(SUM(value), 0) AS value FROM counters").parse().unwrap();
        assert_eq!(effects + parked, 6);
        assert!(fenced.load(Ordering::Relaxed) > 0, "nobody was overtaken: this proves nothing");
    }

    async fn a_job_that_fails_waits_longer_each_time_and_is_parked_in_the_end(queue: Queue) {
        queue.add(&queue.meridian, numbered(1)).await;
        let mut waits = Vec::new();
        let mut now = instant("2026-10-01T06:00:00Z");
        for attempt in 1..=ATTEMPTS {
            let job = queue.claim(LEASE).await.unwrap();
            assert_eq!((job.attempts, job.token), (attempt, i64::from(attempt)));
            queue.put_off(&job).await;
            assert!(queue.claim(LEASE).await.is_none(), "it waits");
            if attempt == ATTEMPTS {
                break;
            }
            let next = queue.value("SELECT run_at AS value FROM jobs");
            let next: NaiveDateTime = next.get(..19).unwrap().replace(' ', "T").parse().unwrap();
            waits.push((next.and_utc() - now).num_seconds());
            now = next.and_utc();
            queue.clock.move_to(now - TimeDelta::seconds(1));
            assert!(queue.claim(LEASE).await.is_none(), "not a second early");
            queue.clock.move_to(now);
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640]);
        queue.clock.move_to(now + TimeDelta::days(30));
        assert!(queue.claim(LEASE).await.is_none(), "what is parked waits for somebody");
        let parked = queue.store.read(queue.meridian.clone(), jobs::parked).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert_eq!(parked[0].attempts, ATTEMPTS);
        assert_eq!(parked[0].last_error.as_deref(), Some("no such host"));

        let id = parked[0].id;
        let theirs = queue.store.write(queue.rival.clone(), move |tx| jobs::retry(tx, id)).await;
        assert!(matches!(theirs, Err(Error::NotFound)));
        queue.store.write(queue.meridian.clone(), move |tx| jobs::retry(tx, id)).await.unwrap();
        let again = queue.store.write(queue.meridian.clone(), move |tx| jobs::retry(tx, id)).await;
        assert!(matches!(again, Err(Error::NotFound)), "it is not parked any more");
        let job = queue.claim(LEASE).await.unwrap();
        assert_eq!((job.id, job.attempts), (id, 1));
    }

    /// The first who dies of it is followed at once, the others after longer and longer waits.
    async fn a_job_that_kills_its_workers_waits_longer_each_time_and_is_parked_too(queue: Queue) {
        queue.add(&queue.meridian, numbered(1)).await;
        let mut waits = Vec::new();
        for attempt in 1..=ATTEMPTS {
            let job = queue.claim(OVER).await.unwrap();
            assert_eq!(job.attempts, attempt);
            let next = queue.value("SELECT run_at AS value FROM jobs");
            let next: NaiveDateTime = next.get(..19).unwrap().replace(' ', "T").parse().unwrap();
            let wait = next - queue.clock.now();
            if wait > TimeDelta::zero() {
                queue.clock.move_to(next.and_utc() - TimeDelta::seconds(1));
                assert!(queue.claim(OVER).await.is_none(), "not a second early");
            }
            waits.push(wait.num_seconds());
            queue.clock.move_to(next.and_utc());
        }
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 640]);
        queue.add(&queue.meridian, ["another".to_owned()]).await;
        let next = queue.claim(LEASE).await.unwrap();
        assert_eq!(next.attempts, 1, "the other job is not held up");
        let parked = queue.store.read(queue.meridian.clone(), jobs::parked).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert!(parked[0].last_error.as_deref().unwrap().contains("stopped without an answer"));
    }

    async fn a_job_that_gets_on_does_not_wait_after_a_death(queue: Queue) {
        queue.add(&queue.meridian, numbered(1)).await;
        for _ in 0..2 * ATTEMPTS {
            let job = queue.claim(OVER).await.unwrap();
            let job = queue.store.write(queue.meridian.clone(), move |tx| jobs::moved_on(tx, &job).map(|()| job.clone()));
            assert!(job.await.unwrap().attempts <= 1, "what it got done is forgotten");
        }
    }

    async fn a_tenant_with_many_jobs_does_not_hold_up_another(queue: Queue) {
        queue.add(&queue.meridian, numbered(50)).await;
        queue.clock.move_to(instant("2026-10-01T07:00:00Z"));
        queue.add(&queue.rival, numbered(3)).await;
        let mut turns = Turns::default();
        let mut slugs = Vec::new();
        for _ in 0..8 {
            let (scope, _) = queue.store.claim_next(&mut turns, LEASE).await.unwrap().unwrap();
            let rivals = lobby::tenant_of(&scope) == lobby::tenant_of(&queue.rival);
            slugs.push(if rivals { 'r' } else { 'm' });
        }
        assert_eq!(slugs, ['m', 'r', 'm', 'r', 'm', 'r', 'm', 'm']);
    }

    async fn a_job_is_not_due_before_its_time_and_is_its_tenants_alone(queue: Queue) {
        let later = queue.store.now() + TimeDelta::hours(1);
        queue.store.write(queue.rival.clone(), move |tx| add_job(tx, "later", later)).await.unwrap();
        let mut turns = Turns::default();
        assert!(queue.store.claim_next(&mut turns, LEASE).await.unwrap().is_none());
        queue.clock.move_to(instant("2026-10-01T07:00:00Z"));
        assert!(queue.claim(LEASE).await.is_none(), "it is not Meridian's");
        let (scope, job) = queue.store.claim_next(&mut turns, LEASE).await.unwrap().unwrap();
        assert_eq!(lobby::tenant_of(&scope), lobby::tenant_of(&queue.rival));
        // Its token is worth nothing in another tenant's hands.
        assert!(is_overtaken(queue.finish(&job).await));
        assert!(queue.store.claim_next(&mut turns, LEASE).await.unwrap().is_none(), "it is leased");
    }

    async fn the_same_job_is_not_queued_twice(queue: Queue) {
        queue.add(&queue.meridian, numbered(1)).await;
        queue.add(&queue.rival, numbered(1)).await;
        let (here, there) = queue.store.read(queue.meridian.clone(), |tx| {
            Ok((jobs::waits(tx, "job 0")?, jobs::waits(tx, "job 1")?))
        }).await.unwrap();
        assert_eq!((here, there), (true, false));
        let twice = queue.store.write(queue.meridian.clone(), |tx| {
            let run_at = tx.now();
            add_job(tx, "job 0", run_at)
        }).await;
        assert!(matches!(twice, Err(Error::Unexpected(_))), "its natural key refuses it");
        // Once it is done it may come again.
        let job = queue.claim(LEASE).await.unwrap();
        queue.finish(&job).await.unwrap();
        queue.add(&queue.meridian, numbered(1)).await;
    }

    async fn what_caused_a_job_and_the_job_happen_together_or_not_at_all(queue: Queue) {
        let failed = queue.store.write(queue.meridian.clone(), |tx| {
            let run_at = tx.now();
            add_job(tx, "job 0", run_at)?;
            Err::<(), _>(Error::conflict("the world is not as it should be"))
        }).await;
        assert!(failed.is_err());
        assert!(queue.claim(LEASE).await.is_none());
    }
}
