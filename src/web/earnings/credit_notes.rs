//! Credit notes on either side: their register, on a page and as a file.
use askama::Template;
use serde::Deserialize;

use super::{Desk, ledger::csv_file, month, months};
use crate::{
    documents::csv::{self, Cell},
    store::{
        Store,
        paging::Cursor,
        registers::{
            Sees,
            credit_notes::{self, NoteFilter, NoteRow},
        },
    },
    web::{
        Answer, Shell, filters,
        list::{Address, Pager, count_words},
        page::ok,
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    customer: String,
    partner: String,
    month: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> NoteFilter {
        NoteFilter {
            customer: self.customer.clone(),
            partner: self.partner.clone(),
            month: month(&self.month),
        }
    }
    fn address(&self, base: &str) -> Address {
        let pairs = [
            ("customer", &*self.customer),
            ("partner", &self.partner),
            ("month", &self.month),
        ];
        Address::new(format!("{base}/credit-notes"), &pairs)
    }
}

#[derive(Template)]
#[template(path = "credit_notes/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    is_staff: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    rows: Vec<NoteRow>,
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
    let (page, count, months) = desk
        .read(store, move |tx, calendar| {
            let page = credit_notes::page(tx, &filter, from.as_ref())?;
            Ok((page, credit_notes::count(tx, &filter)?, months(calendar)))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("credit note", "credit notes")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        rows: page.rows,
        crumbs: vec![("Invoices".to_owned(), format!("{}/invoices", desk.base))],
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        asked,
        months,
    })
}

const COLUMNS: [&str; 16] = [
    "Credit note",
    "Issued on",
    "Customer",
    "Partner",
    "Billed to",
    "Invoices",
    "Reason",
    "In words",
    "Commission",
    "Currency",
    "Net",
    "Tax",
    "Total",
    "Off what is due",
    "Credit",
    "Paid back",
];

/// The register as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, _| {
            let rows = credit_notes::all(tx, &filter)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("credit-notes.csv", content))
}

fn cells(row: &NoteRow) -> Vec<Cell> {
    let note = &row.note;
    let numbers: Vec<&str> = row.invoices.iter().map(|(_, number)| &**number).collect();
    let mut cells = vec![
        Cell::text(&note.number),
        Cell::text(note.issued_on.to_string()),
        Cell::text(&row.customer_name),
        Cell::text(&row.partner_name),
        Cell::text(match &*row.payer {
            "" => &row.customer_name,
            payer => payer,
        }),
        Cell::text(numbers.join(" ")),
        Cell::text(note.code.label()),
        Cell::text(&note.reason),
        Cell::text(note.rule.label()),
        Cell::text(note.amount.currency().code()),
    ];
    let amounts = [
        row.net,
        row.tax,
        note.amount,
        note.reduced_due,
        note.credit,
        note.refunded,
    ];
    cells.extend(amounts.map(|amount| Cell::number(amount.plain())));
    cells
}
