//! The front of a statement: who, what for, and the figures that add up.

use super::sheet::{Ink, Kind, LEFT, Place, RIGHT, Sheets, Style, TOP, accent, bold, soft, text};
use crate::documents::SummaryRow;
use crate::documents::mail::{payable, rows};
use crate::domain::statement_document::{Party, StatementDocument, date_words};

/// Where the facts begin, and their values.
const FACTS: (f32, f32) = (318.0, 388.0);

/// Sets everything above the lines of the first sheet.
pub(super) fn set(sheets: &mut Sheets, document: &StatementDocument) {
    letterhead(sheets, document);
    let top = sheets.y;
    let partner = addressee(sheets, top, &document.partner);
    let facts = facts(sheets, top, document);
    sheets.y = partner.max(facts) + 14.0;
    strip(sheets, document);
    sentences(sheets, document);
    tax(sheets, document);
}

/// Begins another sheet with the line that says what it belongs to.
pub(super) fn turn(sheets: &mut Sheets, document: &StatementDocument) {
    sheets.turn();
    let names = format!("{} for {}", document.vendor.name, document.partner.name);
    let what = format!(
        "Statement {}, {}, {}",
        document.number,
        document.period_words(),
        document.currency
    );
    let taken = sheets.face(soft(7.5)).width(&what, 7.5);
    let names = sheets
        .face(bold(7.5))
        .cut(&names, 7.5, RIGHT - LEFT - taken - 16.0);
    sheets.left((LEFT, TOP), accent(7.5), &names, None);
    sheets.right((RIGHT, TOP), soft(7.5), &what, None);
    sheets.y = TOP + 16.0;
}

fn letterhead(sheets: &mut Sheets, document: &StatementDocument) {
    let vendor = &document.vendor;
    let place = sheets.part(Kind::Paragraph, None);
    let width = RIGHT - LEFT;
    let name = sheets.face(accent(12.0)).cut(&vendor.name, 12.0, width);
    sheets.left((LEFT, TOP), accent(12.0), &name, place);
    let mut whole = vec![vendor.legal_name.as_str()];
    whole.extend(vendor.address.iter().map(String::as_str));
    let whole = sheets.wrap(&whole.join(", "), soft(7.5), width, 2);
    sheets.stack((LEFT, TOP + 12.5, 9.5), soft(7.5), &whole, place);
    let below = TOP + 20.5 + if whole.len() > 1 { 9.5 } else { 0.0 };
    sheets.rule(below, 0.9, Ink::Accent);
    let title = sheets.part(Kind::Title, None);
    let words = format!("Statement for {}", document.period_words());
    sheets.left((LEFT, below + 32.0), bold(18.0), &words, title);
    sheets.y = below + 54.0;
}

fn addressee(sheets: &mut Sheets, top: f32, partner: &Party) -> f32 {
    let width = FACTS.0 - LEFT - 20.0;
    let place = sheets.part(Kind::Paragraph, None);
    sheets.left((LEFT, top), soft(7.5), "For", place);
    let name = sheets.wrap(&partner.legal_name, bold(9.5), width, 2);
    sheets.stack((LEFT, top + 13.0, 12.0), bold(9.5), &name, place);
    let mut y = top + 13.0 + below(&name, 12.0);
    let mut lines: Vec<&String> = partner.address.iter().take(6).collect();
    if partner.name != partner.legal_name {
        lines.insert(0, &partner.name);
    }
    for line in lines {
        let line = sheets.face(text(8.5)).cut(line, 8.5, width);
        sheets.left((LEFT, y), text(8.5), &line, place);
        y += 11.5;
    }
    y
}

/// Height of lines set `lead` apart.
fn below(lines: &[String], lead: f32) -> f32 {
    lines.iter().map(|_| lead).sum()
}

fn facts(sheets: &mut Sheets, top: f32, document: &StatementDocument) -> f32 {
    let plans = document.commission_plans.join("; ");
    let plans = if plans.is_empty() {
        "None".into()
    } else {
        plans
    };
    let mut number = document.number.clone();
    if document.version > 1 {
        number = format!("{number}, version {}", document.version);
    }
    let facts = [
        ("Statement", number),
        (
            "Period",
            format!("{}, {}", document.period_days_words(), document.zone),
        ),
        ("Closed", date_words(document.closed_on)),
        ("Currency", document.currency.clone()),
        ("Commission plan", plans),
    ];
    let mut y = top;
    for (label, value) in &facts {
        let place = sheets.part(Kind::Paragraph, None);
        sheets.left((FACTS.0, y), soft(7.5), label, place);
        let value = sheets.wrap(value, text(8.5), RIGHT - FACTS.1, 4);
        sheets.stack((FACTS.1, y, 11.0), text(8.5), &value, place);
        y += below(&value, 11.0) + 2.5;
    }
    y
}

/// The figures, with the signs by which they add up.
fn strip(sheets: &mut Sheets, document: &StatementDocument) {
    let rows = rows(document);
    let paid = rows.len().saturating_sub(2);
    let sign = |n| match n {
        0 => "",
        _ if n < paid => "+",
        _ if n == paid => "−",
        _ => "=",
    };
    figures(sheets, &rows, (paid, sign));
    sheets.y += 55.0;
}

/// How the commission becomes what is transferred, and why.
fn tax(sheets: &mut Sheets, document: &StatementDocument) {
    let rows = payable(document);
    if rows.is_empty() {
        return;
    }
    let last = rows.len() - 1;
    let sign = |n| match n {
        0 => "",
        _ if n == last => "=",
        _ => "+",
    };
    figures(sheets, &rows, (last, sign));
    sheets.y += 51.0;
    say(sheets, soft(8.0), &document.tax_sentence());
    sheets.y += 10.0;
}

/// Figures side by side, each after its sign; the one of the total is wider.
fn figures(
    sheets: &mut Sheets,
    rows: &[SummaryRow],
    (total, sign): (usize, impl Fn(usize) -> &'static str),
) {
    let top = sheets.y;
    sheets.rule(top, 0.9, Ink::Text);
    let table = sheets.part(Kind::Table, None);
    let heads = sheets.part(Kind::Row, table);
    let figures = sheets.part(Kind::Row, table);
    let usual = if rows.len() > 6 { 65.0 } else { 78.0 };
    let mut right = LEFT;
    for (n, row) in rows.iter().enumerate() {
        let (width, label, figure) = match n == total {
            true => (109.0, accent(7.0), accent(11.5)),
            false => (usual, soft(7.0), text(10.5)),
        };
        let y = top + 30.0;
        sheets.left((right + 5.0, y), soft(9.0), sign(n), None);
        right += width;
        let head = sheets.part(Kind::ColumnHead, heads);
        let cell = sheets.part(Kind::Cell, figures);
        sheets.figure((right, top + 14.0, width - 8.0), label, &row.label, head);
        sheets.figure((right, y, width - 17.0), figure, &row.figure, cell);
    }
    sheets.rule(top + 39.0, 0.45, Ink::Text);
}

fn sentences(sheets: &mut Sheets, document: &StatementDocument) {
    say(sheets, bold(9.0), &document.payout_sentence());
    let mut memo = document.held_sentence();
    if let Some(next) = document.next_payment_sentence() {
        memo = format!("{memo} {next}");
    }
    say(sheets, soft(8.0), &memo);
    sheets.y += 10.0;
}

fn say(sheets: &mut Sheets, style: Style, words: &str) {
    let place: Place = sheets.part(Kind::Paragraph, None);
    let lines = sheets.wrap(words, style, RIGHT - LEFT, 3);
    let y = sheets.y;
    sheets.stack((LEFT, y, 11.5), style, &lines, place);
    sheets.y += below(&lines, 11.5) + 1.0;
}
