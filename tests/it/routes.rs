//! No page may be reached by someone it was not made for. Every route is read from the application
//! itself and asked for by everybody: a new one is walked without being named, and fails until what
//! its address may hold is known here.

pub mod scene;

use std::collections::BTreeMap;

use actix_web::{
    App, HttpRequest, HttpResponse,
    introspection::IntrospectionTree,
    middleware::from_fn,
    test as calls,
    web::{self, ServiceConfig, get, post, resource},
};
use perennial::{
    Error,
    domain::{Permission, Role},
    web::{
        Failure,
        admission::{self, Staff, Visitor as PortalUser},
    },
};
use reqwest::Method;

use crate::{
    on_both,
    support::http::{Page, Visitor},
};
use scene::{Owner, Scene};

/// Pages outside every workspace, and who they are for. This list may only shrink.
const OUTSIDE: &[(&str, For)] = &[
    ("/", For::People),
    ("/api/usage", For::Anyone),
    ("/account", For::People),
    ("/account/password", For::People),
    ("/account/sign-out-everywhere", For::People),
    ("/account/time-zone", For::People),
    ("/invitations/{token}", For::Anyone),
    ("/livez", For::Anyone),
    ("/readyz", For::Anyone),
    ("/reset", For::Anyone),
    ("/reset/{token}", For::Anyone),
    ("/sign-in", For::Anyone),
    ("/sign-out", For::Anyone),
    ("/static/{name}", For::Anyone),
];

/// Writes that every role of a side may make. Each with its reason.
const FOR_EVERY_ROLE: &[(&str, &str)] = &[];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum For {
    Anyone,
    /// Whoever is signed in.
    People,
    Staff,
    Partners,
}

#[derive(serde::Deserialize)]
struct Reported {
    full_path: String,
    methods: Vec<String>,
    resource_type: String,
}

/// A page, or what a form is sent to.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    pub path: String,
    pub side: For,
}

impl Route {
    /// The address with the ids of somebody's objects in it. The workspace stays `base`.
    fn below(&self, base: &str, scene: &Scene, owner: Owner) -> String {
        let below = match self.side {
            For::Staff => self.path.strip_prefix("/{vendor}"),
            For::Partners => self.path.strip_prefix("/{vendor}/p/{partner}"),
            _ => None,
        };
        let mut address = below.unwrap_or(&self.path).to_owned();
        for name in parameters(&address) {
            let spelled = scene.spelled(&self.meant(&name), owner);
            address = address.replace(&format!("{{{name}}}"), &spelled);
        }
        format!("{base}{address}")
    }

    /// Whether its address names anything that belongs to one owner and not to another.
    fn names_what_is_owned(&self, by_partner: bool) -> bool {
        let below = self
            .path
            .trim_start_matches("/{vendor}/p/{partner}")
            .trim_start_matches("/{vendor}");
        parameters(below)
            .iter()
            .any(|name| scene::is_owned(&self.meant(name), by_partner))
    }

    /// People and invitations are the vendor's own where no partner is named before them.
    pub fn meant(&self, name: &str) -> String {
        let below = self.path.trim_start_matches("/{vendor}");
        let own = self.side == For::Staff && !below.contains("{partner}");
        match name {
            "membership" | "invitation" if own => format!("vendor_{name}"),
            _ => name.to_owned(),
        }
    }
}

pub fn parameters(path: &str) -> Vec<String> {
    let parts = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next());
    parts
        .map(|part| part.split(':').next().unwrap().to_owned())
        .collect()
}

/// Every route of a table of routes, read from an application that has it.
pub async fn routes_of(table: fn(&mut ServiceConfig)) -> Vec<Route> {
    async fn report(tree: web::Data<IntrospectionTree>) -> HttpResponse {
        HttpResponse::Ok().body(tree.report_as_json())
    }
    let app = App::new()
        .route("/report", get().to(report))
        .configure(table);
    let app = calls::init_service(app).await;
    let request = calls::TestRequest::get().uri("/report").to_request();
    let body = calls::call_and_read_body(&app, request).await;
    let reported: Vec<Reported> = serde_json::from_slice(&body).unwrap();
    let mut routes = Vec::new();
    for found in reported
        .into_iter()
        .filter(|found| found.full_path != "/report")
    {
        let methods = if found.methods.is_empty() && found.resource_type == "resource" {
            // A route that takes every method is asked with those that matter.
            vec!["GET".to_owned(), "POST".to_owned()]
        } else {
            found.methods
        };
        for method in methods {
            let (method, path) = (method.parse().unwrap(), found.full_path.clone());
            let side = side_of(&path);
            routes.push(Route { method, path, side });
        }
    }
    routes
}

fn side_of(path: &str) -> For {
    if path.starts_with("/{vendor}/p/{partner}") {
        return For::Partners;
    }
    if path.starts_with("/{vendor}") {
        return For::Staff;
    }
    let outside = OUTSIDE.iter().find(|(known, _)| *known == path);
    outside
        .unwrap_or_else(|| panic!("{path} has no row in OUTSIDE: who is it for?"))
        .1
}

/// What went wrong on the walk, all of it.
#[derive(Default)]
struct Walk {
    faults: Vec<String>,
    asked: usize,
    /// What the forms on those pages hold that were seen so far, by where they are sent.
    forms: BTreeMap<String, Vec<(String, String)>>,
}

impl Walk {
    /// What a form sent there would hold: as it was seen there, or on a page of the same kind, or no
    /// more than what every form has.
    fn fields(&self, address: &str, route: &Route) -> Vec<(String, String)> {
        let ends = route.path.rsplit('}').next().unwrap();
        let alike = |action: &String| {
            !ends.is_empty()
                && action.ends_with(ends)
                && action.matches('/').count() == address.matches('/').count()
        };
        let alike = || {
            self.forms
                .iter()
                .find(|(action, _)| alike(action))
                .map(|(_, fields)| fields)
        };
        let known = self.forms.get(address).or_else(alike).cloned();
        known.unwrap_or_else(|| vec![("form_id".to_owned(), format!("walked-{:020}", self.asked))])
    }

    /// Keeps the forms of a page, so that what is refused is not refused for being empty.
    fn learn(&mut self, page: &Page) {
        for action in page.attrs("form[method=post]", "action") {
            let form = page.form(&format!("form[action='{action}']"));
            let fields = form.fields.into_iter().map(|(name, value)| {
                let value = if value.is_empty() {
                    plausible(&name)
                } else {
                    value
                };
                (name, value)
            });
            self.forms.insert(action, fields.collect());
        }
    }

    /// Asks, and says what is wrong unless the status is expected and no canary sings.
    async fn ask(
        &mut self,
        who: (&str, &Visitor),
        route: &Route,
        address: &str,
        expected: &Expected<'_>,
    ) -> Page {
        let send = |fields: &[(String, String)]| {
            let request = who.1.request(route.method.clone(), address);
            Page::read(if route.method == Method::GET {
                request
            } else {
                request.form(fields)
            })
        };
        let mut page = send(&self.fields(address, route)).await;
        if page.status == 400 {
            page = send(&[]).await;
        }
        self.asked += 1;
        let fault = |why: String| {
            format!(
                "{} asks {} {address} ({}): {why}",
                who.0, route.method, route.path
            )
        };
        if !(expected.status)(page.status) {
            self.faults
                .push(fault(format!("{}, not {}", page.status, expected.words)));
        }
        let text = page.text().to_lowercase();
        for canary in expected.canaries {
            if text.contains(canary) {
                self.faults.push(fault(format!("the page says {canary}")));
            }
        }
        page
    }

    /// Nobody is shown a way to what is refused to them: `links`, and a page that shows each.
    async fn follow(&mut self, who: (&str, &Visitor), links: BTreeMap<String, String>) {
        for (link, shown_on) in links {
            if who.1.get(&link).await.status == 403 {
                let name = who.0;
                let fault = format!("{name} is led from {shown_on} to {link}, which is refused");
                self.faults.push(fault);
            }
        }
    }

    #[track_caller]
    fn expect_clean(self, at_least: usize) {
        assert!(
            self.faults.is_empty(),
            "{} of {}:\n{}",
            self.faults.len(),
            self.asked,
            self.faults.join("\n")
        );
        assert!(self.asked >= at_least, "only {} were asked", self.asked);
    }
}

/// Something to type into an empty field.
fn plausible(name: &str) -> String {
    match name {
        name if name.contains("email") => "new@northwind.test",
        name if name.contains("_on") || name.contains("from") => "2026-10-02",
        name if name.contains("name") || name.contains("code") => "Another",
        _ => "1",
    }
    .to_owned()
}

struct Expected<'a> {
    words: &'static str,
    status: fn(u16) -> bool,
    canaries: &'a [&'a str],
}

fn not_found<'a>(canaries: &'a [&'a str]) -> Expected<'a> {
    Expected {
        words: "404",
        status: |status| status == 404,
        canaries,
    }
}
/// An answer of a page that exists: anything but a fault or "no such page".
fn answered<'a>(canaries: &'a [&'a str]) -> Expected<'a> {
    Expected {
        words: "an answer",
        status: |status| status < 500 && status != 404 && status != 401,
        canaries,
    }
}
fn refused<'a>(canaries: &'a [&'a str]) -> Expected<'a> {
    Expected {
        words: "403 or 404",
        status: |status| status == 403 || status == 404,
        canaries,
    }
}

const RIVALS: &[&str] = &["rivalco", "eastwind"];
const SIBLINGS: &[&str] = &["contoso", "rivalco", "eastwind"];

/// Learns the forms from those who may see them all.
async fn look_around(scene: &Scene, routes: &[Route], walk: &mut Walk) {
    let owner = scene.app.staff_of("meridian", Role::Owner).await;
    let admin = scene
        .app
        .portal_of("meridian", "northwind", Role::PartnerAdmin)
        .await;
    for route in routes.iter().filter(|route| route.method == Method::GET) {
        let visitor = match route.side {
            For::Staff => &owner,
            For::Partners => &admin,
            _ => continue,
        };
        let base = scene.base(route.side == For::Partners);
        walk.learn(&visitor.get(&route.below(&base, scene, Owner::Own)).await);
    }
}

/// Strangers: to sign-in when they look, refused when they act, and nothing else.
async fn strangers(scene: &Scene, routes: &[Route], walk: &mut Walk) {
    let anyone = scene.app.anyone();
    for route in routes.iter().filter(|route| route.side != For::Anyone) {
        let base = scene.base(route.side == For::Partners);
        let address = route.below(&base, scene, Owner::Own);
        let expected = match route.method == Method::GET {
            true => Expected {
                words: "303",
                status: |status| status == 303,
                canaries: SIBLINGS,
            },
            false => Expected {
                words: "401",
                status: |status| status == 401,
                canaries: SIBLINGS,
            },
        };
        let page = walk
            .ask(("a stranger", &anyone), route, &address, &expected)
            .await;
        if page.status == 303 && !page.location().starts_with("/sign-in?next=") && route.path != "/"
        {
            walk.faults
                .push(format!("{address} sends strangers to {}", page.location()));
        }
        if page.text().len() > 4_000 {
            walk.faults.push(format!(
                "{address} shows strangers {} bytes",
                page.text().len()
            ));
        }
    }
}

/// People whose place is elsewhere: every workspace page is not there for them.
async fn outsiders(scene: &Scene, routes: &[Route], walk: &mut Walk) {
    let rival = scene.app.staff_of("rivalco", Role::Owner).await;
    let eastwind = scene
        .app
        .portal_of("rivalco", "eastwind", Role::PartnerAdmin)
        .await;
    let northwind = scene
        .app
        .portal_of("meridian", "northwind", Role::PartnerAdmin)
        .await;
    let contoso = scene
        .app
        .portal_of("meridian", "contoso", Role::PartnerAdmin)
        .await;
    let owner = scene.app.staff_of("meridian", Role::Owner).await;
    let all = [
        ("another vendor's owner", &rival, false, false),
        ("another vendor's partner", &eastwind, false, false),
        ("the sibling partner", &contoso, false, false),
        ("the partner itself", &northwind, false, true),
        ("the vendor's owner", &owner, true, false),
    ];
    for (who, visitor, in_staff, in_portal) in all {
        for route in routes {
            let outside = match route.side {
                For::Staff => !in_staff,
                For::Partners => !in_portal,
                _ => false,
            };
            if outside {
                let address =
                    route.below(&scene.base(route.side == For::Partners), scene, Owner::Own);
                walk.ask((who, visitor), route, &address, &not_found(&[]))
                    .await;
            }
        }
    }
}

/// One's own workspace with somebody else's objects in the address.
async fn other_peoples_objects(scene: &Scene, routes: &[Route], walk: &mut Walk) {
    let owner = scene.app.staff_of("meridian", Role::Owner).await;
    let admin = scene
        .app
        .portal_of("meridian", "northwind", Role::PartnerAdmin)
        .await;
    for route in routes {
        let (who, visitor, canaries) = match route.side {
            For::Staff => ("the vendor's owner", &owner, RIVALS),
            For::Partners => ("the partner", &admin, SIBLINGS),
            _ => continue,
        };
        let base = scene.base(route.side == For::Partners);
        if route.names_what_is_owned(false) {
            let address = route.below(&base, scene, Owner::Other);
            walk.ask((who, visitor), route, &address, &not_found(canaries))
                .await;
        }
        if route.side == For::Partners && route.names_what_is_owned(true) {
            let address = route.below(&base, scene, Owner::Sibling);
            walk.ask((who, visitor), route, &address, &not_found(canaries))
                .await;
        }
        // And the same address with one's own objects is there, or nothing was proved.
        if route.method == Method::GET {
            let address = route.below(&base, scene, Owner::Own);
            walk.ask((who, visitor), route, &address, &answered(canaries))
                .await;
        }
    }
}

/// Each role on its own side: pages answer without a fault and tell nothing of others; what changes
/// something is refused to those who may change nothing.
async fn roles(scene: &Scene, routes: &[Route], walk: &mut Walk) {
    for role in Role::ALL {
        let visitor = match role.is_vendor() {
            true => scene.app.staff_of("meridian", *role).await,
            false => scene.app.portal_of("meridian", "northwind", *role).await,
        };
        let side = if role.is_vendor() {
            For::Staff
        } else {
            For::Partners
        };
        let canaries = if role.is_vendor() { RIVALS } else { SIBLINGS };
        let mut links = BTreeMap::new();
        for route in routes.iter().filter(|route| route.side == side) {
            let address = route.below(&scene.base(!role.is_vendor()), scene, Owner::Own);
            let who = (role.code(), &visitor);
            if route.method == Method::GET {
                let expected = Expected {
                    words: "a page",
                    status: |status| [200, 303, 403, 404, 409].contains(&status),
                    canaries,
                };
                let page = walk.ask(who, route, &address, &expected).await;
                let shown = page.attrs("main a[href^='/'], nav a[href^='/']", "href");
                links.extend(shown.into_iter().map(|link| (link, address.clone())));
            } else if only_looks(*role)
                && !FOR_EVERY_ROLE.iter().any(|(path, _)| *path == route.path)
            {
                walk.ask(who, route, &address, &refused(canaries)).await;
            }
        }
        walk.follow((role.code(), &visitor), links).await;
    }
}

/// Roles that change nothing.
fn only_looks(role: Role) -> bool {
    role.permissions().all(|permission| {
        let code = permission.code();
        code.starts_with("view_") || code.starts_with("partner_view_")
    })
}

async fn walk_all(scene: &Scene, routes: &[Route]) -> Walk {
    let mut walk = Walk::default();
    look_around(scene, routes, &mut walk).await;
    strangers(scene, routes, &mut walk).await;
    outsiders(scene, routes, &mut walk).await;
    other_peoples_objects(scene, routes, &mut walk).await;
    roles(scene, routes, &mut walk).await;
    walk
}

on_both! {
    async fn everybody_gets_as_far_as_they_may_and_no_further(scene: Scene) {
        let routes = routes_of(perennial::web::routes).await;
        walk_all(&scene, &routes).await.expect_clean(routes.len());
    }

    /// The walk is walked over pages that are known to be sound, and over some that are not.
    async fn the_walk_notices_what_it_must(samples: Samples) {
        let routes = routes_of(sample_routes).await;
        let routes: Vec<_> = routes.into_iter().filter(|route| route.path.contains("/sample")).collect();
        let walk = walk_all(&samples.0, &routes).await;
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for route in &routes {
            let told = walk.faults.iter().filter(|fault| fault.contains(&format!("({})", route.path)));
            found.entry(route.path.as_str()).or_default().extend(told.map(String::as_str));
        }
        for (path, faults) in &found {
            assert_eq!(faults.is_empty(), !path.contains("leaky"), "{path}: {faults:#?}");
        }
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(walk.asked > 40, "{}", walk.asked);
    }
}

#[test]
fn every_slug_that_is_a_page_is_reserved() {
    for (path, _) in OUTSIDE {
        let first = path.split('/').nth(1).unwrap();
        assert!(
            first.is_empty() || perennial::domain::text::RESERVED_SLUGS.contains(&first),
            "{first}"
        );
    }
}

#[tokio::test]
#[should_panic(expected = "{gizmo} has no row")]
async fn a_parameter_that_is_not_known_fails_the_walk() {
    let scene = Scene::on(crate::support::postgres::Kind::Sqlite).await;
    let route = Route {
        method: Method::GET,
        path: "/{vendor}/gizmos/{gizmo}".to_owned(),
        side: For::Staff,
    };
    route.below("/meridian", &scene, Owner::Own);
}

// ------------------------------------------------------------------ samples

/// The scene around pages that are made for this test.
struct Samples(Scene);

impl Samples {
    async fn on(kind: crate::support::postgres::Kind) -> Self {
        Self(Scene::with(kind, sample_routes).await)
    }
}

fn sample_routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/{vendor}/p/{partner}/sample/customers/{customer}")
                .wrap(from_fn(admission::partner_only))
                .route(get().to(own_customer))
                .route(post().to(nothing_for_lookers)),
        )
        .service(
            resource("/{vendor}/p/{partner}/sample-leaky/customers/{customer}")
                .wrap(from_fn(admission::partner_only))
                .route(get().to(anybodys_customer)),
        )
        .service(
            resource("/{vendor}/sample/customers/{customer}")
                .wrap(from_fn(admission::staff_only))
                .route(get().to(own_vendors_customer)),
        )
        .service(
            resource("/{vendor}/sample-leaky/payments")
                .wrap(from_fn(admission::staff_only))
                .route(post().to(HttpResponse::Ok)),
        )
        .service(resource("/{vendor}/sample-leaky/open").route(get().to(HttpResponse::Ok)))
        .configure(perennial::web::routes);
}

fn page(found: bool, name: &str) -> Result<HttpResponse, Failure> {
    match found {
        true => Ok(HttpResponse::Ok().body(name.to_owned())),
        false => Err(Error::NotFound.into()),
    }
}
async fn own_customer(_: PortalUser, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let asked = request.match_info().query("customer");
    page(asked == scene::customer(Owner::Own), "Northwind customer")
}
async fn own_vendors_customer(_: Staff, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let asked = request.match_info().query("customer");
    page(asked != scene::customer(Owner::Other), "Northwind customer")
}
async fn anybodys_customer(_: PortalUser) -> Result<HttpResponse, Failure> {
    page(true, "Contoso customer")
}
async fn nothing_for_lookers(visitor: PortalUser) -> Result<HttpResponse, Failure> {
    match visitor.may(Permission::PartnerManagePeople) {
        true => Err(Error::NotFound.into()),
        false => Err(Error::Forbidden.into()),
    }
}
