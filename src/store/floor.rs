//! The floor under a month's work: how long the database takes to set in the same rows, of the
//! same width and with the same indexes, and to change the same columns of as many rows, when
//! nothing is reckoned and nothing is looked up. For measuring alone; it copies rows between tables
//! of its own and hands none out.
use std::time::{Duration, Instant};

use diesel::{connection::SimpleConnection, prelude::*, sql_types::Text};

use super::{Conn, Store, conn::take_stock, fence::Rule};
use crate::{Error, Result};

/// The tables that a month's work adds to.
const WRITTEN: &[&str] = &[
    "invoices",
    "invoice_lines",
    "charge_segments",
    "payments",
    "payment_allocations",
    "customer_credits",
    "commission_entries",
    "statements",
    "statement_lines",
    "payouts",
    "mails",
    "jobs",
    "audit_events",
];

/// The table that a month's work only changes.
const BEFORE: &str = "subscriptions";

/// What a month's work changes of rows that are there already. Here it is undone: the way back
/// touches the same rows, columns and indexes.
const CHANGED: &[(&str, &str)] = &[
    (
        "subscriptions",
        "SET billed_periods = 0, next_bill_on = starts_on, status = status
        WHERE billed_periods > 0",
    ),
    (
        "invoices",
        "SET paid_minor = 0, refunded_minor = 0, credited_minor = 0, reduced_minor = 0,
        protected_moved_minor = 0, status = 'open' WHERE paid_minor > 0",
    ),
    (
        "invoice_lines",
        "SET credited_net_minor = 0, protected_net_minor = 0, commission_minor = 0
        WHERE commission_minor > 0",
    ),
    (
        "statements",
        "SET status = 'staged' WHERE status = 'closed'",
    ),
];

/// What was set in, and changed.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// How many rows were set in.
    pub rows: usize,
    /// How long that took, up to the commit.
    pub took: Duration,
    /// How many rows were changed.
    pub changed: usize,
    /// How long that took, up to the commit.
    pub changing: Duration,
}

/// A place in the order of ids: rows made later have larger ones.
pub fn mark(store: &Store) -> i64 {
    store.mint.next::<()>().number()
}

/// Lets the database finish what it put off, so that it does not count against what comes next.
///
/// # Errors
/// Faults of the database.
pub fn settle(store: &Store) -> Result<()> {
    store.with(|conn| {
        Rule::Migrations.hold(conn);
        match conn {
            Conn::Sqlite(sqlite) => {
                sqlite.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
                take_stock(conn)?;
            }
            Conn::Postgres(conn) => conn.batch_execute("ANALYZE; CHECKPOINT")?,
        }
        Ok(())
    })
}

/// Sets the rows made after a mark into empty tables of the same shape, in one transaction, one
/// statement for each table; changes what the month changes of rows, in another; then takes the
/// tables away again. They have the same keys, indexes and references, so the floor is what the
/// rows cost whoever writes them.
///
/// # Errors
/// Faults of the database.
pub fn lay(store: &Store, mark: i64) -> Result<Floor> {
    settle(store)?;
    store.with(|conn| {
        Rule::Migrations.hold(conn);
        for table in WRITTEN {
            shape(conn, table)?;
        }
        // What was there before the month is no work of it.
        shape(conn, BEFORE)?;
        execute(
            conn,
            &format!("INSERT INTO floor_{BEFORE} SELECT * FROM {BEFORE}"),
        )?;
        let (rows, took) = together(conn, |conn| copy(conn, mark))?;
        let (changed, changing) = together(conn, change)?;
        for table in WRITTEN.iter().chain([&BEFORE]) {
            run(conn, &format!("DROP TABLE floor_{table}"))?;
        }
        Ok(Floor {
            rows,
            took,
            changed,
            changing,
        })
    })
}

fn run(conn: &mut Conn, sql: &str) -> Result<()> {
    conn.batch_execute(sql)?;
    Ok(())
}

fn execute(conn: &mut Conn, sql: &str) -> Result<usize> {
    Ok(diesel::sql_query(sql).execute(conn)?)
}

/// Some work in one transaction, and how long it takes.
fn together(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Result<usize>,
) -> Result<(usize, Duration)> {
    let began = Instant::now();
    run(conn, "BEGIN")?;
    let rows = work(conn)?;
    run(conn, "COMMIT")?;
    Ok((rows, began.elapsed()))
}

fn copy(conn: &mut Conn, mark: i64) -> Result<usize> {
    let set = |table: &&str| {
        let rows = format!("SELECT * FROM {table} WHERE id > {mark}");
        execute(conn, &format!("INSERT INTO floor_{table} {rows}"))
    };
    WRITTEN.iter().map(set).sum()
}

fn change(conn: &mut Conn) -> Result<usize> {
    let undo = |(table, set): &(&str, &str)| execute(conn, &format!("UPDATE floor_{table} {set}"));
    CHANGED.iter().map(undo).sum()
}

#[derive(QueryableByName)]
struct Shape {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// LIKE takes no references along.
fn references(conn: &mut Conn, table: &str) -> Result<()> {
    let ask = "SELECT pg_get_constraintdef(oid) AS sql FROM pg_constraint WHERE contype = 'f'";
    let ask = format!("{ask} AND conrelid = '{table}'::regclass");
    let found: Vec<Shape> = diesel::sql_query(ask).load(conn)?;
    for Shape { sql } in found {
        run(conn, &format!("ALTER TABLE floor_{table} ADD {sql}"))?;
    }
    Ok(())
}

fn shape(conn: &mut Conn, table: &str) -> Result<()> {
    if matches!(conn, Conn::Postgres(_)) {
        let sql = format!("CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)");
        run(conn, &sql)?;
        return references(conn, table);
    }
    let ask = "SELECT sql FROM sqlite_master WHERE tbl_name = '";
    let ask = format!("{ask}{table}' AND sql IS NOT NULL ORDER BY type DESC");
    let shapes: Vec<Shape> = diesel::sql_query(ask).load(conn)?;
    for (place, shape) in shapes.iter().enumerate() {
        let (head, rest) = shape
            .sql
            .split_once('(')
            .ok_or_else(|| Error::fault("a table without columns"))?;
        let sql = match (head.contains("INDEX"), head.contains("UNIQUE")) {
            (false, _) => format!("CREATE TABLE floor_{table} ({rest}"),
            (true, false) => format!("CREATE INDEX floor_{table}_{place} ON floor_{table} ({rest}"),
            (true, true) => {
                format!("CREATE UNIQUE INDEX floor_{table}_{place} ON floor_{table} ({rest}")
            }
        };
        run(conn, &sql)?;
    }
    Ok(())
}
