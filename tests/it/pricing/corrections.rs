//! Usage that was billed and is corrected: it goes back by credit note, at the tax and on the
//! commission of the lines that charged it.
use perennial::{
    domain::Money,
    services::revenue::{
        payments::{self, NewPayment},
        subscriptions,
    },
};

use super::shop::Shop;
use crate::on_both;

const HEAD: &str = "external_id,subscription,meter,occurred_at,value\r\n";

const CALLS: [(&str, &str); 7] = [
    ("price-1-label", "Platform"),
    ("price-1-kind", "flat"),
    ("price-1", "10.00"),
    ("price-2-label", "Calls"),
    ("price-2-kind", "usage"),
    ("price-2", "0.01"),
    ("price-2-meter", "api-calls"),
];

impl Shop {
    async fn taxed(&self, percent: &str) {
        let page = self.page(&format!("{}/edit", self.customer)).await;
        let form = page.form("main form[method=post]").with("tax", percent);
        self.owner.submit(&form).await.expect(303);
    }

    fn pay(&self, (external, on): (&str, &str), minor: i64, invoice: &str) {
        let paid = NewPayment {
            external_id: external.to_owned(),
            received_on: on.parse().unwrap(),
            amount: Money::new(minor, "EUR".parse().unwrap()),
            invoice_number: Some(invoice.to_owned()),
            customer: None,
        };
        self.write(|tx| payments::receive(tx, &paid));
    }

    /// Net, tax, what it took off what was due, and what became credit, of each credit note.
    fn notes_made(&self) -> Vec<String> {
        self.app.ask(
            "SELECT net_minor || ' ' || tax_minor || ' ' || reduces_due_minor || ' ' || customer_credit_minor AS value
               FROM credit_notes ORDER BY id",
        )
    }

    fn commission(&self) -> String {
        let sum = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) AS value FROM commission_entries";
        self.app.ask(sum).concat()
    }

    fn newest_number(&self) -> String {
        let sql = "SELECT number AS value FROM invoices ORDER BY id DESC LIMIT 1";
        self.app.ask(sql).concat()
    }
}

on_both! {
    async fn what_was_billed_and_not_used_goes_back_at_its_own_tax_also_after_the_end(shop: Shop) {
        shop.pays_a_fifth();
        shop.plan("CALLS-M", &CALLS).await;
        let sold = shop.sell_with("CALLS-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        shop.bring(&format!("{HEAD}e1,S-1,api-calls,2026-11-02T10:00:00Z,2670\r\n")).await;
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["1000", "1000", "2670"]);
        // 36.70 and 6.97 of tax, of which a fifth of the net is earned.
        shop.pay(("P-1", "2026-12-01"), 4_367, &shop.newest_number());
        assert_eq!(shop.commission(), "734");
        let shop = shop.at("2026-12-04T09:00:00Z").await;

        let form = shop.page(&format!("{sold}/cancellation")).await.form("form[action$='/cancellation']");
        let form = form.with("when", "period_end").with("reason", "Done.");
        let confirm = shop.owner.submit(&form).await.form("form[action$='/cancellation']");
        shop.owner.submit(&confirm).await.expect(303);
        shop.taxed("25").await;
        // Never used after all: more than whatever is still to be billed.
        shop.bring(&format!("{HEAD}e2,S-1,api-calls,2026-11-30T10:00:00Z,-2670\r\ne3,S-1,api-calls,2026-12-03T10:00:00Z,100\r\n")).await;
        let page = shop.page(&sold).await.words();
        for said in [
            "Given back with it by credit note, with the tax it was charged with",
            "Calls, 0 api-calls in all, after late reports",
            "−26.70",
            "Calls, 100 api-calls so far",
            "1.25",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        let ended = shop.write(|tx| subscriptions::end_due(tx, "2027-01-01".parse().unwrap(), 100));
        assert_eq!(ended, 1);
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[3..], ["100"]);
        assert_eq!(shop.given_back(), ["2670 on Vault, CALLS-M: Calls, 2,670 api-calls"]);
        // 19 % of 26.70, not 25 %; it had been paid, so it is the customer's, who pays 1.25 with it.
        assert_eq!(shop.notes_made(), ["2670 507 0 3177"]);
        assert_eq!(shop.app.ask("SELECT remaining_minor AS value FROM customer_credits"), ["3052"]);
        // What is left earns: a fifth of 10.00 and of 1.00.
        assert_eq!(shop.commission(), "220");
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM usage_events WHERE NOT settled"), ["0"]);
        let billed = "SELECT billed_minor AS value FROM usage_charges ORDER BY period_index";
        assert_eq!(shop.app.ask(billed), ["0", "100"]);
        let log = shop.app.ask("SELECT summary AS value FROM audit_events WHERE action = 'credit_note.issued'");
        assert!(log.concat().contains("31.77: Less was used than was billed, as later reports show"), "{log:?}");
        shop.verify();
    }

    async fn what_is_still_due_shrinks_and_what_was_credited_by_hand_stays_credited_once(shop: Shop) {
        shop.plan("CALLS-M", &CALLS).await;
        shop.sell_with("CALLS-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        shop.bring(&format!("{HEAD}e1,S-1,api-calls,2026-11-02T10:00:00Z,1000\r\n")).await;
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bill("2026-12-01");
        let used = shop.app.ask("SELECT invoice_id AS value FROM invoice_lines WHERE kind = 'usage'");
        let used = crate::harness::spelled::<perennial::id::Invoice>(used[0].parse().unwrap());
        let form = shop.page(&format!("/meridian/invoices/{used}/credit-note")).await.form("form[action$='/credit-note']");
        let form = form.with("line_2", "7.00").with("reason", "goodwill").with("note", "Sorry.");
        let sent = shop.owner.submit(&form).await;
        if sent.status == 200 {
            shop.owner.submit(&sent.form("form[action$='/credit-note']")).await.expect(303);
        }
        assert_eq!(shop.notes_made(), ["700 133 833 0"]);
        // 5.00 too much, of which 3.00 are left to give back.
        shop.bring(&format!("{HEAD}e2,S-1,api-calls,2026-11-30T10:00:00Z,-500\r\n")).await;
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.notes_made(), ["700 133 833 0", "300 57 357 0"]);
        shop.verify();
        // Nothing is given back twice.
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.notes_made().len(), 2);
        assert_eq!(shop.nets()[3..], ["1000", "1000"]);
        let page = shop.page(&format!("/meridian/invoices/{used}")).await.words();
        assert!(page.contains("Less was used than was billed, as later reports show"), "{page}");
        shop.verify();
    }
}
