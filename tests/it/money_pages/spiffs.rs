//! SPIFFs: announced to every partner, paid once with the first cash, taken back when the customer
//! leaves early.
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

async fn announce(who: &Visitor, with: &[(&str, &str)]) -> Page {
    let page = who.get("/meridian/spiffs").await.expect(200);
    let mut form = page.form("form[action='/meridian/spiffs']");
    let fields = [
        ("name", "Winter launch"),
        ("from", "2026-12-01"),
        ("until", "2027-01-31"),
        ("amount", "200"),
        ("most", "1"),
    ];
    let backup = page
        .attrs("select[name=offering] option", "value")
        .pop()
        .unwrap();
    form = form.with("offering", &backup);
    for (name, value) in fields.iter().chain(with) {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

/// Sells seats for 120.00 a month, from the first of December on.
fn sell(scene: &Scene, name: &str, customer: &str) -> SubscriptionId {
    let new = NewSubscription {
        external_id: name.into(),
        customer: scene
            .write(|tx| customer_by_external_id(tx, customer))
            .unwrap(),
        plan_version: spelled::<PlanVersion>(311),
        starts_on: "2026-12-01".parse().unwrap(),
        quantity: Quantity::new(10).unwrap(),
    };
    scene.write(|tx| subscriptions::start(tx, &new)).id()
}

async fn pay(scene: &Scene, who: &Visitor, sold: SubscriptionId) {
    let number = scene.app.ask(&format!(
        "SELECT number AS value FROM invoices WHERE subscription_id = {} ORDER BY id LIMIT 1",
        sold.number()
    ));
    for (name, amount) in [("B", "60"), ("C", "70")] {
        let page = who.get("/meridian/payments/new").await.expect(200);
        let form = page
            .form("main form[method=post]")
            .with("external_id", &format!("{name}-{sold}"))
            .with("invoice_number", &number[0])
            .with("amount", amount);
        who.submit(&form).await.expect(303);
    }
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
    who.submit(&foretold.form("main form[method=post]"))
        .await
        .expect(303);
    foretold
}

const KINDS: &str = "SELECT kind || ' ' || CAST(amount_minor AS TEXT) AS value FROM commission_entries WHERE invoice_line_id IS NULL ORDER BY id";

on_both! {
    async fn each_new_subscription_pays_once_and_no_more_often_than_said(scene: Scene) {
        let owner = scene.owner().await;
        for (wrong, said) in [
            (("until", "2026-11-30"), "on or after the first"),
            (("from", "2026-11-30"), "A SPIFF is for sales to come: give a day of this month, or a later one."),
            (("amount", "0"), "above zero"),
            (("most", "0"), "above zero, or none"),
            (("clawback_days", "1000"), "0 to 730"),
            (("clawback_days", "soon"), "whole number"),
            (("name", ""), "name"),
            (("offering", "elsewhere"), "Choose one of the offerings."),
        ] {
            let refused = announce(&owner, &[wrong]).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        announce(&owner, &[]).await.expect(303);
        announce(&owner, &[]).await.expect(422);
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        assert!(viewer.get("/meridian/spiffs").await.expect(200).select("main form").is_empty());
        viewer.post("/meridian/spiffs", &[]).await.expect(403);

        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let terms = admin.get("/meridian/p/northwind/terms").await.expect(200);
        for said in ["Winter launch", "EUR 200.00 for each new subscription of Backup Pro", "at most 1 for each partner", "none of it yet"] {
            assert!(terms.words().contains(said), "{said}: {}", terms.words());
        }
        let (first, second, theirs) = (sell(&scene, "N-1", "C-1"), sell(&scene, "N-2", "C-2"), sell(&scene, "N-3", "C-4"));
        for sold in [first, second, theirs] {
            pay(&scene, &owner, sold).await;
        }
        // Northwind has had its one; what was sold before the window pays nothing.
        assert_eq!(scene.app.ask(KINDS), ["spiff 20000", "spiff 20000"]);
        let ledger = admin.get("/meridian/p/northwind/ledger?kind=spiff").await.expect(200);
        assert_eq!(ledger.select("tbody tr").len(), 1, "{}", ledger.words());
        let entry = admin.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        for said in ["SPIFF “Winter launch”: EUR 200.00 for each new subscription", "number 1 of at most 1", "Held until"] {
            assert!(entry.words().contains(said), "{said}: {}", entry.words());
        }
        let terms = admin.get("/meridian/p/northwind/terms").await.expect(200);
        assert!(terms.words().contains("You have had it 1 time"), "{}", terms.words());
        let page = owner.get("/meridian/spiffs").await.expect(200);
        assert!(page.words().contains("Paid 2 times to 2 partners"), "{}", page.words());
        let form = page.form("form[action$='/end']");
        // Another for the same sales: both say so.
        let beside = [("name", "January sprint"), ("from", "2027-01-10"), ("until", "2027-02-28"), ("amount", "50")];
        announce(&owner, &beside).await.expect(303);
        let both = owner.get("/meridian/spiffs").await.expect(200);
        for other in ["January sprint", "Winter launch"] {
            let said = format!("Beside it is paid {other} for sales from 10 Jan 2027 to 31 Jan 2027");
            assert!(both.words().contains(&said), "{said}: {}", both.words());
        }
        owner.submit(&form).await.expect(303);
        owner.submit(&form).await.expect(409);
        assert!(!owner.get("/meridian/spiffs").await.words().contains("Beside it"), "the first ended before");
        assert!(owner.get("/meridian/spiffs").await.words().contains("to 1 Dec 2026"));
        scene.verified();
    }

    async fn an_early_end_takes_it_back_unless_the_vendor_is_to_blame(scene: Scene) {
        let owner = scene.owner().await;
        announce(&owner, &[("most", ""), ("clawback_days", "180")]).await.expect(303);
        let (left, let_down) = (sell(&scene, "N-1", "C-1"), sell(&scene, "N-2", "C-2"));
        for sold in [left, let_down] {
            pay(&scene, &owner, sold).await;
        }
        scene.app.now_is("2027-01-15T09:00:00Z");
        let owner = scene.owner().await;
        // 45 of 180 days: three quarters go back.
        let foretold = cancel(&owner, left, None).await;
        let said = "the subscription ended after 45 of 180 days, so that EUR 150.00 of EUR 200.00 goes back";
        assert!(foretold.words().contains(said), "{}", foretold.words());
        let foretold = cancel(&owner, let_down, Some("yes")).await;
        assert!(!foretold.words().contains("goes back"), "{}", foretold.words());
        assert_eq!(scene.app.ask(KINDS), ["spiff 20000", "spiff 20000", "clawback -15000"]);
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let ledger = admin.get("/meridian/p/northwind/ledger?kind=clawback").await.expect(200);
        let entry = admin.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        for wanted in [said, "Takes back from this entry"] {
            assert!(entry.words().contains(wanted), "{wanted}: {}", entry.words());
        }
        for month in ["2026-11", "2026-12"] {
            scene.close(month);
        }
        scene.app.now_is("2027-02-01T09:00:00Z");
        scene.close("2027-01");
        let stated = scene.app.ask("SELECT l.block AS value FROM statement_lines l JOIN commission_entries e ON e.id = l.commission_entry_id WHERE e.kind = 'clawback'");
        assert_eq!(stated, ["reversed"]);
        scene.verified();
    }
}
