//! The register of payments, as page and file.
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use crate::{
    documents::csv::{self, Cell},
    domain::Permission,
    store::{
        Store, VendorScope,
        paging::Cursor,
        registers::{
            Sees,
            payments::{self, PaymentFilter, PaymentRow},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{self, Desk, ledger::csv_file, month, months},
        filters,
        list::{Address, Pager, count_words, options},
        page::ok,
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Part of a customer's name; for a new payment, whose it is.
    pub(super) customer: String,
    partner: String,
    month: String,
    currency: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> PaymentFilter {
        PaymentFilter {
            customer: self.customer.clone(),
            partner: self.partner.clone(),
            month: month(&self.month),
            currency: earnings::currency(&self.currency),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/payments"),
            &[
                ("customer", &self.customer),
                ("partner", &self.partner),
                ("month", &self.month),
                ("currency", &self.currency),
            ],
        )
    }
}

#[derive(Template)]
#[template(path = "staff/payments/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_record: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    payments: Vec<PaymentRow>,
    count: String,
    csv_href: String,
    clear_href: String,
    pager: Pager,
}

/// The register.
pub(super) async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let (desk, asked) = (Desk::of_staff(staff), asked.into_inner());
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, months, currencies) = desk
        .read(&store, move |tx, calendar| {
            let page = payments::page(tx, &filter, from.as_ref())?;
            let count = payments::count(tx, &filter)?;
            Ok((page, count, months(calendar), VendorScope::currencies(tx)?))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        may_record: desk.may(Permission::RecordPayments),
        count: count_words(page.rows.len(), count, ("payment", "payments")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        payments: page.rows,
        shell: desk.shell,
        base: desk.base,
        asked,
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 9] = [
    "Payment",
    "Received on",
    "Customer",
    "Partner",
    "Invoice named",
    "Currency",
    "Amount",
    "Refunded",
    "Paid by",
];

/// The register as a file.
pub(super) async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let filter = asked.filter();
    let content = Desk::of_staff(staff)
        .read(&store, move |tx, _| {
            let rows = payments::all(tx, &filter)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("payments.csv", content))
}

fn cells(row: &PaymentRow) -> Vec<Cell> {
    vec![
        Cell::text(&row.external_id),
        Cell::text(row.received_on.to_string()),
        Cell::text(&row.customer_name),
        Cell::text(&row.partner_name),
        Cell::text(row.invoice_number.as_deref().unwrap_or_default()),
        Cell::text(row.amount.currency().code()),
        Cell::number(row.amount.plain()),
        Cell::number(row.refunded.plain()),
        Cell::text(row.paid_by()),
    ]
}
