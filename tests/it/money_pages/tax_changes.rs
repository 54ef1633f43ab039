//! Seats added after the payer's tax has changed: what is given back keeps the tax it was charged.
use perennial::services::revenue::billing;

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

async fn taxed(scene: &Scene, who: &Visitor, customer: &str, with: &[(&str, &str)]) {
    let sql = format!("SELECT id AS value FROM customers WHERE external_id = '{customer}'");
    let id = scene.spelled_id::<perennial::id::Customer>(&sql);
    let page = who.get(&format!("/meridian/customers/{id}/edit")).await;
    let mut form = page.expect(200).form("main form[method=post]");
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await.expect(303);
}

fn sold(scene: &Scene, external: &str) -> String {
    let sql = format!("SELECT id AS value FROM subscriptions WHERE external_id = '{external}'");
    let id = scene.spelled_id::<perennial::id::Subscription>(&sql);
    format!("/meridian/subscriptions/{id}")
}

/// Changes seats from today on; gives what was shown before it was confirmed.
async fn seats(who: &Visitor, sold: &str, (many, on): (&str, &str)) -> Page {
    let form = who.get(&format!("{sold}/quantity")).await.expect(200);
    let form = form.form("main form[method=post]").with("quantity", many);
    let form = form.with("effective_on", on).with("reason", "Grows");
    let told = who.submit(&form).await.expect(200);
    let confirm = told.form("main form[method=post]");
    who.submit(&confirm).await.expect(303);
    told
}

impl Scene {
    /// The lines of a subscription's newest invoice: kind and net; then its rate, tax and total.
    fn newest(&self, external: &str) -> Vec<String> {
        let of = format!(
            "FROM invoices i WHERE i.id = (SELECT MAX(i.id) FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.external_id = '{external}')"
        );
        let lines = format!(
            "SELECT l.kind || ' ' || CAST(l.net_minor AS TEXT) AS value FROM invoice_lines l WHERE l.invoice_id = (SELECT i.id {of}) ORDER BY l.line_no"
        );
        let sums = format!(
            "SELECT CAST(i.tax_bps AS TEXT) || ' ' || CAST(i.tax_minor AS TEXT) || ' ' || CAST(i.total_minor AS TEXT) AS value {of}"
        );
        [self.app.ask(&lines), self.app.ask(&sums)].concat()
    }
    /// Net, tax, what it took off what was due, and what became credit, of each credit note.
    pub(super) fn notes(&self, external: &str) -> Vec<String> {
        self.app.ask(&format!(
            "SELECT CAST(n.net_minor AS TEXT) || ' ' || CAST(n.tax_minor AS TEXT) || ' ' || CAST(n.reduces_due_minor AS TEXT) || ' ' || CAST(n.customer_credit_minor AS TEXT) AS value
             FROM credit_notes n JOIN subscriptions s ON s.id = n.subscription_id WHERE s.external_id = '{external}' ORDER BY n.id"
        ))
    }
}

on_both! {
    async fn seats_given_back_keep_the_tax_they_were_charged(scene: Scene) {
        scene.write(|tx| billing::bill_due(tx, "2026-12-01".parse().unwrap()));
        let owner = scene.owner().await;
        let bakery = sold(&scene, "S-2");
        taxed(&scene, &owner, "C-2", &[("tax", "25")]).await;
        scene.app.now_is("2026-12-11T09:00:00Z");
        let owner = scene.owner().await;
        // 21 of 31 days: 84.00 at 19 % give 56.90 and 10.81 of 15.96 back; 120.00 are 81.29 at 25 %.
        let told = seats(&owner, &bakery, ("10", "2026-12-11")).await.words();
        assert_eq!(scene.newest("S-2"), ["proration_charge 8129", "2500 2032 10161"]);
        // 49.92 were still due for December; what had been paid of it pays the new invoice in part.
        assert_eq!(scene.notes("S-2"), ["5690 1081 4992 1779"]);
        for said in ["101.61", "67.71"] {
            assert!(told.contains(said), "{said}: {told}");
        }
        let invoice = scene.spelled_id::<perennial::id::Invoice>("SELECT MAX(id) AS value FROM invoices");
        let page = owner.get(&format!("/meridian/invoices/{invoice}")).await.expect(200).words();
        for said in ["10 from 11 Dec 2026; 7 are credited apart, at the tax they were charged", "25 %", "20.32", "17.79"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let charged = scene.spelled_id::<perennial::id::Invoice>("SELECT MAX(invoice_id) AS value FROM credit_note_lines");
        let page = owner.get(&format!("/meridian/invoices/{charged}")).await.expect(200).words();
        for said in ["19 %", "67.71"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        scene.verified();

        // Taxed alike again, both stand on one invoice: 11 of 21 days of 81.29, and of 31 of 144.00.
        scene.app.now_is("2026-12-21T09:00:00Z");
        let owner = scene.owner().await;
        seats(&owner, &bakery, ("12", "2026-12-21")).await;
        assert_eq!(scene.newest("S-2"), ["proration_credit -4258", "proration_charge 5110", "2500 213 1065"]);
        assert_eq!(scene.notes("S-2").len(), 1);
        scene.verified();
        // It ends: six of eleven days of 51.10 go back, to the two invoices at 25 % that charged it.
        scene.app.now_is("2026-12-26T09:00:00Z");
        let owner = scene.owner().await;
        let form = owner.get(&format!("{bakery}/cancellation")).await.expect(200).form("main form[method=post]");
        let told = owner.submit(&form.with("when", "now").with("effective_on", "2026-12-26").with("reason", "Closes")).await.expect(200);
        owner.submit(&told.form("main form[method=post]")).await.expect(303);
        let last = scene.notes("S-2").pop().unwrap();
        assert!(last.starts_with("2787 697 "), "{last}");
        scene.verified();
    }

    async fn under_reverse_charge_nothing_is_charged_and_what_was_charged_goes_back(scene: Scene) {
        scene.write(|tx| billing::bill_due(tx, "2026-12-01".parse().unwrap()));
        let owner = scene.owner().await;
        let hotel = sold(&scene, "S-1");
        let reverse = [("tax_category", "reverse_charge"), ("vat_id", "DE123456789")];
        taxed(&scene, &owner, "C-1", &reverse).await;
        scene.app.now_is("2026-12-11T09:00:00Z");
        let owner = scene.owner().await;
        // Fewer seats are a part of what was charged, as it was charged: 60.00 for 21 days.
        seats(&owner, &hotel, ("35", "2026-12-11")).await;
        let less = scene.notes("S-1").pop().unwrap();
        assert!(less.starts_with("4064 772 "), "{less}");
        // More of them: 284.52 of what is left of 480.00 with their tax back, 600.00 for 21 days without any.
        seats(&owner, &hotel, ("50", "2026-12-11")).await;
        assert_eq!(scene.newest("S-1"), ["proration_charge 40645", "0 0 40645"]);
        let more = scene.notes("S-1").pop().unwrap();
        assert!(more.starts_with("28452 5406 "), "{more}");
        let page = owner.get(&hotel).await.expect(200);
        assert!(page.words().contains("50"), "{}", page.words());
        scene.verified();
    }
}
