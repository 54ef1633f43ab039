//! Page, PDF, CSV and JSON say the same, to the last minor unit.

use super::csv::{Cell, STATEMENT_COLUMNS, guarded, table};
use super::{csv, json, mail_summary, pdf};
use crate::domain::statement_document::samples::{
    adjustment, late, line, many, mixed, reversal, settle, statement,
};
use crate::domain::statement_document::{
    Block, Line, Reverses, StatementDocument, figure, plain_decimal,
};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The PDF's words, with its no-break spaces as spaces.
fn words(document: &StatementDocument) -> String {
    let file = pdf::statement(document).unwrap();
    pdf_extract::extract_text_from_mem(&file)
        .unwrap()
        .replace('\u{a0}', " ")
}

fn tokens(text: &str) -> HashMap<&str, usize> {
    let mut count = HashMap::new();
    for token in text.split_whitespace() {
        *count.entry(token).or_default() += 1;
    }
    count
}

/// Minor units of a plain decimal.
fn minor(decimal: &str) -> i64 {
    decimal.replace('.', "").parse().unwrap()
}

fn csv_rows(file: &[u8]) -> Vec<HashMap<String, String>> {
    let mut reader = ::csv::Reader::from_reader(file);
    reader.deserialize().map(Result::unwrap).collect()
}

fn csv_sum(document: &StatementDocument, block: Option<Block>) -> i64 {
    csv_rows(&csv::statement(document).unwrap())
        .iter()
        .filter(|row| block.is_none_or(|block| row["Block"] == block.code()))
        .map(|row| minor(&row["Amount"]))
        .sum()
}

fn json_sum(document: &StatementDocument) -> i64 {
    let content: serde_json::Value = serde_json::from_slice(&json::statement(document)).unwrap();
    let lines = content["lines"].as_array().unwrap();
    lines
        .iter()
        .map(|line| line["amount_minor"].as_i64().unwrap())
        .sum()
}

fn any_line() -> impl Strategy<Value = Line> {
    let amounts = (-50_000_000_i64..50_000_000, 0_i32..10_000, 1_u32..5);
    (
        amounts,
        0..4_u8,
        "[a-zA-Zěščřžýáíéαβγжя€ =+@'\",-]{1,40}",
        any::<bool>(),
    )
        .prop_map(|((base, rate, parts), kind, name, refund)| {
            let exact = i128::from(base) * i128::from(rate);
            let den = 10_000 * i128::from(parts);
            Line {
                block: Block::ALL[usize::from(kind)],
                customer: name,
                base_minor: base,
                rate_bps: rate,
                share_den: parts,
                exact: format!("{exact}/{den}"),
                amount_minor: i64::try_from(exact / den).unwrap(),
                reason: refund.then(|| "refund".into()),
                reverses: (Block::ALL[usize::from(kind)] == Block::Reversed).then(|| Reverses {
                    entry: "cen_before".into(),
                    statement_number: refund.then(|| "NW-2026-09-0041".into()),
                }),
                ..line()
            }
        })
}

fn any_statement() -> impl Strategy<Value = StatementDocument> {
    let lines = prop::collection::vec(any_line(), 0..30);
    (lines, -1_000_000_i64..1_000_000, 0_u32..4).prop_map(|(lines, opening, exponent)| {
        let mut document = statement(lines);
        document.opening_minor = opening;
        document.exponent = exponent;
        settle(&mut document);
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_four_forms_add_up_to_the_same(document in any_statement()) {
        prop_assert_eq!(document.check(), Vec::<String>::new());
        let total = document.lines_total().unwrap();
        prop_assert_eq!(csv_sum(&document, None), total);
        prop_assert_eq!(json_sum(&document), total);
        for block in Block::ALL {
            prop_assert_eq!(csv_sum(&document, Some(block)), document.stated_total(block));
        }

        let text = words(&document);
        let found = tokens(&text);
        let mut printed: HashMap<String, usize> = HashMap::new();
        for line in &document.lines {
            *printed.entry(document.figure(line.amount_minor)).or_default() += 1;
        }
        for row in mail_summary(&document).rows {
            *printed.entry(row.figure).or_default() += 1;
        }
        for (figure, times) in &printed {
            prop_assert!(found.get(figure.as_str()).is_some_and(|n| n >= times), "{figure} in {text}");
        }
        if !document.lines.is_empty() {
            let closing = text.split("All lines").nth(1).and_then(|rest| rest.split_whitespace().next());
            prop_assert_eq!(closing.map(str::to_owned), Some(document.figure(total)));
        }
    }

    #[test]
    fn what_is_exported_is_read_back_but_for_the_apostrophe(cells in prop::collection::vec("\\PC*|[=+@\t\r\n\0＝＋－＠-].*", 1..6)) {
        let heads: Vec<String> = (0..cells.len()).map(|n| format!("c{n}")).collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let row = cells.iter().map(Cell::text).collect();
        let file = table(&heads, [row]).unwrap();
        prop_assert!(file.ends_with(b"\r\n"));
        let mut reader = ::csv::Reader::from_reader(file.as_slice());
        let read = reader.records().next().unwrap().unwrap();
        for (wrote, read) in cells.iter().zip(read.iter()) {
            prop_assert!(!read.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠']), "{read:?}");
            prop_assert!(read == wrote || read.strip_prefix('\'') == Some(wrote), "{read:?} for {wrote:?}");
            prop_assert_eq!(guarded(wrote), read);
        }
    }

    #[test]
    fn figures_read_back_to_the_amounts_they_were_made_of(amount: i64, exponent in 0_u32..5) {
        prop_assert_eq!(minor(&plain_decimal(amount, exponent)), amount);
        let read = figure(amount, exponent).replace(',', "").replace('−', "-");
        prop_assert_eq!(read, plain_decimal(amount, exponent));
    }

    #[test]
    fn no_name_stops_the_pdf(name in "\\PC{0,60}", other in any::<String>()) {
        let mut document = statement(vec![Line { customer: name.clone(), offering: other.clone(), ..line() }]);
        document.partner.legal_name = name;
        document.partner.address = vec![other.clone(); 9];
        document.vendor.name = other;
        prop_assert!(pdf::statement(&document).is_ok());
    }
}

#[test]
fn numbers_stay_numbers_and_nothing_else_passes_for_one() {
    let cells = vec![
        Cell::minor(-1250, 2),
        Cell::number(7),
        Cell::Number("-1+2".into()),
        Cell::Number("=1".into()),
        Cell::text("-12.50"),
        Cell::text("a, \"b\""),
    ];
    let file = table(&["a", "b", "c", "d", "e", "f"], [cells]).unwrap();
    let text = String::from_utf8(file).unwrap();
    assert_eq!(
        text,
        "a,b,c,d,e,f\r\n-12.50,7,'-1+2,'=1,'-12.50,\"a, \"\"b\"\"\"\r\n"
    );
    assert!(table(&["a", "b"], [vec![Cell::text("only one")]]).is_err());
}

#[test]
fn the_csv_has_one_row_for_each_line_and_no_total() {
    let document = mixed();
    let rows = csv_rows(&csv::statement(&document).unwrap());
    assert_eq!(rows.len(), document.lines.len());
    let last = &rows[10];
    assert_eq!(last.len(), STATEMENT_COLUMNS.len());
    for (column, value) in [
        ("Statement", "NW-2026-10-0042"),
        ("Line", "11"),
        ("Block", "reversed"),
        ("Customer", "Ελληνικά Κτήματα"),
        ("Service from", "2026-09-01"),
        ("Service to", "2026-09-30"),
        ("Base", "-133.33"),
        ("Rate %", "20.00"),
        ("Exact numerator", "-133330"),
        ("Exact denominator", "50"),
        ("Amount", "-26.67"),
        ("Reverses statement", "NW-2026-09-0041"),
    ] {
        assert_eq!(last[column], value, "{column}");
    }
    assert_eq!(rows[0]["Reason"], "");
}

#[test]
fn what_was_given_by_hand_stands_in_a_block_of_its_own() {
    let document = statement(vec![line(), adjustment()]);
    assert_eq!(document.check(), Vec::<String>::new());
    assert_eq!(
        (document.earned_minor, document.extra_minor),
        (9_600, 25_000)
    );
    let rows = csv_rows(&csv::statement(&document).unwrap());
    for (column, value) in [
        ("Block", "extra"),
        ("Kind", "adjustment"),
        ("Customer", ""),
        ("Invoice line", ""),
        ("Clause", ""),
        ("Amount", "250.00"),
    ] {
        assert_eq!(rows[1][column], value, "{column}");
    }
    let labels = mail_summary(&document).rows;
    assert_eq!(
        (labels.len(), labels[3].label.as_str()),
        (7, "Bonuses, steps and adjustments")
    );
    let text = words(&document);
    for said in [
        "Bonuses, steps and adjustments",
        "Goodwill: the migration took",
        "346.00",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let plain = statement(vec![line()]);
    assert!(!plain.canonical_json().contains("extra_minor"));
    assert_eq!(mail_summary(&plain).rows.len(), 6);
}

#[test]
fn the_json_is_the_canonical_content_with_its_hash() {
    let document = mixed();
    let mut content: serde_json::Value =
        serde_json::from_slice(&json::statement(&document)).unwrap();
    let hash = content.as_object_mut().unwrap().remove("sha256").unwrap();
    assert_eq!(hash, document.sha256_hex());
    assert_eq!(content, document.content());
}

#[test]
fn the_same_statement_gives_the_same_bytes() {
    let document = mixed();
    let again = StatementDocument::from_canonical(&document.canonical_json()).unwrap();
    assert_eq!(
        pdf::statement(&document).unwrap(),
        pdf::statement(&again).unwrap()
    );
    assert_eq!(
        csv::statement(&document).unwrap(),
        csv::statement(&again).unwrap()
    );
    assert_eq!(json::statement(&document), json::statement(&again));
}

#[test]
fn the_pdf_carries_everything_a_bookkeeper_asks_for() {
    let document = mixed();
    let text = words(&document);
    for said in [
        "Northwind Cloud GmbH",
        "Alpine IT Services s.r.o.",
        "Křižíkova 148/34",
        "Ελληνικά Κτήματα",
        "Завод «Прогресс»",
        "NW-2026-10-0042",
        "1–31 Oct 2026, Europe/Berlin",
        "EUR 272.06 is to be paid on 15 Nov 2026.",
        "Held, not yet payable: EUR 5,104.90, maturing 1–30 Nov 2026.",
        "The next payment date is 15 Dec 2026.",
        "15 Jun – 14 Jul 2026",
        "To query a line, give Northwind Cloud",
        &document.sha256_hex(),
        "Page 1 of 2",
        "Page 2 of 2",
        "Recurring 2026, version 3, clause 2: 12.5 % of net cash received",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
}

#[test]
fn letters_that_the_typeface_has_not_are_said_to_be_missing_and_still_found() {
    let mut document = statement(vec![Line {
        customer: "株式会社あさひ".into(),
        ..line()
    }]);
    assert!(!words(&mixed()).contains("□ stands for"));
    let text = words(&document);
    assert!(text.contains("stands for a character"), "{text}");
    for name in [
        "מלון אדלר 12",
        "فندق الربيع",
        "Cafe\u{301}",
        "👩‍💻",
        "\u{202e}gnp.exe",
        "a\tb\r\nc\0",
        "Cena 5 € £ ¥ ₹",
    ] {
        document.lines[0].customer = name.into();
        document.vendor.name = name.into();
        assert!(pdf::statement(&document).is_ok(), "{name:?}");
    }
}

#[test]
fn totals_stand_with_a_line_and_every_sheet_has_its_head() {
    for count in [1, 8, 9, 10, 11, 23, 24, 25, 26, 27, 28, 60] {
        let mut document = many(count);
        document.lines.extend([late(), reversal()]);
        settle(&mut document);
        let file = pdf::statement(&document).unwrap();
        let pages = pdf_extract::extract_text_from_mem_by_pages(&file).unwrap();
        for (n, page) in pages.iter().enumerate() {
            assert!(
                page.contains(&format!("Page {} of {}", n + 1, pages.len())),
                "{page}"
            );
            let sums = page.contains("All lines") || page.contains("Carried forward");
            if sums || page.contains("Brought forward") {
                assert!(page.contains("Service period"), "no head: {page}");
                assert!(page.contains("Invoice 2026-"), "a total alone: {page}");
            }
        }
    }
}

#[test]
fn two_thousand_lines_take_a_bearable_time() {
    let document = many(2000);
    let took = (0..3).map(|_| {
        let start = Instant::now();
        assert!(pdf::statement(&document).is_ok());
        start.elapsed()
    });
    let best = took.min().unwrap();
    // About one second in a debug build on an idle core; the bound leaves room for a busy machine.
    assert!(best < Duration::from_secs(15), "{best:?}");
}

#[test]
fn the_mail_names_the_three_largest_lines() {
    let summary = mail_summary(&mixed());
    assert_eq!(summary.total, "EUR 272.06");
    assert_eq!(summary.rows[4].label, "To be paid 15 Nov 2026");
    assert_eq!(summary.largest.len(), 3);
    assert_eq!(
        summary.largest[0],
        "Pekařství U Zlatého rohlíku, Mail Shield, 15 Jun – 14 Jul 2026, posted late: EUR 50.00"
    );
    let negative = mail_summary(&statement(vec![reversal()]));
    assert_eq!(negative.total, "EUR −26.67");
    assert_eq!(
        negative.largest,
        ["Ελληνικά Κτήματα, Backup Pro, 1–30 Sep 2026, reversed: EUR −26.67"]
    );
}
