//! What a page costs, told from a release build: processor time by request, and how long people
//! wait while months close beside them.
//!
//! `cargo test --release --test it cost:: -- --ignored --nocapture --test-threads 1`
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::{
    fs,
    io::Write,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    cli::{Served, on, said},
    demo,
    harness::{migrated, sign_in},
    support::{
        http::Visitor,
        postgres::{Databases, Kind},
    },
};

/// Requests of each page that are counted.
const ASKED: u32 = 400;

fn tell(line: String) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Processor time of a process so far, own and the system's for it.
fn processor(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // A tick is a hundredth of a second wherever Linux runs.
    Duration::from_millis(ticks * 10)
}

async fn cost(visitor: &Visitor, served: &Served, path: &str) -> Duration {
    for _ in 0..20 {
        visitor.get(path).await.expect(200);
    }
    let before = processor(served.id());
    for _ in 0..ASKED {
        visitor.get(path).await.expect(200);
    }
    (processor(served.id()) - before) / ASKED
}

#[tokio::test]
#[ignore = "for a release build: tells what a request costs"]
async fn what_a_request_costs() {
    for kind in Databases::each() {
        let database = demo::filled(kind);
        let served = Served::start(&database);
        let mira = Visitor::new(&served.origin);
        sign_in(&mira, "mira.castellan@northwind.example", "perennial demo")
            .await
            .expect(303);
        let home = mira.get("/").await.expect(303).location();
        let statements = mira.get(&format!("{home}/statements")).await.expect(200);
        let pages = [
            ("a bare page", "/livez".to_owned()),
            ("partner home", home.clone()),
            ("subscription list", format!("{home}/subscriptions")),
            (
                "statement page",
                statements.attr("main table a", "href").unwrap(),
            ),
        ];
        for (name, path) in pages {
            let cost = cost(&mira, &served, &path).await;
            tell(format!(
                "{kind:?}: {name}: {} us of processor time",
                cost.as_micros()
            ));
            assert!(cost < Duration::from_millis(100), "{name}: {cost:?}");
        }
    }
}

/// Waits of all requests, shortest first.
struct Waits(Vec<Duration>);

impl Waits {
    fn of(mut waits: Vec<Duration>) -> Self {
        waits.sort();
        Self(waits)
    }
    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

#[tokio::test]
#[ignore = "for a release build: tells how long a page takes while months close"]
async fn pages_while_months_close() {
    for kind in Databases::each() {
        pages_while(kind).await;
    }
}

async fn pages_while(kind: Kind) {
    let database = migrated(kind);
    let load = [
        "--partners",
        "1000",
        "--subscriptions",
        "10000",
        "--months",
        "1",
    ];
    said(&on(&database).arg("generate").args(load).output().unwrap());
    let served = Served::start(&database);
    let owner = owner(&database, &served).await;
    let statements = owner.get("/load-1/statements").await.expect(200);
    let pages = [
        "/load-1".to_owned(),
        "/load-1/subscriptions".to_owned(),
        statements.attr("main table a", "href").unwrap(),
    ];
    for path in pages.iter().cycle().take(30) {
        owner.get(path).await.expect(200);
    }
    let close = ["close", "--vendor", "load-1", "--through", "2026-04"];
    let mut closing = on(&database).args(close).spawn().unwrap();
    let mut waits = Vec::new();
    let mut paths = pages.iter().cycle();
    let status = loop {
        if let Some(status) = closing.try_wait().unwrap() {
            break status;
        }
        let asked = Instant::now();
        owner.get(paths.next().unwrap()).await.expect(200);
        waits.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(status.success());
    let waits = Waits::of(waits);
    let [half, most] = [50, 99].map(|percent| waits.percentile(percent));
    let count = waits.0.len();
    tell(format!(
        "{kind:?}: {count} pages while three months closed: p50 {half:?}, p99 {most:?}"
    ));
    assert!(
        count > 30 && most < Duration::from_secs(1),
        "{count} pages, p99 {most:?}"
    );
}

async fn owner(database: &crate::support::postgres::TestDatabase, served: &Served) -> Visitor {
    let invited = [
        "--vendor",
        "load-1",
        "--owner",
        "ann@load.example",
        "--name",
        "Ann",
    ];
    let mut create: Command = on(database);
    create.env("PUBLIC_URL", &served.origin);
    let link = said(
        &create
            .args(["user", "create"])
            .args(invited)
            .output()
            .unwrap(),
    );
    let path = link
        .trim_end()
        .strip_prefix(&served.origin)
        .unwrap()
        .to_owned();
    let ann = Visitor::new(&served.origin);
    let page = ann.get(&path).await.expect(200);
    let form = page.form("form[method=post]");
    let form = form
        .with("name", "Ann")
        .with("password", "correct horse battery");
    ann.submit(&form).await.expect(303);
    ann
}
