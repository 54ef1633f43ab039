//! The register of customers, as a page and as a file.
use std::collections::BTreeMap;

use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Result,
    documents::csv::{Cell, table},
    domain::{Permission, Zone},
    id::{CustomerId, PartnerId},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        paging::{Count, Cursor, Page},
        recruit::partners,
        registers::Sees,
        sell::{
            accounts::{self, Recurring},
            customers::{self, Customer, Filter, Sort},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        list::{Address, Pager, count_words, every, options},
        page::{download, ok},
        staff::partners::called::Called,
        words,
    },
};

/// What the register is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    partner: String,
    country: String,
    sort: String,
    at: String,
}

impl Asked {
    fn filter(&self, partner: Option<PartnerId>) -> Filter {
        Filter {
            search: self.q.clone(),
            partner,
            country: self.country.parse().ok(),
        }
    }
    fn order(&self) -> Sort {
        match self.sort.as_str() {
            "newest" => Sort::Newest,
            _ => Sort::Name,
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/customers"),
            &[
                ("q", &self.q),
                ("partner", &self.partner),
                ("country", &self.country),
                ("sort", &self.sort),
            ],
        )
    }
}

struct Row {
    href: String,
    name: String,
    partner: String,
    partner_href: String,
    country: String,
    live: usize,
    mrr: Vec<String>,
    since: NaiveDate,
}

#[derive(Template)]
#[template(path = "customers/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: &'static str,
    may_add: bool,
    asked: Asked,
    partner: Called,
    partner_id: String,
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
    partners: BTreeMap<PartnerId, String>,
    recurring: BTreeMap<CustomerId, Recurring>,
    called: Called,
    countries: Vec<String>,
}

type Besides = (BTreeMap<PartnerId, String>, BTreeMap<CustomerId, Recurring>);

/// What stands beside customers in a list: their partners' names, and what recurs.
fn besides(tx: &mut Tx<'_, VendorScope>, rows: &[Customer]) -> Result<Besides> {
    let mut partners = BTreeMap::new();
    let mut recurring = BTreeMap::new();
    for chunk in rows.chunks(500) {
        let of: Vec<PartnerId> = chunk.iter().map(|row| row.partner).collect();
        partners.extend(partners::names(tx, &of)?);
        let of: Vec<CustomerId> = chunk.iter().map(|row| row.id).collect();
        recurring.append(&mut accounts::recurring(tx, &of)?);
    }
    Ok((partners, recurring))
}

fn find(tx: &mut Tx<'_, VendorScope>, asked: &Asked) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let called = Called::of(tx, &asked.partner)?;
    let (filter, at) = (asked.filter(called.id), Cursor::read(&asked.at));
    let (page, count) = match called.problem.is_empty() {
        true => (
            customers::page(tx, &filter, asked.order(), at.as_ref())?,
            customers::count(tx, &filter)?,
        ),
        false => (Page::none(), Count::none()),
    };
    let (partners, recurring) = besides(tx, &page.rows)?;
    Ok(Found {
        countries: VendorScope::customer_countries(tx)?,
        called,
        page,
        count,
        partners,
        recurring,
    })
}

fn row((base, zone): (&str, Zone), found: &Found, customer: &Customer) -> Row {
    let recurring = found
        .recurring
        .get(&customer.id)
        .cloned()
        .unwrap_or_default();
    Row {
        href: format!("{base}/customers/{}", customer.id),
        name: customer.name.clone(),
        partner: found
            .partners
            .get(&customer.partner)
            .cloned()
            .unwrap_or_default(),
        partner_href: format!("{base}/partners/{}", customer.partner),
        country: customer.country.to_string(),
        live: recurring.live,
        mrr: recurring.mrr.iter().map(|mrr| words::money(*mrr)).collect(),
        since: zone.local_date(customer.created_at),
    }
}

/// The register.
pub(super) async fn index(
    visitor: Staff,
    store: Data<Store>,
    Query(asked): Query<Asked>,
) -> Answer {
    let wanted = asked.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, &wanted))
        .await?;
    let base = visitor.base.clone();
    let address = asked.address(&base);
    let (by_name, by_newest) = match asked.order() {
        Sort::Name => ("ascending", ""),
        Sort::Newest => ("", "descending"),
    };
    ok(&IndexPage {
        shell: visitor.shell(),
        answer: "Who is served, through whom, and what they bring in a month.",
        may_add: visitor.may(Permission::ManageCustomers),
        partner_id: found
            .called
            .id
            .map_or_else(String::new, |id| id.to_string()),
        countries: options("All", found.countries.iter().cloned()),
        partner: found.called.clone(),
        by_name,
        by_newest,
        count: count_words(
            found.page.rows.len(),
            found.count,
            ("customer", "customers"),
        ),
        pager: address.pager(&found.page),
        rows: found
            .page
            .rows
            .iter()
            .map(|customer| row((&base, visitor.zone()), &found, customer))
            .collect(),
        address,
        asked,
        base,
    })
}

const COLUMNS: [&str; 11] = [
    "Customer",
    "External id",
    "Name",
    "Partner",
    "Country",
    "Tax %",
    "Tax category",
    "VAT id",
    "Live subscriptions",
    "Currency",
    "MRR",
];

/// A customer's rows of the file: one for each currency it pays in, so that amounts add up.
fn cells(customer: &Customer, (partners, recurring): &Besides) -> Vec<Vec<Cell>> {
    let partner = partners.get(&customer.partner).cloned().unwrap_or_default();
    let recurring = recurring.get(&customer.id).cloned().unwrap_or_default();
    let start = [
        Cell::text(customer.id.to_string()),
        Cell::text(&customer.external_id),
        Cell::text(&customer.name),
        Cell::text(partner),
        Cell::text(customer.country.as_str()),
        Cell::minor(i64::from(customer.tax.bps()), 2),
        Cell::text(customer.tax_category.code()),
        Cell::text(&customer.vat_id),
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

/// The same customers as a file.
pub(super) async fn csv(visitor: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let (rows, beside, today) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::ViewPartners)?;
            let filter = asked.filter(Called::meant(tx, &asked.partner)?);
            let rows = every(|at| customers::page(tx, &filter, asked.order(), at))?;
            let beside = besides(tx, &rows)?;
            Ok((rows, beside, vendor::today(tx)?))
        })
        .await?;
    let file = table(&COLUMNS, rows.iter().flat_map(|row| cells(row, &beside)))?;
    Ok(download(
        &format!("customers-{today}.csv"),
        "text/csv; charset=utf-8",
        file,
    ))
}
