//! A small vendor: one plan by the seat and one by the year, two partners, a few customers.
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use perennial::{
    Error, Result,
    clock::Clock,
    domain::{Currency, Money, Period, Quantity},
    id::{CustomerId, InvoiceId, PlanVersionId, SubscriptionId},
    services::revenue::{
        payments::{self, NewPayment, NewRefund, Recorded},
        subscriptions::{self, NewSubscription},
    },
    store::{
        DatabaseUrl, Store, Tx, VendorScope,
        incentivize::{
            entries::{self, Entry},
            statements::{self, Statement},
        },
        lobby::{self, NewVendor},
        revenue::invoices::{self, Invoice},
    },
};

use crate::support::postgres::{Kind, TestDatabase};

pub struct World {
    pub database: TestDatabase,
    pub store: Store,
    pub clock: Clock,
    pub scope: VendorScope,
}

/// Per seat: 10.00 a month.
pub const SEATS: &str = "seats";
/// Flat: 1,200.00 a year.
pub const YEARLY: &str = "yearly";
/// Flat: 5,000 yen a month.
pub const YEN: &str = "yen";

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}
pub fn month(text: &str) -> Period {
    text.parse().unwrap()
}
pub fn eur(minor: i64) -> Money {
    Money::new(minor, currency("EUR"))
}
pub fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}
/// Noon of a day in UTC, which is the vendor's zone but for an hour or two.
pub fn noon(day: &str) -> DateTime<Utc> {
    Utc.from_utc_datetime(&date(day).and_hms_opt(12, 0, 0).unwrap())
}

/// What a world is told to be like.
#[derive(Clone, Copy)]
pub struct Like {
    pub now: &'static str,
    pub first: i32,
    /// Of a seat a month, in cents.
    pub seat: i64,
    pub tax_bps: i32,
    pub hold_days: i32,
    /// In every phase, or by phase: first, recurring, renewal.
    pub rates: [i32; 3],
}

impl Default for Like {
    fn default() -> Self {
        Self {
            now: "2027-03-01",
            first: 202_701,
            seat: 1_000,
            tax_bps: 2_000,
            hold_days: 30,
            rates: [2_000; 3],
        }
    }
}

impl World {
    pub fn new(kind: Kind, like: Like) -> Self {
        let database = TestDatabase::fresh(kind);
        let clock = Clock::held_at(noon(like.now));
        let url: DatabaseUrl = database.url().parse().unwrap();
        let store = Store::open(&url, clock.clone()).unwrap();
        let new = NewVendor {
            slug: "meridian".into(),
            name: "Meridian Cloud".into(),
            legal_name: "Meridian Cloud GmbH".into(),
            address: "Hafenstrasse 4\n20457 Hamburg".into(),
            time_zone: "Europe/Berlin".into(),
            currency: "EUR".into(),
            document_prefix: "MC".into(),
            first_period: like.first,
        };
        let scope = store
            .lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
            .unwrap();
        let tenant = lobby::tenant_of(&scope).number();
        database.sql(&seed(tenant, &like));
        Self {
            database,
            store,
            clock,
            scope,
        }
    }

    pub fn at(&self, day: &str) -> &Self {
        self.clock.move_to(noon(day));
        self
    }
    pub fn write<T>(&self, work: impl Fn(&mut Tx<'_, VendorScope>) -> Result<T>) -> Result<T> {
        self.store.write_now(self.scope.clone(), work)
    }
    pub fn read<T>(&self, work: impl FnOnce(&mut Tx<'_, VendorScope>) -> Result<T>) -> T {
        self.store.read_now(self.scope.clone(), work).unwrap()
    }

    pub fn start(
        &self,
        name: &str,
        customer: i64,
        plan: &str,
        on: &str,
        seats: u32,
    ) -> SubscriptionId {
        let new = NewSubscription {
            external_id: name.into(),
            customer: self.customer(customer),
            plan_version: plan_version(plan),
            starts_on: date(on),
            quantity: Quantity::new(seats).unwrap(),
        };
        self.write(|tx| subscriptions::start(tx, &new))
            .unwrap()
            .id()
    }
    pub fn customer(&self, number: i64) -> CustomerId {
        self.read(|tx| perennial::store::revenue::terms::customer_named(tx, &format!("C-{number}")))
            .unwrap()
            .id
    }
    pub fn pay(
        &self,
        name: &str,
        customer: i64,
        on: &str,
        amount: Money,
    ) -> Recorded<perennial::id::PaymentId> {
        self.try_pay(name, customer, on, amount).unwrap()
    }
    pub fn try_pay(
        &self,
        name: &str,
        customer: i64,
        on: &str,
        amount: Money,
    ) -> Result<Recorded<perennial::id::PaymentId>, Error> {
        let new = NewPayment {
            external_id: name.into(),
            received_on: date(on),
            amount,
            invoice_number: None,
            customer: Some(self.customer(customer)),
        };
        self.write(|tx| payments::receive(tx, &new))
    }
    pub fn refund(
        &self,
        name: &str,
        payment: perennial::id::PaymentId,
        on: &str,
        amount: Money,
    ) -> Result<()> {
        let new = NewRefund {
            external_id: name.into(),
            payment,
            refunded_on: date(on),
            amount,
            reason: "Service was down".into(),
        };
        self.write(|tx| payments::refund(tx, &new)).map(drop)
    }
    pub fn invoices(&self) -> Vec<Invoice> {
        self.read(invoices::all)
    }
    pub fn lines(&self, invoice: InvoiceId) -> Vec<i64> {
        let lines = self.read(|tx| invoices::lines(tx, &[invoice]));
        lines.iter().map(|line| line.net_minor).collect()
    }
    pub fn entries(&self) -> Vec<Entry> {
        self.read(entries::all)
    }
    pub fn amounts(&self) -> Vec<i64> {
        self.entries()
            .iter()
            .map(|entry| entry.amount_minor)
            .collect()
    }
    pub fn statements(&self) -> Vec<Statement> {
        self.read(statements::all)
    }
    /// Fails when the ledger contradicts itself anywhere.
    pub fn verify(&self) {
        let found = self.read(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }
}

pub fn plan_version(plan: &str) -> PlanVersionId {
    let number = match plan {
        SEATS => 311,
        YEARLY => 312,
        _ => 313,
    };
    id(number)
}

/// An id spelled the way addresses spell it.
pub fn id<T: perennial::id::Named>(number: i64) -> perennial::id::Id<T> {
    crate::harness::spelled(number)
}

fn seed(tenant: i64, like: &Like) -> String {
    let seat = like.seat * 1_000_000;
    let (tax, hold) = (like.tax_bps, like.hold_days);
    let [first, recurring, renewal] = like.rates;
    let mut sql = format!(
        "INSERT INTO tiers VALUES ({tenant}, 101, 'Silver', 1, 1), ({tenant}, 102, 'Gold', 2, 1);
         INSERT INTO partners VALUES
           ({tenant}, 201, 'P-1', 'alpine', 'Alpine IT', 'alpine it', 'Alpine IT s.r.o.', 'Dlouha 1', 'CZ', 'reseller', 'books@alpine.example', 'attached', 'active', '2027-01-01 00:00:00', 1),
           ({tenant}, 202, 'P-2', 'baltic', 'Baltic Systems', 'baltic systems', 'Baltic Systems UAB', 'Gatve 2', 'LT', 'reseller', 'books@baltic.example', 'link', 'active', '2027-01-01 00:00:00', 1),
           ({tenant}, 203, 'P-3', 'quiet', 'Quiet Partner', 'quiet partner', 'Quiet', 'Way 3', 'DE', 'reseller', 'books@quiet.example', 'attached', 'active', '2027-01-01 00:00:00', 1);
         INSERT INTO tier_assignments VALUES ({tenant}, 111, 201, 101, '2020-01-01'), ({tenant}, 112, 202, 102, '2020-01-01');
         INSERT INTO offerings VALUES ({tenant}, 301, 'Backup Pro', 'backup pro', 'software', 'Backups', 'vendor', NULL, 'published', '2027-01-01 00:00:00', NULL, 1);
         INSERT INTO plans VALUES ({tenant}, 305, 301, 'seats', 'Monthly'), ({tenant}, 306, 301, 'yearly', 'Yearly'), ({tenant}, 307, 301, 'yen', 'Japan');
         INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version) VALUES
           ({tenant}, 311, 305, 1, 'published', 'EUR', 1, 12, 30, NULL, 1),
           ({tenant}, 312, 306, 1, 'published', 'EUR', 12, 12, 30, NULL, 1),
           ({tenant}, 313, 307, 1, 'published', 'JPY', 1, 12, 30, NULL, 1);
         INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro) VALUES
           ({tenant}, 321, 311, 1, 'Seats', 'per_seat', {seat}),
           ({tenant}, 322, 312, 1, 'Licence', 'flat', 120000000000),
           ({tenant}, 323, 313, 1, 'Licence', 'flat', 5000000000);
         INSERT INTO commission_plans VALUES ({tenant}, 401, 'Recurring 2027');
         INSERT INTO commission_plan_versions (tenant_id, id, commission_plan_id, version_no, status, effective_from, hold_days, published_at, version) VALUES ({tenant}, 411, 401, 1, 'published', '2020-01-01', {hold}, NULL, 1);
         INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps) VALUES
           ({tenant}, 421, 411, 1, 'first', NULL, {first}),
           ({tenant}, 422, 411, 2, 'recurring', NULL, {recurring}),
           ({tenant}, 423, 411, 3, 'renewal', NULL, {renewal});
         INSERT INTO commission_enrollments VALUES ({tenant}, 431, 201, 411, '2020-01-01', 'x'), ({tenant}, 432, 202, 411, '2020-01-01', 'x');"
    );
    for number in 1..=6 {
        let partner = if number <= 3 { 201 } else { 202 };
        let id = 500 + number;
        sql += &format!(
            "INSERT INTO customers (tenant_id, id, partner_id, external_id, name, name_key, country, tax_bps, created_at, version) VALUES ({tenant}, {id}, {partner}, 'C-{number}', 'Customer {number}', 'customer {number}', 'DE', {tax}, '2027-01-01 00:00:00', 1);"
        );
    }
    sql
}
