//! What is resold through a subscription's life, in one step and in two: usage in arrears, a minimum,
//! a pause, another plan, a missed promise. All at what is bought, and nobody earns.
use perennial::{domain::Role, services::revenue::billing};

use super::{
    resale::{agreed, billed, entries, sell, subscription},
    scene::Scene,
    service_levels::promise,
};
use crate::{
    on_both,
    support::http::{Upload, Visitor},
};

/// A sale of each kind, one of Hotel Adler's and one of Bakery Sommer's: Northwind buys at 20 % off,
/// Contoso at 30 %.
async fn both(scene: &Scene, who: &Visitor, fields: &[(&str, &str)]) {
    agreed(scene, who).await;
    for (customer, name, billing) in [("C-1", "T-1", "resale"), ("C-2", "T-2", "two_tier")] {
        let mut own = fields.to_vec();
        own.extend([("billing", billing), ("external_id", name)]);
        own.retain(|(field, _)| billing == "resale" || *field != "street");
        sell(scene, who, customer, &own).await.expect(303);
    }
}

/// Fills a form of a subscription's in, and confirms what it says.
async fn done(scene: &Scene, who: &Visitor, (sold, form): (&str, &str), fields: &[(&str, &str)]) {
    let at = format!(
        "/meridian/subscriptions/{}/{form}",
        subscription(scene, sold)
    );
    let page = who.get(&at).await.expect(200);
    let mut typed = page.form(&format!("main form[action$='/{form}']"));
    let plans = page.attrs("input[name=plan]", "value");
    for (name, value) in fields {
        typed = typed.with(name, value);
    }
    if let Some(plan) = plans.last() {
        typed = typed.with("plan", plan);
    }
    let told = who.submit(&typed).await.expect(200);
    let confirm = told.form(&format!("main form[action$='/{form}']"));
    who.submit(&confirm).await.expect(303);
}

impl Scene {
    /// A plan of 60.00 a month, and one of 99.00 and 0.01 a call that comes to 500.00 at least.
    fn sells_more(&self) {
        let tenant = self.app.tenant("meridian").number();
        self.app.sql(&format!(
            "INSERT INTO plans VALUES ({tenant}, 308, 301, 'team', 'Team'), ({tenant}, 309, 301, 'calls', 'Calls');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version, minimum_minor) VALUES
               ({tenant}, 314, 308, 1, 'published', 'EUR', 1, 12, 30, NULL, 1, 0),
               ({tenant}, 315, 309, 1, 'published', 'EUR', 1, 12, 30, NULL, 1, 50000);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro, meter, aggregation) VALUES
               ({tenant}, 324, 314, 1, 'Team', 'flat', 6000000000, NULL, NULL),
               ({tenant}, 325, 315, 1, 'Platform', 'flat', 9900000000, NULL, NULL),
               ({tenant}, 326, 315, 2, 'Calls', 'usage', 1000000, 'calls', 'sum');"
        ));
    }
}

on_both! {
    async fn usage_and_a_minimum_are_billed_at_what_is_bought(scene: Scene) {
        scene.sells_more();
        let owner = scene.owner().await;
        both(&scene, &owner, &[("plan", "calls"), ("quantity", "1"), ("street", "94.05")]).await;
        assert_eq!(billed(&scene, "T-1"), ["northwind recurring 7920 1980 9405"]);
        assert_eq!(billed(&scene, "T-2"), ["contoso recurring 6930 2970 7920"]);
        scene.app.now_is("2026-12-20T09:00:00Z");
        let owner = scene.owner().await;
        let file = "external_id,subscription,meter,occurred_at,value\ne1,T-1,calls,2026-12-02T10:00:00Z,31247\ne2,T-2,calls,2026-12-03T10:00:00Z,31247\n";
        let file = Upload { field: "file", name: "usage.csv", content_type: "text/csv", bytes: file.as_bytes() };
        let sent = owner.post_file("/meridian/imports", &[("kind", "usage")], file).await.expect(303);
        owner.follow(&sent).await.expect(200);
        owner.post(&sent.location(), &[]).await.expect(303);
        scene.app.now_is("2027-01-01T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-01".parse().unwrap()));
        // The calls are 312.47 at list; what lacks of 400.00, and of 350.00, is 88.53 at list.
        assert_eq!(billed(&scene, "T-1")[1..], [
            "northwind recurring 7920 1980 9405", "northwind usage 24998 6249 29685", "northwind true_up 7082 1771 8410",
        ]);
        assert_eq!(billed(&scene, "T-2")[1..], [
            "contoso recurring 6930 2970 7920", "contoso usage 21873 9374 24998", "contoso true_up 6197 2656 7082",
        ]);
        let northwind = scene.partner("northwind", Role::PartnerAdmin).await;
        let newest = scene.spelled_id::<perennial::id::Invoice>("SELECT MAX(i.id) AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.external_id = 'T-1'");
        let page = northwind.get(&format!("/meridian/p/northwind/invoices/{newest}")).await.expect(200);
        for said in [
            "List 312.47, less a resale discount of 62.49, sold on at 296.85: a margin of 46.87",
            "List 88.53, less a resale discount of 17.71, sold on at 84.10: a margin of 13.28",
        ] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
    }

    async fn a_pause_gives_back_and_charges_what_is_bought(scene: Scene) {
        let owner = scene.owner().await;
        both(&scene, &owner, &[("quantity", "10"), ("street", "114")]).await;
        scene.app.now_is("2026-12-11T09:00:00Z");
        let owner = scene.owner().await;
        for sold in ["T-1", "T-2"] {
            done(&scene, &owner, (sold, "pause"), &[("effective_on", "2026-12-11"), ("reason", "Away")]).await;
        }
        // 21 of 31 days of 96.00 at 19 %, and of 84.00 under reverse charge.
        assert_eq!(scene.notes("T-1"), ["6503 1236 7739 0"]);
        assert_eq!(scene.notes("T-2"), ["5690 0 5690 0"]);
        scene.verified();
        scene.app.now_is("2026-12-21T09:00:00Z");
        let owner = scene.owner().await;
        for sold in ["T-1", "T-2"] {
            done(&scene, &owner, (sold, "resume"), &[("effective_on", "2026-12-21"), ("reason", "Back")]).await;
        }
        assert_eq!(billed(&scene, "T-1")[1..], ["northwind proration_charge 3406 852 4045"]);
        assert_eq!(billed(&scene, "T-2")[1..], ["contoso proration_charge 2981 1277 3406"]);
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
    }

    async fn another_plan_is_bought_at_the_same_discount(scene: Scene) {
        scene.sells_more();
        scene.app.sql("UPDATE plan_versions SET status = 'draft' WHERE id = 315");
        let owner = scene.owner().await;
        both(&scene, &owner, &[("quantity", "10"), ("street", "114")]).await;
        scene.app.now_is("2026-12-16T09:00:00Z");
        let owner = scene.owner().await;
        for sold in ["T-1", "T-2"] {
            let fields = [("when", "now"), ("effective_on", "2026-12-16"), ("reason", "A team now")];
            done(&scene, &owner, (sold, "plan"), &fields).await;
        }
        // 16 of 31 days: of 96.00 and 84.00 back, of 48.00 and 42.00 anew.
        assert_eq!(scene.notes("T-1"), ["4955 941 5896 0"]);
        assert_eq!(scene.notes("T-2"), ["4335 0 4335 0"]);
        assert_eq!(billed(&scene, "T-1")[1..], ["northwind proration_charge 2477 620 2942"]);
        assert_eq!(billed(&scene, "T-2")[1..], ["contoso proration_charge 2168 929 2478"]);
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
    }

    async fn a_missed_promise_gives_back_of_what_was_bought(scene: Scene) {
        promise(&scene);
        // Who sells it on bears 30 % itself, which nothing is charged back for.
        scene.app.sql("UPDATE sla_policies SET liability = 'shared', partner_share_bps = 3000 WHERE id = 901");
        let owner = scene.owner().await;
        both(&scene, &owner, &[("quantity", "10"), ("street", "114")]).await;
        scene.app.now_is("2026-12-20T09:00:00Z");
        let owner = scene.owner().await;
        let page = owner.get("/meridian/service-levels?month=2026-12").await.expect(200);
        let form = page.form("main form[action='/meridian/service-levels']").with("kind", "outage")
            .with("began_at", "2026-12-04T02:00").with("ended_at", "2026-12-04T02:50").with("note", "Power was lost");
        owner.submit(&form).await.expect(303);
        scene.app.now_is("2027-01-04T09:00:00Z");
        let owner = scene.owner().await;
        let page = owner.get("/meridian/service-levels?month=2026-12").await.expect(200);
        owner.submit(&page.form("form[action*='/months/2026-12']")).await.expect(303);
        let finance = scene.finance().await;
        // 7 % of 96.00 and of 84.00.
        for (sold, net, note) in [("T-1", "6.72", "672 128 800 0"), ("T-2", "5.88", "588 0 588 0")] {
            let sql = format!("SELECT c.id AS value FROM sla_credits c JOIN subscriptions s ON s.id = c.subscription_id WHERE s.external_id = '{sold}'");
            let id = scene.spelled_id::<perennial::id::SlaCredit>(&sql);
            let page = finance.get(&format!("/meridian/sla-credits/{id}")).await.expect(200);
            for said in [net, "7 %", "Of 10 %, 30 % are borne by whoever sells it on", "Nobody earns commission on what is resold"] {
                assert!(page.words().contains(said), "{said}: {}", page.words());
            }
            finance.submit(&page.form("form[action$='/approval']")).await.expect(303);
            assert_eq!(scene.notes(sold), [note]);
        }
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
    }
}
