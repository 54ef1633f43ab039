//! Tax rates of countries, reverse charge and exemption: set by the vendor, fixed on each invoice.
use perennial::{domain::Role, id, services::revenue::billing};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

async fn rate(who: &Visitor, country: &str, percent: &str, from: &str) -> Page {
    let page = who.get("/meridian/settings/tax-rates").await.expect(200);
    let form = page
        .form("main form[method=post]")
        .with("country", country)
        .with("name", "MwSt.")
        .with("rate", percent)
        .with("from", from);
    who.submit(&form).await
}

async fn taxed(who: &Visitor, customer: id::CustomerId, with: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("/meridian/customers/{customer}/edit"))
        .await
        .expect(200);
    let mut form = page.form("main form[method=post]");
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

impl Scene {
    fn customer(&self, name: &str) -> id::CustomerId {
        self.spelled_id(&format!(
            "SELECT id AS value FROM customers WHERE external_id = '{name}'"
        ))
    }
    fn billed(&self, customer: &str, on: &str) -> id::InvoiceId {
        self.spelled_id(&format!(
            "SELECT i.id AS value FROM invoices i JOIN customers c ON c.id = i.customer_id
             WHERE c.external_id = '{customer}' AND i.issued_on = '{on}'"
        ))
    }
    fn tax(&self, customer: &str, on: &str) -> String {
        let id = self.billed(customer, on).number();
        self.app.ask(&format!("SELECT CAST(tax_bps AS TEXT) || ' ' || CAST(tax_minor AS TEXT) AS value FROM invoices WHERE id = {id}")).concat()
    }
}

on_both! {
    async fn an_invoice_has_the_rate_of_its_day(scene: Scene) {
        let owner = scene.owner().await;
        let bakery = scene.customer("C-2");
        let early = taxed(&owner, bakery, &[("tax_category", "standard")]).await.expect(422);
        assert!(early.words().contains("No tax rate of DE is set"), "{}", early.words());
        rate(&owner, "DE", "19", "2021-01-01").await.expect(303);
        rate(&owner, "DE", "20", "2027-01-01").await.expect(303);
        // Not begun yet, it may be set anew; twice is once.
        rate(&owner, "DE", "21", "2027-01-01").await.expect(303);
        rate(&owner, "DE", "21", "2027-01-01").await.expect(303);
        let set = "SELECT summary AS value FROM audit_events WHERE action = 'tax_rate.set' ORDER BY id";
        assert_eq!(scene.app.ask(set).len(), 3, "{:?}", scene.app.ask(set));
        for (country, percent, from, said) in [
            ("DE", "22", "2026-12-15", "give a later day"),
            ("DE", "101", "2027-06-01", "100"),
            ("DE", "0", "2027-06-01", "Give more than 0."),
            ("", "19", "2027-06-01", "two letters"),
            ("D", "19", "2027-06-01", "two letters"),
            ("DE", "19", "soon", "Give"),
        ] {
            let refused = rate(&owner, country, percent, from).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let list = owner.get("/meridian/settings/tax-rates").await.expect(200);
        for said in ["31 Dec 2026", "further notice", "21"] {
            assert!(list.words().contains(said), "{said}: {}", list.words());
        }
        taxed(&owner, bakery, &[("tax_category", "standard")]).await.expect(303);

        // The preview has the rate of its day, by the rule of the run.
        scene.write(|tx| billing::bill_due(tx, "2026-12-01".parse().unwrap()));
        let sold: id::SubscriptionId = scene.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-2'");
        let page = owner.get(&format!("/meridian/subscriptions/{sold}")).await.expect(200);
        for said in ["MwSt., 21", "17.64", "101.64"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        assert_eq!(scene.tax("C-2", "2026-12-01"), "1900 1596");
        assert_eq!(scene.tax("C-2", "2027-01-01"), "2100 1764");
        // A credit takes its tax from what was charged, whatever the rate is today.
        let invoice = scene.billed("C-2", "2026-12-01");
        let finance = scene.finance().await;
        let form = finance.get(&format!("/meridian/invoices/{invoice}/credit-note")).await.expect(200);
        let form = form.form("main form[method=post]").with("line_1", "10").with("reason", "goodwill").with("note", "Late");
        let preview = finance.submit(&form).await.expect(200);
        assert!(preview.words().contains("A credit note of EUR 11.90 with tax"), "{}", preview.words());
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get("/meridian/settings/tax-rates").await.expect(403);
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn reverse_charge_and_exemption_say_why_there_is_no_tax(scene: Scene) {
        let owner = scene.owner().await;
        let adler = scene.customer("C-1");
        for (vat_id, said) in [("", "Reverse charge needs the VAT id."), ("123", "such as DE123456789")] {
            let refused = taxed(&owner, adler, &[("tax_category", "reverse_charge"), ("vat_id", vat_id)]).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        taxed(&owner, adler, &[("tax_category", "reverse_charge"), ("vat_id", "de 123 456 789")]).await.expect(303);
        taxed(&owner, scene.customer("C-6"), &[("tax_category", "exempt")]).await.expect(303);
        let record = owner.get(&format!("/meridian/customers/{adler}")).await.expect(200);
        assert!(record.words().contains("Reverse charge, VAT id DE123456789"), "{}", record.words());
        scene.write(|tx| billing::bill_due(tx, "2026-12-01".parse().unwrap()));
        assert_eq!(scene.tax("C-1", "2026-12-01"), "0 0");
        assert_eq!(scene.tax("C-6", "2026-12-01"), "0 0");
        assert_eq!(scene.tax("C-2", "2026-12-01"), "1900 1596");
        let theirs = scene.partner("northwind", Role::PartnerFinance).await;
        let invoice = scene.billed("C-1", "2026-12-01");
        let page = theirs.get(&format!("/meridian/p/northwind/invoices/{invoice}")).await.expect(200);
        let said = "Reverse charge: the tax is owed by the recipient, VAT id DE123456789.";
        assert!(page.words().contains(said), "{}", page.words());
        // The next bill is told alike on both sides, and the file says what the page says.
        let sold: id::SubscriptionId = scene.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'");
        let file = theirs.get("/meridian/p/northwind/invoices.csv").await.expect(200);
        let ours = owner.get(&format!("/meridian/subscriptions/{sold}")).await.expect(200);
        let next = theirs.get(&format!("/meridian/p/northwind/subscriptions/{sold}")).await.expect(200);
        for words in [file.text(), ours.words(), next.words()] {
            assert!(words.contains(said), "{words}");
        }
        let customers = owner.get("/meridian/customers.csv").await.expect(200);
        assert!(customers.text().contains("reverse_charge,DE123456789"), "{}", customers.text());
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }
}
