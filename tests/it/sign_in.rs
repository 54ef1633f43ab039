//! Coming in, staying in and being put out.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::time::{Duration, Instant};

use actix_session::Session;
use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{self, ServiceConfig, get, resource},
};
use perennial::{
    domain::Role,
    secrets::sha256_hex,
    store::lobby,
    web::{admission, sessions::FLASH},
};

use crate::{
    harness::{PASSWORD, Place, Setup, TestApp, migrated, sign_in},
    on_both,
    support::http::{Page, Visitor},
    support::postgres::Kind,
};

const OWNER: &str = "olga@meridian.test";

/// A vendor with one owner.
fn meridian(app: &TestApp) {
    app.vendor("meridian");
    app.membership(Place {
        email: OWNER,
        vendor: "meridian",
        partner: None,
        role: Role::Owner,
    });
}

/// An application that also has pages to try sessions on: `/{vendor}/desk` for staff,
/// `/{vendor}/p/{partner}/desk` for a partner's people, `/sleep` that changes its session late.
struct Desk(TestApp);

impl Desk {
    async fn on(kind: Kind) -> Self {
        let setup = Setup {
            routes: desk_routes,
            ..Setup::default()
        };
        let app = TestApp::start_with(migrated(kind), setup).await;
        meridian(&app);
        Self(app)
    }
}

fn desk_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/sleep").route(get().to(sleep)))
        .service(
            resource("/{vendor}/p/{partner}/desk")
                .wrap(from_fn(admission::partner_only))
                .route(get().to(HttpResponse::Ok)),
        )
        .service(
            resource("/{vendor}/desk")
                .wrap(from_fn(admission::staff_only))
                .route(get().to(HttpResponse::Ok)),
        )
        .configure(web_routes);
}

fn web_routes(config: &mut ServiceConfig) {
    perennial::web::routes(config);
}

async fn sleep(session: Session, wait: web::Query<Vec<(String, u64)>>) -> HttpResponse {
    let millis = wait.first().map_or(0, |(_, millis)| *millis);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    session.insert(FLASH, "late").unwrap();
    HttpResponse::Ok().body("slept")
}

/// The cookie a page sets, name and value.
fn cookie(page: &Page) -> String {
    page.header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// Somebody who sends this cookie and no other.
fn bearing(app: &TestApp, cookie: &str) -> Visitor {
    app.anyone().with_header("cookie", cookie)
}

fn masked(page: &Page) -> String {
    let id = page.header("x-request-id");
    assert!(!id.is_empty());
    page.text().replace(id, "ID")
}

on_both! {
    async fn the_right_password_opens_and_leads_where_one_wanted_to_go(desk: Desk) {
        let app = desk.0;
        let visitor = app.anyone();
        let refused = visitor.get("/meridian/desk?q=a%20b").await.expect(303);
        assert_eq!(refused.location(), "/sign-in?next=%2Fmeridian%2Fdesk%3Fq%3Da%2520b");
        let page = visitor.follow(&refused).await.expect(200);
        let form = page.form("form[method=post]").with("email", &OWNER.to_uppercase()).with("password", PASSWORD);
        let done = visitor.submit(&form).await.expect(303);
        assert_eq!(done.location(), "/meridian/desk?q=a%20b");
        visitor.follow(&done).await.expect(200);
    }

    async fn a_wrong_password_and_an_unknown_address_are_answered_alike(app: TestApp) {
        meridian(&app);
        let visitor = app.anyone();
        let wrong = sign_in(&visitor, OWNER, "wrong horse battery").await.expect(422);
        let unknown = sign_in(&visitor, "olaf@meridian.test", "wrong horse battery").await.expect(422);
        assert_eq!(masked(&wrong).replace("olga", "olaf"), masked(&unknown));
        assert!(wrong.words().contains("No account has this address and password."), "{}", wrong.words());
        assert!(wrong.text().contains(OWNER), "what was typed comes back");
        assert!(!wrong.text().contains("wrong horse"), "but not the password");
        let names = |page: &Page| page.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&wrong), names(&unknown));
    }

    async fn an_account_without_a_password_cannot_be_entered(app: TestApp) {
        app.store.lobby_write_now(|l| lobby::add_person(l, "new@meridian.test", "New", None)).unwrap();
        for password in ["", "nobody has this password", PASSWORD] {
            sign_in(&app.anyone(), "new@meridian.test", password).await.expect(422);
        }
    }

    async fn after_ten_failures_sign_in_waits_and_then_opens_again(app: TestApp) {
        meridian(&app);
        let visitor = app.anyone();
        for _ in 0..10 {
            sign_in(&visitor, OWNER, "wrong horse battery").await.expect(422);
        }
        let put_off = sign_in(&visitor, OWNER, PASSWORD).await.expect(429);
        assert_ne!(put_off.header("retry-after"), "");
        // A colleague is not kept out.
        app.membership(Place { email: "carl@meridian.test", vendor: "meridian", partner: None, role: Role::ChannelManager });
        sign_in(&app.anyone(), "carl@meridian.test", PASSWORD).await.expect(303);
        app.now_is("2026-10-01T06:01:01Z");
        sign_in(&visitor, OWNER, PASSWORD).await.expect(303);
        // And a success starts the count anew.
        sign_in(&visitor, OWNER, "wrong horse battery").await.expect(422);
        sign_in(&visitor, OWNER, PASSWORD).await.expect(303);
    }

    async fn a_network_that_tries_many_addresses_waits_too(app: TestApp) {
        meridian(&app);
        let failures = "INSERT INTO sign_in_failures (subject, failures, first_at, blocked_until) VALUES ('net:127.0.0.0/24', 49, '2026-10-01 06:00:00', NULL)";
        app.sql(failures);
        sign_in(&app.anyone(), "x@nowhere.test", PASSWORD).await.expect(422);
        sign_in(&app.anyone(), OWNER, PASSWORD).await.expect(429);
    }

    async fn what_is_typed_as_an_address_may_be_anything(app: TestApp) {
        meridian(&app);
        let long: String = (0..150u8).map(|n| sha256_hex(&[n])).collect();
        for email in ["", " ", "'; DROP TABLE users; --", "a\u{7f}b", "ä@ö.test", &long] {
            sign_in(&app.anyone(), email, PASSWORD).await.expect(422);
        }
        sign_in(&app.anyone(), OWNER, &"p".repeat(5_000)).await.expect(422);
        sign_in(&app.anyone(), "a\0b@c.test", PASSWORD).await.expect(400);
        sign_in(&app.anyone(), OWNER, PASSWORD).await.expect(303);
    }

    async fn signing_out_ends_the_session_itself(desk: Desk) {
        let app = desk.0;
        let visitor = app.anyone();
        let old = cookie(&sign_in(&visitor, OWNER, PASSWORD).await.expect(303));
        bearing(&app, &old).get("/meridian/desk").await.expect(200);
        let out = visitor.post("/sign-out", &[]).await.expect(303);
        assert_eq!(out.location(), "/sign-in");
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
        bearing(&app, &old).get("/meridian/desk").await.expect(303);
        assert_eq!(app.ask("SELECT count(*) AS value FROM sessions"), ["0"]);
    }

    async fn signing_in_changes_the_token(desk: Desk) {
        let app = desk.0;
        let visitor = app.anyone();
        let planted = cookie(&visitor.get("/sleep").await.expect(200));
        let own = cookie(&sign_in(&visitor, OWNER, PASSWORD).await.expect(303));
        assert_ne!(planted, own);
        bearing(&app, &planted).get("/meridian/desk").await.expect(303);
        bearing(&app, &own).get("/meridian/desk").await.expect(200);
        let again = cookie(&sign_in(&visitor, OWNER, PASSWORD).await.expect(303));
        assert_ne!(own, again);
        bearing(&app, &own).get("/meridian/desk").await.expect(303);
    }

    async fn the_database_knows_no_token(app: TestApp) {
        meridian(&app);
        let visitor = app.anyone();
        let set = cookie(&sign_in(&visitor, OWNER, PASSWORD).await.expect(303));
        let kept = app.ask("SELECT token_hash AS value FROM sessions");
        assert_eq!((kept.len(), kept[0].len()), (1, 64));
        assert!(!set.contains(&kept[0]));
        // A token that was made up, or lost its signature, is nobody's.
        for forged in ["sid=x", "sid=", &set.replace("%3D", ""), &format!("sid={}", kept[0])] {
            bearing(&app, forged).get("/meridian").await.expect(303);
        }
    }

    async fn a_session_that_is_ended_while_its_request_runs_stays_ended(desk: Desk) {
        let app = desk.0;
        let visitor = app.anyone();
        let old = cookie(&sign_in(&visitor, OWNER, PASSWORD).await.expect(303));
        let late = bearing(&app, &old);
        let slow = tokio::spawn(async move { late.get("/sleep?ms=400").await });
        tokio::time::sleep(Duration::from_millis(150)).await;
        app.sql("DELETE FROM sessions");
        let answered = slow.await.unwrap().expect(200);
        bearing(&app, &old).get("/meridian/desk").await.expect(303);
        bearing(&app, &cookie(&answered)).get("/meridian/desk").await.expect(303);
        assert_eq!(app.ask("SELECT count(*) AS value FROM sessions WHERE user_id IS NOT NULL"), ["0"]);
    }

    async fn a_sign_in_lasts_twelve_hours_for_staff_and_seven_days_for_partners(desk: Desk) {
        let app = desk.0;
        app.partner("meridian", "northwind");
        let staff = app.signed_in(OWNER).await;
        let partner = app.portal_of("meridian", "northwind", Role::PartnerSeller).await;
        app.now_is("2026-10-01T18:00:00Z");
        staff.get("/meridian/desk").await.expect(200);
        app.now_is("2026-10-01T18:00:01Z");
        staff.get("/meridian/desk").await.expect(303);
        app.now_is("2026-10-08T05:59:59Z");
        partner.get("/meridian/p/northwind/desk").await.expect(200);
        // Using it does not make it last longer.
        partner.get("/sleep").await.expect(200);
        app.now_is("2026-10-08T06:00:01Z");
        partner.get("/meridian/p/northwind/desk").await.expect(303);
        partner.get("/").await.expect(303);
    }

    async fn a_place_that_is_taken_away_is_gone_at_once(desk: Desk) {
        let app = desk.0;
        let staff = app.signed_in(OWNER).await;
        staff.get("/meridian/desk").await.expect(200);
        app.sql("UPDATE memberships SET revoked_at = '2026-10-01 06:00:00'");
        staff.get("/meridian/desk").await.expect(404);
        // Without a place sign-in still works, and leads to nowhere.
        let again = app.signed_in(OWNER).await;
        assert!(again.get("/").await.expect(200).attrs("a", "href").iter().all(|to| !to.contains("meridian")));
    }

    async fn one_person_finds_all_their_workspaces(desk: Desk) {
        let app = desk.0;
        app.vendor("rival");
        app.partner("meridian", "northwind");
        app.partner("rival", "northwind");
        for (vendor, partner) in [("meridian", Some("northwind")), ("rival", Some("northwind"))] {
            app.membership(Place { email: "sam@northwind.test", vendor, partner, role: Role::PartnerSeller });
        }
        let sam = app.signed_in("sam@northwind.test").await;
        let page = sam.get("/").await.expect(200);
        let links = page.attrs("main a", "href");
        assert_eq!(links, ["/meridian/p/northwind", "/rival/p/northwind"]);
        sam.get("/meridian/p/northwind/desk").await.expect(200);
        sam.get("/rival/p/northwind/desk").await.expect(200);
        sam.get("/meridian/desk").await.expect(404);
        // With one workspace there is nothing to choose.
        let olga = app.signed_in(OWNER).await;
        assert_eq!(olga.get("/").await.expect(303).location(), "/meridian");
    }

    async fn a_staff_place_is_no_place_at_a_partner(desk: Desk) {
        let app = desk.0;
        app.partner("meridian", "northwind");
        let staff = app.signed_in(OWNER).await;
        staff.get("/meridian/p/northwind/desk").await.expect(404);
        staff.get("/meridian/p/nobody/desk").await.expect(404);
        staff.get("/nobody/desk").await.expect(404);
    }

    async fn twenty_sign_ins_at_once_do_not_hold_up_a_page(app: TestApp) {
        meridian(&app);
        let flood: Vec<_> = (0..20).map(|n| {
            let visitor = app.anyone();
            tokio::spawn(async move {
                let fields = [("email", format!("nobody{n}@x.test")), ("password", PASSWORD.to_owned())];
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                visitor.post("/sign-in", &fields).await.status
            })
        }).collect();
        tokio::task::yield_now().await;
        let begun = Instant::now();
        app.anyone().get("/readyz").await.expect(200);
        let waited = begun.elapsed();
        for answer in flood {
            let status = answer.await.unwrap();
            assert!([422, 503].contains(&status), "{status}");
        }
        assert!(waited < Duration::from_secs(1), "a page waited {waited:?}");
    }
}
