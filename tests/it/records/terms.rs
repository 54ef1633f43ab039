use perennial::{
    domain::{Phase, Rate, Role, VersionStatus},
    id::TierId,
    services::incentivize::{
        commission_plans::{self as plan_services, ClauseDraft, Draft},
        enrollments as enrolling, tiers as tier_services,
    },
    store::incentivize::{commission_plans, enrollments, tiers},
};

use super::scene::{
    Scene, day, fields, is_conflict, is_forbidden, is_not_found, on_each, read, said,
};

fn rate(bps: i32) -> Rate {
    Rate::from_bps(bps).unwrap()
}

fn draft(clauses: &[(Option<Phase>, Option<TierId>, i32)]) -> Draft {
    let clause = |(phase, tier, bps): &(Option<Phase>, Option<TierId>, i32)| ClauseDraft {
        phase: *phase,
        tier: *tier,
        rate: rate(*bps),
        ..ClauseDraft::default()
    };
    Draft {
        effective_from: day("2026-10-01"),
        hold_days: 30,
        outcome: String::new(),
        extras: perennial::domain::commission::extras::PlanExtras::default(),
        clauses: clauses.iter().map(clause).collect(),
    }
}

fn tier(scene: &Scene, name: &str, rank: i32) -> TierId {
    let tier = tier_services::Draft {
        name: read(name),
        rank,
    };
    scene
        .write(&scene.acme, |tx| tier_services::add(tx, &tier))
        .unwrap()
}

#[test]
fn tiers_are_told_apart_by_name_and_rank() {
    on_each(|scene| {
        let gold = tier(scene, "Gold", 3);
        tier(scene, "Silver", 2);
        let same = tier_services::Draft {
            name: read("Gold"),
            rank: 2,
        };
        assert_eq!(
            fields(scene.write(&scene.acme, |tx| tier_services::add(tx, &same))),
            ["name", "rank"]
        );
        let first = tier_services::Draft {
            name: read("First"),
            rank: 3,
        };
        scene
            .write(&scene.acme, |tx| tier_services::edit(tx, gold, 1, &first))
            .unwrap();
        assert!(is_conflict(&scene.write(&scene.acme, |tx| {
            tier_services::edit(tx, gold, 1, &first)
        })));
        let names: Vec<_> = scene
            .read(&scene.acme, tiers::tiers)
            .into_iter()
            .map(|tier| tier.name)
            .collect();
        assert_eq!(names, ["First", "Silver"]);
        assert!(scene.read(&scene.rival, tiers::tiers).is_empty());
        assert!(is_not_found(&scene.write(&scene.rival, |tx| {
            tier_services::edit(tx, gold, 2, &first)
        })));
        let finance = scene.staff(Role::VendorFinance);
        assert!(is_forbidden(
            &scene.write(&finance, |tx| tier_services::add(tx, &first))
        ));
    });
}

#[test]
fn a_plan_with_a_gap_or_a_double_is_not_published() {
    on_each(|scene| {
        let acme = &scene.acme;
        let gold = tier(scene, "Gold", 3);
        let gap = draft(&[(Some(Phase::First), None, 2_000), (None, Some(gold), 2_500)]);
        let (plan, one) = scene
            .write(acme, |tx| plan_services::add(tx, &read("Standard"), &gap))
            .unwrap();
        assert_eq!(
            fields(scene.write(acme, |tx| plan_services::add(tx, &read("Standard"), &gap))),
            ["name"]
        );
        assert_eq!(
            fields(scene.write(acme, |tx| plan_services::publish(tx, one, 1))),
            ["clauses"]
        );
        let double = draft(&[(None, None, 1_000), (None, None, 1_500)]);
        scene
            .write(acme, |tx| plan_services::edit_draft(tx, one, 1, &double))
            .unwrap();
        assert_eq!(
            fields(scene.write(acme, |tx| plan_services::publish(tx, one, 2))),
            ["clause-2"]
        );
        let mut held = draft(&[(None, None, 1_000)]);
        held.hold_days = 366;
        assert_eq!(
            fields(scene.write(acme, |tx| plan_services::edit_draft(tx, one, 2, &held))),
            ["hold_days"]
        );
        let good = draft(&[(None, None, 1_000), (Some(Phase::First), Some(gold), 2_500)]);
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::edit_draft(tx, one, 1, &good))
        ));
        scene
            .write(acme, |tx| plan_services::edit_draft(tx, one, 2, &good))
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::publish(tx, one, 2))
        ));
        scene
            .write(acme, |tx| plan_services::publish(tx, one, 3))
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::edit_draft(tx, one, 4, &gap))
        ));

        let two = scene
            .write(acme, |tx| plan_services::new_version(tx, plan))
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::new_version(tx, plan))
        ));
        let copy = scene.read(acme, |tx| commission_plans::version(tx, two));
        assert_eq!(
            (copy.version_no, copy.clauses.len(), copy.clauses[1].tier),
            (2, 2, Some(gold.number()))
        );
        scene
            .write(acme, |tx| plan_services::publish(tx, two, 1))
            .unwrap();
        let statuses: Vec<_> = scene
            .read(acme, |tx| commission_plans::versions_of(tx, plan))
            .iter()
            .map(|version| version.status)
            .collect();
        assert_eq!(
            statuses,
            [VersionStatus::Published, VersionStatus::Superseded]
        );
        let choices = scene.read(acme, commission_plans::choices);
        assert_eq!((choices.len(), choices[0].plan.as_str()), (1, "Standard"));
    });
}

#[test]
fn a_partner_is_enrolled_and_rises_from_a_date_on() {
    on_each(|scene| {
        let acme = &scene.acme;
        let (gold, silver) = (tier(scene, "Gold", 3), tier(scene, "Silver", 2));
        let terms = draft(&[(None, None, 1_000), (Some(Phase::First), Some(gold), 2_500)]);
        let (_, version) = scene
            .write(acme, |tx| plan_services::add(tx, &read("Standard"), &terms))
            .unwrap();
        let partner = scene.partner(acme, "Northwind", "DE");
        let enrol = |from| {
            scene.write(acme, |tx| {
                enrolling::enroll(tx, partner, version, day(from))
            })
        };
        assert_eq!(fields(enrol("2026-10-01")), ["plan_version"]);
        scene
            .write(acme, |tx| plan_services::publish(tx, version, 1))
            .unwrap();
        assert_eq!(fields(enrol("2026-09-30")), ["from"]);
        enrol("2026-10-01").unwrap();
        enrol("2026-10-01").unwrap();
        enrol("2027-01-01").unwrap();
        let seller = scene.seller(partner, "northwind", Role::PartnerAdmin);
        let mine = scene.read(&seller, |tx| enrollments::of_partner(tx, partner));
        assert_eq!(
            mine.iter()
                .map(|row| row.effective_from)
                .collect::<Vec<_>>(),
            [day("2027-01-01"), day("2026-10-01")]
        );
        assert_eq!(
            mine[0].terms,
            "Partners earn 10 % of recurring revenue, for as long as they serve the customer\nGold partners earn 25 % of recurring revenue in the first period"
        );
        assert!(
            scene
                .read(acme, |tx| enrollments::on(tx, partner, day("2026-09-30")))
                .is_none()
        );

        let assign = |tier, from| {
            scene.write(acme, |tx| {
                tier_services::assign(tx, partner, tier, day(from))
            })
        };
        assign(silver, "2026-10-01").unwrap();
        assign(gold, "2026-11-01").unwrap();
        assign(silver, "2026-11-01").unwrap();
        assign(gold, "2026-12-01").unwrap();
        let on = |date| scene.read(acme, |tx| tiers::on(tx, &[partner], day(date)));
        assert_eq!(on("2026-09-30"), []);
        assert_eq!(on("2026-11-30"), [(partner, silver)]);
        assert_eq!(on("2026-12-01"), [(partner, gold)]);
        assert_eq!(
            scene.read(acme, |tx| tiers::members(tx, gold, day("2026-12-01"))),
            [partner]
        );
        assert_eq!(
            scene
                .read(&seller, |tx| tiers::assignments(tx, partner))
                .len(),
            3
        );
        let rivals = scene.write(&scene.rival, |tx| {
            tier_services::assign(tx, partner, gold, day("2026-12-01"))
        });
        assert!(is_not_found(&rivals), "{}", said(rivals));
        let other = scene.partner(acme, "Southwind", "FR");
        let stranger = scene.seller(other, "southwind", Role::PartnerAdmin);
        assert!(
            scene
                .read(&stranger, |tx| enrollments::of_partner(tx, partner))
                .is_empty()
        );
        assert!(
            scene
                .read(&stranger, |tx| tiers::assignments(tx, partner))
                .is_empty()
        );
    });
}
