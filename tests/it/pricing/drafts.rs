//! Drafts of plans that were never published: removed, and not once they are.
use perennial::domain::Role;

use super::shop::Shop;
use crate::on_both;

const SEAT: [(&str, &str); 3] = [
    ("price-1-label", "Seats"),
    ("price-1-kind", "graduated"),
    ("price-1-tier-1-unit", "50.00"),
];

impl Shop {
    async fn removal(&self) -> String {
        let page = self.page(&self.offering).await;
        page.attr("a[href$='/removal']", "href").unwrap()
    }

    fn versions(&self) -> Vec<String> {
        self.app
            .ask("SELECT status AS value FROM plan_versions ORDER BY version_no")
    }
}

on_both! {
    async fn a_draft_that_was_never_published_is_removed_with_its_plan(shop: Shop) {
        shop.try_plan("SEAT-M", &SEAT).await.expect(303);
        let at = shop.removal().await;
        let viewer = shop.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&at).await.expect(403);
        let page = shop.page(&at).await;
        assert!(page.words().contains("the plan goes with it"), "{}", page.words());
        let form = page.form("form[action$='/removal']");
        viewer.submit(&form).await.expect(403);
        assert_eq!(shop.versions(), ["draft"]);
        for _ in 0..2 {
            assert_eq!(shop.owner.submit(&form).await.expect(303).location(), shop.offering);
        }
        for left in ["plans", "plan_versions", "prices", "price_tiers"] {
            assert_eq!(shop.app.ask(&format!("SELECT count(*) AS value FROM {left}")), ["0"], "{left}");
        }
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("No plan yet") && page.contains("Draft of a plan removed: SEAT-M, version 1"), "{page}");
        // Its code is free again.
        shop.plan("SEAT-M", &SEAT).await;
        assert_eq!(shop.versions(), ["published"]);
    }

    async fn the_next_version_goes_alone_and_a_published_one_stays(shop: Shop) {
        shop.plan("SEAT-M", &SEAT).await;
        let next = shop.page(&shop.offering).await.form("form[action$='/versions']");
        shop.owner.submit(&next).await.expect(303);
        let at = shop.removal().await;
        let form = shop.page(&at).await.form("form[action$='/removal']");
        let edit = shop.page(&shop.offering).await.attr("a[href$='/edit'][href*='/plan-versions/']", "href").unwrap();
        let edit = shop.page(&edit).await.form("form[action*='/plan-versions/']");
        shop.owner.submit(&edit.with("price-1-tier-1-unit", "60.00")).await.expect(303);
        let refused = shop.owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("Someone else has changed this plan"), "{}", refused.words());
        let form = refused.form("form[action$='/removal']");
        shop.owner.submit(&form).await.expect(303);
        assert_eq!(shop.versions(), ["published"]);

        let next = shop.page(&shop.offering).await.form("form[action$='/versions']");
        shop.owner.submit(&next).await.expect(303);
        let at = shop.removal().await;
        let form = shop.page(&at).await.form("form[action$='/removal']");
        shop.publish().await;
        let refused = shop.owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("This version was published: it stays for those who have it."), "{}", refused.words());
        shop.owner.get(&at).await.expect(409);
        assert_eq!(shop.versions(), ["superseded", "published"]);
        shop.verify();
    }

    async fn what_is_too_large_is_told_on_a_page_of_ours(shop: Shop) {
        let large = "a".repeat(65 * 1024);
        let pages = [
            shop.owner.post(&format!("{}/plans", shop.offering), &[("name", large.as_str())]).await,
            shop.owner.post("/meridian/offerings", &[("name", large.as_str())]).await,
        ];
        for page in pages {
            let page = page.expect(413);
            assert!(page.words().contains("This is more than can be taken at once."), "{}", page.words());
            assert_eq!(page.select("h1").len(), 1);
        }
    }
}
