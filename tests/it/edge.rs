//! What holds of every answer, whatever was asked.
use actix_web::{
    HttpResponse, Responder,
    web::{self, ServiceConfig, get, resource},
};
use perennial::domain::Role;
use reqwest::Method;

use crate::{
    harness::{PASSWORD, PUBLIC_URL, Place, Setup, TestApp, migrated, sign_in},
    on_both,
    support::http::{Page, Visitor},
    support::postgres::{Kind, TestDatabase},
};

/// An application with pages that fail in every way there is.
struct Failing(TestApp);

impl Failing {
    async fn on(kind: Kind) -> Self {
        let setup = Setup {
            routes: failing_routes,
            ..Setup::default()
        };
        Self(TestApp::start_with(migrated(kind), setup).await)
    }
}

fn failing_routes(config: &mut ServiceConfig) {
    config
        .service(resource("/panic").route(get().to(panics)))
        .service(resource("/number/{number}").route(get().to(number)))
        .service(resource("/json").route(web::post().to(json)))
        .service(resource("/bytes").route(web::post().to(bytes)))
        .service(resource("/block").route(get().to(blocked)))
        .configure(perennial::web::routes);
}

async fn panics() -> HttpResponse {
    panic!("a secret in /home/somebody/src/main.rs")
}
async fn number(number: web::Path<i64>) -> impl Responder {
    number.to_string()
}
async fn json(_: web::Json<Vec<i64>>) -> HttpResponse {
    HttpResponse::Ok().finish()
}
async fn bytes(bytes: web::Bytes) -> impl Responder {
    bytes.len().to_string()
}
async fn blocked() -> actix_web::Result<HttpResponse> {
    web::block(|| panic!("a secret")).await?;
    Ok(HttpResponse::Ok().finish())
}

const ALWAYS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// What no page may say of what it is made of.
const INTERNALS: &[&str] = &[
    "secret",
    "panicked",
    "src/",
    ".rs",
    "diesel",
    "sqlite",
    "postgres",
    "SELECT",
    "actix",
    "thread",
    "deserialize",
    "Parse error",
    "unknown field",
    "expected",
    "parse",
    "invalid digit",
    "Blocking",
    "Extractor",
    "line 1",
    "column",
    "App data",
];

#[track_caller]
fn is_sealed(page: &Page) {
    let at = &page.url;
    for (name, value) in ALWAYS {
        assert_eq!(page.header(name), *value, "{name} of {at}");
    }
    let csp = page.header("content-security-policy");
    assert!(
        csp.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{at}: {csp}"
    );
    assert!(!csp.contains("unsafe"), "{at}: {csp}");
    for part in [
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
    ] {
        assert!(csp.contains(part), "{part} in {at}: {csp}");
    }
    assert!(
        page.header("permissions-policy").contains("camera=()"),
        "{at}"
    );
    let id = page.header("x-request-id");
    assert!(
        id.len() >= 8 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        "{at}: {id}"
    );
}

#[track_caller]
fn is_an_error_page(page: &Page) {
    is_sealed(page);
    assert_eq!(
        page.header("content-type"),
        "text/html; charset=utf-8",
        "{}",
        page.url
    );
    assert_eq!(
        page.select("h1").len(),
        1,
        "{} has no page:\n{}",
        page.url,
        page.text()
    );
    let words = page.words();
    assert!(
        words.contains(page.header("x-request-id")),
        "{}: {words}",
        page.url
    );
    for word in INTERNALS {
        assert!(!words.contains(word), "{} says {word}: {words}", page.url);
    }
}

fn owner(app: &TestApp) {
    app.vendor("meridian");
    app.membership(Place {
        email: "olga@meridian.test",
        vendor: "meridian",
        partner: None,
        role: Role::Owner,
    });
}

async fn typed(visitor: &Visitor, path: &str, media: &str, body: impl Into<Vec<u8>>) -> u16 {
    let request = visitor
        .request(Method::POST, path)
        .header("content-type", media)
        .body(body.into());
    request
        .send()
        .await
        .map_or(0, |response| response.status().as_u16())
}

const FORM: &str = "application/x-www-form-urlencoded";

on_both! {
    async fn every_answer_carries_the_headers(app: TestApp) {
        owner(&app);
        let (anyone, olga) = (app.anyone(), app.signed_in("olga@meridian.test").await);
        let sheet = anyone.get("/sign-in").await.expect(200).attr("link[rel=stylesheet]", "href").unwrap_or_default();
        for path in ["/sign-in", "/", "/livez", "/readyz", "/nothing", "/meridian", "/meridian/nothing", "/static/nothing", &sheet] {
            for visitor in [&anyone, &olga] {
                for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
                    is_sealed(&visitor.send(method, path).await);
                }
            }
        }
        assert_eq!(anyone.get(&sheet).await.expect(200).header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(anyone.get("/sign-in").await.header("cache-control"), "no-store");
        assert_eq!(anyone.get("/nothing").await.header("cache-control"), "no-store");
        // Over plain http there is nothing to be strict about.
        assert_eq!(anyone.get("/livez").await.header("strict-transport-security"), "");
    }

    async fn every_request_has_an_id_of_its_own(app: TestApp) {
        let visitor = app.anyone().with_header("x-request-id", "forged");
        let (one, two) = (visitor.get("/livez").await, visitor.get("/livez").await);
        assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
        assert_ne!(one.header("x-request-id"), "forged");
    }

    async fn an_error_leads_back_to_where_one_came_from(app: TestApp) {
        owner(&app);
        let olga = app.signed_in("olga@meridian.test").await;
        let host = olga.get("/livez").await.url;
        let here = host.origin().ascii_serialization();
        for (referer, back) in [
            (format!("{here}/meridian/offerings?q=a"), "/meridian/offerings?q=a"),
            (format!("{PUBLIC_URL}/meridian"), "/meridian"),
            (format!("{here}/meridian/nothing"), "/"),
            (format!("{here}//elsewhere.test/x"), "/"),
            ("https://elsewhere.test/meridian".to_owned(), "/"),
            ("nonsense".to_owned(), "/"),
        ] {
            let page = olga.with_header("referer", &referer).get("/meridian/nothing").await.expect(404);
            assert_eq!(page.attr("main a.button", "href").as_deref(), Some(back), "{referer}");
        }
        let page = olga.get("/meridian/nothing").await.expect(404);
        assert_eq!(page.attr("main a.button", "href").as_deref(), Some("/"));
    }

    async fn head_is_get_without_a_body(app: TestApp) {
        let visitor = app.anyone();
        for path in ["/sign-in", "/livez", "/", "/nothing"] {
            let (get, head) = (visitor.get(path).await, visitor.head(path).await);
            assert_eq!(get.status, head.status, "{path}");
            assert_eq!(get.header("content-type"), head.header("content-type"), "{path}");
            assert!(head.bytes.is_empty(), "{path}");
        }
    }

    async fn a_method_that_a_page_does_not_know_is_405(app: TestApp) {
        owner(&app);
        let olga = app.signed_in("olga@meridian.test").await;
        for (method, path) in [(Method::PUT, "/sign-in"), (Method::DELETE, "/"), (Method::GET, "/sign-out"), (Method::PATCH, "/livez")] {
            let page = olga.send(method.clone(), path).await.expect(405);
            assert_ne!(page.header("allow"), "", "{method} {path} does not say what is allowed");
            is_an_error_page(&page);
        }
    }

    async fn an_address_that_no_page_could_have_is_400(app: TestApp) {
        owner(&app);
        let olga = app.signed_in("olga@meridian.test").await;
        for path in ["/a%00b", "/%ff", "/sign-in?next=%00", "/sign-in?next=%ff", "/%", "/%zz", "/meridian/%c3%28", "/x?q=%E2%82"] {
            is_an_error_page(&olga.get(path).await.expect(400));
            is_an_error_page(&olga.post(path, &[]).await.expect(400));
        }
        for path in ["/meridian/..%2f..%2fetc%2fpasswd", "/static/..%2f..%2fCargo.toml", "/static/%2e%2e/x", "/meridian//partners"] {
            is_an_error_page(&olga.get(path).await.expect(404));
        }
    }

    async fn a_form_that_no_page_of_ours_sends_is_refused_without_the_parsers_words(app: TestApp) {
        let visitor = app.anyone();
        let large = format!("email={}", "a".repeat(64 * 1024));
        is_an_error_page(&visitor.post("/sign-in", &[("email", "a@b.test"), ("is_admin", "1")]).await.expect(400));
        is_an_error_page(&visitor.post("/sign-in", &[("email", "a\0b"), ("password", "x")]).await.expect(400));
        is_an_error_page(&visitor.post("/sign-in", &[("email", large.as_str())]).await.expect(413));
        for (media, body, status) in [
            (FORM, &b"email=%ff"[..], 400),
            (FORM, b"email=\xff", 400),
            (FORM, b"email=%0", 400),
            (FORM, b"email=a&email=b", 400),
            (FORM, b"", 422),
            ("application/json", b"{\"email\":1}", 400),
            ("text/plain", b"email=a", 400),
            ("multipart/form-data; boundary=x", b"--x", 400),
            ("nonsense", b"email=a", 400),
        ] {
            assert_eq!(typed(&visitor, "/sign-in", media, body).await, status, "{media} {}", String::from_utf8_lossy(body));
        }
        // What is said to be long but is not there does not hang the server.
        app.anyone().get("/livez").await.expect(200);
    }

    async fn what_fails_inside_is_a_page_and_says_nothing_of_how(failing: Failing) {
        let visitor = failing.0.anyone();
        for _ in 0..3 {
            is_an_error_page(&visitor.get("/panic").await.expect(500));
        }
        is_an_error_page(&visitor.get("/block").await.expect(500));
        is_an_error_page(&visitor.get("/number/abc").await.expect(404));
        is_an_error_page(&visitor.get("/number/99999999999999999999").await.expect(404));
        let json = visitor.request(Method::POST, "/json").header("content-type", "application/json").body("[1,\"a secret\"]");
        is_an_error_page(&Page::read(json).await.expect(400));
        let large = visitor.request(Method::POST, "/bytes").body(vec![b'a'; 300 * 1024]);
        is_an_error_page(&Page::read(large).await.expect(413));
        visitor.get("/number/7").await.expect(200);
        assert!(visitor.head("/panic").await.expect(500).bytes.is_empty());
    }

    async fn a_database_that_went_away_is_a_page_too(app: TestApp) {
        owner(&app);
        let olga = app.signed_in("olga@meridian.test").await;
        app.sql("ALTER TABLE sessions RENAME TO gone");
        for path in ["/", "/meridian", "/sign-in"] {
            is_an_error_page(&olga.get(path).await.expect(500));
        }
        app.anyone().get("/livez").await.expect(200);
    }

    /// `Sec-Fetch-Site`, `Origin`, with our cookie or without, for a request that changes something.
    async fn only_our_own_pages_change_anything(app: TestApp) {
        owner(&app);
        let bare = app.anyone().without_header("sec-fetch-site");
        let olga = app.signed_in("olga@meridian.test").await.without_header("sec-fetch-site");
        let table: &[(Option<&str>, Option<&str>, bool, bool)] = &[
            // site, origin, passes with the cookie, passes without
            (Some("same-origin"), None, true, true),
            (Some("same-origin"), Some("https://evil.example"), true, true),
            (Some("none"), None, true, true),
            (Some("same-site"), None, false, false),
            (Some("same-site"), Some("ours"), false, false),
            (Some("cross-site"), None, false, false),
            (Some("cross-site"), Some("ours"), false, false),
            (Some("nonsense"), Some("ours"), false, false),
            (None, Some("ours"), true, true),
            (None, Some("http://portal.example.com"), true, true),
            (None, Some("https://portal.example.com"), false, false),
            (None, Some("http://portal.example.com.evil.example"), false, false),
            (None, Some("https://evil.example"), false, false),
            (None, Some("null"), false, false),
            (None, Some(""), false, false),
            (None, None, false, true),
        ];
        for (site, origin, with, without) in table {
            for (visitor, passes) in [(&olga, with), (&bare, without)] {
                let origin = origin.map(|origin| if origin == "ours" { app.origin.as_str() } else { origin });
                let visitor = site.map_or_else(|| visitor.clone(), |site| visitor.with_header("sec-fetch-site", site));
                let visitor = origin.map_or_else(|| visitor.clone(), |origin| visitor.with_header("origin", origin));
                for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                    let page = visitor.send(method, "/livez").await;
                    assert_eq!(page.status, if *passes { 405 } else { 403 }, "site {site:?}, origin {origin:?}, cookie: {}", std::ptr::eq(passes, with));
                    is_an_error_page(&page);
                }
                visitor.get("/livez").await.expect(200);
                visitor.head("/livez").await.expect(200);
            }
        }
        // Nobody is signed in, or out, from elsewhere.
        let fields = [("email", "olga@meridian.test"), ("password", PASSWORD)];
        app.anyone().cross_site().post("/sign-in", &fields).await.expect(403);
        olga.cross_site().post("/sign-out", &[]).await.expect(403);
        olga.get("/").await.expect(303);
        assert_eq!(app.ask("SELECT count(*) AS value FROM sessions"), ["1"]);
    }

    async fn after_sign_in_one_stays_on_this_site(app: TestApp) {
        owner(&app);
        for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/\r\nset-cookie: a=b", "evil.example", "/sign-out", ""] {
            let fields = [("email", "olga@meridian.test"), ("password", PASSWORD), ("next", elsewhere)];
            let page = app.anyone().post("/sign-in", &fields).await.expect(303);
            assert_eq!(page.location(), "/", "{elsewhere:?}");
        }
    }

    async fn what_was_typed_comes_back_as_text(app: TestApp) {
        let script = "\"><script>alert(1)</script>";
        let page = sign_in(&app.anyone(), script, "x").await.expect(422);
        assert!(!page.text().contains("<script"), "{}", page.text());
        assert_eq!(page.attr("input[name=email]", "value").unwrap_or_default(), script);
        let page = app.anyone().get("/sign-in?next=%22%3E%3Cscript%3E").await.expect(200);
        assert!(!page.text().contains("<script"), "{}", page.text());
    }

    async fn over_https_the_cookie_is_bound_to_this_host(database: TestDatabase) {
        drop(database.url().to_owned());
        let database = migrated(database.kind());
        let setup = Setup { public_url: PUBLIC_URL, ..Setup::default() };
        let app = TestApp::start_with(database, setup).await;
        owner(&app);
        let fields = [("email", "olga@meridian.test"), ("password", PASSWORD)];
        let page = app.anyone().post("/sign-in", &fields).await.expect(303);
        let cookie = page.header("set-cookie");
        assert!(cookie.starts_with("__Host-sid="), "{cookie}");
        for flag in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=604800"] {
            assert!(cookie.contains(flag), "{flag} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert_eq!(page.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    }

    async fn a_cookie_is_out_of_reach_of_scripts(app: TestApp) {
        owner(&app);
        let page = sign_in(&app.anyone(), "olga@meridian.test", PASSWORD).await.expect(303);
        let cookie = page.header("set-cookie");
        assert!(cookie.starts_with("sid=") && cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
        assert!(app.anyone().get("/sign-in").await.header("set-cookie").is_empty(), "strangers get no cookie");
    }
}
