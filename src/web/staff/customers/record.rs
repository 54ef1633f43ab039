//! One customer: what it uses, what it owes, and what happened to it.
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;

use super::{Parts, customer};
use crate::{
    Result,
    domain::{Permission, TaxCategory},
    id::CustomerId,
    store::{
        Platform, Store, Tx, VendorScope,
        account::vendor,
        paging::Page,
        platform::History,
        recruit::partners,
        sell::{
            accounts::{self, Balance, Recurring},
            customers::{self, Customer},
            subscriptions::{self, Filter, Line},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        history::{self, HistoryRow},
        page::{ok, query},
        sold::{self, Sold},
        words,
    },
};

#[derive(Template)]
#[template(path = "customers/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    base: String,
    href: String,
    answer: String,
    may_edit: bool,
    may_sell: bool,
    customer: Customer,
    partner: String,
    partner_href: String,
    invoices_href: String,
    payments_href: String,
    tax: String,
    since: NaiveDate,
    due: String,
    overdue: String,
    credit: String,
    mrr: String,
    sold: Vec<Sold>,
    has_more: bool,
    history: Vec<HistoryRow>,
}

struct Found {
    customer: Customer,
    partner: String,
    recurring: Recurring,
    balance: Balance,
    sold: Page<Line>,
    today: NaiveDate,
    history: Vec<History>,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: CustomerId) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let (customer, today) = (customers::customer(tx, id)?, vendor::today(tx)?);
    let filter = Filter {
        customer: Some(id),
        ..Filter::default()
    };
    Ok(Found {
        partner: partners::partner(tx, customer.partner)?.name,
        recurring: accounts::recurring(tx, &[id])?
            .remove(&id)
            .unwrap_or_default(),
        balance: accounts::balance(tx, id, today)?,
        sold: subscriptions::page(tx, &filter, None)?,
        history: VendorScope::history(tx, id.number())?,
        customer,
        today,
    })
}

fn answer(found: &Found) -> String {
    let count = i64::try_from(found.recurring.live).unwrap_or(i64::MAX);
    match found.recurring.live {
        0 => format!(
            "Customer of {}, without a live subscription.",
            found.partner
        ),
        _ => format!(
            "Customer of {}, {} a month from {}.",
            found.partner,
            words::amounts(&found.recurring.mrr),
            words::count(count, "subscription", "subscriptions")
        ),
    }
}

fn tax_words(customer: &Customer) -> String {
    match customer.tax_category {
        TaxCategory::Own => customer.tax.to_string(),
        TaxCategory::ReverseCharge => format!("Reverse charge, VAT id {}", customer.vat_id),
        other => other.label().to_owned(),
    }
}

/// The record.
pub(super) async fn show(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = customer(&parts)?;
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let of = query(&[("customer", &found.customer.name)]);
    ok(&ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Customers".to_owned(), format!("{base}/customers"))],
        href: format!("{base}/customers/{id}"),
        answer: answer(&found),
        may_edit: visitor.may(Permission::ManageCustomers),
        may_sell: visitor.may(Permission::ManageSubscriptions),
        partner_href: format!("{base}/partners/{}", found.customer.partner),
        invoices_href: format!("{base}/invoices?{of}"),
        payments_href: format!("{base}/payments?{of}"),
        tax: tax_words(&found.customer),
        since: visitor.zone().local_date(found.customer.created_at),
        due: words::amounts(&found.balance.due),
        overdue: words::amounts(&found.balance.overdue),
        credit: words::amounts(&found.balance.credit),
        mrr: words::amounts(&found.recurring.mrr),
        has_more: found.sold.next.is_some(),
        sold: sold::rows(&base, &found.sold.rows, found.today),
        history: history::rows(found.history, visitor.zone()),
        partner: found.partner,
        customer: found.customer,
        base,
    })
}
