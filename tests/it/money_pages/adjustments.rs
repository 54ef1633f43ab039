//! What finance gives or takes by hand: proposed by one, approved by another, seen by the partner.
use perennial::{domain::Role, id};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

const FIELDS: [(&str, &str); 6] = [
    ("partner", "northwind"),
    ("amount", "250"),
    ("currency", "EUR"),
    ("month", "2026-11"),
    ("reason", "goodwill"),
    ("memo", "The move took two days longer than said."),
];

async fn propose(who: &Visitor, with: &[(&str, &str)]) -> Page {
    let page = who.get("/meridian/adjustments/new").await.expect(200);
    let mut form = page.form("main form[method=post]");
    for (name, value) in FIELDS.iter().chain(with) {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

on_both! {
    async fn one_proposes_and_another_approves(scene: Scene) {
        let (finance, owner) = (scene.finance().await, scene.owner().await);
        for (wrong, said) in [
            (("month", "2026-10"), "October 2026 is closed."),
            (("month", "2027-01"), "January 2027 has not come yet."),
            (("amount", "0"), "other than nothing"),
            (("amount", "much"), "amount"),
            (("currency", "USD"), "Nothing is sold in this currency."),
            (("partner", "Nobody"), "partner"),
            (("memo", " "), "the partner reads it"),
            (("reason", "whim"), "Choose one of the reasons."),
        ] {
            let refused = propose(&finance, &[wrong]).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let at = propose(&finance, &[]).await.expect(303).location();
        let own = finance.get(&at).await.expect(200);
        assert!(own.words().contains("Someone else has to approve it"), "{}", own.words());
        assert!(own.select("form[action$='/approval']").is_empty());
        finance.post(&format!("{at}/approval"), &[]).await.expect(409);
        let none = "SELECT count(*) AS value FROM commission_entries WHERE kind = 'adjustment'";
        assert_eq!(scene.app.ask(none), ["0"]);
        let home = owner.get("/meridian").await.expect(200);
        assert!(home.words().contains("1 adjustment waits for approval"), "{}", home.words());
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&at).await.expect(200);
        viewer.get("/meridian/adjustments/new").await.expect(403);
        viewer.post(&format!("{at}/approval"), &[]).await.expect(403);

        let form = owner.get(&at).await.expect(200).form("form[action$='/approval']");
        owner.submit(&form).await.expect(303);
        owner.submit(&form).await.expect(409);
        let done = owner.get(&at).await.expect(200);
        for said in ["Approved", "Adjustment proposed: EUR 250.00 for Northwind, November 2026", "Adjustment approved"] {
            assert!(done.words().contains(said), "{said}: {}", done.words());
        }
        let entry = done.attr("main a[href*='/ledger/']", "href").unwrap();
        let entry = owner.get(&entry).await.expect(200);
        for said in ["Adjustment: EUR 250.00, in November 2026.", "Goodwill: The move took two days longer than said."] {
            assert!(entry.words().contains(said), "{said}: {}", entry.words());
        }
        let list = owner.get("/meridian/adjustments").await.expect(200);
        assert!(list.words().contains("1 adjustment") && list.words().contains("Approved"), "{}", list.words());
        let list = owner.get("/meridian/adjustments?status=proposed").await.expect(200);
        assert!(list.words().contains("No adjustment has this status."), "{}", list.words());
        scene.verified();
    }

    async fn what_waits_as_its_month_closes_can_be_declined_only(scene: Scene) {
        let (finance, owner) = (scene.finance().await, scene.owner().await);
        let at = propose(&finance, &[]).await.expect(303).location();
        let sure = finance.get("/meridian/periods/2026-11/closure").await.expect(200);
        let said = "1 adjustment of November 2026 waits for approval. Once November 2026 is closed, it can be declined only.";
        assert!(sure.words().contains(said), "{}", sure.words());
        scene.close("2026-11");
        let page = owner.get(&at).await.expect(200);
        let said = "November 2026 was closed while this waited, so that it cannot be posted.";
        assert!(page.words().contains(said), "{}", page.words());
        assert!(page.select("form[action$='/approval']").is_empty());
        let form = page.form("form[action$='/refusal']").with("answer", "Too late");
        owner.submit(&form).await.expect(303);
        scene.verified();
    }

    async fn a_long_list_has_pages_and_a_long_answer_is_kept(scene: Scene) {
        let (finance, owner) = (scene.finance().await, scene.owner().await);
        let at = propose(&finance, &[]).await.expect(303).location();
        for _ in 0..50 {
            let at = propose(&finance, &[]).await.expect(303).location();
            let form = finance.get(&at).await.expect(200).form("form[action$='/refusal']");
            finance.submit(&form).await.expect(303);
        }
        let list = owner.get("/meridian/adjustments").await.expect(200);
        assert!(list.words().contains("50 of 51 adjustments"), "{}", list.words());
        let next = list.attr("a[rel=next]", "href").unwrap();
        let rest = owner.get(&next).await.expect(200);
        assert_eq!(rest.attrs("main tbody th a", "href").len(), 1, "{}", rest.words());
        let back = owner.get(&rest.attr("a[rel=prev]", "href").unwrap()).await.expect(200);
        assert_eq!(back.attrs("main tbody th a", "href").len(), 50);
        let waiting = owner.get("/meridian/adjustments?status=proposed").await.expect(200);
        assert_eq!(waiting.attrs("main tbody th a", "href").len(), 1);
        let long = "No. ".repeat(2_000);
        let form = owner.get(&at).await.expect(200).form("form[action$='/refusal']").with("answer", &long);
        let refused = owner.submit(&form).await.expect(422);
        assert_eq!(refused.form("form[action$='/refusal']").value("answer"), long);
        assert!(!refused.select("#answer-problem").is_empty(), "{}", refused.words());
    }

    async fn the_partner_sees_it_in_its_ledger_and_on_its_statement(scene: Scene) {
        let (finance, owner) = (scene.finance().await, scene.owner().await);
        for with in [&[][..], &[("amount", "-12.34"), ("reason", "correction"), ("memo", "Paid twice")]] {
            let at = propose(&finance, with).await.expect(303).location();
            let form = owner.get(&at).await.expect(200).form("form[action$='/approval']");
            owner.submit(&form).await.expect(303);
        }
        let late = propose(&finance, &[]).await.expect(303).location();
        let taken_back = propose(&finance, &[]).await.expect(303).location();
        let form = finance.get(&taken_back).await.expect(200).form("form[action$='/refusal']");
        finance.submit(&form.with("answer", "Typed twice")).await.expect(303);
        let page = finance.get(&taken_back).await.expect(200);
        assert!(page.words().contains("Declined") && page.words().contains("Typed twice"), "{}", page.words());
        owner.post(&format!("{taken_back}/approval"), &[]).await.expect(409);

        let base = "/meridian/p/northwind";
        let theirs = scene.partner("northwind", Role::PartnerFinance).await;
        let ledger = theirs.get(&format!("{base}/ledger?kind=adjustment")).await.expect(200);
        assert_eq!(ledger.select("tbody tr").len(), 2, "{}", ledger.words());
        for href in ledger.attrs("tbody th a", "href") {
            let entry = theirs.get(&href).await.expect(200);
            assert!(!entry.words().contains("on invoice") && entry.words().contains("It comes onto the next statement"), "{}", entry.words());
        }
        let file = theirs.get(&format!("{base}/ledger.csv?kind=adjustment")).await.expect(200).text();
        assert!(file.contains("Correction: Paid twice."), "{file}");
        let rival = scene.partner("contoso", Role::PartnerFinance).await;
        let none = rival.get("/meridian/p/contoso/ledger?kind=adjustment").await.expect(200);
        assert!(none.select("tbody tr").is_empty(), "{}", none.words());

        let preview = finance.get("/meridian/periods/2026-11").await.expect(200);
        assert!(preview.words().contains("Northwind"), "{}", preview.words());
        scene.close("2026-11");
        owner.post(&format!("{late}/approval"), &[]).await.expect(409);
        let statement: id::StatementId = scene.spelled_id(
            "SELECT s.id AS value FROM statements s JOIN partners p ON p.id = s.partner_id
             WHERE p.slug = 'northwind' AND s.month = 202611 AND s.currency = 'EUR'",
        );
        let path = format!("{base}/statements/{statement}");
        let page = theirs.get(&path).await.expect(200);
        for said in ["Bonuses, steps and adjustments", "237.66", "Goodwill: The move took two days longer than said."] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let json: serde_json::Value = serde_json::from_str(&theirs.get(&format!("{path}.json")).await.expect(200).text()).unwrap();
        assert_eq!(json["extra_minor"], 23_766);
        let file = theirs.get(&format!("{path}.csv")).await.expect(200).text();
        assert!(file.contains(",extra,") && file.contains(",adjustment,Correction: Paid twice."), "{file}");
        let pdf = theirs.get(&format!("{path}.pdf")).await.expect(200);
        let words = pdf_extract::extract_text_from_mem(&pdf.bytes).unwrap();
        assert!(words.contains("clause 1") && !words.contains("clause 0"), "{words}");
        scene.verified();
    }
}
