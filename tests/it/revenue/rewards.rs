//! What is paid beside the share of revenue, in the cases that are easily missed: renewals of what
//! earns nothing else, SPIFFs of what has ended or changed, steps and caps with a distributor.
use std::collections::BTreeSet;

use perennial::{
    domain::{
        CommissionRule, Phase, Quantity, Rate,
        commission::{
            EntryKind,
            clawback::ClawbackMode,
            extras::{PlanExtras, RenewalTerms},
            span::{GivenBack, Span},
            volume::VolumeKind,
        },
        discount::Off,
    },
    id::SubscriptionId,
    services::{
        incentivize::{
            commission_plans::{self as plans, ClauseDraft, Draft},
            enrollments, spiffs,
        },
        revenue::{
            billing,
            subscriptions::{self, NewDiscount, PlanChange, PlanWhen, change_plan, give_discount},
        },
    },
    store::{
        incentivize::{enrollments as enrolled, entries::Entry},
        lobby,
        revenue::subscriptions as rows,
    },
};

use super::{
    clauses::{enroll_with, on_each, percent, world},
    settled::{amounts_of, cancel, close, credit, steps},
    world::{Like, SEATS, World, YEARLY, date, eur, id},
};
use crate::support::postgres::Kind;

fn plain(kind: Kind, now: &'static str, first: i32) -> World {
    let like = Like {
        now,
        first,
        tax_bps: 0,
        ..Like::default()
    };
    World::new(kind, like)
}

fn bill(world: &World, on: &'static str) {
    world
        .at(on)
        .write(|tx| billing::bill_due(tx, date(on)))
        .unwrap();
}

fn renewal() -> PlanExtras {
    PlanExtras {
        renewal: Some(RenewalTerms {
            rate: "2".parse::<Rate>().unwrap(),
            kept_bps: 10_000,
            clawback: None,
        }),
        guarantee: None,
    }
}

fn of_kind(world: &World, kind: EntryKind) -> Vec<Entry> {
    let entries = world.entries().into_iter();
    entries.filter(|entry| entry.kind == kind).collect()
}

#[test]
fn a_renewal_that_earns_nothing_else_earns_its_bonus() {
    on_each(|kind| {
        let for_a_year = ClauseDraft {
            months: Some(12),
            ..percent("20")
        };
        let at_renewal = ClauseDraft {
            phase: Some(Phase::Renewal),
            ..percent("0")
        };
        for clauses in [vec![for_a_year], vec![percent("20"), at_renewal]] {
            let world = plain(kind, "2027-03-01", 202_701);
            enroll_with(&world, clauses, renewal());
            world.start("S-1", 1, YEARLY, "2027-03-01", 1);
            world.pay("P-1", 1, "2027-03-01", eur(120_000));
            bill(&world, "2028-03-02");
            world.pay("P-2", 1, "2028-03-02", eur(120_000));
            assert_eq!(amounts_of(&world, EntryKind::Earned), [24_000]);
            assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
            world.verify();
        }
    });
}

/// 100.00 a month from the first of each, sold on 25 June and paid until May; it renews in June.
fn soon_renewed(kind: Kind) -> (World, SubscriptionId) {
    let world = plain(kind, "2027-06-25", 202_701);
    let tenant = lobby::tenant_of(&world.scope).number();
    world.database.sql(&format!(
        "UPDATE plan_versions SET anchor_day = 1 WHERE tenant_id = {tenant} AND id = 311"
    ));
    enroll_with(&world, vec![percent("10")], renewal());
    let sold = world.start("S-1", 1, SEATS, "2027-06-25", 10);
    bill(&world, "2028-05-31");
    assert_eq!(world.invoices()[0].total_minor, 2_000);
    world.pay("P-1", 1, "2028-05-31", eur(2_000 + 11 * 10_000));
    world.at("2028-06-01");
    (world, sold)
}

#[test]
fn a_first_period_that_is_short_does_not_make_the_term_before_worth_less() {
    on_each(|kind| {
        let (world, sold) = soon_renewed(kind);
        let version = world.read(|tx| rows::one(tx, sold)).version;
        let change = subscriptions::QuantityChange {
            subscription: sold,
            version,
            quantity: Quantity::new(5).unwrap(),
            effective_on: date("2028-06-01"),
            reason: "Half of them left".into(),
        };
        world
            .write(|tx| subscriptions::change_quantity(tx, &change))
            .unwrap();
        bill(&world, "2028-06-01");
        world.pay("P-2", 1, "2028-06-01", eur(5_000));
        assert_eq!(world.invoices().last().unwrap().due_minor(), 0);
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [0; 0]);
        world.verify();
    });
}

#[test]
fn a_discount_for_one_period_costs_no_bonus() {
    on_each(|kind| {
        let (world, sold) = soon_renewed(kind);
        world.at("2028-05-31");
        let new = NewDiscount {
            subscription: sold,
            version: world.read(|tx| rows::one(tx, sold)).version,
            label: "Thank you".parse().unwrap(),
            off: Off::Percent("50".parse().unwrap()),
            priority: 0,
            periods: Some(1),
        };
        world.write(|tx| give_discount(tx, &new)).unwrap();
        bill(&world, "2028-06-01");
        world.pay("P-2", 1, "2028-06-01", eur(5_000));
        assert_eq!(world.invoices().last().unwrap().due_minor(), 0);
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
        world.verify();
    });
}

/// 90.00 of 100.00 are paid, and the rest is credited: nothing more is to come.
#[test]
fn a_bonus_is_due_once_a_credit_note_settles_the_rest() {
    on_each(|kind| {
        let (world, _) = soon_renewed(kind);
        bill(&world, "2028-06-01");
        world.pay("P-2", 1, "2028-06-01", eur(9_000));
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [0; 0]);
        let renewed = world.invoices().last().unwrap().id;
        credit(&world, renewed, 1_000, CommissionRule::ProtectPartner);
        assert_eq!(world.invoices().last().unwrap().due_minor(), 0);
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
        world.verify();
    });
}

/// Half of a renewed month is paid, and what is left of it is credited as the customer leaves.
#[test]
fn the_credit_note_of_a_customer_who_leaves_brings_no_bonus() {
    on_each(|kind| {
        let (world, sold) = soon_renewed(kind);
        bill(&world, "2028-06-01");
        world.pay("P-2", 1, "2028-06-01", eur(5_000));
        world.at("2028-06-16");
        cancel(&world, sold, "2028-06-16");
        assert_eq!(world.invoices().last().unwrap().due_minor(), 0);
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [0; 0]);
    });
}

fn use_up(world: &World, sold: SubscriptionId, name: &str, (on, units): (&str, i64)) {
    let tenant = lobby::tenant_of(&world.scope).number();
    let (number, sold) = (9_000 + name.len(), sold.number());
    world.database.sql(&format!(
        "INSERT INTO usage_events (tenant_id, id, partner_id, subscription_id, meter, event_id, subject, value_micro, by_partner, verified_by, occurred_at, received_at, settled)
         VALUES ({tenant}, {number}, 201, {sold}, 'calls', '{name}', '', {}, FALSE, '', '{on} 12:00:00', '{on} 12:00:00', FALSE)",
        units * 1_000_000
    ));
}

#[test]
fn usage_that_was_not_goes_back_under_its_own_clause_and_its_credit_earns_on_the_next_bill() {
    on_each(|kind| {
        let like = Like {
            now: "2027-01-01",
            tax_bps: 0,
            rates: [3_000, 1_000, 1_000],
            ..Like::default()
        };
        let world = World::new(kind, like);
        let tenant = lobby::tenant_of(&world.scope).number();
        world.database.sql(&format!(
            "INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro, meter, aggregation)
             VALUES ({tenant}, 331, 311, 2, 'Calls', 'usage', 100000000, 'calls', 'sum')"
        ));
        let sold = world.start("S-1", 1, SEATS, "2027-01-01", 10);
        world.pay("P-1", 1, "2027-01-01", eur(10_000));
        use_up(&world, sold, "U", ("2027-01-15", 150));
        bill(&world, "2027-02-01");
        world.pay("P-2", 1, "2027-02-01", eur(25_000));
        assert_eq!(world.amounts(), [3_000, 1_000, 4_500]);
        use_up(&world, sold, "U-2", ("2027-01-20", -100));
        bill(&world, "2027-03-01");
        let last = world.invoices().pop().unwrap();
        assert_eq!((last.due_minor(), world.lines(last.id)), (0, vec![10_000]));
        assert_eq!(world.amounts()[3..], [-3_000, 1_000]);
        world.verify();
        close(&world, "2027-01");
        close(&world, "2027-02");
        assert_eq!(world.amounts().len(), 5);
    });
}

fn announce(world: &World, name: &str, offering: i64) {
    let new = spiffs::NewSpiff {
        name: name.parse().unwrap(),
        offering: id(offering),
        from: date("2027-06-01"),
        until: date("2027-06-30"),
        amount: eur(20_000),
        most: None,
        clawback_days: 180,
        clawback_mode: ClawbackMode::Linear,
    };
    world.write(|tx| spiffs::add(tx, &new)).unwrap();
}

#[test]
fn a_spiff_paid_after_the_customer_left_goes_back_at_once() {
    on_each(|kind| {
        let world = world(kind, "2027-06-01", vec![percent("10")]);
        announce(&world, "June", 301);
        let sold = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        world.at("2027-06-16");
        cancel(&world, sold, "2027-06-16");
        world.at("2027-07-01");
        world.pay("P-1", 1, "2027-07-01", eur(5_000));
        // 165 of 180 days were left.
        assert_eq!(amounts_of(&world, EntryKind::Spiff), [20_000]);
        assert_eq!(amounts_of(&world, EntryKind::Clawback), [-18_333]);
        world.verify();
    });
}

#[test]
fn a_spiff_whose_payment_is_refunded_goes_back_whole_and_can_be_earned_anew() {
    on_each(|kind| {
        let world = world(kind, "2027-06-01", vec![percent("10")]);
        announce(&world, "June", 301);
        world.start("S-1", 1, SEATS, "2027-06-01", 10);
        let open = world.invoices()[0].total_minor;
        let paid = world.pay("P-1", 1, "2027-06-01", eur(open));
        world.at("2027-06-02");
        let back = |name: &str, minor| {
            world
                .refund(name, paid.id(), "2027-06-02", eur(minor))
                .unwrap()
        };
        back("R-1", open / 2);
        assert!(amounts_of(&world, EntryKind::Clawback).is_empty());
        back("R-2", open - open / 2);
        assert_eq!(amounts_of(&world, EntryKind::Clawback), [-20_000]);
        let why = of_kind(&world, EntryKind::Clawback)[0].note.clone();
        assert_eq!(
            why,
            "SPIFF “June”: all that was paid for it was given back, so that EUR 200.00 of EUR 200.00 goes back."
        );
        world.at("2027-07-01");
        bill(&world, "2027-07-01");
        world.pay("P-2", 1, "2027-07-01", eur(open * 2));
        assert_eq!(amounts_of(&world, EntryKind::Spiff), [20_000, 20_000]);
        world.verify();
    });
}

#[test]
fn a_spiff_is_for_what_was_sold_whatever_it_was_changed_to() {
    on_each(|kind| {
        let world = world(kind, "2027-06-05", vec![percent("10")]);
        let tenant = lobby::tenant_of(&world.scope).number();
        world.database.sql(&format!(
            "INSERT INTO offerings VALUES ({tenant}, 302, 'Security', 'security', 'software', 'Guards', 'vendor', NULL, 'published', '2027-01-01 00:00:00', NULL, 1);
             INSERT INTO plans VALUES ({tenant}, 308, 302, 'guard', 'Guard');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version) VALUES
               ({tenant}, 314, 308, 1, 'published', 'EUR', 1, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro) VALUES
               ({tenant}, 324, 314, 1, 'Guard', 'flat', 16000000000);"
        ));
        announce(&world, "Backup in June", 301);
        announce(&world, "Security in June", 302);
        let change = |sold: SubscriptionId| {
            let change = |version| PlanChange {
                subscription: sold,
                version,
                plan_version: id(314),
                when: PlanWhen::Now(date("2027-06-05")),
                reason: "Needs more".into(),
            };
            world
                .write(|tx| {
                    let version = rows::one(tx, sold)?.version;
                    change_plan(tx, &change(version))
                })
                .unwrap();
        };
        let paid_first = world.start("S-1", 1, SEATS, "2027-06-05", 10);
        world.pay("P-1", 1, "2027-06-05", eur(10_000));
        assert_eq!(amounts_of(&world, EntryKind::Spiff), [20_000]);
        change(paid_first);
        world.pay("P-2", 1, "2027-06-05", eur(6_000));
        assert_eq!(amounts_of(&world, EntryKind::Spiff), [20_000]);
        let changed_first = world.start("S-2", 2, SEATS, "2027-06-05", 10);
        change(changed_first);
        world.pay("P-3", 2, "2027-06-05", eur(16_000));
        let spiffs = of_kind(&world, EntryKind::Spiff);
        let sources: Vec<i64> = spiffs.iter().map(|entry| entry.source_id).collect();
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0], sources[1]);
        world.verify();
    });
}

/// Under steps, with so many days of hold.
fn held(kind: Kind, (now, first): (&'static str, i32), clause: ClauseDraft, hold: i32) -> World {
    let world = plain(kind, now, first);
    let draft = Draft {
        effective_from: date("2026-01-01"),
        hold_days: hold,
        outcome: "Customers recover in a day".into(),
        extras: PlanExtras::default(),
        clauses: vec![clause],
    };
    world
        .write(|tx| {
            let (_, version) = plans::add(tx, &"Steps".parse().unwrap(), &draft)?;
            plans::publish(tx, version, 1)?;
            enrollments::enroll(tx, id(201), version, date("2026-01-01"))
        })
        .unwrap();
    world
}

#[test]
fn what_a_cliff_takes_off_matures_with_what_it_is_taken_off() {
    on_each(|kind| {
        let cliff = steps("10", VolumeKind::Cliff, "20,000");
        let world = held(kind, ("2027-06-05", 202_706), cliff, 30);
        world.start("S-1", 1, SEATS, "2027-06-05", 1_500);
        world.pay("P-1", 1, "2027-06-05", eur(1_500_000));
        world.at("2027-07-02");
        close(&world, "2027-06");
        let settled = of_kind(&world, EntryKind::Volume);
        assert_eq!(settled[0].amount_minor, -150_000);
        assert_eq!(settled[0].matures_on, date("2027-07-05"));
        assert!(world.statements().iter().all(|one| one.closing_minor == 0));
        world.at("2027-08-02");
        close(&world, "2027-07");
        let statements = world.statements();
        let last = statements.last().unwrap();
        assert_eq!((last.payout_minor, last.closing_minor), (0, 0));
    });
}

#[test]
fn what_steps_give_back_matures_with_what_they_brought() {
    on_each(|kind| {
        let graduated = steps("10", VolumeKind::Graduated, "1,000: 12 %");
        let world = held(kind, ("2027-12-10", 202_712), graduated, 60);
        world.start("S-1", 1, SEATS, "2027-12-10", 150);
        let paid = world.pay("P-1", 1, "2027-12-10", eur(150_000));
        world.at("2028-01-05");
        close(&world, "2027-12");
        world
            .refund("R-1", paid.id(), "2028-01-05", eur(75_000))
            .unwrap();
        world.at("2028-02-02");
        close(&world, "2028-01");
        let settled = of_kind(&world, EntryKind::Volume);
        let told: Vec<(i64, String)> = settled
            .iter()
            .map(|entry| (entry.amount_minor, entry.matures_on.to_string()))
            .collect();
        let day = "2028-02-29".to_owned();
        assert_eq!(told, [(1_000, day.clone()), (-500, day)]);
    });
}

/// The second partner gets a tenth of the first's commission, out of it.
fn carve(world: &World) {
    carve_of(world, 201, 202);
}

/// A partner gets a tenth of another's commission, out of it.
fn carve_of(world: &World, seller: i64, distributor: i64) {
    let tenant = lobby::tenant_of(&world.scope).number();
    world.database.sql(&format!(
        "INSERT INTO distributor_links (tenant_id, id, partner_id, distributor_id, carved_out, rate_bps, effective_from, created_at)
         VALUES ({tenant}, {seller}9, {seller}, {distributor}, TRUE, 1000, '2020-01-01', '2027-01-01 00:00:00')"
    ));
}

fn sum_of(world: &World, partner: i64) -> i64 {
    let entries = world.entries().into_iter();
    let own = entries.filter(|entry| entry.partner_id == id(partner));
    own.map(|entry| entry.amount_minor).sum()
}

#[test]
fn a_cap_holds_for_the_commission_a_distributor_gets_a_part_of() {
    on_each(|kind| {
        let capped = ClauseDraft {
            cap: Some(eur(30_000)),
            ..percent("20")
        };
        let world = world(kind, "2027-03-01", vec![capped]);
        carve(&world);
        world.start("S-1", 1, SEATS, "2027-03-01", 200);
        let paid = world.pay("P-1", 1, "2027-03-01", eur(200_000));
        // 400.00, capped to 300.00, of which a tenth is the distributor's.
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (27_000, 3_000));
        world.start("S-2", 2, SEATS, "2027-03-01", 10);
        world.pay("P-2", 2, "2027-03-01", eur(10_000));
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (27_000, 3_000));
        world.verify();
        world
            .refund("R-1", paid.id(), "2027-03-01", eur(100_000))
            .unwrap();
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (13_500, 1_500));
        let notes: Vec<String> = of_kind(&world, EntryKind::Cap)
            .into_iter()
            .map(|entry| entry.note)
            .collect();
        assert_eq!(
            notes[..2],
            [
                "Clause 1 pays at most EUR 300.00 a month, the distributor’s part included: EUR 90.00 of EUR 360.00 is beyond it for March 2027.",
                "The reseller’s commission is capped for March 2027: EUR 10.00 of the distributor’s EUR 40.00 goes with it.",
            ]
        );
        world.verify();
    });
}

#[test]
fn steps_count_revenue_whatever_a_distributor_gets_out_of_the_commission() {
    on_each(|kind| {
        let whole = steps("10", VolumeKind::Whole, "10,000: 12 %");
        let world = held(kind, ("2027-06-05", 202_706), whole, 30);
        carve(&world);
        world.start("S-1", 1, SEATS, "2027-06-05", 1_050);
        world.pay("P-1", 1, "2027-06-05", eur(1_050_000));
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (94_500, 10_500));
        world.at("2027-07-02");
        close(&world, "2027-06");
        // 12 % of 10,500.00 in all, of which 1,050.00 were posted for both; a tenth is the
        // distributor's.
        let settled = of_kind(&world, EntryKind::Volume);
        let told = |entry: &Entry| (entry.partner_id, entry.amount_minor, entry.seller_id);
        let told: Vec<_> = settled.iter().map(told).collect();
        let shared = [(id(201), 18_900, None), (id(202), 2_100, Some(id(201)))];
        assert_eq!(told, shared);
        for entry in &settled {
            let note = &entry.note;
            assert!(
                note.contains("EUR 10,500.00 of revenue in June 2027"),
                "{note}"
            );
            let share = "Of the EUR 210.00 that this adds, EUR 21.00 is the distributor’s.";
            assert!(note.ends_with(share), "{note}");
        }
        world.verify();
    });
}

#[test]
fn a_cliff_that_is_not_passed_leaves_nothing_to_seller_or_distributor() {
    on_each(|kind| {
        let cliff = steps("10", VolumeKind::Cliff, "2,000");
        let world = held(kind, ("2027-06-05", 202_706), cliff, 0);
        carve(&world);
        for (name, customer, units) in [("S-1", 1, 137), ("S-2", 2, 1)] {
            world.start(name, customer, SEATS, "2027-06-05", units);
        }
        let paid = world.pay("P-1", 1, "2027-06-05", eur(137_000));
        world.pay("P-2", 2, "2027-06-05", eur(1_000));
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (12_420, 1_380));
        world.at("2027-07-02");
        close(&world, "2027-06");
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (0, 0));
        world.verify();
        world
            .refund("R-1", paid.id(), "2027-07-02", eur(68_500))
            .unwrap();
        world.at("2027-08-02");
        close(&world, "2027-07");
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (0, 0));
        world.verify();
    });
}

#[test]
fn what_goes_back_of_steps_goes_back_of_the_distributors_share_too() {
    on_each(|kind| {
        let whole = steps("10", VolumeKind::Whole, "1,000: 15 %");
        let world = held(kind, ("2027-06-05", 202_706), whole, 0);
        carve(&world);
        world.start("S-1", 1, SEATS, "2027-06-05", 120);
        let paid = world.pay("P-1", 1, "2027-06-05", eur(120_000));
        world.at("2027-07-02");
        close(&world, "2027-06");
        // 15 % of 1,200.00, a tenth of it the distributor's.
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (16_200, 1_800));
        world
            .refund("R-1", paid.id(), "2027-07-02", eur(60_000))
            .unwrap();
        world.at("2027-08-02");
        close(&world, "2027-07");
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (8_100, 900));
        world.verify();
    });
}

#[test]
fn a_distributor_above_two_has_its_share_in_the_steps_of_each() {
    on_each(|kind| {
        let whole = steps("10", VolumeKind::Whole, "1,000: 15 %");
        let world = held(kind, ("2027-06-05", 202_706), whole, 0);
        let enrolled = world.read(|tx| enrolled::of_partner(tx, id(201))).remove(0);
        let version = enrolled.plan_version;
        world
            .write(|tx| enrollments::enroll(tx, id(202), version, date("2026-01-01")))
            .unwrap();
        for seller in [201, 202] {
            carve_of(&world, seller, 203);
        }
        for (name, customer, units) in [("S-1", 1, 120), ("S-2", 4, 200)] {
            world.start(name, customer, SEATS, "2027-06-05", units);
            world.pay(name, customer, "2027-06-05", eur(i64::from(units) * 1_000));
        }
        world.at("2027-07-02");
        close(&world, "2027-06");
        let sums = [201, 202, 203].map(|partner| sum_of(&world, partner));
        // 15 % of 1,200.00 and of 2,000.00, a tenth of each the distributor's.
        assert_eq!(sums, [16_200, 27_000, 1_800 + 3_000]);
        let theirs = of_kind(&world, EntryKind::Volume).into_iter();
        let theirs = theirs.filter(|entry| entry.partner_id == id(203));
        let told: Vec<_> = theirs
            .map(|one| (one.amount_minor, one.seller_id))
            .collect();
        assert_eq!(told, [(600, Some(id(201))), (1_000, Some(id(202)))]);
        world.verify();
    });
}

/// Two spans settle beside each other: what goes back of the last is more than its steps brought.
#[test]
fn a_month_closes_when_two_spans_stand_for_themselves_in_it() {
    on_each(|kind| {
        let mut cliff = steps("10", VolumeKind::Cliff, "5,000");
        let volume = cliff.volume.unwrap();
        cliff.volume = Some(volume.over(Span::Month, GivenBack::Reband));
        let world = held(kind, ("2026-12-05", 202_612), cliff, 0);
        carve(&world);
        world.start("S-1", 1, SEATS, "2026-12-05", 868);
        let paid = world.pay("P-1", 1, "2026-12-05", eur(867_758));
        world.at("2027-01-02");
        close(&world, "2026-12");
        world
            .refund("R-1", paid.id(), "2027-01-02", eur(411_137))
            .unwrap();
        world.pay("P-2", 1, "2027-01-02", eur(152_207));
        world.at("2027-02-02");
        close(&world, "2027-01");
        world.verify();
        let months = |entry: &Entry| (entry.partner_id, entry.posting_period, entry.seq);
        let settled = of_kind(&world, EntryKind::Volume);
        let seqs: BTreeSet<_> = settled.iter().map(months).collect();
        assert_eq!((settled.len(), seqs.len()), (4, 4), "{settled:?}");
        // Neither month is above 5,000.00 any more: nothing is left of what was earned in either.
        assert_eq!((sum_of(&world, 201), sum_of(&world, 202)), (0, 0));
        // What stood for itself is taken back, each of its own.
        world.pay("P-3", 1, "2027-02-02", eur(90_000));
        world.at("2027-03-02");
        close(&world, "2027-02");
        world.verify();
    });
}
