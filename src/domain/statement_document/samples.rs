//! Statements to test with: sound ones of any size, and one of every kind of line.

use super::{
    Block, Converted, Held, Line, Party, Payout, PayoutReason, Phase, Reverses, StatementDocument,
};
use chrono::NaiveDate;

/// A date that exists.
pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// One earned line of 480.00 at 20 %.
pub(crate) fn line() -> Line {
    Line {
        seq: 1,
        block: Block::Earned,
        entry: "cen_2f9k4m7q1x8".into(),
        kind: String::new(),
        note: String::new(),
        customer: "Hotel Adler".into(),
        offering: "Backup Pro".into(),
        plan: "Monthly".into(),
        subscription: "sub_8d2h6w0c5t3".into(),
        phase: Phase::First,
        earned_period: "2026-09".into(),
        service_from: day(2026, 9, 1),
        service_to: day(2026, 10, 1),
        invoice_number: "2026-1187".into(),
        invoice_line: 2,
        base_minor: 48_000,
        rate_bps: 2000,
        share_num: 1,
        share_den: 1,
        part: String::new(),
        per_unit: None,
        exact: "9600/1".into(),
        amount_minor: 9600,
        converted: None,
        tier: Some("Gold".into()),
        clause_number: 1,
        clause: "20 % of net cash received, in the first period, for Gold partners.".into(),
        plan_version: "Recurring 2026, version 3".into(),
        paid_on: day(2026, 9, 4),
        held_until: day(2026, 10, 4),
        reason: None,
        reverses: None,
    }
}

/// A sound statement with these lines, which it numbers and adds up.
pub(crate) fn statement(lines: Vec<Line>) -> StatementDocument {
    let mut document = StatementDocument {
        number: "NW-2026-10-0042".into(),
        version: 1,
        vendor: Party {
            name: "Northwind Cloud".into(),
            legal_name: "Northwind Cloud GmbH".into(),
            address: vec!["Speicherstrasse 12".into(), "20457 Hamburg, Germany".into()],
        },
        partner: Party {
            name: "Alpine IT".into(),
            legal_name: "Alpine IT Services s.r.o.".into(),
            address: vec!["Křižíkova 148/34".into(), "186 00 Praha 8, Česko".into()],
        },
        period: "2026-10".into(),
        zone: "Europe/Berlin".into(),
        currency: "EUR".into(),
        exponent: 2,
        closed_on: day(2026, 11, 2),
        commission_plans: vec!["Recurring 2026, version 3".into()],
        opening_minor: 0,
        earned_minor: 0,
        posted_late_minor: 0,
        extra_minor: 0,
        reversed_minor: 0,
        payout_minor: 0,
        closing_minor: 0,
        payout: Payout {
            due_on: None,
            reason: PayoutReason::Nothing,
            minimum_minor: 5000,
        },
        tax: None,
        held: Held {
            total_minor: 510_490,
            first_matures_on: Some(day(2026, 11, 1)),
            last_matures_on: Some(day(2026, 11, 30)),
        },
        next_payment_on: Some(day(2026, 12, 15)),
        lines,
    };
    settle(&mut document);
    document
}

/// Orders and numbers the lines, adds them up and decides the payout.
pub(crate) fn settle(document: &mut StatementDocument) {
    document.lines.sort_by_key(|line| line.block);
    for (seq, line) in (1..).zip(&mut document.lines) {
        line.seq = seq;
        line.entry = format!("cen_{seq:06}");
    }
    document.earned_minor = document.block_total(Block::Earned).unwrap_or(0);
    document.posted_late_minor = document.block_total(Block::PostedLate).unwrap_or(0);
    document.extra_minor = document.block_total(Block::Extra).unwrap_or(0);
    document.reversed_minor = document.block_total(Block::Reversed).unwrap_or(0);
    let balance = document.opening_minor + document.lines_total().unwrap_or(0);
    let reason = match balance {
        0 => PayoutReason::Nothing,
        i64::MIN..0 => PayoutReason::Negative,
        _ if balance < document.payout.minimum_minor => PayoutReason::BelowMinimum,
        _ => PayoutReason::Paid,
    };
    let paid = reason == PayoutReason::Paid;
    document.payout_minor = if paid { balance } else { 0 };
    document.closing_minor = balance - document.payout_minor;
    document.payout.reason = reason;
    document.payout.due_on = paid.then(|| day(2026, 11, 15));
}

/// An entry of June that became known in October.
pub(crate) fn late() -> Line {
    Line {
        block: Block::PostedLate,
        customer: "Pekařství U Zlatého rohlíku".into(),
        offering: "Mail Shield".into(),
        phase: Phase::Recurring,
        earned_period: "2026-06".into(),
        service_from: day(2026, 6, 15),
        service_to: day(2026, 7, 15),
        invoice_number: "2026-0871".into(),
        invoice_line: 1,
        base_minor: 40_000,
        rate_bps: 1250,
        exact: "5000/1".into(),
        amount_minor: 5000,
        clause_number: 2,
        clause: "12.5 % of net cash received, in later periods of the first term.".into(),
        paid_on: day(2026, 6, 20),
        held_until: day(2026, 7, 20),
        reason: Some("payment imported on 12 Oct 2026".into()),
        ..line()
    }
}

/// An amount that finance gave by hand.
pub(crate) fn adjustment() -> Line {
    Line {
        block: Block::Extra,
        kind: "adjustment".into(),
        note: "Goodwill: the migration took two days longer than said.".into(),
        customer: String::new(),
        offering: String::new(),
        plan: String::new(),
        subscription: String::new(),
        invoice_number: String::new(),
        invoice_line: 0,
        base_minor: 0,
        rate_bps: 0,
        exact: "25000/1".into(),
        amount_minor: 25_000,
        tier: None,
        clause_number: 0,
        clause: String::new(),
        plan_version: String::new(),
        held_until: day(2026, 9, 4),
        ..line()
    }
}

/// A partial refund of an entry on an earlier statement.
pub(crate) fn reversal() -> Line {
    Line {
        block: Block::Reversed,
        customer: "Ελληνικά Κτήματα".into(),
        base_minor: -13_333,
        exact: "-133330/50".into(),
        amount_minor: -2667,
        reason: Some("refund of 9 Oct 2026".into()),
        reverses: Some(Reverses {
            entry: "cen_7c1d3e5f9a2".into(),
            statement_number: Some("NW-2026-09-0041".into()),
        }),
        ..line()
    }
}

/// A line that was earned in dollars.
pub(crate) fn in_dollars() -> Line {
    Line {
        converted: Some(Converted {
            currency: "USD".into(),
            exponent: 2,
            amount_minor: 9600,
            rate: "0.9228".into(),
            rated_on: day(2026, 9, 1),
            source: "Central bank".into(),
        }),
        amount_minor: 8859,
        ..line()
    }
}

/// `count` earned lines, each of another amount, some with shares and spread cents.
pub(crate) fn many(count: u32) -> StatementDocument {
    let names = [
        "Hotel Adler",
        "Praxis Dr. Özdemir & Partner",
        "Bäckerei Lindner",
        "Завод «Прогресс»",
        "Čistírna odpadních vod Říčany",
        "Ελληνικά Κτήματα",
        "Weingut am Steilhang und Kellerei der Gebrüder Zachariasson von Hohenfels",
        "Maison Lefèvre",
    ];
    let earned = (0..count).zip(names.iter().cycle()).map(|(n, name)| {
        let base = 12_000 + i64::from(n) * 731;
        let third = n % 5 == 4;
        let exact = base * 20;
        let amount = if third {
            (exact + 150) / 300
        } else {
            (exact + 50) / 100
        };
        Line {
            customer: (*name).into(),
            offering: ["Backup Pro", "Mail Shield", "Managed Firewall 24/7"][n as usize % 3].into(),
            invoice_number: format!("2026-{:04}", 1187 + n / 3),
            invoice_line: n % 3 + 1,
            base_minor: base,
            share_den: if third { 3 } else { 1 },
            exact: format!("{exact}/{}", if third { 300 } else { 100 }),
            amount_minor: amount + i64::from(n % 11 == 10),
            ..line()
        }
    });
    statement(earned.collect())
}

/// Earned, late and reversed lines together.
pub(crate) fn mixed() -> StatementDocument {
    let mut lines = many(9).lines;
    lines.extend([late(), reversal()]);
    statement(lines)
}
