//! A new version of a plan: earlier sales keep their price, or come to it from a day on.
use perennial::{domain::Role, mail::Post, secrets::SecretKey, store::jobs::Turns, worker};

use super::shop::{Shop, last, problems};
use crate::{on_both, support::http::Page};

const SEAT: [(&str, &str); 3] = [
    ("price-1-label", "Seats"),
    ("price-1-kind", "flat"),
    ("price-1", "50.00"),
];

impl Shop {
    /// Publishes the next version of the only plan at another price; gives the page of its earlier
    /// sales.
    async fn reprice(&self, price: &str) -> String {
        let form = self
            .page(&self.offering)
            .await
            .form("form[action$='/versions']");
        let edit = self.owner.submit(&form).await.expect(303).location();
        let form = self
            .page(&edit)
            .await
            .form("form[action*='/plan-versions/']");
        self.owner
            .submit(&form.with("price-1", price))
            .await
            .expect(303);
        self.publish().await;
        let page = self.page(&self.offering).await;
        page.attr("a[href$='/earlier-sales']", "href").unwrap()
    }

    async fn come(&self, at: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = self.page(at).await.form("form[action$='/earlier-sales']");
        for (name, value) in fields {
            form = form.with(name, value);
        }
        self.owner.submit(&form).await
    }

    async fn keep(&self, sold: &str, why: &str) {
        let form = self.page(&format!("{sold}/plan")).await;
        let form = form
            .form("form[action$='/plan/keep']")
            .with("kept_because", why);
        self.owner.submit(&form).await.expect(303);
    }

    async fn sold_on(&self, external_id: &str, day: &str) -> String {
        let fields = [
            ("quantity", "1"),
            ("starts_on", day),
            ("external_id", external_id),
        ];
        self.sell_with("SEAT-M", &fields).await
    }

    /// What periods that start on a day are charged, by subscription.
    fn billed(&self, day: &str) -> Vec<String> {
        self.app.ask(&format!(
            "SELECT s.external_id || ' ' || CAST(l.net_minor AS TEXT) AS value FROM invoice_lines l
             JOIN subscriptions s ON s.id = l.subscription_id WHERE l.service_from = '{day}' ORDER BY s.external_id"
        ))
    }
}

on_both! {
    async fn earlier_sales_come_to_a_new_version_from_a_day_on(shop: Shop) {
        shop.plan("SEAT-M", &SEAT).await;
        let moves = shop.sold_on("S-1", "2026-11-01").await;
        let stays = shop.sold_on("S-2", "2026-11-01").await;
        let at = shop.reprice("60.00").await;
        let page = shop.page(&moves).await.words();
        assert!(page.contains("the price of this one is held for as long as it runs"), "{page}");
        let page = shop.page(&at).await.words();
        for said in ["2 subscriptions of 1 partner can come to it.", "EUR 100.00 a month, and EUR 120.00 a month"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        for (typed, field) in [
            ([("existing_from", "2026-11-10"), ("held_months", "")], "#existing_from"),
            ([("existing_from", "soon"), ("held_months", "")], "#existing_from"),
            ([("existing_from", "2026-12-15"), ("held_months", "121")], "#held_months"),
            ([("existing_from", "2026-12-15"), ("held_months", "some")], "#held_months"),
        ] {
            let refused = shop.come(&at, &typed).await.expect(422);
            assert_eq!(problems(&refused), [field]);
            assert_eq!(refused.attr("#existing_from", "value").unwrap(), typed[0].1);
        }
        for (address, is_unreached) in [("", true), ("office@northwind.example", false)] {
            shop.app.sql(&format!("UPDATE partners SET statement_email = '{address}' WHERE slug = 'northwind'"));
            let page = shop.page(&at).await.words();
            assert_eq!(page.contains("No letter reaches Northwind: nobody there has been invited"), is_unreached, "{page}");
        }
        let form = shop.page(&at).await.form("form[action$='/earlier-sales']").with("existing_from", "2026-12-15");
        for _ in 0..2 {
            shop.owner.submit(&form).await.expect(303);
        }
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscription_changes WHERE kind = 'plan_set'"), ["2"]);
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("with their first period that starts on 15 Dec 2026 or later"), "{page}");
        assert!(shop.page(&at).await.words().contains("2 earlier sales are still to come to it"));
        // Everybody sees how long the price is held; one customer was promised it for longer.
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let theirs = format!("/meridian/p/northwind/subscriptions/{}", last(&moves));
        let said = "The price is held until 31 Dec 2026. The first period that starts after it is charged by version 2 of the plan: EUR 60.00 a month.";
        for page in [shop.page(&moves).await, partner.get(&theirs).await.expect(200)] {
            assert!(page.words().contains("The price is held until 31 Dec 2026."), "{said}: {}", page.words());
            assert!(page.words().contains("EUR 60.00"), "{}", page.words());
        }
        shop.keep(&stays, "Promised until summer.").await;
        shop.sold_on("S-3", "2026-11-10").await;
        let shop = shop.at("2026-12-02T09:00:00Z").await;
        shop.bill("2026-12-02");
        assert_eq!(shop.billed("2026-12-01"), ["S-1 5000", "S-2 5000"], "before that day nothing changes");
        assert!(shop.page(&moves).await.words().contains("71.40"), "the next invoice has the new price");
        let shop = shop.at("2027-01-02T09:00:00Z").await;
        shop.bill("2027-01-02");
        assert_eq!(shop.billed("2027-01-01"), ["S-1 6000", "S-2 5000"]);
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions ORDER BY external_id"), ["6000", "5000", "6000"]);
        let page = shop.page(&moves).await.words();
        assert!(page.contains("Plan changed from Vault, SEAT-M, version 1 to Vault, SEAT-M, version 2"), "{page}");
        assert!(shop.page(&at).await.words().contains("No earlier sale is still to come to it."));
        shop.verify();
    }

    async fn each_partner_concerned_gets_one_letter(shop: Shop) {
        let mut shop = shop;
        shop.plan("SEAT-M", &SEAT).await;
        shop.sold_on("S-1", "2026-11-01").await;
        shop.sold_on("S-2", "2026-11-05").await;
        shop.app.partner("meridian", "contoso");
        shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        shop.customer = shop.customer_of("contoso", "Bakery Sommer").await;
        shop.sold_on("S-3", "2026-11-02").await;
        let at = shop.reprice("60.00").await;
        let form = shop.page(&at).await.form("form[action$='/earlier-sales']").with("existing_from", "2026-12-15");
        for _ in 0..2 {
            let done = shop.owner.submit(&form).await.expect(303);
            assert!(done.location().contains("/offerings/"));
        }
        let letters = "SELECT kind || ' ' || status || ' ' || CAST(copy_no AS TEXT) AS value FROM mails ORDER BY id";
        assert_eq!(shop.app.ask(letters), ["prices_changed queued 1", "prices_changed queued 1"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM jobs WHERE kind = 'send_mail'"), ["2"]);
        let said = shop.letters().await;
        assert_eq!(said.len(), 2);
        let theirs = said.iter().find(|one| one.contains("S-1")).unwrap();
        for words in [
            "new prices of Vault, SEAT-M",
            "sells Vault, SEAT-M at new prices: EUR 60.00 a month. 2 subscriptions of your customers come to them:",
            "- Hotel Adler, S-1, 1 unit: EUR 50.00 a month until 31 Dec 2026, EUR 60.00 a month from 1 Jan 2027",
            "- Hotel Adler, S-2, 1 unit: EUR 50.00 a month until 4 Jan 2027, EUR 60.00 a month from 5 Jan 2027",
            "http://portal.example.com/meridian/p/northwind/subscriptions",
        ] {
            assert!(theirs.contains(words), "{words}: {theirs}");
        }
        assert!(!theirs.contains("Bakery") && !theirs.contains("S-3"), "{theirs}");
        let other = said.iter().find(|one| one.contains("S-3")).unwrap();
        assert!(other.contains("1 subscription of your customers comes to them:") && other.contains("/p/contoso/"), "{other}");
        assert_eq!(shop.app.ask("SELECT recipient AS value FROM mails WHERE recipient = 'money@contoso.test'").len(), 1);
        let page = shop.page("/meridian/mail?kind=prices_changed").await;
        assert!(page.words().contains("New prices"), "{}", page.words());

        // Called off before they left, letters do not leave; set again, there are new ones.
        shop.hold(&at).await;
        shop.come(&at, &[("existing_from", "2026-12-15")]).await.expect(303);
        shop.hold(&at).await;
        shop.letters().await;
        let withdrawn = "SELECT count(*) AS value FROM mails WHERE status = 'withdrawn' AND copy_no = 2";
        assert_eq!(shop.app.ask(withdrawn), ["2"]);
        shop.verify();
    }

    async fn a_version_in_another_currency_is_for_new_sales(shop: Shop) {
        shop.plan("SEAT-M", &SEAT).await;
        shop.sold_on("S-1", "2026-11-01").await;
        let form = shop.page(&shop.offering).await.form("form[action$='/versions']");
        let edit = shop.owner.submit(&form).await.expect(303).location();
        let form = shop.page(&edit).await.form("form[action*='/plan-versions/']");
        shop.owner.submit(&form.with("currency", "USD")).await.expect(303);
        shop.publish().await;
        let page = shop.page(&shop.offering).await;
        let at = page.attr("a[href$='/earlier-sales']", "href").unwrap();
        let page = shop.page(&at).await.words();
        let why = "Earlier sales are in EUR and this version in USD. A subscription keeps its currency: cancel it and start a new one in USD.";
        assert!(page.contains(why), "{page}");
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM mails"), ["0"]);
    }

    async fn or_when_their_term_renews_after_the_months_they_were_promised(shop: Shop) {
        shop.plan("SEAT-M", &[&SEAT[..], &[("term_months", "3")]].concat()).await;
        shop.sold_on("S-1", "2026-10-15").await;
        shop.sold_on("S-2", "2026-11-10").await;
        let at = shop.reprice("60.00").await;
        let fields = [("existing_at", "renewal"), ("existing_from", "2026-12-01"), ("held_months", "3")];
        shop.come(&at, &fields).await.expect(303);
        let days = shop.app.ask("SELECT CAST(next_plan_on AS TEXT) AS value FROM subscriptions ORDER BY external_id");
        assert_eq!(days, ["2027-01-15", "2027-02-10"]);
        let page = shop.page(&at).await;
        let said = "when their term renews on 1 Dec 2026 or later, each after 3 months at its price";
        assert!(page.words().contains(said), "{}", page.words());
        // Called off for those that are still to come.
        let shop = shop.at("2027-01-16T09:00:00Z").await;
        shop.bill("2027-01-16");
        let form = shop.page(&at).await.form("form[action$='/hold']");
        let refused = shop.owner.submit(&form).await.expect(422);
        assert_eq!(problems(&refused), ["#reason"]);
        shop.owner.submit(&form.with("reason", "Too many would leave.")).await.expect(303);
        let shop = shop.at("2027-02-11T09:00:00Z").await;
        shop.bill("2027-02-11");
        assert_eq!(shop.billed("2027-01-15"), ["S-1 6000"]);
        assert_eq!(shop.billed("2027-02-10"), ["S-2 5000"]);
        let viewer = shop.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&at).await.expect(403);
        shop.verify();
    }

    async fn a_pause_and_a_cancellation_undone_do_not_lose_the_day(shop: Shop) {
        shop.plan("SEAT-M", &SEAT).await;
        let pauses = shop.sold_on("S-1", "2026-11-01").await;
        let leaves = shop.sold_on("S-2", "2026-11-01").await;
        let at = shop.reprice("60.00").await;
        shop.come(&at, &[("existing_from", "2026-12-01")]).await.expect(303);
        for (sold, step, fields) in [
            (&pauses, "pause", [("effective_on", "2026-11-10"), ("reason", "Away.")]),
            (&leaves, "cancellation", [("when", "period_end"), ("reason", "Too dear.")]),
        ] {
            shop.step(sold, step, &fields).await;
        }
        let undo = shop.page(&format!("{leaves}/cancellation/undo")).await.form("form[action$='/undo']");
        shop.owner.submit(&undo.with("reason", "They stay.")).await.expect(303);
        let set = "SELECT CAST(next_plan_on AS TEXT) AS value FROM subscriptions ORDER BY external_id";
        assert_eq!(shop.app.ask(set), ["2026-12-01", "2026-12-01"]);
        let shop = shop.at("2026-12-16T09:00:00Z").await;
        shop.bill("2026-12-16");
        shop.step(&pauses, "resume", &[("effective_on", "2026-12-16"), ("reason", "Back.")]).await;
        assert_eq!(shop.billed("2026-12-01"), ["S-2 6000"]);
        // 16 of December's 31 days at the new price.
        assert_eq!(shop.billed("2026-12-16"), ["S-1 3097"]);
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions ORDER BY external_id"), ["6000", "6000"]);
        shop.verify();
    }
}

impl Shop {
    async fn customer_of(&self, partner: &str, name: &str) -> String {
        let id = format!("SELECT id AS value FROM partners WHERE slug = '{partner}'");
        let id = self.app.ask(&id)[0].parse().unwrap();
        let id = crate::harness::spelled::<perennial::id::Partner>(id);
        let form = self
            .page(&format!("/meridian/customers/new?partner={id}"))
            .await;
        let form = form.form("form[action='/meridian/customers']");
        let form = form.with("name", name).with("country", "DE");
        let made = self.owner.submit(&form.with("tax", "19")).await;
        made.expect(303).location()
    }

    async fn hold(&self, at: &str) {
        let form = self.page(at).await.form("form[action$='/hold']");
        let form = form.with("reason", "Too many would leave.");
        self.owner.submit(&form).await.expect(303);
    }

    /// What letters say, once a worker has written them.
    async fn letters(&self) -> Vec<String> {
        let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        let from = "Meridian Cloud <statements@meridian.example>";
        let post = Post::new(None, from, "http://portal.example.com", secret).unwrap();
        let mut turns = Turns::default();
        while worker::run_next(&self.app.store, &post, &mut turns)
            .await
            .unwrap()
        {}
        let said = self
            .app
            .ask("SELECT body AS value FROM mails WHERE body <> '' ORDER BY id");
        let plain = said.iter().map(|one| one.replace('\u{a0}', " "));
        plain.collect()
    }
}

impl Shop {
    /// Sends a form of a subscription in, and once more where it is to be confirmed.
    pub async fn step(&self, sold: &str, step: &str, fields: &[(&str, &str)]) {
        let at = format!("form[action$='/{step}']");
        let mut form = self.page(&format!("{sold}/{step}")).await.form(&at);
        for (name, value) in fields {
            form = form.with(name, value);
        }
        let answer = self.owner.submit(&form).await;
        if answer.status == 200 {
            self.owner.submit(&answer.form(&at)).await.expect(303);
        } else {
            answer.expect(303);
        }
    }
}
