//! A database of its own for every test, on SQLite and, where a server is named, on PostgreSQL.
//!
//! `TEST_DATABASE_URL` names the server, such as `postgres://user@127.0.0.1:5432/postgres`.
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
    sync::{
        Arc, LazyLock, Mutex, Once, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, connection::SimpleConnection, pg::PgConnection,
    sql_query, sql_types::Text, sqlite::SqliteConnection,
};
use reqwest::Url;
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The databases of this run.
pub struct Databases;

impl Databases {
    /// SQLite always, PostgreSQL where a server is named.
    pub fn each() -> Vec<Kind> {
        let kinds = [Kind::Sqlite, Kind::Postgres];
        kinds.into_iter().filter(|kind| kind.is_here()).collect()
    }
}

impl Kind {
    /// Whether tests can run on it. Says once what is not run.
    ///
    /// # Panics
    /// When PostgreSQL is missing and `REQUIRE_POSTGRES=1` says that it must not be.
    pub fn is_here(self) -> bool {
        static SAID: Once = Once::new();
        if self == Self::Sqlite || SERVER.is_some() {
            return true;
        }
        let required = std::env::var("REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "REQUIRE_POSTGRES=1, but TEST_DATABASE_URL is not set"
        );
        SAID.call_once(|| super::say("PostgreSQL leg not run: TEST_DATABASE_URL is not set"));
        false
    }
}

/// A database that is gone when this is dropped.
pub struct TestDatabase {
    kind: Kind,
    url: String,
    place: Place,
}

const FILE: &str = "perennial.db";

enum Place {
    /// The folder goes with the database, its journal and all.
    Folder(TempDir),
    Server(String),
}

impl TestDatabase {
    /// An empty database. What `on_both!` makes for a test that asks for a database.
    pub async fn on(kind: Kind) -> Self {
        Self::fresh(kind)
    }

    /// An empty database.
    pub fn fresh(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::file_with(None),
            Kind::Postgres => Self::database_like("template0"),
        }
    }

    /// A copy of the database that `fill` made, given its address, when it was first asked for under this name.
    ///
    /// `fill` runs once per process and database kind, on a thread of its own where it may start a
    /// runtime, and must have closed its connections when it returns.
    pub fn copy_of(kind: Kind, name: &'static str, fill: impl FnOnce(&str) + Send) -> Self {
        let cell = Arc::clone(TEMPLATES.lock().unwrap().entry((kind, name)).or_default());
        let template = cell.get_or_init(|| {
            let database = Self::fresh(kind);
            std::thread::scope(|scope| scope.spawn(|| fill(&database.url)).join())
                .unwrap_or_else(|cause| std::panic::resume_unwind(cause));
            database.into_template()
        });
        template.copy()
    }

    /// What `DATABASE_URL` would say: a path, or a postgres: address.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The database's file, on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path().join(FILE)),
            Place::Server(_) => None,
        }
    }

    /// Plain SQL, as another process would run it.
    ///
    /// # Panics
    /// When the database refuses it.
    pub fn sql(&self, sql: &str) {
        match self.kind {
            Kind::Sqlite => {
                let mut conn = SqliteConnection::establish(&self.url).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
                conn.batch_execute(sql).unwrap();
            }
            Kind::Postgres => connect(&self.url).batch_execute(sql).unwrap(),
        }
    }

    fn file_with(content: Option<&[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        Self {
            kind: Kind::Sqlite,
            url: path.to_str().unwrap().to_owned(),
            place: Place::Folder(folder),
        }
    }

    fn database_like(source: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = Server::here();
        let name = format!("{}_{}", server.run, NEXT.fetch_add(1, Ordering::Relaxed));
        server.run(&format!(
            "CREATE DATABASE \"{name}\" TEMPLATE \"{source}\" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        ));
        Self {
            kind: Kind::Postgres,
            url: server.url_of(&name),
            place: Place::Server(name),
        }
    }

    fn into_template(self) -> Template {
        if let Place::Server(name) = &self.place {
            // A pool on another thread may be a moment late to let go, and a template may have no reader.
            let ending = format!(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            Server::here().run(&ending);
            return Template::Database(self);
        }
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)");
        let log = std::fs::metadata(format!("{}-wal", self.url));
        let left = log.map_or(0, |log| log.len());
        assert_eq!(left, 0, "what filled the template still holds it open");
        Template::File(std::fs::read(&self.url).unwrap())
    }
}

/// A filled database, fit to be copied. A file is kept as its bytes, so that nothing stays on the disk.
enum Template {
    File(Vec<u8>),
    Database(TestDatabase),
}

impl Template {
    fn copy(&self) -> TestDatabase {
        match self {
            Self::File(content) => TestDatabase::file_with(Some(content)),
            Self::Database(database) => match &database.place {
                Place::Server(name) => TestDatabase::database_like(name),
                Place::Folder(_) => unreachable!("a file is kept as its bytes"),
            },
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::Server(name) = &self.place {
            // The next run sweeps what this one could not drop.
            let _ = Server::here().try_run(&drop_of(name));
        }
    }
}

type Templates = HashMap<(Kind, &'static str), Arc<OnceLock<Template>>>;

static TEMPLATES: LazyLock<Mutex<Templates>> = LazyLock::new(Mutex::default);
static SERVER: LazyLock<Option<Server>> =
    LazyLock::new(|| Some(Server::reached(&std::env::var("TEST_DATABASE_URL").ok()?)));

/// The PostgreSQL server of this run, and the one connection that makes and drops databases.
///
/// Statics are never dropped, so a run leaves its templates behind, and a killed one more. Each run
/// bears a name on its connection; the next drops whatever bears the name of nobody connected.
struct Server {
    url: Url,
    run: String,
    conn: Mutex<PgConnection>,
}

impl Server {
    fn here() -> &'static Self {
        SERVER.as_ref().expect("TEST_DATABASE_URL is not set")
    }

    fn reached(url: &str) -> Self {
        let parsed = url
            .parse()
            .unwrap_or_else(|problem| panic!("TEST_DATABASE_URL: {problem}"));
        let run = format!(
            "perennial_test_{:x}",
            RandomState::new().build_hasher().finish()
        );
        let server = Self {
            url: parsed,
            conn: Mutex::new(connect(url)),
            run,
        };
        server.run(&format!("SET application_name = '{}'", server.run));
        server.sweep();
        server
    }

    fn url_of(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.to_string()
    }

    fn run(&self, sql: &str) {
        self.try_run(sql)
            .unwrap_or_else(|problem| panic!("{sql}: {problem}"));
    }

    fn try_run(&self, sql: &str) -> diesel::QueryResult<()> {
        self.conn.lock().unwrap().batch_execute(sql)
    }

    /// Drops what runs that are over have left.
    fn sweep(&self) {
        for name in self.names(LEFT_BEHIND) {
            // Another run may be sweeping too.
            let _ = self.try_run(&drop_of(&name));
        }
    }

    #[expect(clippy::disallowed_methods, reason = "asks the server, not a tenant")]
    fn names(&self, sql: &str) -> Vec<String> {
        let rows: Vec<Name> = sql_query(sql)
            .load(&mut *self.conn.lock().unwrap())
            .unwrap();
        rows.into_iter().map(|row| row.name).collect()
    }
}

const LEFT_BEHIND: &str = r"
    SELECT datname::text AS name FROM pg_database
    WHERE datname LIKE 'perennial\_test\_%' AND NOT EXISTS (
        SELECT 1 FROM pg_stat_activity
        WHERE application_name LIKE 'perennial\_test\_%' AND starts_with(pg_database.datname, application_name || '_')
    )";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap_or_else(|problem| panic!("PostgreSQL at {url}: {problem}"))
}

fn drop_of(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS \"{database}\" WITH (FORCE)")
}

/// Tells the same story on both databases: `name::sqlite` and `name::postgres`.
///
/// What the story asks for is made by its type's `async fn on(kind: Kind) -> Self`.
///
/// ```ignore
/// on_both! {
///     async fn a_partner_sees_its_own_commissions(app: TestApp) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both {
    ($( $(#[$meta:meta])* async fn $name:ident($given:ident: $Type:ty) $story:block )+) => { $(
        mod $name {
            use super::*;

            async fn story($given: $Type) $story

            $(#[$meta])*
            #[tokio::test]
            async fn sqlite() {
                story(<$Type>::on($crate::support::postgres::Kind::Sqlite).await).await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn postgres() {
                let kind = $crate::support::postgres::Kind::Postgres;
                if kind.is_here() {
                    story(<$Type>::on(kind).await).await;
                }
            }
        }
    )+ };
}

mod tests;
