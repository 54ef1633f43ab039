//! Prices, discounts, trials and usage, as people set them and customers are billed by them.
mod changes;
mod commitments;
mod corrections;
mod drafts;
mod nonsense;
mod pauses;
mod programs;
mod seconds;
mod shop;
mod versions;
mod weekly;

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
        let shop = shop.at("2026-12-02T09:00:00Z").await;
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
        assert!(page.contains("EUR 5.00 for every 100 seats a quarter, the first 100 free"), "{page}");
        let sold = shop.sell("PACK-Q", "201", "2026-08-31").await;
        // 31 Aug and, clamped from the stored day, 30 Nov.
        assert_eq!(shop.nets(), ["1000"]);
        let shop = shop.at("2026-11-30T09:00:00Z").await;
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
            ("price-1-tier-1-upto", "2.5"), ("price-1-meter", "gigabytes"), ("price-1-tier-1-unit", "0.0004"), ("price-1-tier-1-flat", "10.00"),
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

    async fn a_trial_costs_nothing_and_its_first_period_is_a_stub(shop: Shop) {
        let seat = [("price-1-label", "Seats"), ("price-1-kind", "per_seat"), ("price-1", "99.00")];
        let odd = [&seat[..], &[("trial_days", "400"), ("anchor_day", "31")]].concat();
        let refused = shop.try_plan("TRY-M", &odd).await.expect(422);
        assert_eq!(problems(&refused), ["#trial_days", "#anchor_day"]);
        shop.plan("TRY-M", &[&seat[..], &[
            ("trial_days", "14"), ("anchor_day", "1"),
            ("price-2-label", "Setup"), ("price-2-kind", "one_off"), ("price-2", "20.00"),
        ]].concat()).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("Billed monthly in advance, after 14 days free, on day 1 of the month"), "{page}");
        let shop = shop.at("2027-03-10T09:00:00Z").await;
        let sold = shop.sell("TRY-M", "1", "2027-03-10").await;
        let page = shop.page(&sold).await.words();
        assert!(page.contains("On trial: charged from 24 Mar 2027."), "{page}");
        assert!(page.contains("On 24 Mar 2027, as things stand:"), "{page}");
        // 8 of the month's 31 days, the set-up, and 19 % of both.
        assert!(page.contains("24–31 Mar 202725.55") && page.contains("Total54.20"), "{page}");
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["0"]);
        assert!(shop.nets().is_empty());
        let shop = shop.at("2027-04-01T09:00:00Z").await;
        shop.bill("2027-04-01");
        assert_eq!(shop.nets(), ["2555", "2000", "9900"]);
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["9900"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("charged from 24 Mar 2027") && page.contains("On 1 May 2027, as things stand:"), "{page}");
        shop.verify();
    }

    async fn a_trial_that_ends_early_costs_nothing(shop: Shop) {
        shop.plan("TRY-M", &[
            ("price-1-label", "Seats"), ("price-1-kind", "per_seat"), ("price-1", "99.00"), ("trial_days", "14"),
        ]).await;
        let later = shop.sell("TRY-M", "1", "2026-11-20").await;
        assert!(shop.page(&later).await.words().contains("Begins on 20 Nov 2026"));
        let shop = shop.at("2026-11-21T09:00:00Z").await;
        let scope = shop.app.operator("meridian");
        let today = "2026-11-21".parse().unwrap();
        shop.app.store.write_now(scope, |tx| perennial::services::revenue::subscriptions::end_due(tx, today, 10)).unwrap();
        assert!(shop.page(&later).await.words().contains("On trial: charged from 4 Dec 2026."));
        let form = shop.page(&format!("{later}/cancellation")).await.form("form[action$='/cancellation']");
        let form = form.with("when", "period_end").with("reason", "Not for us.");
        let shown = shop.owner.submit(&form).await;
        let confirm = shown.form("form[action$='/cancellation']");
        shop.owner.submit(&confirm).await.expect(303);
        assert_eq!(shop.app.ask("SELECT ends_on AS value FROM subscriptions"), ["2026-12-04"]);
        let shop = shop.at("2027-01-05T09:00:00Z").await;
        shop.bill("2027-01-05");
        assert!(shop.nets().is_empty());
        shop.verify();
    }

    async fn discounts_are_given_seen_and_credited_from_what_was_paid(shop: Shop) {
        shop.plan("SEAT-M", &[
            ("price-1-label", "Seats"), ("price-1-kind", "per_seat"), ("price-1", "10.00"),
            ("price-2-label", "Platform"), ("price-2-kind", "flat"), ("price-2", "50.00"),
        ]).await;
        let sold = shop.sell("SEAT-M", "5", "2026-11-01").await;
        assert_eq!(shop.nets(), ["5000", "5000"]);
        let form = shop.page(&format!("{sold}/discounts/new")).await.form("form[action$='/discounts']");
        let wrong = form.clone().with("label", "").with("off", "120").with("duration", "periods").with("periods", "x");
        let wrong = shop.owner.submit(&wrong).await.expect(422);
        assert_eq!(problems(&wrong), ["#label", "#off", "#periods"]);
        let first = form.with("label", "First year").with("off", "10").with("duration", "periods").with("periods", "2");
        shop.owner.submit(&first).await.expect(303);
        shop.owner.submit(&first).await.expect(303);
        let form = shop.page(&format!("{sold}/discounts/new")).await.form("form[action$='/discounts']");
        let fixed = form.with("label", "Sorry").with("how", "fixed").with("off", "9.00").with("duration", "once");
        shop.owner.submit(&fixed).await.expect(303);
        let page = shop.page(&sold).await.words();
        // 100.00 less a tenth, less 9.00, with 19 % tax.
        assert!(page.contains("Total96.39") && page.contains("after a discount of 9.50"), "{page}");
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}", shop::last(&sold));
        let seen = partner.get(&at).await.expect(200).words();
        assert!(seen.contains("First year") && seen.contains("Total96.39"), "{seen}");

        let shop = shop.at("2026-12-16T09:00:00Z").await;
        shop.bill("2026-12-16");
        assert_eq!(shop.nets(), ["5000", "5000", "4050", "4050"]);
        assert!(shop.newest_invoice().await.words().contains("after a discount of 9.50"));
        // The single reduction is no recurring one.
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["9000"]);
        // From 17 Dec, 15 of 31 days: 40.50 gives back 19.60; ten seats at a tenth off, and the
        // fixed amount spread over the days and over both prices.
        let form = shop.page(&format!("{sold}/quantity")).await.form("form[action$='/quantity']");
        let form = form.with("quantity", "10").with("effective_on", "2026-12-16").with("reason", "More.");
        let confirm = shop.owner.submit(&form).await.expect(200).form("form[action$='/quantity']");
        shop.owner.submit(&confirm).await.expect(303);
        let nets = shop.nets();
        assert_eq!(nets[4], "-2090", "from the 40.50 that was charged: {nets:?}");
        let end = shop.page(&sold).await.form("form[action*='/discounts/']");
        shop.owner.submit(&end).await.expect(303);
        let shop = shop.at("2027-01-02T09:00:00Z").await;
        shop.bill("2027-01-02");
        let nets = shop.nets();
        assert_eq!(nets[nets.len() - 2..], ["10000", "5000"], "{nets:?}");
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["15000"]);
        shop.verify();
    }

    async fn usage_is_reported_once_billed_in_arrears_and_corrected(shop: Shop) {
        let price = [
            ("price-1-label", "Platform"), ("price-1-kind", "flat"), ("price-1", "50.00"),
            ("price-2-label", "Calls"), ("price-2-kind", "usage"), ("price-2", "0.02"),
        ];
        let refused = shop.try_plan("USE-M", &price).await.expect(422);
        assert_eq!(problems(&refused), ["#price-2-meter"]);
        shop.plan("USE-M", &[&price[..], &[("price-2-meter", "api-calls"), ("price-2-aggregation", "sum")]].concat()).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("EUR 0.02 per unit of api-calls and month"), "{page}");
        let sold = shop.sell_with("USE-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        assert_eq!(shop.nets(), ["5000"]);

        let head = "external_id,subscription,meter,occurred_at,value\r\n";
        let refused = shop.report(&format!(
            "{head}e0,S-9,api-calls,2026-11-02T10:00:00Z,1\r\ne0,S-1,mails,2026-11-02T10:00:00Z,1\r\n\
             e0,S-1,api-calls,2026-12-02T10:00:00Z,1\r\ne0,S-1,api-calls,2026-10-02T10:00:00Z,1\r\ne0,S-1,api-calls,yesterday,many\r\n"
        )).await.words();
        for why in ["No subscription has this external id.", "No price of this subscription's plan", "has not come yet", "was not served", "Give an instant in UTC", "Give a number"] {
            assert!(refused.contains(why), "{why}: {refused}");
        }
        let events = "e1,S-1,api-calls,2026-11-02T10:00:00Z,100.5\r\ne2,S-1,api-calls,2026-11-09T08:00:00Z,400\r\ne2,S-1,api-calls,2026-11-09T08:00:00Z,400\r\n";
        shop.bring(&format!("{head}{events}")).await;
        shop.bring(&format!("{head}{events}")).await;
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM usage_events"), ["2"]);
        let other = shop.report(&format!("{head}e1,S-1,api-calls,2026-11-02T10:00:00Z,7\r\n")).await.words();
        assert!(other.contains("says something else than before"), "{other}");

        let shop = shop.at("2026-12-01T09:00:00Z").await;
        // Midnight of the vendor's zone is the next period's.
        shop.bring(&format!("{head}e3,S-1,api-calls,2026-11-30T22:59:59Z,34\r\ne4,S-1,api-calls,2026-11-30T23:00:00Z,700\r\n")).await;
        let page = shop.page(&sold).await.words();
        assert!(page.contains("Calls, 534.5 api-calls so far"), "{page}");
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["5000", "5000", "1069"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains("Vault, USE-M: Calls, 534.5 api-calls 1–30 Nov 2026"), "{invoice}");

        // A late event and a correction are the difference on the next bill.
        shop.bring(&format!("{head}e5,S-1,api-calls,2026-11-20T10:00:00Z,100\r\ne6,S-1,api-calls,2026-11-20T10:00:00Z,-34.5\r\n")).await;
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[3..], ["5000", "131", "1400"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("1–30 Nov 2026billed600 api-callsEUR 12.00") && page.contains("1–31 Dec 2026billed700 api-callsEUR 14.00"), "{page}");
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}", shop::last(&sold));
        let page = partner.get(&at).await.expect(200);
        assert!(page.words().contains("1–30 Nov 2026billed600 api-callsEUR 12.00"), "{}", page.words());
        for (visitor, at) in [(&partner, &at), (&shop.owner, &sold)] {
            let events = visitor.get(&format!("{at}/usage")).await.expect(200);
            assert!(events.words().contains("6 events") && events.words().contains("e6 api-calls"), "{}", events.words());
            let file = visitor.get(&format!("{at}/usage.csv")).await.expect(200);
            assert!(file.text().contains("e6,api-calls,2026-11-20T10:00:00Z,-34.5,,"), "{}", file.text());
        }
        shop.verify();
    }

    async fn a_retainer_carries_over_and_what_was_used_until_the_end_is_billed(shop: Shop) {
        shop.plan("CARE-M", &[
            ("price-1-label", "Hours"), ("price-1-kind", "retainer"), ("price-1", "900.00"), ("price-1-meter", "hours"),
            ("price-1-free", "10"), ("price-1-over", "95.00"), ("price-1-rollover", "4"),
        ]).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("EUR 900.00 a month with 10 of hours included, then EUR 95.00 each; up to 4 carried into the next month"), "{page}");
        let sold = shop.sell_with("CARE-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        let shop = shop.at("2027-01-15T09:00:00Z").await;
        let head = "external_id,subscription,meter,occurred_at,value\r\n";
        shop.bring(&format!("{head}h1,S-1,hours,2026-11-10T10:00:00Z,7\r\nh2,S-1,hours,2026-12-10T10:00:00Z,15\r\nh3,S-1,hours,2027-01-10T10:00:00Z,12.5\r\n")).await;
        shop.bill("2027-01-15");
        // November carries 3 hours on; December is 2 beyond 13.
        assert_eq!(shop.nets(), ["90000", "90000", "90000", "19000"]);
        let page = shop.page(&sold).await.words();
        assert!(page.contains("so far12.5 hoursEUR 237.50") && page.contains("billed7 hours3EUR 0.00"), "{page}");
        let form = shop.page(&format!("{sold}/cancellation")).await.form("form[action$='/cancellation']");
        let form = form.with("when", "period_end").with("reason", "Done.");
        let confirm = shop.owner.submit(&form).await.form("form[action$='/cancellation']");
        shop.owner.submit(&confirm).await.expect(303);
        let shop = shop.at("2027-02-02T09:00:00Z").await;
        let ended = shop.app.store.write_now(shop.app.operator("meridian"), |tx| {
            perennial::services::revenue::subscriptions::end_due(tx, "2027-02-02".parse().unwrap(), 100)
        });
        assert_eq!(ended.unwrap(), 1);
        assert!(shop.page(&sold).await.words().contains("what was used is still to be billed"));
        shop.bill("2027-02-02");
        assert_eq!(shop.nets()[4..], ["23750"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscriptions WHERE next_bill_on IS NOT NULL"), ["0"]);
        // What is reported after the last bill is billed once more; what falls after the end is refused.
        let refused = shop.report(&format!("{head}h4,S-1,hours,2027-02-01T10:00:00Z,1\r\n")).await.words();
        assert!(refused.contains("was not served"), "{refused}");
        shop.bring(&format!("{head}h5,S-1,hours,2027-01-31T10:00:00Z,2\r\n")).await;
        shop.bill("2027-02-02");
        assert_eq!(shop.nets()[5..], ["19000"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains("14.5 hours in all, after late reports"), "{invoice}");
        shop.verify();
    }

    async fn usage_alone_makes_no_empty_bill_and_its_tiers_count_what_came_late(shop: Shop) {
        shop.plan("DATA-M", &[
            ("price-1-label", "Data"), ("price-1-kind", "graduated"), ("price-1-meter", "gigabytes"),
            ("price-1-tier-1-upto", "100"), ("price-1-tier-1-unit", "0.50"),
            ("price-1-tier-2-upto", ""), ("price-1-tier-2-unit", "0.20"),
        ]).await;
        shop.sell_with("DATA-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM invoices"), ["0"]);
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        let head = "external_id,subscription,meter,occurred_at,value\r\n";
        shop.bring(&format!("{head}d1,S-1,gigabytes,2026-11-02T10:00:00Z,90\r\n")).await;
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["4500"]);
        // 60 more: 10 at 0.50 and 50 at 0.20.
        shop.bring(&format!("{head}d2,S-1,gigabytes,2026-11-30T10:00:00Z,60\r\n")).await;
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets(), ["4500", "1500"]);
        // All of it was by mistake: it goes back, the newest line first.
        shop.bring(&format!("{head}d3,S-1,gigabytes,2026-11-30T11:00:00Z,-150\r\n")).await;
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets(), ["4500", "1500"]);
        let both = ["1500 on Vault, DATA-M: Data, 150 gigabytes in all, after late reports", "4500 on Vault, DATA-M: Data, 90 gigabytes"];
        assert_eq!(shop.given_back(), both);
        shop.bring(&format!("{head}d4,S-1,gigabytes,2027-02-01T08:00:00Z,150\r\n")).await;
        let shop = shop.at("2027-03-01T09:00:00Z").await;
        shop.bill("2027-03-01");
        assert_eq!(shop.nets(), ["4500", "1500", "6000"]);
        assert_eq!(shop.app.ask("SELECT sum(billed_minor) AS value FROM usage_charges"), ["6000"]);
        shop.verify();
    }

    async fn an_outcome_is_billed_once_the_other_side_has_verified_it(shop: Shop) {
        shop.plan("LEAD-M", &[
            ("price-1-label", "Leads"), ("price-1-kind", "outcome"), ("price-1", "100.00"), ("price-1-meter", "leads"),
            ("price-1-aggregation", "count"), ("price-1-free", "1"), ("price-1-over", "40.00"), ("price-1-cap", "60.00"),
        ]).await;
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains("EUR 100.00 a month, and EUR 40.00 for each verified leads above 1, at most EUR 60.00"), "{page}");
        let sold = shop.sell_with("LEAD-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        // The vendor reports two by file, the partner a third by form.
        let head = "external_id,subscription,meter,occurred_at,value\r\n";
        shop.bring(&format!("{head}l1,S-1,leads,2026-11-02T10:00:00Z,1\r\nl2,S-1,leads,2026-11-03T10:00:00Z,1\r\n")).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}/usage", shop::last(&sold));
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let form = partner.get(&at).await.expect(200).form("form[action$='/usage']");
        let refused = partner.submit(&form.clone().with("on", "2026-11-20")).await.expect(422);
        assert_eq!(problems(&refused), ["#value", "#subject"]);
        let form = form.with("value", "1").with("subject", "Order 17");
        let late = partner.submit(&form.clone().with("on", "2026-11-20")).await.expect(422);
        assert_eq!(problems(&late), ["#on"]);
        partner.submit(&form.with("on", "2026-11-04")).await.expect(303);
        let seller = shop.app.portal_of("meridian", "northwind", Role::PartnerSeller).await;
        let page = seller.get(&at).await.expect(200);
        assert!(page.words().contains("the vendor has to") && page.attrs("main form", "action").is_empty(), "{}", page.words());

        // Nothing is verified, nothing is billed; the vendor cannot verify its own.
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["10000", "10000"]);
        let page = shop.page(&format!("{sold}/usage")).await;
        assert_eq!(page.attrs("form[action$='/verification']", "action").len(), 1, "{}", page.words());
        let theirs = page.form("form[action$='/verification']");
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let page = partner.get(&at).await.expect(200);
        let ours = page.attrs("form[action$='/verification']", "action");
        assert_eq!(ours.len(), 2, "{}", page.words());
        let own = format!("{sold}/usage/{}", ours[0].rsplit("/usage/").next().unwrap());
        shop.owner.post(&own, &[]).await.expect(409);
        partner.post(&ours[0], &[]).await.expect(303);
        partner.post(&ours[0], &[]).await.expect(409);
        shop.owner.submit(&theirs).await.expect(303);
        let page = shop.page(&format!("{sold}/usage")).await.words();
        assert!(page.contains("by Owner") && page.contains("the partner has to"), "{page}");
        assert!(shop.page(&sold).await.words().contains("Outcome verified"));
        // Two are verified: one beyond the baseline. The third one reaches the cap.
        let next = shop.page(&sold).await.words();
        assert!(next.contains("Leads, 2 leads in all, after late reports"), "{next}");
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[2..], ["10000", "4000"]);
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        partner.post(&ours[1], &[]).await.expect(303);
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[4..], ["10000", "2000"]);
        shop.verify();
    }
}
