//! What reversals, credits and steps come to in the long run: months that close whatever was paid
//! in parts, credits that take commission for the days they are for, and what a partner is promised.
use perennial::{
    domain::{
        CommissionRule, CreditReason, Currency, Disposition, Problems, Rate,
        commission::{
            EntryKind,
            volume::{Volume, VolumeKind},
        },
    },
    id::{InvoiceId, SubscriptionId},
    services::{
        incentivize::commission_plans::{self as plans, ClauseDraft, Draft},
        revenue::{
            credit::{self, LineCredit, NewCreditNote},
            subscriptions::{self, CancelWhen, Cancellation},
        },
    },
    store::revenue::{invoices, subscriptions as rows},
    worker::{self, Closing},
};

use super::{
    clauses::{enroll_with, on_each, percent, world},
    world::{Like, SEATS, World, YEARLY, date, eur, month},
};

pub(super) fn close(world: &World, period: &str) {
    let closing = Closing {
        period: month(period),
        chunk: 10,
        mail_domain: "mail.example".into(),
    };
    worker::close_now(&world.store, &world.scope, &closing).unwrap();
    world.verify();
}

pub(super) fn amounts_of(world: &World, kind: EntryKind) -> Vec<i64> {
    let entries = world.entries().into_iter();
    let of_kind = entries.filter(|entry| entry.kind == kind);
    of_kind.map(|entry| entry.amount_minor).collect()
}

/// A percentage, and what steps pay beyond it.
pub(super) fn steps(rate: &str, kind: VolumeKind, typed: &str) -> ClauseDraft {
    let eur: Currency = "EUR".parse().unwrap();
    let base: Rate = rate.parse().unwrap();
    ClauseDraft {
        volume: Some(Volume::parse(kind, eur, typed, base).unwrap()),
        ..percent(rate)
    }
}

pub(super) fn cancel(world: &World, sold: SubscriptionId, on: &str) {
    world
        .write(|tx| {
            let cancellation = Cancellation {
                subscription: sold,
                version: rows::one(tx, sold)?.version,
                when: CancelWhen::Now(date(on)),
                reason: "Leaves".into(),
                is_vendor_fault: false,
            };
            subscriptions::cancel(tx, &cancellation)
        })
        .unwrap();
    world.verify();
}

pub(super) fn credit(world: &World, invoice: InvoiceId, net_minor: i64, rule: CommissionRule) {
    let line = world.read(|tx| invoices::lines(tx, &[invoice]))[0].id;
    let new = NewCreditNote {
        invoice,
        lines: vec![LineCredit {
            line,
            net_minor,
            days: None,
        }],
        reason: CreditReason::ServiceLevel,
        note: "The service was down".into(),
        disposition: Disposition::DueThenCredit,
        commission: rule,
    };
    world.write(|tx| credit::issue(tx, &new)).unwrap();
    world.verify();
}

fn earned(world: &World) -> i64 {
    world.amounts().iter().sum()
}

/// Twenty-four invoices of odd totals with 19 % tax, each paid in part: their exact commission has
/// no common denominator that fits.
#[test]
fn a_month_of_payments_in_part_closes_and_settles_its_steps() {
    on_each(|kind| {
        let like = Like {
            now: "2027-01-20",
            tax_bps: 1_900,
            seat: 997,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let clause = steps("10", VolumeKind::Graduated, "1,000: 12 %");
        enroll_with(&world, vec![clause], Default::default());
        let mut paid = 0;
        for number in 1..=24 {
            let seats = 7 + 6 * number;
            world.start(&format!("S-{number}"), 1, SEATS, "2027-01-10", seats);
            let made = world.invoices();
            let invoice = made.last().unwrap();
            let part = invoice.total_minor - 101 - i64::from(number);
            let new = perennial::services::revenue::payments::NewPayment {
                external_id: format!("P-{number}"),
                received_on: date("2027-01-20"),
                amount: eur(part),
                invoice_number: Some(invoice.number.clone()),
                customer: None,
            };
            world
                .write(|tx| perennial::services::revenue::payments::receive(tx, &new))
                .unwrap();
            let net = i128::from(invoice.net_minor) * i128::from(part) * 1_000_000;
            paid += net / i128::from(invoice.total_minor);
        }
        let by_rate = earned(&world);
        world.at("2027-02-02");
        close(&world, "2027-01");
        let brought = amounts_of(&world, EntryKind::Volume);
        // What was paid without its tax, to the cent; 2 % more of what lies above 1,000.00.
        let revenue = (paid + 500_000) / 1_000_000;
        let all = (10_000 * 100 + (revenue - 100_000) * 12 + 50) / 100;
        assert_eq!(i128::from(by_rate + brought[0]), all);
    });
}

#[test]
fn a_credit_takes_commission_for_the_days_it_is_for() {
    on_each(|kind| {
        for (end, left) in [
            // All 184 days that earn were served.
            ("2027-11-01", 6_033),
            // 100 days of 366, all of them inside.
            ("2027-06-09", 3_279),
        ] {
            let first = ClauseDraft {
                months: Some(6),
                ..percent("10")
            };
            let world = world(kind, "2027-03-01", vec![first]);
            let sold = world.start("S-1", 1, YEARLY, "2027-03-01", 1);
            world.pay("P-1", 1, "2027-03-01", eur(120_000));
            assert_eq!(earned(&world), 6_033);
            world.at(end);
            cancel(&world, sold, end);
            assert_eq!(earned(&world), left, "{end}");
        }
    });
}

#[test]
fn a_credit_by_hand_falls_on_all_days_and_never_earns_on_more_than_is_left() {
    on_each(|kind| {
        let first = ClauseDraft {
            months: Some(6),
            ..percent("10")
        };
        let world = world(kind, "2027-03-01", vec![first]);
        let sold = world.start("S-1", 1, YEARLY, "2027-03-01", 1);
        world.pay("P-1", 1, "2027-03-01", eur(120_000));
        let invoice = world.invoices()[0].id;
        credit(&world, invoice, 12_000, CommissionRule::ReduceBase);
        // 1,080.00 x 184/366 x 10 %.
        assert_eq!(earned(&world), 5_430);
        world.at("2027-11-01");
        cancel(&world, sold, "2027-11-01");
        // 121 days go back, all of them beyond the months that earn.
        assert_eq!(earned(&world), 5_430);
        // Only 283.28 are left, and nobody earns on more than that.
        credit(&world, invoice, 40_000, CommissionRule::ReduceBase);
        let left = 120_000 - 12_000 - 39_672 - 40_000;
        assert_eq!(earned(&world), (left + 5) / 10);
    });
}

#[test]
fn a_credit_at_the_vendors_cost_leaves_the_commission_after_a_refund() {
    on_each(|kind| {
        for net_minor in [2_000, 15_000] {
            let world = World::new(kind, Like::default());
            world.start("S-1", 1, SEATS, "2027-03-01", 20);
            let paid = world.pay("P-1", 1, "2027-03-01", eur(24_000));
            assert_eq!(earned(&world), 4_000);
            world
                .refund("R-1", paid.id(), "2027-03-01", eur(6_000))
                .unwrap();
            assert_eq!(earned(&world), 3_000);
            let invoice = world.invoices()[0].id;
            credit(&world, invoice, net_minor, CommissionRule::ProtectPartner);
            assert_eq!(earned(&world), 3_000);
        }
    });
}

#[test]
fn steps_above_a_rate_of_nothing_are_refused_beside_their_clause() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        let draft = Draft {
            effective_from: date("2026-01-01"),
            hold_days: 30,
            outcome: "Customers recover in a day".into(),
            extras: Default::default(),
            clauses: vec![steps("0", VolumeKind::Graduated, "10,000: 12 %")],
        };
        let refused = world.write(|tx| plans::add(tx, &"Steps".parse().unwrap(), &draft));
        let Err(perennial::Error::Invalid(problems)) = refused else {
            panic!("steps above nothing are taken");
        };
        let said = Problems::on(&problems, "clause-1-rate").unwrap_or_default();
        assert!(
            said.contains("a percentage above zero below them"),
            "{said}"
        );
    });
}
