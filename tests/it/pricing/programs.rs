//! A vendor's own programs, which report usage with a token.
use perennial::domain::Role;
use reqwest::Method;

use super::shop::Shop;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

const PAGE: &str = "/meridian/access-tokens";

async fn sends(with: &str, to: &Visitor, body: impl Into<reqwest::Body>) -> Page {
    let request = to.request(Method::POST, "/api/usage").body(body);
    Page::read(match with {
        "" => request,
        token => request.bearer_auth(token),
    })
    .await
}

fn line(id: &str, at: &str, value: &str) -> String {
    format!(
        "{{\"external_id\":\"{id}\",\"subscription\":\"S-1\",\"meter\":\"calls\",\"occurred_at\":\"{at}\",\"value\":{value}}}\n"
    )
}

impl Shop {
    /// Sells what is counted, and makes a token by its form.
    async fn token(&self) -> String {
        self.plan(
            "CALL-M",
            &[
                ("price-1-label", "Calls"),
                ("price-1-kind", "usage"),
                ("price-1", "0.50"),
                ("price-1-meter", "calls"),
            ],
        )
        .await;
        self.sell_with(
            "CALL-M",
            &[
                ("quantity", "1"),
                ("starts_on", "2026-11-01"),
                ("external_id", "S-1"),
            ],
        )
        .await;
        let form = self.page(PAGE).await.form("form[action$='/access-tokens']");
        let refused = self.owner.submit(&form).await.expect(422);
        assert_eq!(super::problems(&refused), ["#name"]);
        let form = form.with("name", "Platform export");
        let made = self.owner.submit(&form).await.expect(200);
        let token = made.select(".notice code").pop().unwrap_or_default();
        assert!(token.starts_with("perennial_"), "{}", made.words());
        // The same form again makes no second one, and the token is not shown again.
        let again = self.owner.submit(&form).await.expect(303);
        let again = self.owner.follow(&again).await.expect(200);
        assert!(!again.text().contains(&token) && again.words().contains("Platform export"));
        let other = form.clone().with("name", "Another");
        let other = self.owner.submit(&other).await.expect(422);
        let shown = other.form("form[action$='/access-tokens']");
        assert_eq!(shown.value("name"), "Another", "{}", other.words());
        assert_ne!(shown.value("form_id"), form.value("form_id"));
        assert_eq!(
            self.app.ask("SELECT count(*) AS value FROM access_tokens"),
            ["1"]
        );
        let kept = self
            .app
            .ask("SELECT token_hash AS value FROM access_tokens");
        assert_eq!(kept, [perennial::secrets::hash_of(&token)]);
        token
    }

    fn events(&self) -> String {
        self.app
            .ask("SELECT count(*) AS value FROM usage_events")
            .remove(0)
    }
}

on_both! {
    async fn a_program_reports_usage_with_its_token_until_that_is_revoked(shop: Shop) {
        let token = shop.token().await;
        let anyone = shop.app.anyone();
        let two = line("e1", "2026-11-02T10:00:00Z", "\"2.5\"") + "\n" + &line("e2", "2026-11-03T10:00:00Z", "4");
        for with in ["", "perennial_x", &token[1..]] {
            let answer = sends(with, &anyone, two.clone()).await.expect(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        assert_eq!(shop.events(), "0");
        let answer = sends(&token, &anyone, two.clone()).await.expect(200);
        assert_eq!(answer.text(), "{\"taken\":2,\"known\":0}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(sends(&token, &anyone, two.clone()).await.expect(200).text(), "{\"taken\":0,\"known\":2}");
        assert_eq!(shop.events(), "2");
        // The token opens nothing but this.
        let request = anyone.request(Method::GET, "/meridian/subscriptions").bearer_auth(&token);
        assert!(Page::read(request).await.expect(303).location().starts_with("/sign-in"));
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["325"]);

        let manager = shop.app.staff_of("meridian", Role::ChannelManager).await;
        manager.get(PAGE).await.expect(403);
        let form = shop.page(PAGE).await.form("form[action$='/revocation']");
        manager.submit(&form).await.expect(403);
        shop.owner.submit(&form).await.expect(303);
        shop.owner.submit(&form).await.expect(404);
        sends(&token, &anyone, two).await.expect(401);
        let noted = shop.app.ask("SELECT action AS value FROM audit_events WHERE action LIKE 'access_token.%' ORDER BY id");
        assert_eq!(noted, ["access_token.created", "access_token.revoked"]);
    }

    async fn what_was_used_in_a_pause_is_told_by_line(shop: Shop) {
        let token = shop.token().await;
        let anyone = shop.app.anyone();
        let said = line("e1", "2026-11-02T10:00:00Z", "4");
        sends(&token, &anyone, said.clone()).await.expect(200);
        let sold = shop.app.ask("SELECT id AS value FROM subscriptions");
        let sold = crate::harness::spelled::<perennial::id::Subscription>(sold[0].parse().unwrap());
        let sold = format!("/meridian/subscriptions/{sold}");
        // Dated back: what was reported before it stays, and is known when it is said again.
        shop.step(&sold, "pause", &[("effective_on", "2026-11-02"), ("reason", "Away.")]).await;
        let two = said + &line("e2", "2026-11-03T10:00:00Z", "1");
        let answer = sends(&token, &anyone, two).await.expect(422).text();
        let told: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(told["problem_count"], 1);
        let told = &told["problems"][0];
        assert_eq!((told["line"].as_i64(), told["field"].as_str()), (Some(2), Some("occurred_at")));
        assert!(answer.contains("The subscription is paused from 2 Nov 2026 on"), "{answer}");
        assert_eq!(shop.events(), "1");
    }

    async fn what_is_no_event_is_told_in_words(shop: Shop) {
        let token = shop.token().await;
        let anyone = shop.app.anyone();
        let good = line("e1", "2026-11-02T10:00:00Z", "1");
        for (wrong, said) in [
            ("[1,2,3,4,5,6]", "Give one JSON object on a line."),
            ("\"e1\"", "Give one JSON object on a line."),
            ("{\"external_id\":", "This is no JSON: column"),
            ("{}", "The field “external_id” is missing."),
            (&good.replace("subscription", "sold"), "The field “subscription” is missing."),
            (&good.replace("{", "{\"unit\":1,"), "An event has no field “unit”."),
            (&good.replace("\"S-1\"", "1"), "Give “subscription” as text."),
            (&line("e1", "2026-11-02T10:00:00Z", "1.5"), "Give “value” as a whole number, or as text such as"),
            (&line("e1", "2026-11-02T10:00:00Z", "null"), "Give “value” as a whole number"),
        ] {
            let answer = sends(&token, &anyone, wrong.to_owned()).await.expect(422).text();
            assert!(answer.contains(said), "{wrong}: {answer}");
            assert!(!answer.contains("struct"), "{answer}");
        }
        assert_eq!(shop.events(), "0");
    }

    async fn who_used_it_is_named_where_different_ones_are_counted(shop: Shop) {
        shop.plan("USER-M", &[
            ("price-1-label", "Users"), ("price-1-kind", "package"), ("price-1", "5.00"), ("price-1-size", "2"),
            ("price-1-meter", "users"), ("price-1-aggregation", "unique_count"),
        ]).await;
        let said = "EUR 5.00 for every 2 units of users (different subjects) a month";
        let page = shop.page(&shop.offering).await.words();
        assert!(page.contains(said), "{page}");
        shop.sell_with("USER-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        let head = "external_id,subscription,meter,occurred_at,value,subject\r\n";
        let one = |id: &str, who: &str| format!("{id},S-1,users,2026-11-01T00:30:00Z,1,{who}\r\n");
        let refused = shop.report(&format!("{head}{}{}", one("u1", "ann"), one("u2", ""))).await.words();
        assert!(refused.contains("3subjectName who or what used it: this meter counts different ones."), "{refused}");
        assert_eq!(shop.events(), "0");
        shop.bring(&format!("{head}{}{}", one("u1", "ann"), one("u2", "bob"))).await;
        assert_eq!(shop.events(), "2");
    }

    async fn what_is_wrong_is_told_by_line_and_nothing_is_taken(shop: Shop) {
        let token = shop.token().await;
        let anyone = shop.app.anyone();
        let at = "2026-11-02T10:00:00Z";
        let wrong = [
            line("e1", at, "1"),
            line("e2", at, "1.5"),
            line("e1", at, "2"),
            line("e3", "2026-11-12T10:00:00Z", "1"),
            "\n".to_owned(),
            line("e4", at, "\"many\"").replace("S-1", "S-9\\u0000"),
            line("e5", at, "1").replace("\"calls\"", "\"mails\""),
            "[1]\n".to_owned(),
            line("", at, "1"),
        ];
        let answer = sends(&token, &anyone, wrong.concat()).await.expect(422).text();
        let told: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let told: Vec<String> = told["problems"].as_array().unwrap().iter()
            .map(|one| format!("{} {}", one["line"], one["field"].as_str().unwrap())).collect();
        let expected = ["2 ", "3 external_id", "4 occurred_at", "6 subscription", "6 value", "7 meter", "8 ", "9 external_id"];
        assert_eq!(told, expected, "{answer}");
        assert_eq!(shop.events(), "0");

        let many = line("e", at, "1").repeat(5_001);
        assert!(many.len() < 1_048_576);
        assert!(sends(&token, &anyone, many).await.expect(422).text().contains("at most 5000 events"));
        sends(&token, &anyone, vec![b' '; 1_048_577]).await.expect(413);
        sends(&token, &anyone, vec![0xff]).await.expect(400);
        // 120 requests a minute, all of them counted.
        for _ in 4..120 {
            sends(&token, &anyone, "").await.expect(200);
        }
        assert_eq!(sends(&token, &anyone, "").await.expect(429).header("retry-after"), "60");
        shop.app.now_is("2026-11-10T09:01:00Z");
        sends(&token, &anyone, "").await.expect(200);
        assert_eq!(shop.events(), "0");
    }
}
