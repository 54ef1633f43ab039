//! CSV files: RFC 4180, CRLF, UTF-8, and no cell that opens as a formula.

use crate::domain::statement_document::{Line, StatementDocument, plain_decimal};
use std::borrow::Cow;

/// What a cell holds decides how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Anything people typed: written through [`guarded`].
    Text(String),
    /// A plain decimal such as "-12.50", written as it is; anything that is
    /// not one is written as text.
    Number(String),
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number cell of a whole number or a decimal already spelled.
    pub fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    /// A number cell of minor units of a currency with `exponent` decimals.
    pub fn minor(minor: i64, exponent: u32) -> Self {
        Self::Number(plain_decimal(minor, exponent))
    }

    fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Number(number) if is_decimal(number) => Cow::Borrowed(number),
            Self::Number(other) | Self::Text(other) => guarded(other),
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let magnitude = text.strip_prefix('-').unwrap_or(text);
    match magnitude.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(magnitude),
    }
}

/// Text as it may stand in a cell: with an apostrophe before it where a
/// spreadsheet would otherwise run it as a formula, that is, where it starts
/// with `=`, `+`, `-`, `@`, their full-width forms, a tab, a line break or NUL.
pub fn guarded(text: &str) -> Cow<'_, str> {
    let starts_formula = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠',
    ]);
    if starts_formula {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A file of one header row and these rows.
///
/// # Errors
/// When a row has not as many cells as the header.
pub fn table<I>(headers: &[&str], rows: I) -> anyhow::Result<Vec<u8>>
where
    I: IntoIterator<Item = Vec<Cell>>,
{
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(headers)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| cell.written().into_owned()))?;
    }
    Ok(writer.into_inner()?)
}

/// The columns of [`statement`], in order.
///
/// * Statement, Version, Period, Currency: repeated on every row, so that rows
///   of several statements can be put below each other.
/// * Block: `earned`, `posted_late`, `extra` or `reversed`. Kind: `earned`, `reversal`, `cap`,
///   `adjustment`, or one of the rewards; Note says why one is there that no clause explains.
///   Invoice, phase and service are empty where it follows none. Phase: `first`, `recurring`
///   or `renewal`.
/// * Service from and Service to are both days of the service period.
/// * Base and Amount are decimals of the currency, signed. Rate % is in
///   percent. Amount = Base × Rate % × Share numerator / Share denominator,
///   rounded once for the invoice; the exact amount before that is Exact
///   numerator / Exact denominator in minor units. A line that is paid by the
///   unit has no Rate %: Amount per unit × Units take its place. Where several earn on it, Part
///   says what this partner gets of that.
/// * The columns that begin with Statement say what the whole statement pays, the same in every
///   row: net + tax - withheld = payable. Statement VAT is `none`, `charged`, `self_billed` or
///   `reverse_charge`, and empty where no tax is settled.
/// * A line that was earned in another currency says in which, what it came to there, and the rate
///   with its day and source; Base, Amount per unit and the exact amount are in that currency then,
///   and Amount = Earned amount × Exchange rate.
/// * Dates are ISO 8601. An empty cell means that there is none.
pub const STATEMENT_COLUMNS: [&str; 49] = [
    "Statement",
    "Version",
    "Period",
    "Currency",
    "Line",
    "Block",
    "Entry",
    "Customer",
    "Offering",
    "Plan",
    "Subscription",
    "Phase",
    "Earned in",
    "Service from",
    "Service to",
    "Invoice",
    "Invoice line",
    "Paid on",
    "Held until",
    "Tier",
    "Base",
    "Rate %",
    "Share numerator",
    "Share denominator",
    "Exact numerator",
    "Exact denominator",
    "Amount",
    "Commission plan",
    "Clause",
    "Reason",
    "Reverses entry",
    "Reverses statement",
    "Amount per unit",
    "Units",
    "Kind",
    "Note",
    "Part",
    "Statement net",
    "Statement VAT",
    "Statement VAT %",
    "Statement tax",
    "Statement withheld %",
    "Statement withheld",
    "Statement payable",
    "Earned currency",
    "Earned amount",
    "Exchange rate",
    "Rate of",
    "Rate source",
];

/// One row per line with [`STATEMENT_COLUMNS`] and no total row: the column
/// Amount adds up to the statement's lines.
///
/// # Errors
/// None in practice: the file is written in memory.
pub fn statement(document: &StatementDocument) -> anyhow::Result<Vec<u8>> {
    let rows = document.lines.iter().map(|line| row(document, line));
    table(&STATEMENT_COLUMNS, rows)
}

fn row(document: &StatementDocument, line: &Line) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(&document.number),
        Cell::number(document.version),
        Cell::text(&document.period),
        Cell::text(&document.currency),
        Cell::number(line.seq),
        Cell::text(line.block.code()),
    ];
    cells.extend(service(line));
    cells.extend(source(line));
    cells.extend(amounts(document, line));
    cells.extend(grounds(line));
    cells.extend(units(document, line));
    cells.extend(kind(line));
    cells.push(Cell::text(line.whose().words()));
    cells.extend(paid(document));
    cells.extend(converted(line));
    cells
}

/// What the whole statement pays, the same in every row.
fn paid(document: &StatementDocument) -> [Cell; 7] {
    let amount = |minor| Cell::minor(minor, document.exponent);
    let tax = document.tax.as_ref();
    let rate = |bps: i32| Cell::minor(i64::from(bps), 2);
    [
        amount(document.payout_minor),
        optional(tax.map(|tax| tax.treatment.as_str())),
        tax.map_or_else(|| optional(None), |tax| rate(tax.rate_bps)),
        tax.map_or_else(|| optional(None), |tax| amount(tax.tax_minor)),
        tax.map_or_else(|| optional(None), |tax| rate(tax.withheld_bps)),
        tax.map_or_else(|| optional(None), |tax| amount(tax.withheld_minor)),
        amount(document.payable_minor()),
    ]
}

/// How the line was converted, where it was.
fn converted(line: &Line) -> [Cell; 5] {
    match &line.converted {
        Some(other) => [
            Cell::text(&other.currency),
            Cell::minor(other.amount_minor, other.exponent),
            Cell::number(&other.rate),
            Cell::text(other.rated_on.to_string()),
            Cell::text(&other.source),
        ],
        None => std::array::from_fn(|_| optional(None)),
    }
}

fn service(line: &Line) -> [Cell; 9] {
    let last = line.service_to.pred_opt().unwrap_or(line.service_to);
    [
        Cell::text(&line.entry),
        Cell::text(&line.customer),
        Cell::text(&line.offering),
        Cell::text(&line.plan),
        Cell::text(&line.subscription),
        match line.invoice_line {
            0 => optional(None),
            _ => Cell::text(line.phase.code()),
        },
        Cell::text(&line.earned_period),
        Cell::text(line.service_from.to_string()),
        Cell::text(last.to_string()),
    ]
}

fn source(line: &Line) -> [Cell; 5] {
    [
        Cell::text(&line.invoice_number),
        match line.invoice_line {
            0 => optional(None),
            place => Cell::number(place),
        },
        Cell::text(line.paid_on.to_string()),
        Cell::text(line.held_until.to_string()),
        optional(line.tier.as_deref()),
    ]
}

fn amounts(document: &StatementDocument, line: &Line) -> [Cell; 7] {
    let (num, den) = line.exact.split_once('/').unwrap_or((&line.exact, ""));
    [
        Cell::minor(line.base_minor, document.earned_exponent(line)),
        match line.per_unit {
            Some(_) => optional(None),
            None => Cell::minor(i64::from(line.rate_bps), 2),
        },
        Cell::number(line.share_num),
        Cell::number(line.share_den),
        Cell::number(num),
        Cell::number(den),
        Cell::minor(line.amount_minor, document.exponent),
    ]
}

fn grounds(line: &Line) -> [Cell; 5] {
    let reverses = line.reverses.as_ref();
    [
        Cell::text(&line.plan_version),
        match line.clause_number {
            0 => optional(None),
            number => Cell::text(format!("{number}. {}", line.clause)),
        },
        optional(line.reason.as_deref()),
        optional(reverses.map(|r| r.entry.as_str())),
        optional(reverses.and_then(|r| r.statement_number.as_deref())),
    ]
}

fn units(document: &StatementDocument, line: &Line) -> [Cell; 2] {
    match line.per_unit {
        Some(one) => [
            Cell::minor(one.minor, document.earned_exponent(line)),
            Cell::number(one.units),
        ],
        None => [optional(None), optional(None)],
    }
}

fn kind(line: &Line) -> [Cell; 2] {
    let usual = match line.reverses {
        Some(_) => "reversal",
        None => "earned",
    };
    let kind = match line.kind.as_str() {
        "" => usual,
        kind => kind,
    };
    [Cell::text(kind), Cell::text(&line.note)]
}

fn optional(text: Option<&str>) -> Cell {
    Cell::text(text.unwrap_or_default())
}
