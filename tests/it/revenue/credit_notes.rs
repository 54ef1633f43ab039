//! Credit notes made by hand, to the cent, at the services.
use perennial::{
    domain::{CommissionRule, CreditReason, Disposition},
    services::revenue::{
        billing,
        credit::{self, LineCredit, NewCreditNote},
    },
    store::revenue::invoices,
};

use super::{
    clauses::on_each,
    world::{Like, SEATS, World, date, eur},
};

fn credit(world: &World, nth: usize, net_minor: i64, rule: CommissionRule) {
    let invoice = world.invoices()[nth].id;
    let lines = world.read(|tx| invoices::lines(tx, &[invoice]));
    let new = NewCreditNote {
        invoice,
        lines: vec![LineCredit {
            line: lines[0].id,
            net_minor,
        }],
        reason: CreditReason::ServiceLevel,
        note: "The service was down".into(),
        disposition: Disposition::DueThenCredit,
        commission: rule,
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
