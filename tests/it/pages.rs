//! Every page, on the demo's data, in a real browser: narrow and wide, light and dark. A page that
//! is added is looked at without being named here.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::{collections::BTreeSet, path::PathBuf};

use perennial::{domain::Role, web};
use reqwest::Method;
use scraper::{Html, Selector};

use crate::{
    demo,
    harness::{PASSWORD, Place, TestApp, spelling},
    routes::{For, Route, parameters, routes_of, scene},
    support::{
        http::{Upload, Visitor},
        pages::{html, serve},
        postgres::Kind,
        webdriver::{Browser, Scheme},
    },
};

const OWNER: &str = "owner@meridian.example";
const PARTNER_ADMIN: &str = "elif.brandt@northwind.example";

/// Narrow and light, wide and dark: the two that differ most.
const LOOKS: [(u32, Scheme); 2] = [(1280, Scheme::Dark), (320, Scheme::Light)];

/// The demo a month later, with one of everything that its story leaves out.
struct Tour {
    app: TestApp,
    browser: Browser,
    shots: Option<PathBuf>,
    faults: Vec<String>,
    seen: usize,
}

impl Tour {
    async fn begin() -> Self {
        let app = TestApp::start(demo::filled(Kind::Sqlite)).await;
        app.now_is("2026-12-02T09:30:00Z");
        app.membership(Place {
            email: OWNER,
            vendor: "meridian",
            partner: None,
            role: Role::Owner,
        });
        let owner = app.signed_in(OWNER).await;
        drafts(&app, &owner).await;
        invitations(&owner, &app).await;
        let file = b"external_id,name,country\nP-2001,,DE\nP-2002,Second,XX\n";
        let file = Upload {
            field: "file",
            name: "partners.csv",
            content_type: "text/csv",
            bytes: file,
        };
        let answer = owner
            .post_file("/meridian/imports", &[("kind", "partners")], file)
            .await;
        assert!(
            answer.status == 303 || answer.status == 422,
            "{}",
            answer.text()
        );
        Self {
            app,
            browser: Browser::start().await,
            shots: std::env::var_os("SHOTS").map(PathBuf::from),
            faults: Vec::new(),
            seen: 0,
        }
    }

    async fn sign_in(&self, email: &str, password: &str) {
        self.browser
            .goto(&format!("{}/sign-in", self.app.origin))
            .await;
        self.browser.fill("Email", email).await;
        self.browser.fill("Password", password).await;
        self.browser.click_button("Sign in").await;
    }

    /// Looks at every page of a side.
    async fn visit(&mut self, routes: &[Route], side: For) {
        for route in routes
            .iter()
            .filter(|route| route.side == side && is_page(route))
        {
            let address = address(&self.app, route);
            let url = format!("{}{address}", self.app.origin);
            self.faults
                .extend(look(&self.browser, &url, self.shots.as_ref(), self.seen).await);
            self.seen += 1;
        }
    }
}

/// A page for people, as opposed to a file or a probe.
fn is_page(route: &Route) -> bool {
    let file = [
        ".csv",
        ".pdf",
        ".json",
        "/livez",
        "/readyz",
        "/static/{name}",
    ];
    route.method == Method::GET && !file.iter().any(|end| route.path.ends_with(end))
}

async fn drafts(app: &TestApp, owner: &Visitor) {
    for (path, sql) in [
        ("plans/{}/versions", "SELECT MIN(id) AS value FROM plans"),
        // Where the demo has no draft of its own.
        (
            "commission-plans/{}/versions",
            "SELECT id AS value FROM commission_plans WHERE tenant_id IN (SELECT id FROM tenants
             WHERE slug = 'meridian') AND id NOT IN (SELECT commission_plan_id
             FROM commission_plan_versions WHERE status = 'draft') ORDER BY id LIMIT 1",
        ),
    ] {
        let Some(number) = app.ask(sql).first().and_then(|id| id.parse().ok()) else {
            continue;
        };
        let name = if path.starts_with("plans") {
            "plan"
        } else {
            "commission_plan"
        };
        let path = path.replace("{}", &scene::spelled_as(name, number));
        owner
            .post(
                &format!("/meridian/{path}"),
                &[("form_id", &format!("tour-{path:>16.20}"))],
            )
            .await
            .expect(303);
    }
}

/// Somebody is invited on either side.
async fn invitations(owner: &Visitor, app: &TestApp) {
    let partner = spelled(app, "partner");
    for (base, role) in [
        ("/meridian".to_owned(), "vendor_viewer"),
        (format!("/meridian/partners/{partner}"), "partner_seller"),
    ] {
        let page = owner.get(&format!("{base}/people")).await.expect(200);
        let form = page
            .form("form[action$='/people']")
            .with("name", "Nora Nielsen");
        let form = form
            .with("email", "nora@elsewhere.example")
            .with("role", role);
        owner.submit(&form).await.expect(303);
    }
}

fn spelled(app: &TestApp, name: &str) -> String {
    match name {
        "partner" => spelling("par", number(app, name)),
        _ => scene::spelled_as(name, number(app, name)),
    }
}

/// The number of what an address names: of Northwind's things that with the most in it.
fn number(app: &TestApp, name: &str) -> i64 {
    let tenant = "(SELECT id FROM tenants WHERE slug = 'meridian')";
    let partner =
        format!("(SELECT id FROM partners WHERE tenant_id = {tenant} AND external_id = 'P-1001')");
    let (of_vendor, of_partner) = (
        format!("tenant_id = {tenant}"),
        format!("partner_id = {partner}"),
    );
    let (table, of, order) = match name {
        "offering" => ("offerings", of_vendor, "id"),
        "plan" => ("plans", of_vendor, "id"),
        "plan_version" => (
            "plan_versions",
            format!("{of_vendor} AND status = 'draft'"),
            "id",
        ),
        "sla_policy" => ("sla_policies", of_vendor, "id DESC"),
        "tier" => ("tiers", of_vendor, "id DESC"),
        "commission_plan" => ("commission_plans", of_vendor, "id"),
        "commission_plan_version" => (
            "commission_plan_versions",
            format!("{of_vendor} AND status = 'draft'"),
            "id",
        ),
        "import" => ("import_files", of_vendor, "id"),
        "vendor_membership" => (
            "memberships",
            format!("{of_vendor} AND partner_id IS NULL"),
            "id",
        ),
        "partner" => (
            "partners",
            format!("{of_vendor} AND external_id = 'P-1001'"),
            "id",
        ),
        "customer" => ("customers", of_partner, "id"),
        "subscription" => (
            "subscriptions",
            format!(
                "{of_partner} AND status = 'active' AND id IN (SELECT subscription_id FROM subscription_changes WHERE kind = 'quantity')"
            ),
            "id",
        ),
        "subscription set to end" => (
            "subscriptions",
            format!("{of_vendor} AND status = 'pending_cancel'"),
            "id",
        ),
        "paused subscription" => (
            "subscriptions",
            format!("{of_vendor} AND status = 'paused'"),
            "id",
        ),
        "invoice" => ("invoices", of_partner, "paid_minor DESC, id"),
        "payment" => (
            "payments",
            format!("{of_vendor} AND refunded_minor > 0"),
            "id",
        ),
        "entry" => ("commission_entries", of_partner, "id"),
        "adjustment" => (
            "adjustments",
            format!("{of_vendor} AND status = 'proposed'"),
            "id",
        ),
        "ticket" => ("sla_tickets", of_partner, "id"),
        "sla_credit" => ("sla_credits", of_partner, "id"),
        "payout_run" => ("payout_runs", of_vendor, "id DESC"),
        "deal_registration" => ("deal_registrations", of_partner, "id"),
        "statement" => ("statements", of_partner, "line_count DESC, id"),
        "mail" => (
            "mails",
            format!("{of_partner} AND kind = 'statement'"),
            "id",
        ),
        "membership" => ("memberships", of_partner, "id"),
        _ => panic!("{{{name}}} has no row here: which of the demo's is to be looked at?"),
    };
    let found = app.ask(&format!("SELECT id AS value FROM (SELECT id FROM {table} WHERE {of} ORDER BY {order} LIMIT 1) AS first"));
    found
        .first()
        .unwrap_or_else(|| panic!("the demo has no {name}"))
        .parse()
        .unwrap()
}

fn address(app: &TestApp, route: &Route) -> String {
    let mut address = route.path.replacen("/{vendor}", "/meridian", 1);
    if route.side == For::Partners {
        let slug = &app.ask("SELECT slug AS value FROM partners WHERE external_id = 'P-1001'")[0];
        address = address.replacen("{partner}", slug, 1);
    }
    for name in parameters(&address) {
        let value = match &*name {
            // The closure of a month that is over and open; everything else of one that is closed.
            "month" if route.path.ends_with("/closure") => "2026-11".to_owned(),
            "month" => "2026-10".to_owned(),
            "kind" => "partners".to_owned(),
            "subscription" if route.path.ends_with("/undo") => {
                spelling("sub", number(app, "subscription set to end"))
            }
            "subscription" if route.path.ends_with("/resume") => {
                spelling("sub", number(app, "paused subscription"))
            }
            "token" => "spent".to_owned(),
            _ => spelled(app, &route.meant(&name)),
        };
        address = address.replace(&format!("{{{name}}}"), &value);
    }
    address
}

/// What is wrong with a page.
async fn look(browser: &Browser, url: &str, shots: Option<&PathBuf>, place: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    browser.goto(url).await;
    for (width, scheme) in LOOKS {
        browser.resize(width, 900).await;
        browser.prefer(scheme).await;
        let wide = browser.page_size().await.0;
        if wide > u64::from(width) {
            wrong.push(format!("is {wide} px wide in a window of {width}"));
        }
        if let Some(folder) = shots {
            let path = url.split('/').skip(3).collect::<Vec<_>>().join("_");
            let name = format!(
                "{place:02}-{}-{width}.png",
                path.split('?').next().unwrap_or_default()
            );
            browser.screenshot_page(&folder.join(name)).await;
        }
    }
    wrong.extend(unnamed(browser).await);
    wrong.extend(misbuilt(&browser.page_source().await));
    // A link that is spent answers 404 as it should, and the browser says so.
    let complaints = browser.complaints().await.into_iter();
    wrong.extend(complaints.filter(|said| !(url.ends_with("/spent") && said.contains("404"))));
    wrong
        .into_iter()
        .map(|why| format!("{url}: {why}"))
        .collect()
}

/// Controls that a screen reader has no word for.
async fn unnamed(browser: &Browser) -> Vec<String> {
    let controls = browser.controls().await.into_iter();
    controls
        .filter(|(_, name)| name.is_empty())
        .map(|(kind, _)| format!("a {kind} has no name"))
        .collect()
}

fn misbuilt(source: &str) -> Vec<String> {
    let page = Html::parse_document(source);
    let texts = |css: &str| -> Vec<String> {
        let css = Selector::parse(css).unwrap();
        let text = |element: scraper::ElementRef<'_>| element.text().collect::<String>();
        page.select(&css)
            .map(|element| text(element).trim().to_owned())
            .collect()
    };
    let mut wrong = Vec::new();
    let (heads, titles) = (texts("h1"), texts("head > title"));
    if heads.len() != 1 || heads[0].is_empty() {
        wrong.push(format!("{} h1: {heads:?}", heads.len()));
    }
    if titles.len() != 1
        || titles[0]
            .split('·')
            .next()
            .unwrap_or_default()
            .trim()
            .is_empty()
    {
        wrong.push(format!("title: {titles:?}"));
    }
    let mut ids = BTreeSet::new();
    let (marked, labels) = (
        Selector::parse("[id]").unwrap(),
        Selector::parse("label[for]").unwrap(),
    );
    for element in page.select(&marked) {
        let id = element.attr("id").unwrap_or_default();
        if !ids.insert(id) {
            wrong.push(format!("two elements have the id {id:?}"));
        }
    }
    for element in page.select(&labels) {
        let of = element.attr("for").unwrap_or_default();
        if !ids.contains(of) {
            wrong.push(format!("a label is for {of:?}, which is not there"));
        }
    }
    wrong
}

#[tokio::test]
async fn every_page_fits_is_named_and_breaks_no_rule() {
    if !Browser::is_here() {
        return;
    }
    let routes = routes_of(web::routes).await;
    let mut tour = Tour::begin().await;
    tour.visit(&routes, For::Anyone).await;
    tour.sign_in(OWNER, PASSWORD).await;
    tour.visit(&routes, For::People).await;
    tour.visit(&routes, For::Staff).await;
    let staff = tour.seen;
    tour.sign_in(PARTNER_ADMIN, "perennial demo").await;
    tour.visit(&routes, For::Partners).await;
    assert!(
        tour.faults.is_empty(),
        "{} faults:\n{}",
        tour.faults.len(),
        tour.faults.join("\n")
    );
    assert!(
        staff >= 40 && tour.seen >= staff + 8,
        "{staff} and {} pages",
        tour.seen
    );
}

const SOUND: &str = "<!doctype html><html lang=en><title>Sound</title><h1>Sound</h1>\
    <label for=a>Name</label><input id=a><button>Save</button></html>";
const UNSOUND: &str = "<!doctype html><title> · x</title><h1>One</h1><h1>Two</h1>\
    <input id=a><input id=a aria-label=b><label for=c>C</label><div style='width:400px'>wide</div>\
    <table><tr><td style='min-width:1300px'>w</table>";

/// The tour is made to pages that are known to be sound, and to one that is not.
#[tokio::test]
async fn the_tour_notices_what_it_must() {
    if !Browser::is_here() {
        return;
    }
    let origin = serve(|request| {
        let policy = "content-security-policy: style-src 'none'\r\n";
        match request.head.split(' ').nth(1) {
            Some("/sound") => html("200 OK", policy, SOUND),
            Some("/styled") => html("200 OK", policy, UNSOUND),
            Some("/unsound") => html("200 OK", "", UNSOUND),
            _ => html("200 OK", "", ""),
        }
    });
    let browser = Browser::start().await;
    assert_eq!(
        look(&browser, &format!("{origin}/sound"), None, 0).await,
        Vec::<String>::new()
    );
    let found = look(&browser, &format!("{origin}/unsound"), None, 0)
        .await
        .join("\n");
    for why in [
        "px wide in a window of 320",
        "px wide in a window of 1280",
        "2 h1",
        "title:",
        "a textbox has no name",
        "two elements",
        "is for \"c\"",
    ] {
        assert!(found.contains(why), "not noticed: {why}\n{found}");
    }
    let refused = look(&browser, &format!("{origin}/styled"), None, 0)
        .await
        .join("\n");
    assert!(refused.contains("Content Security Policy"), "{refused}");
}
