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
    /// Opening balance, earned, posted late, reversed, to be paid, closing balance.
    pub rows: [SummaryRow; 6],
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
        document.payout_minor
    };
    MailSummary {
        total: document.money(total),
        sentence: document.payout_sentence(),
        rows: rows(document),
        largest: largest(document),
        held: document.held_sentence(),
    }
}

/// The six figures of a statement in the order in which they add up.
pub(super) fn rows(document: &StatementDocument) -> [SummaryRow; 6] {
    let block = |block: Block| (block.title().to_owned(), document.stated_total(block));
    [
        ("Opening balance".into(), document.opening_minor),
        block(Block::Earned),
        block(Block::PostedLate),
        block(Block::Reversed),
        (document.payout_label(), document.payout_minor),
        ("Closing balance".into(), document.closing_minor),
    ]
    .map(|(label, minor)| SummaryRow {
        label,
        figure: document.figure(minor),
    })
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
    let verb = match line.block {
        Block::Earned => "",
        Block::PostedLate => ", posted late",
        Block::Reversed => ", reversed",
    };
    format!(
        "{}, {}, {}{verb}: {}",
        line.customer,
        line.offering,
        service_words(line.service_from, line.service_to),
        document.money(line.amount_minor)
    )
}
