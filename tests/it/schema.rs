//! The shape every table must have, asked of the databases that the migrations make.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the catalogue has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    harness::{ask, migrated},
    on_both,
    support::postgres::{Kind, TestDatabase},
};

/// Tables that belong to no tenant. This list may only shrink.
const GLOBAL: &[&str] = &[
    "__diesel_schema_migrations",
    "instance_counter",
    "password_resets",
    "sessions",
    "sign_in_failures",
    "tenants",
    "users",
];

/// Indexes of tenants' tables that do not begin with the tenant, each with its reason.
const ACROSS_TENANTS: &[(&str, &str)] = &[
    (
        "access_tokens(token_hash)",
        "a program names no tenant: the lobby finds it by its token",
    ),
    (
        "invitations(token_hash)",
        "a link names no tenant: the lobby finds it by its token",
    ),
    (
        "jobs(status,run_at)",
        "the lobby asks which tenants have work due",
    ),
    (
        "memberships(user_id)",
        "the lobby asks where a person belongs",
    ),
];

/// Foreign keys that no index begins with: nothing is deleted on their far side, and no list asks
/// by them. Each with its reason.
const NOT_LISTED_BY: &[(&str, &str)] = &[
    ("adjustments.decided_by", "shown on the adjustment"),
    ("adjustments.proposed_by", "shown on the adjustment"),
    ("charge_segments.invoice_line_id", "read by subscription"),
    ("charge_segments.partner_id", "read by subscription"),
    ("charge_segments.price_id", "read by subscription"),
    ("commission_clauses.tier_id", "read by plan version"),
    (
        "commission_enrollments.commission_plan_version_id",
        "read by partner",
    ),
    ("commission_entries.caps_id", "read by invoice line"),
    (
        "commission_entries.commission_clause_id",
        "shown on the entry",
    ),
    ("commission_entries.customer_id", "shown on the entry"),
    ("commission_entries.reverses_id", "read by invoice line"),
    (
        "commission_entries.subscription_id",
        "read by invoice line; of those without one there is an index",
    ),
    ("conversions.partner_id", "read by entry"),
    ("credit_note_lines.partner_id", "read by note or invoice"),
    ("credit_notes.partner_id", "read by customer"),
    ("customer_credits.credit_note_id", "read by customer"),
    ("customer_credits.partner_id", "read by customer"),
    ("customer_credits.payment_id", "read by customer"),
    (
        "deal_registrations.offering_id",
        "read by partner or status",
    ),
    (
        "deal_registrations.submitted_by",
        "shown on the registration",
    ),
    ("discounts.partner_id", "read by subscription"),
    ("earning_parts.partner_id", "read by invoice line"),
    ("invoice_lines.commission_clause_id", "shown on the line"),
    ("invoice_lines.partner_id", "read by invoice"),
    ("invoice_lines.tier_id", "shown on the line"),
    ("jobs.partner_id", "read by the time they are due"),
    ("mails.partner_id", "read by what they are about"),
    ("mrr_changes.offering_id", "read by customer or partner"),
    ("offerings.sla_policy_id", "a vendor has few offerings"),
    ("sla_credit_lines.invoice_id", "read by credit"),
    ("sla_credit_lines.invoice_line_id", "read by credit"),
    ("sla_credit_lines.partner_id", "read by credit"),
    ("sla_credit_notes.partner_id", "read by credit"),
    ("sla_tickets.offering_id", "read by month"),
    ("sla_waits.partner_id", "read by ticket"),
    ("spiffs.offering_id", "a vendor has few"),
    (
        "payment_allocations.partner_id",
        "read by invoice or payment",
    ),
    ("refunds.partner_id", "read by payment"),
    ("payout_transfers.partner_id", "read by run"),
    ("bank_accounts.changed_by", "shown on the account"),
    ("statement_lines.partner_id", "read by statement"),
    ("subscription_changes.partner_id", "read by subscription"),
    ("subscription_changes.plan_after_id", "read by subscription"),
    (
        "subscriptions.commission_plan_version_id",
        "shown on the subscription",
    ),
    ("subscriptions.plan_version_id", "shown on the subscription"),
    ("tier_assignments.tier_id", "read by partner"),
    ("usage_charges.partner_id", "read by subscription"),
    ("usage_charges.price_id", "read by subscription"),
    ("usage_events.partner_id", "read by subscription"),
    ("audit_events.partner_id", "read by subject"),
    ("form_submissions.partner_id", "read by form"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    kind: String,
    nullable: bool,
}

#[derive(Debug)]
struct ForeignKey {
    table: String,
    columns: Vec<String>,
    to: String,
    to_columns: Vec<String>,
}

#[derive(Debug)]
struct Index {
    table: String,
    columns: Vec<String>,
    unique: bool,
    /// Of some rows only.
    partial: bool,
}

/// What a live database says of itself.
struct Catalogue {
    tables: BTreeMap<String, Vec<Column>>,
    primary: BTreeMap<String, Vec<String>>,
    foreign: Vec<ForeignKey>,
    indexes: Vec<Index>,
}

impl Catalogue {
    async fn on(kind: Kind) -> Self {
        let database = migrated(kind);
        match kind {
            Kind::Sqlite => Self::of_sqlite(&database),
            Kind::Postgres => Self::of_postgres(&database),
        }
    }

    fn of_sqlite(database: &TestDatabase) -> Self {
        let tables =
            "(SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%')";
        let columns = rows(database, &format!(
            "SELECT m.name || '|' || c.name || '|' || c.type || '|' || (CASE WHEN c.\"notnull\" = 1 THEN '' ELSE 'null' END) AS value
             FROM {tables} m, pragma_table_info(m.name) c ORDER BY m.name, c.cid"));
        let primary = rows(
            database,
            &format!(
                "SELECT m.name || '|' || c.name AS value FROM {tables} m, pragma_table_info(m.name) c WHERE c.pk > 0 ORDER BY m.name, c.pk"
            ),
        );
        let foreign = rows(database, &format!(
            "SELECT m.name || '|' || f.id || '|' || f.\"table\" || '|' || f.\"from\" || '|' || COALESCE(f.\"to\", 'id') AS value
             FROM {tables} m, pragma_foreign_key_list(m.name) f ORDER BY m.name, f.id, f.seq"));
        let indexes = rows(database, &format!(
            "SELECT m.name || '|' || i.name || '|' || i.\"unique\" || '|' || i.partial || '|' || COALESCE(c.name, '') AS value
             FROM {tables} m, pragma_index_list(m.name) i, pragma_index_info(i.name) c ORDER BY m.name, i.name, c.seqno"));
        Self::of(columns, primary, foreign, indexes)
    }

    fn of_postgres(database: &TestDatabase) -> Self {
        let columns = rows(database,
            "SELECT table_name || '|' || column_name || '|' || data_type || '|' || (CASE WHEN is_nullable = 'YES' THEN 'null' ELSE '' END) AS value
             FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position");
        let primary = rows(database,
            "SELECT c.conrelid::regclass || '|' || a.attname AS value FROM pg_constraint c, unnest(c.conkey) WITH ORDINALITY k(n, place), pg_attribute a
             WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace AND a.attrelid = c.conrelid AND a.attnum = k.n
             ORDER BY c.conrelid::regclass::text, k.place");
        let foreign = rows(database,
            "SELECT c.conrelid::regclass || '|' || c.oid || '|' || c.confrelid::regclass || '|' || a.attname || '|' || b.attname AS value
             FROM pg_constraint c, unnest(c.conkey, c.confkey) WITH ORDINALITY k(n, m, place), pg_attribute a, pg_attribute b
             WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND a.attrelid = c.conrelid AND a.attnum = k.n
               AND b.attrelid = c.confrelid AND b.attnum = k.m ORDER BY c.conrelid::regclass::text, c.oid, k.place");
        let indexes = rows(database,
            "SELECT t.relname || '|' || i.relname || '|' || (CASE WHEN x.indisunique THEN 1 ELSE 0 END)
                || '|' || (CASE WHEN x.indpred IS NULL THEN 0 ELSE 1 END) || '|' || a.attname AS value
             FROM pg_index x, pg_class i, pg_class t, unnest(x.indkey) WITH ORDINALITY k(n, place), pg_attribute a
             WHERE i.oid = x.indexrelid AND t.oid = x.indrelid AND t.relnamespace = 'public'::regnamespace
               AND a.attrelid = t.oid AND a.attnum = k.n ORDER BY t.relname, i.relname, k.place");
        Self::of(columns, primary, foreign, indexes)
    }

    fn of(columns: Rows, primary: Rows, foreign: Rows, indexes: Rows) -> Self {
        let mut found = Self {
            tables: BTreeMap::new(),
            primary: BTreeMap::new(),
            foreign: Vec::new(),
            indexes: Vec::new(),
        };
        for row in columns {
            let [table, name, kind, nullable] = row.try_into().unwrap();
            let nullable = !nullable.is_empty();
            found.tables.entry(table).or_default().push(Column {
                name,
                kind,
                nullable,
            });
        }
        for row in primary {
            let [table, column] = row.try_into().unwrap();
            found.primary.entry(table).or_default().push(column);
        }
        let mut last = String::new();
        for row in foreign {
            let [table, id, to, from, target] = row.try_into().unwrap();
            let this = format!("{table}|{id}");
            if last != this {
                last = this;
                found.foreign.push(ForeignKey {
                    table,
                    columns: Vec::new(),
                    to,
                    to_columns: Vec::new(),
                });
            }
            let key = found.foreign.last_mut().unwrap();
            key.columns.push(from);
            key.to_columns.push(target);
        }
        let mut last = String::new();
        for row in indexes {
            let [table, name, unique, partial, column] = row.try_into().unwrap();
            let this = format!("{table}|{name}");
            if last != this {
                last = this;
                found.indexes.push(Index {
                    table,
                    columns: Vec::new(),
                    unique: unique == "1",
                    partial: partial == "1",
                });
            }
            found.indexes.last_mut().unwrap().columns.push(column);
        }
        found
    }

    /// Tables with an owner.
    fn tenants(&self) -> impl Iterator<Item = (&String, &Vec<Column>)> {
        self.tables
            .iter()
            .filter(|(name, _)| !GLOBAL.contains(&name.as_str()))
    }
}

type Rows = Vec<Vec<String>>;

fn rows(database: &TestDatabase, sql: &str) -> Rows {
    let rows = ask(database, &format!("SELECT value FROM ({sql}) AS ordered"));
    rows.into_iter()
        .map(|row| row.split('|').map(str::to_owned).collect())
        .collect()
}

/// The tables as `src/store/schema.rs` has them: column, diesel type, nullable.
fn declared() -> (BTreeMap<String, Vec<Column>>, BTreeMap<String, Vec<String>>) {
    let source = include_str!("../../src/store/schema.rs");
    let (mut tables, mut keys) = (BTreeMap::new(), BTreeMap::new());
    for table in source.split("diesel::table! {").skip(1) {
        let mut lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
        let head = lines.next().unwrap().trim_end_matches('{').trim();
        let (name, key) = head.split_once('(').unwrap();
        let columns = lines.take_while(|line| *line != "}").filter_map(|line| {
            let (name, kind) = line.trim_end_matches(',').split_once(" -> ")?;
            let inner = kind
                .strip_prefix("Nullable<")
                .and_then(|kind| kind.strip_suffix('>'));
            Some(Column {
                name: name.to_owned(),
                kind: inner.unwrap_or(kind).to_owned(),
                nullable: inner.is_some(),
            })
        });
        let name = name.trim().to_owned();
        tables.insert(name.clone(), columns.collect::<Vec<_>>());
        let key = key
            .trim_end_matches(')')
            .split(',')
            .map(|c| c.trim().to_owned());
        keys.insert(name, key.collect::<Vec<_>>());
    }
    (tables, keys)
}

/// What diesel calls a type that a database calls this; nothing for a type we do not use.
fn diesels(kind: &str) -> Option<&'static str> {
    Some(match kind.to_lowercase().as_str() {
        "bigint" => "BigInt",
        "integer" => "Integer",
        "text" => "Text",
        "boolean" => "Bool",
        "date" => "Date",
        "timestamp" | "timestamp without time zone" => "Timestamp",
        _ => return None,
    })
}

on_both! {
    async fn every_table_says_whose_its_rows_are(found: Catalogue) {
        assert!(found.tenants().count() > 30);
        for (table, columns) in found.tenants() {
            let tenant = columns.iter().find(|column| column.name == "tenant_id");
            assert!(tenant.is_some_and(|tenant| !tenant.nullable && diesels(&tenant.kind) == Some("BigInt")), "{table} has no tenant_id");
            assert_eq!(found.primary[table], ["tenant_id", "id"], "the key of {table}");
            let id = columns.iter().find(|column| column.name == "id");
            assert!(id.is_some_and(|id| diesels(&id.kind) == Some("BigInt")), "the id of {table}");
        }
        for table in GLOBAL {
            assert!(found.tables.contains_key(*table), "{table} is gone: strike it from GLOBAL");
        }
    }

    async fn no_foreign_key_can_reach_into_another_tenant(found: Catalogue) {
        for key in found.foreign.iter().filter(|key| !GLOBAL.contains(&key.table.as_str())) {
            if GLOBAL.contains(&key.to.as_str()) {
                assert!(["tenants", "users"].contains(&key.to.as_str()), "{key:?}");
                continue;
            }
            assert_eq!((&*key.columns[0], &*key.to_columns[0]), ("tenant_id", "tenant_id"), "{key:?}");
            assert_eq!((key.columns.len(), &*key.to_columns[1]), (2, "id"), "{key:?}");
        }
        for (table, columns) in found.tenants() {
            let owned = found.foreign.iter().any(|key| key.table == *table && key.to == "tenants");
            assert!(owned, "{table}.tenant_id is any number");
            for column in columns.iter().filter(|column| column.name == "partner_id") {
                let owned = found.foreign.iter().any(|key| key.table == *table && key.to == "partners" && key.columns.contains(&column.name));
                assert!(owned, "{table}.partner_id may name another tenant's partner");
            }
        }
    }

    async fn indexes_of_tenants_tables_begin_with_the_tenant(found: Catalogue) {
        let mut across = BTreeSet::new();
        for index in found.indexes.iter().filter(|index| !GLOBAL.contains(&index.table.as_str())) {
            if index.columns[0] != "tenant_id" {
                across.insert((format!("{}({})", index.table, index.columns.join(",")), index.unique));
            }
        }
        let named: BTreeSet<_> = across.iter().map(|(name, _)| name.as_str()).collect();
        let listed: BTreeSet<_> = ACROSS_TENANTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, listed);
        let unique: Vec<_> = across.iter().filter(|(_, unique)| *unique).map(|(name, _)| name.as_str()).collect();
        assert_eq!(unique, ["access_tokens(token_hash)", "invitations(token_hash)"], "what is unique among all tenants tells one of another");
    }

    async fn every_foreign_key_that_lists_ask_by_has_an_index(found: Catalogue) {
        let mut without = BTreeSet::new();
        for key in found.foreign.iter().filter(|key| !GLOBAL.contains(&key.table.as_str())) {
            if key.columns == ["tenant_id"] {
                continue;
            }
            let led = found.indexes.iter().filter(|index| index.table == key.table && !index.partial).any(|index| index.columns.starts_with(&key.columns));
            if !led {
                without.insert(format!("{}.{}", key.table, key.columns.last().unwrap()));
            }
        }
        let listed: BTreeSet<_> = NOT_LISTED_BY.iter().map(|(name, _)| (*name).to_owned()).collect();
        let new: Vec<_> = without.difference(&listed).collect();
        let gone: Vec<_> = listed.difference(&without).collect();
        assert!(new.is_empty() && gone.is_empty(), "without an index: {new:?}; strike from the list: {gone:?}");
    }

    async fn the_database_is_as_the_code_has_it(found: Catalogue) {
        let (tables, keys) = declared();
        for (table, columns) in &found.tables {
            if table == "__diesel_schema_migrations" {
                continue;
            }
            let live: Vec<_> = columns.iter().map(|column| Column {
                kind: diesels(&column.kind).unwrap_or_else(|| panic!("{table}.{} is {}: no such type here", column.name, column.kind)).to_owned(),
                ..column.clone()
            }).collect();
            assert_eq!(Some(&live), tables.get(table), "{table}");
            assert_eq!(found.primary[table], keys[table], "the key of {table}");
        }
        assert_eq!(tables.len() + 1, found.tables.len(), "schema.rs names a table that is not there");
    }

    async fn no_money_is_a_float(found: Catalogue) {
        for (table, columns) in &found.tables {
            for column in columns.iter().filter(|column| column.name.ends_with("_minor") || column.name.ends_with("_micro")) {
                assert_eq!(diesels(&column.kind), Some("BigInt"), "{table}.{}", column.name);
            }
        }
    }

    async fn migrations_run_once_however_many_start_at_the_same_time(database: TestDatabase) {
        let url: perennial::store::DatabaseUrl = database.url().parse().unwrap();
        let starts: Vec<_> = (0..4).map(|_| {
            let url = url.clone();
            std::thread::spawn(move || perennial::store::Store::open(&url, perennial::clock::Clock::system()).map(drop))
        }).collect();
        for start in starts {
            start.join().unwrap().unwrap();
        }
        let written = std::fs::read_dir("migrations").unwrap().count().to_string();
        assert_eq!(ask(&database, "SELECT count(*) AS value FROM __diesel_schema_migrations"), [written]);
        assert_eq!(ask(&database, "SELECT opened AS value FROM instance_counter"), ["4"], "each has a number of its own");
    }
}

/// Of two with one version, the second is never run.
#[test]
fn no_two_migrations_have_the_same_version() {
    let mut seen = BTreeSet::new();
    for folder in std::fs::read_dir("migrations").unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let version = name.split('_').next().unwrap().to_owned();
        assert!(seen.insert(version), "{name}");
    }
}

#[test]
fn nothing_in_the_migrations_is_known_to_one_database_alone() {
    for folder in std::fs::read_dir("migrations").unwrap() {
        let sql = std::fs::read_to_string(folder.unwrap().path().join("up.sql")).unwrap();
        let code: String = sql
            .lines()
            .map(|line| line.split("--").next().unwrap().to_uppercase() + "\n")
            .collect();
        let words: BTreeSet<_> = code
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        for word in [
            "TRIGGER",
            "NUMERIC",
            "DECIMAL",
            "REAL",
            "FLOAT",
            "DOUBLE",
            "SERIAL",
            "BIGSERIAL",
            "AUTOINCREMENT",
            "JSONB",
            "TIMESTAMPTZ",
            "CASCADE",
            "WITHOUT",
        ] {
            assert!(!words.contains(word), "{word}");
        }
        // A column that is added needs a value for the rows there are: a constant, never reckoned.
        for (_, value) in code
            .match_indices("DEFAULT ")
            .map(|(at, _)| code.split_at(at + 8))
        {
            let is_constant = value.starts_with(|c: char| c.is_ascii_digit() || c == '\'')
                || value.starts_with("TRUE")
                || value.starts_with("FALSE");
            assert!(is_constant, "DEFAULT {value}");
        }
    }
}
