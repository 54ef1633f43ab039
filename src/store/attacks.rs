//! Ways through the door that must stay shut, on both databases.
//!
//! What the types refuse is written as an assertion that an impl is missing: it stops compiling
//! once somebody adds the impl. What only the finished SQL shows is run, and the fence must refuse.
mod cases;
mod owners;
mod reports;
mod subqueries;

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
    payout_runs::table: Visible<PartnerScope>;
    own_accounts::table: Visible<PartnerScope>;
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
    payout_transfers::table: Writable<PartnerScope>;
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
    payout_transfers::table: Writable<VendorScope>;

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
    payout_runs: tenant_id, number, currency, execute_on, iban, transfer_count, total_minor;
    bank_accounts: tenant_id, partner_id;
    jobs: tenant_id, partner_id, kind, payload, dedupe;
    mails: tenant_id, partner_id, recipient, message_id;
    form_submissions: tenant_id, partner_id, form_id, location;
    commission_entries: tenant_id, id, partner_id, customer_id, subscription_id, invoice_id, invoice_line_id,
        commission_clause_id, kind, source_kind, source_id, seq, base_minor, rate_bps, exact, amount_minor,
        currency, paid_on, earned_period, due_period, posting_period, matures_on, reverses_id, created_at, caps_id, note;
    adjustments: tenant_id, id, partner_id, month, amount_minor, currency, reason, memo, proposed_by, proposer, proposed_at;
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

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}
