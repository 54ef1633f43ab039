//! Registered deals on either side: the vendor sees every partner's and decides, a partner sees its
//! own.
mod record;

pub use record::{DecisionForm, Refused, show};

use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    documents::csv::{self, Cell},
    domain::{DealStatus, Permission, date_words},
    store::{
        Store,
        paging::{Count, Cursor},
        registers::{
            Sees,
            deals::{self as register, DealFilter, DealRow},
        },
    },
    web::{
        Answer, Shell,
        earnings::{Desk, ledger::csv_file},
        filters,
        list::{Address, Pager, count_words, every},
        page::ok,
    },
};

/// What narrows the register, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    customer: String,
    partner: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> DealFilter {
        DealFilter {
            status: self.status.parse().ok(),
            customer: self.customer.clone(),
            partner: self.partner.clone(),
        }
    }
}

/// How a registration stands on a day: the pill's kind and its word.
fn pill(row: &DealRow, today: NaiveDate) -> (&'static str, &'static str) {
    let status = row.deal.status;
    match status {
        DealStatus::Approved if !row.deal.protects_on(today) => {
            ("plain", DealStatus::Expired.label())
        }
        DealStatus::Submitted => ("watch", status.label()),
        DealStatus::Approved => ("info", status.label()),
        DealStatus::Won => ("good", status.label()),
        DealStatus::Rejected => ("bad", status.label()),
        DealStatus::Withdrawn | DealStatus::Expired => ("plain", status.label()),
    }
}

/// A registration in the list.
struct ListRow {
    href: String,
    row: DealRow,
    pill: (&'static str, &'static str),
    until: String,
}

#[derive(Template)]
#[template(path = "registrations/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    may_register: bool,
    asked: Asked,
    statuses: Vec<(String, String)>,
    answer: String,
    is_narrow: bool,
    clear_href: String,
    csv_href: String,
    count: String,
    rows: Vec<ListRow>,
    pager: Pager,
}

fn answer(waiting: &Count) -> String {
    match waiting.rows {
        0 => "No registration waits for a decision.".to_owned(),
        1 => "1 registration waits for a decision.".to_owned(),
        _ => format!("{waiting} registrations wait for a decision."),
    }
}

/// The register.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let wanted = asked.clone();
    let (page, count, waiting, today) = desk
        .read(store, move |tx, calendar| {
            let filter = wanted.filter();
            let page = register::page(tx, &filter, Cursor::read(&wanted.at).as_ref())?;
            let waiting = DealFilter {
                status: Some(DealStatus::Submitted),
                ..DealFilter::default()
            };
            let waiting = register::count(tx, &waiting)?;
            Ok((page, register::count(tx, &filter)?, waiting, calendar.today))
        })
        .await?;
    let list = format!("{}/registrations", desk.base);
    let pairs = [
        ("status", asked.status.as_str()),
        ("customer", asked.customer.as_str()),
        ("partner", asked.partner.as_str()),
    ];
    let address = Address::new(list.clone(), &pairs);
    let each = DealStatus::ALL.iter();
    let statuses = std::iter::once((String::new(), "All".to_owned()))
        .chain(each.map(|one| (one.code().to_owned(), one.label().to_owned())));
    ok(&IndexPage {
        is_staff: desk.is_staff,
        may_register: desk.may(Permission::PartnerRegisterDeals),
        count: count_words(page.rows.len(), count, ("registration", "registrations")),
        answer: answer(&waiting),
        is_narrow: address.is_narrow(),
        clear_href: address.clear(),
        csv_href: address.csv(),
        pager: address.pager(&page),
        rows: page
            .rows
            .into_iter()
            .map(|row| ListRow {
                href: format!("{list}/{}", row.deal.id),
                pill: pill(&row, today),
                until: row.deal.protected_until.map_or(String::new(), date_words),
                row,
            })
            .collect(),
        statuses: statuses.collect(),
        shell: desk.shell,
        base: desk.base,
        asked,
    })
}

const COLUMNS: [&str; 14] = [
    "Registration",
    "Customer",
    "Website or address",
    "VAT id",
    "Offering",
    "Quantity",
    "Expected on",
    "Partner",
    "Registered by",
    "Registered on",
    "Status",
    "Protected until",
    "Decided by",
    "Reason",
];

fn cells(row: &DealRow, today: NaiveDate) -> Vec<Cell> {
    let deal = &row.deal;
    let day = |day: Option<NaiveDate>| day.map_or(String::new(), |day| day.to_string());
    vec![
        Cell::text(deal.id.to_string()),
        Cell::text(&deal.customer_name),
        Cell::text(&deal.web),
        Cell::text(&deal.vat_id),
        Cell::text(&row.offering),
        Cell::number(deal.quantity.to_string()),
        Cell::text(deal.expected_on.to_string()),
        Cell::text(&row.partner),
        Cell::text(&deal.submitter),
        Cell::text(deal.submitted_at.date().to_string()),
        Cell::text(pill(row, today).1),
        Cell::text(day(deal.protected_until)),
        Cell::text(&deal.decider),
        Cell::text(&deal.answer),
    ]
}

/// The same as a file.
///
/// # Errors
/// As [`index`].
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let content = desk
        .read(store, move |tx, calendar| {
            let filter = asked.filter();
            let rows = every(|from| register::page(tx, &filter, from))?;
            let rows = rows.iter().map(|row| cells(row, calendar.today));
            Ok(csv::table(&COLUMNS, rows)?)
        })
        .await?;
    Ok(csv_file("registrations.csv", content))
}
