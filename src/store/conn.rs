//! Connections: which database a URL means, the pool, and the three kinds of transaction.
use std::{str::FromStr, time::Duration};

use chrono::NaiveDateTime;
use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    pg::PgConnection,
    prelude::*,
    query_dsl::LoadQuery,
    r2d2::{self, R2D2Connection},
    result::DatabaseErrorKind,
    sql_types::Timestamp,
    sqlite::SqliteConnection,
};

use super::fence::Rule;
use crate::{Error, Result};

/// Either database, chosen by the URL.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL 15 or later.
    Postgres(PgConnection),
    /// The embedded database.
    Sqlite(SqliteConnection),
}

/// Where the data is: `DATABASE_URL`, read once and strictly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `postgres://…` or `postgresql://…`.
    Postgres(String),
    /// A path, or `sqlite:` and a path.
    Sqlite(String),
}

/// Said of a `DATABASE_URL` that is neither.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL: give a file path, sqlite:PATH or postgres://USER@HOST/NAME")]
pub struct BadDatabaseUrl;

impl FromStr for DatabaseUrl {
    type Err = BadDatabaseUrl;
    fn from_str(text: &str) -> Result<Self, BadDatabaseUrl> {
        let text = text.trim();
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").unwrap_or(text);
        let path = path.strip_prefix("//").unwrap_or(path);
        // `host=… dbname=…` or `mysql://…` would otherwise become a file of that name.
        if path.is_empty() || path.contains("://") || path.contains('=') || path.contains('\0') {
            return Err(BadDatabaseUrl);
        }
        Ok(Self::Sqlite(path.to_owned()))
    }
}

/// Makes and checks connections for the pool.
pub struct Manager(pub DatabaseUrl);
/// Connections that are kept open.
pub type Pool = r2d2::Pool<Manager>;

/// What stands in the way of a connection.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// The database refused.
    #[error("the database cannot be opened: {0}")]
    Refused(#[from] ConnectionError),
    /// The connection could not be set up.
    #[error("the database cannot be set up: {0}")]
    SetUp(#[from] diesel::result::Error),
}

impl r2d2::ManageConnection for Manager {
    type Connection = Conn;
    type Error = NoConnection;
    fn connect(&self) -> Result<Conn, NoConnection> {
        connect(&self.0)
    }
    fn is_valid(&self, conn: &mut Conn) -> Result<(), NoConnection> {
        Rule::Nobody.hold(conn);
        // A plan made while a table was small would go on looking through all of it once it is
        // large; let go of here, it is made again for the size that the table has by now.
        conn.batch_execute(match conn {
            Conn::Postgres(_) => "DISCARD PLANS",
            Conn::Sqlite(_) => "SELECT 1",
        })?;
        Ok(())
    }
    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

/// One connection, set up the way all are: on SQLite WAL, FULL durability and enforced keys.
pub fn connect(url: &DatabaseUrl) -> Result<Conn, NoConnection> {
    let mut conn = match url {
        DatabaseUrl::Postgres(url) => Conn::Postgres(PgConnection::establish(url)?),
        DatabaseUrl::Sqlite(path) => Conn::Sqlite(SqliteConnection::establish(path)?),
    };
    Rule::Nobody.hold(&mut conn);
    if let Conn::Sqlite(sqlite) = &mut conn {
        set_up(sqlite)?;
    }
    Ok(conn)
}

/// Two that turn the same new file to WAL are in each other's way, and SQLite itself does not wait
/// for that. What undoes a statement is kept in memory: a batch of rows touches more pages than
/// SQLite keeps there by itself, and a file for every batch costs more than its rows.
fn set_up(sqlite: &mut SqliteConnection) -> Result<(), diesel::result::Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let done = sqlite.batch_execute(
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON; PRAGMA cache_size = -32000;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY;",
        );
        match done {
            Err(error) if tries < TRIES && error.to_string().contains("locked") => {
                std::thread::sleep(PAUSE * tries * tries);
            }
            done => return done,
        }
    }
}

/// Counts, roughly, how many rows share what an index finds them by.
pub fn take_stock(conn: &mut Conn) -> Result<()> {
    Rule::Migrations.hold(conn);
    if let Conn::Sqlite(conn) = conn {
        conn.batch_execute("PRAGMA analysis_limit = 1000; ANALYZE;")?;
    }
    Ok(())
}

/// A pool of `size` connections; a caller waits two seconds at most for one.
pub fn pool(url: &DatabaseUrl, size: u32) -> Result<Pool> {
    // The first connection is made here, so that a refusal is told as it is.
    drop(connect(url).map_err(anyhow::Error::new)?);
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        .test_on_check_out(matches!(url, DatabaseUrl::Postgres(_)))
        .connection_timeout(Duration::from_secs(2))
        .build(Manager(url.clone()))
        .map_err(|e| Error::Unexpected(anyhow::Error::new(e).context("connection pool")))
}

type Transactions = <Conn as Connection>::TransactionManager;

/// How often a transaction is begun again because another got in its way.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(4);

/// A transaction that may write, as if it were alone.
///
/// SQLite takes its one write lock at once. PostgreSQL is asked for `SERIALIZABLE`: under its
/// default a sum and the rows it pays for may come from two different moments. It may then have
/// to refuse a transaction; that one is run again.
pub fn write<T>(conn: &mut Conn, work: impl Fn(&mut Conn) -> Result<T>) -> Result<T> {
    let mut tries = 0;
    loop {
        tries += 1;
        let done = begin(conn, "BEGIN ISOLATION LEVEL SERIALIZABLE")
            .and_then(|()| finish(guard(|| work(conn)), conn));
        match done {
            Err(error) if tries < TRIES && in_the_way(&error) => {
                std::thread::sleep(PAUSE * tries * tries);
            }
            done => return done,
        }
    }
}

/// A panic inside a transaction must not leave it open on a pooled connection: it is a fault
/// like any other, rolled back and told.
fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(Error::fault(said.unwrap_or_else(|| "a panic".to_owned())))
    })
}

fn begin(conn: &mut Conn, postgres: &str) -> Result<()> {
    match conn {
        Conn::Sqlite(conn) => {
            AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?;
        }
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres)?,
    }
    Ok(())
}

fn in_the_way(error: &Error) -> bool {
    let Error::Unexpected(error) = error else {
        return false;
    };
    error.chain().any(|cause| match cause.downcast_ref() {
        Some(diesel::result::Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => {
            true
        }
        Some(diesel::result::Error::DatabaseError(_, told)) => {
            let told = told.message();
            told.contains("deadlock detected") || told.contains("database is locked")
        }
        _ => false,
    })
}

/// A transaction for guarded updates, such as a job's claim: of two that race for a row the
/// later one finds that its guard no longer holds, touches nothing, and goes on.
pub fn guarded<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    begin(conn, "BEGIN ISOLATION LEVEL READ COMMITTED")?;
    finish(guard(|| work(conn)), conn)
}

/// A transaction in which the database itself refuses every write.
pub fn read<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    // Also when it could not begin: a pooled connection left refusing writes would refuse others'.
    let done = only_read(conn, true).and_then(|()| finish(guard(|| work(conn)), conn));
    only_read(conn, false)?;
    done
}

fn only_read(conn: &mut Conn, on: bool) -> Result<()> {
    match (conn, on) {
        (Conn::Sqlite(conn), true) => {
            conn.batch_execute("PRAGMA query_only = ON")?;
            AnsiTransactionManager::begin_transaction(conn)?;
        }
        (Conn::Sqlite(conn), false) => conn.batch_execute("PRAGMA query_only = OFF")?,
        (Conn::Postgres(conn), true) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
        (Conn::Postgres(_), false) => {}
    }
    Ok(())
}

fn finish<T>(done: Result<T>, conn: &mut Conn) -> Result<T> {
    match done {
        Ok(done) => Transactions::commit_transaction(conn)
            .map(|()| done)
            .map_err(Into::into),
        // A full disk has rolled back already; the cause is what the caller must hear.
        Err(error) => {
            let _ = Transactions::rollback_transaction(conn);
            Err(error)
        }
    }
}

/// The instant leases are measured by: PostgreSQL's own, which several machines share; on SQLite
/// the caller's.
pub fn now(conn: &mut Conn, callers: NaiveDateTime) -> Result<NaiveDateTime> {
    let Conn::Postgres(conn) = conn else {
        return Ok(callers);
    };
    let ask = diesel::sql_query("SELECT clock_timestamp() AT TIME ZONE 'UTC' AS now");
    let rows = LoadQuery::<PgConnection, Instant>::internal_load(ask, conn)?;
    let instant = rows.collect::<QueryResult<Vec<_>>>()?;
    Ok(instant.first().map_or(callers, |instant| instant.now))
}

#[derive(QueryableByName)]
struct Instant {
    #[diesel(sql_type = Timestamp)]
    now: NaiveDateTime,
}
