//! Prices, discounts, trials and usage, as people set them and customers are billed by them.
mod shop;

use perennial::domain::Role;

use self::shop::{Shop, problems};
use crate::on_both;

on_both! {
    async fn tiers_are_typed_refused_beside_the_field_and_billed(shop: Shop) {
        let seats = |kind| [("price-1-label", "Seats"), ("price-1-kind", kind)];
        let gap = shop.try_plan("TIER-M", &[&seats("volume")[..], &[
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "10.00"),
            ("price-1-tier-2-upto", "50"), ("price-1-tier-2-unit", "8.00"),
        ]].concat()).await.expect(422);
        assert_eq!(problems(&gap), ["#price-1-tier-2-upto"]);
        assert!(gap.words().contains("Tier 2 overlaps"), "{}", gap.words());
        assert_eq!(gap.attr("#price-1-tier-1-unit", "value").unwrap(), "10.00");
        let open = shop.try_plan("TIER-M", &[&seats("graduated")[..], &[
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "-1"),
            ("price-1-tier-1-flat", "0.001"), ("price-1", "5"),
        ]].concat()).await.expect(422);
        assert_eq!(problems(&open), ["#price-1"]);
        let open = shop.try_plan("TIER-M", &[&seats("graduated")[..], &[
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "-1"), ("price-1-tier-1-flat", "0.001"),
        ]].concat()).await.expect(422);
        assert_eq!(problems(&open), ["#price-1-tier-1-unit", "#price-1-tier-1-flat"]);
        let open = shop.try_plan("TIER-M", &[&seats("graduated")[..], &[
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "1"),
        ]].concat()).await.expect(422);
        assert!(open.words().contains("leaves a gap above it"));

        shop.plan("TIER-M", &[&seats("volume")[..], &[
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "10.00"),
            ("price-1-tier-2-unit", "8.00"), ("price-1-tier-2-flat", "5.00"),
            ("price-2-label", "Setup"), ("price-2-kind", "one_off"), ("price-2", "250.00"),
        ]].concat()).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("up to 100 EUR 10.00; above EUR 8.00 plus EUR 5.00"), "{page}");
        assert!(page.contains("One more than 100 costs less in all: EUR 813.00 rather than EUR 1,000.00."));
        assert!(page.contains("EUR 250.00 once") && page.contains("no commission"));
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/offerings/{}", shop::last(&shop.offering));
        let seen = partner.get(&at).await.expect(200).words();
        assert!(seen.contains("all at the price of the tier reached") && seen.contains("Setup: EUR 250.00 once"));

        let sold = shop.sell("TIER-M", "101", "2026-11-01").await;
        assert_eq!(shop.nets(), ["81300", "25000"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains("1,063.00") && invoice.contains("Vault, TIER-M: Setup"), "{invoice}");
        let page = shop.page(&sold).await.words();
        assert!(page.contains("813.00 a month"), "set-up is no recurring revenue: {page}");
        let form = shop.page(&format!("{sold}/quantity")).await;
        let form = form.form("form[action$='/quantity']").with("quantity", "100").with("effective_on", "2026-11-10");
        let form = form.with("reason", "One has left.");
        shop.owner.submit(&form).await;
        shop.app.now_is("2026-12-02T09:00:00Z");
        shop.bill("2026-12-02");
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM invoice_lines WHERE kind = 'one_off'"), ["1"]);
        shop.verify();
    }

    async fn packages_and_quarters_are_sold(shop: Shop) {
        let fields = [
            ("interval", "3"), ("term_months", "12"),
            ("price-1-label", "Machines"), ("price-1-kind", "package"), ("price-1", "5.00"),
            ("price-1-free", "100"),
        ];
        let refused = shop.try_plan("PACK-Q", &fields).await.expect(422);
        assert_eq!(problems(&refused), ["#price-1-size"]);
        let odd = [&fields[..], &[("price-1-size", "100"), ("term_months", "4")]].concat();
        let refused = shop.try_plan("PACK-Q", &odd).await.expect(422);
        assert_eq!(problems(&refused), ["#term_months"]);
        shop.plan("PACK-Q", &[&fields[..], &[("price-1-size", "100")]].concat()).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("EUR 5.00 for every 100 (seats) a quarter, the first 100 free"), "{page}");
        let sold = shop.sell("PACK-Q", "201", "2026-08-31").await;
        // 31 Aug and, clamped from the stored day, 30 Nov.
        assert_eq!(shop.nets(), ["1000"]);
        shop.app.now_is("2026-11-30T09:00:00Z");
        shop.bill("2026-11-30");
        assert_eq!(shop.nets(), ["1000", "1000"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("EUR 3.33 a month"), "{page}");
        assert!(page.contains("28 Feb 2027"), "{page}");
        shop.verify();
    }

    async fn a_draft_comes_back_into_its_form_as_it_was_typed(shop: Shop) {
        shop.try_plan("BACK-M", &[
            ("price-1-label", "Seats"), ("price-1-kind", "graduated"), ("price-1-earns", "no"),
            ("price-1-tier-1-upto", "2.5"), ("price-1-tier-1-unit", "0.0004"), ("price-1-tier-1-flat", "10.00"),
            ("price-1-tier-2-unit", "3.00"),
            ("price-2-label", "Setup"), ("price-2-kind", "one_off"), ("price-2", "99.00"), ("price-2-earns", "yes"),
        ]).await.expect(303);
        let page = shop.page(&shop.offering).await;
        let edit = page.attr("a[href$='/edit'][href*='/plan-versions/']", "href").unwrap();
        let form = shop.page(&edit).await.form("form[action*='/plan-versions/']");
        for (field, value) in [
            ("price-1", ""), ("price-1-earns", "no"), ("price-1-tier-1-upto", "2.5"),
            ("price-1-tier-1-unit", "0.0004"), ("price-1-tier-1-flat", "10.00"), ("price-1-tier-2-upto", ""),
            ("price-2", "99.00"), ("price-2-earns", "yes"),
        ] {
            assert_eq!(form.value(field), value, "{field}");
        }
        shop.owner.submit(&form.with("price-1-tier-2-flat", "1.00")).await.expect(303);
        let words = shop.page(&shop.offering).await.words();
        assert!(words.contains("above EUR 3.00 plus EUR 1.00"), "{words}");
        shop.publish().await;
        // Drafting the next version copies the tiers.
        let form = shop.page(&shop.offering).await.form("form[action$='/versions']");
        let to = shop.owner.submit(&form).await.expect(303).location();
        assert_eq!(shop.page(&to).await.form("form[action*='/plan-versions/']").value("price-1-tier-2-flat"), "1.00");
    }
}
