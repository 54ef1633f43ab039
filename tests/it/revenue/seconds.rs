//! Changes by the second through the services: commission, pauses, and many on days with a change
//! of clocks.
use chrono::{NaiveDateTime, TimeDelta};
use perennial::{
    Error,
    domain::Quantity,
    id::SubscriptionId,
    services::revenue::subscriptions::{self, CancelWhen, Cancellation, Pausing, QuantityChange},
    store::revenue::{credit_notes, segments, subscriptions as rows},
};

use super::world::{Like, SEATS, World, date, eur};
use crate::support::postgres::{Databases, Kind};

fn by_second(kind: Kind, now: &'static str) -> World {
    let like = Like {
        now,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    world
        .database
        .sql("UPDATE plan_versions SET proration = 'second' WHERE id = 311;");
    world
}

fn change(world: &World, id: SubscriptionId, seats: u32, at: &str) -> Result<(), Error> {
    let at: NaiveDateTime = at.parse().unwrap();
    let change = QuantityChange {
        subscription: id,
        version: world.read(|tx| rows::one(tx, id)).version,
        quantity: Quantity::new(seats).unwrap(),
        effective_on: at.date(),
        reason: "Asked for it".into(),
    };
    world.write(|tx| subscriptions::change_quantity_at(tx, &change, Some(at.time())))
}

fn cancel(world: &World, id: SubscriptionId, at: &str) -> Result<(), Error> {
    let cancellation = Cancellation {
        subscription: id,
        version: world.read(|tx| rows::one(tx, id)).version,
        when: CancelWhen::At(at.parse().unwrap()),
        reason: "Asked for it".into(),
        is_vendor_fault: false,
    };
    world.write(|tx| subscriptions::cancel(tx, &cancellation))
}

/// A share of an amount, rounded half away from zero.
fn part(amount: i64, seconds: i64, of: i64) -> i64 {
    let num = i128::from(amount) * i128::from(seconds);
    i64::try_from((2 * num + i128::from(of)) / (2 * i128::from(of))).unwrap()
}

const JUNE: i64 = 30 * 86_400;

#[test]
fn commission_follows_what_is_charged_and_given_back() {
    for kind in Databases::each() {
        let world = by_second(kind, "2027-06-16");
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        change(&world, id, 16, "2027-06-16T09:30:00").unwrap();
        let made = world.invoices();
        assert_eq!(world.lines(made[1].id), [-4_868, 7_789]);
        assert_eq!(world.read(|tx| rows::one(tx, id)).mrr_minor, 16_000);
        // 20 % of 100.00 and of 29.21.
        world.pay("P-1", 1, "2027-06-16", eur(12_921));
        assert_eq!(world.amounts().iter().sum::<i64>(), 2_000 + 584);
        world.verify();
        cancel(&world, id, "2027-06-16T10:30:00").unwrap();
        let note = world.read(credit_notes::all).remove(0);
        let left = part(7_789, 1_258_200, 1_261_800);
        assert_eq!((left, note.net_minor), (7_767, 7_767));
        assert_eq!(note.customer_credit_minor, 7_767);
        // 51.54 of the first invoice stay paid, and 20 % of that.
        assert_eq!(world.amounts().iter().sum::<i64>(), 1_031);
        assert!(cancel(&world, id, "2027-06-16T10:31:00").is_err());
        world.verify();
    }
}

#[test]
fn a_pause_counts_from_the_start_of_its_day() {
    for kind in Databases::each() {
        let world = by_second(kind, "2027-06-21");
        let id = world.start("S-1", 1, SEATS, "2027-06-01", 10);
        change(&world, id, 16, "2027-06-11T09:30:00").unwrap();
        let left = JUNE - 10 * 86_400 - 34_200;
        let charged = part(16_000, left, JUNE);
        let pausing = |day| Pausing {
            subscription: id,
            version: world.read(|tx| rows::one(tx, id)).version,
            on: date(day),
            reason: "Closed".into(),
        };
        // Not before the change of the same day.
        let early = pausing("2027-06-11");
        assert!(world.write(|tx| subscriptions::pause(tx, &early)).is_err());
        let pause = pausing("2027-06-16");
        world.write(|tx| subscriptions::pause(tx, &pause)).unwrap();
        let note = world.read(credit_notes::all).remove(0);
        assert_eq!(note.net_minor, part(charged, 15 * 86_400, left));
        world.verify();
        let resume = pausing("2027-06-21");
        world
            .write(|tx| subscriptions::resume(tx, &resume))
            .unwrap();
        let made = world.invoices();
        assert_eq!(
            made.last().unwrap().net_minor,
            part(16_000, 10 * 86_400, JUNE)
        );
        world.verify();
        cancel(&world, id, "2027-06-21T13:59:59").unwrap();
        let note = world.read(credit_notes::all).pop().unwrap();
        let rest = 10 * 86_400 - (13 * 3_600 + 59 * 60 + 59);
        assert_eq!(note.net_minor, part(5_333, rest, 10 * 86_400));
        world.verify();
    }
}

#[test]
fn many_changes_on_days_with_a_change_of_clocks_hold_together() {
    for (kind, day, month) in Databases::each().into_iter().flat_map(|kind| {
        [
            (kind, "2027-03-28", "2027-03-01"),
            (kind, "2027-10-31", "2027-10-01"),
        ]
    }) {
        let world = by_second(kind, "2027-11-01");
        let id = world.start("S-1", 1, SEATS, month, 7);
        let midnight: NaiveDateTime = format!("{day}T00:00:00").parse().unwrap();
        let mut seats = 7;
        for step in 0..12i64 {
            // Half an hour and some seconds apart, through the night in which clocks change.
            let at = midnight + TimeDelta::seconds(step * 1_847);
            seats = [11, 3, 12, 12, 40, 1][usize::try_from(step).unwrap() % 6].max(seats % 5 + 1);
            match change(&world, id, seats, &format!("{}", at.format("%FT%T"))) {
                Ok(()) => {}
                Err(Error::Invalid(problems)) => {
                    assert!(problems.on("quantity").is_some(), "{problems:?}")
                }
                Err(other) => panic!("{other:?}"),
            }
            if step % 4 == 3 {
                world.verify();
            }
        }
        for one in world.read(|tx| segments::of_subscription(tx, id)) {
            assert!((0..=one.amount_minor).contains(&one.credited_minor));
            assert!(one.from_at < one.to_at);
        }
        world.verify();
    }
}
