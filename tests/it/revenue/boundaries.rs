//! The last day, the other partner, the other clock: each test is about one place in the house
//! where a slip by one was planted and nothing else noticed.
use chrono::{DateTime, Utc};
use perennial::{
    domain::{
        DealStatus, Rate, TaxRate,
        commission::{
            EntryKind,
            extras::{GuaranteeTerms, PlanExtras},
            volume::VolumeKind,
        },
    },
    id::SubscriptionId,
    services::{
        incentivize::enrollments,
        revenue::{
            billing,
            payments::{self, NewPayment},
            subscriptions::{self, Sharing},
        },
        sell::{deals, taxes},
    },
    store::{revenue::subscriptions as rows, sell::deals::DealRegistration},
};

use super::{
    clauses::{enroll_with, on_each, world},
    settled::{amounts_of, close, steps},
    world::{Like, SEATS, World, date, eur, id},
};

fn pay_last(world: &World, name: &str, on: &str) {
    let made = world.invoices();
    let invoice = made.last().unwrap();
    let new = NewPayment {
        external_id: name.into(),
        received_on: date(on),
        amount: eur(invoice.total_minor),
        invoice_number: Some(invoice.number.clone()),
        customer: None,
    };
    world.write(|tx| payments::receive(tx, &new)).unwrap();
}

fn share_with(world: &World, sold: SubscriptionId, others: &[(i64, &str)]) {
    let version = world.read(|tx| rows::one(tx, sold)).version;
    let others = (1..).zip(others);
    let sharing = Sharing {
        subscription: sold,
        version,
        others: others
            .map(|(place, (who, share))| (place, id(*who), share.parse().unwrap()))
            .collect(),
    };
    world
        .write(|tx| subscriptions::share_out(tx, &sharing))
        .unwrap();
}

/// Two who share 3,000.00 of revenue have reached the step above 1,000.00 by 500.00 each, not one
/// of them by 2,000.00.
#[test]
fn steps_count_each_partners_own_share() {
    on_each(|kind| {
        let clause = steps("10", VolumeKind::Graduated, "1,000: 20 %");
        let world = world(kind, "2027-01-10", vec![clause]);
        let sold = world.start("S-1", 1, SEATS, "2027-01-10", 300);
        share_with(&world, sold, &[(202, "50")]);
        world.at("2027-02-10");
        world
            .write(|tx| billing::bill_due(tx, date("2027-02-10")))
            .unwrap();
        pay_last(&world, "P-1", "2027-02-10");
        world.at("2027-03-02");
        close(&world, "2027-01");
        close(&world, "2027-02");
        let entries = world.entries().into_iter();
        let brought = entries.filter(|entry| entry.kind == EntryKind::Volume);
        let mut brought: Vec<(i64, i64)> = brought
            .map(|entry| (entry.partner_id.number(), entry.amount_minor))
            .collect();
        brought.sort_unstable();
        assert_eq!(brought, [(201, 5_000), (202, 5_000)]);
        world.verify();
    });
}

/// 150.00 by its rate and 50.00 by its steps are more than the 180.00 that are guaranteed.
#[test]
fn what_steps_bring_counts_towards_what_is_guaranteed() {
    on_each(|kind| {
        let like = Like {
            now: "2027-01-20",
            tax_bps: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let extras = PlanExtras {
            renewal: None,
            guarantee: Some(GuaranteeTerms {
                amount: eur(18_000),
                months: 2,
            }),
        };
        let clause = steps("10", VolumeKind::Graduated, "1,000: 20 %");
        let version = enroll_with(&world, vec![clause], extras);
        world
            .write(|tx| enrollments::enroll(tx, id(203), version, date("2027-01-15")))
            .unwrap();
        world
            .database
            .sql("UPDATE customers SET partner_id = 203 WHERE external_id = 'C-6';");
        world.start("S-1", 6, SEATS, "2027-01-15", 150);
        pay_last(&world, "P-1", "2027-01-20");
        world.at("2027-02-02");
        close(&world, "2027-01");
        assert_eq!(amounts_of(&world, EntryKind::Volume), [5_000]);
        assert!(amounts_of(&world, EntryKind::Guarantee).is_empty());
        world.verify();
    });
}

/// An invoice that is written late is taxed at the rate of the day it is issued on.
#[test]
fn an_invoice_of_a_past_day_has_the_tax_of_that_day() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        world
            .database
            .sql("UPDATE customers SET tax_category = 'standard' WHERE external_id = 'C-1';");
        for (percent, from) in [("19", "2027-01-01"), ("21", "2027-04-01")] {
            let rate = TaxRate {
                name: "VAT".into(),
                rate: percent.parse::<Rate>().unwrap(),
                from: date(from),
            };
            world
                .write(|tx| taxes::set(tx, &"DE".parse().unwrap(), &rate))
                .unwrap();
        }
        world.at("2027-04-25");
        world.start("S-1", 1, SEATS, "2027-03-20", 10);
        let made = world.invoices();
        let taxed: Vec<_> = made
            .iter()
            .map(|one| (one.issued_on, one.tax_bps, one.tax_minor))
            .collect();
        assert_eq!(
            taxed,
            [
                (date("2027-03-20"), 1_900, 1_900),
                (date("2027-04-20"), 2_100, 2_100)
            ]
        );
    });
}

/// Half past midnight on 1 April in Hamburg is still March in UTC.
#[test]
fn a_day_is_the_vendors_own() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        let at: DateTime<Utc> = "2027-03-31T22:30:00Z".parse().unwrap();
        world.clock.move_to(at);
        world.start("S-1", 1, SEATS, "2027-04-01", 10);
        let made = world.invoices();
        let issued: Vec<_> = made.iter().map(|one| one.issued_on).collect();
        assert_eq!(issued, [date("2027-04-01")]);
        pay_last(&world, "P-1", "2027-04-01");
        assert_eq!(world.amounts(), [2_000]);
    });
}

/// A registered deal may begin on the last day of its protection, and not on the day after.
#[test]
fn a_deal_protects_through_its_last_day() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        let sold = |name: &str, on: &str| {
            let sold = world.start(name, 1, SEATS, on, 10);
            world.read(|tx| rows::one(tx, sold))
        };
        let deal = DealRegistration {
            id: id(1),
            partner_id: id(201),
            offering_id: id(301),
            customer_name: "Northwind".into(),
            web: String::new(),
            name_mark: "northwind".into(),
            web_mark: String::new(),
            vat_id: String::new(),
            quantity: 10,
            expected_on: date("2027-02-10"),
            note: String::new(),
            status: DealStatus::Approved,
            protected_until: Some(date("2027-02-20")),
            submitted_by: id(1),
            submitter: "Ana".into(),
            submitted_at: date("2027-01-02").and_hms_opt(9, 0, 0).unwrap(),
            decider: "Ben".into(),
            decided_at: None,
            answer: String::new(),
            subscription_id: None,
            version: 1,
        };
        let last = sold("S-1", "2027-02-20");
        assert!(deals::fits((&deal, last.starts_on), (&last, id(301))).is_ok());
        let later = last.starts_on.succ_opt().unwrap();
        assert!(deals::fits((&deal, later), (&last, id(301))).is_err());
        let after = sold("S-2", "2027-02-21");
        assert!(deals::fits((&deal, last.starts_on), (&after, id(301))).is_err());
    });
}
