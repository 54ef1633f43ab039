//! Whatever is typed into whichever form, nobody meets a fault and the ledgers still hold. The
//! forms are found by walking the filled demo as an owner and as a partner's admin would.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use perennial::{domain::Role, services::verify};
use reqwest::Method;

use crate::{
    demo::filled,
    harness::{TestApp, sign_in},
    on_both,
    support::{
        http::{Form, Visitor},
        postgres::Kind,
    },
};

/// What people, programs and attackers type. None of it is a fault of the application.
const TYPED: &[&str] = &[
    "",
    " ",
    "0",
    "-1",
    "1",
    "100",
    "1.005",
    "1.0000000001",
    "1e9",
    "NaN",
    "0x10",
    "٣",
    "9223372036854775807",
    "99999999999999999999999999",
    "-9223372036854775808",
    "2026-02-30",
    "0000-00-00",
    "9999-12-31",
    "1970-01-01",
    "2026-10-31",
    "31.10.2026",
    "'; DROP TABLE invoices; --",
    "<script>alert(1)</script>",
    "=HYPERLINK(\"http://example.com\")",
    "a\r\nBcc: everyone@example.com",
    "\u{202e}gnp.exe",
    "XXX",
    "JPY",
    "../../etc/passwd",
    "inv_00000000000000",
    "true",
    "yes",
];

/// As many pages of one kind are looked at: records of one kind differ in the forms they show.
const PAGES_OF_A_KIND: usize = 3;
/// As many texts are tried in each field of a form.
const TEXTS_A_FIELD: usize = 3;

/// A page's or form's kind: its address without ids, numbers and queries.
fn kind_of(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let part = |part: &str| {
        let named = part.contains('_') || part.contains(|c: char| c.is_ascii_digit());
        if named { "*" } else { part }.to_owned()
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Every kind of form on the pages that can be reached by links from `home`.
async fn forms_below(visitor: &Visitor, home: &str) -> BTreeMap<String, Form> {
    let mut forms = BTreeMap::new();
    let mut seen = BTreeSet::from([home.to_owned()]);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut ahead = VecDeque::from([home.to_owned()]);
    while let Some(address) = ahead.pop_front() {
        let looked_at = kinds.entry(kind_of(&address)).or_default();
        *looked_at += 1;
        if *looked_at > PAGES_OF_A_KIND {
            continue;
        }
        let page = visitor.get(&address).await;
        assert!(page.status < 500, "{address}: {}", page.status);
        if page.status != 200 || !page.header("content-type").starts_with("text/html") {
            continue;
        }
        for form in page.forms() {
            if form.method == Method::POST {
                let names: Vec<&str> = form.fields.iter().map(|(name, _)| &**name).collect();
                let key = format!("{} {}", kind_of(&form.action), names.join(" "));
                forms.entry(key).or_insert(form);
            }
        }
        for link in page.attrs("main a[href], nav a[href]", "href") {
            if link.starts_with(home) && seen.insert(link.clone()) {
                ahead.push_back(link);
            }
        }
    }
    // Who changes their own role or leaves sees no more; so people come last.
    forms
}

/// Types into each field of a form, and into all of them; gives how often it was sent.
async fn type_into(visitor: &Visitor, form: &Form, salt: usize) -> usize {
    let text = |at: usize| TYPED[at % TYPED.len()];
    let hidden = ["form_id", "version"];
    let mut sent = Vec::new();
    for (place, (name, _)) in form.fields.iter().enumerate() {
        if hidden.contains(&name.as_str()) {
            continue;
        }
        let tries = (0..TEXTS_A_FIELD).map(|n| text(salt + place * 7 + n * 5));
        sent.extend(tries.map(|typed| form.clone().with(name, typed)));
    }
    let mut all = form.clone();
    for (place, (name, value)) in all.fields.iter_mut().enumerate() {
        if !hidden.contains(&name.as_str()) {
            text(salt + place * 3).clone_into(value);
        }
    }
    sent.push(all);
    sent.push(form.clone());
    for one in &sent {
        let page = visitor.submit(one).await;
        assert!(
            page.status < 500,
            "{} answered {} to {:?}",
            one.action,
            page.status,
            one.fields
        );
    }
    sent.len()
}

/// Gives how many forms were found, and how often they were sent.
async fn typed_everywhere(visitor: &Visitor, home: &str) -> (usize, usize) {
    let forms = forms_below(visitor, home).await;
    // Who changes their own role or leaves sees no more; so people come last.
    let (people, others): (Vec<_>, Vec<_>) = forms
        .iter()
        .filter(|(key, _)| !key.contains("/sign-out"))
        .partition(|(key, _)| key.contains("/people"));
    let mut sent = 0;
    for (salt, (_, form)) in others.into_iter().chain(people).enumerate() {
        sent += type_into(visitor, form, salt).await;
    }
    (forms.len(), sent)
}

struct Demo {
    app: TestApp,
}

impl Demo {
    async fn on(kind: Kind) -> Self {
        let app = TestApp::start(filled(kind)).await;
        app.now_is("2026-11-01T09:30:00Z");
        Self { app }
    }
}

on_both! {
    async fn whatever_is_typed_the_ledgers_hold(demo: Demo) {
        let app = &demo.app;
        let owner = app.staff_of("meridian", Role::Owner).await;
        let (forms, sent) = typed_everywhere(&owner, "/meridian").await;
        assert!(forms > 40 && sent > 600, "{forms} forms, sent {sent} times");
        app.sql("UPDATE memberships SET role = 'partner_admin' WHERE email = 'mira.castellan@northwind.example'");
        let personas = perennial::demo::personas();
        let mira = personas.iter().find(|one| one.email.starts_with("mira.")).unwrap();
        let admin = app.anyone();
        sign_in(&admin, &mira.email, &mira.password).await.expect(303);
        let (forms, sent) = typed_everywhere(&admin, "/meridian/p/northwind-systems").await;
        assert!(forms > 1 && sent > 10, "{forms} forms, sent {sent} times");
        let scope = app.operator("meridian");
        let found = app.store.read_now(scope, verify::verify).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}
