//! The lines: a table over as many sheets as it needs, whose head is repeated,
//! whose sum is carried from sheet to sheet, and whose totals never stand alone.

use super::front;
use super::sheet::{BOTTOM, Ink, Kind, LEFT, Place, RIGHT, Sheets, Style, bold, soft, text};
use crate::domain::{
    counted,
    statement_document::{Block, Line, StatementDocument, month_short, service_words},
};
use anyhow::Context;

/// A column: its head, left and right edge, and whether it is set to the right.
type Column = (&'static str, f32, f32, bool);

const NUMBER: Column = ("Line", LEFT, LEFT + 20.0, true);
const CUSTOMER: Column = ("Customer", 75.0, 183.0, false);
const SERVICE: Column = ("Service", 190.0, 268.0, false);
const DAYS: Column = ("Service period", 275.0, 355.0, false);
const EARNED: Column = ("Earned in", 359.0, 398.0, false);
const BASE: Column = ("Base", 400.0, 452.0, true);
const RATE: Column = ("Rate", 454.0, 484.0, true);
const AMOUNT: Column = ("Amount", 486.0, RIGHT, true);
const COLUMNS: [Column; 8] = [NUMBER, CUSTOMER, SERVICE, DAYS, EARNED, BASE, RATE, AMOUNT];

const BODY: Style = text(7.8);
const TRACE: Style = soft(6.5);
const LEAD: f32 = 9.6;
const TRACE_LEAD: f32 = 8.1;
/// Height of the row that carries the sum to the next sheet.
const CARRY: f32 = 16.0;

/// A row of the table, measured.
enum Row<'a> {
    Head(Block),
    Line(Set<'a>),
    Total(String, i64),
    All(i64),
}

/// A line, broken to its columns.
struct Set<'a> {
    line: &'a Line,
    customer: Vec<String>,
    service: Vec<String>,
    trace: Vec<String>,
}

impl Row<'_> {
    fn height(&self) -> f32 {
        match self {
            Self::Head(_) => 22.0,
            Self::Line(set) => set.height(),
            Self::Total(..) => 17.0,
            Self::All(_) => 20.0,
        }
    }
}

impl Set<'_> {
    fn first_part(&self) -> f32 {
        4.5 + tall(&self.customer, LEAD).max(tall(&self.service, LEAD))
    }

    fn height(&self) -> f32 {
        self.first_part() + tall(&self.trace, TRACE_LEAD) + 5.8
    }
}

fn tall(lines: &[String], lead: f32) -> f32 {
    lines.iter().map(|_| lead).sum()
}

/// Sets the table.
///
/// # Errors
/// When the lines add up to more than an amount can hold.
pub(super) fn set(sheets: &mut Sheets, document: &StatementDocument) -> anyhow::Result<()> {
    let mut ledger = Ledger {
        table: sheets.part(Kind::Table, None),
        carried: 0,
        sheets,
        document,
    };
    ledger.head(true);
    if document.lines.is_empty() {
        ledger.nothing();
    }
    let mut kept: Vec<Row<'_>> = Vec::new();
    let last = document.lines.last().map(|line| line.seq);
    for block in Block::ALL {
        let lines: Vec<&Line> = document.block(block).collect();
        for (n, line) in lines.iter().enumerate() {
            if n == 0 {
                kept.push(Row::Head(block));
            }
            kept.push(Row::Line(ledger.measured(line)));
            if n + 1 == lines.len() {
                kept.extend(totals(document, block, lines.len()));
                if last == Some(line.seq) {
                    kept.push(Row::All(all(document)?));
                }
            }
            ledger.keep(std::mem::take(&mut kept))?;
        }
    }
    Ok(())
}

fn all(document: &StatementDocument) -> anyhow::Result<i64> {
    document
        .lines_total()
        .context("the lines add up to more than an amount can hold")
}

fn totals(document: &StatementDocument, block: Block, lines: usize) -> [Row<'static>; 1] {
    let count = counted(lines, "line", "lines");
    let label = format!("{}, {count}", block.title());
    [Row::Total(label, document.stated_total(block))]
}

struct Ledger<'s, 'd> {
    sheets: &'s mut Sheets,
    document: &'d StatementDocument,
    table: Place,
    carried: i64,
}

impl<'d> Ledger<'_, 'd> {
    fn measured(&self, line: &'d Line) -> Set<'d> {
        let sold = match line.subscription.as_str() {
            "" => String::new(),
            sold => format!(", subscription {sold}"),
        };
        let trace = format!(
            "{} Entry {}{sold}.",
            self.document.explanation(line),
            line.entry,
        );
        let wrap = |words: &str, style, column: Column, most| {
            self.sheets.wrap(words, style, column.2 - column.1, most)
        };
        // How a line was converted takes a line or two of its own.
        let most = if line.converted.is_some() { 7 } else { 5 };
        Set {
            line,
            customer: wrap(line.about(), BODY, CUSTOMER, 2),
            service: wrap(&line.service(), BODY, SERVICE, 2),
            trace: self
                .sheets
                .wrap(&glued(&trace), TRACE, RATE.2 - CUSTOMER.1, most),
        }
    }

    /// Sets rows on one sheet, the next where this one is too short.
    fn keep(&mut self, rows: Vec<Row<'d>>) -> anyhow::Result<()> {
        let height: f32 = rows.iter().map(Row::height).sum();
        if self.sheets.y + height > BOTTOM - CARRY {
            self.carry("Carried forward");
            front::turn(self.sheets, self.document);
            self.head(false);
            self.carry("Brought forward");
        }
        for row in rows {
            let height = row.height();
            match row {
                Row::Head(block) => self.block(block),
                Row::Line(set) => self.line(&set)?,
                Row::Total(label, minor) => self.total(&label, minor),
                Row::All(minor) => self.all(minor),
            }
            self.sheets.y += height;
        }
        Ok(())
    }

    /// The heads of the columns; read aloud only the first time.
    fn head(&mut self, first: bool) {
        let y = self.sheets.y;
        let row = if first {
            self.sheets.part(Kind::Row, self.table)
        } else {
            None
        };
        for (head, left, right, to_right) in COLUMNS {
            let cell = if first {
                self.sheets.part(Kind::ColumnHead, row)
            } else {
                None
            };
            if to_right {
                self.sheets.right((right, y + 8.0), soft(7.0), head, cell);
            } else {
                self.sheets.left((left, y + 8.0), soft(7.0), head, cell);
            }
        }
        self.sheets.rule(y + 13.0, 0.9, Ink::Text);
        self.sheets.y += 13.5;
    }

    fn nothing(&mut self) {
        let place = self.sheets.part(Kind::Paragraph, None);
        let y = self.sheets.y;
        self.sheets.left(
            (CUSTOMER.1, y + 14.0),
            BODY,
            "No lines in this period.",
            place,
        );
        self.sheets.rule(y + 22.0, 0.45, Ink::Rule);
        self.sheets.y += 24.0;
    }

    fn block(&mut self, block: Block) {
        let y = self.sheets.y + 15.0;
        let row = self.sheets.part(Kind::Row, self.table);
        let cell = self.sheets.part(Kind::RowHead, row);
        self.sheets.left((LEFT, y), bold(8.8), block.title(), cell);
        let width = self.sheets.face(bold(8.8)).width(block.title(), 8.8);
        let note = match block {
            Block::Earned => "",
            Block::PostedLate => "known only after the month they belong to was closed",
            Block::Extra => "beside what customers’ payments earn",
            Block::Reversed => "taken back by a refund, a credit or a correction",
        };
        self.sheets
            .left((LEFT + width + 7.0, y), soft(7.2), note, cell);
    }

    fn line(&mut self, set: &Set<'_>) -> anyhow::Result<()> {
        let line = set.line;
        let row = self.sheets.part(Kind::Row, self.table);
        let top = self.sheets.y;
        let y = top + 11.5;
        self.right_cell(NUMBER, y, (&line.seq.to_string(), soft(7.0)), row);
        self.left_cell(CUSTOMER, y, &set.customer, row);
        self.left_cell(SERVICE, y, &set.service, row);
        let days = service_words(line.service_from, line.service_to);
        self.fitted(DAYS, y, &days, row);
        self.fitted(EARNED, y, &month_short(&line.earned_period), row);
        self.right_cell(BASE, y, (&self.document.base_words(line), BODY), row);
        self.right_cell(RATE, y, (&self.document.rate_words(line), BODY), row);
        self.right_cell(
            AMOUNT,
            y,
            (&self.document.figure(line.amount_minor), BODY),
            row,
        );
        let cell = self.sheets.part(Kind::Cell, row);
        let traced = top + set.first_part() + 7.2;
        self.sheets
            .stack((CUSTOMER.1, traced, TRACE_LEAD), TRACE, &set.trace, cell);
        let end = top + set.height();
        self.sheets
            .rule_between(CUSTOMER.1, RIGHT, (end, 0.35), Ink::Rule);
        let sum = self.carried.checked_add(line.amount_minor);
        self.carried = sum.context("the lines add up to more than an amount can hold")?;
        Ok(())
    }

    fn total(&mut self, label: &str, minor: i64) {
        let y = self.sheets.y + 12.0;
        self.sum((label, minor), y, bold(7.8), true);
    }

    fn all(&mut self, minor: i64) {
        let top = self.sheets.y;
        self.sheets.rule(top + 3.0, 0.45, Ink::Text);
        self.sum(("All lines", minor), top + 14.0, bold(8.8), true);
        self.sheets.rule(top + 19.5, 0.9, Ink::Text);
    }

    /// The sum of the lines so far, at the end of a sheet and on top of the next.
    fn carry(&mut self, label: &str) {
        let top = self.sheets.y;
        self.sum((label, self.carried), top + 10.5, soft(7.5), false);
        self.sheets.rule(top + 15.0, 0.35, Ink::Rule);
        self.sheets.y += CARRY;
    }

    fn sum(&mut self, sum: (&str, i64), y: f32, style: Style, read: bool) {
        let row = if read {
            self.sheets.part(Kind::Row, self.table)
        } else {
            None
        };
        let head = row.and_then(|_| self.sheets.part(Kind::RowHead, row));
        let cell = row.and_then(|_| self.sheets.part(Kind::Cell, row));
        let figure = self.document.figure(sum.1);
        self.sheets.left((CUSTOMER.1, y), style, sum.0, head);
        self.sheets
            .figure((RIGHT, y, RIGHT - BASE.1), style, &figure, cell);
    }

    fn left_cell(&mut self, column: Column, y: f32, lines: &[String], row: Place) {
        let cell = self.sheets.part(Kind::Cell, row);
        self.sheets.stack((column.1, y, LEAD), BODY, lines, cell);
    }

    fn fitted(&mut self, column: Column, y: f32, words: &str, row: Place) {
        let cell = self.sheets.part(Kind::Cell, row);
        let width = column.2 - column.1;
        let size = self.sheets.face(BODY).fitting(words, BODY.size, width);
        self.sheets
            .left((column.1, y), Style { size, ..BODY }, words, cell);
    }

    fn right_cell(&mut self, column: Column, y: f32, words: (&str, Style), row: Place) {
        let cell = self.sheets.part(Kind::Cell, row);
        let width = column.2 - column.1;
        self.sheets
            .figure((column.2, y, width), words.1, words.0, cell);
    }
}

/// Keeps a sum together where it would break before a sign.
fn glued(trace: &str) -> String {
    [" %", " ×", " ="]
        .iter()
        .fold(trace.to_owned(), |text, sign| {
            text.replace(sign, &sign.replace(' ', "\u{a0}"))
        })
}
