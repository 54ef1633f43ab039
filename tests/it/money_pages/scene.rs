//! A vendor with two partners through October, November and the first days of December 2026.
use perennial::{
    domain::{Money, Quantity, Role},
    id::{Id, PaymentId, PlanVersion, SubscriptionId},
    services::revenue::{
        billing,
        payments::{self, NewPayment, NewRefund},
        subscriptions::{self, NewSubscription},
    },
    store::{VendorScope, registers::payments::customer_by_external_id},
    worker::{Closing, close_now},
};

use crate::{
    harness::{TestApp, spelled},
    support::{http::Visitor, postgres::Kind},
};

/// Customers: external id, name, partner, tax in basis points.
const CUSTOMERS: [(&str, &str, &str, i32); 6] = [
    ("C-1", "Hotel Adler", "northwind", 1_900),
    ("C-2", "Bakery Sommer", "northwind", 1_900),
    ("C-3", "Kuroda Kogyo", "northwind", 0),
    ("C-4", "Clinic am Park", "contoso", 1_900),
    ("C-5", "Freight Lines", "contoso", 2_500),
    ("C-6", "Small Shop", "contoso", 1_900),
];

pub struct Scene {
    pub app: TestApp,
    pub scope: VendorScope,
}

impl Scene {
    pub async fn on(kind: Kind) -> Self {
        let app = TestApp::on(kind).await;
        let scope = app.vendor("meridian");
        app.partner("meridian", "northwind");
        app.partner("meridian", "contoso");
        let scene = Self { app, scope };
        scene.terms();
        scene.sell();
        scene.collect();
        scene
    }

    fn terms(&self) {
        let tenant = self.app.tenant("meridian").number();
        let [north, contoso] =
            ["meridian/northwind", "meridian/contoso"].map(|one| self.app.id(one));
        let mut sql = format!(
            "INSERT INTO tiers VALUES ({tenant}, 101, 'Silver', 1, 1), ({tenant}, 102, 'Gold', 2, 1);
             INSERT INTO tier_assignments VALUES ({tenant}, 111, {north}, 102, '2026-01-01');
             INSERT INTO offerings VALUES ({tenant}, 301, 'Backup Pro', 'backup pro', 'software', 'Backups', 'vendor', NULL, 'published', '2026-01-01 00:00:00', NULL, 1),
               ({tenant}, 302, 'Archive', 'archive', 'software', 'Archives', 'vendor', NULL, 'draft', '2026-01-01 00:00:00', NULL, 1);
             INSERT INTO plans VALUES ({tenant}, 305, 301, 'seats', 'Monthly'), ({tenant}, 306, 301, 'yearly', 'Yearly'), ({tenant}, 307, 301, 'yen', 'Japan');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version) VALUES
               ({tenant}, 311, 305, 1, 'published', 'EUR', 1, 3, 30, NULL, 1),
               ({tenant}, 312, 306, 1, 'published', 'EUR', 12, 12, 30, NULL, 1),
               ({tenant}, 313, 307, 1, 'published', 'JPY', 1, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro) VALUES
               ({tenant}, 321, 311, 1, 'Seats', 'per_seat', 1200000000),
               ({tenant}, 322, 312, 1, 'Licence', 'flat', 120000000000),
               ({tenant}, 323, 313, 1, 'Licence', 'flat', 50000000000);
             INSERT INTO commission_plans VALUES ({tenant}, 401, 'Recurring 2026');
             INSERT INTO commission_plan_versions (tenant_id, id, commission_plan_id, version_no, status, effective_from, hold_days, published_at, version) VALUES ({tenant}, 411, 401, 3, 'published', '2026-01-01', 30, NULL, 1);
             INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps) VALUES
               ({tenant}, 421, 411, 1, NULL, 102, 2000),
               ({tenant}, 422, 411, 2, 'first', NULL, 1500),
               ({tenant}, 423, 411, 3, NULL, NULL, 1250);
             INSERT INTO commission_enrollments VALUES
               ({tenant}, 431, {north}, 411, '2026-01-01', 'Gold partners earn 20 % of recurring revenue'),
               ({tenant}, 432, {contoso}, 411, '2026-01-01', 'Partners earn 12.5 % of recurring revenue');
             INSERT INTO payout_minimums VALUES ({tenant}, 441, 'EUR', 5000);"
        );
        for (number, (external, name, partner, tax)) in CUSTOMERS.iter().enumerate() {
            let partner = self.app.id(&format!("meridian/{partner}"));
            sql += &format!(
                "INSERT INTO customers (tenant_id, id, partner_id, external_id, name, name_key, country, tax_bps, created_at, version) VALUES ({tenant}, {}, {partner}, '{external}', '{name}', '{}', 'DE', {tax}, '2026-01-01 00:00:00', 1);",
                501 + number,
                name.to_lowercase()
            );
        }
        self.app.sql(&sql);
    }

    fn sell(&self) {
        self.app.now_is("2026-10-01T09:00:00Z");
        self.start("S-1", "C-1", 311, 40);
        self.start("S-2", "C-2", 311, 7);
        self.start("S-3", "C-3", 313, 1);
        self.start("S-4", "C-4", 312, 1);
        self.start("S-5", "C-5", 311, 25);
        self.start("S-6", "C-6", 311, 1);
    }

    fn collect(&self) {
        self.app.now_is("2026-10-06T09:00:00Z");
        let eur = |minor| money(minor, "EUR");
        let first = self.pay("P-1", "C-1", "2026-10-05", eur(57_120));
        self.pay("P-2", "C-2", "2026-10-05", eur(9_996));
        self.pay("P-3", "C-3", "2026-10-06", money(50_000, "JPY"));
        self.pay("P-4", "C-4", "2026-10-06", eur(100_000));
        self.pay("P-6", "C-6", "2026-10-06", eur(1_428));
        self.app.now_is("2026-11-02T09:00:00Z");
        self.write(|tx| billing::bill_due(tx, "2026-11-02".parse().unwrap()));
        self.close("2026-10");
        self.app.now_is("2026-11-20T09:00:00Z");
        self.pay("P-7", "C-1", "2026-11-04", eur(57_120));
        self.pay("P-8", "C-5", "2026-11-10", eur(37_500));
        self.pay("P-9", "C-2", "2026-11-12", eur(15_000));
        self.refund("R-1", first, "2026-11-18", eur(11_424));
        self.app.now_is("2026-12-01T08:30:00Z");
    }

    pub fn write<T>(
        &self,
        work: impl Fn(&mut perennial::store::Tx<'_, VendorScope>) -> perennial::Result<T>,
    ) -> T {
        self.app.store.write_now(self.scope.clone(), work).unwrap()
    }

    fn start(&self, name: &str, customer: &str, plan: i64, seats: u32) -> SubscriptionId {
        let customer = self
            .write(|tx| customer_by_external_id(tx, customer))
            .unwrap();
        let new = NewSubscription {
            external_id: name.into(),
            customer,
            plan_version: spelled::<PlanVersion>(plan),
            starts_on: "2026-10-01".parse().unwrap(),
            quantity: Quantity::new(seats).unwrap(),
        };
        self.write(|tx| subscriptions::start(tx, &new)).id()
    }

    pub fn pay(&self, name: &str, customer: &str, on: &str, amount: Money) -> PaymentId {
        let new = NewPayment {
            external_id: name.into(),
            received_on: on.parse().unwrap(),
            amount,
            invoice_number: None,
            customer: self.write(|tx| customer_by_external_id(tx, customer)),
        };
        self.write(|tx| payments::receive(tx, &new)).id()
    }

    pub fn refund(&self, name: &str, payment: PaymentId, on: &str, amount: Money) {
        let new = NewRefund {
            external_id: name.into(),
            payment,
            refunded_on: on.parse().unwrap(),
            amount,
            reason: "Service was down for six days".into(),
        };
        self.write(|tx| payments::refund(tx, &new));
    }

    /// The ledgers hold together.
    #[track_caller]
    pub fn verified(&self) {
        let found = self.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }

    /// Closes a month as the worker would.
    pub fn close(&self, month: &str) {
        let closing = Closing {
            period: month.parse().unwrap(),
            chunk: 10,
            mail_domain: "portal.example.com".to_owned(),
        };
        close_now(&self.app.store, &self.scope, &closing).unwrap();
    }

    /// The one id that SQL finds, as an address spells it.
    pub fn spelled_id<T: perennial::id::Named>(&self, sql: &str) -> Id<T> {
        let found = self.app.ask(sql);
        assert_eq!(found.len(), 1, "{sql}: {found:?}");
        spelled(found[0].parse().unwrap())
    }

    pub async fn finance(&self) -> Visitor {
        self.app.staff_of("meridian", Role::VendorFinance).await
    }
    pub async fn owner(&self) -> Visitor {
        self.app.staff_of("meridian", Role::Owner).await
    }
    pub async fn partner(&self, partner: &str, role: Role) -> Visitor {
        assert!(!role.is_vendor());
        self.app.portal_of("meridian", partner, role).await
    }
}

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().unwrap())
}
