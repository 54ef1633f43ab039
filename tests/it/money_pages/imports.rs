//! Files about money: what they would write is shown, then written or withdrawn.
use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Upload, Visitor},
};

const APPLY: &str = "form[action*='/imports/']:not([action$='/withdrawal'])";
const WITHDRAW: &str = "form[action$='/withdrawal']";
const SOLD: &str = "external_id,customer,plan,quantity,starts_on\r\nS-9,C-6,seats,2,2026-12-01\r\n";

async fn uploaded(who: &Visitor, kind: &str, text: &str) -> Page {
    let file = Upload {
        field: "file",
        name: "file.csv",
        content_type: "text/csv",
        bytes: text.as_bytes(),
    };
    let sent = who
        .post_file("/meridian/imports", &[("kind", kind)], file)
        .await
        .expect(303);
    who.follow(&sent).await.expect(200)
}

fn one(scene: &Scene, sql: &str) -> i64 {
    scene.app.ask(sql)[0].parse().unwrap()
}

fn invoices(scene: &Scene) -> i64 {
    one(scene, "SELECT COUNT(*) AS value FROM invoices")
}

fn earned(scene: &Scene) -> i64 {
    let sql = "SELECT CAST(SUM(amount_minor) AS BIGINT) AS value FROM commission_entries WHERE currency = 'EUR'";
    one(scene, sql)
}

on_both! {
    async fn what_a_file_would_write_is_shown_and_then_written(scene: Scene) {
        let (owner, before) = (scene.owner().await, invoices(&scene));
        let page = uploaded(&owner, "subscriptions", SOLD).await;
        // Two seats at EUR 12.00 and 19 % on top.
        assert!(page.words().contains("Issued1 invoice, EUR 28.56"), "{}", page.words());
        assert!(page.words().contains("RecordedNone"), "{}", page.words());
        assert_eq!(invoices(&scene), before, "only rehearsed");
        owner.submit(&page.form(APPLY)).await.expect(303);
        assert_eq!(invoices(&scene), before + 1);

        let was = earned(&scene);
        let paid = "external_id,received_on,amount,currency,invoice_number,customer\r\nP-20,2026-12-01,14.28,EUR,,C-6\r\n";
        let page = uploaded(&owner, "payments", paid).await;
        // The oldest invoice is November's one seat: 12.5 % of EUR 12.00.
        let words = page.words();
        assert!(words.contains("Recorded1 payment, EUR 14.28"), "{words}");
        assert!(words.contains("Earned1 entry, EUR 1.50"), "{words}");
        assert_eq!(earned(&scene), was, "only rehearsed");
        owner.submit(&page.form(APPLY)).await.expect(303);
        assert_eq!(earned(&scene), was + 150);
        scene.verified();
    }

    async fn more_than_one_of_a_plan_without_a_price_by_quantity_is_refused_in_its_row(scene: Scene) {
        let (owner, before) = (scene.owner().await, invoices(&scene));
        let rows = "S-8,C-6,seats,2,2026-12-01\r\nS-9,C-6,yearly,2,2026-12-01\r\nS-10,C-6,yearly,1,2026-12-01\r\n";
        let page = uploaded(&owner, "subscriptions", &format!("external_id,customer,plan,quantity,starts_on\r\n{rows}")).await;
        let words = page.words();
        assert!(words.contains("Nothing was brought in: 1 problem in 3 rows."), "{words}");
        assert!(words.contains("No price of this plan goes by quantity: give 1."), "{words}");
        // What is on record and says one is left as it is.
        let page = uploaded(&owner, "subscriptions", "external_id,customer,plan,quantity,starts_on\r\nS-4,C-4,yearly,1,2026-10-01\r\n").await;
        assert!(page.words().contains("leave 1 as it is"), "{}", page.words());
        assert_eq!(invoices(&scene), before);
    }

    async fn what_would_be_refused_is_told_at_once(scene: Scene) {
        let finance = scene.finance().await;
        let paid = "external_id,received_on,amount,currency,invoice_number,customer\r\nP-20,2026-12-01,14.28,EUR,,C-6\r\n";
        let page = uploaded(&finance, "payments", paid).await;
        let other = uploaded(&finance, "payments", paid).await;
        finance.submit(&other.form(APPLY)).await.expect(303);
        let at = page.form(APPLY).action;
        let again = finance.get(&at).await.expect(200);
        assert!(again.words().contains("Records have changed since this file was checked."), "{}", again.words());
        assert!(again.select(APPLY).is_empty(), "it cannot be applied");
    }

    async fn a_withdrawn_file_is_gone(scene: Scene) {
        let (owner, before) = (scene.owner().await, invoices(&scene));
        let page = uploaded(&owner, "subscriptions", SOLD).await;
        let finance = scene.finance().await;
        finance.submit(&page.form(WITHDRAW)).await.expect(403);
        for _ in 0..2 {
            let gone = owner.submit(&page.form(WITHDRAW)).await.expect(303);
            let gone = owner.follow(&gone).await.expect(200);
            assert!(gone.words().contains("withdrawn before it was applied"), "{}", gone.words());
            assert!(gone.select("main form").is_empty());
        }
        owner.submit(&page.form(APPLY)).await.expect(409);
        assert_eq!(invoices(&scene), before);
        let kept = "SELECT COUNT(*) AS value FROM import_files WHERE content <> ''";
        assert_eq!(one(&scene, kept), 0, "its text is forgotten");
        let noted = "SELECT COUNT(*) AS value FROM audit_events WHERE action = 'import.withdrawn'";
        assert_eq!(one(&scene, noted), 1);
    }
}
