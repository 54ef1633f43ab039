//! Steps over a quarter and a year: what each month's close brings, that all of it is the rule on
//! the whole, that what looks ahead says the same, and what becomes of it when cash goes back.
use perennial::{
    domain::{
        Rate,
        commission::{
            EntryKind,
            span::{GivenBack, Span},
            volume::{Volume, VolumeKind},
        },
    },
    id::CommissionPlanVersionId,
    services::{
        incentivize::commission_plans::ClauseDraft,
        revenue::{billing, close, dry_run::dry_run, forecast},
    },
    store::registers,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    clauses::{enroll_with, on_each},
    settled::{amounts_of, close, steps},
    world::{Like, SEATS, World, date, eur, id, month},
};
use crate::support::postgres::{Databases, Kind};

/// Ten percent, and what steps over these months pay beyond.
fn over(span: Span, given_back: GivenBack, kind: VolumeKind, typed: &str) -> ClauseDraft {
    let clause = steps("10", kind, typed);
    let volume = clause.volume.map(|volume| volume.over(span, given_back));
    ClauseDraft { volume, ..clause }
}

fn quarter(kind: VolumeKind, typed: &str) -> ClauseDraft {
    over(Span::Quarter, GivenBack::OriginalRate, kind, typed)
}

fn world(kind: Kind, clause: ClauseDraft) -> (World, CommissionPlanVersionId) {
    let like = Like {
        now: "2027-01-05",
        first: 202_701,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let version = enroll_with(&world, vec![clause], Default::default());
    (world, version)
}

/// Everything posted for the first partner so far.
fn earned(world: &World) -> i64 {
    let entries = world.entries().into_iter();
    let own = entries.filter(|entry| entry.partner_id == id(201));
    own.map(|entry| entry.amount_minor).sum()
}

/// The worked case: 8,000.00, 20,000.00 and 32,500.00 of a quarter's revenue.
#[test]
fn a_quarter_pays_month_by_month_and_comes_out_to_the_cent() {
    on_each(|kind| {
        for (clause, brought) in [
            (
                quarter(VolumeKind::Graduated, "10,000: 12 %; 25,000: 15 %"),
                [0, 20_000, 47_500],
            ),
            (
                quarter(VolumeKind::Whole, "10,000: 12 %; 25,000: 15 %"),
                [0, 40_000, 122_500],
            ),
            (
                quarter(VolumeKind::Accelerator, "20,000: 1.5"),
                [0, 0, 62_500],
            ),
            (
                over(
                    Span::Year,
                    GivenBack::OriginalRate,
                    VolumeKind::Graduated,
                    "10,000: 12 %; 25,000: 15 %",
                ),
                [0, 20_000, 47_500],
            ),
        ] {
            let (world, _) = world(kind, clause);
            for (place, (day, seats)) in [
                ("2027-01-10", 800),
                ("2027-02-10", 1_200),
                ("2027-03-10", 1_250),
            ]
            .into_iter()
            .enumerate()
            {
                let customer = 1 + i64::try_from(place).unwrap();
                world.at(day);
                world.start(&format!("S-{place}"), customer, SEATS, day, seats);
                world.pay(day, customer, day, eur(i64::from(seats) * 1_000));
                let before = earned(&world);
                world.at(&format!("2027-{:02}-02", place + 2));
                close(&world, &day[..7]);
                assert_eq!(earned(&world) - before, brought[place], "{day}");
            }
        }
    });
}

/// Cash and refunds of a quarter: which month and day, which customer, how much; below zero goes
/// back of the last payment.
fn orders() -> impl Strategy<Value = Vec<(u32, u32, i64, i64)>> {
    let one = (1u32..=3, 3u32..=27, 1i64..=3, -90_000i64..400_000);
    proptest::collection::vec(one, 1..14).prop_map(|mut all| {
        all.sort_by_key(|(month, day, ..)| (*month, *day));
        all
    })
}

fn plays(kind: Kind, how: VolumeKind, orders: &[(u32, u32, i64, i64)]) {
    let typed = match how {
        VolumeKind::Cliff => "9,000",
        VolumeKind::Accelerator => "5,000: 1.3; 9,000: 2",
        _ => "5,000: 12.35 %; 9,000: 15 %",
    };
    let clause = quarter(how, typed);
    let volume = clause.volume.unwrap();
    let (world, _) = world(kind, clause);
    for customer in 1..=3 {
        let name = format!("S-{customer}");
        world.start(&name, customer, SEATS, "2027-01-01", 8_000);
    }
    let (mut cash, mut last) = (0, None);
    let mut orders = orders.iter().enumerate().peekable();
    for number in 1..=3u32 {
        while let Some((place, (_, day, customer, cents))) =
            orders.next_if(|(_, (month, ..))| *month == number)
        {
            let day = format!("2027-{number:02}-{day:02}");
            world.at(&day);
            if *cents > 0 {
                let paid = world.pay(&format!("P-{place}"), *customer, &day, eur(*cents));
                (cash, last) = (cash + cents, Some((paid.id(), *cents)));
            } else if let Some((paid, of)) = last.take() {
                let back = (-cents).min(of).max(1);
                let name = format!("R-{place}");
                world.refund(&name, paid, &day, eur(back)).unwrap();
                cash -= back;
            }
        }
        world.at(&format!("2027-{:02}-02", number + 1));
        close(&world, &format!("2027-{number:02}"));
    }
    let rate: Rate = "10".parse().unwrap();
    let rule = volume.earns(rate, cash).unwrap().round().unwrap();
    assert_eq!(earned(&world), rule, "{how:?} on {cash}");
}

/// Whatever comes in and goes back within a quarter, in whichever order.
#[test]
fn all_entries_of_a_quarter_are_the_rule_on_its_revenue() {
    for kind in Databases::each() {
        for how in VolumeKind::ALL {
            let config = Config {
                cases: 3,
                failure_persistence: None,
                ..Config::default()
            };
            TestRunner::new(config)
                .run(&orders(), |orders| {
                    plays(kind, how, &orders);
                    Ok(())
                })
                .unwrap();
        }
    }
}

/// Bills what is due and has it all paid on that day.
fn collect(world: &World, day: &str) {
    world.at(day);
    world.write(|tx| billing::bill_due(tx, date(day))).unwrap();
    for (place, invoice) in world.invoices().iter().enumerate() {
        let open = invoice.total_minor - invoice.paid_minor;
        let customer = world.customer_number(invoice.customer_id);
        if open > 0 {
            world.pay(&format!("{day}-{place}"), customer, day, eur(open));
        }
    }
}

fn posted(world: &World, period: &str) -> i64 {
    let entries = world.entries().into_iter();
    let of = entries.filter(|entry| entry.posting_period == month(period));
    of.map(|entry| entry.amount_minor).sum()
}

#[test]
fn what_is_foreseen_within_a_quarter_is_what_its_closes_give() {
    on_each(|kind| {
        let clause = quarter(VolumeKind::Graduated, "1,000: 12 %; 2,000: 15 %");
        let (world, version) = world(kind, clause);
        world.start("S-1", 1, SEATS, "2027-01-01", 80);
        collect(&world, "2027-01-20");
        world.at("2027-02-02");
        close(&world, "2027-01");
        world
            .write(|tx| forecast::renew(tx, date("2027-02-02")))
            .unwrap();
        let ahead = world.read(registers::forecasts::ahead);
        let foreseen = |period: &str| -> i64 {
            let of = ahead.iter().filter(|one| one.month == month(period));
            of.map(|one| one.committed.minor()).sum()
        };
        // 800.00 a month: 600.00 above the first step by February, 400.00 above the second by March.
        for (period, day, next, all) in [
            ("2027-02", "2027-02-20", "2027-03-02", 8_000 + 1_200),
            ("2027-03", "2027-03-20", "2027-04-02", 8_000 + 2_800),
            ("2027-04", "2027-04-20", "2027-05-02", 8_000),
        ] {
            assert_eq!(foreseen(period), all, "{period}");
            collect(&world, day);
            world.at(next);
            let preview = world.read(|tx| close::preview(tx, month(period))).rows;
            let settled: i64 = preview.iter().map(|row| row.settled_minor).sum();
            assert_eq!(settled, all - 8_000);
            close(&world, period);
            assert_eq!(posted(&world, period), all, "{period}");
            let only = (month(period), month(period));
            let tried = world.read(|tx| dry_run(tx, version, only));
            let told: Vec<_> = tried
                .iter()
                .map(|one| (one.collected.minor(), one.was.minor(), one.change_minor()))
                .collect();
            assert_eq!(told, [(80_000, all, 0)], "{period}");
        }
    });
}

/// 5,100.00 at 8 %, or 10 % of all of it above 5,000.00; 200.00 go back after the close.
#[test]
fn what_goes_back_after_a_close_goes_at_its_rate_or_takes_the_steps_anew() {
    on_each(|kind| {
        for (span, given_back, back) in [
            (Span::Month, GivenBack::OriginalRate, [-2_000, -1_000]),
            (Span::Month, GivenBack::Reband, [-11_800, -800]),
            (Span::Quarter, GivenBack::OriginalRate, [-2_000, -1_000]),
            (Span::Quarter, GivenBack::Reband, [-11_800, -800]),
        ] {
            let rate: Rate = "8".parse().unwrap();
            let volume = Volume::parse(
                VolumeKind::Whole,
                "EUR".parse().unwrap(),
                "5,000: 10 %",
                rate,
            );
            let clause = ClauseDraft {
                rate,
                volume: Some(volume.unwrap().over(span, given_back)),
                ..ClauseDraft::default()
            };
            let (world, _) = world(kind, clause);
            for day in ["2027-02-02", "2027-03-02"] {
                world.at(day);
                close(
                    &world,
                    if day == "2027-02-02" {
                        "2027-01"
                    } else {
                        "2027-02"
                    },
                );
            }
            world.start("S-1", 1, SEATS, "2027-03-02", 510);
            let paid = world.pay("P-1", 1, "2027-03-02", eur(510_000));
            world.at("2027-04-02");
            close(&world, "2027-03");
            assert_eq!(earned(&world), 51_000);
            let closed: Vec<String> = hashes(&world);
            for (place, (on, end, period, minor)) in [
                ("2027-04-02", "2027-05-02", "2027-04", 20_000),
                ("2027-05-02", "2027-06-02", "2027-05", 10_000),
            ]
            .into_iter()
            .enumerate()
            {
                let name = format!("R-{place}");
                world.refund(&name, paid.id(), on, eur(minor)).unwrap();
                world.at(end);
                close(&world, period);
                assert_eq!(
                    posted(&world, period),
                    back[place],
                    "{span:?} {given_back:?}"
                );
            }
            assert_eq!(hashes(&world)[..closed.len()], closed);
            let brought = amounts_of(&world, EntryKind::Volume);
            match given_back {
                GivenBack::OriginalRate => assert_eq!(brought, [10_200, -400, -200]),
                GivenBack::Reband => assert_eq!(brought, [10_200, -10_200]),
            }
        }
    });
}

fn hashes(world: &World) -> Vec<String> {
    let statements = world.statements().into_iter();
    statements.map(|one| one.sha256).collect()
}
