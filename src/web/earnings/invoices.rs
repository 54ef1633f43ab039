//! Invoices to customers: their register, and one of them.
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Desk, id, ledger::csv_file, month, months};
use crate::{
    Error, Result,
    documents::csv::{self, Cell},
    domain::{Money, Permission},
    id::InvoiceId,
    store::{
        Store,
        paging::Cursor,
        registers::{
            Sees,
            invoices::{self, InvoiceDetail, InvoiceFilter, InvoiceLineRow, InvoiceRow},
            ledger::{self, EntryRow},
        },
    },
    web::{
        Answer, Shell, filters,
        list::{Address, Pager, count_words},
        page::ok,
        resold,
        words::{self, invoice_pill},
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    customer: String,
    partner: String,
    status: String,
    month: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> InvoiceFilter {
        InvoiceFilter {
            customer: self.customer.clone(),
            partner: self.partner.clone(),
            status: self.status.clone(),
            month: month(&self.month),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/invoices"),
            &[
                ("customer", &self.customer),
                ("partner", &self.partner),
                ("status", &self.status),
                ("month", &self.month),
            ],
        )
    }
}

const STATUSES: [(&str, &str); 6] = [
    ("", "All"),
    ("open", "Open"),
    ("partially_paid", "Paid in part"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("uncollectible", "Written off"),
];

/// An invoice in the register, ready to be set.
struct Listed {
    row: InvoiceRow,
    pill: (&'static str, &'static str),
}

fn pill(row: &InvoiceRow, today: NaiveDate) -> (&'static str, &'static str) {
    invoice_pill(&row.status, row.due_on < today && row.due.is_positive())
}

#[derive(Template)]
#[template(path = "invoices/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    answer: &'static str,
    asked: Asked,
    months: Vec<(String, String)>,
    invoices: Vec<Listed>,
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
    let (page, count, months, today) = desk
        .read(store, move |tx, calendar| {
            let page = invoices::page(tx, &filter, calendar.today, from.as_ref())?;
            let count = invoices::count(tx, &filter, calendar.today)?;
            Ok((page, count, months(calendar), calendar.today))
        })
        .await?;
    let address = asked.address(&desk.base);
    let listed = |row: InvoiceRow| Listed {
        pill: pill(&row, today),
        row,
    };
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("invoice", "invoices")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        invoices: page.rows.into_iter().map(listed).collect(),
        shell: desk.shell,
        base: desk.base,
        answer: match desk.is_staff {
            true => "What customers were billed, and what they have paid of it.",
            false => "What your customers were billed, and what they have paid of it.",
        },
        is_staff: desk.is_staff,
        asked,
        months,
    })
}

const COLUMNS: [&str; 18] = [
    "Invoice",
    "Customer",
    "Partner",
    "Issued on",
    "Due on",
    "Status",
    "Currency",
    "Net",
    "Tax",
    "Total",
    "Paid",
    "Refunded",
    "Credited",
    "Still due",
    "Tax name",
    "Tax %",
    "Tax note",
    "Billed to",
];

/// The register as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, calendar| {
            let rows = invoices::all(tx, &filter, calendar.today)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("invoices.csv", content))
}

fn cells(row: &InvoiceRow) -> Vec<Cell> {
    let mut cells = vec![
        Cell::text(&row.number),
        Cell::text(&row.customer_name),
        Cell::text(&row.partner_name),
        Cell::text(row.issued_on.to_string()),
        Cell::text(row.due_on.to_string()),
        Cell::text(&row.status),
        Cell::text(row.total.currency().code()),
    ];
    let amounts = [
        row.net,
        row.tax,
        row.total,
        row.paid,
        row.refunded,
        row.credited,
        row.due,
    ];
    cells.extend(amounts.map(|amount| Cell::number(amount.plain())));
    cells.extend([
        Cell::text(&row.tax_name),
        Cell::minor(i64::from(row.tax_rate.bps()), 2),
        Cell::text(&row.tax_note),
        Cell::text(row.owed_by()),
    ]);
    cells
}

/// A line of an invoice, ready to be set.
struct LineView {
    line: InvoiceLineRow,
    period: String,
    price: String,
    /// What explains the net of what is resold; empty otherwise.
    resale: Vec<String>,
    terms: String,
    entries: Vec<EntryRow>,
    /// What the entries come to.
    earned: Money,
}

#[derive(Template)]
#[template(path = "invoices/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    sees_earnings: bool,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    pill: (&'static str, &'static str),
    links: [String; 3],
    /// What finance may do about it: the words and where they lead.
    actions: Vec<(&'static str, String)>,
    lines: Vec<LineView>,
    /// What its payment brought beside what its lines earn, and what went back of that.
    rewards: Vec<EntryRow>,
    invoice: InvoiceDetail,
}

/// One invoice. What it earns is shown to those who may see earnings.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees>(store: &Store, desk: Desk<S>, invoice: &str) -> Answer {
    let invoice: InvoiceId = id(invoice)?;
    let sees_earnings = desk.is_staff || desk.may(Permission::PartnerViewEarnings);
    let (invoice, entries, today) = desk
        .read(store, move |tx, calendar| {
            let detail = invoices::invoice(tx, invoice)?;
            let entries = match sees_earnings {
                true => ledger::of_invoices(tx, vec![invoice], calendar.today)?,
                false => Vec::new(),
            };
            Ok((detail, entries, calendar.today))
        })
        .await?;
    let row = &invoice.row;
    let actions = actions(&desk, row);
    let base = desk.base;
    ok(&ShowPage {
        actions,
        crumbs: vec![("Invoices".to_owned(), format!("{base}/invoices"))],
        title: format!("Invoice {}", row.number),
        answer: answer(row),
        pill: pill(row, today),
        links: [
            format!("{base}/customers/{}", row.customer),
            format!("{base}/partners/{}", row.partner),
            format!("{base}/subscriptions/{}", row.subscription),
        ],
        lines: invoice
            .lines
            .iter()
            .map(|line| view(line, &entries, row.payer.is_some()))
            .collect::<Result<_>>()?,
        rewards: entries
            .into_iter()
            .filter(|entry| entry.invoice_line.is_none())
            .collect(),
        is_staff: desk.is_staff,
        shell: desk.shell,
        sees_earnings,
        invoice,
        base,
    })
}

fn actions<S: Sees>(desk: &Desk<S>, row: &InvoiceRow) -> Vec<(&'static str, String)> {
    let href = format!("{}/invoices/{}", desk.base, row.id);
    let is_finance = desk.is_staff && desk.may(Permission::RecordPayments);
    let mut actions = Vec::new();
    if is_finance && row.credited != row.total {
        actions.push(("Make a credit note", format!("{href}/credit-note")));
    }
    if is_finance && row.due.is_positive() && row.written_off.is_none() {
        actions.push(("Write off", format!("{href}/write-off")));
    }
    actions
}

fn answer(row: &InvoiceRow) -> String {
    let total = words::money(row.total);
    match row.due.is_positive() {
        true if row.written_off.is_some() => format!(
            "{total} to {}, of which {} was written off.",
            row.owed_by(),
            words::money(row.due)
        ),
        true => format!(
            "{total} to {}, of which {} is still due.",
            row.owed_by(),
            words::money(row.due)
        ),
        false => format!("{total} to {}. Nothing is due.", row.owed_by()),
    }
}

fn view(line: &InvoiceLineRow, entries: &[EntryRow], is_resold: bool) -> Result<LineView> {
    let entries = entries.iter();
    let entries = entries.filter(|entry| entry.invoice_line == Some(line.id));
    let entries: Vec<EntryRow> = entries.cloned().collect();
    let zero = Money::zero(line.net.currency());
    let earned = entries
        .iter()
        .try_fold(zero, |sum, entry| sum.plus(entry.amount));
    Ok(LineView {
        earned: earned.map_err(Error::fault)?,
        period: words::service(line.service_from, line.service_to),
        price: each(line),
        resale: resold::line_words(line)?,
        terms: match is_resold {
            true => resold::WHY.to_owned(),
            false => terms(line),
        },
        entries,
        line: line.clone(),
    })
}

/// What each of a line's units costs for a whole period; of tiers and packages the plan says it.
fn each(line: &InvoiceLineRow) -> String {
    match line.unit_price.micro() {
        0 if !line.net.is_zero() => "by plan".to_owned(),
        _ => line.unit_price.figure(line.net.currency()),
    }
}

fn terms(line: &InvoiceLineRow) -> String {
    let Some(rate) = line.rate else {
        return "No commission: no clause of a commission plan covers it.".to_owned();
    };
    let phase = line
        .phase
        .parse()
        .map_or("", |phase: crate::domain::Phase| phase.label());
    match &line.tier {
        Some(tier) => format!("{rate}: {tier}, {}", phase.to_lowercase()),
        None => format!("{rate}: {}", phase.to_lowercase()),
    }
}
