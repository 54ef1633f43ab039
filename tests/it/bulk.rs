//! A vendor of any size: a plan, a commission plan, and CSV files whose outcome is known beforehand.
//!
//! Customers are dealt out to the partners in turn, each with a subscription of some seats at EUR
//! 12.50 from the month's first day, every tenth with a second one, at 19 % tax and 20 % commission.
//! Most pay everything on the fifth; every seventeenth pays nothing.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use chrono::{DateTime, Days, TimeZone, Utc};
use perennial::{
    domain::{BillingInterval, DeliveryParty, ImportKind, Period, Price, Rate, UnitPrice},
    id::{CommissionPlanVersionId, PartnerId},
    services::{
        catalogue::{offerings, plans},
        import::{self, Checked, Ledger},
        incentivize::{commission_plans, enrollments},
    },
    store::{
        Store, VendorScope,
        catalogue::{offerings as rows, plans::Terms},
        incentivize::statements::partners_after,
        lobby::{self, NewVendor},
    },
};

pub struct Bulk {
    pub partners: usize,
    pub customers: usize,
    pub month: Period,
}

/// A subscription of the files.
struct Sold {
    name: String,
    customer: usize,
    seats: i64,
}

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Rounded half up, as 19 % of so many cents is.
fn with_tax(net: i64) -> i64 {
    net + (net * 19 + 50) / 100
}

impl Bulk {
    /// Nine in the morning, UTC, of so many days after the month's first.
    pub fn morning(&self, after: u64) -> DateTime<Utc> {
        let day = self.month.first_day() + Days::new(after);
        Utc.from_utc_datetime(&day.and_hms_opt(9, 0, 0).unwrap())
    }

    fn sold(&self) -> Vec<Sold> {
        let first = (0..self.customers).map(|customer| Sold {
            name: format!("S-{customer:05}"),
            customer,
            seats: i64::try_from(1 + customer * 7 % 40).unwrap(),
        });
        let second = (0..self.customers).step_by(10).map(|customer| Sold {
            name: format!("S-{customer:05}-B"),
            customer,
            seats: 3,
        });
        first.chain(second).collect()
    }

    fn pays(customer: usize) -> bool {
        customer % 17 != 5
    }

    /// How many rows a kind's file has.
    pub fn rows(&self, kind: ImportKind) -> usize {
        self.file(kind).lines().count() - 1
    }

    /// A kind's file.
    pub fn file(&self, kind: ImportKind) -> String {
        match kind {
            ImportKind::Partners => self.partners_file(),
            ImportKind::Customers => self.customers_file(),
            ImportKind::Subscriptions => self.subscriptions_file(),
            ImportKind::Payments => self.payments_file(),
            ImportKind::Usage | ImportKind::Outages | ImportKind::Tickets => {
                unreachable!("its plan counts no usage and promises nothing")
            }
            ImportKind::FxRates => unreachable!("its partners are paid as they earn"),
        }
    }

    fn partners_file(&self) -> String {
        let mut text = String::from(
            "external_id,name,legal_name,country,statement_email,statement_delivery\r\n",
        );
        for number in 0..self.partners {
            text += &format!(
                "P-{number:04},\"Küste & Söhne, {number:04}\",Küste {number:04} GmbH,DE,books@p{number:04}.example,attached\r\n"
            );
        }
        text
    }

    fn customers_file(&self) -> String {
        let mut text = String::from("external_id,partner,name,country,tax\r\n");
        for number in 0..self.customers {
            text += &format!(
                "C-{number:05},P-{:04},Customer {number:05},DE,19\r\n",
                number % self.partners
            );
        }
        text
    }

    fn subscriptions_file(&self) -> String {
        let mut text = String::from("external_id,customer,plan,quantity,starts_on\r\n");
        let first = self.month.first_day();
        for Sold {
            name,
            customer,
            seats,
        } in self.sold()
        {
            text += &format!("{name},C-{customer:05},SEATS,{seats},{first}\r\n");
        }
        text
    }

    fn payments_file(&self) -> String {
        let mut text = String::from("external_id,received_on,amount,currency,customer\r\n");
        let (on, mut due) = (
            self.month.first_day() + Days::new(4),
            vec![0; self.customers],
        );
        for sold in self.sold() {
            due[sold.customer] += with_tax(sold.seats * 1_250);
        }
        for (customer, due) in due
            .iter()
            .enumerate()
            .filter(|(customer, _)| Self::pays(*customer))
        {
            text += &format!(
                "PAY-{customer:05},{on},{}.{:02},EUR,C-{customer:05}\r\n",
                due / 100,
                due % 100
            );
        }
        text
    }

    /// What each partner earns in the month, in cents, in the order of the file.
    pub fn commission(&self) -> Vec<i64> {
        let mut earned = vec![0; self.partners];
        for sold in self.sold().iter().filter(|sold| Self::pays(sold.customer)) {
            earned[sold.customer % self.partners] += sold.seats * 250;
        }
        earned
    }
}

/// A vendor in UTC whose first month is this one.
pub fn vendor(store: &Store, month: Period) -> VendorScope {
    let new = NewVendor {
        slug: "meridian".into(),
        name: "Meridian Cloud".into(),
        legal_name: "Meridian Cloud GmbH".into(),
        address: "Hafenstrasse 4\n20457 Hamburg".into(),
        time_zone: "UTC".into(),
        currency: "EUR".into(),
        document_prefix: "MC".into(),
        first_period: month.key(),
    };
    store
        .lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
        .unwrap()
}

/// Something to sell, and what selling it pays: 20 % after so many days.
pub fn terms(store: &Store, scope: &VendorScope, hold_days: i32) -> CommissionPlanVersionId {
    let offering = offerings::Draft {
        name: read("Backup Pro"),
        category: read("Backup"),
        summary: read("Backups by the seat"),
        delivery: DeliveryParty::Vendor,
        sla_policy: None,
    };
    let plan = plans::Draft {
        terms: Terms {
            currency: read("EUR"),
            interval: BillingInterval::Month,
            term_months: 12,
            notice_days: 30,
            trial_days: 0,
            anchor_day: None,
            minimum_minor: 0,
            proration: perennial::domain::Proration::Day,
        },
        prices: vec![plans::PriceDraft {
            label: read("Seats"),
            price: Price::per_seat(UnitPrice::parse("12.50", read("EUR")).unwrap()),
            commissionable: true,
        }],
    };
    store
        .write_now(scope.clone(), |tx| {
            let sold = offerings::add(tx, &offering)?;
            let (_, version) = plans::add(tx, sold, (&read("SEATS"), &read("Seats")), &plan)?;
            plans::publish(tx, version, 1)?;
            let version = rows::offering(tx, sold)?.version;
            offerings::publish(tx, sold, version)?;
            let draft = commission_plans::Draft {
                effective_from: tx.now().date(),
                hold_days,
                extras: perennial::domain::commission::extras::PlanExtras::default(),
                clauses: vec![commission_plans::ClauseDraft {
                    phase: None,
                    tier: None,
                    rate: Rate::from_bps(2_000).unwrap(),
                    ..commission_plans::ClauseDraft::default()
                }],
                outcome: String::new(),
            };
            let (_, version) = commission_plans::add(tx, &read("Recurring"), &draft)?;
            commission_plans::publish(tx, version, 1)?;
            Ok(version)
        })
        .unwrap()
}

/// Puts every partner under a commission plan from today on.
pub fn enroll(store: &Store, scope: &VendorScope, version: CommissionPlanVersionId) {
    let partners = store
        .read_now(scope.clone(), |tx| partners_after(tx, None, 100_000))
        .unwrap();
    let ids: Vec<PartnerId> = partners.iter().map(|partner| partner.id).collect();
    for some in ids.chunks(200) {
        let today = store.now().date();
        let enrol = store.write_now(scope.clone(), |tx| {
            some.iter()
                .try_for_each(|id| enrollments::enroll(tx, *id, version, today).map(drop))
        });
        enrol.unwrap();
    }
}

/// Stages a file and applies it.
pub fn bring(store: &Store, scope: &VendorScope, kind: ImportKind, text: &str) -> Checked {
    let stage = store.write_now(scope.clone(), |tx| {
        import::stage(tx, kind, "bulk.csv", text.as_bytes())
    });
    let (id, checked) = stage.unwrap();
    assert!(checked.is_sound(), "{:?}", checked.problems);
    let apply = store.write_now(scope.clone(), |tx| {
        let ledger = Ledger::open(tx)?;
        import::apply(tx, &ledger, id)
    });
    apply.unwrap()
}
