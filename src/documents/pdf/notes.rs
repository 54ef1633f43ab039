//! What stands after the lines, and at the foot of every sheet.

use super::front;
use super::sheet::{BOTTOM, Ink, Kind, LEFT, RIGHT, Sheets, Style, bold, soft, text};
use crate::domain::statement_document::StatementDocument;
use std::collections::BTreeSet;

const LEAD: f32 = 10.0;

/// Sets the clauses that the lines follow and how to read the statement.
pub(super) fn set(sheets: &mut Sheets, document: &StatementDocument) {
    sheets.y += 16.0;
    let clauses = clauses(document);
    if !clauses.is_empty() {
        paragraphs(sheets, document, "Clauses", &clauses);
    }
    let mut notes = vec![
        "Base is what was received for the service, before tax. Each amount is exact until it is rounded, once for the whole invoice and clause, half away from zero.".into(),
        format!("Days and months are those of {}. The page, CSV and JSON of this statement carry the same figures.", document.zone),
        format!("Checksum of the content, SHA-256: {}", document.sha256_hex()),
    ];
    if sheets.missing {
        notes.push("□ stands for a character that this document’s typeface has not; the page, CSV and JSON show it.".into());
    }
    paragraphs(sheets, document, "Notes", &notes);
}

fn clauses(document: &StatementDocument) -> Vec<String> {
    let used: BTreeSet<(&str, u32, &str)> = document
        .lines
        .iter()
        // What follows no clause, such as an adjustment, has its reason on its line.
        .filter(|line| line.clause_number > 0)
        .map(|line| {
            (
                line.plan_version.as_str(),
                line.clause_number,
                line.clause.as_str(),
            )
        })
        .collect();
    let sentence = |(plan, number, clause)| format!("{plan}, clause {number}: {clause}");
    used.into_iter().map(sentence).collect()
}

/// Sets a heading and its paragraphs; the heading stays with the first.
fn paragraphs(sheets: &mut Sheets, document: &StatementDocument, head: &str, all: &[String]) {
    let style: Style = text(7.5);
    for (n, words) in all.iter().enumerate() {
        let lines = sheets.wrap(words, style, RIGHT - LEFT, 8);
        let heading = if n == 0 { 14.0 } else { 0.0 };
        let height = lines.iter().map(|_| LEAD).sum::<f32>() + heading;
        if sheets.y + height > BOTTOM {
            front::turn(sheets, document);
            sheets.y += 6.0;
        }
        if n == 0 {
            let place = sheets.part(Kind::Heading, None);
            let y = sheets.y;
            sheets.left((LEFT, y + 8.0), bold(8.8), head, place);
        }
        let place = sheets.part(Kind::Paragraph, None);
        let y = sheets.y + heading + 8.0;
        sheets.stack((LEFT, y, LEAD), style, &lines, place);
        sheets.y += height + 1.5;
    }
    sheets.y += 9.0;
}

/// Sets the foot of every sheet, now that their number is known.
pub(super) fn set_feet(sheets: &mut Sheets, document: &StatementDocument) {
    let hash = document.sha256_hex();
    let short: String = hash.chars().take(16).collect();
    let what = format!(
        "Statement {}, version {}, checksum {short}",
        document.number, document.version
    );
    let query = format!(
        "To query a line, give {} the numbers of the statement and the line.",
        document.vendor.name
    );
    let pages = sheets.sheets.len();
    for n in 0..pages {
        sheets.current = n;
        let page = format!("Page {} of {pages}", n + 1);
        sheets.rule(BOTTOM + 12.0, 0.35, Ink::Rule);
        sheets.right((RIGHT, BOTTOM + 23.0), soft(7.0), &page, None);
        let query = sheets.face(soft(7.0)).cut(&query, 7.0, RIGHT - LEFT - 70.0);
        sheets.left((LEFT, BOTTOM + 23.0), soft(7.0), &query, None);
        sheets.left((LEFT, BOTTOM + 32.5), soft(7.0), &what, None);
    }
}
