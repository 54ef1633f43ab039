//! The journal of a month, for the vendor's own books.
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;

use super::{Parts, asked_month};
use crate::{
    Error, Result,
    documents::csv::{self, Cell},
    domain::{
        Money, Period, PeriodStatus,
        commission::EntryKind,
        journal::{AccountSum, Journal, by_account},
    },
    store::{
        Store, VendorScope,
        registers::{
            journal::{self, Booked},
            periods,
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, ledger::csv_file},
        filters,
        page::ok,
        words,
    },
};

/// What a journal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Entries of a kind.
    Entries(EntryKind),
    /// What statements took over.
    Statements,
    /// VAT on statements.
    Vat,
    /// What the bank paid.
    Payouts,
}

impl About {
    fn all() -> impl Iterator<Item = Self> {
        let entries = EntryKind::ALL.iter().map(|kind| Self::Entries(*kind));
        entries.chain([Self::Statements, Self::Vat, Self::Payouts])
    }
    fn label(self) -> String {
        match self {
            Self::Entries(kind) => format!("Posted: {}", kind.label()),
            Self::Statements => "Put on statements".to_owned(),
            Self::Vat => "VAT on statements".to_owned(),
            Self::Payouts => "Paid out".to_owned(),
        }
    }
    /// Where what it is about can be read.
    fn href(self, base: &str, period: Period) -> String {
        match self {
            Self::Entries(kind) => {
                format!("{base}/ledger?posted={period}&kind={}", kind.code())
            }
            Self::Statements | Self::Vat => format!("{base}/statements?month={period}"),
            Self::Payouts => format!("{base}/statements?payout=paid"),
        }
    }
}

/// A journal, with what a reader of the file wants to know of it.
struct Line {
    about: About,
    on: NaiveDate,
    /// Of which statement, where it is of one.
    statement: String,
    partner: String,
    journal: Journal,
}

/// A month's journals, in an order that stays.
fn lines(booked: &Booked, period: Period) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let (first, last) = (period.first_day(), period.last_day());
    let mut earned: Vec<_> = booked.earned.iter().collect();
    earned.sort_by_key(|one| (one.partner, one.kind.code(), one.amount.currency().code()));
    for one in earned {
        lines.push(Line {
            about: About::Entries(one.kind),
            on: last,
            statement: String::new(),
            partner: booked.name(one.partner),
            journal: Journal::earned(one.amount).map_err(Error::fault)?,
        });
    }
    for one in &booked.stated {
        let of = |about, journal| Line {
            about,
            on: last,
            statement: one.number.clone(),
            partner: booked.name(one.partner),
            journal,
        };
        let taken = Journal::stated(&one.taken).map_err(Error::fault)?;
        lines.push(of(About::Statements, taken));
        let vat = Journal::taxed(one.vat).map_err(Error::fault)?;
        lines.push(of(About::Vat, vat));
    }
    for one in &booked.paid {
        lines.push(Line {
            about: About::Payouts,
            on: one.paid_on.max(first),
            statement: one.number.clone(),
            partner: booked.name(one.partner),
            journal: Journal::paid(one.amount, one.withheld).map_err(Error::fault)?,
        });
    }
    lines.retain(|line| !line.journal.postings().is_empty());
    Ok(lines)
}

/// What was put on an account, ready to be set.
struct SumRow {
    account: &'static str,
    debit: String,
    credit: String,
}

impl SumRow {
    fn of(sum: &AccountSum) -> Self {
        let figure = |amount: Money| match amount.is_zero() {
            true => String::new(),
            false => words::figure(amount),
        };
        Self {
            account: sum.account.label(),
            debit: figure(sum.debit),
            credit: figure(sum.credit),
        }
    }
}

/// The accounts in one currency, and what both sides come to.
struct Sheet {
    currency: &'static str,
    rows: Vec<SumRow>,
    total: Money,
}

/// What something did to the accounts.
struct AboutRow {
    label: String,
    href: String,
    currency: &'static str,
    sum: SumRow,
}

#[derive(Template)]
#[template(path = "staff/periods/journal.html")]
struct JournalPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    sheets: Vec<Sheet>,
    rows: Vec<AboutRow>,
    csv_href: String,
}

async fn find(
    store: &Store,
    desk: &Desk<VendorScope>,
    period: Period,
) -> Result<(Vec<Line>, PeriodStatus)> {
    desk.read(store, move |tx, calendar| {
        let status = periods::status(tx, calendar, period)?;
        Ok((lines(&journal::booked(tx, period)?, period)?, status))
    })
    .await
}

/// The journal of a month.
pub(super) async fn show(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, period) = (Desk::of_staff(staff), asked_month(&path)?);
    let (lines, status) = find(&store, &desk, period).await?;
    let sheets = sheets(&lines)?;
    let month = format!("{}/periods/{period}", desk.base);
    ok(&JournalPage {
        crumbs: vec![
            ("Months".to_owned(), format!("{}/periods", desk.base)),
            (period.title(), month.clone()),
        ],
        title: format!("Journal of {}", period.title()),
        answer: answer(&sheets, status),
        rows: rows(&lines, &desk.base, period)?,
        csv_href: format!("{month}/journal.csv"),
        shell: desk.shell,
        sheets,
    })
}

fn answer(sheets: &[Sheet], status: PeriodStatus) -> String {
    let totals: Vec<Money> = sheets.iter().map(|sheet| sheet.total).collect();
    let stays = match status {
        PeriodStatus::Closed => "Nothing in it changes any more.",
        _ => "It grows until the month is closed.",
    };
    match totals.is_empty() {
        true => format!("Nothing is booked in it. {stays}"),
        false => format!(
            "Debits and credits are {} each. {stays}",
            words::amounts(&totals)
        ),
    }
}

fn sheets(lines: &[Line]) -> Result<Vec<Sheet>> {
    let sums = by_account(lines.iter().map(|line| &line.journal)).map_err(Error::fault)?;
    sums.into_iter()
        .map(|(currency, of)| {
            let mut debits = of.iter().map(|sum| sum.debit);
            let first = debits.next().ok_or(Error::NotFound)?;
            let total = debits.try_fold(first, Money::plus).map_err(Error::fault)?;
            Ok(Sheet {
                currency,
                rows: of.iter().map(SumRow::of).collect(),
                total,
            })
        })
        .collect()
}

fn rows(lines: &[Line], base: &str, period: Period) -> Result<Vec<AboutRow>> {
    let mut rows = Vec::new();
    for about in About::all() {
        let its = lines.iter().filter(|line| line.about == about);
        let sums = by_account(its.map(|line| &line.journal)).map_err(Error::fault)?;
        for (currency, of) in sums {
            rows.extend(of.iter().map(|sum| AboutRow {
                label: about.label(),
                href: about.href(base, period),
                currency,
                sum: SumRow::of(sum),
            }));
        }
    }
    Ok(rows)
}

const COLUMNS: [&str; 10] = [
    "Month",
    "Date",
    "Journal",
    "About",
    "Statement",
    "Partner",
    "Account",
    "Currency",
    "Debit",
    "Credit",
];

/// The journal as a file: a row for each posting.
pub(super) async fn file(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, period) = (Desk::of_staff(staff), asked_month(&path)?);
    let (lines, _) = find(&store, &desk, period).await?;
    let numbered = (1..).zip(&lines);
    let rows = numbered.flat_map(|(number, line)| cells(period, number, line));
    let content = csv::table(&COLUMNS, rows.collect::<Vec<_>>()).map_err(Error::from)?;
    Ok(csv_file(&format!("journal-{period}.csv"), content))
}

fn cells(period: Period, number: usize, line: &Line) -> Vec<Vec<Cell>> {
    let amount = |money: Money, sign: i64| match money.minor() * sign > 0 {
        true => Cell::minor(money.minor() * sign, money.currency().exponent()),
        false => Cell::text(""),
    };
    let row = |posting: &crate::domain::journal::Posting| {
        vec![
            Cell::text(period.to_string()),
            Cell::text(line.on.to_string()),
            Cell::text(format!("{period}-{number:04}")),
            Cell::text(line.about.label()),
            Cell::text(line.statement.clone()),
            Cell::text(line.partner.clone()),
            Cell::text(posting.account.label()),
            Cell::text(posting.amount.currency().code()),
            amount(posting.amount, 1),
            amount(posting.amount, -1),
        ]
    };
    line.journal.postings().iter().map(row).collect()
}
