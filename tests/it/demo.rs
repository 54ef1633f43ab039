//! The demo is what it promises: lived through by the real rules, the same for the same month, and
//! adding up in every form in which it is handed out.

mod figures;

use std::{collections::BTreeMap, process::Command};

use perennial::{
    domain::statement_document::StatementDocument,
    services::verify,
    store::{
        Store, VendorScope,
        incentivize::statements::{self, Statement},
        lobby,
    },
};

use crate::{
    harness::{TestApp, ask, instant, sign_in, store_on},
    on_both,
    support::postgres::{Kind, TestDatabase},
};

/// The demo of this module's tests; its month is November 2026, its last closed one October.
const AS_OF: &str = "2026-11-21";
/// Its vendors.
const VENDORS: [&str; 2] = ["meridian", "kessler"];

/// The demo, filled once per run by the command that everybody uses.
pub fn filled(kind: Kind) -> TestDatabase {
    TestDatabase::copy_of(kind, "demo", |url| fill(url, AS_OF))
}

fn fill(url: &str, as_of: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command.args(["demo", "--only-fill", "--as-of", as_of]);
    let command = command.env_clear().env("DATABASE_URL", url);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// The filled demo, ready to be asked.
struct Demo {
    database: TestDatabase,
    store: Store,
    vendors: Vec<VendorScope>,
}

impl Demo {
    async fn on(kind: Kind) -> Self {
        Self::of(filled(kind))
    }
    fn of(database: TestDatabase) -> Self {
        let (store, clock) = store_on(&database);
        clock.move_to(instant("2026-11-01T09:30:00Z"));
        let scope = |slug: &&str| {
            store
                .lobby_now(|lobby| lobby::operator(lobby, slug))
                .unwrap()
        };
        let vendors = VENDORS.iter().map(scope).collect();
        Self {
            database,
            store,
            vendors,
        }
    }
    fn ask(&self, sql: &str) -> Vec<String> {
        ask(&self.database, sql)
    }
    /// What SQL counts.
    fn count(&self, sql: &str) -> i64 {
        let found = self.ask(&format!("SELECT COUNT(*) AS value FROM {sql}"));
        found[0].parse().unwrap()
    }
    /// Every statement of both vendors, as stored and as read.
    fn statements(&self) -> Vec<(Statement, StatementDocument)> {
        let all = self
            .vendors
            .iter()
            .flat_map(|scope| self.store.read_now(scope.clone(), statements::all).unwrap());
        let read = |one: &Statement| StatementDocument::from_canonical(&one.content).unwrap();
        all.map(|one| (read(&one), one))
            .map(|(document, one)| (one, document))
            .collect()
    }
    /// What every statement says, by its number.
    fn contents(&self) -> BTreeMap<String, String> {
        let all = self.statements().into_iter();
        all.map(|(one, _)| (one.number, one.content)).collect()
    }
}

on_both! {
    async fn it_is_as_large_as_promised_and_its_ledgers_hold(demo: Demo) {
        assert_eq!(demo.count("tenants"), 2);
        assert!(demo.count("partners") >= 25);
        let closed = demo.ask("SELECT COUNT(*) AS value FROM periods WHERE status = 'closed' GROUP BY tenant_id");
        assert_eq!(closed, ["18", "18"]);
        for (slug, scope) in VENDORS.iter().zip(&demo.vendors) {
            let found = demo.store.read_now(scope.clone(), verify::verify).unwrap();
            assert!(found.is_empty(), "{slug}: {found:#?}");
        }
        // Nothing was forgotten on the way: no letter and no work is left over.
        assert_eq!(demo.count("mails WHERE status <> 'sent'"), 0);
        assert_eq!(demo.count("jobs"), 0);
    }

    async fn what_makes_it_worth_looking_at_is_there(demo: Demo) {
        let last = "SELECT id FROM statements WHERE month = 202610";
        let negative = demo.count("statements WHERE month = 202610 AND payout_reason = 'negative' AND closing_minor < 0");
        assert!(negative >= 1, "no partner owes anything");
        let below = demo.count("statements WHERE month = 202610 AND payout_reason = 'below_minimum' AND closing_minor > 0");
        assert!(below >= 1, "no partner is below the minimum");
        assert!(demo.count(&format!("statement_lines WHERE statement_id IN ({last})")) > 100);
        assert!(demo.count("statement_lines WHERE block = 'posted_late'") >= 2, "nothing came late");
        assert!(demo.count("statement_lines WHERE block = 'reversed'") >= 2, "nothing was reversed");
        let partial = "refunds JOIN payments ON payments.id = refunds.payment_id WHERE refunds.amount_minor < payments.amount_minor";
        assert!(demo.count(partial) >= 1, "no payment was refunded in part");
        assert!(demo.count("subscription_changes WHERE kind = 'quantity' AND quantity_after > quantity_before") >= 1);
        assert!(demo.count("subscription_changes WHERE kind = 'quantity' AND quantity_after < quantity_before") >= 1);
        assert!(demo.count("subscription_changes WHERE kind = 'cancel_now'") >= 1);
        let renewed = "subscriptions WHERE interval_months = 12 AND billed_periods >= 2 AND status = 'active'";
        assert!(demo.count(renewed) >= 1, "no yearly customer has renewed");
        let weekly = "invoices JOIN subscriptions s ON s.id = invoices.subscription_id AND s.interval_months = 0";
        assert!(demo.count(weekly) >= 8, "nothing is billed weekly");
        assert!(demo.count("subscription_changes WHERE kind = 'plan'") >= 1, "no plan was changed");
        assert!(demo.count("subscriptions WHERE next_plan_on IS NOT NULL") >= 1, "no plan is set to change");
        let both = "usage_charges a JOIN usage_charges b ON b.subscription_id = a.subscription_id AND b.period_index = a.period_index AND b.price_id > a.price_id";
        assert!(demo.count(&format!("{both} WHERE a.service_to = b.service_from OR b.service_to = a.service_from")) >= 1, "no plan was changed that counts usage");
        assert_eq!(demo.count("plan_versions WHERE existing_at = 'renewal' AND existing_from > '2026-11-30'"), 1);
        let held = "subscriptions JOIN plan_versions v ON v.id = next_plan_version_id AND v.version_no = 2";
        assert!(demo.count(held) >= 2, "no price is held until a renewal");
        assert!(demo.count("subscription_changes WHERE kind = 'plan_kept'") >= 1, "nobody keeps its price");
        assert!(demo.count("credit_notes WHERE commission_rule = 'protect_partner'") >= 1);
        assert!(demo.count("invoices WHERE status = 'uncollectible'") >= 1);
        assert!(demo.count("commission_entries WHERE kind = 'accelerator'") >= 3, "no month reached a step");
        assert!(demo.count("sla_tickets") >= 100);
        for status in ["approved", "declined", "proposed"] {
            assert!(demo.count(&format!("sla_credits WHERE status = '{status}'")) >= 1, "no credit is {status}");
        }
        for status in ["submitted", "approved", "rejected", "won", "expired"] {
            assert!(demo.count(&format!("deal_registrations WHERE status = '{status}'")) >= 1, "no registration is {status}");
        }
        let lifted = "statement_lines JOIN commission_entries ON commission_entries.id = statement_lines.commission_entry_id JOIN invoice_lines ON invoice_lines.id = commission_entries.invoice_line_id WHERE invoice_lines.chosen LIKE '%+400'";
        assert!(demo.count(lifted) >= 10, "no registered deal earned more");
        assert!(demo.count("payouts WHERE currency = 'JPY' AND status = 'paid'") >= 1, "nobody was paid in yen");
        assert!(demo.count("payouts WHERE currency = 'CHF' AND status = 'paid'") >= 1, "nobody was paid in francs");
        assert_eq!(demo.count("conversions WHERE earned_currency <> 'EUR' OR currency <> 'CHF'"), 0);
        // Hours that were carried over, and hours beyond; results that were verified, and one that waits.
        let hours = "usage_charges c JOIN prices p ON p.id = c.price_id AND p.kind = 'retainer'";
        assert!(demo.count(&format!("{hours} AND c.carries_micro > 0")) >= 3, "no hours were carried over");
        assert!(demo.count(&format!("{hours} AND c.billed_minor > 0")) >= 2, "no hours were beyond");
        assert!(demo.count("usage_charges c JOIN prices p ON p.id = c.price_id AND p.kind = 'outcome' AND c.billed_minor > 0") >= 5);
        assert_eq!(demo.count("usage_events WHERE by_partner AND verified_by = ''"), 1, "no result waits");
        let timed = "subscription_changes WHERE kind = 'quantity' AND effective_second > 0";
        assert!(demo.count(timed) >= 3, "nothing changed by the second");
        // The October payouts are due on the fifteenth; every earlier one was made.
        let open = "payouts JOIN statements ON statements.id = payouts.statement_id WHERE payouts.status <> 'paid' AND statements.month <> 202610";
        assert_eq!(demo.count(open), 0);
        assert!(demo.count("payouts WHERE status = 'due' AND due_on = '2026-11-15'") > 10);
    }

    async fn every_statement_says_the_same_in_every_form(demo: Demo) {
        figures::agree(&demo);
    }
}

#[tokio::test]
async fn the_personas_come_in_and_see_their_pages() {
    let app = TestApp::start(filled(Kind::Sqlite)).await;
    app.now_is("2026-11-01T09:30:00Z");
    let personas = perennial::demo::personas();
    assert!(personas.len() >= 4);
    for persona in personas {
        let visitor = app.anyone();
        let page = sign_in(&visitor, &persona.email, &persona.password)
            .await
            .expect(303);
        let mut page = visitor.follow(&page).await;
        if page.status == 303 {
            page = visitor.follow(&page).await;
        }
        let page = page.expect(200);
        // Who belongs to several workspaces chooses, and each of them opens.
        let here = page.url.path().to_owned();
        let doors = page
            .attrs(".agenda a", "href")
            .into_iter()
            .filter(|_| here == "/");
        for door in doors.chain([here.clone()]) {
            visitor.get(&door).await.expect(200);
        }
        let wanted = if persona.what.contains("both vendors") {
            "/"
        } else {
            "/meridian"
        };
        assert!(
            here.starts_with(wanted) || here.starts_with("/kessler"),
            "{} at {here}",
            persona.name
        );
    }
}

/// Another day of the month changes nothing, on either database; another month does.
#[test]
fn the_month_decides_the_content() {
    let content = |database: TestDatabase| Demo::of(database).contents();
    let fresh = |as_of: &str| {
        let database = TestDatabase::fresh(Kind::Sqlite);
        fill(database.url(), as_of);
        content(database)
    };
    let given = content(filled(Kind::Sqlite));
    let same = fresh("2026-11-02");
    assert!(given.len() > 250, "{} statements", given.len());
    for (number, content) in &given {
        assert_eq!(same.get(number), Some(content), "{number}");
    }
    assert_eq!(same.len(), given.len());
    if Kind::Postgres.is_here() {
        assert!(
            content(filled(Kind::Postgres)) == given,
            "the databases do not agree"
        );
    }
    let other = fresh("2026-10-21");
    assert!(!other.keys().any(|number| number.contains("-2026-10-")));
    assert_ne!(other, given);
}
