//! The month's close: what statements hold and pay, who may collide with whom, and the letters.
use std::time::Duration;

use perennial::{
    Error,
    domain::statement_document::{Block, StatementDocument},
    id::StatementId,
    mail::Post,
    queue::{self, CloseMonth, SendMail},
    secrets::SecretKey,
    services::revenue::{
        billing,
        close::{self, Closed},
        payouts::{self, Paid},
        statements,
    },
    store::{
        incentivize::{
            outbox::{self, MailStatus},
            payouts as paid,
            statements::Statement,
        },
        jobs::{self, Turns},
    },
    worker::{self, Closing},
};

use super::world::{Like, SEATS, World, YEN, currency, date, eur, month, noon};
use crate::support::{
    postgres::{Databases, Kind},
    smtp::{Behaviour, SmtpSink},
};

fn on_each(test: impl Fn(Kind)) {
    Databases::each().into_iter().for_each(test);
}

fn closing(period: &str, chunk: i64) -> Closing {
    Closing {
        period: month(period),
        chunk,
        mail_domain: "mail.example".into(),
    }
}

fn close(world: &World, period: &str) -> Closed {
    worker::close_now(&world.store, &world.scope, &closing(period, 2)).unwrap()
}

fn content(statement: &Statement) -> StatementDocument {
    StatementDocument::from_canonical(&statement.content).unwrap()
}

/// opening, lines, payout, closing
fn figures(world: &World, period: &str) -> (i64, i64, i64, i64) {
    let statements = world.statements();
    let it = statements
        .iter()
        .find(|one| one.month == month(period))
        .unwrap();
    (
        it.opening_minor,
        it.lines_minor,
        it.payout_minor,
        it.closing_minor,
    )
}

fn no_hold() -> Like {
    Like {
        now: "2027-01-02",
        tax_bps: 0,
        hold_days: 0,
        ..Like::default()
    }
}

#[test]
fn b02_a_hold_counts_from_the_payment() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                tax_bps: 0,
                first: 202_703,
                ..Like::default()
            },
        );
        world.start("S-1", 1, SEATS, "2027-03-01", 5);
        world.start("S-2", 2, SEATS, "2027-03-01", 5);
        world.at("2027-03-02");
        world.pay("P-1", 1, "2027-03-01", eur(5_000));
        world.pay("P-2", 2, "2027-03-02", eur(3_500));
        world.at("2027-04-01");
        let closed = close(&world, "2027-03");
        assert_eq!(
            closed,
            Closed {
                statements: 1,
                payouts: 0,
                mails: 1
            }
        );
        let march = content(&world.statements()[0]);
        assert_eq!((march.earned_minor, march.held.total_minor), (1_000, 700));
        assert_eq!(march.held.first_matures_on, Some(date("2027-04-01")));
        assert_eq!(march.number, "MC-2027-03-0001");
        assert_eq!(march.payout.due_on, None);
        // April was billed for along the way, and the rest comes with its statement.
        world.at("2027-05-01");
        close(&world, "2027-04");
        assert_eq!(figures(&world, "2027-04"), (1_000, 700, 0, 1_700));
        world.verify();
    });
}

#[test]
fn b01_below_the_minimum_and_below_zero_are_carried() {
    on_each(|kind| {
        let world = World::new(kind, no_hold());
        world.start("S-1", 1, SEATS, "2027-01-01", 200);
        world.pay("P-1", 1, "2027-01-02", eur(15_000));
        world.at("2027-02-02");
        assert_eq!(close(&world, "2027-01").payouts, 0);
        world.pay("P-2", 1, "2027-02-02", eur(7_500));
        world.at("2027-03-02");
        close(&world, "2027-02");
        let third = world.pay("P-3", 1, "2027-03-02", eur(5_000)).id();
        world.at("2027-04-02");
        assert_eq!(close(&world, "2027-03").payouts, 1);
        assert_eq!(figures(&world, "2027-01"), (0, 3_000, 0, 3_000));
        assert_eq!(figures(&world, "2027-02"), (3_000, 1_500, 0, 4_500));
        assert_eq!(figures(&world, "2027-03"), (4_500, 1_000, 5_500, 0));
        // A refund after the payout: the balance goes below zero and is earned back.
        world
            .refund("R-1", third, "2027-04-02", eur(5_000))
            .unwrap();
        world.at("2027-05-02");
        close(&world, "2027-04");
        assert_eq!(figures(&world, "2027-04"), (0, -1_000, 0, -1_000));
        let april = content(
            world
                .statements()
                .iter()
                .find(|s| s.month == month("2027-04"))
                .unwrap(),
        );
        let back = &april.lines[0];
        assert_eq!(back.block, Block::Reversed);
        assert_eq!(back.reason.as_deref(), Some("Service was down"));
        let of = back.reverses.as_ref().unwrap().statement_number.as_deref();
        assert_eq!(of, Some("MC-2027-03-0001"));
        world.pay("P-4", 1, "2027-05-02", eur(40_000));
        world.at("2027-06-02");
        close(&world, "2027-05");
        assert_eq!(figures(&world, "2027-05"), (-1_000, 8_000, 7_000, 0));
        world.verify();
    });
}

#[test]
fn l01_a_late_fact_is_posted_in_the_open_month_and_the_closed_one_stays() {
    on_each(|kind| {
        let like = Like {
            first: 202_703,
            now: "2027-03-05",
            ..no_hold()
        };
        let world = World::new(kind, like);
        world.start("S-1", 1, SEATS, "2027-03-01", 50);
        world.pay("P-1", 1, "2027-03-05", eur(25_000));
        world.at("2027-04-02");
        close(&world, "2027-03");
        let before = world.statements().remove(0);
        world.pay("P-2", 1, "2027-03-30", eur(25_000));
        let late = world.entries().remove(1);
        assert_eq!(late.amount_minor, 5_000);
        assert_eq!(
            (late.earned_period, late.posting_period),
            (month("2027-03"), month("2027-04"))
        );
        world.at("2027-05-02");
        close(&world, "2027-04");
        let after = world.statements();
        assert_eq!(
            (&after[0].sha256, &after[0].content),
            (&before.sha256, &before.content)
        );
        let april = content(&after[1]);
        assert_eq!((april.earned_minor, april.posted_late_minor), (0, 5_000));
        assert!(
            april.lines[0]
                .reason
                .as_ref()
                .unwrap()
                .contains("30 Mar 2027")
        );
        world.verify();
    });
}

#[test]
fn l02_running_it_again_makes_nothing() {
    on_each(|kind| {
        let world = World::new(kind, no_hold());
        world.start("S-1", 1, SEATS, "2027-01-01", 10);
        world.start("S-2", 5, YEN, "2027-01-01", 1);
        // A cent that earns less than half of one is looked at again at each close.
        world.pay("P-1", 1, "2027-01-02", eur(1));
        world.pay("P-2", 1, "2027-01-02", eur(9_899));
        let yen = perennial::domain::Money::new(5_000, currency("JPY"));
        world.pay("P-3", 5, "2027-01-02", yen);
        world.at("2027-02-01");
        assert_eq!(world.amounts(), [1_980, 1_000]);
        let made = close(&world, "2027-01");
        assert_eq!(
            made,
            Closed {
                statements: 2,
                payouts: 1,
                mails: 2
            }
        );
        assert_eq!(close(&world, "2027-01"), made);
        assert_eq!(
            world
                .write(|tx| close::finish(tx, month("2027-01"), "x.example"))
                .unwrap(),
            Closed::default()
        );
        assert_eq!(
            world
                .write(|tx| billing::bill_due(tx, date("2027-01-31")))
                .unwrap(),
            0
        );
        assert_eq!(world.entries().len(), 2);
        assert_eq!(world.statements().len(), 2);
        let numbers: Vec<String> = world
            .statements()
            .into_iter()
            .map(|one| one.number)
            .collect();
        assert_eq!(numbers, ["MC-2027-01-0001", "MC-2027-01-0002"]);
        world.verify();
    });
}

#[test]
fn months_close_in_order_and_when_they_are_over() {
    on_each(|kind| {
        let world = World::new(
            kind,
            Like {
                now: "2027-02-10",
                ..no_hold()
            },
        );
        let refused = |period: &str| {
            worker::close_now(&world.store, &world.scope, &closing(period, 2))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(refused("2027-02"), "February 2027 is not over yet.");
        assert_eq!(
            refused("2026-12"),
            "The first month to close is January 2027."
        );
        world.at("2027-03-10");
        assert_eq!(refused("2027-02"), "January 2027 has to be closed first.");
        // The last hour of the month in UTC is the next month in the vendor's zone already.
        world
            .clock
            .move_to(noon("2027-01-31") + chrono::TimeDelta::minutes(659));
        assert_eq!(refused("2027-01"), "January 2027 is not over yet.");
        world
            .clock
            .move_to(noon("2027-01-31") + chrono::TimeDelta::minutes(660));
        assert_eq!(close(&world, "2027-01"), Closed::default());
        world.verify();
    });
}

/// A world with something to state for two partners.
fn busy(kind: Kind) -> World {
    let world = World::new(kind, no_hold());
    for customer in 1..=6 {
        world.start(&format!("S-{customer}"), customer, SEATS, "2027-01-01", 100);
        world.pay(
            &format!("P-{customer}"),
            customer,
            "2027-01-02",
            eur(50_000),
        );
    }
    world.at("2027-02-02");
    world
}

fn contents(world: &World) -> Vec<(String, i64, i64)> {
    let statements = world.statements();
    statements
        .iter()
        .map(|one| (one.number.clone(), one.lines_minor, one.payout_minor))
        .collect()
}

#[test]
fn two_closes_at_once_make_one() {
    on_each(|kind| {
        let world = busy(kind);
        let outcomes: Vec<_> = std::thread::scope(|threads| {
            let work = || worker::close_now(&world.store, &world.scope, &closing("2027-01", 1));
            let running: Vec<_> = (0..3).map(|_| threads.spawn(work)).collect();
            running
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for outcome in outcomes {
            assert_eq!(
                outcome.unwrap(),
                Closed {
                    statements: 2,
                    payouts: 2,
                    mails: 2
                }
            );
        }
        world.verify();
    });
}

#[test]
fn a_close_that_stopped_goes_on_where_it_was() {
    on_each(|kind| {
        let whole = busy(kind);
        close(&whole, "2027-01");
        for stop in 1..7 {
            let world = busy(kind);
            let at = closing("2027-01", 1);
            let asked = CloseMonth {
                period: "2027-01".into(),
            };
            world.write(|tx| queue::enqueue_once(tx, &asked)).unwrap();
            let job = world
                .write(|tx| jobs::claim(tx, jobs::LEASE))
                .unwrap()
                .unwrap();
            let mut after = None;
            for _ in 0..stop {
                let done = worker::step(&world.store, &world.scope, &job, &at, &mut after).unwrap();
                if done.is_some() {
                    break;
                }
            }
            // Whoever held the job is gone; its lease runs out.
            world.database.sql("UPDATE jobs SET lease_until = NULL");
            close(&world, "2027-01");
            assert_eq!(contents(&world), contents(&whole), "{stop}");
            // The one that was thought gone wakes up and finds that the job is another's.
            let late = worker::step(&world.store, &world.scope, &job, &at, &mut after);
            assert!(matches!(late, Err(Error::Conflict(_))));
            world.verify();
        }
    });
}

fn post(smtp: Option<&str>) -> Post {
    let secret = SecretKey::new(*b"0123456789abcdef0123456789abcdef").unwrap();
    Post::new(
        smtp,
        "Meridian Cloud <statements@meridian.example>",
        "https://portal.example/",
        secret,
    )
    .unwrap()
}

async fn drain(world: &World, post: &Post) {
    let mut turns = Turns::default();
    while worker::run_next(&world.store, post, &mut turns)
        .await
        .unwrap()
    {}
}

fn letters(world: &World, statement: StatementId) -> Vec<outbox::Letter> {
    world.read(|tx| outbox::letters_about(tx, "statement", statement.number()))
}

#[test]
fn a_worker_closes_the_month_and_sends_each_statement_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    on_each(|kind| {
        runtime.block_on(async {
            let world = busy(kind);
            let sink = SmtpSink::start().await;
            let post = post(Some(&sink.url()));
            let asked = CloseMonth {
                period: "2027-01".into(),
            };
            world.write(|tx| queue::enqueue_once(tx, &asked)).unwrap();
            drain(&world, &post).await;
            let received = sink.wait_for(2, Duration::from_secs(10)).await;
            let letters: Vec<_> = received.iter().map(|one| one.parsed()).collect();
            let statements = world.statements();
            let mine = self::letters(&world, statements[0].id);
            assert_eq!(mine[0].status, MailStatus::Sent);
            let letter = letters
                .iter()
                .find(|one| mine[0].message_id.contains(&one.message_id));
            let letter = letter.unwrap();
            assert_eq!(
                letter.subject,
                "Meridian Cloud: January 2027 statement, EUR 300.00, to be paid 15 Feb 2027"
            );
            assert!(letter.text.contains("EUR 300.00") && letter.html.contains("EUR 300.00"));
            let href = format!(
                "https://portal.example/meridian/p/alpine/statements/{}",
                statements[0].id
            );
            assert!(letter.text.contains(&href) && letter.html.contains(&href));
            assert_eq!(
                mine[0].body.trim(),
                letter.text.replace("\r\n", "\n").trim()
            );
            let files: Vec<&str> = letter
                .attachments
                .iter()
                .map(|a| a.content_type.as_str())
                .collect();
            assert_eq!(files, ["application/pdf", "text/csv"]);
            // The other partner asked for a link only.
            let other = letters
                .iter()
                .find(|one| one.text.contains("/p/baltic/"))
                .unwrap();
            assert!(other.attachments.is_empty());
            drain(&world, &post).await;
            assert_eq!(sink.received().len(), 2);
            // Once more on request: a new letter with an id of its own.
            world
                .write(|tx| statements::resend(tx, statements[0].id, "meridian.example"))
                .unwrap();
            drain(&world, &post).await;
            assert_eq!(sink.wait_for(3, Duration::from_secs(10)).await.len(), 3);
            let mine = self::letters(&world, statements[0].id);
            assert_eq!((mine[1].copy_no, mine[1].status), (2, MailStatus::Sent));
            assert_ne!(mine[0].message_id, mine[1].message_id);
            world.verify();
        });
    });
}

#[test]
fn letters_wait_for_a_server_and_survive_a_bad_one() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    on_each(|kind| {
        runtime.block_on(async {
            let world = busy(kind);
            close(&world, "2027-01");
            let first = world.statements()[0].id;
            let second = world.statements()[1].id;
            let status = |statement| letters(&world, statement)[0].status;
            drain(&world, &post(None)).await;
            assert_eq!(status(first), MailStatus::Queued);
            assert!(letters(&world, first)[0].body.contains("EUR 300.00"));
            let sink = SmtpSink::start().await;
            let post = post(Some(&sink.url()));
            world
                .clock
                .move_to(noon("2027-02-02") + chrono::TimeDelta::minutes(16));
            sink.behave_next([Behaviour::Temporary, Behaviour::RejectRecipient]);
            drain(&world, &post).await;
            assert_eq!(status(first), MailStatus::Deferred);
            assert_eq!(status(second), MailStatus::Failed);
            world
                .clock
                .move_to(noon("2027-02-02") + chrono::TimeDelta::minutes(30));
            drain(&world, &post).await;
            assert_eq!(status(first), MailStatus::Sent);
            assert_eq!(letters(&world, first)[0].attempts, 2);
        });
    });
}

#[test]
fn a_letter_found_half_sent_is_sent_once_more_and_then_no_more() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    on_each(|kind| {
        runtime.block_on(async {
            let world = busy(kind);
            close(&world, "2027-01");
            let sink = SmtpSink::start().await;
            let post = post(Some(&sink.url()));
            let statements = world.statements();
            world
                .database
                .sql("UPDATE mails SET status = 'sending', attempts = 1");
            drain(&world, &post).await;
            assert_eq!(sink.received().len(), 2);
            let letter = letters(&world, statements[0].id).remove(0);
            assert_eq!((letter.status, letter.attempts), (MailStatus::Sent, 2));
            assert!(letter.last_error.unwrap().contains("sent once more"));
            world.database.sql("UPDATE mails SET status = 'unknown'");
            let mail = letter.id;
            world
                .write(|tx| queue::enqueue_once(tx, &SendMail::of(mail)))
                .unwrap();
            drain(&world, &post).await;
            assert_eq!(sink.received().len(), 2);
            assert_eq!(
                letters(&world, statements[0].id)[0].status,
                MailStatus::Unknown
            );
        });
    });
}

/// Before a byte leaves, it is on record that one may have left: a worker that dies in between
/// leaves a letter that is known to be half sent.
#[test]
fn a_letter_is_on_record_as_sending_before_it_is_sent() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    on_each(|kind| {
        runtime.block_on(async {
            let world = busy(kind);
            close(&world, "2027-01");
            // A server that takes the call and never says a word.
            let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("smtp://{}", silent.local_addr().unwrap());
            let post = post(Some(&url));
            let (accepted, waiting) = tokio::join!(
                silent.accept(),
                tokio::time::timeout(std::time::Duration::from_secs(2), drain(&world, &post))
            );
            assert!(accepted.is_ok() && waiting.is_err());
            let all = world.statements();
            let all = all.iter().flat_map(|one| letters(&world, one.id));
            let states: Vec<(MailStatus, i32)> =
                all.map(|letter| (letter.status, letter.attempts)).collect();
            let sending = states
                .iter()
                .filter(|one| **one == (MailStatus::Sending, 1));
            assert_eq!(sending.count(), 1, "{states:?}");
        });
    });
}

#[test]
fn a_payout_is_marked_as_paid_once() {
    on_each(|kind| {
        let world = busy(kind);
        close(&world, "2027-01");
        let payout = world.read(paid::all).remove(0);
        assert_eq!(
            (payout.amount_minor, payout.due_on),
            (30_000, date("2027-02-15"))
        );
        let mark = |on: &str, reference: &str| Paid {
            version: payout.version,
            paid_on: date(on),
            reference: reference.parse().unwrap(),
        };
        let try_it = |paid: Paid| world.write(move |tx| payouts::mark_paid(tx, payout.id, &paid));
        assert!(matches!(
            try_it(mark("2027-02-03", "SEPA 1")),
            Err(Error::Invalid(_))
        ));
        try_it(mark("2027-02-02", "SEPA 1")).unwrap();
        assert!(matches!(
            try_it(mark("2027-02-02", "SEPA 1")),
            Err(Error::Conflict(_))
        ));
        world.verify();
    });
}

async fn again(world: &World) {
    let mut days = worker::Days::default();
    worker::queue_daily_runs(&world.store, &mut days)
        .await
        .unwrap();
    drain(world, &post(None)).await;
}

#[test]
fn the_daily_run_bills_and_ends() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    on_each(|kind| {
        runtime.block_on(async {
            let world = World::new(kind, no_hold());
            world.start("S-1", 1, SEATS, "2027-01-01", 1);
            world
                .at("2027-01-20")
                .start("S-2", 2, SEATS, "2027-01-20", 1);
            world.at("2027-02-01");
            let mut days = worker::Days::default();
            worker::queue_daily_runs(&world.store, &mut days)
                .await
                .unwrap();
            worker::queue_daily_runs(&world.store, &mut days)
                .await
                .unwrap();
            drain(&world, &post(None)).await;
            let mut issued: Vec<_> = world
                .invoices()
                .into_iter()
                .map(|one| one.issued_on)
                .collect();
            issued.sort_unstable();
            assert_eq!(issued, ["2027-01-01", "2027-01-20", "2027-02-01"].map(date));
            let ahead = |world: &World| {
                crate::harness::ask(
                    &world.database,
                    "SELECT CAST(MIN(id) AS TEXT) || ' of ' || MIN(reckoned_on) AS value FROM forecasts",
                )
            };
            let of_today = ahead(&world);
            assert!(of_today[0].ends_with(" of 2027-02-01"), "{of_today:?}");
            // Whoever starts the portal again the same day finds the months ahead reckoned.
            again(&world).await;
            assert_eq!(ahead(&world), of_today);
            world.at("2027-02-02");
            again(&world).await;
            assert!(ahead(&world)[0].ends_with(" of 2027-02-02"));
            world.verify();
        });
    });
}
