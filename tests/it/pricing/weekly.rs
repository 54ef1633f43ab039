//! Plans billed by the week and by the half-year: their invoices, and what a change inside a week
//! gives back and charges.
use super::shop::{Shop, problems};
use crate::on_both;

const SEAT: [(&str, &str); 3] = [
    ("price-1-label", "Machines"),
    ("price-1-kind", "per_seat"),
    ("price-1", "10.00"),
];

impl Shop {
    /// Each line's first day and what it charges, in order.
    fn charged(&self) -> Vec<String> {
        self.app.ask(
            "SELECT CAST(service_from AS TEXT) || ' ' || CAST(net_minor AS TEXT) AS value
             FROM invoice_lines ORDER BY service_from, invoice_id, line_no",
        )
    }

    fn mrr(&self) -> Vec<String> {
        self.app.ask("SELECT mrr_minor AS value FROM subscriptions")
    }
}

on_both! {
    async fn a_week_is_billed_every_seven_days_and_prorated_by_its_days(shop: Shop) {
        let weekly = [&SEAT[..], &[("interval", "0"), ("term_months", "1"), ("notice_days", "7")]].concat();
        let refused = shop.try_plan("MACH-W", &[&weekly[..], &[("anchor_day", "5")]].concat()).await.expect(422);
        assert_eq!(problems(&refused), ["#anchor_day"]);
        shop.plan("MACH-W", &weekly).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("Billed weekly in advance") && page.contains("EUR 10.00 per seat and week"), "{page}");
        // From a Wednesday on: the days of the month wander, the day of the week stays.
        let sold = shop.sell("MACH-W", "3", "2026-11-04").await;
        assert_eq!(shop.charged(), ["2026-11-04 3000"]);
        let page = shop.page(&sold).await.words();
        for said in ["EUR 130.00 a month", "On 11 Nov 2026, as things stand", "11\u{2013}17 Nov 2026"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let shop = shop.at("2026-12-17T09:00:00Z").await;
        shop.bill("2026-12-17");
        let weeks = ["2026-11-04", "2026-11-11", "2026-11-18", "2026-11-25", "2026-12-02", "2026-12-09", "2026-12-16"];
        assert_eq!(shop.charged(), weeks.map(|day| format!("{day} 3000")));
        // Two more for the last six days of a week: 6/7 of 30.00 back, 6/7 of 50.00 charged.
        shop.step(&sold, "quantity", &[("quantity", "5"), ("effective_on", "2026-12-17"), ("reason", "Two more.")]).await;
        assert_eq!(shop.charged()[7..], ["2026-12-17 -2571", "2026-12-17 4286"]);
        assert_eq!(shop.mrr(), ["21667"]);
        let shop = shop.at("2026-12-31T09:00:00Z").await;
        shop.bill("2026-12-31");
        assert_eq!(shop.charged()[9..], ["2026-12-23 5000", "2026-12-30 5000"]);
        // Ends on the second day of a week: six of its seven are given back, with their tax.
        shop.step(&sold, "cancellation", &[("when", "now"), ("effective_on", "2026-12-31"), ("reason", "The fair is over.")]).await;
        assert_eq!(shop.app.ask("SELECT net_minor AS value FROM credit_notes"), ["4286"]);
        assert_eq!(shop.app.ask("SELECT tax_minor AS value FROM credit_notes"), ["814"]);
        assert_eq!(shop.mrr(), ["0"]);
        shop.verify();
    }

    async fn a_week_renews_with_the_first_one_that_starts_in_its_term(shop: Shop) {
        shop.plan("MACH-W", &[&SEAT[..], &[("interval", "0"), ("term_months", "1"), ("notice_days", "7")]].concat()).await;
        shop.sell("MACH-W", "1", "2026-11-04").await;
        let shop = shop.at("2027-01-08T09:00:00Z").await;
        shop.bill("2027-01-08");
        // The term of a month is over on 4 Dec and on 4 Jan.
        let phases = shop.app.ask("SELECT CAST(service_from AS TEXT) || ' ' || phase AS value FROM invoice_lines ORDER BY service_from");
        let phases: Vec<&str> = phases.iter().map(String::as_str).collect();
        assert_eq!(phases[..2], ["2026-11-04 first", "2026-11-11 recurring"]);
        assert_eq!(phases[4..6], ["2026-12-02 recurring", "2026-12-09 renewal"]);
        // The months ahead have each of their weeks.
        let today = "2027-01-08".parse().unwrap();
        let scope = shop.app.operator("meridian");
        shop.app.store.write_now(scope, |tx| perennial::services::revenue::forecast::renew(tx, today)).unwrap();
        let page = shop.page("/meridian/forecast").await.words();
        // February has four Wednesdays, March five; the term that ran on 1 Jan ended before the first.
        for said in ["January 2027 0.00 0.00 40.00", "February 2027 0.00 0.00 40.00", "March 2027 0.00 0.00 50.00"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        shop.verify();
    }

    async fn a_half_year_keeps_its_day(shop: Shop) {
        let half = [&SEAT[..], &[("interval", "6")]].concat();
        let refused = shop.try_plan("MACH-H", &[&half[..], &[("term_months", "9")]].concat()).await.expect(422);
        assert_eq!(problems(&refused), ["#term_months"]);
        assert!(refused.words().contains("whole half-years"), "{}", refused.words());
        shop.plan("MACH-H", &half).await;
        let sold = shop.sell("MACH-H", "60", "2026-08-31").await;
        let page = shop.page(&sold).await.words();
        for said in ["EUR 100.00 a month", "On 28 Feb 2027", "EUR 10.00 per seat and half-year"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let shop = shop.at("2027-08-31T09:00:00Z").await;
        shop.bill("2027-08-31");
        assert_eq!(shop.charged(), ["2026-08-31 60000", "2027-02-28 60000", "2027-08-31 60000"]);
        shop.verify();
    }
}
