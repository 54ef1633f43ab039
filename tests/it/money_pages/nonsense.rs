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
}
