//! Changes of plan, to the cent: at once, in the past, and with the next period.
use perennial::{
    domain::statement_document::StatementDocument,
    id::SubscriptionId,
    services::revenue::{
        billing,
        subscriptions::{Pausing, PlanChange, PlanWhen, change_plan, keep_plan, pause, resume},
    },
    store::{
        lobby,
        revenue::{credits, invoices::InvoiceLineKind, subscriptions as rows},
    },
    worker::{self, Closing},
};

use super::{
    clauses::on_each,
    world::{Like, World, date, eur, id},
};
use crate::support::postgres::Kind;

/// 100.00 a month, 160.00 a month, and 100.00 in dollars.
const PLANS: [(i64, &str, &str, i64); 3] = [
    (331, "basic", "EUR", 10_000),
    (332, "team", "EUR", 16_000),
    (333, "dollars", "USD", 10_000),
];

fn world(kind: Kind, now: &'static str) -> World {
    let like = Like {
        now,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let tenant = lobby::tenant_of(&world.scope).number();
    for (number, code, currency, minor) in PLANS {
        let (plan, price, micro) = (number - 20, number + 10, minor * 1_000_000);
        world.database.sql(&format!(
            "INSERT INTO plans VALUES ({tenant}, {plan}, 301, '{code}', '{code}');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version)
               VALUES ({tenant}, {number}, {plan}, 1, 'published', '{currency}', 1, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro)
               VALUES ({tenant}, {price}, {number}, 1, 'Licence', 'flat', {micro});"
        ));
    }
    world
}

fn start(world: &World, plan: i64, on: &str) -> SubscriptionId {
    let new = perennial::services::revenue::subscriptions::NewSubscription {
        external_id: "S-1".into(),
        customer: world.customer(1),
        plan_version: id(plan),
        starts_on: date(on),
        quantity: perennial::domain::Quantity::ONE,
    };
    let started = world.write(|tx| perennial::services::revenue::subscriptions::start(tx, &new));
    started.unwrap().id()
}

fn change(world: &World, sold: SubscriptionId, plan: i64, when: PlanWhen) -> perennial::Result<()> {
    world.write(|tx| {
        let change = PlanChange {
            subscription: sold,
            version: rows::one(tx, sold)?.version,
            plan_version: id(plan),
            when,
            reason: "Grows".into(),
        };
        change_plan(tx, &change)
    })?;
    world.verify();
    Ok(())
}

fn now(on: &str) -> PlanWhen {
    PlanWhen::Now(date(on))
}

fn earned(world: &World) -> i64 {
    world.amounts().iter().sum()
}

/// R01: 100.00 to 160.00 in the middle of June.
#[test]
fn an_upgrade_gives_back_the_old_plan_and_charges_the_new_one() {
    on_each(|kind| {
        let world = world(kind, "2027-06-16");
        let sold = start(&world, 331, "2027-06-01");
        world.pay("P-1", 1, "2027-06-16", eur(10_000));
        change(&world, sold, 332, now("2027-06-16")).unwrap();
        let made = world.invoices();
        assert_eq!(world.lines(made[1].id), [8_000]);
        assert_eq!((made[1].paid_minor, made[1].due_minor()), (5_000, 3_000));
        world.pay("P-2", 1, "2027-06-16", eur(3_000));
        assert_eq!(earned(&world), (5_000 + 8_000) / 5);
        world.verify();
        // And back on the same day: as if nothing had been.
        change(&world, sold, 331, now("2027-06-16")).unwrap();
        let left: i64 = world
            .read(credits::all)
            .iter()
            .map(|one| one.remaining_minor)
            .sum();
        assert_eq!(left, 3_000);
        assert_eq!(earned(&world), 2_000);
    });
}

/// A statement names what each line charged for, not what the customer has come to since.
#[test]
fn a_statement_names_the_plan_that_earned() {
    on_each(|kind| {
        let world = world(kind, "2027-06-16");
        let sold = start(&world, 331, "2027-06-01");
        world.pay("P-1", 1, "2027-06-16", eur(10_000));
        change(&world, sold, 332, now("2027-06-16")).unwrap();
        world.pay("P-2", 1, "2027-06-16", eur(3_000));
        world.at("2027-09-10");
        for month in 1..=7 {
            let closing = Closing {
                period: format!("2027-{month:02}").parse().unwrap(),
                chunk: 2,
                mail_domain: "mail.example".into(),
            };
            worker::close_now(&world.store, &world.scope, &closing).unwrap();
        }
        let told: Vec<StatementDocument> = world
            .statements()
            .iter()
            .map(|one| StatementDocument::from_canonical(&one.content).unwrap())
            .collect();
        let mut lines: Vec<(String, i64)> = told
            .iter()
            .flat_map(|one| &one.lines)
            .map(|line| (line.plan.clone(), line.amount_minor))
            .collect();
        lines.sort();
        let named = |plan: &str, minor| (plan.to_owned(), minor);
        let wanted = [
            ("basic", -1_000),
            ("basic", 2_000),
            ("team", 600),
            ("team", 1_000),
        ];
        assert_eq!(lines, wanted.map(|(plan, minor)| named(plan, minor)));
    });
}

/// R02 and C16: 160.00 to 100.00 on the eleventh of June; credit and charge both earn.
#[test]
fn a_downgrade_earns_less_by_what_was_given_back() {
    on_each(|kind| {
        let world = world(kind, "2027-06-11");
        let sold = start(&world, 332, "2027-06-01");
        world.pay("P-1", 1, "2027-06-11", eur(16_000));
        change(&world, sold, 331, now("2027-06-11")).unwrap();
        assert_eq!(world.amounts(), [3_200, -2_133, 1_333]);
        let credits = world.read(credits::all);
        assert_eq!(
            (credits[0].amount_minor, credits[0].remaining_minor),
            (10_667, 4_000)
        );
        assert_eq!(world.read(|tx| rows::one(tx, sold)).mrr_minor, 10_000);
    });
}

/// R08: dated back by a month, the invoices there are stay, and one adjusts both months.
#[test]
fn a_change_dated_back_is_one_adjustment_invoice() {
    on_each(|kind| {
        let world = world(kind, "2027-07-20");
        let sold = start(&world, 331, "2027-06-01");
        world.pay("P-1", 1, "2027-07-20", eur(20_000));
        let before: Vec<i64> = world.invoices().iter().map(|one| one.total_minor).collect();
        change(&world, sold, 332, now("2027-06-16")).unwrap();
        let made = world.invoices();
        let after: Vec<i64> = made.iter().map(|one| one.total_minor).collect();
        assert_eq!(after[..2], before[..]);
        assert_eq!(made.len(), 3);
        let lines = world.read(|tx| perennial::store::revenue::invoices::lines(tx, &[made[2].id]));
        let said: Vec<_> = lines
            .iter()
            .map(|line| (line.service_from, line.service_to, line.net_minor))
            .collect();
        assert_eq!(
            said,
            [
                (date("2027-06-16"), date("2027-07-01"), 8_000),
                (date("2027-07-01"), date("2027-08-01"), 16_000),
            ]
        );
        assert!(
            lines
                .iter()
                .all(|line| line.kind == InvoiceLineKind::ProrationCharge)
        );
        assert_eq!(made[2].due_minor(), 9_000);
    });
}

#[test]
fn with_the_next_period_it_is_billed_by_the_new_plan() {
    on_each(|kind| {
        let world = world(kind, "2027-06-10");
        let sold = start(&world, 331, "2027-06-01");
        change(&world, sold, 332, PlanWhen::NextPeriod).unwrap();
        let set = world.read(|tx| rows::one(tx, sold));
        assert_eq!(set.next_plan_on, Some(date("2027-07-01")));
        assert_eq!((set.plan_version_id, set.mrr_minor), (id(331), 10_000));
        world.at("2027-07-02");
        world
            .write(|tx| billing::bill_due(tx, date("2027-07-02")))
            .unwrap();
        world.verify();
        let taken = world.read(|tx| rows::one(tx, sold));
        assert_eq!((taken.plan_version_id, taken.mrr_minor), (id(332), 16_000));
        assert_eq!(taken.next_plan_on, None);
        let nets: Vec<i64> = world.invoices().iter().map(|one| one.net_minor).collect();
        assert_eq!(nets, [10_000, 16_000]);
        // Set once more and kept: nothing changes.
        change(&world, sold, 331, PlanWhen::NextPeriod).unwrap();
        world
            .write(|tx| {
                let version = rows::one(tx, sold)?.version;
                keep_plan(tx, (sold, version), "They stay")
            })
            .unwrap();
        world.at("2027-08-02");
        world
            .write(|tx| billing::bill_due(tx, date("2027-08-02")))
            .unwrap();
        let nets: Vec<i64> = world.invoices().iter().map(|one| one.net_minor).collect();
        assert_eq!(nets, [10_000, 16_000, 16_000]);
        world.verify();
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    on_each(|kind| {
        let world = world(kind, "2027-06-10");
        let sold = start(&world, 331, "2027-06-01");
        for (plan, said) in [
            (331, "its plan already"),
            (333, "in USD, the subscription in EUR"),
            (999, "not on sale"),
        ] {
            let refused = change(&world, sold, plan, PlanWhen::NextPeriod).unwrap_err();
            assert!(format!("{refused:?}").contains(said), "{refused:?}");
        }
        let refused = change(&world, sold, 332, now("2027-06-11")).unwrap_err();
        assert!(
            format!("{refused:?}").contains("still to come"),
            "{refused:?}"
        );
    });
}

/// Silver partners earn 20 %, gold ones 25 %; Alpine is gold from the tenth on.
fn promoted(world: &World, on: &str) {
    let tenant = lobby::tenant_of(&world.scope).number();
    world.database.sql(&format!(
        "INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps) VALUES
           ({tenant}, 424, 411, 4, NULL, 101, 2000),
           ({tenant}, 425, 411, 5, NULL, 102, 2500);
         INSERT INTO tier_assignments VALUES ({tenant}, 113, 201, 102, '{on}');"
    ));
}

#[test]
fn a_plan_changed_inside_a_period_keeps_the_tier_of_its_first_day() {
    on_each(|kind| {
        let world = world(kind, "2027-06-16");
        promoted(&world, "2027-06-10");
        let sold = start(&world, 331, "2027-06-01");
        world.pay("P-1", 1, "2027-06-16", eur(10_000));
        change(&world, sold, 332, now("2027-06-16")).unwrap();
        world.pay("P-2", 1, "2027-06-16", eur(3_000));
        // 20.00 of June, 10.00 of it back, and 16.00 of 80.00.
        assert_eq!(earned(&world), 2_600);
        world.verify();
        world.at("2027-07-02");
        world
            .write(|tx| billing::bill_due(tx, date("2027-07-02")))
            .unwrap();
        world.pay("P-3", 1, "2027-07-02", eur(16_000));
        assert_eq!(earned(&world), 2_600 + 4_000);
    });
}

#[test]
fn a_period_resumed_keeps_the_tier_of_its_first_day() {
    on_each(|kind| {
        let world = world(kind, "2027-06-20");
        promoted(&world, "2027-07-10");
        let sold = start(&world, 331, "2027-06-01");
        world.pay("P-1", 1, "2027-06-20", eur(10_000));
        let pausing = |world: &World, on: &str| Pausing {
            subscription: sold,
            version: world.read(|tx| rows::one(tx, sold)).version,
            on: date(on),
            reason: "Works".into(),
        };
        let pause_it = pausing(&world, "2027-06-20");
        world.write(|tx| pause(tx, &pause_it)).unwrap();
        world.at("2027-07-17");
        let resume_it = pausing(&world, "2027-07-17");
        world.write(|tx| resume(tx, &resume_it)).unwrap();
        let made = world.invoices();
        let lines = world.read(|tx| perennial::store::revenue::invoices::lines(tx, &[made[1].id]));
        let terms: Vec<_> = lines
            .iter()
            .map(|line| (line.net_minor, line.rate_bps, line.tier_id))
            .collect();
        // 15 of 31 days of 100.00.
        assert_eq!(terms, [(4_839, 2_000, Some(id(101)))]);
        world.verify();
    });
}

/// Six months of 10 %: what is charged anew after them belongs to the year that began in them.
#[test]
fn a_rest_beyond_the_months_of_its_clause_earns_nothing() {
    on_each(|kind| {
        let world = world(kind, "2027-11-01");
        let tenant = lobby::tenant_of(&world.scope).number();
        world.database.sql(&format!(
            "INSERT INTO plans VALUES ({tenant}, 314, 301, 'large-year', 'Large year');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version)
               VALUES ({tenant}, 334, 314, 1, 'published', 'EUR', 12, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro)
               VALUES ({tenant}, 344, 334, 1, 'Licence', 'flat', 240000000000);
             INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps, months)
               VALUES ({tenant}, 424, 411, 4, NULL, 101, 1000, 6);"
        ));
        let sold = start(&world, 312, "2027-03-01");
        for (on, days) in [("2027-08-02", 30), ("2027-11-01", 0)] {
            let to = if days == 0 { 312 } else { 334 };
            change(&world, sold, to, now(on)).unwrap();
            let made = world.invoices();
            let last = made.last().unwrap().id;
            let lines = world.read(|tx| perennial::store::revenue::invoices::lines(tx, &[last]));
            assert_eq!(lines[0].commission_clause_id, Some(id(424)));
            let rest = (date("2028-03-01") - date(on)).num_days();
            assert_eq!(
                (lines[0].share_days, i64::from(lines[0].share_of)),
                (days, rest)
            );
        }
    });
}
