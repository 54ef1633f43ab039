//! Plans whose parts of a period are charged by the second: changes and ends at a time of the day.
use super::shop::{Shop, last, problems};
use crate::on_both;

/// 10.00 a seat and month, by the second.
const SEAT: [(&str, &str); 4] = [
    ("price-1-label", "Seats"),
    ("price-1-kind", "per_seat"),
    ("price-1", "10.00"),
    ("proration", "second"),
];

impl Shop {
    async fn by_second(self, price: &str, now: &str) -> Self {
        self.plan("SEC-M", &[&SEAT[..], &[("price-1", price)]].concat())
            .await;
        self.at(now).await
    }

    /// What asking for a quantity from a time on is answered with.
    async fn asked(&self, sold: &str, quantity: &str, from: &str) -> crate::support::http::Page {
        let form = self.page(&format!("{sold}/quantity")).await;
        let form = form.form("form[action$='/quantity']");
        let form = form
            .with("quantity", quantity)
            .with("effective_on", from)
            .with("reason", "Asked for it.");
        self.owner.submit(&form).await
    }

    async fn changes(&self, sold: &str, quantity: &str, from: &str) {
        let fields = [
            ("quantity", quantity),
            ("effective_on", from),
            ("reason", "Asked for it."),
        ];
        self.step(sold, "quantity", &fields).await;
    }

    fn notes(&self) -> Vec<String> {
        self.app
            .ask("SELECT net_minor AS value FROM credit_notes ORDER BY id")
    }
}

on_both! {
    async fn a_plan_says_how_parts_of_a_period_are_charged(shop: Shop) {
        let minimum = shop.try_plan("SEC-M", &[&SEAT[..], &[("minimum", "50.00")]].concat()).await.expect(422);
        assert_eq!(problems(&minimum), ["#proration"]);
        assert!(minimum.words().contains("counted by whole days"), "{}", minimum.words());
        assert_eq!(minimum.form("form[action$='/plans']").value("proration"), "second");
        let usage = [("price-2-label", "Calls"), ("price-2-kind", "usage"), ("price-2", "0.10"), ("price-2-meter", "calls")];
        let usage = shop.try_plan("SEC-M", &[&SEAT[..], &usage].concat()).await.expect(422);
        assert_eq!(problems(&usage), ["#proration"]);
        let unknown = shop.try_plan("SEC-M", &[&SEAT[..3], &[("proration", "hour")]].concat()).await.expect(422);
        assert_eq!(problems(&unknown), ["#proration"]);
        shop.plan("SEC-M", &SEAT).await;
        let page = shop.page(&shop.offering).await;
        assert!(page.words().contains("Billed monthly in advance, parts of a month by the second"), "{}", page.words());
        // The next version takes it over, and its history says when that changes.
        let form = page.form("form[action$='/versions']");
        let edit = shop.owner.submit(&form).await.expect(303).location();
        let form = shop.page(&edit).await.form("form[action*='/plan-versions/']");
        assert_eq!(form.value("proration"), "second");
        shop.owner.submit(&form.with("proration", "day")).await.expect(303);
        assert_eq!(shop.app.ask("SELECT proration AS value FROM plan_versions ORDER BY version_no"), ["second", "day"]);
        let said = shop.app.ask("SELECT CAST(changes AS TEXT) AS value FROM audit_events");
        assert!(said.iter().any(|one| one.contains("parts of a period") && one.contains("by the second")), "{said:#?}");
    }

    async fn r01_an_upgrade_in_the_morning_counts_from_that_second(shop: Shop) {
        let shop = shop.by_second("10.00", "2027-06-16T09:00:00Z").await;
        let sold = shop.sell("SEC-M", "10", "2027-06-01").await;
        assert_eq!(shop.nets(), ["10000"]);
        // The form begins with now, as clocks show it.
        let form = shop.page(&format!("{sold}/quantity")).await.form("form[action$='/quantity']");
        assert_eq!(form.value("effective_on"), "2027-06-16T11:00");
        for (from, said) in [
            ("2027-06-16T11:01", "This time is still to come."),
            ("2027-06-17T00:00", "This day is still to come."),
            ("2027-05-31T23:59", "It starts on 1 Jun 2027."),
            ("2027-06-16T25:00", "Give a day and a time, such as 2026-10-31T09:30."),
            ("2027-06-16T10:59:60", "Give a day and a time, such as 2026-10-31T09:30."),
            ("soon", "Give a date as 2026-10-31."),
        ] {
            let refused = shop.asked(&sold, "16", from).await.expect(422);
            assert_eq!(problems(&refused), ["#effective_on"], "{from}");
            assert!(refused.words().contains(said), "{from}: {}", refused.words());
            assert_eq!(refused.form("form[action$='/quantity']").value("effective_on"), from);
        }
        // What it comes to is shown, and then billed: 29.21 and 19 % of it.
        let shown = shop.asked(&sold, "16", "2027-06-16T09:30").await.expect(200);
        assert!(shown.words().contains("An invoice of EUR 34.76 with tax is issued"), "{}", shown.words());
        let confirm = shown.form("form[action$='/quantity']");
        let done = shop.owner.submit(&confirm).await.expect(303).location();
        let again = shop.owner.submit(&confirm).await.expect(303).location();
        assert_eq!(done, again);
        assert_eq!(shop.nets(), ["10000", "-4868", "7789"]);
        let invoice = shop.newest_invoice().await.words();
        for said in ["16 from 16 Jun 2027, 09:30", "credit for 10 from 16 Jun 2027, 09:30", "34.76"] {
            assert!(invoice.contains(said), "{said}: {invoice}");
        }
        // The second of a day credits what the first one charged, not what it came to.
        let early = shop.asked(&sold, "20", "2027-06-16T09:29:59").await.expect(422);
        assert!(early.words().contains("It was last changed from 16 Jun 2027, 09:30 on."), "{}", early.words());
        let pause = shop.page(&format!("{sold}/pause")).await.form("form[action$='/pause']");
        let pause = pause.with("effective_on", "2027-06-16").with("reason", "Closed.");
        let refused = shop.owner.submit(&pause).await.expect(422);
        assert!(refused.words().contains("It was last changed from 16 Jun 2027, 09:30 on."), "{}", refused.words());
        shop.changes(&sold, "20", "2027-06-16T10:45").await;
        assert_eq!(shop.nets()[3..], ["-7761", "9701"]);
        // Fewer are a credit note; the end, five minutes later, gives back what is left.
        shop.changes(&sold, "8", "2027-06-16T10:50").await;
        assert_eq!(shop.notes(), ["5819"]);
        let form = shop.page(&format!("{sold}/cancellation")).await.form("form[action$='/cancellation']");
        let form = form.with("when", "now").with("effective_on", "2027-06-16T10:55").with("reason", "Sold.");
        let shown = shop.owner.submit(&form).await.expect(200);
        assert!(shown.words().contains("It is served until 16 Jun 2027, 10:55."), "{}", shown.words());
        shop.owner.submit(&shown.form("form[action$='/cancellation']")).await.expect(303);
        assert_eq!(shop.notes(), ["5819", "3879"]);
        let page = shop.page(&sold).await.words();
        for said in ["16 Jun 2027, 10:55", "Canceled from that time", "16 Jun 2027, 10:45", "From 16 to 20", "16 Jun 2027, 09:30 \u{2013} 30 Jun 2027"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["0"]);
        shop.verify();
    }

    async fn t03_a_month_with_a_change_of_clocks_counts_its_own_seconds(shop: Shop) {
        // As many cents a month as March has seconds.
        let shop = shop.by_second("26748.00", "2027-03-29T09:00:00Z").await;
        let sold = shop.sell("SEC-M", "1", "2027-03-01").await;
        // Clocks skip this time: it counts from the first instant after, 03:00.
        shop.changes(&sold, "2", "2027-03-28T02:30").await;
        assert_eq!(shop.nets(), ["2674800", "-334800", "669600"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("28 Mar 2027, 03:00") && page.contains("From 1 to 2"), "{page}");
        let shop = shop.at("2027-10-31T09:00:00Z").await;
        shop.bill("2027-10-31");
        let before = shop.nets().len();
        // Clocks show this time twice: it is the first.
        shop.changes(&sold, "3", "2027-10-31T02:30").await;
        assert_eq!(shop.nets()[before..], ["-161565", "242348"]);
        shop.verify();
    }

    async fn a_plan_by_the_day_takes_no_time(shop: Shop) {
        shop.plan("DAY-M", &SEAT[..3]).await;
        let shop = shop.at("2027-06-16T09:00:00Z").await;
        let sold = shop.sell("DAY-M", "10", "2027-06-01").await;
        let refused = shop.asked(&sold, "16", "2027-06-16T09:30").await.expect(422);
        assert_eq!(problems(&refused), ["#effective_on"]);
        assert!(refused.words().contains("charged by whole days"), "{}", refused.words());
        shop.changes(&sold, "16", "2027-06-16").await;
        assert_eq!(shop.nets(), ["10000", "-5000", "8000"]);
        assert!(shop.app.ask("SELECT CAST(from_at AS TEXT) AS value FROM charge_segments WHERE from_at IS NOT NULL").is_empty());
        shop.verify();
    }

    async fn the_first_morning_of_a_period_is_charged_before_it_ends(shop: Shop) {
        let shop = shop.by_second("10.00", "2027-07-01T09:00:00Z").await;
        let sold = shop.sell("SEC-M", "10", "2027-06-01").await;
        assert_eq!(shop.nets(), ["10000", "10000"]);
        shop.step(&sold, "cancellation", &[("when", "now"), ("effective_on", "2027-07-01T09:30"), ("reason", "Sold.")]).await;
        // Nine and a half hours of July stay charged: 1.28 of 100.00.
        assert_eq!(shop.notes(), ["9872"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("Has ended; nothing more is billed."), "{page}");
        assert!(last(&sold).starts_with("sub_"));
        shop.verify();
    }
}
