//! Credit notes made by hand and invoices written off, as finance does both and the partner sees it.
use perennial::{
    domain::{Money, Role},
    id,
    services::revenue::payments::{self, NewPayment},
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

impl Scene {
    fn invoice(&self, customer: &str, nth: usize) -> id::InvoiceId {
        let ids = self.app.ask(&format!(
            "SELECT i.id AS value FROM invoices i JOIN customers c ON c.id = i.customer_id
             WHERE c.external_id = '{customer}' ORDER BY i.id"
        ));
        crate::harness::spelled(ids[nth].parse().unwrap())
    }
    fn ask(&self, sql: &str) -> Vec<String> {
        self.app.ask(sql)
    }
}

async fn typed(who: &Visitor, invoice: id::InvoiceId, with: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("/meridian/invoices/{invoice}/credit-note"))
        .await
        .expect(200);
    let mut form = page
        .form("main form[method=post]")
        .with("reason", "billing_error")
        .with("note", "Two seats were billed that nobody had");
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

async fn issued(who: &Visitor, preview: &Page) {
    let form = preview.form("main form[method=post]");
    who.submit(&form).await.expect(303);
    // Sent twice, it is issued once.
    who.submit(&form).await.expect(303);
}

const NOTES: &str = "SELECT count(*) AS value FROM credit_notes";

on_both! {
    async fn what_is_due_shrinks_and_the_commission_stays(scene: Scene) {
        let finance = scene.finance().await;
        let clinic = scene.invoice("C-4", 0);
        for (wrong, said) in [
            (vec![("line_1", "1200.01")], "EUR 1,200.00 can be credited here."),
            (vec![("line_1", "-5")], "above zero"),
            (vec![("line_1", "0.001")], "decimal"),
            (vec![], "Give what is credited."),
            (vec![("line_1", "5"), ("note", " ")], "the partner read it"),
            (vec![("line_1", "5"), ("reason", "change of mind")], "not one of the choices"),
            (vec![("line_1", "900"), ("disposition", "credit")], "EUR 1,000.00 can be given back"),
        ] {
            let refused = typed(&finance, clinic, &wrong).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let before = scene.ask("SELECT sum(amount_minor) AS value FROM commission_entries");
        let preview = typed(&finance, clinic, &[("line_1", "200")]).await.expect(200);
        for said in [
            "A credit note of EUR 238.00 with tax is issued: EUR 238.00 comes off what is due.",
            "The commission of Contoso stays as it is.",
            "EUR 190.00 of the invoice is still due.",
        ] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        assert_eq!(scene.ask(NOTES), ["0"]);
        issued(&finance, &preview).await;
        assert_eq!(scene.ask(NOTES), ["1"]);
        assert_eq!(scene.ask("SELECT sum(amount_minor) AS value FROM commission_entries"), before);
        let page = finance.get(&format!("/meridian/invoices/{clinic}")).await.expect(200);
        for said in ["Billed by mistake: Two seats were billed that nobody had", "238.00 comes off what is due", "190.00"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }

        // All of it to the customer's credit: what the partner earned on that money goes back.
        let preview = typed(&finance, clinic, &[("line_1", "100"), ("disposition", "credit")]).await.expect(200);
        for said in ["EUR 119.00 becomes the customer’s credit", "Commission of Contoso: EUR −15.00."] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        issued(&finance, &preview).await;
        scene.verified();

        let theirs = scene.partner("contoso", Role::PartnerFinance).await;
        let page = theirs.get(&format!("/meridian/p/contoso/invoices/{clinic}")).await.expect(200);
        assert!(page.words().contains("Two seats were billed that nobody had"), "{}", page.words());
        assert!(!page.words().contains("Make a credit note") && !page.words().contains("Write off"));
        // Both sides have it in their registers; a stranger to it has not.
        let number = scene.ask("SELECT number AS value FROM credit_notes ORDER BY id");
        let row = format!("{},2026-12-01,Clinic am Park,Contoso,Clinic am Park,", number[0]);
        for (who, base, sees) in [
            (&finance, "/meridian", true),
            (&theirs, "/meridian/p/contoso", true),
            (&scene.partner("northwind", Role::PartnerFinance).await, "/meridian/p/northwind", false),
        ] {
            let page = who.get(&format!("{base}/credit-notes")).await.expect(200);
            assert_eq!(page.words().contains("119.00 becomes the customer’s credit"), sees, "{}", page.words());
            let file = who.get(&format!("{base}/credit-notes.csv")).await.expect(200);
            assert_eq!(file.text().contains(&row), sees, "{row}: {}", file.text());
            assert_eq!(file.text().contains(",EUR,100.00,19.00,119.00,0.00,119.00,0.00"), sees, "{}", file.text());
        }
        for (asked, rows) in [("customer=clinic", 2), ("customer=bakery", 0), ("partner=contoso", 2), ("month=2026-12", 2), ("month=2026-11", 0)] {
            let page = finance.get(&format!("/meridian/credit-notes?{asked}")).await.expect(200);
            assert_eq!(page.select("tbody tr").len(), rows, "{asked}: {}", page.words());
        }
        let ledger = theirs.get("/meridian/p/contoso/ledger?kind=reversal").await.expect(200);
        assert!(ledger.words().contains("−15.00"), "{}", ledger.words());
        let manager = scene.app.staff_of("meridian", Role::ChannelManager).await;
        manager.get(&format!("/meridian/invoices/{clinic}/credit-note")).await.expect(403);
        manager.get(&format!("/meridian/invoices/{clinic}/write-off")).await.expect(403);
    }

    async fn what_is_paid_back_may_leave_the_partner_its_commission(scene: Scene) {
        let finance = scene.finance().await;
        let bakery = scene.invoice("C-2", 0);
        let with = [
            ("line_1", "8.40"),
            ("disposition", "due_then_refund"),
            ("commission", "protect_partner"),
            ("reason", "service_level"),
        ];
        let preview = typed(&finance, bakery, &with).await.expect(200);
        for said in ["EUR 10.00 is paid back", "The commission of Northwind stays as it is."] {
            assert!(preview.words().contains(said), "{said}: {}", preview.words());
        }
        issued(&finance, &preview).await;
        let refund = "SELECT r.external_id || ' ' || r.amount_minor || ' ' || p.external_id AS value
            FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.amount_minor = 1000";
        assert_eq!(scene.ask(refund), ["MER-CN-2026-000001 1000 P-2"]);
        let page = finance.get(&format!("/meridian/invoices/{bakery}")).await.expect(200);
        for said in ["10.00 is paid back", "The commission stays as it was.", "16.80"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        // What is credited once is not credited again.
        let rest = typed(&finance, bakery, &[("line_1", "75.61")]).await.expect(422);
        assert!(rest.words().contains("EUR 75.60 can be credited here."), "{}", rest.words());
        scene.verified();
    }

    async fn what_is_issued_is_what_was_shown(scene: Scene) {
        let (finance, other) = (scene.finance().await, scene.finance().await);
        let clinic = scene.invoice("C-4", 0);
        let shown = typed(&finance, clinic, &[("line_1", "200")]).await.expect(200);
        let first = typed(&other, clinic, &[("line_1", "100")]).await.expect(200);
        issued(&other, &first).await;
        // EUR 309.00 is due now, and no longer 428.00.
        let again = finance.submit(&shown.form("main form[method=post]")).await.expect(409);
        for said in ["This invoice changed in the meantime. Nothing was issued.", "EUR 71.00 of the invoice is still due."] {
            assert!(again.words().contains(said), "{said}: {}", again.words());
        }
        assert_eq!(scene.ask(NOTES), ["1"]);
        issued(&finance, &again).await;
        assert_eq!(scene.ask(NOTES), ["2"]);

        // The same of an invoice that is written off.
        let path = format!("/meridian/invoices/{clinic}/write-off");
        let form = finance.get(&path).await.expect(200).form("main form[method=post]").with("reason", "Insolvent");
        let third = typed(&other, clinic, &[("line_1", "10")]).await.expect(200);
        issued(&other, &third).await;
        let again = finance.submit(&form).await.expect(409);
        for said in ["This invoice changed in the meantime. Nothing was written off.", "EUR 59.10 of"] {
            assert!(again.words().contains(said), "{said}: {}", again.words());
        }
        let again = again.form("main form[method=post]");
        assert_eq!(again.value("reason"), "Insolvent");
        finance.submit(&again).await.expect(303);
        scene.verified();
    }

    async fn an_invoice_is_written_off_and_paid_after_all(scene: Scene) {
        let finance = scene.finance().await;
        let freight = scene.invoice("C-5", 1);
        let path = format!("/meridian/invoices/{freight}/write-off");
        let page = finance.get(&path).await.expect(200);
        let form = page.form("main form[method=post]");
        let refused = finance.submit(&form.clone().with("reason", " ")).await.expect(422);
        assert!(refused.words().contains("Say why it will not be paid."), "{}", refused.words());
        let entries = scene.ask("SELECT count(*) AS value FROM commission_entries");
        let form = form.with("reason", "The customer is insolvent");
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        finance.post(&path, &[("reason", "Again"), ("form_id", "0123456789abcdef0")]).await.expect(409);
        assert_eq!(scene.ask("SELECT count(*) AS value FROM commission_entries"), entries);
        let record = finance.get(&format!("/meridian/invoices/{freight}")).await.expect(200);
        for said in ["Written off", "The customer is insolvent", "of which EUR 375.00 was written off"] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        let list = finance.get("/meridian/invoices?status=uncollectible").await.expect(200);
        assert_eq!(list.select("tbody tr").len(), 1, "{}", list.words());
        let list = finance.get("/meridian/invoices?status=overdue&customer=freight").await.expect(200);
        assert!(list.select("tbody tr").is_empty(), "{}", list.words());
        scene.verified();

        // Money that does not name it goes elsewhere; money that does is taken.
        let number = scene.ask(&format!("SELECT number AS value FROM invoices WHERE id = {}", freight.number()));
        for (name, invoice_number, minor) in [("P-20", None, 37_500), ("P-21", Some(number[0].clone()), 37_500)] {
            let customer = scene.write(|tx| perennial::store::registers::payments::customer_by_external_id(tx, "C-5"));
            let new = NewPayment {
                external_id: name.into(),
                received_on: "2026-12-01".parse().unwrap(),
                amount: Money::new(minor, "EUR".parse().unwrap()),
                invoice_number,
                customer,
            };
            scene.write(|tx| payments::receive(tx, &new));
        }
        let status = format!("SELECT status AS value FROM invoices WHERE id = {}", freight.number());
        assert_eq!(scene.ask(&status), ["paid"]);
        scene.verified();
    }
}
