use std::collections::BTreeSet;

use perennial::{
    domain::{BillingInterval, DeliveryParty, PartnerStatus, Role, Stage, SubscriptionStatus},
    id::{PartnerId, PlanVersionId},
    services::{
        catalogue::{offerings, plans},
        incentivize::tiers as tier_services,
        recruit::partners as recruiting,
        sell::customers as selling,
    },
    store::{
        lobby,
        paging::{Cursor, Page},
        recruit::{
            lifecycle::{self, Which},
            partners,
            register::{self, Filter, Sort},
        },
        sell::{customers, subscriptions},
    },
};

use super::scene::{
    Scene, customer_draft, day, fields, is_conflict, is_forbidden, is_not_found, on_each,
    partner_draft, plan_draft, read,
};

fn walk<T, I: Ord + Copy>(
    page: impl Fn(Option<&Cursor>) -> Page<T>,
    id: impl Fn(&T) -> I,
) -> Vec<I> {
    let (mut seen, mut from) = (Vec::new(), None);
    loop {
        let found = page(from.as_ref());
        let ids: Vec<I> = found.rows.iter().map(&id).collect();
        if let Some(back) = &found.previous {
            let before = page(Some(back));
            assert_eq!(before.rows.len(), 50);
            let last = seen.last().copied();
            assert!(before.rows.last().map(&id) == last);
        }
        seen.extend(ids);
        match found.next {
            Some(next) => from = Cursor::read(&next.to_string()),
            None => break,
        }
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
    seen
}

fn sold(scene: &Scene) -> PlanVersionId {
    let offering = offerings::Draft {
        name: read("Vault"),
        category: read("Backup"),
        summary: read(""),
        delivery: DeliveryParty::Shared,
        sla_policy: None,
    };
    let monthly = plan_draft(BillingInterval::Month, 12, &[2_500_000_000]);
    let write = scene.write(&scene.acme, |tx| {
        let offering = offerings::add(tx, &offering)?;
        let (_, version) =
            plans::add(tx, offering, (&read("VAULT-M"), &read("Monthly")), &monthly)?;
        plans::publish(tx, version, 1)?;
        offerings::publish(tx, offering, 1)?;
        Ok(version)
    });
    write.unwrap()
}

#[test]
fn a_partners_record_is_kept() {
    on_each(|scene| {
        let acme = &scene.acme;
        let external = read("P-1");
        let draft = partner_draft("Müller & Söhne", "DE");
        let id = scene
            .write(acme, |tx| recruiting::recruit(tx, Some(&external), &draft))
            .unwrap();
        let twice = scene.write(acme, |tx| recruiting::recruit(tx, Some(&external), &draft));
        assert_eq!(fields(twice), ["external_id"]);
        let namesake = scene.partner(acme, "Mueller Soehne", "AT");
        let slugs = [id, namesake].map(|id| {
            scene
                .read(acme, |tx| partners::partner(tx, id))
                .slug
                .to_string()
        });
        assert_eq!(slugs, ["mueller-soehne", "mueller-soehne-2"]);
        let moved = partner_draft("Müller", "CH");
        scene
            .write(acme, |tx| recruiting::edit(tx, id, 1, &moved))
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| recruiting::edit(tx, id, 1, &draft))
        ));
        scene
            .write(acme, |tx| {
                recruiting::set_status(tx, id, 2, PartnerStatus::Left)
            })
            .unwrap();
        assert!(is_not_found(
            &scene.write(&scene.rival, |tx| recruiting::edit(tx, id, 3, &draft))
        ));
        let finance = scene.staff(Role::VendorFinance);
        assert!(is_forbidden(
            &scene.write(&finance, |tx| recruiting::recruit(tx, None, &draft))
        ));
        let record = scene.read(acme, |tx| recruiting::record(tx, id));
        assert_eq!(
            (record.partner.country.as_str(), record.partner.status),
            ("CH", PartnerStatus::Left)
        );
        assert_eq!(record.today, day("2026-11-05"));
        assert_eq!(
            scene.read(acme, |tx| partners::choices(tx, 9)),
            [(namesake, "Mueller Soehne".to_owned())]
        );
        assert_eq!(
            scene.read(acme, |tx| partners::names(tx, &[id])),
            [(id, "Müller".to_owned())]
        );
        let admin = scene.seller(namesake, "mueller-soehne-2", Role::PartnerAdmin);
        assert!(is_not_found(
            &scene
                .store
                .read_now(admin.clone(), move |tx| partners::partner(tx, id))
        ));
        assert_eq!(
            scene
                .read(&admin, |tx| partners::partner(tx, namesake))
                .name,
            "Mueller Soehne"
        );
    });
}

#[test]
fn facts_move_a_partner_along() {
    on_each(|scene| {
        let acme = &scene.acme;
        let partner = scene.partner(acme, "Northwind", "DE");
        let customer = scene.customer(acme, partner, "Harbour");
        let version = sold(scene);
        scene.seller(partner, "northwind", Role::PartnerAdmin);
        let sub = scene.subscription((partner, customer), version, "S-1");
        let (tenant, p, c) = (
            lobby::tenant_of(acme).number(),
            partner.number(),
            customer.number(),
        );
        scene.database.sql(&format!(
            "INSERT INTO payments (tenant_id, id, partner_id, customer_id, external_id, received_on,
             currency, amount_minor, refunded_minor, created_at) VALUES ({tenant}, 1, {p}, {c}, 'PAY',
             '2026-10-14', 'EUR', 14875, 0, '2026-10-14 08:00:00')"
        ));
        scene.database.sql(&format!(
            "INSERT INTO invoices (tenant_id, id, partner_id, customer_id, subscription_id, number,
             issued_on, due_on, currency, tax_bps, net_minor, tax_minor, total_minor, paid_minor,
             refunded_minor, credited_minor, reduced_minor, status, created_at) VALUES ({tenant}, 1,
             {p}, {c}, {sub}, 'A-1', '2026-10-01', '2026-10-15', 'EUR', 1900, 12500, 2375, 14875,
             14875, 0, 0, 0, 'paid', '2026-10-01 08:00:00')"
        ));
        scene.database.sql(&format!(
            "INSERT INTO invoice_lines (tenant_id, id, partner_id, invoice_id, subscription_id,
             line_no, kind, description, service_from, service_to, quantity, unit_price_micro,
             net_minor, credited_net_minor, commission_minor, rate_bps, phase) VALUES ({tenant}, 1,
             {p}, 1, {sub}, 1, 'recurring', 'x', '2026-10-01', '2026-11-01', 5, 2500000000, 12500, 0,
             0, 0, 'renewal')"
        ));
        scene.database.sql(&format!(
            "INSERT INTO statements (tenant_id, id, partner_id, month, currency, number, status,
             opening_minor, lines_minor, payout_minor, closing_minor, payout_reason, line_count,
             content, sha256, created_at) VALUES ({tenant}, 1, {p}, 202610, 'EUR', 'ST-1', 'closed',
             0, 10, 10, 0, '', 1, '', '', '2026-11-01 08:00:00')"
        ));
        scene.database.sql(&format!(
            "INSERT INTO payouts (tenant_id, id, partner_id, statement_id, currency, amount_minor,
             due_on, status, version) VALUES ({tenant}, 1, {p}, 1, 'EUR', 10, '2026-11-15', 'paid', 1)"
        ));
        let facts = scene.read(acme, |tx| lifecycle::facts_of(tx, partner));
        assert!(facts.has_offering && facts.has_record && !facts.has_published_plan);
        assert!(!facts.has_signed_in && !facts.has_commission_plan);
        assert_eq!(
            (
                facts.people_count,
                facts.customers_count,
                facts.live_subscriptions
            ),
            (1, 1, 1)
        );
        assert_eq!(
            (
                facts.statements_made,
                facts.statements_paid,
                facts.renewals_held
            ),
            (1, 1, 1)
        );
        assert_eq!(facts.first_payment, Some(day("2026-10-14")));
        assert_eq!(facts.mrr[0].to_string(), "EUR 125.00");
        let all = scene.read(acme, |tx| lifecycle::facts(tx, Which::All));
        assert_eq!(all.get(&partner), Some(&facts));
        assert!(
            scene
                .read(&scene.rival, |tx| lifecycle::facts(tx, Which::All))
                .is_empty()
        );
        assert!(is_not_found(
            &scene
                .store
                .read_now(scene.rival.clone(), move |tx| lifecycle::facts_of(
                    tx, partner
                ))
        ));
        let accelerating = Filter {
            stage: Some(Stage::Accelerate),
            ..Filter::default()
        };
        let today = day("2026-11-05");
        let page = scene.read(acme, |tx| {
            register::page(tx, &accelerating, Sort::Name, None, today)
        });
        assert_eq!(
            (page.rows.len(), page.rows[0].stage),
            (1, Stage::Accelerate)
        );
    });
}

#[test]
fn the_register_is_searched_filtered_and_walked() {
    on_each(|scene| {
        let acme = &scene.acme;
        let mut ids: Vec<PartnerId> = Vec::new();
        for number in 0..120 {
            let country = if number % 3 == 0 { "FR" } else { "DE" };
            ids.push(scene.partner(acme, &format!("Partner {:03}", (number * 7) % 120), country));
        }
        scene.partner(&scene.rival, "Partner 000", "DE");
        let today = day("2026-11-05");
        let walked = |filter: &Filter, sort| {
            walk(
                |from| scene.read(acme, |tx| register::page(tx, filter, sort, from, today)),
                |line| line.partner.id,
            )
        };
        let all = Filter::default();
        let newest = walked(&all, Sort::Newest);
        assert_eq!(newest, ids.iter().rev().copied().collect::<Vec<_>>());
        let by_name = walked(&all, Sort::Name);
        assert_eq!(by_name.len(), 120);
        assert_eq!(by_name[0], ids[0]);
        let french = Filter {
            country: Some(read("FR")),
            ..Filter::default()
        };
        assert_eq!(walked(&french, Sort::Name).len(), 40);
        let count = |filter: &Filter| {
            scene
                .read(acme, |tx| register::count(tx, filter, today))
                .to_string()
        };
        assert_eq!((count(&all), count(&french)), ("120".into(), "40".into()));
        let named = Filter {
            search: "ner 01".into(),
            ..Filter::default()
        };
        assert_eq!(count(&named), "10");
        let wild = Filter {
            search: "%_".into(),
            ..Filter::default()
        };
        assert_eq!(count(&wild), "0");
        let gone = Filter {
            status: Some(PartnerStatus::Left),
            ..Filter::default()
        };
        assert_eq!(count(&gone), "0");

        let gold = scene.write(acme, |tx| {
            let gold = tier_services::add(
                tx,
                &tier_services::Draft {
                    name: read("Gold"),
                    rank: 1,
                },
            )?;
            for id in ids.iter().step_by(2) {
                tier_services::assign(tx, *id, gold, day("2026-11-01"))?;
            }
            Ok(gold)
        });
        let gold = Filter {
            tier: Some(gold.unwrap()),
            ..Filter::default()
        };
        assert_eq!(walked(&gold, Sort::Name).len(), 60);
        assert_eq!(count(&gold), "60");
        let french_gold = Filter {
            country: Some(read("FR")),
            stage: Some(Stage::Recruit),
            ..gold
        };
        assert_eq!(walked(&french_gold, Sort::Newest).len(), 20);
        assert_eq!(count(&french_gold), "20");
        let bad = Cursor::read("not a cursor");
        let first = scene.read(acme, |tx| {
            register::page(tx, &all, Sort::Name, bad.as_ref(), today)
        });
        assert!(first.previous.is_none() && first.rows[0].partner.id == ids[0]);
    });
}

#[test]
fn each_side_sees_its_customers_and_subscriptions() {
    on_each(|scene| {
        let acme = &scene.acme;
        let (north, south) = (
            scene.partner(acme, "Northwind", "DE"),
            scene.partner(acme, "Southwind", "DE"),
        );
        let mut theirs = Vec::new();
        for number in 0..60 {
            theirs.push(scene.customer(acme, north, &format!("Customer {number:02}")));
        }
        let other = scene.customer(acme, south, "Customer of another");
        let version = sold(scene);
        for (customer, number) in theirs.iter().zip(0..) {
            scene.subscription((north, *customer), version, &format!("S-{number}"));
        }
        let of_other = scene.subscription((south, other), version, "S-other");
        let seller = scene.seller(north, "northwind", Role::PartnerSeller);
        let all = customers::Filter::default();
        for sort in [customers::Sort::Name, customers::Sort::Newest] {
            let mine = walk(
                |from| scene.read(&seller, |tx| customers::page(tx, &all, sort, from)),
                |customer| customer.id,
            );
            assert_eq!(mine.len(), 60);
            let every = walk(
                |from| scene.read(acme, |tx| customers::page(tx, &all, sort, from)),
                |customer| customer.id,
            );
            assert_eq!(every.len(), 61);
        }
        let search = customers::Filter {
            search: "ANOTHER".into(),
            partner: Some(south),
            country: Some(read("DE")),
        };
        assert_eq!(scene.read(acme, |tx| customers::count(tx, &search)).rows, 1);
        assert_eq!(
            scene.read(&seller, |tx| customers::count(tx, &search)).rows,
            0
        );
        assert!(is_not_found(
            &scene
                .store
                .read_now(seller.clone(), move |tx| customers::customer(tx, other))
        ));

        let every = subscriptions::Filter::default();
        let mine = walk(
            |from| scene.read(&seller, |tx| subscriptions::page(tx, &every, from)),
            |line| line.subscription.id,
        );
        assert_eq!(mine.len(), 60);
        let found = subscriptions::Filter {
            search: "customer of".into(),
            partner: Some(south),
            customer: Some(other),
            status: Some(SubscriptionStatus::Active),
            ..subscriptions::Filter::default()
        };
        let page = scene.read(acme, |tx| subscriptions::page(tx, &found, None));
        let line = &page.rows[0];
        assert_eq!(
            (line.customer.as_str(), line.plan.as_str()),
            ("Customer of another", "Vault, Monthly")
        );
        assert_eq!(line.subscription.mrr.to_string(), "EUR 125.00");
        assert_eq!(
            scene.read(acme, |tx| subscriptions::count(tx, &found)).rows,
            1
        );
        let foreign = subscriptions::Filter {
            search: "customer of".into(),
            ..every.clone()
        };
        assert_eq!(
            scene
                .read(&seller, |tx| subscriptions::count(tx, &foreign))
                .rows,
            0
        );
        assert_eq!(
            scene
                .read(&scene.rival, |tx| subscriptions::count(tx, &every))
                .rows,
            0
        );

        let record = scene.read(&seller, move |tx| subscriptions::record(tx, mine[0]));
        assert_eq!(
            (record.plan.code.as_str(), record.version.prices.len()),
            ("VAULT-M", 1)
        );
        assert_eq!((record.changes[0].quantity_after, record.segments), (3, 0));
        let other_id = line.subscription.id;
        assert_eq!(other_id.number(), of_other);
        assert!(is_not_found(
            &scene
                .store
                .read_now(seller.clone(), move |tx| subscriptions::record(
                    tx, other_id
                ))
        ));
    });
}

#[test]
fn a_customers_record_is_kept() {
    on_each(|scene| {
        let acme = &scene.acme;
        let partner = scene.partner(acme, "Northwind", "DE");
        let external = read("C-1");
        let draft = customer_draft("Harbour");
        let id = scene
            .write(acme, |tx| {
                selling::add(tx, partner, Some(&external), &draft)
            })
            .unwrap();
        let twice = scene.write(acme, |tx| {
            selling::add(tx, partner, Some(&external), &draft)
        });
        assert_eq!(fields(twice), ["external_id"]);
        let astray = scene.write(&scene.rival, |tx| selling::add(tx, partner, None, &draft));
        assert_eq!(fields(astray), ["partner"]);
        scene
            .write(acme, |tx| {
                selling::edit(tx, id, 1, &customer_draft("Harbour AG"))
            })
            .unwrap();
        assert!(is_conflict(
            &scene.write(acme, |tx| selling::edit(tx, id, 1, &draft))
        ));
        assert_eq!(
            scene.read(acme, |tx| customers::names(tx, &[id])),
            [(id, "Harbour AG".to_owned())]
        );
        let viewer = scene.staff(Role::VendorViewer);
        assert!(is_forbidden(
            &scene.write(&viewer, |tx| selling::edit(tx, id, 2, &draft))
        ));
    });
}
