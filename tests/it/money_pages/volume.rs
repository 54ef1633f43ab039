//! A clause that pays more the more a month brings: written, refused, settled at the close, and
//! taken back with what is given back.
use perennial::{
    domain::{Quantity, Role},
    id::PlanVersion,
    services::revenue::subscriptions::{self, NewSubscription},
    store::registers::payments::customer_by_external_id,
};

use super::scene::Scene;
use crate::{
    harness::spelled,
    on_both,
    support::http::{Page, Visitor},
};

/// Writes a plan of one clause, publishes it and puts Contoso under it.
async fn enroll(scene: &Scene, owner: &Visitor, kind: &str, steps: &str) {
    let typed = [("rate", "10"), ("volume", kind), ("steps", steps)];
    enroll_under(scene, owner, &typed).await;
}

/// The same, with these fields of its clause, or of its guarantee; gives the plan's page.
pub(super) async fn enroll_under(scene: &Scene, owner: &Visitor, clause: &[(&str, &str)]) -> Page {
    let form = owner
        .get("/meridian/commission-plans")
        .await
        .expect(200)
        .form("main form[method=post]");
    let edit = owner
        .submit(&form.with("name", "By volume"))
        .await
        .expect(303)
        .location();
    let form = owner
        .get(&edit)
        .await
        .expect(200)
        .form("main form[method=post]");
    let typed = clause.iter().fold(form, |form, (part, value)| {
        let is_own = part.starts_with("guarantee");
        let name = match is_own {
            true => (*part).to_owned(),
            false => format!("clause-1-{part}"),
        };
        form.with(&name, value)
    });
    let plan = owner.submit(&typed).await.expect(303).location();
    let page = owner.get(&plan).await.expect(200);
    owner
        .submit(&page.form("form[action$='/publication']"))
        .await
        .expect(303);
    let contoso = scene.spelled_id::<perennial::id::Partner>(
        "SELECT id AS value FROM partners WHERE slug = 'contoso'",
    );
    let record = owner
        .get(&format!("/meridian/partners/{contoso}"))
        .await
        .expect(200);
    let version = scene.spelled_id::<perennial::id::CommissionPlanVersion>(
        "SELECT v.id AS value FROM commission_plan_versions v JOIN commission_plans p ON p.id = v.commission_plan_id WHERE p.name = 'By volume'",
    );
    let form = record.form("form[action$='/enrolment']");
    owner
        .submit(
            &form
                .with("plan_version", &version.to_string())
                .with("from", "2026-12-01"),
        )
        .await
        .expect(303);
    page
}

/// Sells a hundred seats, 1,200.00 a month, and has December paid; gives the payment's address.
async fn sell(scene: &Scene, owner: &Visitor) -> String {
    sell_seats(scene, owner, (100, "1428")).await
}

/// The same for so many seats, which come to so much with tax.
pub(super) async fn sell_seats(
    scene: &Scene,
    owner: &Visitor,
    (seats, amount): (u32, &str),
) -> String {
    let new = NewSubscription {
        external_id: "V-1".into(),
        customer: scene
            .write(|tx| customer_by_external_id(tx, "C-4"))
            .unwrap(),
        plan_version: spelled::<PlanVersion>(311),
        starts_on: "2026-12-01".parse().unwrap(),
        quantity: Quantity::new(seats).unwrap(),
    };
    let sold = scene.write(|tx| subscriptions::start(tx, &new)).id();
    let number = scene.app.ask(&format!(
        "SELECT number AS value FROM invoices WHERE subscription_id = {}",
        sold.number()
    ));
    let form = owner
        .get("/meridian/payments/new")
        .await
        .expect(200)
        .form("main form[method=post]");
    let form = form
        .with("external_id", "V-1")
        .with("invoice_number", &number[0])
        .with("amount", amount);
    owner.submit(&form).await.expect(303).location()
}

pub(super) const SETTLED: &str = "SELECT CAST(amount_minor AS TEXT) AS value FROM commission_entries WHERE kind = 'accelerator' ORDER BY id";

fn close_december(scene: &Scene) {
    scene.close("2026-11");
    scene.app.now_is("2027-01-02T09:00:00Z");
    scene.close("2026-12");
}

on_both! {
    async fn steps_that_make_no_sense_are_refused_beside_their_field(scene: Scene) {
        let owner = scene.owner().await;
        let form = owner.get("/meridian/commission-plans").await.expect(200).form("main form[method=post]");
        let edit = owner.submit(&form.with("name", "By volume")).await.expect(303).location();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]").with("clause-1-rate", "10");
        for (fields, said) in [
            (&[("clause-1-volume", "graduated")][..], "Give 1 to 4 steps"),
            (&[("clause-1-steps", "10,000: 12 %")], "Say how the steps pay"),
            (&[("clause-1-volume", "graduated"), ("clause-1-steps", "25,000: 15; 10,000: 16")], "Step 2 must lie above the one before it"),
            (&[("clause-1-volume", "whole"), ("clause-1-steps", "10,000: 8")], "Step 1 pays no more than what lies below it"),
            (&[("clause-1-volume", "accelerator"), ("clause-1-steps", "10,000: 0.5")], "a multiple above 1"),
            (&[("clause-1-volume", "cliff"), ("clause-1-steps", "10,000: 12")], "the one amount above which it pays"),
            (&[("clause-1-rate", "0"), ("clause-1-volume", "graduated"), ("clause-1-steps", "10,000: 12 %")], "give a percentage above zero below them"),
            (&[("clause-1-volume", "soon"), ("clause-1-steps", "10,000")], "Choose one of the kinds"),
            (&[("clause-1-volume", "cliff"), ("clause-1-steps", "10,000"), ("clause-1-cap", "300")], "nor with a cap"),
        ] {
            let mut typed = form.clone();
            for (name, value) in fields {
                typed = typed.with(name, value);
            }
            let refused = owner.submit(&typed).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let typed = form.with("clause-1-volume", "whole").with("clause-1-steps", "10,000: 12");
        let plan = owner.submit(&typed).await.expect(303).location();
        let page = owner.get(&plan).await.expect(200);
        for said in [
            "Partners earn 10 % of recurring revenue, 12 % of all of a month’s once that is above EUR 10,000.00 (revenue under this clause alone counts, of a shared sale the share), for as long as they serve the customer.",
            "the first cent above EUR 10,000.00 in a month brings EUR 200.00 at once",
            "The steps of clause 1 hold for revenue in EUR only.",
            "revenue under other clauses, and under other versions of the plan, counts apart.",
        ] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
    }

    async fn what_steps_bring_is_settled_at_the_close_and_goes_back_in_proportion(scene: Scene) {
        let owner = scene.owner().await;
        enroll(&scene, &owner, "graduated", "500: 12 %; 1,000: 15 %").await;
        let payment = sell(&scene, &owner).await;
        scene.close("2026-11");
        scene.app.now_is("2027-01-02T09:00:00Z");
        // What the close will make is in what is said to come of it.
        let owner = scene.owner().await;
        let month = owner.get("/meridian/periods/2026-12").await.expect(200);
        assert!(month.words().contains("In it is EUR 20.00 that the close itself would make"), "{}", month.words());
        scene.close("2026-12");
        // 50.00 + 60.00 + 30.00, of which 120.00 came in with the cash.
        assert_eq!(scene.app.ask(SETTLED), ["2000"]);
        scene.verified();
        let admin = scene.partner("contoso", Role::PartnerAdmin).await;
        let ledger = admin.get("/meridian/p/contoso/ledger?kind=accelerator").await.expect(200);
        let entry = admin.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        let said = "Clause 1 pays 10 % of recurring revenue, 12 % of what lies above EUR 500.00 a month, 15 % of what lies above EUR 1,000.00 a month (revenue under this clause alone counts, of a shared sale the share): EUR 1,200.00 of revenue in December 2026 earns EUR 140.00 in all, of which EUR 120.00 was posted. It earns EUR 500.00 of it at 10 %, EUR 500.00 of it at 12 % and EUR 200.00 of it at 15 %.";
        assert!(entry.words().contains(said), "{}", entry.words());

        let owner = scene.owner().await;
        let form = owner.get(&payment).await.expect(200).form("form[action$='/refunds']");
        let form = form.with("external_id", "R-9").with("refunded_on", "2027-01-02").with("amount", "714").with("reason", "Half unused");
        owner.submit(&form).await.expect(303);
        scene.app.now_is("2027-02-01T09:00:00Z");
        let december = scene.app.ask("SELECT sha256 AS value FROM statements WHERE month = 202612 ORDER BY id");
        scene.close("2027-01");
        assert_eq!(scene.app.ask(SETTLED), ["2000", "-1000"]);
        assert_eq!(scene.app.ask("SELECT sha256 AS value FROM statements WHERE month = 202612 ORDER BY id"), december);
        let note = scene.app.ask("SELECT note AS value FROM commission_entries WHERE kind = 'accelerator' AND amount_minor < 0");
        assert_eq!(note, ["Of the revenue of December 2026, EUR 600.00 went back in January 2027: of the EUR 20.00 that the steps of clause 1 brought for it, EUR 10.00 is taken back with it."]);
        scene.verified();
        let stated = scene.app.ask("SELECT l.block AS value FROM statement_lines l JOIN commission_entries e ON e.id = l.commission_entry_id WHERE e.kind = 'accelerator' ORDER BY e.id");
        assert_eq!(stated, ["extra", "extra"]);
    }

    async fn a_month_below_the_cliff_earns_nothing(scene: Scene) {
        let owner = scene.owner().await;
        enroll(&scene, &owner, "cliff", "1,200").await;
        sell(&scene, &owner).await;
        close_december(&scene);
        assert_eq!(scene.app.ask(SETTLED), ["-12000"]);
        scene.verified();
    }

    async fn a_multiple_pays_on_what_lies_above(scene: Scene) {
        let owner = scene.owner().await;
        enroll(&scene, &owner, "accelerator", "1,000: 1.5").await;
        sell(&scene, &owner).await;
        close_december(&scene);
        assert_eq!(scene.app.ask(SETTLED), ["1000"]);
        scene.verified();
    }
}
