//! Changing a subscription's plan on the pages, as the partner sees it too.
use perennial::{domain::Role, id, services::revenue::billing, store::lobby};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

impl Scene {
    /// 600.00 a month for a whole team.
    fn sells_team(&self) {
        let tenant = lobby::tenant_of(&self.scope).number();
        self.app.sql(&format!(
            "INSERT INTO plans VALUES ({tenant}, 308, 301, 'team', 'Team');
             INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version)
               VALUES ({tenant}, 314, 308, 1, 'published', 'EUR', 1, 12, 30, NULL, 1);
             INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro)
               VALUES ({tenant}, 324, 314, 1, 'Team', 'flat', 60000000000);"
        ));
    }
    fn sold(&self, name: &str) -> id::SubscriptionId {
        self.spelled_id(&format!(
            "SELECT id AS value FROM subscriptions WHERE external_id = '{name}'"
        ))
    }
}

async fn typed(who: &Visitor, sold: id::SubscriptionId, with: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("/meridian/subscriptions/{sold}/plan"))
        .await
        .expect(200);
    let plan = page.attrs("input[name=plan]", "value");
    let mut form = page
        .form("main form[action$='/plan']")
        .with("plan", plan.last().map_or("", String::as_str))
        .with("reason", "The team has grown");
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

async fn confirmed(who: &Visitor, preview: &Page) {
    let form = preview.form("main form[method=post]");
    who.submit(&form).await.expect(303);
    // Sent twice, it is done once.
    who.submit(&form).await.expect(303);
}

on_both! {
    async fn at_once_it_is_a_credit_note_and_an_invoice(scene: Scene) {
        scene.sells_team();
        let owner = scene.owner().await;
        let sold = scene.sold("S-1");
        for (wrong, said) in [
            (("plan", "nothing"), "Choose a plan."),
            (("when", "some day"), "Choose when it changes."),
            (("reason", " "), "Say why"),
            (("effective_on", "2026-12-24"), "still to come"),
        ] {
            let with = [("when", "now"), ("effective_on", "2026-11-16"), wrong];
            let refused = typed(&owner, sold, &with).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let preview = typed(&owner, sold, &[("when", "now"), ("effective_on", "2026-11-16")]).await.expect(200);
        for said in [
            "An invoice of EUR 357.00 with tax is issued, for 16–30 Nov 2026.",
            "A credit note of EUR 285.60 with tax is issued: EUR 285.60 becomes credit for later invoices.",
            "goes from EUR 480.00 to EUR 600.00",
        ] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM credit_notes"), ["0"]);
        confirmed(&owner, &preview).await;
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM credit_notes"), ["1"]);
        let page = owner.get(&format!("/meridian/subscriptions/{sold}")).await.expect(200);
        assert!(page.words().contains("Plan changed from Backup Pro, Monthly to Backup Pro, Team"), "{}", page.words());
        let theirs = scene.partner("northwind", Role::PartnerAdmin).await;
        let page = theirs.get(&format!("/meridian/p/northwind/subscriptions/{sold}")).await.expect(200);
        for said in ["Backup Pro, Team", "EUR 600.00", "Plan changed from Backup Pro, Monthly"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&format!("/meridian/subscriptions/{sold}/plan")).await.expect(403);
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn with_the_next_period_it_waits_and_may_be_kept(scene: Scene) {
        scene.sells_team();
        let owner = scene.owner().await;
        let (bakery, freight) = (scene.sold("S-2"), scene.sold("S-5"));
        for sold in [bakery, freight] {
            let preview = typed(&owner, sold, &[("when", "next_period")]).await.expect(200);
            let said = "From 1 Jan 2027 on it is Backup Pro, Team, billed with that period.";
            assert!(preview.words().contains(said), "{}", preview.words());
            confirmed(&owner, &preview).await;
        }
        let page = owner.get(&format!("/meridian/subscriptions/{bakery}")).await.expect(200);
        for said in ["The plan changes to Backup Pro, Team", "On 1 Jan 2027, as things stand", "600.00"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let theirs = scene.partner("northwind", Role::PartnerAdmin).await;
        let page = theirs.get(&format!("/meridian/p/northwind/subscriptions/{bakery}")).await.expect(200);
        assert!(page.words().contains("The plan changes to Backup Pro, Team"), "{}", page.words());

        let page = owner.get(&format!("/meridian/subscriptions/{freight}/plan")).await.expect(200);
        let form = page.form("form[action$='/plan/keep']");
        owner.submit(&form).await.expect(422);
        let page = owner.get(&format!("/meridian/subscriptions/{freight}/discounts/new")).await.expect(200);
        let discount = page.form("form[action$='/discounts']").with("label", "Thanks").with("off", "1");
        owner.submit(&discount).await.expect(303);
        let overtaken = owner.submit(&form.with("kept_because", "They stay small")).await.expect(409);
        assert!(overtaken.words().contains("Someone else changed this subscription"), "{}", overtaken.words());
        let again = overtaken.form("form[action$='/plan/keep']");
        assert!(again.fields.iter().any(|(name, typed)| name == "kept_because" && typed == "They stay small"));
        owner.submit(&again).await.expect(303);
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        for (sold, net) in [(bakery, "60000"), (freight, "29700")] {
            let last = format!("SELECT net_minor AS value FROM invoices WHERE subscription_id = {} AND issued_on = '2027-01-01'", sold.number());
            assert_eq!(scene.app.ask(&last), [net]);
        }
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn to_a_yearly_plan_periods_are_counted_anew(scene: Scene) {
        let owner = scene.owner().await;
        let (bakery, hotel) = (scene.sold("S-2"), scene.sold("S-1"));
        let yearly = crate::harness::spelled::<id::PlanVersion>(312).to_string();
        for (label, how, off) in [("Friends", "percent", "10"), ("Thanks", "fixed", "5.00")] {
            let page = owner.get(&format!("/meridian/subscriptions/{bakery}/discounts/new")).await.expect(200);
            let form = page.form("form[action$='/discounts']").with("label", label).with("how", how);
            owner.submit(&form.with("off", off).with("duration", "forever")).await.expect(303);
        }
        let preview = typed(&owner, bakery, &[("plan", &yearly), ("when", "next_period")]).await.expect(200);
        for said in [
            "From 1 Jan 2027 on it is Backup Pro, Yearly, billed with that period.",
            "It is billed yearly from 1 Jan 2027 on: periods are counted from that day, and a new term of 12 months begins.",
            "Discounts for some periods, or of an amount a period, end with it: Thanks.",
        ] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        confirmed(&owner, &preview).await;
        let theirs = scene.partner("northwind", Role::PartnerAdmin).await;
        for (who, base) in [(&owner, "/meridian"), (&theirs, "/meridian/p/northwind")] {
            let page = who.get(&format!("{base}/subscriptions/{bakery}")).await.expect(200);
            for said in ["On 1 Jan 2027, as things stand", "From then on a period is a year, and a new term begins.", "1,080.00"] {
                assert!(page.words().contains(said), "{said}: {}", page.words());
            }
            assert!(!page.words().contains("plan: empty"), "{}", page.words());
        }

        let with = [("plan", yearly.as_str()), ("when", "now"), ("effective_on", "2026-11-16")];
        let preview = typed(&owner, hotel, &with).await.expect(200);
        for said in [
            "An invoice of EUR 1,428.00 with tax is issued, for 16 Nov 2026 – 15 Nov 2027.",
            "A credit note of EUR 285.60 with tax is issued",
            "It is billed yearly from 16 Nov 2026 on",
            "goes from EUR 480.00 to EUR 100.00",
        ] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        confirmed(&owner, &preview).await;
        // A plan in another currency is none to change to.
        let yen = crate::harness::spelled::<id::PlanVersion>(313).to_string();
        let refused = typed(&owner, hotel, &[("plan", &yen), ("when", "next_period")]).await.expect(422);
        let said = "This plan is in JPY, the subscription in EUR, which it keeps. Cancel it and start a new one in JPY.";
        assert!(refused.words().contains(said), "{}", refused.words());
        scene.verified();
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        let last = format!("SELECT net_minor AS value FROM invoices WHERE subscription_id = {} AND issued_on = '2027-01-01'", bakery.number());
        assert_eq!(scene.app.ask(&last), ["108000"]);
        let moved = format!("SELECT change_minor AS value FROM mrr_changes WHERE subscription_id = {} AND effective_on = '2027-01-01'", bakery.number());
        assert_eq!(scene.app.ask(&moved), ["1940"]);
        let owner = scene.owner().await;
        let page = owner.get(&format!("/meridian/subscriptions/{bakery}")).await.expect(200);
        for said in ["On 1 Jan 2028, as things stand", "over: it was for periods of another length", "31 Dec 2027"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        scene.verified();
    }
}
