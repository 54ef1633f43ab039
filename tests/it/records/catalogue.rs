use perennial::{
    domain::{
        BillingInterval, DeliveryParty, OfferingStatus, Rate, Role, SlaCalendar, SlaMetric,
        VersionStatus, sla::Terms,
    },
    id::OfferingId,
    services::catalogue::{
        offerings as offering_services, plans as plan_services, sla as sla_services,
    },
    store::{
        Platform, VendorScope,
        catalogue::{offerings, plans, sla},
        sell::subscriptions,
    },
};

use super::scene::{
    Scene, fields, is_conflict, is_forbidden, is_not_found, on_each, plan_draft, read, said,
};

fn draft(name: &str) -> offering_services::Draft {
    offering_services::Draft {
        name: read(name),
        category: read("Backup"),
        summary: read("Keeps copies.\nTests them."),
        delivery: DeliveryParty::Vendor,
        sla_policy: None,
    }
}

fn add(scene: &Scene, scope: &VendorScope, name: &str) -> OfferingId {
    scene
        .write(scope, |tx| offering_services::add(tx, &draft(name)))
        .unwrap()
}

#[test]
fn a_service_level_is_set_and_changed() {
    on_each(|scene| {
        let target = |threshold| sla::Target {
            metric: SlaMetric::Availability,
            threshold,
            calendar: SlaCalendar::Always,
            credit: Rate::from_bps(500).unwrap(),
            share: Rate::WHOLE,
            severity: None,
        };
        let gold = |targets| sla_services::Draft {
            name: read("Gold"),
            summary: read(""),
            terms: Terms::default(),
            targets,
        };
        let id = scene
            .write(&scene.acme, |tx| {
                sla_services::add(tx, &gold(vec![target(999_000)]))
            })
            .unwrap();
        let again = scene.write(&scene.acme, |tx| {
            sla_services::add(tx, &gold(vec![target(1), target(1_000_001)]))
        });
        assert_eq!(fields(again), ["name", "target-2-threshold"]);
        assert_eq!(
            fields(scene.write(&scene.acme, |tx| sla_services::edit(
                tx,
                id,
                1,
                &gold(vec![])
            ))),
            ["targets"]
        );
        let better = gold(vec![target(999_900)]);
        scene
            .write(&scene.acme, |tx| sla_services::edit(tx, id, 1, &better))
            .unwrap();
        let stale = scene.write(&scene.acme, |tx| sla_services::edit(tx, id, 1, &better));
        assert!(is_conflict(&stale));
        let policy = scene.read(&scene.acme, |tx| sla::policy(tx, id));
        assert_eq!(
            (
                policy.version,
                policy.targets.len(),
                policy.targets[0].threshold
            ),
            (2, 1, 999_900)
        );
        assert!(is_not_found(
            &scene
                .store
                .read_now(scene.rival.clone(), move |tx| sla::policy(tx, id))
        ));
        let history = scene.read(&scene.acme, |tx| VendorScope::history(tx, id.number()));
        assert_eq!(history[0].changes[0].field, "targets");
    });
}

#[test]
fn an_offering_goes_from_draft_to_retired() {
    on_each(|scene| {
        let acme = &scene.acme;
        let id = add(scene, acme, "Cloud  Backup");
        assert_eq!(
            fields(scene.write(acme, |tx| offering_services::add(
                tx,
                &draft("cloud backup")
            ))),
            ["name"]
        );
        add(scene, &scene.rival, "Cloud Backup");
        scene
            .write(acme, |tx| {
                offering_services::edit(tx, id, 1, &draft("Vault"))
            })
            .unwrap();
        assert!(is_conflict(&scene.write(acme, |tx| {
            offering_services::edit(tx, id, 1, &draft("Safe"))
        })));
        let unsold = scene.write(acme, |tx| offering_services::publish(tx, id, 2));
        assert!(said(unsold).contains("Publish a plan first"));

        let monthly = plan_draft(BillingInterval::Month, 12, &[2_500_000_000]);
        let (code, name) = (read("VAULT-M"), read("Monthly"));
        let (_, version) = scene
            .write(acme, |tx| {
                plan_services::add(tx, id, (&code, &name), &monthly)
            })
            .unwrap();
        scene
            .write(acme, |tx| plan_services::publish(tx, version, 1))
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| offering_services::publish(tx, id, 1))
        ));
        scene
            .write(acme, |tx| offering_services::publish(tx, id, 2))
            .unwrap();
        // The button pressed twice has done what it says.
        scene
            .write(acme, |tx| offering_services::publish(tx, id, 2))
            .unwrap();
        assert_eq!(scene.read(acme, plans::choices).len(), 1);

        let (partner, other) = (
            scene.partner(acme, "Northwind", "DE"),
            add(scene, acme, "Draft"),
        );
        let seller = scene.seller(partner, "northwind", Role::PartnerSeller);
        let shelf = scene.read(&seller, |tx| offerings::shelf(tx, "vau", None));
        assert_eq!(
            shelf.rows.iter().map(|row| row.id).collect::<Vec<_>>(),
            [id]
        );
        assert_eq!(
            scene.read(&seller, |tx| offerings::on_shelf(tx, id)).name,
            "Vault"
        );
        assert!(is_not_found(
            &scene
                .store
                .read_now(seller.clone(), move |tx| offerings::on_shelf(tx, other))
        ));
        let all = offerings::Filter::default();
        assert_eq!(
            scene
                .read(acme, |tx| offerings::register(tx, &all, None))
                .rows
                .len(),
            2
        );
        let published = offerings::Filter {
            status: Some(OfferingStatus::Published),
            search: "VAULT".into(),
        };
        assert_eq!(
            scene.read(acme, |tx| offerings::count(tx, &published)).rows,
            1
        );

        let customer = scene.customer(acme, partner, "Harbour");
        scene.subscription((partner, customer), version, "S-1");
        scene
            .write(acme, |tx| offering_services::close_to_new(tx, id, 3))
            .unwrap();
        assert_eq!(
            scene.read(acme, |tx| subscriptions::begun_of_offering(tx, id)),
            1
        );
        assert!(is_conflict(
            &scene.write(acme, |tx| offering_services::retire(tx, id, 4))
        ));
        scene
            .database
            .sql("UPDATE subscriptions SET status = 'canceled'");
        scene
            .write(acme, |tx| offering_services::retire(tx, id, 4))
            .unwrap();
        assert!(is_conflict(&scene.write(acme, |tx| {
            offering_services::edit(tx, id, 5, &draft("Old"))
        })));
        assert!(
            scene
                .read(&seller, |tx| offerings::shelf(tx, "", None))
                .rows
                .is_empty()
        );
    });
}

#[test]
fn a_bad_plan_is_refused_field_by_field() {
    on_each(|scene| {
        let acme = &scene.acme;
        let offering = add(scene, acme, "Vault");
        let (code, name) = (read("V"), read("Plan"));
        let refused = |draft: &plan_services::Draft| {
            fields(scene.write(acme, |tx| {
                plan_services::add(tx, offering, (&code, &name), draft)
            }))
        };
        assert_eq!(
            refused(&plan_draft(BillingInterval::Year, 18, &[1])),
            ["term"]
        );
        assert_eq!(
            refused(&plan_draft(BillingInterval::Month, 121, &[])),
            ["term", "prices"]
        );
        assert_eq!(
            refused(&plan_draft(BillingInterval::Month, 1, &[1; 7])),
            ["notice", "prices"]
        );
        assert_eq!(
            refused(&plan_draft(BillingInterval::Month, 12, &[1, i64::MAX])),
            ["price-2"]
        );
        let mut twice = plan_draft(BillingInterval::Month, 12, &[1, 2]);
        twice.prices[1].label = twice.prices[0].label.clone();
        assert_eq!(refused(&twice), ["price-2-label"]);
        let good = plan_draft(BillingInterval::Month, 12, &[1]);
        assert_eq!(refused(&good), ["done"]);
        assert_eq!(refused(&good), ["code"]);
        let viewer = scene.staff(Role::VendorViewer);
        let forbidden = scene.write(&viewer, |tx| {
            plan_services::add(tx, offering, (&code, &name), &good)
        });
        assert!(is_forbidden(&forbidden));
    });
}

#[test]
fn a_published_version_never_changes_and_the_next_one_is_its_copy() {
    on_each(|scene| {
        let acme = &scene.acme;
        let offering = add(scene, acme, "Vault");
        let (code, name) = (read("VAULT-M"), read("Monthly"));
        let first = plan_draft(BillingInterval::Month, 12, &[1_000_000, 2_000_000]);
        let (plan, one) = scene
            .write(acme, |tx| {
                plan_services::add(tx, offering, (&code, &name), &first)
            })
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::new_version(tx, plan))
        ));
        let dearer = plan_draft(BillingInterval::Year, 24, &[3_000_000]);
        scene
            .write(acme, |tx| plan_services::edit_draft(tx, one, 1, &dearer))
            .unwrap();
        assert!(is_conflict(&scene.write(acme, |tx| {
            plan_services::edit_draft(tx, one, 1, &first)
        })));
        assert!(is_conflict(
            &scene.write(acme, |tx| plan_services::publish(tx, one, 1))
        ));
        scene
            .write(acme, |tx| plan_services::publish(tx, one, 2))
            .unwrap();
        assert!(is_conflict(&scene.write(acme, |tx| {
            plan_services::edit_draft(tx, one, 3, &first)
        })));

        let two = scene
            .write(acme, |tx| plan_services::new_version(tx, plan))
            .unwrap();
        let partner = scene.partner(acme, "Northwind", "DE");
        let seller = scene.seller(partner, "northwind", Role::PartnerSeller);
        assert!(is_not_found(
            &scene
                .store
                .read_now(seller.clone(), move |tx| plans::version(tx, two))
        ));
        let copy = scene.read(acme, |tx| plans::version(tx, two));
        assert_eq!(
            (copy.version_no, copy.terms.term_months, copy.prices.len()),
            (2, 24, 1)
        );
        scene
            .write(acme, |tx| plan_services::publish(tx, two, 1))
            .unwrap();
        let statuses: Vec<_> = scene
            .read(acme, |tx| plans::versions_of(tx, plan))
            .iter()
            .map(|version| version.status)
            .collect();
        assert_eq!(
            statuses,
            [VersionStatus::Published, VersionStatus::Superseded]
        );
        let sold = scene.read(&seller, |tx| {
            let plans_here = plans::plans_of(tx, offering)?;
            assert_eq!(plans_here[0].code, plans::plan(tx, plan)?.code);
            plans::published(tx, &[plan])
        });
        assert_eq!(
            sold.iter().map(|version| version.id).collect::<Vec<_>>(),
            [two]
        );
        assert_eq!(
            scene.read(&seller, |tx| plans::version(tx, one)).version_no,
            1
        );

        let new_name = read("Every month");
        scene
            .write(acme, |tx| {
                plan_services::rename(tx, plan, "Monthly", &new_name)
            })
            .unwrap();
        assert!(is_conflict(&scene.write(acme, |tx| plan_services::rename(
            tx, plan, "Monthly", &new_name
        ))));
        assert!(is_not_found(
            &scene.write(&scene.rival, |tx| plan_services::new_version(tx, plan))
        ));
    });
}
