//! Forms of a subscription's changes that somebody else was faster than.
use perennial::{domain::Role, id};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

impl Scene {
    fn first_sold(&self) -> id::SubscriptionId {
        self.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'")
    }
}

async fn opened(who: &Visitor, path: &str, with: &[(&str, &str)]) -> Page {
    let page = who.get(path).await.expect(200);
    let mut form = page.form("main form").with("reason", "Asked for by phone");
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await.expect(200)
}

on_both! {
    async fn an_overtaken_form_keeps_what_was_typed(scene: Scene) {
        let sold = format!("/meridian/subscriptions/{}", scene.first_sold());
        let slow = scene.owner().await;
        let quick = scene.app.staff_of("meridian", Role::ChannelManager).await;
        let on = ("effective_on", "2026-12-01");
        for (number, (path, with)) in [
            ("pause", vec![on]),
            ("cancellation", vec![("when", "now"), on]),
            ("quantity", vec![("quantity", "77"), on]),
        ].into_iter().enumerate() {
            let shown = opened(&slow, &format!("{sold}/{path}"), &with).await;
            let seats = (60 + number).to_string();
            let change = opened(&quick, &format!("{sold}/quantity"), &[("quantity", &seats), on]).await;
            quick.submit(&change.form("main form")).await.expect(303);

            let refused = slow.submit(&shown.form("main form")).await.expect(409);
            let said = refused.words();
            assert!(said.contains("in the meantime"), "{path}: {said}");
            assert!(said.contains("Asked for by phone"), "{path}: {said}");
            // The same form, sent once more, is shown for what it comes to now.
            slow.submit(&refused.form("main form")).await.expect(200);
        }
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM subscriptions WHERE status IN ('paused', 'canceled')"), ["0"]);
    }

    async fn what_has_ended_has_no_forms(scene: Scene) {
        let sold = format!("/meridian/subscriptions/{}", scene.first_sold());
        let owner = scene.owner().await;
        let shown = opened(&owner, &format!("{sold}/cancellation"), &[("when", "now"), ("effective_on", "2026-12-01")]).await;
        owner.submit(&shown.form("main form")).await.expect(303);
        for path in ["quantity", "plan", "pause", "cancellation"] {
            let refused = owner.get(&format!("{sold}/{path}")).await.expect(409);
            assert!(refused.words().contains("ended") || path == "pause", "{path}: {}", refused.words());
        }
    }
}
