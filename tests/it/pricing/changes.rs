//! A plan that counts usage or has a minimum is left or come to: each day is billed by the plan it
//! was of, also what is reported later.
use perennial::domain::Role;

use super::shop::{Shop, last, problems};
use crate::{harness::spelled, on_both};

/// 30.00 a month; the first hundred calls at 0.50, others at 0.20.
const BASIC: [(&str, &str); 10] = [
    ("price-1-label", "Platform"),
    ("price-1-kind", "flat"),
    ("price-1", "30.00"),
    ("price-2-label", "Calls"),
    ("price-2-kind", "graduated"),
    ("price-2-meter", "api-calls"),
    ("price-2-tier-1-upto", "100"),
    ("price-2-tier-1-unit", "0.50"),
    ("price-2-tier-2-upto", ""),
    ("price-2-tier-2-unit", "0.20"),
];
/// 60.00 a month, and 0.10 a call.
const PRO: [(&str, &str); 8] = [
    ("price-1-label", "Platform"),
    ("price-1-kind", "flat"),
    ("price-1", "60.00"),
    ("price-2-label", "Calls"),
    ("price-2-kind", "usage"),
    ("price-2", "0.10"),
    ("price-2-meter", "api-calls"),
    ("price-2-aggregation", "sum"),
];
const SOLD: [(&str, &str); 3] = [
    ("quantity", "1"),
    ("starts_on", "2026-11-01"),
    ("external_id", "S-1"),
];

fn file(meter: &str, events: &[(&str, &str, &str)]) -> String {
    let mut file = "external_id,subscription,meter,occurred_at,value\r\n".to_owned();
    for (id, day, value) in events {
        file += &format!("{id},S-1,{meter},{day}T10:00:00Z,{value}\r\n");
    }
    file
}

fn calls(events: &[(&str, &str, &str)]) -> String {
    file("api-calls", events)
}

impl Shop {
    /// What a change of plan would come to, in words; then it is made.
    async fn to_plan(&self, sold: &str, code: &str, when: &[(&str, &str)]) -> String {
        let at = "form[action$='/plan']";
        let mut form = self.page(&format!("{sold}/plan")).await.form(at);
        let id = self.app.ask(&format!(
            "SELECT v.id AS value FROM plan_versions v JOIN plans p ON p.id = v.plan_id WHERE p.code = '{code}'"
        ));
        let id = spelled::<perennial::id::PlanVersion>(id[0].parse().unwrap()).to_string();
        let fields = [&[("plan", id.as_str()), ("reason", "Asked for it.")], when].concat();
        for (name, value) in fields {
            form = form.with(name, value);
        }
        let shown = self.owner.submit(&form).await;
        if shown.status == 200 {
            self.owner.submit(&shown.form(at)).await.expect(303);
            self.verify();
            return shown.words();
        }
        format!("{:?} {}", problems(&shown), shown.words())
    }
}

const LATER: [(&str, &str); 1] = [("when", "next_period")];

fn now(on: &str) -> [(&str, &str); 2] {
    [("when", "now"), ("effective_on", on)]
}

fn all_in(words: &str, said: &[&str]) {
    for one in said {
        assert!(words.contains(one), "{one}: {words}");
    }
}

on_both! {
    async fn with_the_next_period_each_period_is_billed_by_its_own_plan(shop: Shop) {
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-M", &PRO).await;
        let sold = shop.sell_with("BASIC-M", &SOLD).await;
        shop.bring(&calls(&[("e1", "2026-11-05", "120")])).await;
        let form = shop.page(&format!("{sold}/plan")).await.words();
        assert!(form.contains("Usage is billed by the plan of its day once the period is over, also what is reported later."), "{form}");
        let shown = shop.to_plan(&sold, "PRO-M", &LATER).await;
        all_in(&shown, &[
            "From 1 Dec 2026 on it is Vault, PRO-M, billed with that period.",
            "Usage until 30 Nov 2026 is billed at the prices of Vault, BASIC-M with the first bill of the new plan, also what is reported later.",
            "Usage from 1 Dec 2026 on is billed at the prices of Vault, PRO-M.",
        ]);
        assert!(!shown.contains("Tiers, caps"), "{shown}");
        let page = shop.page(&sold).await.words();
        all_in(&page, &["On 1 Dec 2026, as things stand", "Vault, BASIC-M: Calls, 120 api-calls so far", "54.00"]);
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["3000", "6000", "5400"]);
        let invoice = shop.newest_invoice().await.words();
        all_in(&invoice, &["Vault, PRO-M: Platform", "Vault, BASIC-M: Calls, 120 api-calls 1–30 Nov 2026"]);

        // What comes late counts for the plan of its day.
        let shop = shop.at("2026-12-10T09:00:00Z").await;
        shop.bring(&calls(&[("e2", "2026-11-20", "10"), ("e3", "2026-12-03", "50")])).await;
        let page = shop.page(&sold).await.words();
        all_in(&page, &["Vault, BASIC-M: Calls, 130 api-calls in all, after late reports", "Calls, 50 api-calls so far"]);
        // Set to go back, and kept: nothing changes.
        shop.to_plan(&sold, "BASIC-M", &LATER).await;
        let keep = shop.page(&format!("{sold}/plan")).await.form("form[action$='/plan/keep']");
        shop.owner.submit(&keep.with("kept_because", "It fits.")).await.expect(303);
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[3..], ["6000", "200", "500"]);
        // A correction, after which less was used than was billed.
        shop.bring(&calls(&[("e4", "2026-11-21", "-30")])).await;
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[6..], ["6000"]);
        assert_eq!(shop.given_back(), [
            "200 on Vault, BASIC-M: Calls, 130 api-calls in all, after late reports",
            "400 on Vault, BASIC-M: Calls, 120 api-calls",
        ]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM usage_events WHERE NOT settled"), ["0"]);
        let theirs = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}", last(&sold));
        let page = theirs.get(&at).await.expect(200).words();
        all_in(&page, &["Vault, BASIC-M: Calls1–30 Nov 2026billed100 api-callsEUR 50.00", "Calls1–31 Dec 2026billed50 api-callsEUR 5.00"]);
        shop.verify();
    }

    async fn at_once_a_period_has_the_usage_of_both_plans_by_their_days(shop: Shop) {
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-M", &PRO).await;
        let sold = shop.sell_with("BASIC-M", &SOLD).await;
        let shop = shop.at("2026-11-16T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-05", "60")])).await;
        let shown = shop.to_plan(&sold, "PRO-M", &now("2026-11-16")).await;
        all_in(&shown, &[
            "Usage until 15 Nov 2026 is billed at the prices of Vault, BASIC-M once the period is over, also what is reported later.",
            "Usage from 16 Nov 2026 on is billed at the prices of Vault, PRO-M.",
            "Tiers, caps and what is included or free count for a plan's days of the period.",
        ]);
        assert_eq!(shop.nets(), ["3000", "3000"]);
        let page = shop.page(&sold).await.words();
        all_in(&page, &["Vault, BASIC-M: Calls, 60 api-calls, tiers by 15 of 30 days so far", "27.00"]);
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bring(&calls(&[("e2", "2026-11-20", "40")])).await;
        shop.bill("2026-12-01");
        // 50 calls at 0.50 and 10 at 0.20 for half a month; 40 at 0.10.
        assert_eq!(shop.nets()[2..], ["6000", "2700", "400"]);
        let invoice = shop.newest_invoice().await.words();
        all_in(&invoice, &[
            "Vault, BASIC-M: Calls, 60 api-calls, tiers by 15 of 30 days 1–15 Nov 2026",
            "Vault, PRO-M: Calls, 40 api-calls 16–30 Nov 2026",
        ]);
        // Midnight of the vendor's zone is the new plan's.
        let events = "external_id,subscription,meter,occurred_at,value\r\n\
            e3,S-1,api-calls,2026-11-15T22:59:59Z,10\r\ne4,S-1,api-calls,2026-11-15T23:00:00Z,10\r\n";
        shop.bring(events).await;
        let shop = shop.at("2027-01-02T09:00:00Z").await;
        shop.bill("2027-01-02");
        assert_eq!(shop.nets()[5..], ["6000", "200", "100"]);
        let refused = shop.to_plan(&sold, "BASIC-M", &now("2026-12-20")).await;
        all_in(&refused, &["#effective_on", "before 1 Jan 2027 is billed, and stays as it was: give 1 Jan 2027 or a later day."]);
        shop.verify();
    }

    async fn there_and_back_in_one_period_and_canceled_in_it(shop: Shop) {
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-M", &PRO).await;
        let sold = shop.sell_with("BASIC-M", &SOLD).await;
        let shop = shop.at("2026-11-16T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-05", "60"), ("e2", "2026-11-13", "40")])).await;
        shop.to_plan(&sold, "PRO-M", &now("2026-11-11")).await;
        shop.to_plan(&sold, "BASIC-M", &now("2026-11-16")).await;
        assert_eq!(shop.nets(), ["3000", "4000", "1500"]);
        let shop = shop.at("2026-11-21T09:00:00Z").await;
        shop.bring(&calls(&[("e3", "2026-11-17", "20")])).await;
        let cancel = [("when", "now"), ("effective_on", "2026-11-21"), ("reason", "Left.")];
        shop.step(&sold, "cancellation", &cancel).await;
        shop.bill("2026-11-21");
        // 60 calls in a third of a month, 40 at 0.10, and 20 below the edge of half a month.
        assert_eq!(shop.nets()[3..], ["2200", "400", "1000"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscriptions WHERE next_bill_on IS NOT NULL"), ["0"]);
        // Reported after the end, for each of the stretches: 0.20, 0.10 and 0.50 a call.
        shop.bring(&calls(&[("e4", "2026-11-10", "10"), ("e5", "2026-11-11", "10"), ("e6", "2026-11-16", "10")])).await;
        shop.bill("2026-11-21");
        assert_eq!(shop.nets()[6..], ["200", "100", "500"]);
        shop.verify();
    }

    async fn a_minimum_counts_for_the_days_of_its_plan(shop: Shop) {
        let least = [
            ("price-1-label", "Platform"), ("price-1-kind", "flat"), ("price-1", "99.00"),
            ("price-2-label", "Calls"), ("price-2-kind", "usage"), ("price-2", "0.01"),
            ("price-2-meter", "api-calls"), ("price-2-aggregation", "sum"), ("minimum", "500.00"),
        ];
        shop.plan("LEAST-M", &least).await;
        shop.plan("PLAIN-M", &[("price-1-label", "Platform"), ("price-1-kind", "flat"), ("price-1", "100.00")]).await;
        let sold = shop.sell_with("LEAST-M", &SOLD).await;
        let shop = shop.at("2026-11-16T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-05", "10000")])).await;
        let shown = shop.to_plan(&sold, "PLAIN-M", &now("2026-11-16")).await;
        all_in(&shown, &[
            "goes from EUR 500.00 to EUR 100.00",
            "The minimum of a plan counts for its days of the period.",
            "Vault, PLAIN-M does not count api-calls: none is taken from 16 Nov 2026 on.",
        ]);
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        let refused = shop.report(&calls(&[("e2", "2026-11-20", "7")])).await.words();
        assert!(refused.contains("No price of the plan of this day is counted by this meter."), "{refused}");
        shop.bill("2026-12-01");
        // Half of 500.00, of which 49.50 and 100.00 were charged; nothing of the other half.
        assert_eq!(shop.nets(), ["9900", "5000", "10000", "10000", "10050"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains("Vault, LEAST-M: Minimum of EUR 250.00, of which EUR 149.50 was charged 1–15 Nov 2026"), "{invoice}");
        // A late charge makes up for a part of it; the plan is come back to with January.
        shop.bring(&calls(&[("e3", "2026-11-10", "2000")])).await;
        shop.to_plan(&sold, "LEAST-M", &LATER).await;
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[5..], ["9900", "2000"]);
        assert_eq!(shop.given_back()[1..], [
            "2000 on Vault, LEAST-M: Minimum of EUR 250.00, of which EUR 149.50 was charged",
        ]);
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["50000"]);
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[7..], ["9900", "40100"]);
        shop.verify();
    }

    async fn a_year_counted_anew_bills_what_was_used_in_the_month_before(shop: Shop) {
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-Y", &[&PRO[..2], &[("price-1", "600.00")], &PRO[3..], &[("interval", "12")]].concat()).await;
        let sold = shop.sell_with("BASIC-M", &SOLD).await;
        let shop = shop.at("2026-12-16T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-05", "60"), ("e2", "2026-12-05", "60")])).await;
        shop.bill("2026-12-16");
        assert_eq!(shop.nets(), ["3000", "3000", "3000"]);
        let shown = shop.to_plan(&sold, "PRO-Y", &now("2026-12-16")).await;
        all_in(&shown, &["Usage until 15 Dec 2026 is billed at the prices of Vault, BASIC-M with the first bill of the new plan"]);
        // 60 calls by 15 of 31 days: 48.387… at 0.50 and 11.612… at 0.20.
        assert_eq!(shop.nets()[3..], ["60000", "2652"]);
        let shop = shop.at("2027-12-16T09:00:00Z").await;
        shop.bring(&calls(&[("e3", "2026-11-10", "50"), ("e4", "2026-12-10", "10"), ("e5", "2027-03-01", "30")])).await;
        shop.bill("2027-12-16");
        // November's tiers go on at 40 calls; December's are beyond the edge; the year's are its own.
        assert_eq!(shop.nets()[5..], ["60000", "2200", "200", "300"]);
        shop.verify();
    }

    async fn hours_end_with_their_plan_and_results_keep_their_fee(shop: Shop) {
        let hours = |fee, over| vec![
            ("price-1-label", "Hours"), ("price-1-kind", "retainer"), ("price-1", fee), ("price-1-meter", "hours"),
            ("price-1-free", "10"), ("price-1-over", over), ("price-1-rollover", "4"),
        ];
        shop.plan("CARE-M", &hours("900.00", "95.00")).await;
        shop.plan("MORE-M", &hours("1200.00", "100.00")).await;
        shop.plan("LEAD-M", &[
            ("price-1-label", "Leads"), ("price-1-kind", "outcome"), ("price-1", "100.00"), ("price-1-meter", "leads"),
            ("price-1-aggregation", "count"), ("price-1-free", "1"), ("price-1-over", "40.00"), ("price-1-cap", "60.00"),
        ]).await;
        let sold = shop.sell_with("CARE-M", &SOLD).await;
        shop.bring(&file("hours", &[("h1", "2026-11-05", "7")])).await;
        let shown = shop.to_plan(&sold, "MORE-M", &LATER).await;
        assert!(shown.contains("What is carried over ends with Vault, CARE-M."), "{shown}");
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bring(&file("hours", &[("h2", "2026-12-05", "12")])).await;
        shop.bill("2027-01-01");
        // Two hours beyond ten: the three that were left in November are none of December's.
        assert_eq!(shop.nets(), ["90000", "120000", "120000", "20000"]);

        // Ten of 31 days: results above a share of the baseline, up to a share of the cap.
        let shop = shop.at("2027-01-11T09:00:00Z").await;
        shop.to_plan(&sold, "LEAD-M", &now("2027-01-01")).await;
        shop.bring(&file("leads", &[("l1", "2027-01-04", "1"), ("l2", "2027-01-05", "1")])).await;
        shop.to_plan(&sold, "CARE-M", &now("2027-01-11")).await;
        let shop = shop.at("2027-01-20T09:00:00Z").await;
        let theirs = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let at = format!("/meridian/p/northwind/subscriptions/{}/usage", last(&sold));
        let page = theirs.get(&at).await.expect(200);
        for address in page.attrs("form[action$='/verification']", "action") {
            theirs.post(&address, &[]).await.expect(303);
        }
        let form = page.form("main form[action$='/usage']").with("meter", "leads").with("value", "1").with("subject", "Order 17");
        let refused = theirs.submit(&form.clone().with("on", "2027-01-12")).await.expect(422);
        assert_eq!(problems(&refused), ["#on"]);
        theirs.submit(&form.with("on", "2027-01-10")).await.expect(303);
        shop.verify();
        let before = shop.nets().len();
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[before..], ["90000", "1935"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains("Vault, LEAD-M: Leads, 2 leads, baseline and cap by 10 of 31 days 1–10 Jan 2027"), "{invoice}");
        shop.verify();
    }

    async fn a_pause_shortens_no_tiers_and_a_set_plan_comes_in_it(shop: Shop) {
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-M", &PRO).await;
        let sold = shop.sell_with("BASIC-M", &SOLD).await;
        let shop = shop.at("2026-11-21T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-05", "60"), ("e2", "2026-11-08", "40")])).await;
        shop.to_plan(&sold, "PRO-M", &now("2026-11-06")).await;
        shop.step(&sold, "pause", &[("effective_on", "2026-11-11"), ("reason", "Away.")]).await;
        shop.step(&sold, "resume", &[("effective_on", "2026-11-21"), ("reason", "Back.")]).await;
        shop.to_plan(&sold, "BASIC-M", &LATER).await;
        shop.step(&sold, "pause", &[("effective_on", "2026-11-21"), ("reason", "Away again.")]).await;
        let before = shop.nets().len();
        let shop = shop.at("2026-12-17T09:00:00Z").await;
        shop.step(&sold, "resume", &[("effective_on", "2026-12-17"), ("reason", "Back.")]).await;
        // 15 of 31 days of 30.00; 60 calls by 5 of 30 days, and 40 at 0.10.
        assert_eq!(shop.nets()[before..], ["1452", "1700", "400"]);
        shop.verify();
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bring(&calls(&[("e3", "2026-12-20", "110")])).await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[before + 3..], ["3000", "5200"]);
        shop.verify();
    }
    async fn what_is_resold_is_off_the_list_of_each_plan(shop: Shop) {
        let id = shop.app.ask("SELECT id AS value FROM partners");
        let id = spelled::<perennial::id::Partner>(id[0].parse().unwrap());
        let form = shop.page(&format!("/meridian/partners/{id}/resale")).await.form("main form[method=post]");
        let form = form.with("reseller", "20").with("tax_category", "own").with("tax", "19").with("from", "2026-11-10");
        shop.owner.submit(&form).await.expect(303);
        shop.plan("BASIC-M", &BASIC).await;
        shop.plan("PRO-M", &PRO).await;
        let resold = [("quantity", "1"), ("starts_on", "2026-11-10"), ("external_id", "S-1"), ("billing", "resale")];
        let sold = shop.sell_with("BASIC-M", &resold).await;
        let shop = shop.at("2026-11-25T09:00:00Z").await;
        shop.bring(&calls(&[("e1", "2026-11-12", "60")])).await;
        shop.to_plan(&sold, "PRO-M", &now("2026-11-25")).await;
        let shop = shop.at("2026-12-10T09:00:00Z").await;
        shop.bring(&calls(&[("e2", "2026-12-01", "40")])).await;
        shop.bill("2026-12-10");
        shop.bring(&calls(&[("e3", "2026-11-13", "10")])).await;
        assert_eq!(shop.nets(), ["2400", "2400", "4800", "2160", "320"]);
        let shop = shop.at("2027-01-10T09:00:00Z").await;
        shop.bill("2027-01-10");
        assert_eq!(shop.nets()[5..], ["4800", "160"]);
        assert_eq!(
            shop.app.ask("SELECT DISTINCT resale_minor AS value FROM invoice_lines WHERE kind = 'usage' ORDER BY value"),
            ["40", "80", "540"]
        );
        shop.verify();
    }
}
