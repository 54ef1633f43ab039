//! Credit notes made by hand, to the cent, at the services.
use perennial::{
    domain::{CommissionRule, CreditReason, Disposition, Quantity},
    id::SubscriptionId,
    services::revenue::{
        billing,
        credit::{self, LineCredit, NewCreditNote},
        subscriptions::{self, CancelWhen, Cancellation, QuantityChange},
    },
    store::revenue::{
        cash, credit_notes,
        invoices::{self, InvoiceStatus},
        subscriptions as rows,
    },
};

use super::{
    clauses::on_each,
    world::{Like, SEATS, World, date, eur},
};

fn credit(world: &World, nth: usize, net_minor: i64, rule: CommissionRule) {
    let how = (CreditReason::ServiceLevel, Disposition::DueThenCredit);
    credit_as(world, (nth, net_minor), rule, how);
}

fn credit_as(
    world: &World,
    (nth, net_minor): (usize, i64),
    commission: CommissionRule,
    (reason, disposition): (CreditReason, Disposition),
) {
    let invoice = world.invoices()[nth].id;
    let lines = world.read(|tx| invoices::lines(tx, &[invoice]));
    let new = NewCreditNote {
        invoice,
        lines: vec![LineCredit {
            days: None,
            line: lines[0].id,
            net_minor,
        }],
        reason,
        note: "As agreed".into(),
        disposition,
        commission,
    };
    world.write(|tx| credit::issue(tx, &new)).unwrap();
    world.verify();
}

/// C11: paid in part, credited, paid in full.
#[test]
fn a_credit_before_full_payment_reverses_nothing() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        world.start("S-1", 1, SEATS, "2027-03-01", 20);
        world.pay("P-1", 1, "2027-03-01", eur(9_000));
        assert_eq!(world.amounts(), [1_500]);
        credit(&world, 0, 5_000, CommissionRule::ReduceBase);
        assert_eq!(world.amounts(), [1_500]);
        world.pay("P-2", 1, "2027-03-01", eur(9_000));
        assert_eq!(world.amounts(), [1_500, 1_500]);
        assert_eq!(world.invoices()[0].due_minor(), 0);
        world.verify();
    });
}

#[test]
fn an_invoice_is_open_until_something_is_paid_of_it() {
    on_each(|kind| {
        let world = World::new(kind, Like::default());
        world.start("S-1", 1, SEATS, "2027-03-01", 20);
        let stands = || world.invoices()[0].status;
        credit(&world, 0, 5_000, CommissionRule::ReduceBase);
        assert_eq!(stands(), InvoiceStatus::Open);
        world.pay("P-1", 1, "2027-03-01", eur(9_000));
        assert_eq!(stands(), InvoiceStatus::PartiallyPaid);
        world.pay("P-2", 1, "2027-03-01", eur(9_000));
        assert_eq!(stands(), InvoiceStatus::Paid);
        world.verify();
    });
}

/// S03: what a missed service level gives back, with and without the partner's share.
#[test]
fn a_missed_service_level_costs_the_partner_or_not() {
    on_each(|kind| {
        for (rule, first) in [
            (CommissionRule::ReduceBase, 9_000),
            (CommissionRule::ProtectPartner, 10_000),
        ] {
            let like = Like {
                seat: 50_000,
                ..Like::default()
            };
            let world = World::new(kind, like);
            world.start("S-1", 1, SEATS, "2027-03-01", 1);
            world.pay("P-1", 1, "2027-03-01", eur(60_000));
            credit(&world, 0, 5_000, rule);
            assert_eq!(world.amounts().iter().sum::<i64>(), first);
            // The next invoice uses the credit, and earns on it.
            world.at("2027-04-01");
            world
                .write(|tx| billing::bill_due(tx, date("2027-04-01")))
                .unwrap();
            assert_eq!(world.invoices()[1].due_minor(), 54_000);
            world.pay("P-2", 1, "2027-04-01", eur(54_000));
            assert_eq!(world.amounts().iter().sum::<i64>(), first + 10_000);
            world.verify();
        }
    });
}

/// Ten seats for 100.00 in June 2027, paid and without tax.
fn june(kind: crate::support::postgres::Kind) -> (World, SubscriptionId) {
    let like = Like {
        now: "2027-06-16",
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let sold = world.start("S-1", 1, SEATS, "2027-06-01", 10);
    world.pay("P-1", 1, "2027-06-01", eur(10_000));
    (world, sold)
}

fn lower(world: &World, reason: CreditReason) {
    let how = (reason, Disposition::DueThenCredit);
    credit_as(world, (0, 6_000), CommissionRule::ReduceBase, how);
}

fn seats(world: &World, sold: SubscriptionId, units: u32) {
    let change = QuantityChange {
        subscription: sold,
        version: world.read(|tx| rows::one(tx, sold)).version,
        quantity: Quantity::new(units).unwrap(),
        effective_on: date("2027-06-16"),
        reason: "More people".into(),
    };
    world
        .write(|tx| subscriptions::change_quantity(tx, &change))
        .unwrap();
    world.verify();
}

/// Cancels and gives what each credit note was, before tax.
fn canceled(world: &World, sold: SubscriptionId, on: &str) -> Vec<i64> {
    let cancellation = Cancellation {
        subscription: sold,
        version: world.read(|tx| rows::one(tx, sold)).version,
        when: CancelWhen::Now(date(on)),
        reason: "Moved away".into(),
        is_vendor_fault: false,
    };
    world
        .write(|tx| subscriptions::cancel(tx, &cancellation))
        .unwrap();
    world.verify();
    let notes = world.read(credit_notes::all);
    notes.iter().map(|note| note.net_minor).collect()
}

#[test]
fn unused_days_are_credited_at_the_price_that_was_agreed() {
    on_each(|kind| {
        for reason in [CreditReason::PriceAgreed, CreditReason::BillingError] {
            let (world, sold) = june(kind);
            lower(&world, reason);
            // Half of 40.00.
            assert_eq!(canceled(&world, sold, "2027-06-16"), [6_000, 2_000]);
        }
        // Goodwill is not another price: half of 100.00, of which 40.00 is left.
        let (world, sold) = june(kind);
        lower(&world, CreditReason::Goodwill);
        assert_eq!(canceled(&world, sold, "2027-06-16"), [6_000, 4_000]);
    });
}

#[test]
fn more_seats_take_the_place_of_what_was_agreed() {
    on_each(|kind| {
        let (world, sold) = june(kind);
        lower(&world, CreditReason::PriceAgreed);
        seats(&world, sold, 20);
        assert_eq!(world.lines(world.invoices()[1].id), [-2_000, 10_000]);
        // Ten days of fifteen, at what was charged for them.
        world.at("2027-06-21");
        assert_eq!(canceled(&world, sold, "2027-06-21"), [6_000, 6_667]);
    });
}

#[test]
fn a_price_agreed_later_lowers_what_was_carried_on() {
    on_each(|kind| {
        let (world, sold) = june(kind);
        seats(&world, sold, 20);
        assert_eq!(world.lines(world.invoices()[1].id), [-5_000, 10_000]);
        lower(&world, CreditReason::PriceAgreed);
        // Fifteen days at half of 40.00 stay: 150.00 charged, 60.00 and 70.00 given back.
        assert_eq!(canceled(&world, sold, "2027-06-16"), [6_000, 7_000]);
    });
}

/// What is paid back comes from the money that is on the invoice.
#[test]
fn a_payment_gives_back_what_of_it_is_on_the_invoice() {
    on_each(|kind| {
        let (world, _) = june(kind);
        world.start("S-2", 1, SEATS, "2027-06-02", 10);
        world.start("S-3", 1, SEATS, "2027-06-03", 10);
        let first = world.pay("P-2", 1, "2027-06-03", eur(9_000)).id();
        let second = world.pay("P-3", 1, "2027-06-04", eur(10_000)).id();
        let back = (CreditReason::Goodwill, Disposition::DueThenRefund);
        credit_as(&world, (1, 6_000), CommissionRule::ReduceBase, back);
        let left = |payment| world.read(|tx| cash::payment(tx, payment)).refunded_minor;
        assert_eq!((left(first), left(second)), (5_000, 1_000));
        // What the second paid of the other invoice is refunded as before, and no more.
        world
            .refund("R-1", second, "2027-06-16", eur(9_000))
            .unwrap();
        world.verify();
        credit_as(&world, (1, 4_000), CommissionRule::ReduceBase, back);
        assert_eq!((left(first), left(second)), (9_000, 10_000));
        world.verify();
        let total: i64 = world.amounts().iter().sum();
        // 100.00 of the first invoice is all that is kept.
        assert_eq!(total, 2_000);
    });
}
