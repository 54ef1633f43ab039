//! What looks ahead says what then comes: the forecast, the preview of a close and a dry run, over
//! a book with a split, a distributor, a cap, steps, a SPIFF, a renewed term and a guarantee.
use std::collections::BTreeMap;

use perennial::{
    domain::{
        Rate,
        commission::{
            Part,
            clawback::ClawbackMode,
            extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
            volume::{Volume, VolumeKind},
        },
    },
    id::{CommissionPlanVersionId, PartnerId, SubscriptionId},
    services::{
        incentivize::{
            commission_plans::{self as plans, ClauseDraft, Draft},
            distributors::{self, Share},
            enrollments,
            spiffs::{self, NewSpiff},
        },
        revenue::{
            billing, close,
            dry_run::{Effect, dry_run},
            forecast,
            subscriptions::{self, Sharing},
        },
    },
    store::{registers, revenue::subscriptions as rows},
    worker::{self, Closing},
};

use super::{
    clauses::{enroll_with, on_each, percent},
    settled::cancel,
    world::{Like, SEATS, World, YEARLY, currency, date, eur, id, month},
};
use crate::support::postgres::Kind;

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

/// Silver: 10 %, more above 500.00 and 1,000.00 a month. Gold: 20 %, at most 50.00 a month.
fn clauses() -> Vec<ClauseDraft> {
    let steps = Volume::parse(
        VolumeKind::Graduated,
        currency("EUR"),
        "500: 12 %; 1,000: 15 %",
        rate("10"),
    );
    vec![
        ClauseDraft {
            tier: Some(id(101)),
            volume: Some(steps.unwrap()),
            ..percent("10")
        },
        ClauseDraft {
            tier: Some(id(102)),
            cap: Some(eur(5_000)),
            ..percent("20")
        },
        percent("5"),
    ]
}

fn plan(world: &World) -> CommissionPlanVersionId {
    let extras = PlanExtras {
        renewal: Some(RenewalTerms {
            rate: rate("2"),
            kept_bps: 10_000,
            clawback: None,
        }),
        guarantee: Some(GuaranteeTerms {
            amount: eur(15_000),
            months: 3,
        }),
    };
    let version = enroll_with(world, clauses(), extras);
    for (partner, from) in [(202, "2026-01-01"), (203, "2027-04-01")] {
        world
            .write(|tx| enrollments::enroll(tx, id(partner), version, date(from)).map(drop))
            .unwrap();
    }
    version
}

fn promise(world: &World) {
    let spiff = NewSpiff {
        name: "Spring".parse().unwrap(),
        offering: id(301),
        from: date("2027-04-01"),
        until: date("2027-06-30"),
        amount: eur(2_000),
        most: Some(1),
        clawback_days: 0,
        clawback_mode: ClawbackMode::Full,
    };
    world.write(|tx| spiffs::add(tx, &spiff).map(drop)).unwrap();
}

/// The second partner has a quarter of it; the third is the distributor above the first, and where
/// its part comes out of the commission, above the second too.
fn share(world: &World, sold: SubscriptionId, is_carved: bool) {
    let version = world.read(|tx| rows::one(tx, sold)).version;
    let sharing = Sharing {
        subscription: sold,
        version,
        others: vec![(1, id(202), rate("25"))],
    };
    let above = Share {
        distributor: id(203),
        is_carved,
        rate: rate("4"),
    };
    let below: &[i64] = if is_carved { &[201, 202] } else { &[201] };
    world
        .write(|tx| {
            subscriptions::share_out(tx, &sharing)?;
            for partner in below {
                distributors::place(tx, id(*partner), Some(above), date("2027-03-20"))?;
            }
            Ok(())
        })
        .unwrap();
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

fn book(kind: Kind) -> (World, CommissionPlanVersionId) {
    book_with(kind, false)
}

fn book_with(kind: Kind, is_carved: bool) -> (World, CommissionPlanVersionId) {
    let like = Like {
        now: "2027-03-01",
        first: 202_604,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let version = plan(&world);
    promise(&world);
    world.start("S-3", 3, YEARLY, "2026-04-01", 1);
    let shared = world.start("S-1", 1, SEATS, "2027-03-01", 80);
    world.at("2027-03-20");
    world.start("S-2", 2, SEATS, "2027-03-10", 60);
    world.start("S-4", 4, SEATS, "2027-03-01", 40);
    share(&world, shared, is_carved);
    collect(&world, "2027-03-20");
    world.start("S-5", 5, SEATS, "2027-04-01", 10);
    (world, version)
}

/// What everybody is to earn for April: committed and expected.
fn foreseen(world: &World) -> BTreeMap<PartnerId, (i64, i64)> {
    world
        .write(|tx| forecast::renew(tx, date("2027-03-20")))
        .unwrap();
    let ahead = world.read(registers::forecasts::ahead);
    let april = ahead.iter().filter(|one| one.month == month("2027-04"));
    april
        .map(|one| {
            let minor = (one.committed.minor(), one.expected.minor());
            (one.partner, minor)
        })
        .collect()
}

fn posted_in_april(world: &World) -> BTreeMap<PartnerId, i64> {
    let mut sums = BTreeMap::new();
    for entry in world.entries() {
        if entry.posting_period == month("2027-04") {
            *sums.entry(entry.partner_id).or_default() += entry.amount_minor;
        }
    }
    sums
}

fn close_through(world: &World, last: &str) {
    for period in month("2026-04").through(month(last)) {
        let closing = Closing {
            period,
            chunk: 10,
            mail_domain: "mail.example".into(),
        };
        worker::close_now(&world.store, &world.scope, &closing).unwrap();
    }
}

#[test]
fn what_is_foreseen_is_what_the_close_then_gives() {
    on_each(|kind| {
        let (world, _) = book(kind);
        let ahead = foreseen(&world);
        let expected: Vec<i64> = ahead.values().map(|(_, minor)| *minor).collect();
        // Steps: 240.00 of 2,400.00 earn 320.00 in all; with the renewal bonus of 24.00. The cap's
        // 50.00, a quarter of 80.00, the SPIFF. 4 % of 2,600.00 filled up to 150.00.
        assert_eq!(expected, [34_400, 9_000, 15_000]);
        // Without the year that may be renewed: 120.00 of 1,200.00, and no bonus.
        assert_eq!(ahead[&id(201)].0, 14_000);
        assert_eq!(ahead[&id(203)].0, 15_000);
        collect(&world, "2027-04-28");
        world.at("2027-05-02");
        close_through(&world, "2027-03");
        let preview = world.read(|tx| close::preview(tx, month("2027-04"))).rows;
        let settled: i64 = preview.iter().map(|row| row.settled_minor).sum();
        assert_eq!(settled, 8_000 + 4_600);
        let would: BTreeMap<PartnerId, i64> = preview
            .iter()
            .map(|row| (row.partner, row.lines_minor))
            .collect();
        close_through(&world, "2027-04");
        let posted: Vec<i64> = posted_in_april(&world).into_values().collect();
        assert_eq!(posted, expected);
        for statement in world.statements() {
            if statement.month == month("2027-04") {
                assert_eq!(
                    Some(&statement.lines_minor),
                    would.get(&statement.partner_id)
                );
            }
        }
        world.verify();
    });
}

#[test]
fn what_distributors_take_out_is_foreseen_as_the_close_gives_it() {
    on_each(|kind| {
        let (world, _) = book_with(kind, true);
        let ahead = foreseen(&world);
        let expected: Vec<i64> = ahead.values().map(|(_, minor)| *minor).collect();
        // 240.00 less 4 %, what steps bring of 2,400.00 less 4 %, the bonus. 50.00 less 4 %, a quarter
        // of 80.00, the SPIFF. The distributor's 9.60, 3.20 and 2.00 are filled up.
        assert_eq!(expected, [23_040 + 7_680 + 2_400, 8_800, 15_000]);
        collect(&world, "2027-04-28");
        world.at("2027-05-02");
        close_through(&world, "2027-04");
        let posted: Vec<i64> = posted_in_april(&world).into_values().collect();
        assert_eq!(posted, expected);
        let carved = world.entries().into_iter().filter(|entry| {
            entry.posting_period == month("2027-04") && matches!(entry.part, Part::CarvedOut { .. })
        });
        assert_eq!(
            carved.map(|entry| entry.amount_minor).sum::<i64>(),
            1_160 + 320
        );
        world.verify();
    });
}

#[test]
fn a_plan_tried_on_days_that_were_credited_changes_nothing() {
    on_each(|kind| {
        let half = ClauseDraft {
            months: Some(6),
            ..percent("10")
        };
        for end in ["2027-11-01", "2027-06-09"] {
            let like = Like {
                now: "2027-03-01",
                tax_bps: 0,
                ..Like::default()
            };
            let world = World::new(kind, like);
            let version = enroll_with(&world, vec![half], PlanExtras::default());
            let sold = world.start("S-1", 1, YEARLY, "2027-03-01", 1);
            world.pay("P-1", 1, "2027-03-01", eur(120_000));
            world.at(end);
            cancel(&world, sold, end);
            let march = (month("2027-03"), month("2027-03"));
            let tried = world.read(|tx| dry_run(tx, version, march));
            let told = tried
                .iter()
                .map(|one| (one.was.minor(), one.change_minor()));
            let entries = world.entries().into_iter();
            let posted: i64 = entries.map(|entry| entry.amount_minor).sum();
            assert_eq!(told.collect::<Vec<_>>(), [(posted, 0)], "{end}");
        }
    });
}

#[test]
fn a_plan_tried_on_its_own_months_changes_nothing() {
    on_each(|kind| {
        for is_carved in [false, true] {
            let (world, version) = book_with(kind, is_carved);
            collect(&world, "2027-04-28");
            world.at("2027-05-02");
            close_through(&world, "2027-04");
            let both = (month("2027-03"), month("2027-04"));
            let tried = world.read(|tx| dry_run(tx, version, both));
            assert!(tried.iter().all(|one| one.change_minor() == 0), "{tried:?}");
            // Everything was paid in its own month, so that this is the ledger.
            let april = (month("2027-04"), month("2027-04"));
            let tried = world.read(|tx| dry_run(tx, version, april));
            let was = tried.iter().map(|one| (one.partner, one.was.minor()));
            assert_eq!(was.collect::<BTreeMap<_, _>>(), posted_in_april(&world));
        }
    });
}

#[test]
fn a_plainer_plan_tried_on_them_says_what_everybody_would_lose() {
    on_each(|kind| {
        let (world, _) = book(kind);
        collect(&world, "2027-04-28");
        world.at("2027-05-02");
        close_through(&world, "2027-04");
        let april = (month("2027-04"), month("2027-04"));
        // Under a plan without any of it everybody has a plain tenth of their own part.
        let plain = Draft {
            effective_from: date("2026-01-01"),
            hold_days: 30,
            outcome: String::new(),
            extras: PlanExtras::default(),
            clauses: vec![percent("10")],
        };
        let (_, plain) = world
            .write(|tx| plans::add(tx, &"Plain".parse().unwrap(), &plain))
            .unwrap();
        let tried = world.read(|tx| dry_run(tx, plain, april));
        let of = |partner: i64| {
            let partner = id(partner);
            let found: Option<&Effect> = tried.iter().find(|one| one.partner == partner);
            found
                .map(|one| (one.collected.minor(), one.would_be.minor()))
                .unwrap()
        };
        assert_eq!(of(201), (260_000, 24_000));
        assert_eq!(of(202), (50_000, 2_000 + 5_000 + 2_000));
        assert_eq!(of(203), (0, 10_400));
    });
}
