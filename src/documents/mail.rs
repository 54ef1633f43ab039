//! What the mail says of a statement.

use crate::domain::statement_document::{Block, Line, StatementDocument, service_words};
use std::cmp::Reverse;

/// The body of a statement mail, without its frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSummary {
    /// The total shown large, with its currency: the payout, or, when nothing
    /// is paid, the balance carried forward.
    pub total: String,
    /// What becomes of the balance, in words.
    pub sentence: String,
    /// Opening balance, earned, posted late, bonuses and adjustments where there are any, reversed,
    /// to be paid, closing balance.
    pub rows: Vec<SummaryRow>,
    /// How that commission becomes what is transferred; empty where it is the same.
    pub payable: Vec<SummaryRow>,
    /// What is to be said of VAT and withholding; empty for nothing.
    pub tax: String,
    /// The up to three lines of the largest amounts, reversals included, in
    /// words; of equal amounts the earlier line first.
    pub largest: Vec<String>,
    /// The memo of what is held.
    pub held: String,
}

/// One row of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryRow {
    /// "Earned".
    pub label: String,
    /// "1,234.50", in the statement's currency.
    pub figure: String,
}

/// The summary of a statement for its mail; the figures are those of its strip.
pub fn mail_summary(document: &StatementDocument) -> MailSummary {
    let total = if document.payout_minor == 0 {
        document.closing_minor
    } else {
        document.payable_minor()
    };
    MailSummary {
        total: document.money(total),
        sentence: document.payout_sentence(),
        rows: rows(document),
        payable: payable(document),
        tax: document.tax_sentence(),
        largest: largest(document),
        held: document.held_sentence(),
    }
}

/// The figures of a statement in the order in which they add up; the last but one is paid out.
pub(super) fn rows(document: &StatementDocument) -> Vec<SummaryRow> {
    let shown = |block: &Block| *block != Block::Extra || document.block(*block).next().is_some();
    let blocks = Block::ALL.into_iter().filter(shown);
    let blocks = blocks.map(|block| (block.title().to_owned(), document.stated_total(block)));
    let opening = ("Opening balance".to_owned(), document.opening_minor);
    let rows = std::iter::once(opening).chain(blocks).chain([
        (document.payout_label(), document.payout_minor),
        ("Closing balance".to_owned(), document.closing_minor),
    ]);
    rows.map(|(label, minor)| SummaryRow {
        label,
        figure: document.figure(minor),
    })
    .collect()
}

/// The figures that lead from the commission paid out to what is transferred.
pub(super) fn payable(document: &StatementDocument) -> Vec<SummaryRow> {
    let rows = document.payable_rows().into_iter();
    rows.map(|(label, minor)| SummaryRow {
        label,
        figure: document.figure(minor),
    })
    .collect()
}

fn largest(document: &StatementDocument) -> Vec<String> {
    let mut lines: Vec<&Line> = document.lines.iter().collect();
    lines.sort_by_key(|line| (Reverse(line.amount_minor.unsigned_abs()), line.seq));
    lines
        .into_iter()
        .take(3)
        .map(|line| in_words(document, line))
        .collect()
}

fn in_words(document: &StatementDocument, line: &Line) -> String {
    let earned = document.converted_words(line);
    let earned = earned.map_or_else(String::new, |earned| format!(", {earned}"));
    let amount = format!("{}{earned}", document.money(line.amount_minor));
    if line.customer.is_empty() {
        return format!("{}: {amount}", line.about());
    }
    let verb = match line.block {
        Block::Earned | Block::Extra => "",
        Block::PostedLate => ", posted late",
        Block::Reversed => ", reversed",
    };
    let service = match line.kind.as_str() {
        "" => line.offering.clone(),
        _ => line.service(),
    };
    format!(
        "{}, {}, {}{verb}: {amount}",
        line.customer,
        service,
        service_words(line.service_from, line.service_to),
    )
}
