//! What clauses pay beside a share of everything: by the unit, for some months, for an offering.
use perennial::{
    domain::{Money, Quantity, Rate, commission::extras::PlanExtras},
    id::{CommissionPlanVersionId, OfferingId},
    services::{
        incentivize::{
            commission_plans::{self as plans, ClauseDraft, Draft},
            enrollments,
        },
        revenue::{billing, dry_run::dry_run, forecast, subscriptions},
    },
    store::{registers, revenue::subscriptions as rows},
};

use super::world::{Like, SEATS, World, YEARLY, date, eur, id, month};
use crate::support::postgres::{Databases, Kind};

pub(super) fn on_each(test: impl Fn(Kind)) {
    Databases::each().into_iter().for_each(test);
}

pub(super) fn percent(text: &str) -> ClauseDraft {
    ClauseDraft {
        rate: text.parse::<Rate>().unwrap(),
        ..ClauseDraft::default()
    }
}

/// A world whose first partner sells under these clauses from now on.
pub(super) fn world(kind: Kind, now: &'static str, clauses: Vec<ClauseDraft>) -> World {
    let like = Like {
        now,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    enroll(&world, clauses);
    world
}

fn enroll(world: &World, clauses: Vec<ClauseDraft>) -> CommissionPlanVersionId {
    enroll_with(world, clauses, PlanExtras::default())
}

pub(super) fn enroll_with(
    world: &World,
    clauses: Vec<ClauseDraft>,
    extras: PlanExtras,
) -> CommissionPlanVersionId {
    let draft = Draft {
        effective_from: date("2026-01-01"),
        hold_days: 30,
        outcome: "Customers recover in a day".into(),
        extras,
        clauses,
    };
    let made = world.write(|tx| {
        let (_, version) = plans::add(tx, &"Clauses".parse().unwrap(), &draft)?;
        plans::publish(tx, version, 1)?;
        enrollments::enroll(tx, id(201), version, date("2026-01-01"))?;
        Ok(version)
    });
    made.unwrap()
}

#[test]
fn units_are_paid_for_as_their_number_changes() {
    on_each(|kind| {
        let per_seat = ClauseDraft {
            per_unit: Some(eur(250)),
            ..ClauseDraft::default()
        };
        let world = world(kind, "2027-06-16", vec![per_seat]);
        let sold = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        world.pay("P-1", 1, "2027-06-16", eur(10_000));
        assert_eq!(world.amounts(), [2_500]);
        let version = world.read(|tx| rows::one(tx, sold)).version;
        let change = subscriptions::QuantityChange {
            subscription: sold,
            version,
            quantity: Quantity::new(16).unwrap(),
            effective_on: date("2027-06-16"),
            reason: "Six more".into(),
        };
        world
            .write(|tx| subscriptions::change_quantity(tx, &change))
            .unwrap();
        // Half of June: ten seats back, sixteen charged anew.
        world.pay("P-2", 1, "2027-06-16", eur(3_000));
        assert_eq!(world.amounts(), [2_500, -1_250, 2_000]);
        world.at("2027-06-17");
        let paid = world.pay("P-3", 1, "2027-06-17", eur(500));
        world
            .refund("R-1", paid.id(), "2027-06-17", eur(500))
            .unwrap();
        world.verify();
    });
}

#[test]
fn a_year_in_advance_earns_for_the_months_of_its_clause() {
    on_each(|kind| {
        let first = ClauseDraft {
            months: Some(6),
            ..percent("10")
        };
        let world = world(kind, "2027-03-01", vec![first]);
        world.start("S-1", 1, YEARLY, "2027-03-01", 1);
        world.pay("P-1", 1, "2027-03-01", eur(120_000));
        // 184 of 366 days: the year ends on 1 Mar 2028.
        assert_eq!(world.amounts(), [6_033]);
        world.at("2028-03-02");
        world
            .write(|tx| billing::bill_due(tx, date("2028-03-02")))
            .unwrap();
        world.pay("P-2", 1, "2028-03-02", eur(120_000));
        assert_eq!(world.amounts(), [6_033]);
        world.verify();
    });
}

#[test]
fn months_are_counted_by_service_period_and_not_by_payment() {
    on_each(|kind| {
        let first = ClauseDraft {
            months: Some(2),
            ..percent("20")
        };
        let world = world(kind, "2027-01-31", vec![first, percent("12")]);
        world.start("S-1", 1, SEATS, "2027-01-31", 10);
        world.at("2027-04-30");
        world
            .write(|tx| billing::bill_due(tx, date("2027-04-30")))
            .unwrap();
        // All four months at once, and late: January and February lie inside.
        world.pay("P-1", 1, "2027-04-30", eur(40_000));
        assert_eq!(world.amounts(), [2_000, 2_000, 1_200, 1_200]);
        world.verify();
    });
}

#[test]
fn an_offering_may_earn_its_own_rate() {
    on_each(|kind| {
        let backup: OfferingId = id(301);
        let own = ClauseDraft {
            offering: Some(backup),
            ..percent("25")
        };
        let yen = ClauseDraft {
            per_unit: Some(Money::new(100, "JPY".parse().unwrap())),
            ..ClauseDraft::default()
        };
        let world = world(kind, "2027-03-01", vec![percent("10"), own, yen]);
        world.start("S-1", 1, SEATS, "2027-03-01", 10);
        world.pay("P-1", 1, "2027-03-01", eur(10_000));
        assert_eq!(world.amounts(), [2_500]);
        world.verify();
    });
}

#[test]
fn the_months_ahead_and_a_trial_leave_out_what_is_off_and_what_earns_nothing() {
    on_each(|kind| {
        let per_seat = ClauseDraft {
            per_unit: Some(eur(250)),
            ..ClauseDraft::default()
        };
        let world = World::new(
            kind,
            Like {
                tax_bps: 0,
                ..Like::default()
            },
        );
        let tenant = perennial::store::lobby::tenant_of(&world.scope).number();
        world.database.sql(&format!(
            "INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro, commissionable) VALUES
               ({tenant}, 331, 311, 2, 'Training', 'flat', 5000000000, FALSE),
               ({tenant}, 332, 311, 3, 'Set-up', 'one_off', 25000000000, TRUE);"
        ));
        let sold = world.start("S-1", 1, SEATS, "2027-03-01", 10);
        // 150.00 a month, and from the second on 15 % less.
        world.database.sql(&format!(
            "INSERT INTO discounts VALUES ({tenant}, 341, 201, {}, 'Loyal', 1500, NULL, 0, 1, NULL, '2027-03-01 00:00:00')",
            sold.number()
        ));
        world
            .write(|tx| forecast::renew(tx, date("2027-03-01")))
            .unwrap();
        let ahead = world.read(|tx| Ok(registers::forecasts::ahead(tx).unwrap()));
        let months = ahead
            .iter()
            .map(|one| (one.expected_net.minor(), one.expected.minor()));
        let months: Vec<(i64, i64)> = months.collect();
        // March was billed with its set-up; what is reckoned is what comes back.
        assert_eq!(
            months[..2],
            [(15_000, 2_000), (12_750, 1_700)],
            "{months:?}"
        );
        // By the unit, neither the set-up nor the training pays anything.
        let version = enroll(&world, vec![per_seat]);
        world.pay("P-1", 1, "2027-03-01", eur(40_000));
        let tried = world.read(|tx| dry_run(tx, version, (month("2027-03"), month("2027-03"))));
        let tried = (tried[0].was.minor(), tried[0].would_be.minor());
        assert_eq!(tried, (7_000, 2_500));
    });
}
