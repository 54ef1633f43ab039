//! Payments that come together count as if each had come alone.
use perennial::services::revenue::{
    Books,
    payments::{self, NewPayment},
};

use super::world::{Like, SEATS, World, date, eur};
use crate::support::postgres::{Databases, Kind};

/// Name, the invoice or else the customer that it names, and euro cents.
type Said = (&'static str, Option<u32>, Option<i64>, i64);

/// Two customers owe two invoices of EUR 100 each: numbers 1 and 2, then 3 and 4.
const SAID: &[Said] = &[
    ("exactly", Some(1), None, 10_000),
    ("in part", Some(3), None, 4_000),
    ("by customer", None, Some(2), 8_000),
    ("once more", Some(3), None, 6_000),
    ("too much", Some(2), None, 12_500),
    ("both", Some(4), Some(2), 3_000),
    ("again", Some(1), None, 500),
];

fn world(kind: Kind) -> World {
    let like = Like {
        now: "2027-04-15",
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    for customer in [1, 2] {
        let name = format!("S-{customer}");
        world.start(&name, customer, SEATS, "2027-03-01", 10);
    }
    world
}

fn new(world: &World, said: &[Said]) -> Vec<NewPayment> {
    let one = |(name, invoice, customer, cents): &Said| NewPayment {
        external_id: (*name).to_owned(),
        received_on: date("2027-04-10"),
        amount: eur(*cents),
        invoice_number: invoice.map(|number| format!("MC-2027-{number:06}")),
        customer: customer.map(|number| world.customer(number)),
    };
    said.iter().map(one).collect()
}

fn receive(world: &World, said: &[Said]) {
    let new = new(world, said);
    let received = world.write(|tx| {
        let books = Books::open(tx)?;
        payments::receive_all(tx, &books, &new).map_err(|at| at.error)
    });
    assert_eq!(received.unwrap().len(), said.len());
}

/// What was paid on each invoice, what each customer has left, and every entry.
fn left(world: &World) -> (Vec<i64>, Vec<(i64, i64)>, Vec<i64>) {
    let paid = world.invoices().iter().map(|one| one.paid_minor).collect();
    let credits = world.read(perennial::store::revenue::credits::all);
    let credits = credits.iter().map(|one| {
        let whose = world.customer_number(one.customer_id);
        (whose, one.remaining_minor)
    });
    (paid, credits.collect(), world.amounts())
}

#[test]
fn payments_that_come_together_count_as_if_each_had_come_alone() {
    for kind in Databases::each() {
        let alone = world(kind);
        for one in SAID {
            receive(&alone, std::slice::from_ref(one));
        }
        let together = world(kind);
        receive(&together, SAID);
        let (paid, credits, amounts) = left(&alone);
        assert_eq!(paid, [10_000; 4]);
        assert_eq!(credits.iter().map(|(_, minor)| minor).sum::<i64>(), 4_000);
        assert_eq!(left(&together), (paid, credits, amounts));
        together.verify();
        // The same file once more changes nothing.
        receive(&together, SAID);
        assert_eq!(left(&together), left(&alone));
    }
}
