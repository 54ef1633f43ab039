//! What was used before, in and after a pause.
use super::shop::{Shop, last, problems};
use crate::on_both;

const USE: [(&str, &str); 8] = [
    ("price-1-label", "Platform"),
    ("price-1-kind", "flat"),
    ("price-1", "30.00"),
    ("price-2-label", "Calls"),
    ("price-2-kind", "usage"),
    ("price-2", "0.02"),
    ("price-2-meter", "api-calls"),
    ("price-2-aggregation", "sum"),
];
const SOLD: [(&str, &str); 3] = [
    ("quantity", "1"),
    ("starts_on", "2026-11-01"),
    ("external_id", "S-1"),
];
const AWAY: [(&str, &str); 2] = [("effective_on", "2026-11-10"), ("reason", "Away.")];

fn file(events: &[(&str, &str, &str)]) -> String {
    let mut file = "external_id,subscription,meter,occurred_at,value\r\n".to_owned();
    for (id, at, value) in events {
        file += &format!("{id},S-1,api-calls,{at}T10:00:00Z,{value}\r\n");
    }
    file
}

on_both! {
    async fn usage_of_a_pause_is_refused_and_what_was_before_it_is_billed_after_it(shop: Shop) {
        shop.plan("USE-M", &USE).await;
        let sold = shop.sell_with("USE-M", &SOLD).await;
        shop.bring(&file(&[("e1", "2026-11-02", "100")])).await;
        let form = shop.page(&format!("{sold}/pause")).await.words();
        assert!(form.contains("Usage that is reported from now on for days of the pause is refused."), "{form}");
        shop.step(&sold, "pause", &AWAY).await;

        let shop = shop.at("2026-11-20T09:00:00Z").await;
        let refused = shop.report(&file(&[("e2", "2026-11-12", "7")])).await.words();
        let why = "The subscription is paused from 10 Nov 2026 on: nothing is billed until it is resumed.";
        assert!(refused.contains(why), "{refused}");
        // A day before it still counts, and what was said before is known.
        shop.bring(&file(&[("e1", "2026-11-02", "100"), ("e3", "2026-11-09", "50")])).await;

        let shop = shop.at("2027-01-11T09:00:00Z").await;
        shop.bill("2027-01-11");
        assert_eq!(shop.nets(), ["3000"], "nothing is billed in a pause");
        shop.step(&sold, "resume", &[("effective_on", "2027-01-11"), ("reason", "Back.")]).await;
        // 21 of January's 31 days, and 150 calls of November; December was not served at all.
        assert_eq!(shop.nets(), ["3000", "2032", "300"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM usage_charges"), ["1"]);
        let refused = shop.report(&file(&[("e4", "2026-12-05", "7")])).await.words();
        let why = "The subscription was paused from 10 Nov 2026 to 10 Jan 2027: nothing is billed for these days.";
        assert!(refused.contains(why), "{refused}");
        shop.verify();

        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bring(&file(&[("e5", "2027-01-12", "10"), ("e6", "2026-11-05", "5")])).await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[3..], ["3000", "10", "20"]);
        shop.verify();
    }

    async fn the_fee_of_a_tier_is_charged_for_the_period_a_long_pause_begins_in(shop: Shop) {
        shop.plan("FEE-M", &[
            ("price-1-label", "Data"), ("price-1-kind", "graduated"), ("price-1-meter", "gigabytes"),
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "0.50"), ("price-1-tier-1-flat", "25.00"),
            ("price-1-tier-2-upto", ""), ("price-1-tier-2-unit", "0.20"),
        ]).await;
        let sold = shop.sell_with("FEE-M", &SOLD).await;
        let shop = shop.at("2026-12-12T09:00:00Z").await;
        shop.bill("2026-12-12");
        assert_eq!(shop.nets(), ["2500"]);
        shop.step(&sold, "pause", &[("effective_on", "2026-12-11"), ("reason", "Away.")]).await;
        // Two years later: nothing was used in December, and of what follows nothing was served.
        let shop = shop.at("2028-12-20T09:00:00Z").await;
        shop.bill("2028-12-20");
        assert_eq!(shop.nets(), ["2500"], "nothing is billed in a pause");
        shop.step(&sold, "resume", &[("effective_on", "2028-12-20"), ("reason", "Back.")]).await;
        assert_eq!(shop.nets(), ["2500", "2500"]);
        let months = "SELECT period_index AS value FROM usage_charges ORDER BY id";
        assert_eq!(shop.app.ask(months), ["0", "1"]);
        shop.verify();
        let shop = shop.at("2029-02-01T09:00:00Z").await;
        shop.bill("2029-02-01");
        assert_eq!(shop.app.ask(months), ["0", "1", "25", "26"]);
        assert_eq!(shop.nets(), ["2500"; 4]);
        shop.verify();
    }

    async fn what_ends_in_a_pause_is_billed_for_its_usage_alone(shop: Shop) {
        shop.plan("USE-M", &USE).await;
        let sold = shop.sell_with("USE-M", &SOLD).await;
        shop.bring(&file(&[("e1", "2026-11-02", "100")])).await;
        shop.step(&sold, "pause", &AWAY).await;
        let shop = shop.at("2027-01-20T09:00:00Z").await;
        let cancel = [("when", "now"), ("effective_on", "2027-01-15"), ("reason", "Left.")];
        shop.step(&sold, "cancellation", &cancel).await;
        shop.bill("2027-01-20");
        assert_eq!(shop.nets(), ["3000", "200"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscriptions WHERE next_bill_on IS NOT NULL"), ["0"]);
        shop.verify();
    }

    async fn an_outcome_of_a_pause_is_refused_beside_its_day(shop: Shop) {
        shop.plan("LEAD-M", &[
            ("price-1-label", "Leads"), ("price-1-kind", "outcome"), ("price-1", "100.00"), ("price-1-meter", "leads"),
            ("price-1-aggregation", "count"), ("price-1-free", "1"), ("price-1-over", "40.00"), ("price-1-cap", "60.00"),
        ]).await;
        let sold = shop.sell_with("LEAD-M", &SOLD).await;
        shop.step(&sold, "pause", &AWAY).await;
        let partner = shop.app.portal_of("meridian", "northwind", perennial::domain::Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}/usage", last(&sold));
        let form = partner.get(&at).await.expect(200).form("form[action$='/usage']");
        let form = form.with("value", "1").with("subject", "Clinic");
        let refused = partner.submit(&form.clone().with("on", "2026-11-10")).await.expect(422);
        assert_eq!(problems(&refused), ["#on"]);
        assert!(refused.words().contains("The subscription is paused from 10 Nov 2026 on"), "{}", refused.words());
        partner.submit(&form.with("on", "2026-11-09")).await.expect(303);
        let page = shop.page(&format!("{sold}/usage")).await;
        let verify = page.form("form[action*='/usage/']");
        shop.owner.submit(&verify).await.expect(303);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM usage_events WHERE verified_by <> ''"), ["1"]);
        shop.verify();
    }
}
