//! Twelve months ahead: what partners can count on, and what they can expect.
use std::collections::BTreeMap;

use actix_web::web::{Data, Query, ServiceConfig, get, resource};
use askama::Template;
use serde::Deserialize;

use super::{Desk, ledger::csv_file};
use crate::{
    documents::csv::{self, Cell},
    domain::{Money, date_words},
    id::PartnerId,
    store::{
        Store,
        registers::{
            Sees,
            forecasts::{self, Ahead},
        },
    },
    web::{
        Answer, Shell,
        admission::{Staff, Visitor},
        filters,
        page::ok,
    },
};

/// Whose forecast, on the vendor's side; everybody's when nobody is named.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    partner: String,
}

/// The routes on the vendor's side.
pub fn staff_routes(config: &mut ServiceConfig) {
    async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
        page(&store, Desk::of_staff(staff), asked.into_inner()).await
    }
    async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
        as_file(&store, Desk::of_staff(staff), asked.into_inner()).await
    }
    config
        .service(resource("/forecast").route(get().to(index)))
        .service(resource("/forecast.csv").route(get().to(file)));
}

/// The routes on a partner's side.
pub fn portal_routes(config: &mut ServiceConfig) {
    async fn index(visitor: Visitor, store: Data<Store>) -> Answer {
        page(&store, Desk::of_partner(visitor), Asked::default()).await
    }
    async fn file(visitor: Visitor, store: Data<Store>) -> Answer {
        as_file(&store, Desk::of_partner(visitor), Asked::default()).await
    }
    config
        .service(resource("/forecast").route(get().to(index)))
        .service(resource("/forecast.csv").route(get().to(file)));
}

/// Sums under a heading: a month's or a partner's, in one currency.
struct Row {
    label: String,
    href: String,
    committed_net: Money,
    committed: Money,
    expected_net: Money,
    expected: Money,
}

/// Everything in one currency.
struct Block {
    currency: &'static str,
    months: Vec<Row>,
    partners: Vec<Row>,
    total: Row,
}

#[derive(Template)]
#[template(path = "forecast/index.html")]
struct ForecastPage {
    shell: Shell,
    answer: String,
    is_staff: bool,
    blocks: Vec<Block>,
    reckoned: String,
    csv_href: String,
    all_href: String,
}

async fn months<S: Sees>(
    store: &Store,
    desk: &Desk<S>,
    asked: &Asked,
) -> crate::Result<Vec<Ahead>> {
    let partner: Option<PartnerId> = asked.partner.parse().ok();
    let mut found = desk.read(store, |tx, _| forecasts::ahead(tx)).await?;
    found.retain(|month| partner.is_none_or(|partner| month.partner == partner));
    Ok(found)
}

async fn page<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let found = months(store, &desk, &asked).await?;
    let base = format!("{}/forecast", desk.base);
    let is_one = !desk.is_staff || asked.partner.parse::<PartnerId>().is_ok();
    let whose = match found.first().filter(|_| is_one && desk.is_staff) {
        Some(month) => format!("{}: what", month.partner_name),
        None => "What".to_owned(),
    };
    let query = match asked.partner.is_empty() {
        true => String::new(),
        false => format!("?partner={}", asked.partner),
    };
    ok(&ForecastPage {
        answer: format!("{whose} the next twelve months bring, from what is sold today."),
        reckoned: found
            .first()
            .map_or(String::new(), |month| date_words(month.reckoned_on)),
        blocks: blocks(&found, &base, is_one),
        csv_href: format!("{base}.csv{query}"),
        all_href: match desk.is_staff && is_one {
            true => base,
            false => String::new(),
        },
        is_staff: desk.is_staff,
        shell: desk.shell,
    })
}

fn blocks(found: &[Ahead], base: &str, is_one: bool) -> Vec<Block> {
    let mut by_currency: BTreeMap<&'static str, Vec<&Ahead>> = BTreeMap::new();
    for month in found {
        let code = month.committed.currency().code();
        by_currency.entry(code).or_default().push(month);
    }
    let of = |(currency, months): (&'static str, Vec<&Ahead>)| {
        let by_month = summed(&months, |one| {
            (one.month.to_string(), one.month.title(), String::new())
        });
        let by_partner = summed(&months, |one| {
            let href = format!("{base}?partner={}", one.partner);
            (one.partner_name.clone(), one.partner_name.clone(), href)
        });
        let total = summed(&months, |_| {
            (String::new(), "Twelve months".to_owned(), String::new())
        });
        total.into_iter().next().map(|total| Block {
            currency,
            months: by_month,
            partners: if is_one { Vec::new() } else { by_partner },
            total,
        })
    };
    by_currency.into_iter().filter_map(of).collect()
}

/// Sums by what `heading` says: the order, the label and where it leads.
fn summed(months: &[&Ahead], heading: impl Fn(&Ahead) -> (String, String, String)) -> Vec<Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for month in months {
        let (order, label, href) = heading(month);
        let zero = Money::zero(month.committed.currency());
        let row = rows.entry(order).or_insert(Row {
            label,
            href,
            committed_net: zero,
            committed: zero,
            expected_net: zero,
            expected: zero,
        });
        let add = |sum: &mut Money, more: Money| *sum = sum.plus(more).unwrap_or(*sum);
        add(&mut row.committed_net, month.committed_net);
        add(&mut row.committed, month.committed);
        add(&mut row.expected_net, month.expected_net);
        add(&mut row.expected, month.expected);
    }
    rows.into_values().collect()
}

const COLUMNS: [&str; 8] = [
    "Partner",
    "Month",
    "Currency",
    "Committed revenue",
    "Committed commission",
    "Expected revenue",
    "Expected commission",
    "Reckoned on",
];

async fn as_file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let found = months(store, &desk, &asked).await?;
    let rows = found.iter().map(|month| {
        vec![
            Cell::text(&month.partner_name),
            Cell::text(month.month.to_string()),
            Cell::text(month.committed.currency().code()),
            Cell::number(month.committed_net.plain()),
            Cell::number(month.committed.plain()),
            Cell::number(month.expected_net.plain()),
            Cell::number(month.expected.plain()),
            Cell::text(month.reckoned_on.to_string()),
        ]
    });
    let content = csv::table(&COLUMNS, rows).map_err(crate::Error::fault)?;
    Ok(csv_file("forecast.csv", content))
}
