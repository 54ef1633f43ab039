//! Ways through the door that must stay shut, on both databases.
//!
//! What the types refuse is written as an assertion that an impl is missing: it stops compiling
//! once somebody adds the impl. What only the finished SQL shows is run, and the fence must refuse.
use diesel::{
    connection::SimpleConnection,
    dsl::{Eq, exists, sql},
    prelude::*,
    sql_types::{BigInt, Bool, Text},
};

use super::{
    PartnerScope, Platform, Scope, Store, Tx, VendorScope, Visible,
    fence::{self, Rule},
    lobby::{self, Lobby, NewVendor},
    platform::{Event, NewJob},
    schema::*,
    scope::Actor,
    tx::{Changeable, RefersTo, Stamp, Writable, to},
};
use crate::{
    Error, Result,
    clock::Clock,
    domain::audit::Action,
    id::{AuditEventId, Id, MailId, Partner, PartnerId, TenantId, TierId},
};

// ------------------------------------------------------------------ what does not compile

/// Compiles only while the type lacks the impl: with it, `missing` would be ambiguous (E0283).
macro_rules! never {
    ($($type:ty: $trait:path;)*) => {$(const _: () = {
        trait Ambiguous<A> {
            fn missing() {}
        }
        impl<T> Ambiguous<()> for T {}
        struct Found;
        impl<T: $trait> Ambiguous<Found> for T {}
        let _: fn() = <$type as Ambiguous<_>>::missing;
    };)*};
}
/// No update can name any of these columns.
macro_rules! never_changes {
    ($($table:ident: $($column:ident),+;)*) => {$($(never! { $table::$column: Changeable; })+)*};
}

never! {
    // E0277 from `tx.rows(..)` for a partner: not even the name of what is the vendor's alone
    jobs::table: Visible<PartnerScope>;
    counters::table: Visible<PartnerScope>;
    import_files::table: Visible<PartnerScope>;
    commission_plans::table: Visible<PartnerScope>;
    commission_plan_versions::table: Visible<PartnerScope>;
    commission_clauses::table: Visible<PartnerScope>;
    // nor, for anybody, what belongs to no tenant
    users::table: Visible<VendorScope>;
    sessions::table: Visible<VendorScope>;
    tenants::table: Visible<VendorScope>;
    password_resets::table: Visible<VendorScope>;
    users::table: Visible<PartnerScope>;
    sessions::table: Visible<PartnerScope>;

    // E0277 from `tx.insert(..)`: what the vendor publishes, and money, is not a partner's to write
    tiers::table: Stamp<PartnerScope, Eq<tiers::name, String>>;
    offerings::table: Stamp<PartnerScope, Eq<offerings::name, String>>;
    vendors::table: Stamp<PartnerScope, Eq<vendors::name, String>>;
    partners::table: Stamp<PartnerScope, Eq<partners::name, String>>;
    customers::table: Stamp<PartnerScope, Eq<customers::name, String>>;
    payments::table: Stamp<PartnerScope, Eq<payments::amount_minor, i64>>;
    commission_entries::table: Stamp<PartnerScope, Eq<commission_entries::amount_minor, i64>>;
    statements::table: Stamp<PartnerScope, Eq<statements::number, String>>;
    payouts::table: Stamp<PartnerScope, Eq<payouts::amount_minor, i64>>;

    // E0277 from `tx.update(..)` and `tx.delete(..)`
    tiers::table: Writable<PartnerScope>;
    offerings::table: Writable<PartnerScope>;
    prices::table: Writable<PartnerScope>;
    periods::table: Writable<PartnerScope>;
    vendors::table: Writable<PartnerScope>;
    partners::table: Writable<PartnerScope>;
    customers::table: Writable<PartnerScope>;
    subscriptions::table: Writable<PartnerScope>;
    commission_entries::table: Writable<PartnerScope>;
    statements::table: Writable<PartnerScope>;
    payouts::table: Writable<PartnerScope>;
    jobs::table: Writable<PartnerScope>;
    mails::table: Writable<PartnerScope>;
    audit_events::table: Writable<PartnerScope>;
    form_submissions::table: Writable<PartnerScope>;

    // and what has happened is rewritten by nobody
    audit_events::table: Writable<VendorScope>;
    commission_entries::table: Writable<VendorScope>;
    credit_note_lines::table: Writable<VendorScope>;
    credit_notes::table: Writable<VendorScope>;
    refunds::table: Writable<VendorScope>;
    statement_lines::table: Writable<VendorScope>;
    subscription_changes::table: Writable<VendorScope>;

    // E0277 from `tx.joined(..)` where there is no foreign key, and where a partner may not look
    statements::table: RefersTo<jobs::table>;
    partners::table: RefersTo<commission_entries::table>;
    memberships::table: RefersTo<users::table>;
    // E0277 from `table.inner_join(other)`: nothing joins by id alone
    statements::table: diesel::query_source::JoinTo<partners::table>;
    commission_entries::table: diesel::query_source::JoinTo<customers::table>;
    memberships::table: diesel::query_source::JoinTo<users::table>;
}
// And `tx.rows_of(partners::table).inner_join(..)`: E0599, a scoped query has no such method.

// E0277 from `to(column, ..)`: no row changes hands, and no amount that was booked changes.
never_changes! {
    vendors: tenant_id, id, currency, time_zone, first_period;
    partners: tenant_id, id, external_id, slug;
    memberships: tenant_id, partner_id, user_id;
    invitations: tenant_id, partner_id, role, token_hash, expires_at;
    customers: tenant_id, partner_id, id;
    subscriptions: tenant_id, partner_id, customer_id, currency, starts_on, commission_plan_version_id;
    invoices: tenant_id, partner_id, customer_id, number, net_minor, tax_minor, total_minor, currency;
    invoice_lines: tenant_id, partner_id, net_minor, rate_bps, commission_clause_id, tier_id, phase;
    payments: tenant_id, partner_id, amount_minor, currency, received_on, external_id;
    refunds: tenant_id, partner_id, amount_minor;
    credit_notes: tenant_id, partner_id, net_minor, total_minor;
    payment_allocations: tenant_id, partner_id, amount_minor;
    statements: tenant_id, partner_id, number, lines_minor, payout_minor, opening_minor, closing_minor, content, sha256;
    payouts: tenant_id, partner_id, statement_id, amount_minor, currency;
    jobs: tenant_id, partner_id, kind, payload, dedupe;
    mails: tenant_id, partner_id, recipient, message_id;
    form_submissions: tenant_id, partner_id, form_id, location;
    commission_entries: tenant_id, id, partner_id, customer_id, subscription_id, invoice_id, invoice_line_id,
        commission_clause_id, kind, source_kind, source_id, seq, base_minor, rate_bps, exact, amount_minor,
        currency, paid_on, earned_period, due_period, posting_period, matures_on, reverses_id, created_at;
    statement_lines: tenant_id, id, partner_id, statement_id, commission_entry_id, seq, block;
    audit_events: tenant_id, id, partner_id, actor, actor_user_id, action, subject_id, summary, changes, happened_at;
}

/// The lists above would miss a column that is added; this reads what is declared.
#[test]
fn no_owner_and_no_column_of_a_ledger_is_changeable() {
    let source = include_str!("tables.rs");
    let declared = source
        .split("changeable! {\n")
        .nth(1)
        .unwrap()
        .split("\n}")
        .next()
        .unwrap();
    let mut tables = 0;
    for line in declared.lines() {
        let (table, columns) = line.trim().trim_end_matches(';').split_once(": ").unwrap();
        tables += 1;
        for kept in [
            "audit_events",
            "commission_entries",
            "statement_lines",
            "credit_notes",
            "refunds",
        ] {
            assert_ne!(table, kept, "{table} is only added to");
        }
        for column in columns.split(", ") {
            assert!(
                ![
                    "id",
                    "tenant_id",
                    "partner_id",
                    "amount_minor",
                    "created_at"
                ]
                .contains(&column),
                "{table}.{column}"
            );
        }
    }
    assert!(tables > 20);
}

// ------------------------------------------------------------------ the scene

/// Meridian with Northwind and Contoso, and Rivalco with Eastwind; one audit event for each.
struct Scene {
    store: Store,
    meridian: VendorScope,
    northwind: PartnerScope,
    contoso: PartnerId,
    rival: TenantId,
    eastwind: PartnerId,
    _place: Place,
}

/// Goes with the scene.
enum Place {
    File(#[expect(dead_code, reason = "kept so that it goes when this goes")] tempfile::TempDir),
    Database(Box<PgConnection>, String),
}
impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Database(server, name) = self {
            let _ =
                server.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"));
        }
    }
}

impl Scene {
    /// On SQLite, and on PostgreSQL where `TEST_DATABASE_URL` names a server.
    fn each() -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db").display().to_string();
        let mut scenes = vec![Self::set(&path, Place::File(folder))];
        if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
            let (url, place) = database(&server);
            scenes.push(Self::set(&url, place));
        }
        scenes
    }

    fn set(url: &str, place: Place) -> Self {
        let clock = Clock::held_at("2026-10-01T06:00:00Z".parse().unwrap());
        let store = Store::open(&url.parse().unwrap(), clock).unwrap();
        let (meridian, rival) = (vendor(&store, "meridian"), vendor(&store, "rivalco"));
        let northwind = partner(&store, &meridian, "northwind");
        let contoso = partner(&store, &meridian, "contoso");
        let eastwind = partner(&store, &rival, "eastwind");
        let happened = [
            (&meridian, Some(northwind)),
            (&meridian, Some(contoso)),
            (&meridian, None),
            (&rival, Some(eastwind)),
        ];
        for (scope, partner) in happened {
            store
                .write_now(scope.clone(), |tx| VendorScope::record(tx, &event(partner)))
                .unwrap();
        }
        Self {
            northwind: PartnerScope::new(meridian.tenant(), northwind, Actor::system()),
            rival: rival.tenant(),
            store,
            meridian,
            contoso,
            eastwind,
            _place: place,
        }
    }

    fn partner<T>(&self, attack: impl Fn(&mut Tx<'_, PartnerScope>) -> Result<T>) -> String {
        refused(self.store.write_now(self.northwind.clone(), attack))
    }
    fn vendor<T>(&self, attack: impl Fn(&mut Tx<'_, VendorScope>) -> Result<T>) -> String {
        refused(self.store.write_now(self.meridian.clone(), attack))
    }
    fn lobby<T>(&self, attack: impl Fn(&mut Lobby<'_>) -> Result<T>) -> String {
        refused(self.store.lobby_write_now(attack))
    }
}

/// A database of its own. It bears the name of a connection that is open while it is used, so that
/// the sweep of the other tests leaves it alone, and takes it once a killed run has left it.
fn database(server: &str) -> (String, Place) {
    let run = crate::secrets::random_token()
        .unwrap()
        .to_lowercase()
        .replace(['-', '_'], "");
    let run = format!("perennial_test_{}", &run[..16]);
    let name = format!("{run}_1");
    let mut conn = PgConnection::establish(server).unwrap();
    conn.batch_execute(&format!("SET application_name = '{run}'"))
        .unwrap();
    conn.batch_execute(&format!("CREATE DATABASE \"{name}\" TEMPLATE template0"))
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    (
        format!("{base}/{name}"),
        Place::Database(Box::new(conn), name),
    )
}

fn vendor(store: &Store, slug: &str) -> VendorScope {
    let new = NewVendor {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        legal_name: slug.to_owned(),
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

fn partner(store: &Store, vendor: &VendorScope, slug: &str) -> PartnerId {
    let add = |tx: &mut Tx<'_, VendorScope>| {
        let id: Id<Partner> = tx.fresh_id();
        let text = |column: &str| format!("{slug} {column}");
        let row = (
            partners::id.eq(id),
            partners::external_id.eq(slug.to_owned()),
            partners::slug.eq(slug.to_owned()),
            partners::name.eq(text("name")),
            partners::name_key.eq(text("key")),
            partners::legal_name.eq(text("legal name")),
            partners::address.eq(text("address")),
            partners::country.eq("DE"),
            partners::partner_type.eq("reseller"),
            partners::statement_email.eq("a@b.test"),
            partners::statement_delivery.eq("attached"),
            partners::status.eq("active"),
            partners::created_at.eq(tx.now()),
            partners::version.eq(1),
        );
        tx.insert(partners::table, row).map(|()| id)
    };
    store.write_now(vendor.clone(), add).unwrap()
}

fn event(partner: Option<PartnerId>) -> Event<'static> {
    Event {
        action: Action::PartnerChanged,
        subject: 7,
        partner,
        summary: partner.map_or("nobody's".to_owned(), |id| id.number().to_string()),
        changes: &[],
    }
}

/// What the fence said, or whatever else stood in the way.
fn refused<T>(done: Result<T>) -> String {
    let Err(Error::Unexpected(error)) = done else {
        return "went through".into();
    };
    let said = format!("{error:#}");
    let said = said.split("fence: ").nth(1).unwrap_or(&said);
    said.split(": ").next().unwrap_or_default().to_owned()
}

type Texts = Vec<String>;

fn summaries<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Texts>
where
    audit_events::table: Visible<S>,
{
    let query = tx
        .rows(audit_events::table)
        .order(audit_events::id)
        .select(audit_events::summary);
    tx.load(query)
}

// ------------------------------------------------------------------ subqueries

#[test]
fn a_subquery_of_a_table_partners_may_not_see_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let other = exists(jobs::table.filter(jobs::kind.eq("send_statement")));
            let query = tx
                .rows(audit_events::table)
                .filter(other)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "jobs is not to be seen from Partner");
    }
}

#[test]
fn a_subquery_that_is_not_held_to_the_tenant_is_refused() {
    for scene in Scene::each() {
        let said = scene.vendor(|tx| {
            let other = exists(statements::table.filter(statements::month.eq(202_610)));
            let query = tx
                .rows(audit_events::table)
                .filter(other)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "statements is not held to its tenant_id");
    }
}

#[test]
fn a_partners_subquery_held_to_the_tenant_alone_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let same = statements::tenant_id.eq(commission_entries::tenant_id);
            let query = tx
                .rows(commission_entries::table)
                .filter(exists(statements::table.filter(same)));
            tx.load::<i64, _>(query.select(commission_entries::amount_minor))
        });
        assert_eq!(said, "statements is not held to its partner_id");
    }
}

#[test]
fn a_subquery_held_to_somebody_else_is_refused() {
    for scene in Scene::each() {
        for (tenant, victim) in [
            (scene.meridian.tenant(), scene.contoso),
            (scene.rival, scene.eastwind),
        ] {
            let said = scene.partner(|tx| {
                let theirs = statements::table
                    .filter(statements::tenant_id.eq(tenant))
                    .filter(statements::partner_id.eq(victim));
                let query = tx.rows(commission_entries::table).filter(exists(theirs));
                tx.load::<i64, _>(query.select(commission_entries::amount_minor))
            });
            assert_eq!(said, "statements is not held to its tenant_id");
        }
    }
}

#[test]
fn a_subquery_held_to_the_row_around_it_goes_through() {
    for scene in Scene::each() {
        let found = scene.store.read_now(scene.northwind.clone(), |tx| {
            let own = partners::table
                .filter(partners::tenant_id.eq(audit_events::tenant_id))
                .filter(partners::id.nullable().eq(audit_events::partner_id));
            let query = tx
                .rows(audit_events::table)
                .filter(exists(own))
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(
            found.unwrap(),
            [scene.northwind.partner().number().to_string()]
        );
    }
}

/// Without the alias diesel refuses it itself: E0271, the table appears more than once.
#[test]
fn a_subquery_of_the_very_same_table_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let other = diesel::alias!(audit_events as other);
            let others = audit_events::id.eq_any(other.select(other.field(audit_events::id)));
            let query = tx
                .rows(audit_events::table)
                .filter(others)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "audit_events has an alias, or something like one");
    }
}

#[test]
fn sql_written_by_hand_is_read_too() {
    for scene in Scene::each() {
        for (fragment, told) in [
            (
                "0 < (SELECT count(*) FROM jobs j)",
                "jobs has an alias, or something like one",
            ),
            (
                "0 < (SELECT count(*) FROM jobs)",
                "jobs is not to be seen from Partner",
            ),
            (
                "0 < (SELECT count(*) FROM users)",
                "users is not to be seen from Partner",
            ),
            (
                "EXISTS (SELECT 1 FROM \"audit_events\")",
                "audit_events is not held to its tenant_id",
            ),
            ("1 = 1 -- ", "a comment or an escape"),
            ("1 = 1 /* ' */", "a comment or an escape"),
            (
                "1 = 1; DELETE FROM audit_events",
                "audit_events is not for partners to write",
            ),
        ] {
            let said = scene.partner(|tx| {
                let query = tx
                    .rows(audit_events::table)
                    .filter(sql::<Bool>(fragment))
                    .select(audit_events::summary);
                tx.load::<String, _>(query)
            });
            assert_eq!(said, told, "{fragment}");
        }
    }
}

#[test]
fn an_or_cannot_widen_what_a_scope_sees() {
    for scene in Scene::each() {
        let (rival, contoso) = (scene.rival, scene.contoso);
        let found: Texts = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                let anybody = audit_events::tenant_id
                    .eq(rival)
                    .or(audit_events::partner_id.eq(contoso))
                    .or(audit_events::partner_id.is_null());
                let query = tx
                    .rows(audit_events::table)
                    .filter(anybody)
                    .select(audit_events::summary);
                tx.load(query)
            })
            .unwrap();
        assert!(found.is_empty(), "{found:?}");
        let found: Texts = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let anybody = audit_events::tenant_id
                    .eq(rival)
                    .or(audit_events::id.gt(AuditEventId::of(0)));
                let query = tx
                    .rows(audit_events::table)
                    .filter(anybody)
                    .select(audit_events::summary);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
    }
}

// ------------------------------------------------------------------ whose rows

#[test]
fn each_scope_sees_its_own_and_rows_of_nobody_are_the_vendors() {
    for scene in Scene::each() {
        let own = scene
            .store
            .read_now(scene.northwind.clone(), summaries)
            .unwrap();
        assert_eq!(own, [scene.northwind.partner().number().to_string()]);
        let all = scene
            .store
            .read_now(scene.meridian.clone(), summaries)
            .unwrap();
        assert_eq!(all.len(), 3);
        let names: Texts = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                let query = tx.rows(partners::table).select(partners::slug);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(names, ["northwind"]);
    }
}

/// A partner says whose an event, a letter or an invitation is; the door does not listen.
#[test]
fn what_a_partner_writes_is_its_own_whatever_it_says() {
    for scene in Scene::each() {
        let (victim, partner) = (scene.contoso, scene.northwind.partner());
        scene
            .store
            .write_now(scene.northwind.clone(), |tx| {
                PartnerScope::record(tx, &event(Some(victim)))?;
                PartnerScope::record(tx, &event(None))?;
                let id: MailId = tx.fresh_id();
                let row = (
                    mails::id.eq(id),
                    mails::kind.eq("invitation"),
                    mails::subject_id.eq(1),
                    mails::copy_no.eq(1),
                    mails::recipient.eq("a@b.test"),
                    mails::subject.eq("x"),
                    mails::body.eq(""),
                    mails::message_id.eq("x"),
                    mails::status.eq("queued"),
                    mails::attempts.eq(0),
                    mails::created_at.eq(tx.now()),
                );
                tx.insert(mails::table, row)
            })
            .unwrap();
        let owners: Vec<Option<PartnerId>> = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let query = tx
                    .rows(audit_events::table)
                    .order(audit_events::id.desc())
                    .limit(2)
                    .select(audit_events::partner_id);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(owners, [Some(partner), Some(partner)]);
    }
}

/// Types cannot tell this: the columns of a row are the row's own. The fence does.
#[test]
fn a_row_with_an_owner_of_its_own_is_refused() {
    for scene in Scene::each() {
        let (victim, rival) = (scene.contoso, scene.rival);
        let said = scene.partner(|tx| {
            let id: AuditEventId = tx.fresh_id();
            let row = (
                audit_events::id.eq(id),
                audit_events::partner_id.eq(victim),
                audit_events::actor.eq("x"),
            );
            tx.insert(audit_events::table, row)
        });
        assert_eq!(said, "audit_events is not given its partner_id just once");
        let said = scene.vendor(|tx| {
            let id: TierId = tx.fresh_id();
            let row = (
                tiers::id.eq(id),
                tiers::tenant_id.eq(rival),
                tiers::name.eq("x"),
                tiers::rank.eq(1),
                tiers::version.eq(1),
            );
            tx.insert(tiers::table, row)
        });
        assert_eq!(said, "tiers is not given its tenant_id just once");
        let said = scene.vendor(|tx| {
            let id: TierId = tx.fresh_id();
            let row = (
                tiers::id.eq(id),
                tiers::tenant_id.eq(rival),
                tiers::name.eq("x"),
                tiers::rank.eq(1),
                tiers::version.eq(1),
            );
            tx.insert_all(tiers::table, vec![row])
        });
        assert_eq!(said, "tiers is not given its tenant_id just once");
    }
}

/// The vendor names a partner itself; another tenant's is refused by the database.
#[test]
fn a_row_for_another_tenants_partner_is_refused() {
    for scene in Scene::each() {
        let theirs = scene.eastwind;
        let done = scene.store.write_now(scene.meridian.clone(), |tx| {
            VendorScope::record(tx, &event(Some(theirs)))
        });
        let Err(Error::Unexpected(error)) = done else {
            panic!("it went through");
        };
        assert!(
            format!("{error:#}").to_lowercase().contains("foreign key"),
            "{error:#}"
        );
    }
}

#[test]
fn partners_put_jobs_in_the_queue_and_never_see_it() {
    for scene in Scene::each() {
        let queued = scene.store.write_now(scene.northwind.clone(), |tx| {
            let run_at = tx.now();
            PartnerScope::add_job(
                tx,
                &NewJob {
                    kind: "k",
                    payload: "{}",
                    dedupe: "d",
                    run_at,
                },
            )
        });
        queued.unwrap();
        let owner: Vec<Option<PartnerId>> = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let query = tx.rows(jobs::table).select(jobs::partner_id);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(owner, [Some(scene.northwind.partner())]);
        let said = scene.partner(|tx| {
            tx.report::<Count>(
                "SELECT count(*) AS n FROM jobs WHERE jobs.tenant_id = $1 AND jobs.partner_id = $2",
                |r| r,
            )
        });
        assert_eq!(said, "jobs is not to be seen from Report { partner");
    }
}

#[test]
fn a_read_writes_nothing() {
    for scene in Scene::each() {
        let wrote = scene.store.read_now(scene.meridian.clone(), |tx| {
            VendorScope::record(tx, &event(None))
        });
        assert!(wrote.is_err());
        // And the connection is as good as before.
        for _ in 0..20 {
            scene
                .store
                .write_now(scene.meridian.clone(), |tx| {
                    VendorScope::record(tx, &event(None))
                })
                .unwrap();
        }
    }
}

#[test]
fn a_partner_changes_its_own_rows_alone() {
    for scene in Scene::each() {
        let victim = scene.contoso;
        let changed = scene.store.write_now(scene.northwind.clone(), |tx| {
            let theirs = tx
                .rows_of(memberships::table)
                .filter(memberships::partner_id.eq(victim));
            let now = tx.now();
            tx.update(theirs, to(memberships::revoked_at, Some(now)))
        });
        assert_eq!(changed.unwrap(), 0);
    }
}

/// A panic in the middle leaves nothing behind, and no connection that is under the wrong rule.
#[test]
fn after_a_refusal_the_connection_is_sound() {
    for scene in Scene::each() {
        for _ in 0..30 {
            let said = scene.partner(|tx| {
                PartnerScope::record(tx, &event(None))?;
                tx.report::<Count>("SELECT count(*) AS n FROM users", |r| r)
            });
            assert!(said.contains("users is not to be seen"), "{said}");
        }
        let own = scene
            .store
            .read_now(scene.northwind.clone(), summaries)
            .unwrap();
        assert_eq!(own.len(), 1);
    }
}

// ------------------------------------------------------------------ reports

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

const OWN: &str = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1";

#[test]
fn a_report_counts_what_is_its_scopes() {
    for scene in Scene::each() {
        let all = scene
            .store
            .read_now(scene.meridian.clone(), |tx| tx.report::<Count>(OWN, |r| r))
            .unwrap();
        assert_eq!(all[0].n, 3);
        let own = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1 AND audit_events.partner_id = $2 AND audit_events.summary <> $3";
        let own = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                tx.report::<Count>(own, |r| r.bind::<Text, _>("x"))
            })
            .unwrap();
        assert_eq!(own[0].n, 1);
        let joined = "WITH mine AS (SELECT partners.id AS id FROM partners WHERE partners.tenant_id = $1)
            SELECT count(*) AS n FROM audit_events LEFT JOIN partners ON partners.tenant_id = audit_events.tenant_id AND partners.id = audit_events.partner_id
            WHERE audit_events.tenant_id = $1 AND audit_events.partner_id IN (SELECT mine.id FROM mine)";
        let joined = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                tx.report::<Count>(joined, |r| r)
            })
            .unwrap();
        assert_eq!(joined[0].n, 2);
    }
}

#[test]
fn a_report_on_somebody_else_is_refused() {
    for scene in Scene::each() {
        let (rival, contoso) = (scene.rival, scene.contoso);
        let said = scene.vendor(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.id > $1 AND audit_events.tenant_id = $2";
            tx.report::<Count>(sql, |r| r.bind::<BigInt, TenantId>(rival))
        });
        assert_eq!(said, "audit_events is not held to its tenant_id");
        let said = scene.partner(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1 AND audit_events.id > $2 AND audit_events.partner_id = $3";
            tx.report::<Count>(sql, |r| r.bind::<BigInt, PartnerId>(contoso))
        });
        assert_eq!(said, "audit_events is not held to its partner_id");
        // SQLite would bind these the other way round.
        let said = scene.partner(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.partner_id = $2 AND audit_events.tenant_id = $1";
            tx.report::<Count>(sql, |r| r)
        });
        assert_eq!(said, "binds are not numbered in the order they appear in");
    }
}

// ------------------------------------------------------------------ the lobby

#[test]
fn the_lobby_sees_its_own_tables_and_those_it_names() {
    for scene in Scene::each() {
        let said = scene.lobby(|lobby| lobby.probe("SELECT 1 FROM commission_entries"));
        assert_eq!(said, "commission_entries is not to be seen from Lobby([])");
        let said = scene.lobby(|lobby| lobby.probe("SELECT 1 FROM memberships"));
        assert_eq!(said, "memberships is not to be seen from Lobby([])");
        let said = scene.lobby(|lobby| lobby.probe("DELETE FROM statements"));
        assert_eq!(said, "statements is not the lobby's to write");
        let said = scene
            .lobby(|lobby| lobby.probe("UPDATE users SET name = (SELECT name FROM customers)"));
        assert!(said.starts_with("customers is not to be seen"), "{said}");
        // What a question about all tenants was allowed is not allowed after it.
        let said = scene.lobby(|lobby| {
            lobby::tenants_with_work(lobby)?;
            lobby.probe("SELECT 1 FROM jobs")
        });
        assert_eq!(said, "jobs is not to be seen from Lobby([])");
        assert_eq!(
            scene.lobby(|lobby| lobby.probe("SELECT 1 FROM users")),
            "went through"
        );
    }
}

// ------------------------------------------------------------------ the fence itself

/// On either database's quotes. `HELD` is commission entries held to the tenant; `OWN` to the
/// partner too; `ENTRIES` and `LINES` are tables.
#[rustfmt::skip]
const CASES: &[(Rule, &str, Option<&str>)] = &[
    (Rule::Nobody, "SELECT 1 FROM `jobs`", Some("not to be seen")),
    (Rule::Nobody, "SELECT 1", None),
    (Rule::Lobby(&["jobs"]), "SELECT 1 FROM `jobs`", None),
    (Rule::Lobby(&[]), "SELECT 1 FROM `jobs`", Some("not to be seen")),
    (Rule::Lobby(&["jobs"]), "SELECT 1 FROM `jobs` INNER JOIN `mails` ON (`mails`.`id` = `jobs`.`id`)", Some("mails")),
    (Rule::Lobby(&[]), "DELETE FROM `sessions` WHERE (`sessions`.`user_id` = ?)", None),
    (Rule::Lobby(&["jobs"]), "DELETE FROM `mails`", Some("not the lobby's")),
    (Rule::Vendor, "SELECT 1 FROM `tenants`", Some("not to be seen")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE (HELD)", None),
    (Rule::Vendor, "SELECT 1 FROM `commission_entries` WHERE (`commission_entries`.`tenant_id` = ?)", None),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE ((HELD) AND (1 = 1 OR 2 = 2))", None),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES", Some("tenant_id")),
    (Rule::Partner, "SELECT 1 FROM ENTRIES WHERE (HELD)", Some("partner_id")),
    (Rule::Partner, "SELECT 1 FROM ENTRIES WHERE (OWN)", None),
    (Rule::Partner, "SELECT 1 FROM `tiers` WHERE (`tiers`.`tenant_id` = ?)", None),
    (Rule::Partner, "SELECT 1 FROM `counters` WHERE (`counters`.`tenant_id` = ?)", Some("not to be seen")),
    (Rule::Partner, "SELECT 1 FROM `partners` WHERE (`partners`.`tenant_id` = ?)", Some("partners is not held to its id")),
    (Rule::Partner, "SELECT 1 FROM `audit_events` WHERE (`audit_events`.`tenant_id` = ? AND (`audit_events`.`partner_id` = ? OR `audit_events`.`partner_id` IS NULL))", Some("partner_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE ((HELD) OR 1 = 1)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE NOT (HELD)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE (HELD) IS NOT TRUE", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE $2 BETWEEN $3 AND (HELD)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE CASE WHEN 1 = 1 AND HELD AND 1 = 1 THEN 1 = 1 ELSE 1 = 1 END", Some("tenant_id")),
    (Rule::Vendor, "SELECT (HELD) FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD UNION ALL SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD EXCEPT SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES e WHERE HELD", Some("alias")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES AS e WHERE HELD", Some("alias")),
    (Rule::Vendor, "SELECT 1 FROM main.ENTRIES WHERE (1 = 1)", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES, LINES WHERE HELD", Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES INNER JOIN LINES ON (LINES."id" = ENTRIES."invoice_line_id")) WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES INNER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, None),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES LEFT OUTER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, None),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES LEFT OUTER JOIN LINES ON (LINES."tenant_id" = $2)) WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, r#"SELECT 1 FROM (ENTRIES FULL OUTER JOIN LINES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, Some("full join")),
    (Rule::Vendor, r#"SELECT 1 FROM (LINES RIGHT JOIN ENTRIES ON (LINES."tenant_id" = ENTRIES."tenant_id")) WHERE HELD"#, Some("right join")),
    // Rows of the left side stay, whatever the ON of an outer join says of them.
    (Rule::Vendor, r#"SELECT 1 FROM ENTRIES CROSS JOIN LINES LEFT JOIN "statements" ON (LINES."tenant_id" = "statements"."tenant_id" AND "statements"."tenant_id" = ENTRIES."tenant_id") WHERE HELD"#, Some("invoice_lines is not held")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES NATURAL JOIN LINES WHERE HELD", Some("alias")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "partner_id" = $2 WHERE HELD"#, Some("another partner_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2, "tenant_id" = $3 WHERE HELD"#, Some("another tenant_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2 WHERE HELD"#, None),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2"#, Some("tenant_id")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = (SELECT 1 FROM LINES) WHERE HELD"#, Some("invoice_lines")),
    (Rule::Vendor, r#"UPDATE ENTRIES SET "memo" = $2 FROM LINES WHERE HELD"#, Some("invoice_lines")),
    (Rule::Partner, "DELETE FROM ENTRIES WHERE OWN", Some("not for partners")),
    (Rule::Partner, r#"DELETE FROM "audit_events" WHERE "audit_events"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Partner, r#"UPDATE "tiers" SET "name" = $2 WHERE "tiers"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Partner, r#"UPDATE "jobs" SET "status" = $2 WHERE "jobs"."tenant_id" = $1"#, Some("not for partners")),
    (Rule::Vendor, r#"DELETE FROM "jobs" WHERE ("jobs"."id" = $1)"#, Some("tenant_id")),
    (Rule::Vendor, r#"DELETE FROM "sessions""#, Some("not a scope's")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("id") VALUES ($1)"#, Some("tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "jobs" VALUES ($1, $2)"#, Some("tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2)"#, None),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id", "tenant_id") VALUES ($1, $2, $3)"#, Some("just once")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") SELECT 1, 2 FROM "jobs""#, Some("not held")),
    (Rule::Vendor, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2) ON CONFLICT DO UPDATE SET "tenant_id" = $3"#, Some("another tenant_id")),
    (Rule::Vendor, r#"INSERT INTO "users" ("id") VALUES ($1)"#, Some("not a scope's")),
    (Rule::Partner, r#"INSERT INTO "jobs" ("tenant_id", "id") VALUES ($1, $2)"#, Some("partner_id just once")),
    (Rule::Partner, r#"INSERT INTO "jobs" ("tenant_id", "partner_id", "id") VALUES ($1, $2, $3)"#, None),
    (Rule::Partner, r#"INSERT INTO "tiers" ("tenant_id", "id") VALUES ($1, $2)"#, Some("not for partners")),
    (Rule::Partner, r#"INSERT INTO ENTRIES ("tenant_id", "partner_id") VALUES ($1, $2)"#, Some("not for partners")),
    // What hides something, or is no statement of ours.
    (Rule::Vendor, "DROP TABLE ENTRIES", Some("cannot read: drop")),
    (Rule::Vendor, "TRUNCATE ENTRIES", Some("cannot read: truncate")),
    (Rule::Vendor, "COPY ENTRIES TO STDOUT", Some("cannot read: copy")),
    (Rule::Vendor, "SELECT 1; DELETE FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "SELECT 1 FROM ENTRIES WHERE HELD -- \n", Some("comment")),
    (Rule::Vendor, "SELECT 1 -- binds: \n FROM ENTRIES", Some("after a comment")),
    (Rule::Vendor, "SELECT 1 /* ' */ FROM ENTRIES /* ' */", Some("comment")),
    (Rule::Vendor, "SELECT $$ ' $$ FROM ENTRIES WHERE '' = ''", Some("escape")),
    (Rule::Vendor, r"SELECT E'\' FROM ENTRIES", Some("tenant_id")),
    (Rule::Vendor, "WITH gone AS (DELETE FROM ENTRIES WHERE HELD RETURNING 1) SELECT 1 FROM gone", Some("writes")),
    // Reports: only their first binds are the scope's.
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD", None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE "x" = $1 AND ENTRIES."tenant_id" = $2"#, Some("tenant_id")),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE ENTRIES."tenant_id" = ?"#, Some("order they appear")),
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD OR 1 = 1", Some("tenant_id")),
    (Rule::Report { partner: false }, "SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM LINES", Some("invoice_lines")),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD UNION SELECT 1 FROM LINES WHERE LINES."tenant_id" = $1"#, None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND EXISTS (SELECT 1 FROM LINES WHERE LINES."tenant_id" = $1)"#, None),
    (Rule::Report { partner: false }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND EXISTS (SELECT 1 FROM LINES WHERE LINES."tenant_id" = $2)"#, Some("invoice_lines")),
    (Rule::Report { partner: false }, "SELECT 1 FROM users", Some("not to be seen")),
    (Rule::Report { partner: false }, "DELETE FROM ENTRIES WHERE HELD", Some("writes nothing")),
    (Rule::Report { partner: false }, r#"WITH "jobs" AS (SELECT 1 FROM ENTRIES WHERE HELD) SELECT 1 FROM "jobs""#, Some("alias")),
    (Rule::Report { partner: true }, "SELECT 1 FROM ENTRIES WHERE HELD", Some("partner_id")),
    (Rule::Report { partner: true }, "SELECT 1 FROM ENTRIES WHERE OWN", None),
    (Rule::Report { partner: true }, r#"SELECT 1 FROM ENTRIES WHERE HELD AND ENTRIES."id" = $2 AND ENTRIES."partner_id" = $3"#, Some("partner_id")),
    (Rule::Report { partner: true }, r#"SELECT 1 FROM ENTRIES WHERE OWN AND EXISTS (SELECT 1 FROM "counters" WHERE "counters"."tenant_id" = $1)"#, Some("counters is not to be seen")),
];

#[test]
fn the_fence_reads_what_it_must() {
    for (rule, sql, said) in CASES {
        let sql = sql
            .replace("HELD", r#"ENTRIES."tenant_id" = $1"#)
            .replace(
                "OWN",
                r#"ENTRIES."tenant_id" = $1 AND ENTRIES."partner_id" = $2"#,
            )
            .replace("ENTRIES", r#""commission_entries""#)
            .replace("LINES", r#""invoice_lines""#);
        let found = fence::check(*rule, &sql).err();
        let as_said = match (said, &found) {
            (None, None) => true,
            (Some(said), Some(found)) => found.contains(said),
            _ => false,
        };
        assert!(as_said, "{rule:?} {sql}: {found:?}");
    }
}

/// A table the fence does not know would go past it unread.
#[test]
fn the_fence_knows_every_table() {
    let schema = include_str!("schema.rs");
    let names = schema.split("diesel::table! {").skip(1);
    let names: Vec<_> = names
        .filter_map(|table| table.trim().split([' ', '(']).next())
        .collect();
    assert!(names.len() > 40);
    let unknown: Vec<_> = names.iter().filter(|name| !fence::known(name)).collect();
    assert!(unknown.is_empty(), "not in `scoped!`: {unknown:?}");
}
