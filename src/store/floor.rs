//! The floor under a month's work: how long the database takes to set in the same rows, of the
//! same width and with the same indexes, when nothing is reckoned and nothing is looked up. For
//! measuring alone; it copies rows between tables of its own and hands none out.
use std::time::{Duration, Instant};

use diesel::{connection::SimpleConnection, prelude::*, sql_types::Text};

use super::{Conn, Store, fence::Rule};
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

/// What was set in.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    /// How many rows.
    pub rows: usize,
    /// How long it took, up to the commit.
    pub took: Duration,
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
            Conn::Sqlite(conn) => conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?,
            Conn::Postgres(conn) => conn.batch_execute("ANALYZE; CHECKPOINT")?,
        }
        Ok(())
    })
}

/// Sets the rows made after a mark into empty tables of the same shape, in one transaction, one
/// statement for each table; then takes those away again. The tables have the same keys, indexes
/// and references, so the floor is what the rows cost whoever writes them.
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
        let began = Instant::now();
        let rows = copy(conn, mark)?;
        let took = began.elapsed();
        for table in WRITTEN {
            run(conn, &format!("DROP TABLE floor_{table}"))?;
        }
        Ok(Floor { rows, took })
    })
}

fn run(conn: &mut Conn, sql: &str) -> Result<()> {
    conn.batch_execute(sql)?;
    Ok(())
}

fn copy(conn: &mut Conn, mark: i64) -> Result<usize> {
    run(conn, "BEGIN")?;
    let mut rows = 0;
    for table in WRITTEN {
        let sql = format!("INSERT INTO floor_{table} SELECT * FROM {table} WHERE id > {mark}");
        rows += diesel::sql_query(sql).execute(conn)?;
    }
    run(conn, "COMMIT")?;
    Ok(rows)
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
