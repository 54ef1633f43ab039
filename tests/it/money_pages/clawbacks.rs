//! Commission that goes back when a customer leaves early: written as a sentence of a plan, foretold
//! before a cancellation, and told to the partner.
use perennial::{
    domain::{Quantity, Role},
    id::{PlanVersion, SubscriptionId},
    services::revenue::subscriptions::{self, NewSubscription},
    store::registers::payments::customer_by_external_id,
};

use super::scene::Scene;
use crate::{
    harness::spelled,
    on_both,
    support::http::{Page, Visitor},
};

/// Writes a plan that pays 30 % up front, and what makes no sense; gives the plan's page.
async fn write_plan(owner: &Visitor) -> Page {
    let form = owner
        .get("/meridian/commission-plans")
        .await
        .expect(200)
        .form("main form[method=post]");
    let edit = owner
        .submit(&form.with("name", "Up front"))
        .await
        .expect(303)
        .location();
    let form = owner
        .get(&edit)
        .await
        .expect(200)
        .form("main form[method=post]");
    let typed = form
        .with("clause-1-rate", "30")
        .with("clause-1-phase", "first")
        .with("clause-1-back", "180")
        .with("clause-1-mode", "linear")
        .with("clause-2-rate", "10")
        .with("renewal", "2")
        .with("renewal_back", "90")
        .with("renewal_mode", "full");
    for (name, value, said) in [
        ("clause-1-back", "soon", "Give a whole number of days"),
        ("clause-1-back", "2000", "Give 1 to 1,095 days"),
        ("renewal_back", "0", "Give 1 to 1,095 days"),
        ("renewal", "", "Say how much the bonus is."),
    ] {
        let refused = owner.submit(&typed.clone().with(name, value)).await;
        let refused = refused.expect(422);
        assert!(
            refused.words().contains(said),
            "{said}: {}",
            refused.words()
        );
    }
    let steps = typed
        .clone()
        .with("clause-1-volume", "graduated")
        .with("clause-1-steps", "1,000: 35");
    let refused = owner.submit(&steps).await.expect(422);
    assert!(
        refused.words().contains("of which nothing goes back"),
        "{}",
        refused.words()
    );
    let plan = owner.submit(&typed).await.expect(303).location();
    // What was typed is there when the draft is opened again.
    let again = owner.get(&edit).await.expect(200);
    for (field, value) in [("#clause-1-back", "180"), ("#renewal_back", "90")] {
        assert_eq!(again.attr(field, "value").as_deref(), Some(value));
    }
    owner.get(&plan).await.expect(200)
}

/// Publishes the plan, and puts Contoso under it.
async fn enroll(scene: &Scene, owner: &Visitor) {
    let page = write_plan(owner).await;
    for said in [
        "Partners earn 30 % of recurring revenue in the first period; it goes back in proportion to the days left when the customer leaves within 180 days, unless that is the vendor’s fault.",
        "of the term before; counted from the renewal, it goes back in full when the customer leaves within 90 days",
    ] {
        assert!(page.words().contains(said), "{said}: {}", page.words());
    }
    owner
        .submit(&page.form("form[action$='/publication']"))
        .await
        .expect(303);
    let contoso = scene.spelled_id::<perennial::id::Partner>(
        "SELECT id AS value FROM partners WHERE slug = 'contoso'",
    );
    let version = scene.spelled_id::<perennial::id::CommissionPlanVersion>(
        "SELECT v.id AS value FROM commission_plan_versions v JOIN commission_plans p ON p.id = v.commission_plan_id WHERE p.name = 'Up front'",
    );
    let record = owner.get(&format!("/meridian/partners/{contoso}")).await;
    let form = record.expect(200).form("form[action$='/enrolment']");
    let form = form
        .with("plan_version", &version.to_string())
        .with("from", "2026-12-01");
    owner.submit(&form).await.expect(303);
}

/// Sells a hundred seats, 1,200.00 a month, and has December paid.
async fn sell(scene: &Scene, owner: &Visitor, name: &str, customer: &str) -> SubscriptionId {
    let new = NewSubscription {
        external_id: name.into(),
        customer: scene
            .write(|tx| customer_by_external_id(tx, customer))
            .unwrap(),
        plan_version: spelled::<PlanVersion>(311),
        starts_on: "2026-12-01".parse().unwrap(),
        quantity: Quantity::new(100).unwrap(),
    };
    let sold = scene.write(|tx| subscriptions::start(tx, &new)).id();
    let invoice = scene.app.ask(&format!(
        "SELECT number || ' ' || CAST(total_minor / 100 AS TEXT) AS value FROM invoices WHERE subscription_id = {}",
        sold.number()
    ));
    let (number, amount) = invoice[0].split_once(' ').unwrap();
    let form = owner
        .get("/meridian/payments/new")
        .await
        .expect(200)
        .form("main form[method=post]");
    let form = form
        .with("external_id", name)
        .with("invoice_number", number)
        .with("amount", amount);
    owner.submit(&form).await.expect(303);
    sold
}

/// Goes through the two steps of a cancellation; gives what the first foretold.
async fn cancel(who: &Visitor, sold: SubscriptionId, fault: Option<&str>) -> Page {
    let page = who
        .get(&format!("/meridian/subscriptions/{sold}/cancellation"))
        .await
        .expect(200);
    let mut form = page
        .form("main form[method=post]")
        .with("when", "now")
        .with("effective_on", "2027-01-15")
        .with("reason", "Sold the business");
    if let Some(fault) = fault {
        form = form.with("vendor_fault", fault);
    }
    let foretold = who.submit(&form).await.expect(200);
    let last = foretold.form("main form[method=post]");
    who.submit(&last).await.expect(303);
    // Sent twice, done once.
    who.submit(&last).await;
    foretold
}

const BACK: &str = "SELECT CAST(amount_minor AS TEXT) AS value FROM commission_entries WHERE source_kind = 'cancellation' ORDER BY id";

on_both! {
    async fn what_is_paid_up_front_goes_back_unless_the_vendor_is_to_blame(scene: Scene) {
        let owner = scene.owner().await;
        enroll(&scene, &owner).await;
        let left = sell(&scene, &owner, "U-1", "C-4").await;
        let let_down = sell(&scene, &owner, "U-2", "C-6").await;
        scene.close("2026-11");
        scene.app.now_is("2027-01-15T09:00:00Z");
        scene.close("2026-12");
        let closed = scene.app.ask("SELECT sha256 AS value FROM statements ORDER BY id");
        let owner = scene.owner().await;
        // Of three events of usage one is of a day on which it is served.
        for (number, day) in [(1, 14), (2, 15), (3, 16)] {
            scene.app.sql(&format!(
                "INSERT INTO usage_events SELECT tenant_id, {number}, partner_id, id, 'seats', 'E-{number}', '', 1000000, FALSE, '', '2027-01-{day} 09:00:00', '2027-01-{day} 09:00:00', FALSE FROM subscriptions WHERE external_id = 'U-1'"
            ));
        }
        // 45 of 180 days: three quarters of 360.00.
        let foretold = cancel(&owner, left, None).await;
        let said = "Clause 1: the subscription ended after 45 of 180 days, so that EUR 270.00 of EUR 360.00 goes back.";
        assert!(foretold.words().contains(said), "{}", foretold.words());
        let lost = "2 usage events reported of later days are not billed.";
        assert!(foretold.words().contains(lost), "{}", foretold.words());
        let foretold = cancel(&owner, let_down, Some("yes")).await;
        assert!(!foretold.words().contains("goes back"), "{}", foretold.words());
        assert_eq!(scene.app.ask(BACK), ["-27000"]);
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
        // The partner is told why, and sees what it goes with.
        let admin = scene.partner("contoso", Role::PartnerAdmin).await;
        let entry = scene.spelled_id::<perennial::id::CommissionEntry>(
            "SELECT id AS value FROM commission_entries WHERE source_kind = 'cancellation'",
        );
        let entry = admin.get(&format!("/meridian/p/contoso/ledger/{entry}")).await.expect(200);
        for wanted in [said, "Takes back from this entry"] {
            assert!(entry.words().contains(wanted), "{wanted}: {}", entry.words());
        }
        // It is on the statement of the month it was decided in; what was closed stays as it was.
        scene.app.now_is("2027-02-01T09:00:00Z");
        scene.close("2027-01");
        let stated = scene.app.ask("SELECT l.block AS value FROM statement_lines l JOIN commission_entries e ON e.id = l.commission_entry_id WHERE e.source_kind = 'cancellation'");
        assert_eq!(stated, ["reversed"]);
        let after = scene.app.ask("SELECT sha256 AS value FROM statements ORDER BY id");
        assert!(closed.iter().all(|one| after.contains(one)));
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }
}
