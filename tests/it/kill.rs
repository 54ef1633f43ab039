//! A close whose workers are killed and put to sleep, over and over: the ledger comes out as if
//! nobody had disturbed it.
//!
//! Two `perennial work` processes share a database. The driver sends SIGKILL to one or the other
//! and starts it again, and stops one for longer than its claim lasts, so that it wakes up to find
//! that the other has taken over. The controls at the end take down the walls that keep the close
//! right, to show that this harness notices.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::{
    collections::BTreeMap,
    fs::File,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use perennial::{
    clock::Clock,
    domain::{ImportKind, Period},
    queue::{self, CloseMonth},
    store::Store,
};
use tempfile::TempDir;

use crate::{
    bulk::{self, Bulk},
    harness::ask,
    support::{
        postgres::{Kind, TestDatabase},
        smtp::{Behaviour, SmtpSink},
    },
};

/// The workers go by the system's clock, so the month is the last that is over.
static BULK: LazyLock<Bulk> = LazyLock::new(|| Bulk {
    partners: 60,
    customers: 180,
    month: Period::of(Clock::system().now().date()).previous(),
});

/// How long a claim lasts, in milliseconds.
const LEASE: u64 = 700;
/// Longer than it takes to finish a disturbed close on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(240);

/// What is to be done to the workers.
#[derive(Clone, Copy)]
struct Ordeal {
    kills: usize,
    /// Workers that have to have been overtaken before the close may end.
    zombies: usize,
    /// Milliseconds that a close waits between two transactions: long enough for all of it.
    pause: u64,
    /// Walls that are taken down.
    down: &'static str,
    /// Whether the unique keys of statements and their lines are dropped.
    keyless: bool,
}

const USUAL: Ordeal = Ordeal {
    kills: 8,
    zombies: 1,
    pause: 60,
    down: "",
    keyless: false,
};

#[test]
fn eight_kills_on_sqlite() {
    endured(Kind::Sqlite, USUAL);
}

#[test]
fn eight_kills_on_postgres() {
    endured(Kind::Postgres, USUAL);
}

#[test]
#[ignore = "a minute or two: a long leg of .ci/run"]
fn fifty_kills_on_sqlite() {
    endured(
        Kind::Sqlite,
        Ordeal {
            kills: 50,
            zombies: 5,
            pause: 250,
            ..USUAL
        },
    );
}

#[test]
#[ignore = "a minute or two: a long leg of .ci/run"]
fn fifty_kills_on_postgres() {
    endured(
        Kind::Postgres,
        Ordeal {
            kills: 50,
            zombies: 5,
            pause: 250,
            ..USUAL
        },
    );
}

/// With nothing left that keeps it right, the close must go wrong, and the harness must see it.
#[test]
#[ignore = "a negative control: a long leg of .ci/run"]
fn control_without_any_wall_the_ledger_is_wrong() {
    for kind in crate::support::postgres::Databases::each() {
        let down = Ordeal {
            kills: 2,
            zombies: 3,
            down: "no-fence,no-look",
            keyless: true,
            ..USUAL
        };
        let outcome = undergo(kind, down);
        let (stated, expected) = (outcome.stated, BULK.commission().iter().sum::<i64>());
        say(&format!(
            "{kind:?}, no wall: EUR cents {stated} stated for {expected} earned; {:?}",
            outcome.faults
        ));
        assert!(
            stated > expected,
            "nothing was stated twice: {:?}",
            outcome.faults
        );
        assert!(
            outcome
                .faults
                .iter()
                .any(|fault| fault.starts_with("verify")),
            "{:?}",
            outcome.faults
        );
    }
}

/// Each wall alone keeps the ledger right.
#[test]
#[ignore = "a negative control: a long leg of .ci/run"]
fn control_each_wall_alone_holds() {
    let alone = [
        ("the fence", "no-look", true),
        ("the unique keys", "no-fence,no-look", false),
        ("the look before adding", "no-fence", true),
    ];
    for kind in crate::support::postgres::Databases::each() {
        for (what, down, keyless) in alone {
            let outcome = undergo(
                kind,
                Ordeal {
                    kills: 2,
                    zombies: 2,
                    down,
                    keyless,
                    ..USUAL
                },
            );
            say(&format!("{kind:?}, {what} alone: {}", outcome.told));
            assert!(
                outcome.faults.is_empty(),
                "{kind:?}, {what} alone: {:#?}",
                outcome.faults
            );
        }
    }
}

fn endured(kind: Kind, ordeal: Ordeal) {
    if !kind.is_here() {
        return;
    }
    let outcome = undergo(kind, ordeal);
    say(&format!("{kind:?}: {}", outcome.told));
    assert!(outcome.faults.is_empty(), "{kind:?}: {:#?}", outcome.faults);
    assert_eq!(outcome.kills, ordeal.kills);
    // Without these the kills would have hit nothing.
    assert!(
        outcome.takeovers >= ordeal.zombies + ordeal.kills / 8,
        "{}",
        outcome.told
    );
    assert!(outcome.overtaken >= ordeal.zombies, "{}", outcome.told);
}

fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

// ---------------------------------------------------------------------- the scene

/// A month that is over and waits to be closed, with something to state for each partner.
fn scene(kind: Kind) -> TestDatabase {
    TestDatabase::copy_of(kind, "a month to close", |url| {
        let bulk = &*BULK;
        let clock = Clock::held_at(bulk.morning(0));
        let store = Store::open(&url.parse().unwrap(), clock.clone()).unwrap();
        let scope = bulk::vendor(&store, bulk.month);
        let commission = bulk::terms(&store, &scope, 0);
        bulk::bring(
            &store,
            &scope,
            ImportKind::Partners,
            &bulk.file(ImportKind::Partners),
        );
        bulk::enroll(&store, &scope, commission);
        for kind in [ImportKind::Customers, ImportKind::Subscriptions] {
            bulk::bring(&store, &scope, kind, &bulk.file(kind));
        }
        clock.move_to(bulk.morning(4));
        bulk::bring(
            &store,
            &scope,
            ImportKind::Payments,
            &bulk.file(ImportKind::Payments),
        );
        clock.move_to(Clock::system().now().and_utc());
        let job = CloseMonth {
            period: bulk.month.to_string(),
        };
        assert!(
            store
                .write_now(scope, |tx| queue::enqueue_once(tx, &job))
                .unwrap()
        );
    })
}

const TABLES: [&str; 2] = ["statement_lines", "statements"];

/// Nothing is stated yet, so that SQLite's tables can simply be made again.
fn drop_keys(database: &TestDatabase) {
    if database.kind() == Kind::Postgres {
        for table in TABLES {
            database.sql(&format!(
                "DO $$ DECLARE key text; BEGIN
                   FOR key IN SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass AND contype = 'u'
                   LOOP EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', key); END LOOP;
                 END $$"
            ));
        }
        return;
    }
    let mut sql = String::from("PRAGMA foreign_keys = OFF;");
    for table in TABLES {
        let made = format!(
            "SELECT sql AS value FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL ORDER BY type DESC"
        );
        sql += &format!("DROP TABLE {table};");
        for statement in ask(database, &made) {
            let kept = statement
                .lines()
                .filter(|line| !line.trim_start().starts_with("UNIQUE"));
            sql += &format!("{};", kept.collect::<Vec<_>>().join("\n"));
        }
    }
    database.sql(&sql);
}

/// What a close leaves, without the ids that every close makes afresh.
fn ledger(database: &TestDatabase) -> Vec<String> {
    let statements = "SELECT 'statement ' || number || ' of ' || partner_id || ' ' || month || ' ' || currency || ' ' || status
        || ': ' || opening_minor || ' ' || lines_minor || ' ' || payout_minor || ' ' || closing_minor || ' in ' || line_count AS value FROM statements";
    let lines = "SELECT 'line ' || s.number || ' ' || l.seq || ' ' || l.block || ' ' || l.commission_entry_id AS value
        FROM statement_lines l JOIN statements s ON s.tenant_id = l.tenant_id AND s.id = l.statement_id";
    let payouts =
        "SELECT 'payout ' || s.number || ' ' || p.amount_minor || ' ' || p.due_on AS value
        FROM payouts p JOIN statements s ON s.tenant_id = p.tenant_id AND s.id = p.statement_id";
    let mails = "SELECT 'mail ' || s.number || ' ' || m.copy_no || ' ' || m.recipient || ' ' || m.subject AS value
        FROM mails m JOIN statements s ON s.tenant_id = m.tenant_id AND s.id = m.subject_id";
    let mut rows: Vec<String> = [statements, lines, payouts, mails]
        .iter()
        .flat_map(|sql| ask(database, sql))
        .collect();
    rows.sort();
    rows
}

fn number(database: &TestDatabase, sql: &str) -> i64 {
    ask(database, &format!("SELECT {sql}"))
        .first()
        .map_or(0, |value| value.parse().unwrap())
}

// ---------------------------------------------------------------------- the workers

/// The workers' settings, and where they write what they have to say.
struct Crew<'a> {
    database: &'a TestDatabase,
    smtp: String,
    ordeal: Ordeal,
    log: PathBuf,
    workers: Vec<Child>,
}

fn perennial(database: &TestDatabase) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command
        .env("DATABASE_URL", database.url())
        .env("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .env("MAIL_FROM", "Meridian Cloud <statements@meridian.example>")
        .env("PUBLIC_URL", "https://portal.example")
        .env_remove("PERENNIAL_CONTROL")
        .stdin(Stdio::null());
    command
}

impl Crew<'_> {
    fn hire(&self) -> Child {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let pause = self.ordeal.pause.to_string();
        perennial(self.database)
            .args([
                "work",
                "--lease-ms",
                &LEASE.to_string(),
                "--chunk",
                "1",
                "--pause-ms",
                &pause,
            ])
            .env("SMTP_URL", &self.smtp)
            .env("LOG", "warn")
            .env("PERENNIAL_CONTROL", self.ordeal.down)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn kill(&mut self, which: usize) {
        self.workers[which].kill().unwrap();
        self.workers[which].wait().unwrap();
        self.workers[which] = self.hire();
    }

    fn signal(&self, which: usize, signal: &str) {
        let order = format!("kill -{signal} {}", self.workers[which].id());
        assert!(
            Command::new("sh")
                .args(["-c", &order])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Lets a worker sleep past the end of its claim.
    fn stun(&self, which: usize) {
        self.signal(which, "STOP");
        std::thread::sleep(Duration::from_millis(LEASE + 600));
        self.signal(which, "CONT");
    }

    fn overtaken(&self) -> usize {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains("overtaken"))
            .count()
    }

    fn dismiss(mut self) {
        for which in 0..self.workers.len() {
            self.signal(which, "TERM");
        }
        for worker in &mut self.workers {
            assert!(
                worker.wait().unwrap().success(),
                "a worker did not stop as asked"
            );
        }
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        // After a failed assertion nobody has sent them home.
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

/// Pseudo-random, the same in each run.
struct Chance(u64);

impl Chance {
    fn between(&mut self, from: u64, to: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        from + (self.0 >> 33) % (to - from)
    }
}

// ---------------------------------------------------------------------- the ordeal

struct Outcome {
    /// What is not as it should be.
    faults: Vec<String>,
    /// The sum of all statements' lines, in cents.
    stated: i64,
    kills: usize,
    /// Times that somebody took the close over from somebody else.
    takeovers: usize,
    /// Times that somebody woke up and was refused.
    overtaken: usize,
    told: String,
}

fn undergo(kind: Kind, ordeal: Ordeal) -> Outcome {
    let (database, undisturbed) = (scene(kind), scene(kind));
    if ordeal.keyless {
        drop_keys(&database);
    }
    let folder = TempDir::new().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sink = runtime.block_on(SmtpSink::start());
    sink.behave(Behaviour::Slow(Duration::from_millis(30)));
    let mut crew = Crew {
        database: &database,
        smtp: sink.url(),
        ordeal,
        log: folder.path().join("log"),
        workers: Vec::new(),
    };
    crew.workers = vec![crew.hire(), crew.hire()];
    let begun = Instant::now();
    let (kills, takeovers) = torment(&mut crew);
    settle(&crew);
    let overtaken = crew.overtaken();
    let took = begun.elapsed();
    crew.dismiss();
    let mut faults = compare(&database, &undisturbed);
    let twice = post(&database, &sink, &mut faults);
    Outcome {
        stated: number(
            &database,
            "COALESCE(SUM(lines_minor), 0) AS value FROM statements",
        ),
        told: format!(
            "{kills} kills, {takeovers} takeovers of the close, {overtaken} overtaken workers refused, {twice} letters delivered twice, {took:?}"
        ),
        faults,
        kills,
        takeovers,
        overtaken,
    }
}

/// Kills and stuns until all is done that was asked for; gives the kills, and how often the close
/// changed hands.
fn torment(crew: &mut Crew<'_>) -> (usize, usize) {
    let (database, ordeal) = (crew.database, crew.ordeal);
    let (mut chance, mut kills, mut claims, mut stuns) = (Chance(7), 0, 1, 0);
    // A quarter of the kills is kept for the letters.
    let in_the_close = ordeal.kills - ordeal.kills / 4;
    let end = Instant::now() + PATIENCE;
    while number(
        database,
        "COUNT(*) AS value FROM periods WHERE status = 'closed'",
    ) == 0
    {
        assert!(Instant::now() < end, "the close does not end");
        let token = number(
            database,
            "COALESCE(MAX(lease_token), 0) AS value FROM jobs WHERE kind = 'close_month'",
        );
        claims = claims.max(token);
        std::thread::sleep(Duration::from_millis(chance.between(90, 320)));
        let which = usize::try_from(chance.between(0, 2)).unwrap();
        let refused = crew.overtaken();
        if refused < ordeal.zombies && stuns * in_the_close <= kills * 2 * ordeal.zombies {
            crew.stun(which);
            stuns += 1;
        } else if kills < in_the_close {
            crew.kill(which);
            kills += 1;
        } else if refused < ordeal.zombies {
            crew.stun(which);
        }
    }
    while kills < ordeal.kills {
        std::thread::sleep(Duration::from_millis(chance.between(60, 260)));
        crew.kill(usize::try_from(chance.between(0, 2)).unwrap());
        kills += 1;
    }
    (kills, usize::try_from(claims - 1).unwrap())
}

/// Waits until nothing is left to do.
fn settle(crew: &Crew<'_>) {
    let end = Instant::now() + PATIENCE;
    while number(crew.database, "COUNT(*) AS value FROM jobs") > 0 {
        let parked = ask(
            crew.database,
            "SELECT kind || ': ' || last_error AS value FROM jobs WHERE status = 'parked'",
        );
        assert!(parked.is_empty(), "{parked:?}");
        assert!(Instant::now() < end, "the work does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the disturbed close left otherwise than one that nobody disturbed, and than it should.
fn compare(database: &TestDatabase, undisturbed: &TestDatabase) -> Vec<String> {
    let month = BULK.month.to_string();
    let whole = perennial(undisturbed)
        .args(["close", "--vendor", "meridian", "--through", &month])
        .output()
        .unwrap();
    assert!(
        whole.status.success(),
        "{}",
        String::from_utf8_lossy(&whole.stderr)
    );
    let (found, wanted) = (ledger(database), ledger(undisturbed));
    assert_eq!(
        wanted
            .iter()
            .filter(|row| row.starts_with("statement "))
            .count(),
        BULK.partners
    );
    let mut faults = Vec::new();
    let missing = wanted.iter().filter(|row| !found.contains(row)).count();
    let extra = found.iter().filter(|row| !wanted.contains(row)).count();
    if found != wanted {
        faults.push(format!(
            "{missing} rows missing, {extra} others, {} for {}",
            found.len(),
            wanted.len()
        ));
    }
    let by_partner = "SELECT lines_minor AS value FROM statements ORDER BY number";
    let mut stated: Vec<i64> = ask(database, by_partner)
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let mut earned = BULK.commission();
    stated.sort_unstable();
    earned.sort_unstable();
    if stated != earned {
        faults.push(format!(
            "{} stated for {} earned",
            stated.iter().sum::<i64>(),
            earned.iter().sum::<i64>()
        ));
    }
    let verify = perennial(database).arg("verify").output().unwrap();
    if !verify.status.success() {
        let said = String::from_utf8_lossy(&verify.stdout).into_owned();
        faults.push(format!(
            "verify: {}",
            said.lines().last().unwrap_or_default()
        ));
    }
    faults
}

/// Each letter came, and none more than twice: SMTP cannot promise once. Gives how many came twice.
///
/// A letter whose second sender died as well stays unknown, and says so: the program does not try
/// a third time, so that it may have come twice, or never.
fn post(database: &TestDatabase, sink: &SmtpSink, faults: &mut Vec<String>) -> usize {
    let mut deliveries: BTreeMap<String, usize> = BTreeMap::new();
    for received in sink.received() {
        *deliveries.entry(received.parsed().message_id).or_default() += 1;
    }
    let letters = ask(
        database,
        "SELECT status || ' ' || message_id AS value FROM mails",
    );
    let mut known = 0;
    for letter in &letters {
        let (status, id) = letter.split_once(' ').unwrap();
        let id = id.trim_matches(['<', '>']);
        let times = deliveries.get(id).copied().unwrap_or_default();
        known += usize::from(times > 0);
        match (status, times) {
            ("sent", 1..=2) => {}
            ("unknown", 0..=2) => say(&format!("{id}: both senders died; delivered {times} times")),
            _ => faults.push(format!("{id} is {status} and was delivered {times} times")),
        }
    }
    if known != deliveries.len() {
        faults.push(format!(
            "{} letters came that nobody wrote",
            deliveries.len() - known
        ));
    }
    deliveries.values().filter(|times| **times > 1).count()
}
