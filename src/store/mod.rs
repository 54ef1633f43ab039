//! The only place that speaks SQL. A [`Store`] hands out transactions held to a scope.
#[cfg(test)]
mod attacks;
mod columns;
#[expect(
    clippy::disallowed_types,
    reason = "the derive for two databases names every type they can bind"
)]
mod conn;
pub mod control;
mod days;
mod fence;
mod names;
mod schema;
mod scope;
mod tables;
mod tx;

pub mod account;
pub mod catalogue;
pub mod counters;
#[expect(
    clippy::disallowed_methods,
    reason = "it copies rows between tables of its own, for a measurement; no tenant's row leaves it"
)]
pub mod floor;
pub mod imports;
pub mod incentivize;
pub mod jobs;
pub mod lobby;
pub mod paging;
pub mod platform;
pub mod recruit;
pub mod registers;
pub mod revenue;
pub mod sell;

use chrono::NaiveDateTime;
use diesel::{backend::Backend, connection::SimpleConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use fence::Rule;

pub use conn::{Conn, DatabaseUrl};
pub use names::name_key;
pub use platform::Platform;
pub use scope::{Actor, PartnerScope, Scope, VendorScope};
pub use tx::{Scoped, Tx, Visible};

use crate::{Error, Result, clock::Clock, id::Mint};
use conn::Pool;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// An arbitrary number that all instances agree on: who holds it migrates.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_lock(7305213401)";
const MIGRATION_UNLOCK: &str = "SELECT pg_advisory_unlock(7305213401)";

/// The database, behind its door.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    clock: Clock,
    mint: Mint,
}

impl Store {
    /// Opens a database whose schema is up to date; brings it up to date first.
    ///
    /// # Errors
    /// When the database refuses or a migration fails.
    pub fn open(url: &DatabaseUrl, clock: Clock) -> Result<Self> {
        Self::open_with(url, clock, None)
    }

    /// As [`open`](Self::open), with ids from a mint of the caller's, for content that must be the
    /// same on every run.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(url: &DatabaseUrl, clock: Clock, mint: Option<Mint>) -> Result<Self> {
        let pool = conn::pool(url, 8)?;
        let mut conn = pool.get().map_err(|_| Error::Busy)?;
        migrate(&mut conn)?;
        let instance = take_instance_number(&mut conn)?;
        drop(conn);
        let mint = mint.unwrap_or_else(|| Mint::following_the_clock(instance));
        Ok(Self { pool, clock, mint })
    }

    /// The present instant, UTC.
    pub fn now(&self) -> NaiveDateTime {
        self.clock.now()
    }
    /// The clock that all transactions read.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Runs `work` in one transaction, for one scope, at one instant. Nothing can be written.
    ///
    /// # Errors
    /// Those of `work`, [`Error::Busy`], and faults of the database.
    pub async fn read<S: Scope, T: Send + 'static>(
        &self,
        scope: S,
        work: impl FnOnce(&mut Tx<'_, S>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        blocking(move || store.read_now(scope, work)).await
    }

    /// As [`read`](Self::read), and may write; all of it happens, or none. `work` may be run again
    /// from the start, so it does nothing outside the transaction.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn write<S: Scope, T: Send + 'static>(
        &self,
        scope: S,
        work: impl Fn(&mut Tx<'_, S>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        blocking(move || store.write_now(scope, work)).await
    }

    /// [`read`](Self::read) on the calling thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_now<S: Scope, T>(
        &self,
        scope: S,
        work: impl FnOnce(&mut Tx<'_, S>) -> Result<T>,
    ) -> Result<T> {
        let (now, mint) = (self.clock.now(), self.mint.clone());
        self.with(|conn| conn::read(conn, |conn| work(&mut Tx::new(conn, scope, now, mint))))
    }

    /// [`write`](Self::write) on the calling thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn write_now<S: Scope, T>(
        &self,
        scope: S,
        work: impl Fn(&mut Tx<'_, S>) -> Result<T>,
    ) -> Result<T> {
        let now = self.clock.now();
        self.with(|conn| {
            conn::write(conn, |conn| {
                work(&mut Tx::new(conn, scope.clone(), now, self.mint.clone()))
            })
        })
    }

    /// What a [`write`](Self::write) would come to: `work` runs in the same way, its result is
    /// given, and nothing of it is kept.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn rehearse<S: Scope, T: Send + 'static>(
        &self,
        scope: S,
        work: impl Fn(&mut Tx<'_, S>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        blocking(move || {
            let found = std::cell::RefCell::new(None);
            let refused = store.write_now(scope, |tx| {
                // Of an attempt that was refused nothing counts.
                found.replace(None);
                found.replace(Some(work(tx)?));
                Err::<(), _>(crate::Error::conflict("only rehearsed"))
            });
            match (found.into_inner(), refused) {
                (Some(found), _) => Ok(found),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => Err(crate::Error::fault("a rehearsal was kept")),
            }
        })
        .await
    }

    /// For the queue's claims alone: of two that race for a row, one finds its guard gone.
    pub(crate) fn guarded<S: Scope, T>(
        &self,
        scope: S,
        work: impl FnOnce(&mut Tx<'_, S>) -> Result<T>,
    ) -> Result<T> {
        let (now, mint) = (self.clock.now(), self.mint.clone());
        self.with(|conn| conn::guarded(conn, |conn| work(&mut Tx::new(conn, scope, now, mint))))
    }

    /// Before anyone is let in: only what belongs to no tenant, and only reading.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn lobby<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut lobby::Lobby<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        blocking(move || store.lobby_now(work)).await
    }

    /// [`lobby`](Self::lobby) on the calling thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn lobby_now<T>(&self, work: impl FnOnce(&mut lobby::Lobby<'_>) -> Result<T>) -> Result<T> {
        let (now, mint) = (self.clock.now(), self.mint.clone());
        self.with(|conn| conn::read(conn, |conn| work(&mut lobby::Lobby::new(conn, now, mint))))
    }

    /// As [`lobby`](Self::lobby), and may write: sessions, invitations, tokens, the first vendor.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn lobby_write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut lobby::Lobby<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        blocking(move || store.lobby_write_now(work)).await
    }

    /// [`lobby_write`](Self::lobby_write) on the calling thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn lobby_write_now<T>(
        &self,
        work: impl Fn(&mut lobby::Lobby<'_>) -> Result<T>,
    ) -> Result<T> {
        let now = self.clock.now();
        self.with(|conn| {
            conn::write(conn, |conn| {
                work(&mut lobby::Lobby::new(conn, now, self.mint.clone()))
            })
        })
    }

    /// Has SQLite look at how its tables are filled, at a thousand entries of each index at most;
    /// without it takes the rows of one tenant for a few, and reads all of them in the order that is
    /// asked for rather than those that are wanted. PostgreSQL does so by itself.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn take_stock(&self) -> Result<()> {
        let store = self.clone();
        blocking(move || store.with(conn::take_stock)).await
    }

    fn with<T>(&self, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
        let mut conn = self.pool.get().map_err(|_| Error::Busy)?;
        let done = work(&mut conn);
        Rule::Nobody.hold(&mut conn);
        done
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| anyhow::Error::new(e).context("database task"))?
}

/// Several instances may start at once: one migrates, the others wait and find nothing to do.
fn migrate(conn: &mut Conn) -> Result<()> {
    Rule::Migrations.hold(conn);
    let done = match conn {
        Conn::Postgres(conn) => {
            conn.batch_execute(MIGRATION_LOCK)?;
            let done = run(conn);
            conn.batch_execute(MIGRATION_UNLOCK)?;
            done
        }
        // The write lock is taken at once, by the transaction manager, which then makes savepoints
        // of the migrations' own transactions.
        Conn::Sqlite(_) => conn::guarded(conn, |conn| match conn {
            Conn::Sqlite(conn) => run(conn),
            Conn::Postgres(_) => Ok(()),
        }),
    };
    Rule::Nobody.hold(conn);
    done
}

fn run<DB: Backend>(conn: &mut impl MigrationHarness<DB>) -> Result<()> {
    conn.run_pending_migrations(MIGRATIONS)
        .map(drop)
        .map_err(|e| Error::fault(format!("migrations: {e}")))
}

fn take_instance_number(conn: &mut Conn) -> Result<u64> {
    conn::guarded(conn, lobby::next_instance)
}
