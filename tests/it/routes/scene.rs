//! Two vendors, three partners, and one of everything for each.
use actix_web::web::ServiceConfig;
use chrono::NaiveDate;
use perennial::domain::statement_document::{
    Block, Held, Line, Party, Payout, PayoutReason, Phase, StatementDocument,
};

use crate::{
    harness::{Setup, TestApp, migrated, spelling},
    support::postgres::Kind,
};

/// Whose objects stand in an address, seen from Northwind at Meridian.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    Own,
    /// Contoso, also at Meridian.
    Sibling,
    /// Eastwind at Rivalco.
    Other,
}

impl Owner {
    const ALL: [Self; 3] = [Self::Own, Self::Sibling, Self::Other];

    fn vendor(self) -> &'static str {
        match self {
            Self::Own | Self::Sibling => "meridian",
            Self::Other => "rivalco",
        }
    }
    fn partner(self) -> &'static str {
        match self {
            Self::Own => "northwind",
            Self::Sibling => "contoso",
            Self::Other => "eastwind",
        }
    }
    /// Where the ids of what is this vendor's, or this partner's, begin.
    fn ids(self, whose: Whose) -> i64 {
        match (self, whose) {
            (Self::Own | Self::Sibling, Whose::Vendors) => 10_000,
            (Self::Other, Whose::Vendors) => 20_000,
            (Self::Own, Whose::Partners) => 30_000,
            (Self::Sibling, Whose::Partners) => 40_000,
            (Self::Other, Whose::Partners) => 50_000,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Vendors,
    Partners,
}

/// What an address may hold: the parameter, its spelling's prefix, whose it is, and its number in
/// the scene. A new parameter needs a row here and a row of its table in `objects`.
const PARAMETERS: &[(&str, &str, Whose, i64)] = &[
    ("offering", "off", Whose::Vendors, 1),
    ("plan", "pln", Whose::Vendors, 2),
    ("plan_version", "plv", Whose::Vendors, 3),
    ("price", "pri", Whose::Vendors, 4),
    ("policy", "sla", Whose::Vendors, 5),
    ("sla_policy", "sla", Whose::Vendors, 5),
    ("tier", "tie", Whose::Vendors, 6),
    ("commission_plan", "cpl", Whose::Vendors, 7),
    ("commission_plan_version", "cpv", Whose::Vendors, 8),
    ("import", "imp", Whose::Vendors, 9),
    ("import_file", "imp", Whose::Vendors, 9),
    ("period", "per", Whose::Vendors, 10),
    ("job", "job", Whose::Vendors, 11),
    ("commission_clause", "ccl", Whose::Vendors, 12),
    ("payout_minimum", "min", Whose::Vendors, 13),
    ("vendor_invitation", "inv", Whose::Vendors, 14),
    ("vendor_membership", "mem", Whose::Vendors, 15),
    ("sla_event", "sle", Whose::Vendors, 17),
    ("access_token", "act", Whose::Vendors, 18),
    ("spiff", "spf", Whose::Vendors, 19),
    ("payout_run", "run", Whose::Vendors, 20),
    ("customer", "cus", Whose::Partners, 1),
    ("subscription", "sub", Whose::Partners, 2),
    ("invoice", "ivc", Whose::Partners, 3),
    ("payment", "pay", Whose::Partners, 5),
    ("refund", "rfd", Whose::Partners, 6),
    ("credit_note", "crn", Whose::Partners, 7),
    ("commission_entry", "ent", Whose::Partners, 8),
    ("entry", "ent", Whose::Partners, 8),
    ("statement", "sta", Whose::Partners, 9),
    ("payout", "pyo", Whose::Partners, 11),
    ("mail", "mai", Whose::Partners, 12),
    ("invitation", "inv", Whose::Partners, 13),
    ("membership", "mem", Whose::Partners, 14),
    ("discount", "dis", Whose::Partners, 17),
    ("usage_event", "use", Whose::Partners, 18),
    ("adjustment", "adj", Whose::Partners, 19),
    ("ticket", "tkt", Whose::Partners, 20),
    ("sla_credit", "slc", Whose::Partners, 21),
    ("deal_registration", "drg", Whose::Partners, 22),
];

/// What is named the same in every workspace, and something it may be.
const NOBODYS: &[(&str, &str)] = &[("kind", "partners"), ("month", "2026-10")];

fn row(name: &str) -> &'static (&'static str, &'static str, Whose, i64) {
    let row = PARAMETERS.iter().find(|(known, ..)| *known == name);
    row.unwrap_or_else(|| panic!("{{{name}}} has no row in PARAMETERS: what may it hold?"))
}

/// How an object that an address names is spelled there.
pub fn spelled_as(name: &str, number: i64) -> String {
    spelling(row(name).1, number)
}

/// Whether the parameter names something that is one partner's (or, else, one vendor's).
pub fn is_owned(name: &str, by_partner: bool) -> bool {
    !NOBODYS.iter().any(|(known, _)| *known == name)
        && (!by_partner || name == "partner" || row(name).2 == Whose::Partners)
}

/// A customer, for pages that this test makes itself.
pub fn customer(owner: Owner) -> String {
    spelling("cus", owner.ids(Whose::Partners) + 1)
}

pub struct Scene {
    pub app: TestApp,
}

impl Scene {
    pub async fn on(kind: Kind) -> Self {
        Self::with(kind, perennial::web::routes).await
    }

    pub async fn with(kind: Kind, routes: fn(&mut ServiceConfig)) -> Self {
        let setup = Setup {
            routes,
            ..Setup::default()
        };
        let app = TestApp::start_with(migrated(kind), setup).await;
        for owner in Owner::ALL {
            if owner != Owner::Sibling {
                app.vendor(owner.vendor());
                app.sql(&vendors_objects(&app, owner));
            }
            app.partner(owner.vendor(), owner.partner());
            app.sql(&partners_objects(&app, owner));
        }
        Self { app }
    }

    /// Where Meridian's, or Northwind's, pages begin.
    pub fn base(&self, portal: bool) -> String {
        if portal {
            "/meridian/p/northwind"
        } else {
            "/meridian"
        }
        .to_owned()
    }

    /// What stands in an address for a parameter.
    pub fn spelled(&self, name: &str, owner: Owner) -> String {
        if let Some((_, value)) = NOBODYS.iter().find(|(known, _)| *known == name) {
            return (*value).to_owned();
        }
        match name {
            "partner" => {
                let number = self
                    .app
                    .id(&format!("{}/{}", owner.vendor(), owner.partner()));
                spelling("par", number)
            }
            _ => {
                let (_, prefix, whose, number) = row(name);
                spelling(prefix, owner.ids(*whose) + number)
            }
        }
    }
}

const AT: &str = "2026-09-20 08:00:00";

fn vendors_objects(app: &TestApp, owner: Owner) -> String {
    let (t, v, name) = (
        app.tenant(owner.vendor()).number(),
        owner.ids(Whose::Vendors),
        owner.vendor(),
    );
    let id = |n: i64| v + n;
    let user = app
        .person(&format!("someone@{name}.test"), &format!("{name} someone"))
        .number();
    let outcome = r#"{"rows":0,"new":0,"unchanged":0,"changed":0,"problems":[],"problem_count":1}"#;
    format!(
        "INSERT INTO invitations (tenant_id, id, email, name, role, token_hash, created_at, expires_at)
             VALUES ({t}, {inv}, 'new@{name}.test', '{name} newcomer', 'vendor_viewer', '{name}', '{AT}', '2026-12-01 00:00:00');
         INSERT INTO memberships (tenant_id, id, user_id, role, email, name, created_at)
             VALUES ({t}, {mem}, {user}, 'vendor_viewer', 'someone@{name}.test', '{name} someone', '{AT}');
         INSERT INTO sla_policies (tenant_id, id, name, summary, version) VALUES ({t}, {sla}, '{name} promise', 'x', 1);
         INSERT INTO offerings (tenant_id, id, name, name_key, category, summary, delivery_party, sla_policy_id, status, created_at, version)
             VALUES ({t}, {off}, '{name} offering', '{name} offering', 'software', 'x', 'vendor', {sla}, 'published', '{AT}', 1);
         INSERT INTO sla_events (tenant_id, id, offering_id, kind, began_at, ended_at, note, recorded_at)
             VALUES ({t}, {sle}, {off}, 'outage', '{AT}', '2026-09-20 09:00:00', '{name} cable', '{AT}');
         INSERT INTO spiffs (tenant_id, id, name, offering_id, from_on, until_on, amount_minor, currency, clawback_days, clawback_mode, created_at, version)
             VALUES ({t}, {spf}, '{name} launch', {off}, '2026-01-01', '2030-12-31', 100, 'EUR', 0, 'full', '{AT}', 1);
         INSERT INTO plans (tenant_id, id, offering_id, code, name) VALUES ({t}, {pln}, {off}, '{name}-plan', '{name} plan');
         INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, version)
             VALUES ({t}, {plv}, {pln}, 1, 'draft', 'EUR', 1, 12, 30, 1), ({t}, {sold}, {pln}, 2, 'published', 'EUR', 1, 12, 30, 1);
         INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro) VALUES ({t}, {pri}, {plv}, 1, '{name} seat', 'per_seat', 10000000000);
         INSERT INTO tiers (tenant_id, id, name, rank, version) VALUES ({t}, {tie}, '{name} gold', 1, 1);
         INSERT INTO commission_plans (tenant_id, id, name) VALUES ({t}, {cpl}, '{name} terms');
         INSERT INTO commission_plan_versions (tenant_id, id, commission_plan_id, version_no, status, effective_from, hold_days, version)
             VALUES ({t}, {cpv}, {cpl}, 1, 'draft', '2026-09-01', 30, 1);
         INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, rate_bps) VALUES ({t}, {ccl}, {cpv}, 1, 1500);
         INSERT INTO import_files (tenant_id, id, kind, file_name, sha256, content, row_count, status, outcome, created_at)
             VALUES ({t}, {imp}, 'partners', '{name}.csv', 'x', 'name', 0, 'refused', '{outcome}', '{AT}');
         INSERT INTO periods (tenant_id, id, month, status) VALUES ({t}, {per}, 202610, 'open');
         INSERT INTO payout_minimums (tenant_id, id, currency, minimum_minor) VALUES ({t}, {min}, 'EUR', 1000);
         INSERT INTO payout_runs (tenant_id, id, number, currency, execute_on, holder, iban, bic, transfer_count, total_minor, status,
                 paid_on, reference, created_by, created_at, version)
             VALUES ({t}, {run}, '{name}-PAY-1', 'EUR', '2026-10-15', '{name}', 'DE89370400440532013000', '', 1, 450, 'open', NULL, '', '{name}', '{AT}', 1);
         INSERT INTO access_tokens (tenant_id, id, name, token_hash, created_by, created_at)
             VALUES ({t}, {act}, '{name} program', '{name}', '{name}', '{AT}');
         INSERT INTO jobs (tenant_id, id, kind, payload, dedupe, status, run_at, lease_token, attempts, last_error, created_at)
             VALUES ({t}, {job}, 'none', '{{}}', '{name} job', 'parked', '{AT}', 8, 8, '{name} failed', '{AT}');",
        off = id(1), pln = id(2), plv = id(3), pri = id(4), sla = id(5), tie = id(6), cpl = id(7), cpv = id(8),
        imp = id(9), per = id(10), job = id(11), ccl = id(12), min = id(13),
        inv = id(14), mem = id(15), sold = id(16), sle = id(17), spf = id(19), act = id(18), run = id(20),
    )
}

/// A statement of one line that was earned and is paid out.
fn statement(name: &str) -> StatementDocument {
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 9, day).unwrap();
    let party = |name: &str| Party {
        name: name.to_owned(),
        legal_name: name.to_owned(),
        address: vec!["1 Side Street".to_owned()],
    };
    let line = Line {
        seq: 1,
        block: Block::Earned,
        entry: format!("{name} entry"),
        kind: String::new(),
        note: String::new(),
        customer: format!("{name} customer"),
        offering: "Backup".to_owned(),
        plan: "Monthly".to_owned(),
        subscription: format!("{name} subscription"),
        phase: Phase::First,
        earned_period: "2026-09".to_owned(),
        service_from: day(20),
        service_to: day(30),
        invoice_number: format!("{name}-1"),
        invoice_line: 1,
        base_minor: 3000,
        rate_bps: 1500,
        share_num: 1,
        share_den: 1,
        part: String::new(),
        per_unit: None,
        exact: "450/1".to_owned(),
        amount_minor: 450,
        converted: None,
        tier: None,
        clause_number: 1,
        clause: "15 % of net cash received.".to_owned(),
        plan_version: "Terms, version 1".to_owned(),
        paid_on: day(21),
        held_until: day(21),
        reason: None,
        reverses: None,
    };
    StatementDocument {
        number: format!("{name}-S1"),
        version: 1,
        vendor: party("The vendor"),
        partner: party(name),
        period: "2026-09".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        currency: "EUR".to_owned(),
        exponent: 2,
        closed_on: day(30),
        commission_plans: vec!["Terms, version 1".to_owned()],
        opening_minor: 0,
        earned_minor: 450,
        posted_late_minor: 0,
        extra_minor: 0,
        reversed_minor: 0,
        payout_minor: 450,
        closing_minor: 0,
        payout: Payout {
            due_on: Some(day(30)),
            reason: PayoutReason::Paid,
            minimum_minor: 0,
        },
        tax: None,
        held: Held {
            total_minor: 0,
            first_matures_on: None,
            last_matures_on: None,
        },
        next_payment_on: Some(day(30)),
        lines: vec![line],
    }
}

fn partners_objects(app: &TestApp, owner: Owner) -> String {
    let (t, name) = (app.tenant(owner.vendor()).number(), owner.partner());
    let p = app.id(&format!("{}/{name}", owner.vendor()));
    let (v, base) = (owner.ids(Whose::Vendors), owner.ids(Whose::Partners));
    let id = |n: i64| base + n;
    let user = app
        .person(&format!("someone@{name}.test"), &format!("{name} someone"))
        .number();
    let selling = format!(
        "INSERT INTO customers (tenant_id, id, partner_id, external_id, name, name_key, country, tax_bps, created_at, version)
             VALUES ({t}, {cus}, {p}, '{name}-customer', '{name} customer', '{name} customer', 'DE', 0, '{AT}', 1);
         INSERT INTO subscriptions (tenant_id, id, partner_id, customer_id, plan_version_id, external_id, currency, starts_on, interval_months,
                 term_months, quantity, mrr_minor, billed_periods, next_bill_on, status, created_at, version)
             VALUES ({t}, {sub}, {p}, {cus}, {plv}, '{name}-subscription', 'EUR', '2026-09-20', 1, 12, 3, 3000, 1, '2026-10-20', 'active', '{AT}', 1);
         INSERT INTO usage_events (tenant_id, id, partner_id, subscription_id, meter, event_id, subject, value_micro, by_partner,
                 verified_by, occurred_at, received_at, settled)
             VALUES ({t}, {use_}, {p}, {sub}, 'calls', '{name}-event', '', 1000000, FALSE, '', '{AT}', '{AT}', FALSE);
         INSERT INTO sla_tickets (tenant_id, id, partner_id, subscription_id, offering_id, external_id, title, severity, opened_at, recorded_at, version)
             VALUES ({t}, {tkt}, {p}, {sub}, {off}, '{name}-ticket', '{name} question', 'normal', '{AT}', '{AT}', 1);
         INSERT INTO sla_credits (tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor,
                 liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, answer, created_at, version)
             VALUES ({t}, {slc}, {p}, {sub}, {off}, 202609, '{name} missed', 0, 'EUR', 0, 0, 'protect_partner', 0, 0, 'noted', NULL, '', '', '', '{AT}', 1);
         INSERT INTO discounts (tenant_id, id, partner_id, subscription_id, label, percent_bps, priority, from_period, created_at)
             VALUES ({t}, {dis}, {p}, {sub}, '{name} discount', 1000, 0, 0, '{AT}');
         INSERT INTO invoices (tenant_id, id, partner_id, customer_id, subscription_id, number, issued_on, due_on, currency, tax_bps, net_minor,
                 tax_minor, total_minor, paid_minor, refunded_minor, credited_minor, reduced_minor, status, created_at)
             VALUES ({t}, {ivc}, {p}, {cus}, {sub}, '{name}-1', '2026-09-20', '2026-10-04', 'EUR', 0, 3000, 0, 3000, 3000, 0, 0, 0, 'paid', '{AT}');
         INSERT INTO invoice_lines (tenant_id, id, partner_id, invoice_id, subscription_id, line_no, kind, description, service_from, service_to,
                 quantity, unit_price_micro, net_minor, credited_net_minor, commission_minor, commission_clause_id, rate_bps, phase)
             VALUES ({t}, {ivl}, {p}, {ivc}, {sub}, 1, 'recurring', '{name} line', '2026-09-20', '2026-10-20', 3, 10000000000, 3000, 0, 450, {ccl}, 1500, 'first');
         INSERT INTO payments (tenant_id, id, partner_id, customer_id, external_id, received_on, currency, amount_minor, refunded_minor, created_at)
             VALUES ({t}, {pay}, {p}, {cus}, '{name}-payment', '2026-09-21', 'EUR', 3000, 0, '{AT}');
         INSERT INTO refunds (tenant_id, id, partner_id, payment_id, external_id, refunded_on, amount_minor, reason, created_at)
             VALUES ({t}, {rfd}, {p}, {pay}, '{name}-refund', '2026-09-22', 1, '{name} asked', '{AT}');
         INSERT INTO credit_notes (tenant_id, id, partner_id, customer_id, subscription_id, number, issued_on, currency, net_minor, tax_minor,
                 total_minor, reduces_due_minor, customer_credit_minor, reason, created_at)
             VALUES ({t}, {crn}, {p}, {cus}, {sub}, '{name}-C1', '2026-09-23', 'EUR', 1, 0, 1, 0, 1, '{name} asked', '{AT}');",
        cus = id(1), sub = id(2), ivc = id(3), ivl = id(4), pay = id(5), rfd = id(6), crn = id(7), dis = id(17), use_ = id(18), tkt = id(20), slc = id(21), off = v + 1, plv = v + 16, ccl = v + 12,
    );
    let document = statement(name);
    assert_eq!(document.check(), Vec::<String>::new());
    let (content, sha256) = (document.canonical_json(), document.sha256_hex());
    let earning = format!(
        "INSERT INTO commission_entries (tenant_id, id, partner_id, customer_id, subscription_id, invoice_id, invoice_line_id, commission_clause_id,
                 kind, source_kind, source_id, seq, base_minor, rate_bps, exact, amount_minor, currency, paid_on, earned_period, due_period,
                 posting_period, matures_on, created_at, note)
             VALUES ({t}, {ent}, {p}, {cus}, {sub}, {ivc}, {ivl}, {ccl}, 'earned', 'allocation', 1, 1, 3000, 1500, '450/1', 450, 'EUR', '2026-09-21',
                 202609, 202609, 202609, '2026-09-21', '{AT}', '');
         INSERT INTO adjustments (tenant_id, id, partner_id, month, amount_minor, currency, reason, memo, status, proposed_by, proposer, proposed_at, decider, answer)
             VALUES ({t}, {adj}, {p}, 202610, 100, 'EUR', 'goodwill', '{name} waited', 'proposed', {user}, '{name} someone', '{AT}', '', '');
         INSERT INTO deal_registrations (tenant_id, id, partner_id, offering_id, customer_name, name_key, web, name_mark, web_mark, vat_id, quantity,
                 expected_on, note, status, submitted_by, submitter, submitted_at, decider, answer, version)
             VALUES ({t}, {drg}, {p}, {off}, '{name} prospect', '{name} prospect', '{name}.test', 'shared mark', '', '', 3, '2026-12-01', '{name} met them',
                 'submitted', {user}, '{name} someone', '{AT}', '', '', 1);
         INSERT INTO statements (tenant_id, id, partner_id, month, currency, number, status, opening_minor, lines_minor, payout_minor, closing_minor,
                 payout_reason, due_on, line_count, content, sha256, created_at)
             VALUES ({t}, {sta}, {p}, 202609, 'EUR', '{name}-S1', 'closed', 0, 450, 450, 0, 'paid', '2026-10-15', 1, '{content}', '{sha256}', '{AT}');
         INSERT INTO statement_lines (tenant_id, id, partner_id, statement_id, commission_entry_id, seq, block)
             VALUES ({t}, {stl}, {p}, {sta}, {ent}, 1, 'earned');
         INSERT INTO payouts (tenant_id, id, partner_id, statement_id, currency, amount_minor, due_on, status, version, payout_run_id)
             VALUES ({t}, {pyo}, {p}, {sta}, 'EUR', 450, '2026-10-15', 'due', 1, {run});
         INSERT INTO bank_accounts (tenant_id, id, partner_id, holder, iban, bic, changed_at, changer, by_partner, confirmer, version)
             VALUES ({t}, {bnk}, {p}, '{name} holder', 'DE89370400440532013000', '', '{AT}', '{name} someone', TRUE, '', 1);
         INSERT INTO payout_transfers (tenant_id, id, partner_id, payout_run_id, payout_id, seq, run_number, statement_number, amount_minor, holder, iban, bic)
             VALUES ({t}, {ptr}, {p}, {run}, {pyo}, {base}, '{vendor}-PAY-1', '{name}-S1', 450, '{name} holder', 'DE89370400440532013000', '');
         INSERT INTO mails (tenant_id, id, partner_id, kind, subject_id, copy_no, recipient, subject, body, message_id, status, attempts, created_at)
             VALUES ({t}, {mai}, {p}, 'statement', {sta}, 1, 'money@{name}.test', '{name} statement', '', '{name}@x', 'queued', 0, '{AT}');
         INSERT INTO invitations (tenant_id, id, partner_id, email, name, role, token_hash, created_at, expires_at)
             VALUES ({t}, {inv}, {p}, 'new@{name}.test', '{name} newcomer', 'partner_seller', '{name}', '{AT}', '2026-12-01 00:00:00');
         INSERT INTO memberships (tenant_id, id, user_id, partner_id, role, email, name, created_at)
             VALUES ({t}, {mem}, {user}, {p}, 'partner_seller', 'someone@{name}.test', '{name} someone', '{AT}');",
        cus = id(1), sub = id(2), ivc = id(3), ivl = id(4), ent = id(8), sta = id(9), stl = id(10), pyo = id(11),
        mai = id(12), inv = id(13), mem = id(14), adj = id(19), ccl = v + 12, bnk = id(22), ptr = id(23), run = v + 20, vendor = owner.vendor(),
        drg = id(22), off = v + 1,
    );
    selling + &earning
}
