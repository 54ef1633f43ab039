use super::{Databases, Kind, Server, TestDatabase, connect};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use std::sync::atomic::{AtomicU32, Ordering};

static FILLED: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

on_both! {
    async fn a_copy_holds_what_was_filled_in_once_and_its_changes_stay_its_own(empty: TestDatabase) {
        let kind = empty.kind();
        let copy = || TestDatabase::copy_of(kind, "numbers", |url| fill(kind, url));
        let (one, two) = (copy(), copy());
        assert_ne!(one.url(), two.url());
        for copy in [&one, &two] {
            copy.sql("INSERT INTO numbers (n) SELECT n + 1 FROM numbers");
        }
        assert_eq!(FILLED[kind as usize].load(Ordering::Relaxed), 1);
        empty.sql("CREATE TABLE numbers (n BIGINT)");
    }
}

/// Fills a template as an application would, pool, WAL and all.
fn fill(kind: Kind, url: &str) {
    FILLED[kind as usize].fetch_add(1, Ordering::Relaxed);
    let sql = "CREATE TABLE numbers (n BIGINT PRIMARY KEY); INSERT INTO numbers (n) VALUES (1)";
    if kind == Kind::Postgres {
        return connect(url).batch_execute(sql).unwrap();
    }
    let mut conn = SqliteConnection::establish(url).unwrap();
    conn.batch_execute("PRAGMA journal_mode = WAL").unwrap();
    conn.batch_execute(sql).unwrap();
}

#[test]
fn a_database_is_gone_when_its_test_is() {
    for kind in Databases::each() {
        let database = TestDatabase::fresh(kind);
        database.sql("CREATE TABLE t (n BIGINT)");
        if let Some(file) = database.file() {
            assert!(file.exists());
            drop(database);
            assert!(!file.exists());
            continue;
        }
        let name = database.url().rsplit('/').next().unwrap().to_owned();
        let _in_use = connect(database.url());
        assert!(databases().contains(&name));
        drop(database);
        assert!(!databases().contains(&name));
    }
}

#[test]
fn what_dead_runs_left_is_swept() {
    if !Kind::Postgres.is_here() {
        return;
    }
    let (alive, server) = (TestDatabase::fresh(Kind::Postgres), Server::here());
    let left = server.run.replace("perennial_test_", "perennial_test_dead") + "_1";
    server.run(&format!("CREATE DATABASE \"{left}\" TEMPLATE template0"));
    server.sweep();
    assert!(!databases().contains(&left));
    alive.sql("SELECT 1");
}

fn databases() -> Vec<String> {
    Server::here().names("SELECT datname::text AS name FROM pg_database")
}
