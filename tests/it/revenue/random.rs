//! Whatever happens, in whatever order, the ledger holds together.
use perennial::{
    Error,
    domain::{Money, Period, Quantity},
    id::{PaymentId, SubscriptionId},
    services::revenue::{
        billing, close,
        payments::{self, NewPayment, NewRefund},
        subscriptions::{self, CancelWhen, Cancellation, QuantityChange},
    },
    store::revenue::{invoices, subscriptions as rows},
    worker::{self, Closing},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::world::{Like, SEATS, World, YEARLY, date, eur, id, month};
use crate::support::postgres::{Databases, Kind};

/// Something that happens on a day; numbers are cut to what there is.
#[derive(Debug, Clone)]
enum Fact {
    Start {
        customer: i64,
        days_ago: i64,
        seats: u32,
        yearly: bool,
    },
    Change {
        which: usize,
        days_ago: i64,
        seats: u32,
    },
    CancelNow {
        which: usize,
        days_ago: i64,
    },
    CancelLater {
        which: usize,
    },
    Pay {
        customer: i64,
        days_ago: i64,
        cents: i64,
    },
    PayInvoice {
        which: usize,
    },
    Refund {
        which: usize,
        cents: i64,
    },
    Pass {
        days: i64,
    },
    Close,
}

fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        2 => (1i64..=6, 0i64..70, 1u32..12, any::<bool>()).prop_map(|(customer, days_ago, seats, yearly)| {
            Fact::Start { customer, days_ago, seats, yearly }
        }),
        3 => (0usize..8, 0i64..40, 1u32..15).prop_map(|(which, days_ago, seats)| Fact::Change { which, days_ago, seats }),
        1 => (0usize..8, 0i64..40).prop_map(|(which, days_ago)| Fact::CancelNow { which, days_ago }),
        1 => (0usize..8).prop_map(|which| Fact::CancelLater { which }),
        3 => (1i64..=6, 0i64..40, 1i64..40_000).prop_map(|(customer, days_ago, cents)| Fact::Pay { customer, days_ago, cents }),
        3 => (0usize..30).prop_map(|which| Fact::PayInvoice { which }),
        3 => (0usize..20, 1i64..30_000).prop_map(|(which, cents)| Fact::Refund { which, cents }),
        4 => (1i64..25).prop_map(|days| Fact::Pass { days }),
        2 => Just(Fact::Close),
    ]
}

struct Story {
    world: World,
    today: chrono::NaiveDate,
    subscriptions: Vec<SubscriptionId>,
    payments: Vec<PaymentId>,
    next: Period,
    count: usize,
}

impl Story {
    fn new(kind: Kind, like: Like) -> Self {
        let today = date(like.now);
        Self {
            world: World::new(kind, like),
            today,
            subscriptions: Vec::new(),
            payments: Vec::new(),
            next: month("2027-01"),
            count: 0,
        }
    }

    /// What is refused is refused; only a fault is not allowed.
    fn happen(&mut self, fact: &Fact) {
        self.count += 1;
        match self.try_it(fact) {
            Ok(()) | Err(Error::Invalid(_) | Error::Conflict(_)) => {}
            Err(error) => panic!("{fact:?}: {error:#}"),
        }
    }

    fn ago(&self, days: i64) -> chrono::NaiveDate {
        self.today - chrono::TimeDelta::days(days)
    }

    fn try_it(&mut self, fact: &Fact) -> Result<(), Error> {
        let name = format!("F-{}", self.count);
        match *fact {
            Fact::Start {
                customer,
                days_ago,
                seats,
                yearly,
            } => {
                let new = subscriptions::NewSubscription {
                    external_id: name,
                    customer: id(500 + customer),
                    plan_version: super::world::plan_version(if yearly { YEARLY } else { SEATS }),
                    starts_on: self.ago(days_ago),
                    quantity: Quantity::new(seats).unwrap(),
                };
                let started = self.world.write(|tx| subscriptions::start(tx, &new))?;
                self.subscriptions.push(started.id());
            }
            Fact::Change {
                which,
                days_ago,
                seats,
            } => {
                let Some((subscription, version)) = self.subscription(which) else {
                    return Ok(());
                };
                let change = QuantityChange {
                    subscription,
                    version,
                    quantity: Quantity::new(seats).unwrap(),
                    effective_on: self.ago(days_ago),
                    reason: "Asked for it".into(),
                };
                self.world
                    .write(|tx| subscriptions::change_quantity(tx, &change))?;
            }
            Fact::CancelNow { which, days_ago } => {
                self.cancel(which, CancelWhen::Now(self.ago(days_ago)))?;
            }
            Fact::CancelLater { which } => self.cancel(which, CancelWhen::PeriodEnd)?,
            Fact::Pay {
                customer,
                days_ago,
                cents,
            } => {
                self.pay(NewPayment {
                    external_id: name,
                    received_on: self.ago(days_ago),
                    amount: eur(cents),
                    invoice_number: None,
                    customer: Some(id(500 + customer)),
                })?;
            }
            Fact::PayInvoice { which } => {
                let made = self.world.invoices();
                let Some(invoice) = made.get(which % made.len().max(1)) else {
                    return Ok(());
                };
                self.pay(NewPayment {
                    external_id: name,
                    received_on: self.today,
                    amount: Money::new(invoice.total_minor, invoice.currency),
                    invoice_number: Some(invoice.number.clone()),
                    customer: None,
                })?;
            }
            Fact::Refund { which, cents } => {
                let count = self.payments.len().max(1);
                let Some(payment) = self.payments.get(which % count) else {
                    return Ok(());
                };
                let new = NewRefund {
                    external_id: name,
                    payment: *payment,
                    refunded_on: self.today,
                    amount: eur(cents),
                    reason: "Goodwill".into(),
                };
                self.world.write(|tx| payments::refund(tx, &new))?;
            }
            Fact::Pass { days } => self.pass(days)?,
            Fact::Close => self.close()?,
        }
        Ok(())
    }

    fn subscription(&self, which: usize) -> Option<(SubscriptionId, i32)> {
        let id = *self
            .subscriptions
            .get(which % self.subscriptions.len().max(1))?;
        Some((id, self.world.read(|tx| rows::one(tx, id)).version))
    }

    fn cancel(&self, which: usize, when: CancelWhen) -> Result<(), Error> {
        let Some((subscription, version)) = self.subscription(which) else {
            return Ok(());
        };
        let reason = "Asked for it".to_owned();
        let cancellation = Cancellation {
            subscription,
            version,
            when,
            reason,
            is_vendor_fault: false,
        };
        self.world
            .write(|tx| subscriptions::cancel(tx, &cancellation))
    }

    fn pay(&mut self, new: NewPayment) -> Result<(), Error> {
        let paid = self.world.write(|tx| payments::receive(tx, &new))?;
        self.payments.push(paid.id());
        Ok(())
    }

    fn pass(&mut self, days: i64) -> Result<(), Error> {
        self.today += chrono::TimeDelta::days(days);
        let today = self.today;
        self.world.at(&today.to_string());
        self.world.write(|tx| billing::bill_due(tx, today))?;
        self.world
            .write(|tx| subscriptions::end_due(tx, today, 100))?;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let closing = Closing {
            period: self.next,
            chunk: 2,
            mail_domain: "mail.example".into(),
        };
        worker::close_now(&self.world.store, &self.world.scope, &closing)?;
        self.next = self.next.next();
        Ok(())
    }
}

fn tell(kind: Kind, like: Like, facts: &[Fact]) {
    let mut story = Story::new(kind, like);
    let mut hashes: Vec<(String, String)> = Vec::new();
    for fact in facts {
        story.happen(fact);
        let found = story.world.read(perennial::services::verify::verify);
        assert!(found.is_empty(), "after {fact:?}: {found:#?}");
        // What was closed stays as it was.
        let statements = story.world.statements();
        for (number, hash) in &hashes {
            let now = statements.iter().find(|one| one.number == *number).unwrap();
            assert_eq!(now.sha256, *hash);
        }
        hashes = statements
            .into_iter()
            .map(|one| (one.number, one.sha256))
            .collect();
    }
}

#[test]
fn a_random_history_always_holds_together() {
    for kind in Databases::each() {
        let usual = if kind == Kind::Sqlite { 24 } else { 4 };
        let told = std::env::var("RANDOM_HISTORIES")
            .ok()
            .and_then(|many| many.parse().ok());
        let cases = told.unwrap_or(usual);
        let mut runner = TestRunner::new(Config {
            cases,
            failure_persistence: None,
            ..Config::default()
        });
        let strategy = (
            prop::collection::vec(facts(), 1..45),
            prop::sample::select(vec![0i32, 700, 2_000]),
            prop::sample::select(vec![0i32, 30]),
            1i64..2_000,
        );
        runner
            .run(&strategy, |(facts, tax_bps, hold_days, seat)| {
                let like = Like {
                    now: "2027-01-10",
                    seat,
                    tax_bps,
                    hold_days,
                    rates: [3_333, 1_250, 725],
                    ..Like::default()
                };
                tell(kind, like, &facts);
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn payments_in_any_order_earn_the_same() {
    let orders = [[0usize, 1, 2], [2, 1, 0], [1, 2, 0]];
    let totals: Vec<i64> = orders
        .iter()
        .map(|order| {
            let world = World::new(
                Kind::Sqlite,
                Like {
                    seat: 3_333,
                    ..Like::default()
                },
            );
            world.start("S-1", 1, SEATS, "2027-03-01", 3);
            let parts = [1_001, 4_999, 5_999];
            for which in order {
                world.pay(&format!("P-{which}"), 1, "2027-03-01", eur(parts[*which]));
            }
            world.verify();
            assert_eq!(world.read(invoices::all)[0].due_minor(), 0);
            world.amounts().iter().sum()
        })
        .collect();
    assert_eq!(totals, [2_000; 3]);
    let world = World::new(
        Kind::Sqlite,
        Like {
            now: "2027-02-10",
            ..Like::default()
        },
    );
    assert!(
        world
            .write(|tx| close::begin(tx, month("2027-02")))
            .is_err()
    );
}
