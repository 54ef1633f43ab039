//! The program as it is started: its settings, its subcommands, its exit codes, and its end.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use perennial::{
    clock::Clock,
    domain::{ImportKind, Period},
    store::Store,
};
use tempfile::TempDir;

use crate::{
    bulk::{self, Bulk},
    harness::{ask, migrated},
    support::{
        http::Visitor,
        postgres::{Databases, Kind, TestDatabase},
    },
};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SETTINGS: [&str; 8] = [
    "DATABASE_URL",
    "LISTEN_ADDR",
    "PUBLIC_URL",
    "SECRET_KEY",
    "SECRET_KEY_FILE",
    "SMTP_URL",
    "MAIL_FROM",
    "LOG_FORMAT",
];

/// The program with these settings and no others, in a folder of its own.
fn perennial(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    for setting in SETTINGS {
        command.env_remove(setting);
    }
    command
        .envs(settings.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null());
    command
}

pub fn on(database: &TestDatabase) -> Command {
    let folder = std::env::temp_dir();
    perennial(
        &folder,
        &[("DATABASE_URL", database.url()), ("SECRET_KEY", KEY)],
    )
}

/// What a command refused with: one line on standard error, nothing on standard output.
#[track_caller]
fn refusal(output: &Output) -> String {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    told.trim_end().to_owned()
}

#[track_caller]
pub fn said(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn json(output: &Output) -> serde_json::Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string()
}

// ---------------------------------------------------------------------- settings

#[test]
fn a_wrong_setting_stops_the_start_with_one_line_that_names_it() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let wrong = [
        ("DATABASE_URL", "mysql://root@localhost/perennial"),
        ("DATABASE_URL", "host=localhost dbname=perennial"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "/no/such/folder/perennial.db"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
        ("LISTEN_ADDR", &taken),
        ("LISTEN_ADDR", "everywhere"),
        ("PUBLIC_URL", "ftp://portal.example"),
        ("PUBLIC_URL", "portal.example"),
        ("PUBLIC_URL", "https://portal.example/some/path"),
        ("SECRET_KEY", "too short"),
        ("SECRET_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("SMTP_URL", "http://mail.example"),
        ("SMTP_URL", "mail.example:25"),
        ("MAIL_FROM", "nobody in particular"),
    ];
    let listen = free_address();
    for (setting, value) in wrong {
        let usual = [
            ("DATABASE_URL", "fine.db"),
            ("SECRET_KEY", KEY),
            ("LISTEN_ADDR", &listen),
        ];
        let output = perennial(folder.path(), &usual)
            .env(setting, value)
            .arg("serve")
            .output()
            .unwrap();
        let told = refusal(&output);
        assert!(
            told.starts_with(&format!("perennial: {setting}: ")),
            "{setting}={value}: {told}"
        );
        assert!(!told.contains("too short"), "a secret was told: {told}");
    }
    let without_key = perennial(folder.path(), &[("LISTEN_ADDR", &listen)])
        .output()
        .unwrap();
    assert!(refusal(&without_key).starts_with("perennial: SECRET_KEY: "));
    let no_file = perennial(
        folder.path(),
        &[("SECRET_KEY_FILE", "none.txt"), ("LISTEN_ADDR", &listen)],
    )
    .output()
    .unwrap();
    assert!(refusal(&no_file).starts_with("perennial: SECRET_KEY_FILE: none.txt: "));
}

#[test]
fn every_command_explains_itself() {
    let folder = TempDir::new().unwrap();
    let commands: [&[&str]; 10] = [
        &[],
        &["demo"],
        &["serve"],
        &["work"],
        &["migrate"],
        &["close"],
        &["import"],
        &["verify"],
        &["user"],
        &["user", "create"],
    ];
    for command in commands {
        let help = said(
            &perennial(folder.path(), &[])
                .args(command)
                .arg("--help")
                .output()
                .unwrap(),
        );
        assert!(help.contains("Usage: perennial"), "{help}");
        assert!(
            help.contains("--database-url") && help.contains("DATABASE_URL"),
            "{command:?}"
        );
        assert!(
            !help.contains("--lease-ms") && !help.contains("--pause-ms"),
            "{command:?}"
        );
    }
    let secret = perennial(folder.path(), &[("SECRET_KEY", KEY)])
        .arg("--help")
        .output()
        .unwrap();
    assert!(!said(&secret).contains(KEY), "the help shows the key");
    let unknown = perennial(folder.path(), &[])
        .arg("conquer")
        .output()
        .unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "help writes nothing"
    );
}

// ---------------------------------------------------------------------- the month

/// A small vendor with its last month over and not closed.
fn vendor(kind: Kind) -> (TestDatabase, Bulk) {
    let month = Period::of(Clock::system().now().date()).previous();
    let bulk = Bulk {
        partners: 3,
        customers: 6,
        month,
    };
    let database = TestDatabase::copy_of(kind, "three partners", |url| {
        let bulk = Bulk {
            partners: 3,
            customers: 6,
            month,
        };
        let clock = Clock::held_at(bulk.morning(0));
        let store = Store::open(&url.parse().unwrap(), clock.clone()).unwrap();
        let scope = bulk::vendor(&store, month);
        let commission = bulk::terms(&store, &scope, 0);
        bulk::bring(
            &store,
            &scope,
            ImportKind::Partners,
            &bulk.file(ImportKind::Partners),
        );
        bulk::enroll(&store, &scope, commission);
        clock.move_to(bulk.morning(4));
        for kind in [
            ImportKind::Customers,
            ImportKind::Subscriptions,
            ImportKind::Payments,
        ] {
            bulk::bring(&store, &scope, kind, &bulk.file(kind));
        }
    });
    (database, bulk)
}

#[test]
fn a_month_is_closed_once_and_the_check_notices_tampering() {
    for kind in Databases::each() {
        let (database, bulk) = vendor(kind);
        let through = |month: &str, vendor: &str| {
            on(&database)
                .args(["close", "--json", "--vendor", vendor, "--through", month])
                .output()
                .unwrap()
        };
        let (last, this) = (bulk.month.to_string(), bulk.month.next());
        let told = refusal(&through(&this.to_string(), "meridian"));
        assert_eq!(
            told,
            format!("perennial: {} is not over yet.", this.title())
        );
        assert_eq!(
            ask(&database, "SELECT COUNT(*) AS value FROM statements"),
            ["0"],
            "nothing is closed on the way"
        );
        assert_eq!(
            refusal(&through(&last, "nobody")),
            "perennial: --vendor: there is no vendor nobody"
        );
        assert!(refusal(&through("October", "meridian")).starts_with("perennial: --through: "));
        let closed = json(&through(&last, "meridian"));
        let month = &closed["closed"][0];
        assert_eq!(
            (month["month"].as_str(), month["statements"].as_u64()),
            (Some(last.as_str()), Some(3))
        );
        assert_eq!(
            json(&through(&last, "meridian"))["closed"]
                .as_array()
                .map(Vec::len),
            Some(0)
        );

        let verify = || on(&database).args(["verify", "--json"]).output().unwrap();
        let sound = verify();
        assert!(sound.status.success());
        assert_eq!(
            json(&sound),
            serde_json::json!({ "vendors": 1, "findings": [] })
        );
        database.sql("UPDATE commission_entries SET amount_minor = amount_minor + 1 WHERE id = (SELECT MIN(commission_entry_id) FROM statement_lines)");
        let wrong = verify();
        assert_eq!(wrong.status.code(), Some(1));
        assert!(!json(&wrong)["findings"].as_array().unwrap().is_empty());
        let words = on(&database).arg("verify").output().unwrap();
        assert_eq!(words.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&words.stdout).starts_with("meridian: "));
    }
}

#[test]
fn work_once_does_what_is_due_and_stops() {
    let (database, bulk) = vendor(Kind::Sqlite);
    on(&database)
        .args([
            "close",
            "--vendor",
            "meridian",
            "--through",
            &bulk.month.to_string(),
        ])
        .output()
        .unwrap();
    let done = on(&database).args(["work", "--once"]).output().unwrap();
    assert_eq!(said(&done), "3 jobs done\n");
    // Without a mail server letters wait, made and visible.
    assert_eq!(
        ask(&database, "SELECT status AS value FROM mails"),
        ["queued", "queued", "queued"]
    );
    assert_eq!(
        said(&on(&database).args(["work", "--once"]).output().unwrap()),
        "0 jobs done\n"
    );
    assert_eq!(
        said(&on(&database).arg("migrate").output().unwrap()),
        "The database's schema is up to date.\n"
    );
}

#[test]
fn a_bad_file_is_refused_row_by_row() {
    for kind in Databases::each() {
        let (database, bulk) = vendor(kind);
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("customers.csv");
        let import = |flags: &[&str], content: &str| {
            std::fs::write(&file, content).unwrap();
            let command = ["import", "--vendor", "meridian", "--kind", "customers"];
            on(&database)
                .args(command)
                .args(flags)
                .arg(&file)
                .output()
                .unwrap()
        };
        let bad = "external_id,partner,name,country,tax\nC-9,P-0001,Nine,DE,19\nC-10,P-9999,Ten,DE,19\nC-11,P-0001,Eleven,DE,much\n";
        let refused = import(&["--apply"], bad);
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8(refused.stdout).unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert!(
            lines[0].starts_with("line 3, partner: ") && lines[1].starts_with("line 4, tax: "),
            "{told}"
        );
        assert_eq!(lines[2], "Nothing was brought in: 2 problems in 3 rows.");
        let listed = import(&["--json"], bad);
        assert_eq!(listed.status.code(), Some(1));
        let listed = json(&listed);
        assert_eq!(listed["file"]["problems"][0]["line"], 3);
        assert_eq!(
            ask(&database, "SELECT COUNT(*) AS value FROM customers"),
            ["6"],
            "nothing came in"
        );
        let good = bulk.file(ImportKind::Customers);
        let again = json(&import(&["--json", "--apply"], &good));
        assert_eq!(
            (
                again["outcome"].as_str(),
                again["file"]["unchanged"].as_u64()
            ),
            (Some("applied"), Some(6))
        );
        let checked = said(&import(
            &[],
            "external_id,partner,name,country\nC-9,P-0001,Nine,DE\n",
        ));
        assert_eq!(checked, "checked: 1 row, 1 new, 0 changed, 0 unchanged\n");
        assert_eq!(
            ask(&database, "SELECT COUNT(*) AS value FROM customers"),
            ["6"],
            "checking brings nothing in"
        );
        let missing = on(&database)
            .args([
                "import",
                "--vendor",
                "meridian",
                "--kind",
                "customers",
                "none.csv",
            ])
            .output()
            .unwrap();
        assert!(refusal(&missing).starts_with("perennial: none.csv: "));
        let kind = on(&database)
            .args(["import", "--vendor", "meridian", "--kind", "dogs"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(refusal(&kind).starts_with("perennial: --kind: "));
    }
}

// ---------------------------------------------------------------------- serving

/// A portal in a process of its own.
pub struct Served {
    process: Child,
    pub origin: String,
    address: String,
}

impl Served {
    pub fn start(database: &TestDatabase) -> Self {
        let address = free_address();
        let origin = format!("http://{address}");
        let mut process = on(database)
            .env("LISTEN_ADDR", &address)
            .args(["serve", "--no-work"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, format!("Perennial answers at {origin}\n"));
        Self {
            process,
            origin,
            address,
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn asked_to_stop(&self) {
        let order = format!("kill -TERM {}", self.process.id());
        assert!(
            Command::new("sh")
                .args(["-c", &order])
                .status()
                .unwrap()
                .success()
        );
    }

    fn ended(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(15);
        while Instant::now() < end {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_first_owner_comes_in_by_a_link_that_works_once() {
    for kind in Databases::each() {
        let database = migrated(kind);
        let mut served = Served::start(&database);
        let create = on(&database)
            .env("PUBLIC_URL", &served.origin)
            .args([
                "user",
                "create",
                "--vendor",
                "northwind",
                "--owner",
                "ann@northwind.example",
                "--name",
                "Ann",
            ])
            .output()
            .unwrap();
        let link = said(&create);
        let path = link
            .trim_end()
            .strip_prefix(&served.origin)
            .unwrap()
            .to_owned();
        assert!(path.starts_with("/invitations/"), "{link}");
        let ann = Visitor::new(&served.origin);
        for probe in ["/livez", "/readyz"] {
            ann.get(probe).await.expect(200);
        }
        // Looking uses nothing up.
        ann.get(&path).await.expect(200);
        let page = ann.get(&path).await.expect(200);
        let form = page
            .form("form[method=post]")
            .with("name", "Ann")
            .with("password", "correct horse battery");
        ann.submit(&form).await.expect(303);
        ann.get("/northwind").await.expect(200);
        // A link that was used lets nobody in: it leads to the sign-in.
        let other = Visitor::new(&served.origin);
        for answer in [other.get(&path).await, other.submit(&form).await] {
            assert_eq!(answer.expect(303).location(), "/");
        }
        other.get("/northwind").await.expect(303);
        // Pressed twice, the button leads on as well.
        ann.submit(&form).await.expect(303);
        ann.get("/northwind").await.expect(200);
        let bad = on(&database)
            .args([
                "user",
                "create",
                "--vendor",
                "northwind",
                "--owner",
                "nobody",
            ])
            .output()
            .unwrap();
        assert!(refusal(&bad).starts_with("perennial: --owner: "));
        let slug = on(&database)
            .args([
                "user",
                "create",
                "--vendor",
                "North Wind",
                "--owner",
                "a@b.example",
            ])
            .output()
            .unwrap();
        assert!(refusal(&slug).starts_with("perennial: --vendor: "));
        served.asked_to_stop();
        assert!(served.ended());
    }
}

#[test]
fn a_stop_lets_a_request_finish() {
    let database = migrated(Kind::Sqlite);
    let mut served = Served::start(&database);
    let body = "email=ann%40northwind.example&password=wrong+horse";
    let mut request = TcpStream::connect(&served.address).unwrap();
    request
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {}\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        served.address,
        body.len()
    );
    let (first, rest) = body.split_at(10);
    request
        .write_all(format!("{head}{first}").as_bytes())
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    served.asked_to_stop();
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        TcpStream::connect(&served.address).is_err() || refuses(&served.address),
        "nobody new is let in"
    );
    request.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(
        answer.trim_end().ends_with("</html>"),
        "the whole page came"
    );
    assert!(served.ended(), "it ends well");
}

/// Whether a connection, if it is taken at all, is let go without an answer.
fn refuses(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return true;
    };
    stream
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.is_empty()
}
