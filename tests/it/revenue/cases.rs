//! The worked cases, end to end.
use perennial::{
    Error,
    domain::Quantity,
    services::revenue::{
        billing,
        payments::{self, NewPayment, Recorded},
        subscriptions::{self, CancelWhen, Cancellation, QuantityChange},
    },
    store::revenue::{cash, credit_notes, credits, invoices::InvoiceStatus, subscriptions as rows},
};

use super::world::{Like, SEATS, World, YEARLY, date, eur, month};
use crate::support::postgres::{Databases, Kind};

fn on_each(test: impl Fn(Kind)) {
    Databases::each().into_iter().for_each(test);
}

fn change(
    world: &World,
    id: perennial::id::SubscriptionId,
    seats: u32,
    on: &str,
) -> Result<(), Error> {
    let version = world.read(|tx| rows::one(tx, id)).version;
    let change = QuantityChange {
        subscription: id,
        version,
        quantity: Quantity::new(seats).unwrap(),
        effective_on: date(on),
        reason: "Asked for it".into(),
    };
    world.write(|tx| subscriptions::change_quantity(tx, &change))
}

fn cancel(world: &World, id: perennial::id::SubscriptionId, when: CancelWhen) -> Result<(), Error> {
    let version = world.read(|tx| rows::one(tx, id)).version;
    let cancellation = Cancellation {
        subscription: id,
        version,
        when,
        reason: "Asked for it".into(),
        is_vendor_fault: false,
    };
    world.write(|tx| subscriptions::cancel(tx, &cancellation))
}

#[test]
fn r01_an_upgrade_in_mid_period_charges_the_difference_by_days() {
    on_each(|kind| {
        let like = Like {
            now: "2027-06-16",
            seat: 10_000,
            tax_bps: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        change(&world, id, 16, "2027-06-16").unwrap();
        let made = world.invoices();
        assert_eq!(world.lines(made[1].id), [-50_000, 80_000]);
        assert_eq!(made[1].net_minor, 30_000);
        world.verify();
    });
}

#[test]
fn r02_a_downgrade_is_a_credit_note_that_becomes_customer_credit_once_paid() {
    on_each(|kind| {
        let like = Like {
            now: "2027-06-11",
            seat: 1_000,
            tax_bps: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 16);
        world.pay("P-1", 1, "2027-06-05", eur(16_000));
        change(&world, id, 10, "2027-06-11").unwrap();
        let note = world.read(credit_notes::all).remove(0);
        assert_eq!((note.net_minor, note.customer_credit_minor), (4_000, 4_000));
        assert_eq!(note.number, "MC-CN-2027-000001");
        // 20 % of 160.00, and 20 % of 40.00 back.
        assert_eq!(world.amounts(), [3_200, -800]);
        world.verify();
        // The next bill, of 100.00, uses the credit; what it pays earns again.
        world
            .at("2027-07-01")
            .write(|tx| billing::bill_due(tx, date("2027-07-01")))
            .unwrap();
        let next = world.invoices().remove(1);
        assert_eq!((next.total_minor, next.paid_minor), (10_000, 4_000));
        assert_eq!(next.status, InvoiceStatus::PartiallyPaid);
        assert_eq!(world.amounts(), [3_200, -800, 800]);
        world.verify();
    });
}

#[test]
fn r03_more_seats_are_two_visible_lines() {
    on_each(|kind| {
        let like = Like {
            now: "2027-03-21",
            seat: 1_250,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let id = world.start("S-1", 1, SEATS, "2027-03-01", 10);
        change(&world, id, 13, "2027-03-21").unwrap();
        let made = world.invoices();
        assert_eq!(world.lines(made[1].id), [-4_435, 5_766]);
        assert_eq!(
            (made[1].net_minor, made[1].tax_minor, made[1].total_minor),
            (1_331, 266, 1_597)
        );
        assert_eq!(
            (made[0].number.as_str(), made[1].number.as_str()),
            ("MC-2027-000001", "MC-2027-000002")
        );
        assert_eq!(world.read(|tx| rows::one(tx, id)).mrr_minor, 16_250);
        // Paid in full, the two invoices earn on 125.00 and 13.31 together.
        world.pay("P-1", 1, "2027-03-21", eur(15_000 + 1_597));
        assert_eq!(world.amounts().iter().sum::<i64>(), 2_500 + 266);
        world.verify();
        // Canceled the same day: everything unused comes back, newest invoice first.
        cancel(&world, id, CancelWhen::Now(date("2027-03-21"))).unwrap();
        let note = world.read(credit_notes::all).remove(0);
        assert_eq!(note.net_minor, 5_766);
        let made = world.invoices();
        assert_eq!(made[1].credited_minor, 1_597);
        assert_eq!(made[0].credited_minor, 4_435 + 887);
        world.verify();
    });
}

#[test]
fn r06_canceling_now_credits_net_and_tax_and_at_period_end_nothing() {
    on_each(|kind| {
        let like = Like {
            now: "2027-06-19",
            seat: 9_900,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 1);
        let other = world.start("S-2", 2, SEATS, "2027-06-01", 1);
        cancel(&world, id, CancelWhen::Now(date("2027-06-19"))).unwrap();
        let note = world.read(credit_notes::all).remove(0);
        assert_eq!(
            (note.net_minor, note.tax_minor, note.total_minor),
            (3_960, 792, 4_752)
        );
        assert_eq!(note.reduces_due_minor, 4_752);
        assert!(matches!(
            cancel(&world, id, CancelWhen::PeriodEnd),
            Err(Error::Conflict(_))
        ));
        cancel(&world, other, CancelWhen::PeriodEnd).unwrap();
        assert_eq!(world.read(credit_notes::all).len(), 1);
        let row = world.read(|tx| rows::one(tx, other));
        assert_eq!(
            (row.status.code(), row.ends_on),
            ("pending_cancel", Some(date("2027-07-01")))
        );
        world
            .at("2027-07-01")
            .write(|tx| subscriptions::end_due(tx, date("2027-07-01"), 10))
            .unwrap();
        let row = world.read(|tx| rows::one(tx, other));
        assert_eq!((row.status.code(), row.mrr_minor), ("canceled", 0));
        assert_eq!(
            world
                .write(|tx| billing::bill_due(tx, date("2027-12-31")))
                .unwrap(),
            0
        );
        world.verify();
    });
}

#[test]
fn c11_commission_is_earned_in_proportion_to_cash() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                seat: 20_000,
                ..Like::default()
            },
        );
        world.start("S-1", 1, SEATS, "2027-03-01", 1);
        world.pay("P-1", 1, "2027-03-01", eur(9_000));
        world.pay("P-2", 1, "2027-03-01", eur(15_000));
        assert_eq!(world.amounts(), [1_500, 2_500]);
        let exact: Vec<String> = world
            .entries()
            .iter()
            .map(|e| e.exact.to_string())
            .collect();
        assert_eq!(exact, ["1500/1", "2500/1"]);
        world.verify();
    });
}

#[test]
fn c13_partial_refunds_never_reverse_a_cent_too_much() {
    on_each(|kind| {
        let like = Like {
            seat: 9_999,
            tax_bps: 0,
            rates: [1_250; 3],
            ..Like::default()
        };
        let world = World::new(kind, like);
        world.start("S-1", 1, SEATS, "2027-03-01", 1);
        let paid = world.pay("P-1", 1, "2027-03-01", eur(9_999)).id();
        for name in ["R-1", "R-2", "R-3"] {
            world.refund(name, paid, "2027-03-01", eur(3_333)).unwrap();
        }
        assert_eq!(world.amounts(), [1_250, -417, -416, -417]);
        let back = world.entries();
        assert!(
            back[1..]
                .iter()
                .all(|entry| entry.reverses_id == Some(back[0].id))
        );
        assert!(matches!(
            world.refund("R-4", paid, "2027-03-01", eur(1)),
            Err(Error::Invalid(_))
        ));
        // The same again changes nothing; other content under the same key is refused.
        world.refund("R-3", paid, "2027-03-01", eur(3_333)).unwrap();
        assert!(matches!(
            world.refund("R-3", paid, "2027-03-01", eur(1)),
            Err(Error::Invalid(_))
        ));
        assert_eq!(world.invoices()[0].due_minor(), 0);
        world.verify();
    });
}

#[test]
fn c03_phases_have_their_own_rates() {
    on_each(|kind| {
        let like = Like {
            now: "2027-03-01",
            seat: 10_000,
            tax_bps: 0,
            rates: [3_000, 1_000, 500],
            ..Like::default()
        };
        let world = World::new(kind, like);
        // Sold in the past: fourteen periods are billed at once, each issued when it began.
        world.start("S-1", 1, SEATS, "2026-02-01", 1);
        assert_eq!(world.invoices().len(), 14);
        assert_eq!(world.invoices()[13].number, "MC-2027-000003");
        world.pay("P-1", 1, "2027-03-01", eur(140_000));
        let expected: Vec<i64> = [vec![3_000], vec![1_000; 11], vec![500; 2]].concat();
        assert_eq!(world.amounts(), expected);
        world.verify();
    });
}

#[test]
fn the_same_fact_twice_is_one_fact() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        let id = world.start("S-1", 1, SEATS, "2027-03-01", 5);
        assert_eq!(world.start("S-1", 1, SEATS, "2027-03-01", 5), id);
        let first = world.pay("P-1", 1, "2027-03-01", eur(100));
        assert!(matches!(first, Recorded::New(_)));
        assert_eq!(
            world.pay("P-1", 1, "2027-03-01", eur(100)),
            Recorded::Unchanged(first.id())
        );
        assert!(matches!(
            world.try_pay("P-1", 1, "2027-03-01", eur(101)),
            Err(Error::Invalid(_))
        ));
        assert!(matches!(
            world.try_pay("P-2", 1, "2027-03-02", eur(1)),
            Err(Error::Invalid(_))
        ));
        assert_eq!(
            world
                .write(|tx| billing::bill_due(tx, date("2027-03-01")))
                .unwrap(),
            0
        );
        let version = world.read(|tx| rows::one(tx, id)).version;
        change(&world, id, 6, "2027-03-01").unwrap();
        let stale = QuantityChange {
            subscription: id,
            version,
            quantity: Quantity::new(7).unwrap(),
            effective_on: date("2027-03-01"),
            reason: String::new(),
        };
        let refused = world.write(|tx| subscriptions::change_quantity(tx, &stale));
        assert!(matches!(refused, Err(Error::Conflict(_))));
        world.verify();
    });
}

#[test]
fn a_payment_without_a_number_pays_the_oldest_and_the_rest_waits_for_the_next_bill() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                now: "2027-04-15",
                tax_bps: 0,
                ..Like::default()
            },
        );
        world.start("S-1", 1, SEATS, "2027-03-01", 10);
        let named = NewPayment {
            external_id: "P-1".into(),
            received_on: date("2027-04-10"),
            amount: eur(4_000),
            invoice_number: Some("MC-2027-000002".into()),
            customer: None,
        };
        world.write(|tx| payments::receive(tx, &named)).unwrap();
        world.pay("P-2", 1, "2027-04-15", eur(21_000));
        let made = world.invoices();
        assert_eq!((made[0].paid_minor, made[1].paid_minor), (10_000, 10_000));
        let credit = world.read(credits::all).remove(0);
        assert_eq!(credit.remaining_minor, 5_000);
        world
            .at("2027-05-01")
            .write(|tx| billing::bill_due(tx, date("2027-05-01")))
            .unwrap();
        assert_eq!(world.invoices()[2].paid_minor, 5_000);
        assert_eq!(world.read(credits::all)[0].remaining_minor, 0);
        assert_eq!(world.amounts(), [800, 2_000, 1_200, 1_000]);
        let last = world.entries().remove(3);
        assert_eq!(
            (last.paid_on, last.earned_period),
            (date("2027-05-01"), month("2027-05"))
        );
        world.verify();
    });
}

#[test]
fn a_refund_follows_the_money_wherever_it_went() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                now: "2027-06-16",
                tax_bps: 0,
                ..Like::default()
            },
        );
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        let paid = world.pay("P-1", 1, "2027-06-01", eur(10_000)).id();
        // Half of June comes back as credit, and pays for another subscription.
        cancel(&world, id, CancelWhen::Now(date("2027-06-16"))).unwrap();
        world.start("S-2", 1, SEATS, "2027-06-16", 3);
        assert_eq!(world.read(credits::all)[0].remaining_minor, 2_000);
        assert_eq!(world.amounts(), [2_000, -1_000, 600]);
        // 20.00 from the credit left, 30.00 from the newer invoice, 50.00 from the older.
        world.refund("R-1", paid, "2027-06-16", eur(2_000)).unwrap();
        assert_eq!(world.amounts().len(), 3);
        world.refund("R-2", paid, "2027-06-16", eur(8_000)).unwrap();
        assert_eq!(world.amounts().iter().sum::<i64>(), 0);
        assert_eq!(world.read(cash::all_refunds).len(), 2);
        world.verify();
    });
}

#[test]
fn a_yearly_customer_changes_nothing_but_its_own_year() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                now: "2027-03-01",
                ..Like::default()
            },
        );
        let id = world.start("S-1", 1, YEARLY, "2026-03-01", 1);
        assert_eq!(world.invoices().len(), 2);
        assert_eq!(world.read(|tx| rows::one(tx, id)).mrr_minor, 10_000);
        world.pay("P-1", 1, "2027-03-01", eur(288_000));
        cancel(&world, id, CancelWhen::Now(date("2027-03-01"))).unwrap();
        let made = world.invoices();
        assert_eq!(
            (made[0].credited_minor, made[1].credited_minor),
            (0, 144_000)
        );
        world.verify();
    });
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                now: "2027-03-20",
                ..Like::default()
            },
        );
        let id = world.start("S-1", 1, SEATS, "2027-03-01", 10);
        for (seats, on) in [(10, "2027-03-10"), (11, "2027-02-28"), (11, "2027-03-21")] {
            let refused = change(&world, id, seats, on);
            assert!(matches!(refused, Err(Error::Invalid(_))), "{seats} on {on}");
        }
        change(&world, id, 12, "2027-03-15").unwrap();
        assert!(matches!(
            change(&world, id, 13, "2027-03-14"),
            Err(Error::Invalid(_))
        ));
        // Back again the same day, down and up: it all nets to nothing.
        change(&world, id, 10, "2027-03-15").unwrap();
        change(&world, id, 5, "2027-03-15").unwrap();
        change(&world, id, 10, "2027-03-15").unwrap();
        let charged: i64 = world.invoices().iter().map(|one| one.net_minor).sum();
        let credited: i64 = world
            .read(credit_notes::all)
            .iter()
            .map(|one| one.net_minor)
            .sum();
        assert_eq!(charged - credited, 10_000);
        world.verify();
    });
}
