//! What a plan pays beside its clauses: a bonus on renewed terms, a floor under the first months.
use perennial::{
    domain::{
        CommissionRule, PartnerStatus, Rate,
        commission::{
            EntryKind,
            extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
        },
    },
    services::{
        incentivize::enrollments,
        recruit::partners,
        revenue::{billing, close::preview, next_earnings},
    },
    worker::{self, Closing},
};

use super::{
    clauses::{enroll_with, on_each, percent},
    settled::credit,
    world::{Like, World, YEARLY, date, eur, id, month},
};
use crate::support::postgres::Kind;

fn amounts_of(world: &World, kind: EntryKind) -> Vec<i64> {
    let entries = world.entries().into_iter();
    let of_kind = entries.filter(|entry| entry.kind == kind);
    of_kind.map(|entry| entry.amount_minor).collect()
}

fn close(world: &World, period: &str) {
    let closing = Closing {
        period: month(period),
        chunk: 10,
        mail_domain: "mail.example".into(),
    };
    worker::close_now(&world.store, &world.scope, &closing).unwrap();
}

/// A year was sold and paid for by a partner that is promised 2 % of each renewed one which is worth
/// as much as the one before.
fn sold_by_the_year(kind: Kind) -> World {
    let like = Like {
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let extras = PlanExtras {
        renewal: Some(RenewalTerms {
            rate: "2".parse::<Rate>().unwrap(),
            kept_bps: 10_000,
            clawback: None,
        }),
        guarantee: None,
    };
    enroll_with(&world, vec![percent("10")], extras);
    world.start("S-1", 1, YEARLY, "2027-03-01", 1);
    world.pay("P-1", 1, "2027-03-01", eur(120_000));
    world
}

/// The next year has begun and is billed.
fn renew(world: &World) {
    world.at("2028-03-02");
    world
        .write(|tx| billing::bill_due(tx, date("2028-03-02")))
        .unwrap();
}

#[test]
fn a_renewed_term_earns_a_bonus_once_its_first_invoice_is_paid() {
    on_each(|kind| {
        let world = sold_by_the_year(kind);
        let sold = world.invoices()[0].subscription_id;
        let next = world.read(|tx| next_earnings(tx, sold));
        let bonus = next.bonus.map(|(whose, minor)| (whose, minor.minor()));
        assert_eq!(bonus, Some((id(201), 2_400)));
        renew(&world);
        world.pay("P-2", 1, "2028-03-02", eur(60_000));
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [0; 0]);
        let last = world.pay("P-3", 1, "2028-03-02", eur(60_000));
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
        // Given back and paid again, it is the same renewal.
        world
            .refund("R-1", last.id(), "2028-03-02", eur(10_000))
            .unwrap();
        world.pay("P-4", 1, "2028-03-02", eur(10_000));
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
        let note = world.entries().into_iter().map(|entry| entry.note);
        let note = note.filter(|note| !note.is_empty()).collect::<Vec<_>>();
        assert_eq!(
            note,
            [
                "Renewal bonus: 2 % of EUR 1,200.00, what the term from 1 Mar 2028 is worth; the term before was worth EUR 1,200.00."
            ]
        );
        world.verify();
    });
}

#[test]
fn the_first_months_are_filled_up_as_they_are_closed() {
    on_each(|kind| {
        let like = Like {
            now: "2027-01-20",
            ..Like::default()
        };
        let world = World::new(kind, like);
        let extras = PlanExtras {
            renewal: None,
            guarantee: Some(GuaranteeTerms {
                amount: eur(6_000),
                months: 2,
            }),
        };
        // The first partner has been enrolled for years; the third begins.
        let version = enroll_with(&world, vec![percent("10")], extras);
        world
            .write(|tx| enrollments::enroll(tx, id(203), version, date("2027-01-15")))
            .unwrap();
        for (now, period) in [
            ("2027-02-02", "2027-01"),
            ("2027-03-02", "2027-02"),
            ("2027-04-02", "2027-03"),
        ] {
            world.at(now);
            close(&world, period);
            close(&world, period);
        }
        assert_eq!(amounts_of(&world, EntryKind::Guarantee), [6_000, 6_000]);
        let statements = world.statements();
        let paid: Vec<i64> = statements.iter().map(|one| one.payout_minor).collect();
        assert_eq!(paid, [6_000, 6_000]);
        assert!(
            statements[0]
                .content
                .contains("Guarantee: at least EUR 60.00 a month in the first 2 months")
        );
        world.verify();
    });
}

/// The floor is under what a month earns: what goes back of earlier months stays taken back.
#[test]
fn what_goes_back_of_an_earlier_month_is_not_filled_up() {
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
                amount: eur(2_000),
                months: 6,
            }),
        };
        let version = enroll_with(&world, vec![percent("10")], extras);
        world
            .write(|tx| enrollments::enroll(tx, id(203), version, date("2027-01-01")))
            .unwrap();
        world
            .database
            .sql("UPDATE customers SET partner_id = 203 WHERE external_id IN ('C-1', 'C-2');");
        // Twelve hundred a year: 120.00 in January.
        world.start("S-1", 1, YEARLY, "2027-01-01", 1);
        let paid = world.pay("P-1", 1, "2027-01-20", eur(120_000));
        world.at("2027-02-02");
        close(&world, "2027-01");
        // In February 30.00 of that goes back; and 8.00 of the 12.00 that February earns.
        world
            .refund("R-1", paid.id(), "2027-02-02", eur(30_000))
            .unwrap();
        world.start("S-2", 2, YEARLY, "2027-02-01", 1);
        let later = world.pay("P-2", 2, "2027-02-02", eur(12_000));
        world
            .refund("R-2", later.id(), "2027-02-02", eur(8_000))
            .unwrap();
        world.at("2027-03-02");
        close(&world, "2027-02");
        let posted = world
            .entries()
            .into_iter()
            .map(|entry| (entry.kind, entry.amount_minor));
        assert_eq!(
            posted.collect::<Vec<_>>(),
            [
                (EntryKind::Earned, 12_000),
                (EntryKind::Reversal, -3_000),
                (EntryKind::Earned, 1_200),
                (EntryKind::Reversal, -800),
                (EntryKind::Guarantee, 1_600),
            ]
        );
        let last = world.entries().pop().unwrap().note;
        assert!(
            last.contains("EUR 4.00 was earned in February 2027"),
            "{last}"
        );
        world.verify();
    });
}

#[test]
fn a_bonus_goes_back_when_a_credit_note_gives_back_all_that_was_paid() {
    on_each(|kind| {
        let world = sold_by_the_year(kind);
        renew(&world);
        let paid = world.pay("P-2", 1, "2028-03-02", eur(120_000));
        assert_eq!(amounts_of(&world, EntryKind::RenewalBonus), [2_400]);
        world
            .refund("R-1", paid.id(), "2028-03-02", eur(50_000))
            .unwrap();
        // Something is left of it.
        let renewed = world.invoices()[1].id;
        credit(&world, renewed, 69_999, CommissionRule::ReduceBase);
        assert_eq!(amounts_of(&world, EntryKind::Clawback), [0; 0]);
        credit(&world, renewed, 1, CommissionRule::ReduceBase);
        assert_eq!(amounts_of(&world, EntryKind::Clawback), [-2_400]);
        let sum: i64 = world.amounts().iter().sum();
        // The first year's commission is all there is.
        assert_eq!(sum, 12_000);
    });
}

#[test]
fn a_partner_who_has_left_is_paid_the_rest_and_guaranteed_nothing_more() {
    on_each(|kind| {
        let like = Like {
            now: "2027-01-20",
            ..Like::default()
        };
        let world = World::new(kind, like);
        let extras = PlanExtras {
            renewal: None,
            guarantee: Some(GuaranteeTerms {
                amount: eur(2_000),
                months: 12,
            }),
        };
        let version = enroll_with(&world, vec![percent("10")], extras);
        world
            .write(|tx| enrollments::enroll(tx, id(203), version, date("2027-01-15")))
            .unwrap();
        world.at("2027-02-02");
        close(&world, "2027-01");
        world.at("2027-02-10");
        world
            .write(|tx| partners::set_status(tx, id(203), 1, PartnerStatus::Left))
            .unwrap();
        for (now, period) in [("2027-03-02", "2027-02"), ("2027-04-02", "2027-03")] {
            world.at(now);
            let month = period.parse().unwrap();
            let preview = world.read(|tx| preview(tx, month)).rows;
            let said: Vec<_> = preview.iter().map(|row| row.paid.net_minor).collect();
            close(&world, period);
            let statements = world.statements().into_iter();
            let made = statements.filter(|one| one.month == month);
            assert_eq!(said, made.map(|one| one.payout_minor).collect::<Vec<_>>());
        }
        assert_eq!(amounts_of(&world, EntryKind::Guarantee), [2_000, 2_000]);
        let statements = world.statements();
        // 20.00 is below the minimum of 50.00; 40.00 is too, and is all there will be.
        let paid: Vec<_> = statements
            .iter()
            .map(|one| (one.payout_minor, one.closing_minor))
            .collect();
        assert_eq!(paid, [(0, 2_000), (4_000, 0)]);
        world.verify();
    });
}
