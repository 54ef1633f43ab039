//! What goes back when a customer leaves early: commission that says so and bonuses on renewed
//! terms, in the worked cases, with what is reversed beside it.
use perennial::{
    domain::commission::{
        EntryKind,
        clawback::{ClawbackMode, ClawbackTerms},
        extras::{PlanExtras, RenewalTerms},
    },
    id::SubscriptionId,
    services::{
        incentivize::commission_plans::ClauseDraft,
        revenue::{
            billing,
            subscriptions::{self, CancelWhen, Cancellation, Sharing},
        },
    },
    store::{incentivize::entries::SourceKind, revenue::subscriptions as rows},
    worker::{self, Closing},
};

use super::{
    clauses::{enroll_with, on_each, percent, world},
    world::{Like, SEATS, World, YEARLY, date, eur, id, month},
};

fn back(days: u32, mode: ClawbackMode) -> Option<ClawbackTerms> {
    Some(ClawbackTerms { days, mode })
}

/// 30 % of the first period, which goes back over 180 days; 10 % of every other.
fn up_front() -> Vec<ClauseDraft> {
    let first = ClauseDraft {
        phase: "first".parse().ok(),
        clawback: back(180, ClawbackMode::Linear),
        ..percent("30")
    };
    vec![first, percent("10")]
}

fn cancel(world: &World, sold: SubscriptionId, on: &str, is_vendor_fault: bool) {
    world.at(on);
    let version = world.read(|tx| rows::one(tx, sold)).version;
    let cancellation = Cancellation {
        subscription: sold,
        version,
        when: CancelWhen::Now(date(on)),
        reason: "Sold the business".into(),
        is_vendor_fault,
    };
    world
        .write(|tx| subscriptions::cancel(tx, &cancellation))
        .unwrap();
}

/// What leaving early took back.
fn left_early(world: &World) -> Vec<i64> {
    let entries = world.entries().into_iter();
    let back = entries.filter(|entry| entry.source_kind == SourceKind::Cancellation);
    back.map(|entry| entry.amount_minor).collect()
}

fn bill(world: &World, day: &str) {
    world.at(day);
    world.write(|tx| billing::bill_due(tx, date(day))).unwrap();
}

fn close(world: &World, period: &str) {
    let closing = Closing {
        period: month(period),
        chunk: 10,
        mail_domain: "mail.example".into(),
    };
    worker::close_now(&world.store, &world.scope, &closing).unwrap();
}

#[test]
fn what_is_paid_up_front_goes_back_by_the_days_left_and_no_closed_month_changes() {
    on_each(|kind| {
        let world = world(kind, "2027-03-01", up_front());
        let sold = world.start("S-1", 1, SEATS, "2027-03-01", 100);
        let paid = world.pay("P-1", 1, "2027-03-01", eur(100_000));
        world.at("2027-04-02");
        for period in ["2027-01", "2027-02", "2027-03"] {
            close(&world, period);
        }
        let closed: Vec<String> = world
            .statements()
            .into_iter()
            .map(|one| one.sha256)
            .collect();
        // 45 of 180 days: three quarters of 300.00.
        cancel(&world, sold, "2027-04-15", false);
        assert_eq!(world.amounts(), [30_000, -22_500]);
        let last = world.entries().pop().unwrap();
        assert_eq!(
            last.note,
            "Clause 1: the subscription ended after 45 of 180 days, so that EUR 225.00 of EUR 300.00 goes back."
        );
        assert_eq!(
            (last.earned_period, last.posting_period),
            (month("2027-03"), month("2027-04"))
        );
        world.verify();
        // A refund takes what is left, and no more.
        world.at("2027-04-16");
        world
            .refund("R-1", paid.id(), "2027-04-16", eur(50_000))
            .unwrap();
        assert_eq!(world.amounts(), [30_000, -22_500, -7_500]);
        world
            .refund("R-2", paid.id(), "2027-04-16", eur(50_000))
            .unwrap();
        assert_eq!(world.amounts().len(), 3);
        world.verify();
        world.at("2027-05-02");
        close(&world, "2027-04");
        let after: Vec<String> = world
            .statements()
            .into_iter()
            .map(|one| one.sha256)
            .collect();
        assert!(closed.iter().all(|one| after.contains(one)));
        world.verify();
    });
}

#[test]
fn nothing_goes_back_after_the_window_or_by_the_vendors_fault() {
    on_each(|kind| {
        let world = world(kind, "2027-03-01", up_front());
        let in_time = world.start("S-1", 1, SEATS, "2027-03-01", 100);
        let let_down = world.start("S-2", 2, SEATS, "2027-03-01", 100);
        let later = world.start("S-3", 3, SEATS, "2027-03-01", 100);
        for (name, customer) in [("P-1", 1), ("P-2", 2), ("P-3", 3)] {
            world.pay(name, customer, "2027-03-01", eur(100_000));
        }
        cancel(&world, let_down, "2027-04-15", true);
        assert_eq!(left_early(&world), [0; 0]);
        cancel(&world, in_time, "2027-08-27", false);
        // The last of 180 days is worth 1.67.
        assert_eq!(left_early(&world), [-167]);
        cancel(&world, later, "2027-08-28", false);
        assert_eq!(left_early(&world), [-167]);
        world.verify();
    });
}

#[test]
fn a_payment_that_comes_after_the_end_is_taken_back_alike() {
    on_each(|kind| {
        let world = world(kind, "2027-03-01", up_front());
        let sold = world.start("S-1", 1, SEATS, "2027-03-01", 100);
        world.pay("P-1", 1, "2027-03-01", eur(50_000));
        cancel(&world, sold, "2027-04-15", false);
        assert_eq!(world.amounts(), [15_000, -11_250]);
        world.pay("P-2", 1, "2027-04-15", eur(50_000));
        assert_eq!(world.amounts(), [15_000, -11_250, 15_000, -11_250]);
        world.verify();
    });
}

#[test]
fn everybody_gives_back_with_the_cap_and_what_was_credited_does_not_go_twice() {
    on_each(|kind| {
        let all = ClauseDraft {
            cap: Some(eur(5_000)),
            clawback: back(90, ClawbackMode::Full),
            ..percent("10")
        };
        let world = world(kind, "2027-03-01", vec![all]);
        let sold = world.start("S-1", 1, SEATS, "2027-03-01", 100);
        let version = world.read(|tx| rows::one(tx, sold)).version;
        let sharing = Sharing {
            subscription: sold,
            version,
            others: vec![(1, id(202), "25".parse().unwrap())],
        };
        world
            .write(|tx| subscriptions::share_out(tx, &sharing))
            .unwrap();
        world.pay("P-1", 1, "2027-03-01", eur(100_000));
        bill(&world, "2027-04-01");
        world.pay("P-2", 1, "2027-04-01", eur(100_000));
        // March alone, capped at 50.00; April 75.00 to 25.00, the first again capped.
        assert_eq!(world.amounts(), [10_000, -5_000, 7_500, 2_500, -2_500]);
        cancel(&world, sold, "2027-04-11", false);
        let mut sums = std::collections::BTreeMap::new();
        for entry in world.entries() {
            *sums.entry(entry.partner_id).or_insert(0) += entry.amount_minor;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
        let lines = world.read(perennial::store::revenue::invoices::all_lines);
        assert!(lines.iter().all(|line| line.commission_minor == 0));
        world.verify();
    });
}

/// The bonuses, and what went back of them.
fn bonuses(world: &World) -> Vec<i64> {
    let entries = world.entries().into_iter();
    let kinds = [EntryKind::RenewalBonus, EntryKind::Clawback];
    let bonus = entries.filter(|entry| kinds.contains(&entry.kind));
    bonus.map(|entry| entry.amount_minor).collect()
}

/// Why something beside lines went back.
fn why(world: &World) -> Vec<String> {
    let entries = world.entries().into_iter();
    let back = entries.filter(|entry| entry.kind == EntryKind::Clawback);
    back.map(|entry| entry.note).collect()
}

#[test]
fn a_bonus_goes_back_when_the_customer_leaves_or_all_is_given_back() {
    on_each(|kind| {
        let like = Like {
            tax_bps: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let extras = PlanExtras {
            renewal: Some(RenewalTerms {
                rate: "2".parse().unwrap(),
                kept_bps: 10_000,
                clawback: back(90, ClawbackMode::Linear),
            }),
            guarantee: None,
        };
        enroll_with(&world, vec![percent("10")], extras);
        let leaves = world.start("S-1", 1, YEARLY, "2027-03-01", 1);
        world.start("S-2", 2, YEARLY, "2027-03-01", 1);
        world.start("S-3", 3, YEARLY, "2027-03-01", 1);
        for customer in 1..=3 {
            world.pay(
                &format!("P-{customer}"),
                customer,
                "2027-03-01",
                eur(120_000),
            );
        }
        bill(&world, "2028-03-01");
        let paid: Vec<_> = (1..=3)
            .map(|customer| {
                world.pay(
                    &format!("Q-{customer}"),
                    customer,
                    "2028-03-01",
                    eur(120_000),
                )
            })
            .collect();
        let bonuses = || bonuses(&world);
        assert_eq!(bonuses(), [2_400; 3]);
        // All of it given back takes the whole bonus along; half of it takes nothing.
        world.at("2028-03-31");
        world
            .refund("R-2", paid[1].id(), "2028-03-31", eur(120_000))
            .unwrap();
        world
            .refund("R-3", paid[2].id(), "2028-03-31", eur(60_000))
            .unwrap();
        assert_eq!(bonuses(), [2_400, 2_400, 2_400, -2_400]);
        // 45 of 90.
        cancel(&world, leaves, "2028-04-15", false);
        assert_eq!(bonuses(), [2_400, 2_400, 2_400, -2_400, -1_200]);
        assert_eq!(
            why(&world),
            [
                "Renewal bonus: all that was paid for it was given back, so that EUR 24.00 of EUR 24.00 goes back.",
                "Renewal bonus: the subscription ended after 45 of 90 days, so that EUR 12.00 of EUR 24.00 goes back."
            ]
        );
        world.verify();
    });
}
