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
        http::{Form, Page, Visitor},
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

/// What makes two forms one kind: where they are sent, and their fields.
fn key_of(form: &Form) -> String {
    let names: Vec<&str> = form.fields.iter().map(|(name, _)| &**name).collect();
    format!("{} {}", kind_of(&form.action), names.join(" "))
}

/// A kind of form, and a page that shows it.
struct Found {
    on: String,
    form: Form,
}

impl Found {
    /// The form as its page has it now: with a form id that was not used and the version of now.
    /// None once the page shows it no more.
    async fn again(&self, visitor: &Visitor) -> Option<Form> {
        let key = key_of(&self.form);
        let forms = visitor.get(&self.on).await.forms();
        let mut alike = forms.into_iter().filter(|form| key_of(form) == key);
        let same = |form: &Form| form.action == self.form.action;
        let first = alike.next()?;
        match same(&first) {
            true => Some(first),
            false => alike.find(same).or(Some(first)),
        }
    }
}

/// Every kind of form on the pages that can be reached by links from `home`.
async fn forms_below(visitor: &Visitor, home: &str) -> BTreeMap<String, Found> {
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
                let on = address.clone();
                forms.entry(key_of(&form)).or_insert(Found { on, form });
            }
        }
        for link in page.attrs("main a[href], nav a[href]", "href") {
            if link.starts_with(home) && seen.insert(link.clone()) {
                ahead.push_back(link);
            }
        }
    }
    forms
}

/// What is typed in one try: the fields, and into each what.
type Try = Vec<(String, &'static str)>;

/// Each field of a form with some texts, then all of them at once, then the form as it is.
fn tries(form: &Form, salt: usize) -> Vec<Try> {
    let text = |at: usize| TYPED[at % TYPED.len()];
    let fields = form.fields.iter().enumerate();
    let open = |(_, (name, _)): &(usize, &(String, String))| {
        !["form_id", "version"].contains(&name.as_str())
    };
    let open: Vec<_> = fields.filter(open).collect();
    let mut tries = Vec::new();
    for (place, (name, _)) in &open {
        let some = (0..TEXTS_A_FIELD).map(|n| text(salt + place * 7 + n * 5));
        tries.extend(some.map(|typed| vec![(name.clone(), typed)]));
    }
    let all = open.iter();
    tries.push(
        all.map(|(place, (name, _))| (name.clone(), text(salt + place * 3)))
            .collect(),
    );
    tries.push(Vec::new());
    tries
}

/// How often forms were sent, and how often that did something.
#[derive(Default)]
struct Sent {
    times: usize,
    done: usize,
}

impl Sent {
    async fn send(&mut self, visitor: &Visitor, form: &Form) -> Page {
        let page = visitor.submit(form).await;
        let (to, status) = (&form.action, page.status);
        assert!(status < 500, "{to} answered {status} to {:?}", form.fields);
        self.times += 1;
        self.done += usize::from(status == 303);
        page
    }

    /// Types into a form as its page has it each time, and confirms what is to be confirmed.
    async fn type_into(&mut self, visitor: &Visitor, found: &Found, salt: usize) {
        for typed in tries(&found.form, salt) {
            let Some(mut form) = found.again(visitor).await else {
                return;
            };
            for (name, value) in typed {
                form = form.with(&name, value);
            }
            let page = self.send(visitor, &form).await;
            let asks = |form: &Form| form.value("confirmed") == "yes";
            if let Some(sure) = page.forms().into_iter().find(asks) {
                self.send(visitor, &sure).await;
            }
        }
    }
}

/// Gives how many forms were found, and what was sent.
async fn typed_everywhere(visitor: &Visitor, home: &str) -> (usize, Sent) {
    let forms = forms_below(visitor, home).await;
    // Who changes their own role or leaves sees no more; so people come last.
    let (people, others): (Vec<_>, Vec<_>) = forms
        .iter()
        .filter(|(key, _)| !key.contains("/sign-out"))
        .partition(|(key, _)| key.contains("/people"));
    let mut sent = Sent::default();
    for (salt, (_, found)) in others.into_iter().chain(people).enumerate() {
        sent.type_into(visitor, found, salt).await;
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
        assert!(forms > 40 && sent.times > 600 && sent.done > 60, "{forms} forms, sent {} times, done {}", sent.times, sent.done);
        app.sql("UPDATE memberships SET role = 'partner_admin' WHERE email = 'mira.castellan@northwind.example'");
        let personas = perennial::demo::personas();
        let mira = personas.iter().find(|one| one.email.starts_with("mira.")).unwrap();
        let admin = app.anyone();
        sign_in(&admin, &mira.email, &mira.password).await.expect(303);
        let (forms, sent) = typed_everywhere(&admin, "/meridian/p/northwind-systems").await;
        assert!(forms > 1 && sent.times > 10, "{forms} forms, sent {} times", sent.times);
        let scope = app.operator("meridian");
        let found = app.store.read_now(scope, verify::verify).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }
}
