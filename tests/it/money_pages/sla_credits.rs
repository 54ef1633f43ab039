//! Credits for missed promises through the real server: reckoned when a month is on record, claimed
//! where the policy wants it, decided by a person, and what follows for the invoice, the commission
//! and the subscription.
use perennial::domain::Role;

use super::{scene::Scene, service_levels::promise};
use crate::{on_both, support::http::Visitor};

/// 44 minutes of November in which Backup Pro was down: too long for 99.9 %.
async fn down(owner: &Visitor) {
    let page = owner
        .get("/meridian/service-levels?month=2026-11")
        .await
        .expect(200);
    let form = page
        .form("main form[action='/meridian/service-levels']")
        .with("kind", "outage")
        .with("began_at", "2026-11-04T02:00")
        .with("ended_at", "2026-11-04T02:44")
        .with("note", "Power was lost");
    owner.submit(&form).await.expect(303);
}

/// Says that November is on record.
async fn complete(owner: &Visitor) {
    let page = owner
        .get("/meridian/service-levels?month=2026-11")
        .await
        .expect(200);
    let form = page.form("form[action*='/months/2026-11']");
    owner.submit(&form).await.expect(303);
}

/// The address of a customer's credit.
async fn credit_of(visitor: &Visitor, base: &str, customer: &str) -> String {
    let page = visitor
        .get(&format!("{base}/sla-credits"))
        .await
        .expect(200);
    let names = page.select("main tbody th a");
    let hrefs = page.attrs("main tbody th a", "href");
    let found = names
        .iter()
        .zip(hrefs)
        .find(|(name, _)| name.contains(customer));
    found
        .unwrap_or_else(|| panic!("{customer}: {}", page.words()))
        .1
}

/// What Hotel Adler's November has earned by now, in minor units.
fn earned(scene: &Scene) -> Vec<String> {
    scene.app.ask(
        "SELECT sum(e.amount_minor) AS value FROM commission_entries e JOIN subscriptions s ON s.id = e.subscription_id
         WHERE s.external_id = 'S-1' AND e.earned_period = 202611",
    )
}

on_both! {
    async fn a_miss_is_proposed_approved_or_declined_and_credited(scene: Scene) {
        promise(&scene);
        // Misses of different kinds add up, at most to twelve percent.
        scene.app.sql("UPDATE sla_policies SET credit_cap_bps = 1200 WHERE id = 901");
        let owner = scene.owner().await;
        down(&owner).await;
        let late = owner.get("/meridian/tickets?subscription=S-1").await.expect(200).form("main form[method=post]")
            .with("external_id", "HD-1").with("title", "Nothing comes in")
            .with("opened_at", "2026-11-10T10:00").with("answered_at", "2026-11-10T12:00").with("resolved_at", "2026-11-10T13:00");
        owner.submit(&late).await.expect(303);
        let before = owner.get("/meridian/sla-credits").await.expect(200);
        assert!(before.words().contains("No miss here"), "{}", before.words());
        complete(&owner).await;
        let finance = scene.finance().await;
        let list = finance.get("/meridian/sla-credits?status=proposed&month=2026-11").await.expect(200);
        for said in ["6 misses", "Hotel Adler", "EUR 57.60", "Bakery Sommer", "EUR 8.40", "JPY 5,000", "EUR 9.86", "EUR 30.00", "Waits for approval"] {
            assert!(list.words().contains(said), "{said}: {}", list.words());
        }
        let at = credit_of(&finance, "/meridian", "Hotel Adler").await;
        let page = finance.get(&at).await.expect(200);
        for said in ["EUR 480.00", "12 %", "EUR 57.60", "Available 99.9 % of a month, around the clock: 99.8981 %", "First response within 1 hour, around the clock: 0 of 1 in time", "The commission of Northwind stays as it was"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let approve = page.form("form[action$='/approval']");
        for _ in 0..2 {
            finance.submit(&approve).await.expect(303);
        }
        // Who saw it before finds it decided.
        let stale = finance.post(&format!("{at}/approval"), &[("version", "1"), ("form_id", "0123456789abcdef0123")]).await;
        assert_eq!(stale.status, 409);
        let page = finance.get(&at).await.expect(200);
        for said in ["Credited", "Credit notes: "] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let invoice = page.attr("main tbody a[href*='/invoices/']", "href").unwrap();
        let invoice = finance.get(&invoice).await.expect(200);
        // 57.60 and the tax on it.
        for said in ["68.54", "12 % of the fee for November 2026"] {
            assert!(invoice.words().contains(said), "{said}: {}", invoice.words());
        }
        assert_eq!(earned(&scene), ["9600"]);
        scene.verified();

        let other = credit_of(&finance, "/meridian", "Bakery Sommer").await;
        let form = finance.get(&other).await.expect(200).form("form[action$='/refusal']");
        assert!(finance.submit(&form).await.expect(422).words().contains("Say why: the partner reads it."));
        let form = finance.get(&other).await.expect(200).form("form[action$='/refusal']").with("answer", "It was their own line");
        finance.submit(&form).await.expect(303);
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        let base = "/meridian/p/northwind";
        let list = seller.get(&format!("{base}/sla-credits")).await.expect(200);
        for said in ["3 misses", "Hotel Adler", "Credited", "Bakery Sommer", "Declined"] {
            assert!(list.words().contains(said), "{said}: {}", list.words());
        }
        assert!(!list.words().contains("Freight Lines"));
        let declined = credit_of(&seller, base, "Bakery Sommer").await;
        let page = seller.get(&declined).await.expect(200);
        assert!(page.words().contains("It was their own line") && page.select("main form").is_empty(), "{}", page.words());
        let file = seller.get(&format!("{base}/sla-credits.csv")).await.expect(200);
        assert!(file.text().contains("2026-11,Backup Pro,Hotel Adler,Northwind") && !file.text().contains("Freight"), "{}", file.text());
        let rivals = credit_of(&finance, "/meridian", "Freight Lines").await;
        seller.get(&rivals.replace("/meridian/", "/meridian/p/northwind/")).await.expect(404);
        let sold: perennial::id::SubscriptionId = scene.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'");
        let record = seller.get(&format!("{base}/subscriptions/{sold}")).await.expect(200);
        for said in ["Missed promises", "Nov 2026", "EUR 57.60: Credited"] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }

        // The outage was a mistake: what nobody has decided about goes, what was decided stays.
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        let withdraw = page.form("form[action$=withdrawal]");
        owner.submit(&withdraw).await.expect(303);
        let again = owner.get("/meridian/sla-credits").await.expect(200).form("main form[method=post]");
        owner.submit(&again).await.expect(303);
        let list = owner.get("/meridian/sla-credits").await.expect(200);
        assert!(list.words().contains("2 misses") && !list.words().contains("Freight Lines"), "{}", list.words());
        scene.verified();
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&at).await.expect(200);
        viewer.post("/meridian/sla-credits", &[]).await.expect(403);
    }

    async fn what_both_bear_is_charged_back_once_and_reduces_the_base_by_the_rest(scene: Scene) {
        promise(&scene);
        scene.app.sql("UPDATE sla_policies SET liability = 'shared', partner_share_bps = 3000 WHERE id = 901");
        let owner = scene.owner().await;
        down(&owner).await;
        complete(&owner).await;
        let at = credit_of(&owner, "/meridian", "Hotel Adler").await;
        let page = owner.get(&at).await.expect(200);
        assert!(page.words().contains("30 % of it, EUR 14.40, is charged back to Northwind"), "{}", page.words());
        let approve = page.form("form[action$='/approval']");
        owner.submit(&approve).await.expect(303);
        // 20 % of 480.00 less 33.60, and 14.40 charged back: 89.28 and -14.40.
        assert_eq!(earned(&scene), ["7488"]);
        let notes = scene.app.ask("SELECT commission_rule || ' ' || net_minor AS value FROM credit_notes ORDER BY id");
        assert_eq!(notes, ["reduce_base 3360", "protect_partner 1440"]);
        scene.verified();
        // The partner reads why, in its ledger and on its statement.
        let finance = scene.partner("northwind", Role::PartnerFinance).await;
        let entry: perennial::id::CommissionEntryId = scene.spelled_id("SELECT id AS value FROM commission_entries WHERE amount_minor = -1440");
        let page = finance.get(&format!("/meridian/p/northwind/ledger/{entry}")).await.expect(200);
        for said in ["SLA chargeback: your part of credit note", "14.40", "Hotel Adler"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.close("2026-11");
        scene.close("2026-12");
        let statement: perennial::id::StatementId = scene.spelled_id(
            "SELECT l.statement_id AS value FROM statement_lines l JOIN commission_entries e ON e.id = l.commission_entry_id WHERE e.amount_minor = -1440",
        );
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let page = admin.get(&format!("/meridian/p/northwind/statements/{statement}")).await.expect(200);
        assert!(page.words().contains("SLA chargeback: your part of credit note"), "{}", page.words());
        scene.verified();
    }

    async fn a_credit_is_claimed_in_time_or_not_at_all(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        let page = owner.get("/meridian/sla-policies").await.expect(200);
        let edit = page.attr("main a[href$='/edit']", "href").unwrap();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]").with("claim_days", "30");
        let wrong = form.clone().with("liability", "shared");
        assert!(owner.submit(&wrong).await.expect(422).words().contains("Give the partner's part where both bear the credits."));
        owner.submit(&form).await.expect(303);
        assert!(owner.get("/meridian/sla-policies").await.expect(200).words().contains("Credits are claimed within 30 days after the month, or after they are proposed"));
        down(&owner).await;
        complete(&owner).await;
        let base = "/meridian/p/northwind";
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let at = credit_of(&admin, base, "Hotel Adler").await;
        let page = admin.get(&at).await.expect(200);
        for said in ["To be claimed", "31 Dec 2026"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let own = at.replace(base, "/meridian");
        assert!(owner.get(&own).await.expect(200).select("form[action$='/approval']").is_empty());
        admin.submit(&page.form("form[action$='/claim']")).await.expect(303);
        let page = owner.get(&own).await.expect(200);
        assert!(page.words().contains("Waits for approval") && page.words().contains("claimed by"), "{}", page.words());
        // Reckoned again, it stays claimed.
        let again = owner.get("/meridian/sla-credits").await.expect(200).form("main form[method=post]");
        owner.submit(&again).await.expect(303);
        let approve = owner.get(&own).await.expect(200).form("form[action$='/approval']");
        owner.submit(&approve).await.expect(303);
        scene.app.now_is("2027-01-01T09:00:00Z");
        let success = scene.partner("northwind", Role::PartnerSuccess).await;
        let late = credit_of(&success, base, "Bakery Sommer").await;
        let page = success.get(&late).await.expect(200);
        assert!(page.words().contains("Not claimed in time") && page.select("main form").is_empty(), "{}", page.words());
        success.post(&format!("{late}/claim"), &[]).await.expect(409);
        scene.verified();
    }

    async fn three_misses_in_six_months_end_it_without_giving_back(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        down(&owner).await;
        complete(&owner).await;
        let sold: perennial::id::SubscriptionId = scene.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'");
        let at = format!("/meridian/subscriptions/{sold}");
        let record = owner.get(&at).await.expect(200);
        assert!(record.words().contains("Missed promises") && !record.words().contains("may end this at any time"), "{}", record.words());
        for (number, month) in [(981, 202_608), (982, 202_609)] {
            scene.app.sql(&format!(
                "INSERT INTO sla_credits (tenant_id, id, partner_id, subscription_id, offering_id, month, missed, share_bps, currency, fee_minor, net_minor,
                     liability, partner_share_bps, charged_back_minor, status, claim_until, claimed_by, decider, answer, created_at, version)
                 SELECT tenant_id, {number}, partner_id, id, 301, {month}, 'Resolved within 4 hours', 0, 'EUR', 0, 0, 'protect_partner', 0, 0, 'noted', NULL, '', '', '', created_at, 1
                 FROM subscriptions WHERE external_id = 'S-1'"
            ));
        }
        let record = owner.get(&at).await.expect(200);
        assert!(record.words().contains("Promises were missed in Aug 2026, Sep 2026, Nov 2026: the customer may end this at any time without a fee"), "{}", record.words());
        let form = owner.get(&format!("{at}/cancellation")).await.expect(200).form("main form[method=post]");
        let form = form.with("when", "now").with("effective_on", "2026-12-01").with("reason", "Too many outages");
        let confirm = owner.submit(&form).await.expect(200).form("main form[method=post]");
        owner.submit(&confirm).await.expect(303);
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM subscriptions WHERE external_id = 'S-1' AND ends_by_vendor"), ["1"]);
        scene.verified();
    }
}
