//! A forgotten password, from the form to the letter that a mail server receives and the link in it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::time::Duration;

use perennial::{domain::Role, mail::Post, secrets::SecretKey, store::jobs::Turns, worker};

use crate::{
    harness::{PASSWORD, Place, TestApp, sign_in},
    on_both,
    support::smtp::{Letter, SmtpSink},
};

const MIRA: &str = "mira@northwind.test";

/// A vendor with a partner at which one person works.
fn northwind(app: &TestApp) {
    app.vendor("meridian");
    app.partner("meridian", "northwind");
    app.membership(Place {
        email: MIRA,
        vendor: "meridian",
        partner: Some("northwind"),
        role: Role::PartnerSeller,
    });
}

/// Asks for a new password; gives what the page says then.
async fn asked(app: &TestApp, email: &str) -> String {
    let visitor = app.anyone();
    let form = visitor.get("/reset").await.expect(200);
    let form = form.form("form[method=post]").with("email", email);
    visitor.submit(&form).await.expect(200).words()
}

/// Lets a worker do what is due, with the receiver as its mail server.
async fn delivered(app: &TestApp, sink: &SmtpSink, letters: usize) -> Vec<Letter> {
    let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
    let from = "Meridian Cloud <statements@meridian.example>";
    let post = Post::new(Some(&sink.url()), from, "http://portal.example.com", secret).unwrap();
    let mut turns = Turns::default();
    while worker::run_next(&app.store, &post, &mut turns)
        .await
        .unwrap()
    {}
    let received = sink.wait_for(letters, Duration::from_secs(10)).await;
    assert_eq!(received.len(), letters);
    received.iter().map(|one| one.parsed()).collect()
}

/// The path of the link in a letter.
fn link(letter: &Letter) -> String {
    let from = letter
        .text
        .find("http://portal.example.com/reset/")
        .unwrap();
    let href = letter.text[from..].split_whitespace().next().unwrap();
    href.trim_start_matches("http://portal.example.com")
        .to_owned()
}

on_both! {
    async fn the_letter_arrives_and_its_link_works_once(app: TestApp) {
        northwind(&app);
        let open = app.signed_in(MIRA).await;
        let sink = SmtpSink::start().await;
        // Who has no account is told the same, and no letter is written.
        assert_eq!(asked(&app, "nobody@northwind.test").await, asked(&app, MIRA).await);
        let letters = delivered(&app, &sink, 1).await;
        let letter = &letters[0];
        assert_eq!((letter.to.as_slice(), letter.subject.as_str()), ([MIRA.to_owned()].as_slice(), "Choose a new password"));
        assert!(letter.text.contains("30 minutes") && letter.html.contains(&link(letter)));
        let kept = app.ask("SELECT body AS value FROM mails");
        let token = link(letter).rsplit('/').next().unwrap().to_owned();
        assert!(!kept[0].contains(&token), "the outbox holds no secret: {}", kept[0]);

        let visitor = app.anyone();
        let form = visitor.get(&link(letter)).await.expect(200).form("form[method=post]");
        visitor.submit(&form.clone().with("password", "short")).await.expect(422);
        let chosen = "a new and longer sentence";
        let done = visitor.submit(&form.clone().with("password", chosen)).await.expect(303);
        assert_eq!(done.location(), "/sign-in");
        visitor.submit(&form.with("password", "yet another sentence")).await.expect(404);
        visitor.get(&link(letter)).await.expect(404);
        // Sessions that were open have ended, and the old password opens nothing.
        open.get("/meridian/p/northwind").await.expect(303);
        sign_in(&app.anyone(), MIRA, PASSWORD).await.expect(422);
        sign_in(&app.anyone(), MIRA, chosen).await.expect(303);
    }

    async fn a_newer_letter_ends_the_older_and_time_ends_both(app: TestApp) {
        northwind(&app);
        let sink = SmtpSink::start().await;
        asked(&app, MIRA).await;
        app.now_is("2026-10-01T06:10:00Z");
        asked(&app, MIRA).await;
        let letters = delivered(&app, &sink, 2).await;
        let statuses = async |path: &str| app.anyone().get(path).await.status;
        let (older, newer) = (link(&letters[0]), link(&letters[1]));
        assert_eq!((statuses(&older).await, statuses(&newer).await), (404, 200));
        app.now_is("2026-10-01T06:40:01Z");
        assert_eq!(statuses(&newer).await, 404);
        assert_eq!(app.ask("SELECT status AS value FROM mails"), ["sent", "sent"]);
    }

    async fn three_letters_an_hour_go_to_one_address_and_a_network_asks_thirty_times(app: TestApp) {
        northwind(&app);
        for _ in 0..4 {
            asked(&app, MIRA).await;
        }
        let letters = || app.ask("SELECT COUNT(*) AS value FROM mails");
        assert_eq!(letters(), ["3"]);
        for other in 0..26 {
            asked(&app, &format!("nobody{other}@northwind.test")).await;
        }
        let form = app.anyone().get("/reset").await.expect(200).form("form[method=post]");
        app.anyone().submit(&form.clone().with("email", MIRA)).await.expect(429);
        app.now_is("2026-10-01T07:00:01Z");
        app.anyone().submit(&form.with("email", MIRA)).await.expect(200);
        assert_eq!(letters(), ["4"]);
    }

    async fn a_made_up_link_sets_nothing(app: TestApp) {
        northwind(&app);
        let chosen = [("password", "a new and longer sentence")];
        app.anyone().post("/reset/made-up", &chosen).await.expect(404);
        sign_in(&app.anyone(), MIRA, PASSWORD).await.expect(303);
    }
}
