//! Prices that make no sense: refused beside the field, with what was typed kept.
use super::shop::{Shop, problems};
use crate::on_both;

/// A price of a kind with these fields, named as of the first price.
fn price<'a>(kind: &'a str, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("price-1-label", "Data"), ("price-1-kind", kind)], fields].concat()
}

impl Shop {
    /// Refused beside these fields, and nothing else.
    async fn refuses(&self, fields: &[(&str, &str)], beside: &[&str], why: &str) {
        let page = self.try_plan("ODD-M", fields).await.expect(422);
        assert_eq!(problems(&page), beside, "{fields:?}");
        assert!(page.words().contains(why), "{why}: {}", page.words());
        for (name, value) in fields.iter().filter(|(name, _)| !name.ends_with("kind")) {
            let kept = page.attr(&format!("#{name}"), "value");
            assert!(kept.is_none() || kept.as_deref() == Some(*value), "{name}");
        }
    }
}

on_both! {
    async fn a_price_takes_only_what_it_has_a_use_for(shop: Shop) {
        let tiers = [("price-1-tier-1-upto", "10"), ("price-1-tier-1-unit", "1.00")];
        shop.refuses(
            &price("flat", &[&[("price-1", "5.00")], &tiers[..]].concat()),
            &["#price-1-tier-1-upto", "#price-1-tier-1-unit"],
            "Leave this empty: a price put as “flat” has none.",
        ).await;
        shop.refuses(
            &price("per_seat", &[("price-1", "5.00"), ("price-1-size", "10"), ("price-1-cap", "3")]),
            &["#price-1-size", "#price-1-cap"],
            "Leave this empty: a price put as “per seat” has none.",
        ).await;
        shop.refuses(
            &price("usage", &[("price-1", "5.00"), ("price-1-meter", "calls"), ("price-1-free", "10")]),
            &["#price-1-free"],
            "Leave this empty: a price put as “usage” has none.",
        ).await;
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM prices"), ["0"]);
    }

    async fn what_is_charged_as_it_stands_has_the_decimals_of_its_currency(shop: Shop) {
        for kind in ["flat", "one_off"] {
            shop.refuses(&price(kind, &[("price-1", "5.005")]), &["#price-1"], "EUR has 2 decimals").await;
        }
        let yen = [("currency", "JPY"), ("price-1", "5.5")];
        shop.refuses(&price("flat", &yen), &["#price-1"], "JPY has no decimals.").await;
        // A price for each of many may be finer: what comes of it is rounded once.
        shop.try_plan("FINE-M", &price("per_seat", &[("price-1", "5.005")])).await.expect(303);
    }

    async fn seats_end_no_tier_in_the_middle_of_one_and_no_tier_is_left_out(shop: Shop) {
        let [unit, next] = [("price-1-tier-1-unit", "1.00"), ("price-1-tier-2-unit", "0.50")];
        shop.refuses(
            &price("volume", &[("price-1-tier-1-upto", "1.5"), unit, next]),
            &["#price-1-tier-1-upto"],
            "Seats are counted whole: give a whole number, or name a meter.",
        ).await;
        shop.refuses(
            &price("package", &[("price-1", "5.00"), ("price-1-size", "2.5"), ("price-1-free", "0.5")]),
            &["#price-1-size", "#price-1-free"],
            "Seats are counted whole",
        ).await;
        shop.refuses(
            &price("volume", &[("price-1-tier-1-upto", "10"), unit, ("price-1-tier-3-unit", "0.50")]),
            &["#price-1-tier-2-upto"],
            "Fill this tier in, or move the ones below it up.",
        ).await;
        let metered = [("price-1-tier-1-upto", "1.5"), unit, next, ("price-1-meter", "gigabytes")];
        shop.try_plan("GB-M", &price("volume", &metered)).await.expect(303);
    }

    async fn a_quantity_is_taken_only_where_a_price_goes_by_it(shop: Shop) {
        shop.plan("FLAT-M", &price("flat", &[("price-1", "5.00")])).await;
        let customer = shop.customer.rsplit('/').next().unwrap();
        let form = shop.page(&format!("/meridian/subscriptions/new?customer={customer}")).await;
        let form = form.form("form[action='/meridian/subscriptions']");
        let form = form.with("plan", "FLAT-M").with("starts_on", "2026-11-01").with("quantity", "2");
        let why = "No price of this plan goes by quantity: give 1.";
        let refused = shop.owner.submit(&form).await.expect(422);
        assert_eq!((problems(&refused), refused.words().contains(why)), (vec!["#quantity".to_owned()], true), "{}", refused.words());
        assert_eq!(refused.attr("#quantity", "value").as_deref(), Some("2"));
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscriptions"), ["0"]);

        let sold = shop.sell("FLAT-M", "1", "2026-11-01").await;
        let form = shop.page(&format!("{sold}/quantity")).await.form("form[action$='/quantity']");
        let form = form.with("quantity", "3").with("reason", "More of it.");
        let refused = shop.owner.submit(&form).await.expect(422);
        assert_eq!((problems(&refused), refused.words().contains(why)), (vec!["#quantity".to_owned()], true), "{}", refused.words());

        // Beside a price that does go by it, a flat one stands as well.
        let both = [&price("flat", &[("price-1", "5.00")])[..], &[("price-2-label", "Seats"), ("price-2-kind", "per_seat"), ("price-2", "2.00")]].concat();
        shop.plan("BOTH-M", &both).await;
        shop.sell("BOTH-M", "3", "2026-11-01").await;
        assert_eq!(shop.nets(), ["500", "500", "600"]);
        shop.verify();
    }

    async fn one_meter_counts_in_one_way(shop: Shop) {
        let usage = |aggregation| [
            ("price-1", "0.01"), ("price-1-meter", "calls"),
            ("price-2-label", "Peak"), ("price-2-kind", "usage"), ("price-2", "1.00"),
            ("price-2-meter", "calls"), ("price-2-aggregation", aggregation),
        ];
        shop.refuses(
            &price("usage", &usage("max")),
            &["#price-2-aggregation"],
            "A price above counts this meter by “sum of the values”: count it alike.",
        ).await;
        shop.try_plan("TWO-M", &price("usage", &usage("sum"))).await.expect(303);
    }
}
