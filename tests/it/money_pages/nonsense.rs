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
}
