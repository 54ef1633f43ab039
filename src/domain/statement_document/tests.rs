//! A statement re-adds, keeps its hash and says what it means.

use super::samples::{self, day, in_dollars, late, line, many, mixed, reversal, statement};
use super::*;

#[test]
fn figures_are_read_with_thousands_and_a_true_minus() {
    for (minor, exponent, read, plain) in [
        (123_450, 2, "1,234.50", "1234.50"),
        (-48_520, 2, "−485.20", "-485.20"),
        (-7, 2, "−0.07", "-0.07"),
        (0, 2, "0.00", "0.00"),
        (1_005, 0, "1,005", "1005"),
        (-999, 0, "−999", "-999"),
        (1_005, 3, "1.005", "1.005"),
        (
            i64::MIN,
            2,
            "−92,233,720,368,547,758.08",
            "-92233720368547758.08",
        ),
    ] {
        assert_eq!(figure(minor, exponent), read);
        assert_eq!(plain_decimal(minor, exponent), plain);
    }
}

#[test]
fn rates_and_shares_are_short() {
    for (bps, read) in [
        (2000, "20 %"),
        (1250, "12.5 %"),
        (75, "0.75 %"),
        (0, "0 %"),
        (10_000, "100 %"),
    ] {
        assert_eq!(percent(bps), read);
    }
    for (num, den, read) in [
        (1, 1, "100 %"),
        (3, 8, "37.5 %"),
        (1, 3, "1/3"),
        (1, 0, "1/0"),
        (u32::MAX, 1, "100 %"),
    ] {
        let line = Line {
            share_num: num,
            share_den: den,
            ..line()
        };
        if num != u32::MAX {
            assert_eq!(line.share_words(), read);
        } else {
            assert!(!line.share_words().is_empty());
        }
    }
}

#[test]
fn a_service_period_is_read_with_its_last_day() {
    for (from, to, read) in [
        (day(2026, 9, 1), day(2026, 10, 1), "1–30 Sep 2026"),
        (day(2026, 9, 15), day(2026, 10, 15), "15 Sep – 14 Oct 2026"),
        (
            day(2026, 12, 15),
            day(2027, 1, 15),
            "15 Dec 2026 – 14 Jan 2027",
        ),
        (day(2026, 9, 1), day(2026, 9, 2), "1 Sep 2026"),
        (day(2026, 9, 1), day(2026, 9, 1), "1 Sep 2026"),
    ] {
        assert_eq!(service_words(from, to), read);
    }
    assert_eq!(month_words("2026-10"), "October 2026");
    assert_eq!(month_words("whenever"), "whenever");
}

#[test]
fn the_canonical_text_survives_a_round_trip_and_any_other_is_refused() {
    let document = mixed();
    let text = document.canonical_json();
    assert_eq!(StatementDocument::from_canonical(&text).unwrap(), document);
    assert!(text.starts_with(r#"{"closed_on":"2026-11-02","closing_minor":"#));
    assert!(!text.contains('.') || !text.contains(r#"_minor":0."#));

    let spaced = serde_json::to_string_pretty(&document).unwrap();
    assert!(matches!(
        StatementDocument::from_canonical(&spaced),
        Err(NotAStatement::NotCanonical)
    ));
    let more = text.replacen('{', r#"{"aside":1,"#, 1);
    assert!(matches!(
        StatementDocument::from_canonical(&more),
        Err(NotAStatement::Unreadable(_))
    ));
}

#[test]
fn the_hash_is_of_the_canonical_text_and_never_moves() {
    let document = statement(vec![line()]);
    assert_eq!(document.sha256_hex().len(), 64);
    assert_eq!(
        document.sha256_hex(),
        "ff47a62c82f706c501642d469cf9e0d3528ff31cef6d724e5abb2c88f4f6a0e0",
        "a stored statement would no longer match its hash"
    );
}

#[test]
fn sound_statements_pass_the_check() {
    for document in [
        statement(vec![]),
        statement(vec![line()]),
        many(60),
        mixed(),
        statement(vec![reversal()]),
    ] {
        assert_eq!(document.check(), Vec::<String>::new());
    }
}

#[test]
fn every_figure_that_is_moved_by_one_is_found() {
    let moved: [fn(&mut StatementDocument); 9] = [
        |d| d.opening_minor += 1,
        |d| d.earned_minor += 1,
        |d| d.posted_late_minor += 1,
        |d| d.reversed_minor += 1,
        |d| d.payout_minor -= 1,
        |d| d.closing_minor += 1,
        |d| d.lines[0].amount_minor += 1,
        |d| d.lines[0].amount_minor = i64::MAX,
        |d| d.held.first_matures_on = None,
    ];
    for (n, change) in moved.iter().enumerate() {
        let mut document = mixed();
        change(&mut document);
        assert!(!document.check().is_empty(), "change {n}");
    }
}

#[test]
fn every_broken_line_is_found() {
    type Change = fn(&mut Line);
    let broken: [(Change, &str); 5] = [
        (|l| l.service_to = l.service_from, "before it begins"),
        (|l| l.share_den = 0, "share"),
        (|l| l.exact = "9600/0".into(), "fraction"),
        (|l| l.block = Block::Reversed, "names the entry"),
        (|l| l.seq = 7, "numbered"),
    ];
    for (change, said) in broken {
        let mut document = mixed();
        change(&mut document.lines[0]);
        let wrong = document.check().join(" ");
        assert!(wrong.contains(said), "{said} not in {wrong}");
    }
    let mut twice = mixed();
    twice.lines[1].entry = twice.lines[0].entry.clone();
    assert!(twice.check()[0].contains("two lines"));
}

#[test]
fn a_payout_must_fit_its_reason() {
    let mut below = statement(vec![Line {
        amount_minor: 4999,
        ..line()
    }]);
    assert_eq!(below.payout.reason, PayoutReason::BelowMinimum);
    assert_eq!(
        below.payout_sentence(),
        "Nothing is paid: EUR 49.99 is below the minimum payout of EUR 50.00. It is carried forward."
    );
    below.payout.reason = PayoutReason::Nothing;
    assert_eq!(below.check().len(), 1);

    let negative = statement(vec![reversal()]);
    assert!(negative.payout_sentence().contains("EUR −26.67"));
    let mut undated = statement(vec![line()]);
    assert_eq!(
        undated.payout_sentence(),
        "EUR 96.00 is to be paid on 15 Nov 2026."
    );
    undated.payout.due_on = None;
    assert_eq!(undated.check().len(), 1);
}

#[test]
fn a_line_explains_itself() {
    let document = mixed();
    assert_eq!(
        document.explanation(&line()),
        "Invoice 2026-1187 line 2, paid 4 Sep 2026, held until 4 Oct 2026. \
         Gold, first period: 20 %. 480.00 × 20 % × share 100 % = 96.00. \
         Plan “Recurring 2026”, version 3, clause 1."
    );
    let said = document.explanation(&late());
    assert!(
        said.contains("Earned in June 2026, posted late: payment imported on 12 Oct 2026. "),
        "{said}"
    );
    let said = document.explanation(&reversal());
    assert!(
        said.contains(
            "Reverses entry cen_7c1d3e5f9a2 of statement NW-2026-09-0041: refund of 9 Oct 2026. "
        ),
        "{said}"
    );
    assert!(
        said.contains("−133.33 × 20 % × share 100 % = −26.67, rounded. "),
        "{said}"
    );
}

#[test]
fn a_line_says_when_rounding_was_spread() {
    let spread = Line {
        base_minor: 700,
        rate_bps: 2500,
        exact: "175/1".into(),
        amount_minor: 176,
        ..line()
    };
    let said = statement(vec![]).explanation(&spread);
    assert!(said.contains("7.00 × 25 % × share 100 % = 1.75 alone; rounding is done once for the whole invoice, and this line’s part is 1.76. "), "{said}");
    let third = Line {
        base_minor: 5943,
        rate_bps: 10_000,
        share_den: 3,
        amount_minor: 1981,
        ..line()
    };
    assert!(
        statement(vec![])
            .explanation(&third)
            .contains("59.43 × 100 % × share 1/3 = 19.81. ")
    );
    let none = Line {
        tier: None,
        phase: Phase::Renewal,
        ..line()
    };
    assert!(
        statement(vec![])
            .explanation(&none)
            .contains(" Renewal: 20 %. ")
    );
}

#[test]
fn extreme_amounts_never_panic() {
    let mut document = samples::mixed();
    for line in &mut document.lines {
        line.base_minor = i64::MIN;
        line.rate_bps = i32::MIN;
        line.share_num = u32::MAX;
        line.share_den = 0;
        line.amount_minor = i64::MIN;
    }
    document.payout_minor = i64::MIN;
    assert!(!document.check().is_empty());
    for line in &document.lines {
        assert!(!document.explanation(line).is_empty());
    }
}

#[test]
fn a_line_of_another_currency_says_what_was_earned_and_at_which_rate() {
    let document = statement(vec![line(), in_dollars()]);
    assert_eq!(document.check(), Vec::<String>::new());
    let converted = &document.lines[1];
    assert_eq!(document.base_words(converted), "USD 480.00");
    let why = document.explanation(converted);
    for said in [
        "480.00 × 20 % × share 100 % = 96.00.",
        "Converted, EUR for 1 USD: USD 96.00 at 0.9228 of 1 Sep 2026 (Central bank) = EUR 88.59.",
    ] {
        assert!(why.contains(said), "{said}: {why}");
    }
    let text = document.canonical_json();
    assert_eq!(StatementDocument::from_canonical(&text).unwrap(), document);
    assert!(
        !statement(vec![line()])
            .canonical_json()
            .contains("converted")
    );
}

#[test]
fn a_conversion_that_its_rate_does_not_make_is_told() {
    let wrong = |change: fn(&mut Converted)| {
        let mut line = in_dollars();
        line.converted.as_mut().map(change);
        statement(vec![line]).check().len()
    };
    assert_eq!(wrong(|_| ()), 0);
    assert_eq!(wrong(|other| other.amount_minor += 2), 1);
    assert_eq!(wrong(|other| other.rate = "0".into()), 1);
    assert_eq!(wrong(|other| other.exponent = 0), 1);
    assert_eq!(wrong(|other| other.currency = "EUR".into()), 1);
}
