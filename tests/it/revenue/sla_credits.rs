//! What missed promises give back, to the cent, where plan, units and service change.
use chrono::{NaiveDateTime, TimeDelta};
use perennial::{
    domain::{
        ExternalId, LongText, Name, Period, Quantity, SlaEventKind, TicketSeverity,
        sla::{SlaCreditStatus, Span},
    },
    id::{OfferingId, SlaEventId, SubscriptionId},
    services::{
        catalogue::{
            service_levels::{self, NewEvent},
            tickets,
        },
        revenue::{
            billing, sla_credits,
            subscriptions::{
                self, CancelWhen, Cancellation, Pausing, PlanChange, PlanWhen, QuantityChange,
            },
        },
    },
    store::{
        catalogue::tickets as ticket_rows,
        lobby,
        revenue::{
            sla_credits::{self as rows, Claims, SlaCredit},
            subscriptions as sold,
        },
    },
};

use super::{
    clauses::on_each,
    world::{Like, SEATS, World, date, id, month},
};
use crate::support::postgres::Kind;

const BACKUP: i64 = 301;
const HOSTING: i64 = 302;

/// Backup for 500.00 a month, Hosting for 1,000.00, Backup for 12,000.00 and 24,000.00 a year,
/// and for 600.00 a month.
const PLANS: [(i64, i64, &str, i64, i32); 5] = [
    (331, BACKUP, "backup", 50_000, 1),
    (332, HOSTING, "hosting", 100_000, 1),
    (333, BACKUP, "backup-year", 1_200_000, 12),
    (334, BACKUP, "backup-large-year", 2_400_000, 12),
    (335, BACKUP, "backup-large", 60_000, 1),
];

/// Both promise 99.9 % and 99 % of a month: 10 and 25 % are given back.
fn world(kind: Kind, now: &'static str) -> World {
    let like = Like {
        now,
        tax_bps: 0,
        ..Like::default()
    };
    let world = World::new(kind, like);
    let tenant = lobby::tenant_of(&world.scope).number();
    world.database.sql(&format!(
        "INSERT INTO sla_policies (tenant_id, id, name, summary, version) VALUES ({tenant}, 901, 'Standard', 'For all', 1);
         INSERT INTO sla_targets (tenant_id, id, sla_policy_id, seq, metric, threshold, calendar, credit_bps) VALUES
           ({tenant}, 902, 901, 1, 'availability', 999000, '24x7', 1000),
           ({tenant}, 903, 901, 2, 'availability', 990000, '24x7', 2500);
         INSERT INTO offerings VALUES ({tenant}, {HOSTING}, 'Hosting', 'hosting', 'software', 'Hosting', 'vendor', NULL, 'published', '2027-01-01 00:00:00', NULL, 1);
         UPDATE offerings SET sla_policy_id = 901 WHERE tenant_id = {tenant};"
    ));
    for (number, offering, code, minor, months) in PLANS {
        let (plan, price, micro) = (number - 20, number + 10, minor * 1_000_000);
        world.database.sql(&format!(
            "INSERT INTO plans VALUES ({tenant}, {plan}, {offering}, '{code}', '{code}');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version)
               VALUES ({tenant}, {number}, {plan}, 1, 'published', 'EUR', {months}, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro)
               VALUES ({tenant}, {price}, {number}, 1, 'Licence', 'flat', {micro});"
        ));
    }
    world
}

fn start(world: &World, name: &str, plan: i64, on: &str) -> SubscriptionId {
    let new = subscriptions::NewSubscription {
        external_id: name.into(),
        customer: world.customer(1),
        plan_version: id(plan),
        starts_on: date(on),
        quantity: Quantity::ONE,
    };
    world
        .write(|tx| subscriptions::start(tx, &new))
        .unwrap()
        .id()
}

fn version(world: &World, of: SubscriptionId) -> i32 {
    world.read(|tx| sold::one(tx, of)).version
}

fn change(world: &World, of: SubscriptionId, plan: i64, when: PlanWhen) {
    let change = PlanChange {
        subscription: of,
        version: version(world, of),
        plan_version: id(plan),
        when,
        reason: "Grows".into(),
    };
    world
        .write(|tx| subscriptions::change_plan(tx, &change))
        .unwrap();
}

fn cancel(world: &World, of: SubscriptionId, on: &str) {
    let cancellation = Cancellation {
        subscription: of,
        version: version(world, of),
        when: CancelWhen::Now(date(on)),
        reason: "Moved away".into(),
        is_vendor_fault: false,
    };
    world
        .write(|tx| subscriptions::cancel(tx, &cancellation))
        .unwrap();
}

/// An hour in which a service was down; eight of them are more than a hundredth of a month.
fn down(world: &World, service: i64, day: &str, hours: i64) -> SlaEventId {
    let from = date(day).and_hms_opt(2, 0, 0).unwrap();
    let event = NewEvent {
        external_id: None,
        offering: id(service),
        kind: SlaEventKind::Outage,
        span: Span {
            from,
            to: from + TimeDelta::hours(hours),
        },
        announced_at: None,
        note: "Power was lost".parse::<LongText>().unwrap(),
    };
    world
        .write(|tx| service_levels::record(tx, &event))
        .unwrap()
}

fn complete(world: &World, service: i64, of: &str) {
    let offering: OfferingId = id(service);
    world
        .write(|tx| service_levels::complete(tx, offering, month(of)))
        .unwrap();
    world.verify();
}

fn credits(world: &World) -> Vec<SlaCredit> {
    world.read(rows::all).0
}

/// Service, month, fee and credit of each.
fn given(world: &World) -> Vec<(i64, Period, i64, i64)> {
    let of = |one: &SlaCredit| {
        (
            one.offering_id.number(),
            one.month,
            one.fee_minor,
            one.net_minor,
        )
    };
    credits(world).iter().map(of).collect()
}

fn approve(world: &World, nth: usize) {
    let credit = &credits(world)[nth];
    let seen = (credit.id, credit.version);
    world.write(|tx| sla_credits::approve(tx, seen)).unwrap();
    world.verify();
}

#[test]
fn a_month_is_judged_by_the_service_that_was_had_in_it() {
    on_each(|kind| {
        let world = world(kind, "2027-06-10");
        let hotel = start(&world, "S-1", 331, "2027-06-01");
        change(&world, hotel, 332, PlanWhen::NextPeriod);
        world.at("2027-07-02");
        world
            .write(|tx| billing::bill_due(tx, date("2027-07-02")))
            .unwrap();
        down(&world, BACKUP, "2027-06-04", 1);
        down(&world, HOSTING, "2027-06-05", 9);
        complete(&world, HOSTING, "2027-06");
        assert!(given(&world).is_empty());
        complete(&world, BACKUP, "2027-06");
        let june = (BACKUP, month("2027-06"), 50_000, 5_000);
        assert_eq!(given(&world), [june]);
        // A ticket of June that is recorded now is about what was had in June.
        let draft = tickets::Draft {
            title: "Nothing comes in".parse::<Name>().unwrap(),
            severity: TicketSeverity::Normal,
            opened_at: "2027-06-10T10:00:00".parse::<NaiveDateTime>().unwrap(),
            answered_at: None,
            resolved_at: None,
            waits: Vec::new(),
        };
        let name: ExternalId = "HD-1".parse().unwrap();
        world
            .write(|tx| tickets::record(tx, (&name, "S-1"), &draft))
            .unwrap();
        let service = |world: &World| {
            let found = world.read(|tx| ticket_rows::named(tx, &["HD-1".into()]));
            (found[0].id, found[0].version, found[0].offering.number())
        };
        let (ticket, seen, about) = service(&world);
        assert_eq!(about, BACKUP);
        // It came in July after all.
        let draft = tickets::Draft {
            opened_at: "2027-07-01T10:00:00".parse().unwrap(),
            ..draft
        };
        world
            .write(|tx| tickets::edit(tx, (ticket, seen), &draft))
            .unwrap();
        assert_eq!(service(&world).2, HOSTING);
        world.write(sla_credits::propose_again).unwrap();
        assert_eq!(given(&world), [june]);
        world.verify();
    });
}

#[test]
fn a_month_with_two_services_gives_back_for_each() {
    on_each(|kind| {
        let world = world(kind, "2027-07-02");
        let hotel = start(&world, "S-1", 331, "2027-06-01");
        down(&world, BACKUP, "2027-06-04", 1);
        complete(&world, BACKUP, "2027-06");
        approve(&world, 0);
        world.at("2027-07-15");
        change(&world, hotel, 332, PlanWhen::Now(date("2027-07-15")));
        down(&world, HOSTING, "2027-06-05", 9);
        complete(&world, HOSTING, "2027-06");
        world.at("2027-08-01");
        down(&world, BACKUP, "2027-07-04", 1);
        down(&world, HOSTING, "2027-07-20", 1);
        complete(&world, BACKUP, "2027-07");
        complete(&world, HOSTING, "2027-07");
        world.write(sla_credits::propose_again).unwrap();
        let mut found = given(&world);
        found.sort_unstable();
        let (june, july) = (month("2027-06"), month("2027-07"));
        // 14 of 31 days of 500.00, and what 17 of 31 days of 1,000.00 were charged.
        assert_eq!(
            found,
            [
                (BACKUP, june, 50_000, 5_000),
                (BACKUP, july, 22_581, 2_258),
                (HOSTING, july, 54_839, 5_484),
            ]
        );
        for nth in 0..3 {
            if credits(&world)[nth].status == SlaCreditStatus::Proposed {
                approve(&world, nth);
            }
        }
    });
}

#[test]
fn the_fee_is_what_was_charged_for_the_days_of_the_month() {
    on_each(|kind| {
        let world = world(kind, "2027-02-01");
        let year = start(&world, "S-1", 333, "2027-01-01");
        change(&world, year, 334, PlanWhen::Now(date("2027-02-01")));
        let ending = start(&world, "S-2", 333, "2027-01-01");
        let monthly = start(&world, "S-3", 331, "2027-02-01");
        let seats = world.start("S-4", 2, SEATS, "2027-02-01", 10);
        let paused = start(&world, "S-5", 331, "2027-02-01");
        world.at("2027-06-01");
        world
            .write(|tx| billing::bill_due(tx, date("2027-06-01")))
            .unwrap();
        change(&world, monthly, 335, PlanWhen::Now(date("2027-06-01")));
        world.at("2027-06-11");
        let pausing = |on: &str| Pausing {
            subscription: paused,
            version: version(&world, paused),
            on: date(on),
            reason: "Closed for works".into(),
        };
        let pause = pausing("2027-06-11");
        world.write(|tx| subscriptions::pause(tx, &pause)).unwrap();
        world.at("2027-06-16");
        let more = QuantityChange {
            subscription: seats,
            version: version(&world, seats),
            quantity: Quantity::new(13).unwrap(),
            effective_on: date("2027-06-16"),
            reason: "Three more".into(),
        };
        world
            .write(|tx| subscriptions::change_quantity(tx, &more))
            .unwrap();
        world.at("2027-06-26");
        let resume = pausing("2027-06-26");
        world
            .write(|tx| subscriptions::resume(tx, &resume))
            .unwrap();
        world.at("2027-07-02");
        cancel(&world, ending, "2027-07-01");
        down(&world, BACKUP, "2027-06-04", 1);
        complete(&world, BACKUP, "2027-06");
        let of = |sold: SubscriptionId| {
            let all = credits(&world);
            let own = all.iter().find(|one| one.subscription_id == sold).unwrap();
            (own.fee_minor, own.net_minor)
        };
        // 24,000.00 a year, 30 of 365 days.
        assert_eq!(of(year), (197_260, 19_726));
        assert_eq!(of(ending), (98_630, 9_863));
        assert_eq!(of(monthly), (60_000, 6_000));
        // Half a month of 10 seats and half of 13.
        assert_eq!(of(seats), (11_500, 1_150));
        // Ten days, and five.
        assert_eq!(of(paused), (25_000, 2_500));
        for nth in 0..5 {
            approve(&world, nth);
        }
    });
}

#[test]
fn a_claim_has_its_days_from_the_proposal_and_is_kept() {
    on_each(|kind| {
        let world = world(kind, "2027-07-20");
        world
            .database
            .sql("UPDATE sla_policies SET claim_days = 14 WHERE id = 901");
        start(&world, "S-1", 331, "2027-06-01");
        let event = down(&world, BACKUP, "2027-06-04", 1);
        complete(&world, BACKUP, "2027-06");
        let first = &credits(&world)[0];
        assert_eq!(first.status, SlaCreditStatus::Unclaimed);
        // The month was put on record on the twentieth.
        assert_eq!(first.claim_until, Some(date("2027-08-03")));
        assert!(first.can_be_claimed(date("2027-08-03")));
        world
            .write(|tx| perennial::store::VendorScope::claim(tx, first.id, "Ada"))
            .unwrap();
        // Reckoned away, and missed after all when its time is over.
        world
            .write(|tx| service_levels::withdraw(tx, event))
            .unwrap();
        world.write(sla_credits::propose_again).unwrap();
        world.verify();
        let lapsed = &credits(&world)[0];
        assert_eq!(
            (lapsed.status, lapsed.net_minor),
            (SlaCreditStatus::Lapsed, 0)
        );
        let seen = (lapsed.id, lapsed.version);
        let refused = world
            .write(|tx| sla_credits::approve(tx, seen))
            .unwrap_err();
        assert!(
            format!("{refused:?}").contains("Nothing is owed"),
            "{refused:?}"
        );
        world.at("2027-08-20");
        down(&world, BACKUP, "2027-06-04", 1);
        world.write(sla_credits::propose_again).unwrap();
        let again = &credits(&world)[0];
        assert_eq!(again.status, SlaCreditStatus::Proposed);
        assert_eq!((again.claimed_by.as_str(), again.net_minor), ("Ada", 5_000));
        assert_eq!(again.claim_until, Some(date("2027-08-03")));
        approve(&world, 0);
    });
}

#[test]
fn what_was_declined_gives_no_right_to_end() {
    on_each(|kind| {
        let world = world(kind, "2027-07-02");
        for (place, third) in [(0, "declined"), (1, "noted")] {
            let of = start(&world, &format!("S-{place}"), 331, "2027-02-01");
            for (nth, (month, status)) in [(202_704, "noted"), (202_705, "noted"), (202_706, third)]
                .into_iter()
                .enumerate()
            {
                let decided = match status {
                    "declined" => "created_at",
                    _ => "NULL",
                };
                let net = i32::from(status == "declined");
                world.database.sql(&format!(
                    "INSERT INTO sla_credits (tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor,
                         liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, decided_at, answer, created_at, version)
                     SELECT tenant_id, {}, partner_id, id, {BACKUP}, {month}, 'Down', 0, 'EUR', {net}, {net}, 'protect_partner', 0, 0, '{status}', NULL, '', '', {decided}, '', created_at, 1
                     FROM subscriptions WHERE external_id = 'S-{place}'",
                    981 + place * 3 + i64::try_from(nth).unwrap()
                ));
            }
            cancel(&world, of, "2027-07-01");
            let ended = world.read(|tx| sold::one(tx, of));
            assert_eq!(ended.ends_by_vendor, third == "noted");
        }
    });
}
