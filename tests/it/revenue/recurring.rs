//! What subscriptions bring a month, as it is written down.
use perennial::{
    domain::{Quantity, discount::Off},
    services::revenue::{
        billing,
        subscriptions::{NewDiscount, QuantityChange, change_quantity, give_discount},
    },
    store::revenue::{recurring, subscriptions as rows},
};

use super::{
    clauses::on_each,
    world::{Like, SEATS, World, date},
};

/// Ten seats became five on 20 March, which is written down in April, when a tenth was off already.
#[test]
fn what_is_written_down_late_brings_less_from_its_day_and_as_discounts_come() {
    on_each(|kind| {
        let like = Like {
            seat: 1_000,
            now: "2027-03-01",
            tax_bps: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        let sold = world.start("S-1", 1, SEATS, "2027-03-01", 10);
        let version = |world: &World| world.read(|tx| rows::one(tx, sold)).version;
        let new = NewDiscount {
            subscription: sold,
            version: version(&world),
            label: "From April on".parse().unwrap(),
            off: Off::Percent("10".parse().unwrap()),
            priority: 0,
            periods: None,
        };
        world.write(|tx| give_discount(tx, &new)).unwrap();
        world.at("2027-04-02");
        world
            .write(|tx| billing::bill_due(tx, date("2027-04-02")))
            .unwrap();
        let change = QuantityChange {
            subscription: sold,
            version: version(&world),
            quantity: Quantity::new(5).unwrap(),
            effective_on: date("2027-03-20"),
            reason: "Half of them left".into(),
        };
        world.write(|tx| change_quantity(tx, &change)).unwrap();
        let all = world.read(recurring::all);
        let by = |day: &str| {
            let until = all.iter().filter(|one| one.effective_on <= date(day));
            until.map(|one| one.change_minor).sum::<i64>()
        };
        let days = ["2027-03-19", "2027-03-20", "2027-03-31", "2027-04-01"];
        assert_eq!(days.map(by), [10_000, 5_000, 5_000, 4_500]);
        world.verify();
    });
}
