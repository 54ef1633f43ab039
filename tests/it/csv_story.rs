//! A month told from CSV files: brought in through the pages, closed, mailed, and the same to the
//! cent wherever it is read.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use perennial::{
    domain::{Currency, ImportKind, Money, Role, statement_document::StatementDocument},
    mail::Post,
    secrets::SecretKey,
    store::{
        VendorScope,
        incentivize::statements::{self, Statement},
        jobs::Turns,
    },
    worker,
};

use crate::{
    bulk::{self, Bulk},
    harness::{TestApp, migrated},
    support::{
        http::{Page, Upload, Visitor},
        postgres::{Databases, Kind},
        smtp::{Letter, SmtpSink},
    },
};

#[tokio::test]
async fn two_hundred_partners_on_sqlite() {
    tell(Kind::Sqlite, 200).await;
}

#[tokio::test]
async fn two_hundred_partners_on_postgres() {
    if Kind::Postgres.is_here() {
        tell(Kind::Postgres, 200).await;
    }
}

/// `cargo test --release --test it five_thousand -- --ignored --nocapture`
#[tokio::test]
#[ignore = "for a release build: tells how long each step takes"]
async fn five_thousand_partners() {
    for kind in Databases::each() {
        tell(kind, 5_000).await;
    }
}

/// Tells how long each step took.
struct Watch {
    kind: Kind,
    since: Instant,
}

impl Watch {
    fn step(&mut self, what: &str) {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "{:?}: {what} in {:?}",
            self.kind,
            self.since.elapsed()
        );
        self.since = Instant::now();
    }
}

async fn tell(kind: Kind, partners: usize) {
    let app = TestApp::start(migrated(kind)).await;
    let bulk = Bulk {
        partners,
        customers: partners * 5,
        month: "2026-10".parse().unwrap(),
    };
    let mut watch = Watch {
        kind,
        since: Instant::now(),
    };
    app.clock.move_to(bulk.morning(0));
    let scope = bulk::vendor(&app.store, bulk.month);
    let commission = bulk::terms(&app.store, &scope, 14);
    let owner = app.staff_of("meridian", Role::Owner).await;
    a_wrong_file_brings_nothing_in(&app, &owner).await;
    brought_in(&owner, &bulk, ImportKind::Partners).await;
    watch.step("partners");
    // Off this thread: a connection that nobody tends is closed while it waits.
    let (store, whose) = (app.store.clone(), scope.clone());
    tokio::task::spawn_blocking(move || bulk::enroll(&store, &whose, commission))
        .await
        .unwrap();
    watch.step("enrolments");
    brought_in(&owner, &bulk, ImportKind::Customers).await;
    watch.step("customers");
    brought_in(&owner, &bulk, ImportKind::Subscriptions).await;
    watch.step("subscriptions");
    app.clock.move_to(bulk.morning(4));
    let owner = app.staff_of("meridian", Role::Owner).await;
    brought_in(&owner, &bulk, ImportKind::Payments).await;
    watch.step("payments");
    let four = [
        ImportKind::Partners,
        ImportKind::Customers,
        ImportKind::Subscriptions,
        ImportKind::Payments,
    ];
    for kind in four {
        let page = uploaded(&owner, kind, &bulk.file(kind)).await;
        let rows = bulk.rows(kind);
        assert_eq!(figures(&page), [rows, 0, 0, rows, 0], "{kind:?} once more");
    }
    watch.step("all four files once more");
    app.clock.move_to(bulk.morning(32));
    let owner = app.staff_of("meridian", Role::Owner).await;
    close(&owner).await;
    let sink = SmtpSink::start().await;
    let letters = mailed(&app, &sink, partners, &mut watch).await;
    let stated = app.store.read_now(scope.clone(), statements::all).unwrap();
    assert_eq!(stated.len(), partners);
    let ledger = ledger(&app);
    let mut lines = Vec::new();
    // Every one in the daily tests; of 5,000 every 25th, with all their totals.
    for (place, statement) in stated.iter().enumerate() {
        lines.push(statement.lines_minor);
        assert_eq!(ledger[&statement.number], statement.lines_minor);
        if place % (partners / 200) == 0 {
            agree(&owner, statement, &letters[&statement.number], place < 3).await;
        }
    }
    watch.step("reading and comparing");
    let mut earned = bulk.commission();
    lines.sort_unstable();
    earned.sort_unstable();
    assert_eq!(
        lines, earned,
        "what was stated is what the files say was earned"
    );
    verified(&app, scope);
    watch.step("verify");
}

// ---------------------------------------------------------------------- files

async fn uploaded(owner: &Visitor, kind: ImportKind, text: &str) -> Page {
    let file = Upload {
        field: "file",
        name: "bulk.csv",
        content_type: "text/csv",
        bytes: text.as_bytes(),
    };
    let sent = owner
        .post_file("/meridian/imports", &[("kind", kind.code())], file)
        .await
        .expect(303);
    owner.follow(&sent).await.expect(200)
}

/// Rows, new, changed, as it is, problems.
fn figures(page: &Page) -> Vec<usize> {
    page.select("dd.figure__value")
        .iter()
        .map(|figure| figure.replace(',', "").parse().unwrap())
        .collect()
}

async fn brought_in(owner: &Visitor, bulk: &Bulk, kind: ImportKind) {
    let page = uploaded(owner, kind, &bulk.file(kind)).await;
    let rows = bulk.rows(kind);
    assert_eq!(
        figures(&page),
        [rows, rows, 0, 0, 0],
        "{kind:?}: {}",
        page.words()
    );
    let applied = owner
        .submit(&page.form("form[action*='/imports/']:not([action$='/withdrawal'])"))
        .await
        .expect(303);
    let page = owner.follow(&applied).await.expect(200);
    assert_eq!(figures(&page), [rows, rows, 0, 0, 0]);
    assert!(page.words().contains("Applied"), "{}", page.words());
}

async fn a_wrong_file_brings_nothing_in(app: &TestApp, owner: &Visitor) {
    let wrong = "external_id,name,country,partner_type,statement_email\r\n\
                 P-1,Good,DE,reseller,a@b.example\r\n\
                 P-2,,DE,reseller,\r\n\
                 P-3,Bad country,Germany,reseller,\r\n\
                 P-1,Twice,DE,wizard,nobody\r\n";
    let page = uploaded(owner, ImportKind::Partners, wrong).await;
    assert!(
        page.words().contains("Nothing was brought in"),
        "{}",
        page.words()
    );
    let told: Vec<(String, String)> = page
        .select("tbody th[scope=row]")
        .into_iter()
        .zip(page.select("tbody td[data-label=Column]"))
        .collect();
    for (line, column) in [
        ("3", "name"),
        ("4", "country"),
        ("5", "external_id"),
        ("5", "partner_type"),
        ("5", "statement_email"),
    ] {
        assert!(
            told.contains(&(line.into(), column.into())),
            "line {line}, {column}: {told:?}"
        );
    }
    assert!(
        page.select("tbody td[data-label='What is wrong']")
            .iter()
            .all(|reason| reason.ends_with('.'))
    );
    assert!(
        page.select("form[action*='/imports/'] button").is_empty(),
        "it cannot be applied"
    );
    assert_eq!(app.ask("SELECT COUNT(*) AS value FROM partners"), ["0"]);
}

// ---------------------------------------------------------------------- close and post

async fn close(owner: &Visitor) {
    let page = owner
        .get("/meridian/periods/2026-10/closure")
        .await
        .expect(200);
    let asked = owner
        .submit(&page.form("form[action$='/closure']"))
        .await
        .expect(303);
    let page = owner.follow(&asked).await.expect(200);
    assert!(
        page.words().contains("October 2026 is being closed."),
        "{}",
        page.words()
    );
}

/// Lets a worker close and mail; gives the letters by their statement's number.
async fn mailed(
    app: &TestApp,
    sink: &SmtpSink,
    many: usize,
    watch: &mut Watch,
) -> HashMap<String, Letter> {
    let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
    let from = "Meridian Cloud <statements@meridian.example>";
    let post = Post::new(Some(&sink.url()), from, "https://portal.example", secret).unwrap();
    let mut turns = Turns::default();
    assert!(
        worker::run_next(&app.store, &post, &mut turns)
            .await
            .unwrap()
    );
    watch.step("the close");
    while worker::run_next(&app.store, &post, &mut turns)
        .await
        .unwrap()
    {}
    let received = sink.wait_for(many, Duration::from_secs(10)).await;
    watch.step("the letters");
    assert_eq!(received.len(), many);
    let letters: HashMap<String, Letter> = received
        .iter()
        .map(|one| one.parsed())
        .map(|letter| {
            (
                letter.attachments[0]
                    .name
                    .trim_end_matches(".pdf")
                    .to_owned(),
                letter,
            )
        })
        .collect();
    assert_eq!(letters.len(), many, "one letter for each statement");
    letters
}

/// The lines' sum by statement number, from the commission entries themselves.
fn ledger(app: &TestApp) -> BTreeMap<String, i64> {
    let sums = "SELECT s.number || ' ' || SUM(e.amount_minor) AS value
        FROM statements s
        JOIN statement_lines l ON l.tenant_id = s.tenant_id AND l.statement_id = s.id
        JOIN commission_entries e ON e.tenant_id = l.tenant_id AND e.id = l.commission_entry_id
        GROUP BY s.number";
    let rows = app.ask(sums);
    let read = |row: &String| {
        let (number, sum) = row.split_once(' ').unwrap();
        (number.to_owned(), sum.parse().unwrap())
    };
    rows.iter().map(read).collect()
}

fn verified(app: &TestApp, scope: VendorScope) {
    let found = app
        .store
        .read_now(scope, perennial::services::verify::verify)
        .unwrap();
    assert!(found.is_empty(), "{found:#?}");
}

/// "-12.50" as -1250.
fn minor(text: &str) -> i64 {
    let (whole, cents) = text.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{text}");
    format!("{whole}{cents}").parse().unwrap()
}

fn amounts(csv: &[u8]) -> i64 {
    let mut reader = csv::Reader::from_reader(csv);
    let amount = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "Amount")
        .unwrap();
    reader
        .records()
        .map(|row| minor(&row.unwrap()[amount]))
        .sum()
}

/// The letter, its files, the pages and the row say the same.
async fn agree(owner: &Visitor, statement: &Statement, letter: &Letter, look_into_pdf: bool) {
    let at = format!("/meridian/statements/{}", statement.id);
    let euro: Currency = "EUR".parse().unwrap();
    let spelled = |minor| Money::new(minor, euro).to_string();
    let total = match statement.payout_minor {
        0 => statement.closing_minor,
        payout => payout,
    };
    assert_eq!(statement.opening_minor, 0);
    assert_eq!(statement.lines_minor, total);
    assert!(
        letter.text.contains(&spelled(total)) && letter.html.contains(&spelled(total)),
        "{}",
        letter.text
    );
    assert!(
        letter.subject.contains(&spelled(total)),
        "{}",
        letter.subject
    );
    assert!(
        letter
            .text
            .contains(&"https://portal.example/meridian/p/".to_string())
            && letter.text.contains(&statement.id.to_string())
    );
    let [pdf, csv] = &letter.attachments[..] else {
        panic!(
            "{} files came with {}",
            letter.attachments.len(),
            statement.number
        );
    };
    assert_eq!(
        (pdf.content_type.as_str(), csv.content_type.as_str()),
        ("application/pdf", "text/csv")
    );
    assert_eq!(amounts(&csv.bytes), statement.lines_minor);
    assert_eq!(
        owner.get(&format!("{at}.csv")).await.expect(200).bytes,
        csv.bytes
    );
    assert_eq!(
        owner.get(&format!("{at}.pdf")).await.expect(200).bytes,
        pdf.bytes
    );
    let json = owner.get(&format!("{at}.json")).await.expect(200);
    let json: serde_json::Value = serde_json::from_slice(&json.bytes).unwrap();
    let of_lines: i64 = json["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["amount_minor"].as_i64().unwrap())
        .sum();
    assert_eq!(of_lines, statement.lines_minor);
    assert_eq!(json["payout_minor"].as_i64(), Some(statement.payout_minor));
    assert_eq!(json["number"].as_str(), Some(statement.number.as_str()));
    let document = StatementDocument::from_canonical(&statement.content).unwrap();
    assert_eq!(
        document
            .lines
            .iter()
            .map(|line| line.amount_minor)
            .sum::<i64>(),
        statement.lines_minor
    );
    if look_into_pdf {
        let words = pdf_extract::extract_text_from_mem(&pdf.bytes)
            .unwrap()
            .replace('\u{a0}', " ");
        assert!(
            words.contains(&statement.number) && words.contains(&spelled(total)),
            "{words}"
        );
        let page = owner.get(&at).await.expect(200).words();
        assert!(
            page.replace('\u{a0}', " ").contains(&spelled(total)),
            "{page}"
        );
    }
}
