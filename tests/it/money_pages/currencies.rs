//! A partner that is paid in another currency than it earns in: rates, the close that waits for
//! them, statements in every form, and what goes back months later at the rate of then.
use perennial::{
    domain::{Money, Role, statement_document::StatementDocument},
    mail::StatementLetter,
    services::revenue::billing,
    worker::{Closing, close_now},
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

const RATES: &str = "/meridian/exchange-rates";

pub(super) async fn set(who: &Visitor, fields: &[(&str, &str)]) -> Page {
    let form = who
        .get(RATES)
        .await
        .expect(200)
        .form("main form[method=post]");
    let form = fields
        .iter()
        .fold(form, |form, (name, value)| form.with(name, value));
    who.submit(&form).await
}

pub(super) fn rate<'a>(value: &'a str, on: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("from", "eur"),
        ("to", "USD"),
        ("rate", value),
        ("on", on),
        ("source", "Central bank"),
    ]
}

fn partner(scene: &Scene) -> String {
    called(scene, "northwind")
}

fn called(scene: &Scene, slug: &str) -> String {
    let id = scene.spelled_id::<perennial::id::Partner>(&format!(
        "SELECT id AS value FROM partners WHERE slug = '{slug}'"
    ));
    format!("/meridian/partners/{id}")
}

async fn pay_in(scene: &Scene, who: &Visitor, currency: &str, from: &str) -> Page {
    pay_partner_in(scene, who, ("northwind", currency), from).await
}

pub(super) async fn pay_partner_in(
    scene: &Scene,
    who: &Visitor,
    (slug, currency): (&str, &str),
    from: &str,
) -> Page {
    let at = format!("{}/payout-currency", called(scene, slug));
    let form = who
        .get(&at)
        .await
        .expect(200)
        .form("main form[method=post]");
    who.submit(&form.with("currency", currency).with("from", from))
        .await
}

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn bill(scene: &Scene, day: &str) {
    scene.write(|tx| billing::bill_due(tx, day.parse().unwrap()));
}

fn statement(scene: &Scene, month: &str) -> (String, StatementDocument) {
    let of = format!(
        "FROM statements s JOIN partners p ON p.id = s.partner_id
         WHERE p.slug = 'northwind' AND s.month = {month} AND s.currency = 'USD'"
    );
    let id = scene.spelled_id::<perennial::id::Statement>(&format!("SELECT s.id AS value {of}"));
    let content = scene.app.ask(&format!("SELECT s.content AS value {of}"));
    let document = StatementDocument::from_canonical(&content[0]).unwrap();
    (format!("/meridian/statements/{id}"), document)
}

/// Every form of a statement says these, and adds up to the same.
async fn says(who: &Visitor, (at, document): &(String, StatementDocument), wanted: &[&str]) {
    let page = who.get(at).await.expect(200).words();
    let pdf = who.get(&format!("{at}.pdf")).await.expect(200).bytes;
    let pdf = pdf_extract::extract_text_from_mem(&pdf).unwrap();
    let href = "https://portal.example".into();
    let letter = StatementLetter {
        document,
        href,
        attach: false,
    };
    for (name, text) in [
        ("page", page),
        ("pdf", pdf),
        ("mail", letter.text().unwrap()),
    ] {
        // Lines break anywhere.
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        for said in wanted {
            assert!(
                joined(&text).contains(&joined(said)),
                "{name}: {said}: {text}"
            );
        }
    }
    let csv = who.get(&format!("{at}.csv")).await.expect(200).bytes;
    let mut rows = csv::Reader::from_reader(&csv[..]);
    let rows = rows.deserialize::<std::collections::HashMap<String, String>>();
    let sum: i64 = rows
        .map(|row| {
            row.unwrap()["Amount"]
                .replace('.', "")
                .parse::<i64>()
                .unwrap()
        })
        .sum();
    assert_eq!(Some(sum), document.lines_total());
    let json = who.get(&format!("{at}.json")).await.expect(200).bytes;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let lines = json["lines"].as_array().unwrap().iter();
    assert_eq!(
        lines
            .map(|line| line["amount_minor"].as_i64().unwrap())
            .sum::<i64>(),
        sum
    );
}

fn converted(scene: &Scene) -> Vec<String> {
    scene.app.ask(
        "SELECT CAST(c.earned_minor AS TEXT) || ' ' || CAST(c.payable_minor AS TEXT) || ' ' || CAST(c.rate_nano AS TEXT) AS value
         FROM conversions c JOIN commission_entries e ON e.id = c.commission_entry_id
         JOIN customers k ON k.id = e.customer_id WHERE k.external_id = 'C-1' ORDER BY c.commission_entry_id",
    )
}

on_both! {
    async fn a_rate_that_makes_no_sense_is_refused_beside_its_field(scene: Scene) {
        let finance = scene.finance().await;
        for (field, value, said) in [
            ("rate", "0", "above zero"),
            ("rate", "-1.08", "above zero"),
            ("rate", "1,0837", "above zero"),
            ("rate", "1.083700000000000000000000000001", "at most nine decimals"),
            ("rate", "99999999999", "below 10,000,000"),
            ("rate", "", "above zero"),
            ("from", "EURO", "three-letter code"),
            ("from", "XAU", "three-letter code"),
            ("to", "EUR", "another currency"),
            ("on", "2026-12-02", "to come"),
            ("on", "soon", ""),
            ("source", "", ""),
        ] {
            let mut fields = rate("1.0837", "2026-12-01").to_vec();
            fields.push((field, value));
            let refused = set(&finance, &fields).await.expect(422);
            assert!(refused.words().contains(said), "{field}: {said}: {}", refused.words());
            assert_eq!(refused.attr(&format!("#{field}"), "aria-invalid").as_deref(), Some("true"), "{field} {value}");
            assert_eq!(refused.attr("#source", "value").as_deref().unwrap_or_default(), if field == "source" { value } else { "Central bank" });
        }
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM fx_rates"), ["0"]);

        // As long as nothing was converted at it, a rate of a day is set anew.
        let form = finance.get(RATES).await.expect(200).form("main form[method=post]");
        let form = rate("10.837", "2026-12-01").iter().fold(form, |form, (name, value)| form.with(name, value));
        for _ in 0..2 {
            finance.submit(&form).await.expect(303);
        }
        set(&finance, &rate("1.0837", "2026-12-01")).await.expect(303);
        set(&finance, &rate("1.0837", "2026-12-01")).await.expect(303);
        assert_eq!(scene.app.ask("SELECT CAST(rate_nano AS TEXT) AS value FROM fx_rates"), ["1083700000"]);
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM audit_events WHERE action = 'fx_rate.set'"), ["2"]);
        let list = finance.get(&format!("{RATES}?currency=usd")).await.expect(200);
        assert!(list.words().contains("USD 1.0837") && list.words().contains("Not used"), "{}", list.words());
        assert!(!finance.get(&format!("{RATES}?currency=CHF")).await.expect(200).words().contains("USD 1.0837"));

        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        assert!(viewer.get(RATES).await.expect(200).select("main form[method=post]").is_empty());
        viewer.post(RATES, &[]).await.expect(403);
        viewer.post(&format!("{}/payout-currency", partner(&scene)), &[]).await.expect(403);
        let rival = scene.partner("northwind", Role::PartnerAdmin).await;
        rival.get(RATES).await.expect(404);
        rival.get("/meridian/p/northwind/exchange-rates").await.expect(404);
    }

    async fn a_payout_currency_holds_from_a_day_without_commission(scene: Scene) {
        let finance = scene.finance().await;
        let last = last_entry(&scene);
        for (currency, from, said) in [
            ("USD", last.as_str(), "or a later day"),
            ("DOLLAR", "2026-12-01", "three-letter code"),
            ("USD", "", ""),
        ] {
            let refused = pay_in(&scene, &finance, currency, from).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        pay_in(&scene, &finance, "usd", "2026-12-01").await.expect(303);
        let record = finance.get(&partner(&scene)).await.expect(200);
        assert!(record.words().contains("Paid in USD"), "{}", record.words());
        assert!(record.words().contains("Northwind, from 1 Dec 2026: Paid in USD"), "{}", record.words());
        let own = scene.partner("northwind", Role::PartnerFinance).await;
        let terms = own.get("/meridian/p/northwind/terms").await.expect(200);
        assert!(terms.words().contains("Paid in USD: for payments from 1 Dec 2026 on"), "{}", terms.words());
        // Thought better of on the same day.
        pay_in(&scene, &finance, "", "2026-12-01").await.expect(303);
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM payout_currencies WHERE currency = ''"), ["1"]);
        bill(&scene, "2026-12-01");
        scene.pay("P-20", "C-1", "2026-12-01", eur(57_120));
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM conversions"), ["0"]);
        scene.close("2026-11");
        scene.verified();
    }

    async fn an_older_rate_is_taken_where_it_may_be(scene: Scene) {
        let finance = scene.finance().await;
        pay_in(&scene, &finance, "USD", "2026-12-01").await.expect(303);
        bill(&scene, "2026-12-01");
        scene.pay("P-20", "C-1", "2026-12-01", eur(57_120));
        let asked = set(&finance, &rate("1.07", "2026-11-30")).await.expect(422);
        finance.submit(&asked.form("main form[method=post]").with("despite", "yes")).await.expect(303);
        assert_eq!(converted(&scene), ["9600 10272 1070000000"]);
        scene.verified();
    }

    async fn what_goes_back_goes_at_the_rate_it_came_at(scene: Scene) {
        let finance = scene.finance().await;
        pay_in(&scene, &finance, "USD", "2026-12-01").await.expect(303);
        bill(&scene, "2026-12-01");
        scene.pay("P-20", "C-1", "2026-12-01", eur(57_120));
        assert_eq!(converted(&scene), Vec::<String>::new());
        scene.close("2026-11");
        scene.verified();

        // Without the rate the month is not closed, and its page says which.
        scene.app.now_is("2027-01-04T09:00:00Z");
        let finance = scene.finance().await;
        let page = finance.get("/meridian/periods/2026-12").await.expect(200);
        for said in ["Exchange rates are missing", "EUR to USD, for 1 Dec 2026", "cannot be closed"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        finance.get("/meridian/periods/2026-12/closure").await.expect(409);
        let closing = Closing { period: "2026-12".parse().unwrap(), chunk: 10, mail_domain: "portal.example.com".to_owned() };
        let refused = close_now(&scene.app.store, &scene.scope, &closing).unwrap_err().to_string();
        assert!(refused.contains("There is no rate from EUR to USD for 1 Dec 2026"), "{refused}");
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM periods WHERE month = 202612 AND status <> 'open'"), ["0"]);

        // One of 31 days before is too old; one of the day converts what waited.
        set(&finance, &rate("1.5", "2026-10-31")).await.expect(303);
        assert_eq!(converted(&scene), Vec::<String>::new());
        // One of a day before is asked about, for that of the day may be at hand.
        let asked = set(&finance, &rate("1.07", "2026-11-30")).await.expect(422);
        assert!(asked.words().contains("Commission of 1 Dec 2026 waits for a rate and would take this one for good"), "{}", asked.words());
        assert_eq!(converted(&scene), Vec::<String>::new());
        set(&finance, &rate("1.0837", "2026-12-01")).await.expect(303);
        assert_eq!(converted(&scene), ["9600 10404 1083700000"]);
        let list = finance.get(RATES).await.expect(200);
        assert!(list.words().contains("Used") && list.words().contains("Not used"), "{}", list.words());
        let refused = set(&finance, &rate("1.09", "2026-12-01")).await.expect(422);
        assert!(refused.words().contains("converted at the rate of this day"), "{}", refused.words());

        let page = finance.get("/meridian/periods/2026-12.csv").await.expect(200).text();
        let would = page.lines().find(|line| line.contains(",USD,")).unwrap().to_owned();
        scene.close("2026-12");
        scene.verified();
        let december = statement(&scene, "202612");
        let line = december.1.lines.iter().find(|line| line.customer == "Hotel Adler").unwrap();
        assert_eq!(line.amount_minor, 10_404);
        let paid = december.1.figure(december.1.payout_minor).replace(',', "");
        assert!(would.split(',').any(|cell| cell == paid), "{would}: {paid}");
        says(&finance, &december, &["EUR 96.00 at 1.0837 of 1 Dec 2026 (Central bank)", "104.04"]).await;
        let why = finance.get(&december.0).await.expect(200).words();
        for said in ["EUR 480.00", "480.00 × 20 % × share 100 % = 96.00.", "Converted, USD for 1 EUR"] {
            assert!(why.contains(said), "{said}: {why}");
        }
        let entry: perennial::id::CommissionEntryId = scene.spelled_id(
            "SELECT commission_entry_id AS value FROM conversions WHERE payable_minor = 10404",
        );
        let own = scene.partner("northwind", Role::PartnerFinance).await;
        for (who, at) in [(&finance, "/meridian"), (&own, "/meridian/p/northwind")] {
            let page = who.get(&format!("{at}/ledger/{entry}")).await.expect(200).words();
            let said = "It is paid in USD: EUR 96.00 at 1.0837 of 1 Dec 2026 (Central bank) is USD 104.04.";
            assert!(page.contains(said), "{page}");
        }
        says(&own, &(december.0.replace("/meridian/", "/meridian/p/northwind/"), december.1.clone()), &["104.04"]).await;

        // Another rate from January on; what is refunded of December goes back at December's.
        set(&finance, &rate("1.12", "2027-01-01")).await.expect(303);
        bill(&scene, "2027-01-04");
        scene.pay("P-21", "C-1", "2027-01-01", eur(57_120));
        let first = scene.spelled_id("SELECT id AS value FROM payments WHERE external_id = 'P-20'");
        scene.app.now_is("2027-01-20T09:00:00Z");
        scene.refund("R-20", first, "2027-01-10", eur(19_040));
        scene.refund("R-21", first, "2027-01-20", eur(38_080));
        assert_eq!(
            converted(&scene),
            ["9600 10404 1083700000", "9600 10752 1120000000", "-3200 -3468 1083700000", "-6400 -6936 1083700000"]
        );
        scene.app.now_is("2027-02-02T09:00:00Z");
        scene.close("2027-01");
        scene.verified();
        let finance = scene.finance().await;
        let january = statement(&scene, "202701");
        says(&finance, &january, &["EUR −32.00 at 1.0837 of 1 Dec 2026 (Central bank)", "−34.68", "EUR 96.00 at 1.12 of 1 Jan 2027 (Central bank)"]).await;
        let page = finance.get(&january.0).await.expect(200).words();
        assert!(page.contains("Converted as the entry it reverses was"), "{page}");
        // The closed month is as it was.
        assert_eq!(statement(&scene, "202612").1, december.1);
    }
}

/// The last day that Northwind has commission of.
fn last_entry(scene: &Scene) -> String {
    scene.app.ask(
        "SELECT CAST(MAX(e.paid_on) AS TEXT) AS value FROM commission_entries e
         JOIN partners p ON p.id = e.partner_id WHERE p.slug = 'northwind'",
    )[0]
    .clone()
}
