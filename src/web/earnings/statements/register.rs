//! The register of statements, as page and file.
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::payout_pill;
use crate::{
    documents::{self, csv::Cell},
    store::{
        Store,
        paging::Cursor,
        registers::{
            Sees,
            statements::{self, PayoutState, StatementFilter, StatementRow},
        },
    },
    web::{
        Answer, Shell,
        earnings::{Desk, currency, ledger::csv_file, month, months},
        filters,
        list::{Address, Pager, count_words, options},
        page::ok,
        words::mail_pill,
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    month: String,
    partner: String,
    currency: String,
    delivery: String,
    payout: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> StatementFilter {
        StatementFilter {
            partner: self.partner.clone(),
            month: month(&self.month),
            currency: currency(&self.currency),
            delivery: self.delivery.clone(),
            payout: match self.payout.as_str() {
                "due" => Some(PayoutState::Due),
                "overdue" => Some(PayoutState::Overdue),
                "paid" => Some(PayoutState::Paid),
                "nothing" => Some(PayoutState::Nothing),
                _ => None,
            },
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/statements"),
            &[
                ("month", &self.month),
                ("partner", &self.partner),
                ("currency", &self.currency),
                ("delivery", &self.delivery),
                ("payout", &self.payout),
            ],
        )
    }
}

const PAYOUTS: [(&str, &str); 5] = [
    ("", "All"),
    ("due", "To be paid"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("nothing", "Nothing to pay"),
];
const DELIVERIES: [(&str, &str); 8] = [
    ("", "All"),
    ("none", "Not mailed"),
    ("queued", "Queued"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("deferred", "Will be tried again"),
    ("failed", "Failed"),
    ("unknown", "Not known"),
];

/// A statement's delivery in a word: the pill's kind, and what it says.
fn delivery_pill(row: &StatementRow) -> (&'static str, &'static str) {
    match &row.mail {
        Some(mail) => mail_pill(&mail.status),
        None => ("plain", "Not mailed"),
    }
}

/// A row of the register, ready to be set.
struct Listed {
    row: StatementRow,
    payout: (&'static str, String),
    delivery: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "statements/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    statements: Vec<Listed>,
    count: String,
    csv_href: String,
    clear_href: String,
    pager: Pager,
}

/// The register.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, (months, currencies), today) = desk
        .read(store, move |tx, calendar| {
            let page = statements::page(tx, &filter, calendar.today, from.as_ref())?;
            let count = statements::count(tx, &filter, calendar.today)?;
            let offered = (months(calendar), S::currencies(tx)?);
            Ok((page, count, offered, calendar.today))
        })
        .await?;
    let address = asked.address(&desk.base);
    let listed = |row: StatementRow| Listed {
        payout: payout_pill(&row, today),
        delivery: delivery_pill(&row),
        row,
    };
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("statement", "statements")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        statements: page.rows.into_iter().map(listed).collect(),
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        asked,
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 14] = [
    "Statement",
    "Month",
    "Partner",
    "Currency",
    "Opening",
    "Lines",
    "Lines total",
    "Payout",
    "Closing",
    "Due on",
    "Paid on",
    "Reference",
    "Delivery",
    "Payable",
];

/// The register as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, calendar| {
            let rows = statements::all(tx, &filter, calendar.today)?;
            Ok(documents::csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("statements.csv", content))
}

fn cells(row: &StatementRow) -> Vec<Cell> {
    let day = |day: Option<NaiveDate>| Cell::text(day.map(|d| d.to_string()).unwrap_or_default());
    let payment = row.payment.as_ref();
    let reference = payment.and_then(|payment| payment.reference.clone());
    let delivery = row
        .mail
        .as_ref()
        .map_or("none", |mail| mail.status.as_str());
    vec![
        Cell::text(&row.number),
        Cell::text(row.month.to_string()),
        Cell::text(&row.partner_name),
        Cell::text(row.payout.currency().code()),
        Cell::number(row.opening.plain()),
        Cell::number(row.line_count),
        Cell::number(row.lines.plain()),
        Cell::number(row.payout.plain()),
        Cell::number(row.closing.plain()),
        day(row.due_on),
        day(payment.and_then(|payment| payment.paid_on)),
        Cell::text(reference.unwrap_or_default()),
        Cell::text(delivery),
        Cell::number(row.payable.plain()),
    ]
}
