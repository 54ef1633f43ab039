//! What cannot be is refused beside its field, and nothing of it is written.
use super::scene::Scene;
use crate::on_both;

on_both! {
    async fn a_day_long_past_a_country_and_an_interval_that_are_none(scene: Scene) {
        let owner = scene.owner().await;
        let page = owner.get("/meridian/payments/new").await.expect(200);
        let form = page.form("main form[method=post]");
        let form = form
            .with("external_id", "P-99")
            .with("amount", "10")
            .with("currency", "EUR")
            .with("received_on", "2001-11-30")
            .with("customer", "C-1");
        let refused = owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("This day is more than ten years ago."), "{}", refused.words());
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM payments WHERE external_id = 'P-99'"), ["0"]);

        // More than whole ledgers come to: the sum of two would not fit.
        for amount in ["92233720368547758.07", "10000000000000.01"] {
            let much = form.clone().with("received_on", "2026-11-30").with("amount", amount);
            let refused = owner.submit(&much).await.expect(422);
            assert!(refused.text().contains("id=\"amount-problem\""), "{}", refused.words());
            assert!(refused.words().contains("This amount is too large."), "{}", refused.words());
        }

        // What it buys is in euro.
        let form = form.with("received_on", "2026-11-30").with("currency", "USD");
        let refused = owner.submit(&form).await.expect(422);
        assert!(refused.text().contains("id=\"currency-problem\""), "{}", refused.words());
        assert!(refused.words().contains("This customer buys in EUR: no invoice asks for this."), "{}", refused.words());
        assert_eq!(refused.attr("#currency", "value").as_deref(), Some("USD"));

        let page = owner.get("/meridian/customers/new").await.expect(200);
        let form = page.form("main form[method=post]");
        let form = form
            .with("partner", "northwind")
            .with("name", "Nowhere")
            .with("country", "XX")
            .with("tax", "19");
        let refused = owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("There is no such country"), "{}", refused.words());
        owner.submit(&form.with("country", "at")).await.expect(303);

        let offering: perennial::id::OfferingId = scene.spelled_id("SELECT id AS value FROM offerings WHERE name = 'Backup Pro'");
        let page = owner.get(&format!("/meridian/offerings/{offering}/plans/new")).await.expect(200);
        let form = page.form("main form[method=post]");
        let form = form.with("interval", "x").with("name", "Often").with("code", "often");
        let refused = owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("Choose how often it is billed."), "{}", refused.words());
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM plans WHERE code = 'often'"), ["0"]);
    }

    async fn all_that_is_wrong_with_a_refund_is_said_at_once(scene: Scene) {
        let owner = scene.owner().await;
        let payment: perennial::id::PaymentId = scene.spelled_id("SELECT id AS value FROM payments WHERE external_id = 'P-6'");
        let at = format!("/meridian/payments/{payment}");
        let form = owner.get(&at).await.expect(200).form("form[action$='/refunds']");
        let form = form.with("external_id", "BACK-6").with("refunded_on", "2026-10-05").with("amount", "14.29").with("reason", "");
        let refused = owner.submit(&form).await.expect(422);
        assert_eq!(refused.attrs(".summary a", "href"), ["#refunded_on", "#amount", "#reason"]);
        for said in ["The payment came on 6 Oct 2026.", "EUR 14.28 is left of this payment.", "Say why it is paid back."] {
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let refused = owner.submit(&form.clone().with("amount", "0").with("external_id", " ").with("refunded_on", "soon")).await.expect(422);
        assert_eq!(refused.attrs(".summary a", "href"), ["#external_id", "#refunded_on", "#amount", "#reason"]);
        let refused = owner.submit(&form.clone().with("reason", "All of it")).await.expect(422);
        assert_eq!(refused.attrs(".summary a", "href"), ["#refunded_on", "#amount"]);
        // All of it, sent twice: the second leads where the first did, though nothing is left.
        let whole = form.with("refunded_on", "2026-11-30").with("amount", "14.28").with("reason", "All of it");
        let to = owner.submit(&whole).await.expect(303).location();
        assert_eq!(owner.submit(&whole).await.expect(303).location(), to);
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM refunds WHERE external_id = 'BACK-6'"), ["1"]);
        scene.verified();
    }

    async fn a_form_sent_again_with_other_content_is_not_taken_for_done(scene: Scene) {
        let owner = scene.owner().await;
        let counted = || scene.app.ask("SELECT count(*) AS value FROM payments WHERE external_id LIKE 'AGAIN-%'");
        let page = owner.get("/meridian/payments/new").await.expect(200);
        let form = page.form("main form[method=post]");
        let form = form
            .with("external_id", "AGAIN-1")
            .with("amount", "10")
            .with("received_on", "2026-11-30")
            .with("customer", "C-1");
        // What is wrong is said at once.
        let wrong = form.clone().with("external_id", "").with("amount", "-5").with("received_on", "2027-01-01");
        let refused = owner.submit(&wrong).await.expect(422);
        for said in ["Give an id", "Give an amount above zero.", "This day is still to come."] {
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let led_to = owner.submit(&form).await.expect(303).location();
        assert_eq!(owner.submit(&form).await.expect(303).location(), led_to);
        assert_eq!(counted(), ["1"]);

        // Back, another amount, and sent: the browser's form has the id it had.
        let changed = form.clone().with("external_id", "AGAIN-2").with("amount", "20");
        let refused = owner.submit(&changed).await.expect(422);
        let said = "This form was sent before with other content, and that was done.";
        assert!(refused.words().contains(said), "{}", refused.words());
        assert_eq!(refused.attr("#amount", "value").as_deref(), Some("20"));
        assert_eq!(counted(), ["1"]);
        let again = refused.form("main form[method=post]");
        let other = owner.submit(&again).await.expect(303).location();
        assert_ne!(other, led_to);
        assert_eq!(owner.submit(&again).await.expect(303).location(), other);
        assert_eq!(counted(), ["2"]);
        // The first is known still.
        assert_eq!(owner.submit(&form).await.expect(303).location(), led_to);
        assert_eq!(counted(), ["2"]);
    }

    async fn what_no_line_could_earn_by_is_refused_at_its_own_field(scene: Scene) {
        let owner = scene.owner().await;
        let form = owner.get("/meridian/commission-plans").await.expect(200);
        let form = form.form("main form[method=post]").with("name", "Nonsense");
        let edit = owner.submit(&form).await.expect(303).location();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]");
        let form = form.with("clause-1-rate", "10");
        for (part, typed, said) in [
            ("cap", "0", "Give an amount above zero."),
            ("months", "0", "Give 1 to 600 months"),
            ("back", "99999999", "Give 1 to 1,095 days"),
            ("uplift", "91", "this comes to more than 100 %"),
            ("steps", "10,000: 101 %", "A rate is at most 100 %"),
            ("steps", "10,000: 12.345", "with at most two decimals"),
            ("steps", "10,000: much", "Give each step as an amount"),
            ("rate", "0", "give a percentage above zero below them"),
        ] {
            let typed = form.clone().with(&format!("clause-1-{part}"), typed);
            let typed = match part {
                "steps" => typed.with("clause-1-volume", "graduated"),
                "rate" => typed.with("clause-1-volume", "graduated").with("clause-1-steps", "10,000: 12"),
                _ => typed,
            };
            let refused = owner.submit(&typed).await.expect(422);
            let beside = refused.attr(&format!("#clause-1-{part}-problem"), "class");
            assert!(beside.is_some(), "{part}: {}", refused.words());
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let form = form.with("guarantee", "100").with("guarantee_currency", "EUR").with("guarantee_months", "3");
        let plan = owner.submit(&form).await.expect(303).location();
        let shown = owner.get(&plan).await.expect(200).words();
        assert!(shown.contains("The guarantee is in EUR only."), "{shown}");
    }

    async fn what_is_wrong_with_a_clause_is_said_beside_the_row_that_shows_it(scene: Scene) {
        let owner = scene.owner().await;
        let form = owner.get("/meridian/commission-plans").await.expect(200);
        let form = form.form("main form[method=post]").with("name", "Rows");
        let edit = owner.submit(&form).await.expect(303).location();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]");
        // The second row is left empty: the third is the second clause.
        let form = form.with("clause-1-rate", "10").with("clause-3-rate", "12").with("clause-3-months", "0");
        let refused = owner.submit(&form).await.expect(422);
        assert_eq!(refused.attrs(".summary a", "href"), ["#clause-2-months"]);
        assert_eq!(refused.attr("#clause-2-months", "value").as_deref(), Some("0"));
        assert_eq!(refused.attr("#clause-2-rate", "value").as_deref(), Some("12"));
        assert_eq!(refused.attr("#clause-3-rate", "value").as_deref(), Some(""));
        // What is on no list is not taken for what is chosen where nobody says anything.
        for part in ["kind", "mode", "span", "given_back", "phase", "volume"] {
            let other = form.clone().with("clause-3-months", "").with(&format!("clause-3-{part}"), "nonsense");
            let refused = owner.submit(&other).await.expect(422);
            let beside = refused.attr(&format!("#clause-2-{part}-problem"), "class");
            assert!(beside.is_some(), "{part}: {}", refused.words());
        }
        owner.submit(&form.with("clause-3-months", "6")).await.expect(303);
    }

    async fn a_day_beyond_ten_years_is_taken_for_a_slip(scene: Scene) {
        let owner = scene.owner().await;
        let northwind: perennial::id::PartnerId = scene.spelled_id("SELECT id AS value FROM partners WHERE slug = 'northwind'");
        let at = format!("/meridian/partners/{northwind}");
        let plan = owner.get("/meridian/commission-plans").await.expect(200);
        let plan = plan.form("main form[method=post]").with("name", "Far");
        let edit = owner.submit(&plan).await.expect(303).location();
        for (page, day, fields) in [
            (format!("{at}/distributor"), "from", &[("distributor", "Contoso"), ("rate", "5")][..]),
            (format!("{at}/resale"), "from", &[("reseller", "20"), ("tax_category", "own"), ("tax", "19")]),
            (format!("{at}/payout-currency"), "from", &[("currency", "USD")]),
            (format!("{at}/tax"), "from", &[("treatment", "none")]),
            ("/meridian/spiffs".to_owned(), "until", &[("name", "Far"), ("amount", "10")]),
            (edit, "effective_from", &[("clause-1-rate", "10")]),
        ] {
            let form = owner.get(&page).await.expect(200).form("main form[method=post]");
            let form = fields.iter().fold(form, |form, (name, typed)| form.with(name, typed));
            let refused = owner.submit(&form.with(day, "2199-01-01")).await.expect(422);
            let beside = refused.select(&format!("#{day}-problem"));
            assert!(!beside.is_empty(), "{page}: {}", refused.words());
            assert!(refused.words().contains("This day is more than ten years ahead."), "{page}: {}", refused.words());
        }
    }
}
