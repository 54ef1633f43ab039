//! Statement, lines, ledger, page, PDF, CSV, JSON and mail, read as a stranger would read them.
use std::collections::HashMap;

use perennial::{
    documents::{csv, json, pdf},
    domain::statement_document::{Block, StatementDocument},
    store::incentivize::statements::Statement,
};

use super::Demo;

/// Every so many statements the PDF is read too: reading one takes far longer than making it.
const PDF_EVERY: usize = 6;

/// The letters, and what the ledger holds of each statement, by the statement's number.
struct Outside {
    ledger: HashMap<i64, i64>,
    letters: HashMap<i64, Vec<String>>,
}

/// Fails unless every statement of the demo has one total, wherever it stands.
pub fn agree(demo: &Demo) {
    let (statements, outside) = (demo.statements(), outside(demo));
    let mut read = 0;
    for (place, (stored, document)) in statements.iter().enumerate() {
        let name = &stored.number;
        assert_eq!(document.check(), Vec::<String>::new(), "{name}");
        assert_eq!(stored.sha256, document.sha256_hex(), "{name}");
        let lines: i64 = document.lines.iter().map(|line| line.amount_minor).sum();
        let ledger = outside
            .ledger
            .get(&stored.id.number())
            .copied()
            .unwrap_or_default();
        assert_eq!(
            (lines, ledger),
            (stored.lines_minor, stored.lines_minor),
            "{name}"
        );
        assert_eq!(
            stored.closing_minor,
            stored.opening_minor + lines - stored.payout_minor,
            "{name}"
        );
        assert_eq!(in_csv(document), lines, "{name}");
        in_json(stored, document);
        in_mail(stored, document, outside.letters.get(&stored.id.number()));
        if place % PDF_EVERY == 0 && !document.lines.is_empty() {
            in_pdf(stored, document);
            read += 1;
        }
    }
    assert!(
        statements.len() > 250 && read >= 40,
        "{} statements, {read} read as PDF",
        statements.len()
    );
}

fn outside(demo: &Demo) -> Outside {
    let sums = demo.ask(
        "SELECT CAST(statement_id AS TEXT) || ' ' || CAST(SUM(COALESCE(payable_minor, amount_minor)) AS TEXT) AS value
         FROM statement_lines JOIN commission_entries ON commission_entries.id = statement_lines.commission_entry_id
         LEFT JOIN conversions ON conversions.commission_entry_id = commission_entries.id
         GROUP BY statement_id",
    );
    let ledger = sums.iter().map(|row| row.split_once(' ').unwrap());
    let mut letters: HashMap<i64, Vec<String>> = HashMap::new();
    let mails = demo.ask("SELECT CAST(subject_id AS TEXT) || ' ' || body AS value FROM mails WHERE kind = 'statement'");
    for mail in mails {
        let (statement, body) = mail.split_once(' ').unwrap();
        letters
            .entry(statement.parse().unwrap())
            .or_default()
            .push(body.to_owned());
    }
    Outside {
        ledger: ledger
            .map(|(id, sum)| (id.parse().unwrap(), sum.parse().unwrap()))
            .collect(),
        letters,
    }
}

fn in_csv(document: &StatementDocument) -> i64 {
    let file = csv::statement(document).unwrap();
    let mut rows = ::csv::Reader::from_reader(&file[..]);
    let amounts = rows.deserialize().map(|row| {
        let row: HashMap<String, String> = row.unwrap();
        assert_eq!(row["Statement"], document.number);
        minor(&row["Amount"], document.exponent)
    });
    amounts.sum()
}

fn in_json(stored: &Statement, document: &StatementDocument) {
    let content: serde_json::Value = serde_json::from_slice(&json::statement(document)).unwrap();
    let lines = content["lines"].as_array().unwrap().iter();
    let sum: i64 = lines
        .map(|line| line["amount_minor"].as_i64().unwrap())
        .sum();
    let stated = |field: &str| content[field].as_i64().unwrap();
    assert_eq!(sum, stored.lines_minor, "{}", stored.number);
    assert_eq!(
        (
            stated("opening_minor"),
            stated("payout_minor"),
            stated("closing_minor")
        ),
        (
            stored.opening_minor,
            stored.payout_minor,
            stored.closing_minor
        )
    );
    assert_eq!(content["sha256"], stored.sha256);
}

/// The six figures of the letter add up to the stored statement; a statement without lines has none.
fn in_mail(stored: &Statement, document: &StatementDocument, letters: Option<&Vec<String>>) {
    let name = &stored.number;
    let Some(letters) = letters else {
        assert!(document.lines.is_empty(), "{name} was not mailed");
        return;
    };
    let [body] = &letters[..] else {
        panic!("{name} was mailed {} times", letters.len())
    };
    let rows: HashMap<&str, i64> = body
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(_, figure)| figure.starts_with(|c: char| c == '−' || c.is_ascii_digit()))
        .map(|(label, figure)| (label, minor(figure, document.exponent)))
        .collect();
    let row = |label: &str| {
        rows.get(label)
            .copied()
            .unwrap_or_else(|| panic!("{name}: no {label} in\n{body}"))
    };
    let paid = rows
        .iter()
        .find(|(label, _)| label.starts_with("To be paid"))
        .map(|(_, paid)| *paid);
    assert_eq!(
        row("Earned")
            + row("Posted late")
            + rows.get(Block::Extra.title()).copied().unwrap_or_default()
            + row("Reversed"),
        stored.lines_minor,
        "{name}"
    );
    assert_eq!(
        (row("Opening balance"), row("Closing balance")),
        (stored.opening_minor, stored.closing_minor),
        "{name}"
    );
    assert_eq!(paid, Some(stored.payable_minor()), "{name}");
    let total = if stored.payout_minor == 0 {
        stored.closing_minor
    } else {
        stored.payable_minor()
    };
    assert!(body.contains(&spoken(total, document)), "{name}");
}

/// Every amount and every total is printed.
fn in_pdf(stored: &Statement, document: &StatementDocument) {
    let file = pdf::statement(document).unwrap();
    let text = pdf_extract::extract_text_from_mem(&file)
        .unwrap()
        .replace('\u{a0}', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    // A block of bonuses is shown only where there are any.
    let blocks = Block::ALL
        .into_iter()
        .map(|block| (block, document.stated_total(block)))
        .filter(|(block, total)| *block != Block::Extra || *total != 0)
        .map(|(_, total)| total);
    let sums = [
        stored.opening_minor,
        stored.payout_minor,
        stored.closing_minor,
    ];
    let taxed = document.tax.as_ref().map(|tax| tax.payable_minor);
    let mut wanted: HashMap<String, usize> = HashMap::new();
    for amount in document
        .lines
        .iter()
        .map(|line| line.amount_minor)
        .chain(blocks)
        .chain(sums)
        .chain(taxed)
    {
        *wanted.entry(spoken(amount, document)).or_default() += 1;
    }
    for (amount, times) in wanted {
        let found = words.iter().filter(|word| **word == amount).count();
        assert!(
            found >= times,
            "{}: {amount} stands {found} times, not {times}, in\n{text}",
            stored.number
        );
    }
    assert!(text.contains(&stored.number));
}

/// Minor units of "1,234.50", "-0.07" or "−1,005".
fn minor(figure: &str, exponent: u32) -> i64 {
    let places = usize::try_from(exponent).unwrap();
    let figure = figure.trim().replace('−', "-").replace(',', "");
    let part = figure.split_once('.').map_or("", |(_, part)| part);
    assert_eq!(part.len(), places, "{figure}");
    figure.replace('.', "").parse().unwrap()
}

/// Minor units as they are read, spelled here once more.
fn spoken(minor: i64, document: &StatementDocument) -> String {
    let places = usize::try_from(document.exponent).unwrap();
    let digits = format!("{:0>1$}", minor.unsigned_abs(), places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let groups: Vec<&str> = whole
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|three| std::str::from_utf8(three).unwrap())
        .collect();
    let sign = if minor < 0 { "−" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", groups.join(","))
}
