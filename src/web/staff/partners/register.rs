//! The register of partners, as a page and as a file.
use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Result,
    documents::csv::{Cell, table},
    domain::{PartnerStatus, Permission, Stage, Zone},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        incentivize::tiers::{self, Tier},
        paging::{Count, Cursor, Page},
        recruit::{
            partners,
            register::{self, Filter, Line, Sort},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        list::{Address, Pager, count_words, every, options},
        page::{download, ok},
    },
};

/// What the register is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    tier: String,
    stage: String,
    country: String,
    status: String,
    sort: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            tier: self.tier.parse().ok(),
            stage: self.stage.parse().ok(),
            country: self.country.parse().ok(),
            status: self.status.parse().ok(),
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
            format!("{base}/partners"),
            &[
                ("q", &self.q),
                ("tier", &self.tier),
                ("stage", &self.stage),
                ("country", &self.country),
                ("status", &self.status),
                ("sort", &self.sort),
            ],
        )
    }
}

/// A line as it is shown.
struct Row {
    href: String,
    name: String,
    tier: String,
    stage: &'static str,
    customers: i64,
    subscriptions: i64,
    mrr: Vec<String>,
    country: String,
    status: PartnerStatus,
    since: NaiveDate,
}

#[derive(Template)]
#[template(path = "partners/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    may_add: bool,
    asked: Asked,
    tiers: Vec<(String, String)>,
    countries: Vec<(String, String)>,
    stages: Vec<(String, String)>,
    statuses: Vec<(String, String)>,
    address: Address,
    by_name: &'static str,
    by_newest: &'static str,
    count: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// What a register's page is made from.
struct Found {
    page: Page<Line>,
    count: Count,
    tiers: Vec<Tier>,
    countries: Vec<String>,
}

fn find(tx: &mut Tx<'_, VendorScope>, asked: &Asked) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let (today, filter) = (vendor::today(tx)?, asked.filter());
    let at = Cursor::read(&asked.at);
    Ok(Found {
        page: register::page(tx, &filter, asked.order(), at.as_ref(), today)?,
        count: register::count(tx, &filter, today)?,
        tiers: tiers::tiers(tx)?,
        countries: partners::countries(tx)?,
    })
}

fn tier_name(tiers: &[Tier], line: &Line) -> String {
    let held = tiers.iter().find(|tier| Some(tier.id) == line.tier);
    held.map_or_else(String::new, |tier| tier.name.clone())
}

fn row((base, zone): (&str, Zone), tiers: &[Tier], line: Line) -> Row {
    Row {
        href: format!("{base}/partners/{}", line.partner.id),
        tier: tier_name(tiers, &line),
        stage: line.stage.label(),
        customers: line.facts.customers_count,
        subscriptions: line.facts.live_subscriptions,
        mrr: line.facts.mrr.iter().map(ToString::to_string).collect(),
        country: line.partner.country.to_string(),
        status: line.partner.status,
        since: zone.local_date(line.partner.created_at),
        name: line.partner.name,
    }
}

/// The choices of a filter, with one that does not filter before them.
fn choices<T: Copy>(
    all: &str,
    of: &[T],
    words: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<(String, String)> {
    let every = (String::new(), all.to_owned());
    let choices = of.iter().map(|choice| words(*choice));
    let choices = choices.map(|(code, label)| (code.to_owned(), label.to_owned()));
    std::iter::once(every).chain(choices).collect()
}

fn tier_choices(tiers: &[Tier]) -> Vec<(String, String)> {
    let every = (String::new(), "All tiers".to_owned());
    let choices = tiers
        .iter()
        .map(|tier| (tier.id.to_string(), tier.name.clone()));
    std::iter::once(every).chain(choices).collect()
}

/// The register.
pub(super) async fn index(
    visitor: Staff,
    store: Data<Store>,
    Query(asked): Query<Asked>,
) -> Answer {
    let wanted = asked.clone();
    let scope = visitor.scope.clone();
    let found = store.read(scope, move |tx| find(tx, &wanted)).await?;
    let base = visitor.base.clone();
    let address = asked.address(&base);
    let shown = found.page.rows.len();
    let (by_name, by_newest) = match asked.order() {
        Sort::Name => ("ascending", ""),
        Sort::Newest => ("", "descending"),
    };
    ok(&IndexPage {
        shell: visitor.shell(),
        answer: "Who sells for you, how far each has come, and what they bring in a month.".into(),
        may_add: visitor.may(Permission::ManagePartners),
        stages: choices("All stages", Stage::ALL, |stage| {
            (stage.code(), stage.label())
        }),
        statuses: choices("All", PartnerStatus::ALL, |status| {
            (status.code(), status.label())
        }),
        count: count_words(shown, found.count, ("partner", "partners")),
        pager: address.pager(&found.page),
        rows: found
            .page
            .rows
            .into_iter()
            .map(|line| row((&base, visitor.zone()), &found.tiers, line))
            .collect(),
        tiers: tier_choices(&found.tiers),
        countries: options("All", found.countries),
        by_name,
        by_newest,
        address,
        asked,
        base,
    })
}

const COLUMNS: [&str; 13] = [
    "Partner",
    "External id",
    "Name",
    "Legal name",
    "Type",
    "Country",
    "Status",
    "Tier",
    "Stage",
    "Customers",
    "Live subscriptions",
    "Currency",
    "MRR",
];

/// A partner's rows of the file: one for each currency it sells in, so that amounts add up.
fn cells(tiers: &[Tier], line: &Line) -> Vec<Vec<Cell>> {
    let partner = &line.partner;
    let start = vec![
        Cell::text(partner.id.to_string()),
        Cell::text(&partner.external_id),
        Cell::text(&partner.name),
        Cell::text(&partner.legal_name),
        Cell::text(partner.partner_type.label()),
        Cell::text(partner.country.as_str()),
        Cell::text(partner.status.label()),
        Cell::text(tier_name(tiers, line)),
        Cell::text(line.stage.label()),
        Cell::number(line.facts.customers_count),
        Cell::number(line.facts.live_subscriptions),
    ];
    let with = |end: [Cell; 2]| start.iter().cloned().chain(end).collect();
    match line.facts.mrr.is_empty() {
        true => vec![with([Cell::text(""), Cell::text("")])],
        false => {
            let amounts = line.facts.mrr.iter();
            let end =
                amounts.map(|mrr| [Cell::text(mrr.currency().code()), Cell::number(mrr.plain())]);
            end.map(with).collect()
        }
    }
}

/// The same partners as a file.
pub(super) async fn csv(visitor: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let (lines, tiers, today) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::ViewPartners)?;
            let (today, filter) = (vendor::today(tx)?, asked.filter());
            let page = |at: Option<&Cursor>| register::page(tx, &filter, asked.order(), at, today);
            Ok((every(page)?, tiers::tiers(tx)?, today))
        })
        .await?;
    let rows = lines.iter().flat_map(|line| cells(&tiers, line));
    let file = table(&COLUMNS, rows)?;
    Ok(download(
        &format!("partners-{today}.csv"),
        "text/csv; charset=utf-8",
        file,
    ))
}
