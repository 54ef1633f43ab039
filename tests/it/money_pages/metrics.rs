//! Metrics through the real server: the figures by hand, the same on page and in file, each side its
//! own.
use perennial::{
    domain::{Quantity, Role},
    id::SubscriptionId,
    services::revenue::subscriptions::{self, CancelWhen, Cancellation, QuantityChange},
    store::revenue::subscriptions as rows,
};

use super::scene::Scene;
use crate::on_both;

fn changed(scene: &Scene, name: &str, seats: u32, on: &str) {
    scene.write(|tx| {
        let row = rows::named(tx, &[name.to_owned()])?[name].clone();
        subscriptions::change_quantity(
            tx,
            &QuantityChange {
                subscription: row.id,
                version: row.version,
                quantity: Quantity::new(seats).unwrap(),
                effective_on: on.parse().unwrap(),
                reason: "They asked".into(),
            },
        )
    });
}

fn canceled(scene: &Scene, name: &str, when: CancelWhen) -> SubscriptionId {
    scene.write(|tx| {
        let row = rows::named(tx, &[name.to_owned()])?[name].clone();
        let cancellation = Cancellation {
            subscription: row.id,
            version: row.version,
            when,
            reason: "Too little used".into(),
            is_vendor_fault: false,
        };
        subscriptions::cancel(tx, &cancellation)?;
        Ok(row.id)
    })
}

/// November: one grows by 5 seats of 12.00, one shrinks by 2, one leaves; another is to leave later.
fn november(scene: &Scene) {
    changed(scene, "S-5", 30, "2026-11-10");
    changed(scene, "S-2", 5, "2026-11-01");
    canceled(scene, "S-6", CancelWhen::Now("2026-11-15".parse().unwrap()));
    canceled(scene, "S-1", CancelWhen::PeriodEnd);
    scene.write(|tx| {
        let found = perennial::services::verify::verify(tx)?;
        assert_eq!(found, Vec::<String>::new());
        Ok(())
    });
}

on_both! {
    async fn the_months_are_those_reckoned_by_hand(scene: Scene) {
        november(&scene);
        let finance = scene.finance().await;
        let page = finance.get("/meridian/metrics?until=2026-11").await.expect(200);
        let words = page.words();
        for said in ["EUR 1,000.00 recur every month from 4 customers", "976.00 0.00 60.00 0.00 −24.00 −12.00 1,000.00", "102.46 %", "96.31 %", "20.00 %", "1.67×", "250.00", "12,000.00", "NRR so far 102 %", "GRR so far 96 %", "customers of Oct 2026"] {
            assert!(words.contains(said), "{said}: {words}");
        }
        let file = finance.get("/meridian/metrics.csv?until=2026-11").await.expect(200);
        let text = file.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "2026-10,EUR,0.00,976.00,0.00,0.00,0.00,0.00,976.00,11712.00,0,0,5,,,,,");
        assert_eq!(lines[2], "2026-11,EUR,976.00,0.00,60.00,0.00,-24.00,-12.00,1000.00,12000.00,5,1,4,102.46,102.46,96.31,20.00,1.6667");
        assert_eq!(lines.len(), 3);
        // Two drawings of each chart, named and described, without style or script.
        assert_eq!(page.attrs("svg.chart__plot[role=img]", "class").len(), 4);
        assert!(!page.text().contains("style="));
        // The yen stand for themselves.
        let yen = finance.get("/meridian/metrics?currency=JPY").await.expect(200);
        assert!(yen.words().contains("JPY 50,000 recur every month from 1 customer."), "{}", yen.words());
        // What is set to end later counts until then.
        let december = finance.get("/meridian/metrics?partner=northwind").await.expect(200);
        assert!(december.words().contains("EUR 540.00 recur every month from 2 customers"), "{}", december.words());
        let nobody = finance.get("/meridian/metrics?partner=nobody").await.expect(200);
        assert!(nobody.words().contains("Nothing fits"), "{}", nobody.words());
    }

    async fn cohorts_and_cost_answer_on_page_and_in_file(scene: Scene) {
        november(&scene);
        let offering = "off_";
        let finance = scene.finance().await;
        let page = finance.get("/meridian/metrics/cohorts?until=2026-11").await.expect(200);
        for said in ["5 customers first paid", "Oct 2026 5 100 % 102 %", "Oct 2026 5 5 4"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let file = finance.get("/meridian/metrics/cohorts.csv?until=2026-11").await.expect(200);
        assert!(file.text().contains("2026-10,2026-11,1,EUR,5,4,1000.00,102.46"), "{}", file.text());
        let page = finance.get("/meridian/metrics/commission").await.expect(200);
        let found = scene.app.ask("SELECT CAST(SUM(amount_minor) AS TEXT) AS value FROM commission_entries WHERE currency = 'EUR' AND posting_period = 202610");
        let minor: i64 = found[0].parse().unwrap();
        let said = format!("{}.{:02}", minor / 100, minor % 100);
        assert!(page.words().contains(&said), "{said}: {}", page.words());
        let option = page.attrs("select[name=offering] option", "value").into_iter().find(|value| value.starts_with(offering)).unwrap();
        for path in ["metrics", "metrics/cohorts", "metrics/commission"] {
            finance.get(&format!("/meridian/{path}?offering={option}&months=24&partner=n")).await.expect(200);
        }
        for name in ["commission", "liability"] {
            let file = finance.get(&format!("/meridian/metrics/{name}.csv?partner=contoso")).await.expect(200);
            assert!(file.text().lines().count() > 2, "{}", file.text());
        }
    }

    async fn a_partner_sees_its_own_figures_alone(scene: Scene) {
        november(&scene);
        let theirs = scene.partner("northwind", Role::PartnerFinance).await;
        let base = "/meridian/p/northwind/metrics";
        let page = theirs.get(&format!("{base}?until=2026-11")).await.expect(200);
        for said in ["EUR 540.00 recur every month from 2 customers", "564.00 0.00 0.00 0.00 −24.00 0.00 540.00"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        for path in [".csv", "/cohorts", "/cohorts.csv", "/commission", "/commission.csv", "/liability.csv", "/churn", "/churn.csv", "?partner=contoso", "/commission?partner=contoso"] {
            let page = theirs.get(&format!("{base}{path}")).await.expect(200);
            for other in ["Contoso", "Clinic", "Freight", "1,000.00", "976.00"] {
                assert!(!page.text().contains(other), "{path} says {other}");
            }
        }
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        seller.get(base).await.expect(403);
    }

    async fn the_simulator_names_its_convention(scene: Scene) {
        november(&scene);
        let finance = scene.finance().await;
        // Own figures: 4 customers at 250.00 at the end of November.
        let own = finance.get("/meridian/metrics/churn").await.expect(200);
        assert_eq!(own.attr("input[name=customers]", "value").unwrap(), "4");
        assert_eq!(own.attr("input[name=price]", "value").unwrap(), "250.00");
        let preset = finance.get("/meridian/metrics/churn?customers=1000&price=100&growth=50&churn=30&years=3&discount=10&cost=600").await.expect(200);
        for said in [
            "Convention: Quarterly steps, a quarter of each rate, growth less churn.",
            "After year 3 410,989.07 313,842.84 179,585.63",
            "0.00 % 23.64 % 56.30 %",
            "80.00 %",
            // 1,200 a year at 30 % churn and 10 % discount, after 600.00.
            "2,449.59 1,849.59",
            "3,300.00 2,700.00",
            "no time value",
            "4,000.00 3,400.00",
        ] {
            assert!(preset.words().contains(said), "{said}: {}", preset.words());
        }
        let yearly = finance.get("/meridian/metrics/churn.csv?customers=1000&price=100&growth=50&churn=30&years=3&convention=survival").await.expect(200);
        assert!(yearly.text().contains("After year 3,337500.00,246037.50,115762.50"), "{}", yearly.text());
        assert!(yearly.text().contains("0.00,27.10,65.70"), "{}", yearly.text());
        let refused = finance.get("/meridian/metrics/churn?customers=none&churn=130&years=99&price=-1&convention=daily").await.expect(422);
        for said in ["whole number from 1", "percentage from 0 to 100", "years from 1 to 10", "zero or more", "one of the conventions"] {
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        finance.get("/meridian/metrics/churn.csv?years=99").await.expect(422);
    }
}
