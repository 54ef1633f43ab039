//! A whole application per test: its own port, database, clock and cast.

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, Mutex},
};

use actix_web::{dev::ServerHandle, web::ServiceConfig};
use chrono::{DateTime, Utc};
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection, sql_query, sql_types::Text,
};
use perennial::{
    clock::Clock,
    domain::Role,
    id::{Id, Named, Partner, PartnerId, TenantId, UserId},
    passwords,
    secrets::SecretKey,
    startup::{Application, Config},
    store::{
        Store, VendorScope,
        lobby::{self, NewMembership, NewVendor},
    },
    web,
};

use crate::support::{
    http::{Page, Visitor},
    postgres::{Kind, TestDatabase},
};

/// The password of everybody in the cast.
pub const PASSWORD: &str = "correct horse battery";
/// When every story begins.
pub const DAWN: &str = "2026-10-01T06:00:00Z";
/// What links in mail begin with.
pub const PUBLIC_URL: &str = "https://portal.example.com";

/// One argon2 hash for the whole run: hashing is slow by design.
static HASH: LazyLock<String> = LazyLock::new(|| passwords::hash(PASSWORD).unwrap());

/// A portal that listens on a free port of loopback.
pub struct TestApp {
    pub clock: Clock,
    pub store: Store,
    pub origin: String,
    // Dropped after the server was told to stop.
    server: ServerHandle,
    pub database: TestDatabase,
    ids: Mutex<HashMap<String, i64>>,
    seats: Mutex<HashSet<String>>,
}

/// How an application is to differ from the usual.
#[derive(Clone, Copy)]
pub struct Setup {
    pub public_url: &'static str,
    pub routes: fn(&mut ServiceConfig),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            // Plain http, as the tests' browsers speak it: over https the cookie would be Secure.
            public_url: "http://portal.example.com",
            routes: web::routes,
        }
    }
}

/// A place in a workspace.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub email: &'a str,
    pub vendor: &'a str,
    pub partner: Option<&'a str>,
    pub role: Role,
}

/// A database of its own, with the schema and nothing else.
pub fn migrated(kind: Kind) -> TestDatabase {
    TestDatabase::copy_of(kind, "schema", |url| {
        let url = url.parse().unwrap();
        drop(Store::open(&url, Clock::system()).unwrap());
    })
}

/// A store on a migrated database, without an application around it.
pub fn store_on(database: &TestDatabase) -> (Store, Clock) {
    let clock = Clock::held_at(instant(DAWN));
    let url = database.url().parse().unwrap();
    (Store::open(&url, clock.clone()).unwrap(), clock)
}

pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl TestApp {
    /// The usual application. What `on_both!` makes.
    pub async fn on(kind: Kind) -> Self {
        Self::start(migrated(kind)).await
    }

    pub async fn start(database: TestDatabase) -> Self {
        Self::start_with(database, Setup::default()).await
    }

    pub async fn start_with(database: TestDatabase, setup: Setup) -> Self {
        let (store, clock) = store_on(&database);
        let config = Config {
            listen: "127.0.0.1:0".to_owned(),
            public_url: setup.public_url.to_owned(),
            secret: SecretKey::new("0123456789abcdef0123456789abcdef").unwrap(),
            mail_domain: "portal.example.com".to_owned(),
            trusted_proxies: perennial::web::caller::TrustedProxies::default(),
            personas: None,
            workers: 1,
        };
        let Application { server, port } =
            Application::build_with(&config, store.clone(), setup.routes).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            clock,
            store,
            origin: format!("http://127.0.0.1:{port}"),
            server: handle,
            database,
            ids: Mutex::default(),
            seats: Mutex::default(),
        }
    }

    /// Moves the clock to an instant such as `2026-11-03T09:00:00Z`.
    pub fn now_is(&self, at: &str) {
        self.clock.move_to(instant(at));
    }

    /// Plain SQL, for scenes that no service can set.
    pub fn sql(&self, sql: &str) {
        self.database.sql(sql);
    }

    /// The column named `value`, as text, of what SQL finds.
    pub fn ask(&self, sql: &str) -> Vec<String> {
        ask(&self.database, sql)
    }

    /// A number for a name, the same each time it is asked for.
    pub fn id(&self, name: &str) -> i64 {
        let mut ids = self.ids.lock().unwrap();
        let next = 1_000 + i64::try_from(ids.len()).unwrap();
        *ids.entry(name.to_owned()).or_insert(next)
    }

    // ------------------------------------------------------------------ the cast

    /// A vendor that books in EUR in Berlin.
    pub fn vendor(&self, slug: &str) -> VendorScope {
        let new = NewVendor {
            slug: slug.to_owned(),
            name: titled(slug),
            legal_name: format!("{} GmbH", titled(slug)),
            address: "1 Main Street".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            currency: "EUR".to_owned(),
            document_prefix: slug.chars().take(3).collect::<String>().to_uppercase(),
            first_period: 202_610,
        };
        self.store
            .lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
            .unwrap()
    }

    /// The scope of the command line.
    pub fn operator(&self, slug: &str) -> VendorScope {
        self.store
            .lobby_now(|lobby| lobby::operator(lobby, slug))
            .unwrap()
    }

    pub fn tenant(&self, vendor: &str) -> TenantId {
        lobby::tenant_of(&self.operator(vendor))
    }

    /// A partner of a vendor, written straight into the database.
    pub fn partner(&self, vendor: &str, slug: &str) -> PartnerId {
        let (tenant, id) = (
            self.tenant(vendor).number(),
            self.id(&format!("{vendor}/{slug}")),
        );
        let name = titled(slug);
        self.sql(&format!(
            "INSERT INTO partners (tenant_id, id, external_id, slug, name, name_key, legal_name, address,
                country, partner_type, statement_email, statement_delivery, status, created_at, version)
             VALUES ({tenant}, {id}, '{slug}', '{slug}', '{name}', '{slug}', '{name} Ltd', '2 Side Street',
                'DE', 'reseller', 'money@{slug}.test', 'attached', 'active', '2026-09-01 00:00:00', 1)"
        ));
        spelled::<Partner>(id)
    }

    /// Somebody with the cast's password.
    pub fn person(&self, email: &str, name: &str) -> UserId {
        let hash = Some(HASH.clone());
        self.store
            .lobby_write_now(|lobby| lobby::add_person(lobby, email, name, hash.clone()))
            .unwrap()
    }

    /// Gives somebody who may not exist yet a place.
    pub fn membership(&self, place: Place<'_>) -> UserId {
        let known = self
            .store
            .lobby_now(|lobby| lobby::person_by_email(lobby, place.email))
            .unwrap();
        let name = titled(place.email.split('@').next().unwrap());
        let user = known.map_or_else(|| self.person(place.email, &name), |person| person.id);
        let partner = place
            .partner
            .map(|slug| spelled(self.id(&format!("{}/{slug}", place.vendor))));
        let new = NewMembership {
            tenant: self.tenant(place.vendor),
            partner,
            user,
            role: place.role,
            email: place.email,
            name: &name,
        };
        self.store
            .lobby_write_now(|lobby| lobby::add_membership(lobby, &new))
            .unwrap();
        user
    }

    // ------------------------------------------------------------------ who asks

    /// Nobody in particular.
    pub fn anyone(&self) -> Visitor {
        Visitor::new(&self.origin)
    }

    /// Somebody of a vendor's, signed in.
    pub async fn staff_of(&self, vendor: &str, role: Role) -> Visitor {
        let email = format!("{}@{vendor}.test", role.code());
        let place = Place {
            email: &email,
            vendor,
            partner: None,
            role,
        };
        self.seated(place).await
    }

    /// Somebody of a partner's, signed in.
    pub async fn portal_of(&self, vendor: &str, partner: &str, role: Role) -> Visitor {
        let email = format!("{}@{partner}.{vendor}.test", role.code());
        let place = Place {
            email: &email,
            vendor,
            partner: Some(partner),
            role,
        };
        self.seated(place).await
    }

    /// Somebody in this place, who may have been there before.
    async fn seated(&self, place: Place<'_>) -> Visitor {
        let new = self.seats.lock().unwrap().insert(place.email.to_owned());
        if new {
            self.membership(place);
        }
        self.signed_in(place.email).await
    }

    /// A new browser that has gone through sign-in.
    pub async fn signed_in(&self, email: &str) -> Visitor {
        let visitor = self.anyone();
        sign_in(&visitor, email, PASSWORD).await.expect(303);
        visitor
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // The order is sent at once; nobody waits for what it brings.
        drop(self.server.stop(false));
    }
}

/// Fills in the sign-in page and sends it.
pub async fn sign_in(visitor: &Visitor, email: &str, password: &str) -> Page {
    let page = visitor.get("/sign-in").await.expect(200);
    let form = page
        .form("form[method=post]")
        .with("email", email)
        .with("password", password);
    visitor.submit(&form).await
}

/// The column named `value`, as text, of what SQL finds.
pub fn ask(database: &TestDatabase, sql: &str) -> Vec<String> {
    let sql = sql_query(format!(
        "SELECT CAST(value AS TEXT) AS value FROM ({sql}) AS found"
    ));
    let rows: Vec<Answer> = match database.kind() {
        Kind::Postgres => {
            let mut conn = PgConnection::establish(database.url()).unwrap();
            answers(sql, &mut conn)
        }
        Kind::Sqlite => {
            let mut conn = SqliteConnection::establish(database.url()).unwrap();
            // A worker that was killed leaves its log to be recovered, and who does that locks the file.
            conn.batch_execute("PRAGMA busy_timeout = 20000").unwrap();
            answers(sql, &mut conn)
        }
    };
    rows.into_iter().map(|row| row.value).collect()
}

#[expect(clippy::disallowed_methods, reason = "asks the database, not a tenant")]
fn answers<'q, C: Connection>(sql: diesel::query_builder::SqlQuery, conn: &mut C) -> Vec<Answer>
where
    diesel::query_builder::SqlQuery: diesel::query_dsl::LoadQuery<'q, C, Answer>,
{
    sql.load(conn).unwrap()
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    value: String,
}

/// `northwind-two` as `Northwind Two`.
pub fn titled(slug: &str) -> String {
    let words = slug.split(['-', '.', '_']).map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A number as the id of something, spelled and read back as an address would have it.
pub fn spelled<T: Named>(number: i64) -> Id<T> {
    spelling(T::PREFIX, number)
        .parse()
        .unwrap_or_else(|_| panic!("{number} has no spelling"))
}

/// How the id with this number stands in an address.
pub fn spelling(prefix: &str, number: i64) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let number = u64::try_from(number).unwrap();
    let letter = |value: u64| char::from(ALPHABET[usize::try_from(value).unwrap()]);
    let digits: Vec<u64> = (0..13)
        .rev()
        .map(|place| number >> (place * 5) & 31)
        .collect();
    let check = digits.iter().fold(0, |sum, digit| {
        let doubled = (sum ^ digit) << 1;
        if doubled & 32 == 0 {
            doubled
        } else {
            doubled ^ 37
        }
    });
    let letters: String = digits
        .iter()
        .chain([&check])
        .map(|digit| letter(*digit))
        .collect();
    format!("{prefix}_{letters}")
}
