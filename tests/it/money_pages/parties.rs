//! Several earn on one subscription: partners who share it, and the distributor above its seller.
use perennial::{
    domain::Role,
    services::revenue::{billing, forecast},
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

const SOLD: &str = "SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'";

fn sold(scene: &Scene) -> String {
    let id = scene.spelled_id::<perennial::id::Subscription>(SOLD);
    format!("/meridian/subscriptions/{id}")
}

fn partner(scene: &Scene, slug: &str) -> String {
    let sql = format!("SELECT id AS value FROM partners WHERE slug = '{slug}'");
    let id = scene.spelled_id::<perennial::id::Partner>(&sql);
    format!("/meridian/partners/{id}")
}

async fn share(scene: &Scene, who: &Visitor, fields: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("{}/parties", sold(scene)))
        .await
        .expect(200);
    let mut form = page.form("main form[method=post]");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

async fn place(scene: &Scene, who: &Visitor, slug: &str, fields: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("{}/distributor", partner(scene, slug)))
        .await
        .expect(200);
    let mut form = page.form("main form[method=post]");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

/// What everybody was given by one payment or what took it back, and what they get of it.
fn amounts(scene: &Scene, source: &str) -> Vec<String> {
    scene.app.ask(&format!(
        "SELECT p.slug || ' ' || e.part || ' ' || CAST(e.amount_minor AS TEXT) AS value
         FROM commission_entries e JOIN partners p ON p.id = e.partner_id
         WHERE e.source_kind = '{source}' AND e.part <> 'whole'
         AND e.subscription_id IN (SELECT id FROM subscriptions WHERE external_id = 'S-1') ORDER BY e.id"
    ))
}

on_both! {
    async fn what_makes_no_sense_is_refused_beside_its_field(scene: Scene) {
        let owner = scene.owner().await;
        for (fields, said) in [
            (&[("partner_1", "Contoso"), ("share_1", "80"), ("partner_2", "Contoso"), ("share_2", "10")][..], "named twice"),
            (&[("partner_1", "Contoso"), ("share_1", "101")], "percentage from 0 to 100"),
            (&[("partner_1", "Contoso"), ("share_1", "0")], "more than 0 %"),
            (&[("partner_1", "Northwind"), ("share_1", "10")], "partner of record"),
            (&[("partner_1", "Nobody"), ("share_1", "10")], "No partner is called that"),
            (&[("partner_1", ""), ("share_1", "10")], "Name the partner"),
        ] {
            let refused = share(&scene, &owner, fields).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        scene.app.partner("meridian", "fabrikam");
        let both = [("partner_1", "Contoso"), ("share_1", "60"), ("partner_2", "Fabrikam"), ("share_2", "50")];
        let refused = share(&scene, &owner, &both).await.expect(422);
        assert!(refused.words().contains("more than 100 %"), "{}", refused.words());
        for (fields, said) in [
            (&[("distributor", "Northwind"), ("rate", "4")][..], "its own distributor"),
            (&[("distributor", "Contoso"), ("rate", "0")], "more than 0 %"),
            (&[("distributor", "Contoso"), ("rate", "4"), ("from", "2026-11-30")], "has passed"),
            (&[("distributor", "Nobody"), ("rate", "4")], "No partner is called that"),
        ] {
            let refused = place(&scene, &owner, "northwind", fields).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        // Northwind below Contoso below Fabrikam: Fabrikam cannot be below Northwind.
        place(&scene, &owner, "northwind", &[("distributor", "Contoso"), ("rate", "4")]).await.expect(303);
        place(&scene, &owner, "contoso", &[("distributor", "Fabrikam"), ("rate", "4"), ("from", "2027-02-01")]).await.expect(303);
        let refused = place(&scene, &owner, "fabrikam", &[("distributor", "Northwind"), ("rate", "4")]).await.expect(422);
        assert!(refused.words().contains("round in a circle"), "{}", refused.words());
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.post(&format!("{}/parties", sold(&scene)), &[]).await.expect(403);
        viewer.post(&format!("{}/distributor", partner(&scene, "contoso")), &[]).await.expect(403);
        scene.verified();
    }

    async fn each_earns_its_part_sees_only_that_and_gives_it_back(scene: Scene) {
        let owner = scene.owner().await;
        scene.app.partner("meridian", "fabrikam");
        let fields = [("partner_1", "Contoso"), ("share_1", "25 %")];
        let page = owner.get(&format!("{}/parties", sold(&scene))).await.expect(200);
        let mut form = page.form("main form[method=post]");
        for (name, value) in fields {
            form = form.with(name, value);
        }
        owner.submit(&form).await.expect(303);
        // Sent twice, done once.
        owner.submit(&form).await.expect(303);
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM subscription_parties"), ["2"]);
        place(&scene, &owner, "northwind", &[("distributor", "Fabrikam"), ("rate", "5"), ("how", "on_revenue")]).await.expect(303);
        let record = owner.get(&sold(&scene)).await.expect(200);
        for said in ["Who earns", "a share of 75 % of the commission", "a share of 25 % of the commission", "the distributor’s 5 % of the revenue"] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        for said in ["Once it is paid:", "Northwind earns EUR 72.00: a share of 75 % of the commission.", "Contoso earns EUR 24.00", "Fabrikam earns EUR 24.00: the distributor’s 5 % of the revenue."] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        // Ahead, everybody sees their own part and nothing of the others’: 5 % of 564.00 a month.
        scene.write(|tx| forecast::renew(tx, "2026-12-01".parse().unwrap()));
        let fabrikam = scene.partner("fabrikam", Role::PartnerAdmin).await;
        let ahead = fabrikam.get("/meridian/p/fabrikam/forecast").await.expect(200);
        assert!(ahead.words().contains("28.20"), "{}", ahead.words());
        for hidden in ["564.00", "480.00", "96.00", "Northwind"] {
            assert!(!ahead.words().contains(hidden), "{hidden}: {}", ahead.words());
        }
        // 40 seats at 12.00: net 480.00 at 20 %, 96.00 in all.
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        let number = scene.app.ask("SELECT number AS value FROM invoices WHERE issued_on = '2027-01-01' AND subscription_id IN (SELECT id FROM subscriptions WHERE external_id = 'S-1')");
        let owner = scene.owner().await;
        let form = owner.get("/meridian/payments/new").await.expect(200).form("main form[method=post]");
        let paid = form.with("external_id", "B-1").with("invoice_number", &number[0]).with("amount", "571.20");
        owner.submit(&paid).await.expect(303);
        assert_eq!(amounts(&scene, "allocation"), [
            "northwind split:7500:0 7200", "contoso split:2500:0 2400", "fabrikam on_revenue:500 2400",
        ]);
        // What three earn on is collected once, over all offerings and over the one it is of.
        let page = owner.get("/meridian/metrics/commission").await.expect(200);
        let options = page.attrs("select[name=offering] option", "value");
        assert!(options.len() > 1, "{options:?}");
        let of_one = options.into_iter().filter(|one| !one.is_empty());
        let mut seen = Vec::new();
        for filter in std::iter::once(String::new()).chain(of_one) {
            let file = owner.get(&format!("/meridian/metrics/commission.csv?offering={filter}")).await.expect(200);
            seen.extend(file.text().lines().filter(|row| row.starts_with("2027-01")).map(str::to_owned));
        }
        assert_eq!(seen, ["2027-01,480.00,120.00,25.00,EUR"; 2]);
        let file = owner.get("/meridian/metrics/commission.csv?partner=contoso").await.expect(200);
        assert!(file.text().contains("2027-01,480.00,24.00,5.00,EUR"), "{}", file.text());
        // What the seller sees of its invoice is its own.
        let line = scene.app.ask("SELECT commission_minor AS value FROM invoice_lines WHERE shared AND service_from = '2027-01-01' AND subscription_id IN (SELECT id FROM subscriptions WHERE external_id = 'S-1')");
        assert_eq!(line, ["7200"]);
        scene.verified();
        // Whoever searches for the customer finds every part; the sharer its own.
        let found = owner.get("/meridian/ledger?posted=2027-01&customer=adler").await.expect(200);
        assert_eq!(found.select("tbody tr").len(), 3, "{}", found.words());
        let invoice = scene.spelled_id::<perennial::id::Invoice>(
            "SELECT invoice_id AS value FROM commission_entries WHERE part = 'split:7500:0'",
        );
        let page = owner.get(&format!("/meridian/invoices/{invoice}")).await.expect(200);
        for said in ["24.00 to Contoso", "24.00 to Fabrikam", "120.00"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let record = owner.get(&sold(&scene)).await.expect(200);
        assert!(record.words().contains("Northwind has earned EUR"), "{}", record.words());

        // Contoso sees its entry and why, and nothing else of it.
        let contoso = scene.partner("contoso", Role::PartnerAdmin).await;
        let ledger = contoso.get("/meridian/p/contoso/ledger?posted=2027-01").await.expect(200);
        assert_eq!(ledger.select("tbody tr").len(), 1, "{}", ledger.words());
        let found = contoso.get("/meridian/p/contoso/ledger?posted=2027-01&customer=Adler").await.expect(200);
        assert_eq!(found.select("tbody tr").len(), 1, "{}", found.words());
        let found = contoso.get("/meridian/p/contoso/ledger?posted=2027-01&customer=Sommer").await.expect(200);
        assert!(found.select("tbody tr").is_empty(), "{}", found.words());
        assert!(ledger.words().contains("Hotel Adler: Backup Pro, Monthly"), "{}", ledger.words());
        let entry = contoso.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        for said in ["a share of 25 % of the commission", "20 % × 25 %", "EUR 480.00", "24.00", "Sold by another partner"] {
            assert!(entry.words().contains(said), "{said}: {}", entry.words());
        }
        for hidden in ["72.00", "Northwind", "Fabrikam"] {
            assert!(!entry.words().contains(hidden), "{hidden}: {}", entry.words());
        }
        let of_record = scene.spelled_id::<perennial::id::CommissionEntry>(
            "SELECT id AS value FROM commission_entries WHERE part = 'split:7500:0'",
        );
        contoso.get(&format!("/meridian/p/contoso/ledger/{of_record}")).await.expect(404);
        let invoice = scene.spelled_id::<perennial::id::Invoice>(
            "SELECT invoice_id AS value FROM commission_entries WHERE part = 'split:7500:0'",
        );
        contoso.get(&format!("/meridian/p/contoso/invoices/{invoice}")).await.expect(404);
        let terms = contoso.get("/meridian/p/contoso/terms").await.expect(200);
        assert!(terms.words().contains("Hotel Adler: Backup Pro, Monthly: 25 % of the commission since 1 Dec 2026"), "{}", terms.words());
        let northwind = scene.partner("northwind", Role::PartnerAdmin).await;
        let own = northwind.get(&format!("/meridian/p/northwind/ledger/{of_record}")).await.expect(200);
        for said in ["480.00 × 20 % × 75 % = 72.00", "It is a share of 75 % of the commission"] {
            assert!(own.words().contains(said), "{said}: {}", own.words());
        }
        assert!(!own.words().contains("Contoso") && !own.words().contains("24.00"), "{}", own.words());

        // A credit note would take of everybody's, each by name.
        let form = owner.get(&format!("/meridian/invoices/{invoice}/credit-note")).await.expect(200).form("main form[method=post]");
        let told = owner.submit(&form.with("line_1", "40").with("reason", "billing_error").with("note", "One seat")).await.expect(200);
        for said in ["Commission of Northwind: EUR −6.00.", "Commission of Contoso: EUR −2.00.", "Commission of Fabrikam: EUR −2.00."] {
            assert!(told.words().contains(said), "{said}: {}", told.words());
        }
        // Half goes back: half of everybody's.
        let payment = scene.app.ask("SELECT id AS value FROM payments WHERE external_id = 'B-1'");
        let payment = crate::harness::spelled::<perennial::id::Payment>(payment[0].parse().unwrap());
        let form = owner.get(&format!("/meridian/payments/{payment}")).await.expect(200).form("form[action$='/refunds']");
        owner.submit(&form.with("external_id", "R-9").with("refunded_on", "2027-01-02").with("amount", "285.60").with("reason", "Half unused")).await.expect(303);
        assert_eq!(amounts(&scene, "refund"), [
            "northwind split:7500:0 -3600", "contoso split:2500:0 -1200", "fabrikam on_revenue:500 -1200",
        ]);
        scene.verified();

        // Each is on a statement of its own, which says why.
        for month in ["2026-11", "2026-12"] {
            scene.close(month);
        }
        scene.app.now_is("2027-02-01T09:00:00Z");
        scene.close("2027-01");
        scene.app.now_is("2027-03-01T09:00:00Z");
        scene.close("2027-02");
        let content = scene.app.ask("SELECT s.content AS value FROM statements s JOIN partners p ON p.id = s.partner_id WHERE p.slug = 'fabrikam'");
        let said: Vec<String> = content
            .iter()
            .map(|text| perennial::domain::statement_document::StatementDocument::from_canonical(text).unwrap())
            .flat_map(|one| one.lines.iter().map(|line| one.explanation(line)).collect::<Vec<_>>())
            .collect();
        let why = said.join(" ");
        assert!(why.contains("For you: the distributor’s 5 % of the revenue. 480.00 × 5 % × share 100 % = 24.00."), "{why}");
        let content = scene.app.ask("SELECT s.content AS value FROM statements s JOIN partners p ON p.id = s.partner_id WHERE p.slug = 'contoso' ORDER BY s.id DESC LIMIT 1");
        assert!(content[0].contains("split:2500:0") && !content[0].contains("split:7500:0"), "{}", content[0]);
        scene.verified();

        // Shared no longer: Contoso is told, and Northwind earns alone again.
        let owner = scene.owner().await;
        share(&scene, &owner, &[("partner_1", ""), ("share_1", "")]).await.expect(303);
        let last = scene.app.ask("SELECT p.slug || ' ' || CAST(s.share_bps AS TEXT) AS value FROM subscription_parties s JOIN partners p ON p.id = s.partner_id ORDER BY s.effective_from DESC, s.id LIMIT 2");
        assert_eq!(last, ["northwind 10000", "contoso 0"]);
        scene.verified();
    }

    async fn what_is_carved_out_costs_the_vendor_nothing_more(scene: Scene) {
        let owner = scene.owner().await;
        place(&scene, &owner, "northwind", &[("distributor", "Contoso"), ("rate", "10"), ("how", "carved_out")]).await.expect(303);
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        let number = scene.app.ask("SELECT number AS value FROM invoices WHERE issued_on = '2027-01-01' AND subscription_id IN (SELECT id FROM subscriptions WHERE external_id = 'S-1')");
        let owner = scene.owner().await;
        let form = owner.get("/meridian/payments/new").await.expect(200).form("main form[method=post]");
        owner.submit(&form.with("external_id", "B-1").with("invoice_number", &number[0]).with("amount", "571.20")).await.expect(303);
        assert_eq!(amounts(&scene, "allocation"), ["northwind split:10000:1000 8640", "contoso carved_out:1000:10000 960"]);
        let page = owner.get(&format!("{}/distributor", partner(&scene, "contoso"))).await.expect(200);
        assert!(page.words().contains("Partners below it"), "{}", page.words());
        scene.verified();
    }
}
