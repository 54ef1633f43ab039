//! The commission ledger: its register, and one entry that explains itself.
mod why;

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use self::why::{answer, because, formula, own_formula, standing};
use super::{Desk, currency, id, month, months};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{
        Money,
        accrual::{EntryKind, EntryStatus},
    },
    id::CommissionEntryId,
    store::{
        Store, Tx,
        paging::Cursor,
        registers::{
            Sees,
            ledger::{self, EntryDetail, EntryFilter, EntryRow, EntryTerms},
        },
    },
    web::{
        Answer, Shell, filters,
        list::{Address, Pager, count_words, options},
        page::{download, ok},
        words,
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    partner: String,
    customer: String,
    kind: String,
    status: String,
    earned: String,
    posted: String,
    currency: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> EntryFilter {
        let status: Option<EntryStatus> = self.status.parse().ok();
        EntryFilter {
            partner: self.partner.clone(),
            customer: self.customer.clone(),
            kind: self.kind.parse().ok(),
            status: status.filter(|status| *status != EntryStatus::Offset),
            earned: month(&self.earned),
            posted: month(&self.posted),
            currency: currency(&self.currency),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/ledger"),
            &[
                ("partner", &self.partner),
                ("customer", &self.customer),
                ("kind", &self.kind),
                ("status", &self.status),
                ("earned", &self.earned),
                ("posted", &self.posted),
                ("currency", &self.currency),
            ],
        )
    }
}

/// How entries stand, for the filter.
const STATUSES: [(&str, &str); 5] = [
    ("", "All"),
    ("held", "Held"),
    ("payable", "Payable"),
    ("stated", "On a statement"),
    ("paid", "Paid"),
];

/// The kinds of entries there are, for the filter.
fn kinds() -> Vec<(&'static str, &'static str)> {
    let kinds = EntryKind::ALL.iter();
    let kinds = kinds.map(|kind| (kind.code(), kind.label()));
    std::iter::once(("", "All")).chain(kinds).collect()
}

#[derive(Template)]
#[template(path = "ledger/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    asked: Asked,
    kinds: Vec<(&'static str, &'static str)>,
    months: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    entries: Vec<EntryRow>,
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
    let (page, count, months, currencies) = desk
        .read(store, move |tx, calendar| {
            let page = ledger::page(tx, &filter, calendar.today, from.as_ref())?;
            let count = ledger::count(tx, &filter, calendar.today)?;
            Ok((page, count, months(calendar), S::currencies(tx)?))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("entry", "entries")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        entries: page.rows,
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        asked,
        kinds: kinds(),
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 18] = [
    "Entry",
    "Partner",
    "Customer",
    "Kind",
    "Status",
    "Earned in",
    "Posted in",
    "Paid on",
    "Payable from",
    "Base",
    "Rate %",
    "Amount per unit",
    "Amount",
    "Currency",
    "Statement",
    "Reverses entry",
    "Note",
    "Part",
];

/// The register as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, calendar| {
            let rows = ledger::all(tx, &filter, calendar.today)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("ledger.csv", content))
}

/// A register as a file to be kept.
pub fn csv_file(name: &str, content: Vec<u8>) -> HttpResponse {
    download(name, "text/csv; charset=utf-8", content)
}

fn cells(entry: &EntryRow) -> Vec<Cell> {
    let statement = entry.statement.as_ref().map(|(_, number)| number.clone());
    let reverses = entry.reverses.map(|id| id.to_string());
    vec![
        Cell::text(entry.id.to_string()),
        Cell::text(&entry.partner_name),
        Cell::text(&entry.customer_name),
        Cell::text(entry.kind.code()),
        Cell::text(entry.status.code()),
        Cell::text(entry.earned.to_string()),
        Cell::text(entry.posted.to_string()),
        Cell::text(entry.paid_on.to_string()),
        Cell::text(entry.matures_on.to_string()),
        Cell::number(entry.base.plain()),
        match entry.per_unit {
            Some(_) => Cell::text(""),
            None => Cell::minor(i64::from(entry.rate.bps()), 2),
        },
        entry
            .per_unit
            .map_or_else(|| Cell::text(""), |one| Cell::number(one.plain())),
        Cell::number(entry.amount.plain()),
        Cell::text(entry.amount.currency().code()),
        Cell::text(statement.unwrap_or_default()),
        Cell::text(reverses.unwrap_or_default()),
        Cell::text(&entry.note),
        Cell::text(entry.part.words()),
    ]
}

/// Where an entry's page leads.
struct Links {
    partner: String,
    customer: String,
    subscription: String,
    invoice: String,
    statement: String,
}

impl Links {
    fn of(base: &str, entry: &EntryRow) -> Self {
        let statement = entry.statement.as_ref();
        let to = |kind: &str, id: Option<String>| {
            let id = id.filter(|_| entry.is_own);
            id.map_or(String::new(), |id| format!("{base}/{kind}/{id}"))
        };
        Self {
            partner: format!("{base}/partners/{}", entry.partner),
            customer: to("customers", entry.customer.map(|id| id.to_string())),
            subscription: to("subscriptions", entry.subscription.map(|id| id.to_string())),
            invoice: to("invoices", entry.invoice.map(|id| id.to_string())),
            statement: statement.map_or(String::new(), |(id, _)| format!("{base}/statements/{id}")),
        }
    }
}

#[derive(Template)]
#[template(path = "ledger/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    answer: String,
    crumbs: Vec<(String, String)>,
    links: Links,
    entry: EntryRow,
    because: Vec<String>,
    standing: String,
    formula: Option<String>,
    pays: String,
    /// What it comes to in the currency it is paid in; empty for the one it was earned in.
    paid_as: String,
    is_capped: bool,
    detail: EntryDetail,
}

/// One entry. What partners do not see of plans, `terms` leaves out.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    entry: &str,
    terms: fn(&mut Tx<'_, S>, CommissionEntryId) -> Result<Option<EntryTerms>>,
) -> Answer {
    let entry: CommissionEntryId = id(entry)?;
    let (detail, terms) = desk
        .read(store, move |tx, calendar| {
            let detail = ledger::entry(tx, entry, calendar.today)?;
            Ok((detail, terms(tx, entry)?))
        })
        .await?;
    let row = detail.entry.clone();
    ok(&ShowPage {
        crumbs: vec![("Ledger".to_owned(), format!("{}/ledger", desk.base))],
        answer: answer(&row),
        links: Links::of(&desk.base, &row),
        because: because(&detail, terms.as_ref()),
        standing: standing(&row),
        pays: row.pays(),
        paid_as: detail.converted.as_ref().map_or_else(String::new, |one| {
            words::money(Money::new(one.payable_minor, one.currency))
        }),
        is_capped: row.caps.is_some() || detail.reversed_by.iter().any(|one| one.caps.is_some()),
        formula: match &detail.line {
            _ if !row.note.is_empty() => None,
            Some(line) => Some(formula(&row, line)),
            None => (!row.is_own).then(|| own_formula(&row)),
        },
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        entry: row,
        detail,
    })
}
