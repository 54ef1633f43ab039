//! A plan that is billed at another interval: periods and terms are counted anew, and commission
//! goes on as it was counted.
use perennial::{
    domain::{
        Name, Quantity, Rate,
        commission::{
            EntryKind,
            extras::{PlanExtras, RenewalTerms},
        },
        discount::Off,
    },
    id::SubscriptionId,
    services::revenue::{
        billing, forecast,
        subscriptions::{
            NewDiscount, NewSubscription, Pausing, PlanChange, PlanWhen, change_plan,
            give_discount, pause, resume, start,
        },
    },
    store::revenue::subscriptions::{self as rows, Subscription},
};

use super::{
    clauses::{enroll_with, on_each, percent},
    world::{Like, World, date, eur, id},
};
use crate::support::postgres::Kind;

/// 10.00 a seat and month, or 1,200.00 a year; 30 % of the first period, 10 % later, 5 % renewed.
fn world(kind: Kind, now: &'static str) -> World {
    with_seats_at(1_000, kind, now)
}

/// Where a seat costs so much a month, in cents.
fn with_seats_at(seat: i64, kind: Kind, now: &'static str) -> World {
    let like = Like {
        seat,
        now,
        tax_bps: 0,
        rates: [3_000, 1_000, 500],
        ..Like::default()
    };
    World::new(kind, like)
}

const MONTHLY: i64 = 311;
const YEARLY: i64 = 312;

fn sell(world: &World, plan: i64, on: &str) -> SubscriptionId {
    let new = NewSubscription {
        external_id: format!("S-{plan}-{on}"),
        customer: world.customer(1),
        plan_version: id(plan),
        starts_on: date(on),
        // Nothing of the yearly plan goes by quantity.
        quantity: Quantity::new(if plan == MONTHLY { 10 } else { 1 }).unwrap(),
    };
    world.write(|tx| start(tx, &new)).unwrap().id()
}

fn now(world: &World, sold: SubscriptionId) -> Subscription {
    world.read(|tx| rows::one(tx, sold))
}

fn change(world: &World, sold: SubscriptionId, plan: i64, when: PlanWhen) {
    let change = PlanChange {
        subscription: sold,
        version: now(world, sold).version,
        plan_version: id(plan),
        when,
        reason: "Pays by the year".into(),
    };
    world.write(|tx| change_plan(tx, &change)).unwrap();
    world.verify();
}

fn bill(world: &World, today: &str) {
    world.at(today);
    world
        .write(|tx| billing::bill_due(tx, date(today)))
        .unwrap();
    world.verify();
}

fn discount(world: &World, sold: SubscriptionId, label: &str, off: Off) {
    let new = NewDiscount {
        subscription: sold,
        version: now(world, sold).version,
        label: label.parse::<Name>().unwrap(),
        off,
        priority: 0,
        periods: None,
    };
    world.write(|tx| give_discount(tx, &new)).unwrap();
}

fn nets(world: &World) -> Vec<i64> {
    world.invoices().iter().map(|one| one.net_minor).collect()
}

fn pausing(world: &World, sold: SubscriptionId, on: &str) -> Pausing {
    Pausing {
        subscription: sold,
        version: now(world, sold).version,
        on: date(on),
        reason: "Works".into(),
    }
}

#[test]
fn a_year_begins_with_the_next_period_and_commission_goes_on() {
    on_each(|kind| {
        let world = world(kind, "2027-02-10");
        let sold = sell(&world, MONTHLY, "2027-01-31");
        discount(
            &world,
            sold,
            "Tenth",
            Off::Percent(Rate::from_bps(1_000).unwrap()),
        );
        discount(&world, sold, "Ten", Off::Fixed(1_000));
        bill(&world, "2027-04-10");
        assert_eq!(nets(&world), [10_000, 8_000, 8_000]);
        change(&world, sold, YEARLY, PlanWhen::NextPeriod);
        let set = now(&world, sold);
        // The thirty-first, in a month of thirty days.
        assert_eq!(set.next_plan_on, Some(date("2027-04-30")));
        assert_eq!((set.interval_months, set.mrr_minor), (1, 8_000));
        world
            .write(|tx| forecast::renew(tx, date("2027-04-10")))
            .unwrap();
        let foreseen = "SELECT month || ' ' || committed_net_minor || ' ' || expected_minor AS value FROM forecasts";
        assert_eq!(
            crate::harness::ask(&world.database, foreseen),
            ["202704 108000 10800"]
        );

        bill(&world, "2027-05-02");
        assert_eq!(nets(&world)[3..], [108_000]);
        let year = now(&world, sold);
        assert_eq!(year.next_bill_on, Some(date("2028-04-30")));
        assert_eq!((year.anchor_index, year.billed_periods), (3, 4));
        assert_eq!((year.mrr_minor, year.term_months), (9_000, 12));
        assert_eq!(year.renewals_from, Some(date("2028-01-31")));
        bill(&world, "2028-05-01");
        for (name, minor) in [
            ("P-1", 10_000),
            ("P-2", 16_000),
            ("P-3", 108_000),
            ("P-4", 108_000),
        ] {
            world.pay(name, 1, "2028-05-01", eur(minor));
        }
        // The first month, then months, the year that begins in the first term, and one after it.
        assert_eq!(world.amounts(), [3_000, 800, 800, 10_800, 5_400]);
        world.verify();
    });
}

#[test]
fn at_once_the_rest_is_given_back_and_a_whole_period_billed() {
    on_each(|kind| {
        let world = with_seats_at(10_000, kind, "2028-04-30");
        let sold = sell(&world, YEARLY, "2028-04-30");
        world.at("2028-05-10");
        change(&world, sold, MONTHLY, PlanWhen::Now(date("2028-05-10")));
        assert_eq!(nets(&world), [120_000, 10_000]);
        let month = now(&world, sold);
        assert_eq!(month.next_bill_on, Some(date("2028-06-10")));
        assert_eq!(
            (month.anchor_on, month.mrr_minor),
            (Some(date("2028-05-10")), 10_000)
        );
        world.at("2028-05-20");
        change(&world, sold, YEARLY, PlanWhen::Now(date("2028-05-20")));
        assert_eq!(nets(&world)[2..], [120_000]);
        let credited: i64 = world.invoices().iter().map(|one| one.credited_minor).sum();
        // 355 of 365 days, and 21 of 31.
        assert_eq!(credited, 116_712 + 6_774);
        world.at("2028-06-01");
        let it = pausing(&world, sold, "2028-06-01");
        world.write(|tx| pause(tx, &it)).unwrap();
        world.at("2028-07-01");
        let it = pausing(&world, sold, "2028-07-01");
        world.write(|tx| resume(tx, &it)).unwrap();
        // 323 of 365 days.
        assert_eq!(nets(&world)[3..], [106_192]);
        let years = now(&world, sold);
        assert_eq!(years.next_bill_on, Some(date("2029-05-20")));
        world.verify();
        bill(&world, "2029-05-21");
        assert_eq!(nets(&world)[4..], [120_000]);
    });
}

#[test]
fn a_year_that_began_in_a_pause_is_billed_for_its_rest() {
    on_each(|kind| {
        let world = world(kind, "2027-06-10");
        let sold = sell(&world, MONTHLY, "2027-06-01");
        change(&world, sold, YEARLY, PlanWhen::NextPeriod);
        world.at("2027-06-20");
        let it = pausing(&world, sold, "2027-06-20");
        world.write(|tx| pause(tx, &it)).unwrap();
        world.at("2027-07-11");
        let it = pausing(&world, sold, "2027-07-11");
        world.write(|tx| resume(tx, &it)).unwrap();
        // 356 of 366 days.
        assert_eq!(nets(&world), [10_000, 116_721]);
        let year = now(&world, sold);
        assert_eq!(year.plan_version_id, id(YEARLY));
        assert_eq!(
            (year.next_bill_on, year.mrr_minor),
            (Some(date("2028-07-01")), 10_000)
        );
        world.verify();
    });
}

#[test]
fn a_term_counted_anew_renews_and_its_bonus_is_another() {
    on_each(|kind| {
        let world = with_seats_at(10_000, kind, "2027-03-01");
        let extras = PlanExtras {
            renewal: Some(RenewalTerms {
                rate: "2".parse::<Rate>().unwrap(),
                kept_bps: 10_000,
                clawback: None,
            }),
            guarantee: None,
        };
        enroll_with(&world, vec![percent("10")], extras);
        let sold = sell(&world, YEARLY, "2027-03-01");
        bill(&world, "2028-03-02");
        world.pay("P-1", 1, "2028-03-02", eur(240_000));
        let bonuses = || -> Vec<i64> {
            let entries = world.entries().into_iter();
            let of = entries.filter(|entry| entry.kind == EntryKind::RenewalBonus);
            of.map(|entry| entry.amount_minor).collect()
        };
        assert_eq!(bonuses(), [2_400]);
        world.at("2028-04-01");
        change(&world, sold, MONTHLY, PlanWhen::Now(date("2028-04-01")));
        let months = now(&world, sold);
        assert_eq!(months.anchor_index, 2);
        // What is given back pays for eleven months of 100.00; the year renews with the thirteenth.
        bill(&world, "2029-04-02");
        assert_eq!(bonuses(), [2_400]);
        world.pay("P-2", 1, "2029-04-02", eur(40_000));
        assert_eq!(bonuses(), [2_400, 2_400]);
        world.verify();
    });
}
