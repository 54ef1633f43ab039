//! A partner's customers.
use std::collections::BTreeMap;

use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    documents::csv::{Cell, table},
    domain::Permission,
    id::CustomerId,
    store::{
        PartnerScope, Store, Tx,
        account::vendor,
        paging::{Count, Cursor, Page},
        registers::Sees,
        sell::{
            accounts::{self, Balance, Recurring},
            customers::{self, Customer, Filter, Sort},
            subscriptions::{self, Line},
        },
    },
    web::{
        Answer, Shell,
        admission::Visitor,
        filters,
        list::{Address, Pager, count_words, every, options},
        page::{download, ok, query},
        sold::{self, Sold},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/customers").route(get().to(index)))
        .service(resource("/customers.csv").route(get().to(csv)))
        .service(resource("/customers/{customer}").route(get().to(show)));
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    country: String,
    sort: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            country: self.country.parse().ok(),
            ..Filter::default()
        }
    }
    fn order(&self) -> Sort {
        match self.sort.as_str() {
            "newest" => Sort::Newest,
            _ => Sort::Name,
        }
    }
    fn address(&self, base: &str) -> Address {
        let pairs = [
            ("q", &*self.q),
            ("country", &*self.country),
            ("sort", &*self.sort),
        ];
        Address::new(format!("{base}/customers"), &pairs)
    }
}

struct Row {
    href: String,
    name: String,
    country: String,
    live: usize,
    mrr: Vec<String>,
    since: NaiveDate,
}

#[derive(Template)]
#[template(path = "portal/customers/index.html")]
struct IndexPage {
    shell: Shell,
    vendor: String,
    asked: Asked,
    countries: Vec<(String, String)>,
    address: Address,
    by_name: &'static str,
    by_newest: &'static str,
    count: String,
    rows: Vec<Row>,
    pager: Pager,
}

struct Found {
    page: Page<Customer>,
    count: Count,
    recurring: BTreeMap<CustomerId, Recurring>,
    countries: Vec<String>,
}

fn find(tx: &mut Tx<'_, PartnerScope>, asked: &Asked) -> Result<Found> {
    tx.allow(Permission::PartnerViewCustomers)?;
    let (filter, at) = (asked.filter(), Cursor::read(&asked.at));
    let page = customers::page(tx, &filter, asked.order(), at.as_ref())?;
    let ids: Vec<CustomerId> = page.rows.iter().map(|row| row.id).collect();
    Ok(Found {
        page,
        count: customers::count(tx, &filter)?,
        recurring: accounts::recurring(tx, &ids)?,
        countries: PartnerScope::customer_countries(tx)?,
    })
}

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let wanted = asked.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, &wanted))
        .await?;
    let address = asked.address(&visitor.base);
    let (by_name, by_newest) = match asked.order() {
        Sort::Name => ("ascending", ""),
        Sort::Newest => ("", "descending"),
    };
    let row = |customer: &Customer| {
        let recurring = found.recurring.get(&customer.id);
        let recurring = recurring.cloned().unwrap_or_default();
        Row {
            href: format!("{}/customers/{}", visitor.base, customer.id),
            name: customer.name.clone(),
            country: customer.country.to_string(),
            live: recurring.live,
            mrr: recurring.mrr.iter().map(|mrr| words::money(*mrr)).collect(),
            since: visitor.zone().local_date(customer.created_at),
        }
    };
    ok(&IndexPage {
        shell: visitor.shell(),
        vendor: visitor.vendor_name().to_owned(),
        by_name,
        by_newest,
        count: count_words(
            found.page.rows.len(),
            found.count,
            ("customer", "customers"),
        ),
        pager: address.pager(&found.page),
        rows: found.page.rows.iter().map(row).collect(),
        countries: options("All", found.countries),
        address,
        asked,
    })
}

const COLUMNS: [&str; 7] = [
    "Customer",
    "External id",
    "Name",
    "Country",
    "Live subscriptions",
    "Currency",
    "MRR",
];

/// A customer's rows of the file: one for each currency it pays in.
fn cells(customer: &Customer, recurring: &Recurring) -> Vec<Vec<Cell>> {
    let start = [
        Cell::text(customer.id.to_string()),
        Cell::text(&customer.external_id),
        Cell::text(&customer.name),
        Cell::text(customer.country.as_str()),
        Cell::number(recurring.live),
    ];
    let with = |end: [Cell; 2]| start.iter().cloned().chain(end).collect();
    let amounts = recurring.mrr.iter();
    let end = amounts.map(|mrr| [Cell::text(mrr.currency().code()), Cell::number(mrr.plain())]);
    match recurring.mrr.is_empty() {
        true => vec![with([Cell::text(""), Cell::text("")])],
        false => end.map(with).collect(),
    }
}

async fn csv(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let (rows, recurring, today) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::PartnerViewCustomers)?;
            let filter = asked.filter();
            let rows = every(|at| customers::page(tx, &filter, asked.order(), at))?;
            let mut recurring = BTreeMap::new();
            for chunk in rows.chunks(500) {
                let ids: Vec<CustomerId> = chunk.iter().map(|row| row.id).collect();
                recurring.append(&mut accounts::recurring(tx, &ids)?);
            }
            Ok((rows, recurring, vendor::today(tx)?))
        })
        .await?;
    let none = Recurring::default();
    let rows = rows
        .iter()
        .flat_map(|row| cells(row, recurring.get(&row.id).unwrap_or(&none)));
    let file = table(&COLUMNS, rows)?;
    Ok(download(
        &format!("customers-{today}.csv"),
        "text/csv; charset=utf-8",
        file,
    ))
}

#[derive(Template)]
#[template(path = "portal/customers/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    vendor: String,
    base: String,
    answer: String,
    customer: Customer,
    since: NaiveDate,
    mrr: String,
    due: String,
    overdue: String,
    sold: Vec<Sold>,
    more_href: Option<String>,
    invoices_href: String,
}

struct Seen {
    customer: Customer,
    recurring: Recurring,
    balance: Balance,
    sold: Page<Line>,
    today: NaiveDate,
}

fn see(tx: &mut Tx<'_, PartnerScope>, id: CustomerId) -> Result<Seen> {
    tx.allow(Permission::PartnerViewCustomers)?;
    let (customer, today) = (customers::customer(tx, id)?, vendor::today(tx)?);
    let filter = subscriptions::Filter {
        customer: Some(id),
        ..Default::default()
    };
    Ok(Seen {
        recurring: accounts::recurring(tx, &[id])?
            .remove(&id)
            .unwrap_or_default(),
        balance: accounts::balance(tx, id, today)?,
        sold: subscriptions::page(tx, &filter, None)?,
        customer,
        today,
    })
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    parts: Path<(String, String, String)>,
) -> Answer {
    let id: CustomerId = parts.2.parse().map_err(|_| Error::NotFound)?;
    let seen = store
        .read(visitor.scope.clone(), move |tx| see(tx, id))
        .await?;
    let base = visitor.base.clone();
    let live = i64::try_from(seen.recurring.live).unwrap_or(i64::MAX);
    let mrr = words::amounts(&seen.recurring.mrr);
    ok(&ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Customers".to_owned(), format!("{base}/customers"))],
        vendor: visitor.vendor_name().to_owned(),
        answer: match live {
            0 => "Without a live subscription.".to_owned(),
            live => format!(
                "{mrr} a month from {}.",
                words::count(live, "subscription", "subscriptions")
            ),
        },
        since: visitor.zone().local_date(seen.customer.created_at),
        mrr,
        due: words::amounts(&seen.balance.due),
        overdue: words::amounts(&seen.balance.overdue),
        sold: sold::rows(&base, &seen.sold.rows, seen.today),
        more_href: seen
            .sold
            .next
            .map(|_| format!("{base}/subscriptions?customer={id}")),
        invoices_href: format!(
            "{base}/invoices?{}",
            query(&[("customer", &words::whole(&seen.customer.name))])
        ),
        customer: seen.customer,
        base,
    })
}
