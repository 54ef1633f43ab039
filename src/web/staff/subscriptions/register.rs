//! The register of subscriptions, as a page and as a file.
use std::collections::BTreeMap;

use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Result,
    documents::csv::{Cell, table},
    domain::{Permission, SubscriptionStatus},
    id::{OfferingId, PartnerId},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::plans::{self, Plan},
        paging::{Count, Cursor, Page},
        recruit::partners,
        registers::Sees,
        sell::{
            customers,
            subscriptions::{self, Filter, Line},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        list::{Address, Pager, count_words, every, options},
        page::{download, ok},
        sold::{self, Sold},
        staff::partners::called::Called,
    },
};

/// What the register is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    partner: String,
    customer: String,
    plan: String,
    status: String,
    currency: String,
    at: String,
}

impl Asked {
    fn filter(&self, plans: &[(String, Plan)], partner: Option<PartnerId>) -> Filter {
        Filter {
            search: self.q.clone(),
            partner,
            customer: self.customer.parse().ok(),
            status: self.status.parse().ok(),
            plans: self.plans(plans),
            currency: self.currency.parse().ok(),
        }
    }
    /// The plan that is asked for, or every plan of an offering.
    fn plans(&self, all: &[(String, Plan)]) -> Option<Vec<crate::id::PlanId>> {
        if let Ok(plan) = self.plan.parse() {
            return Some(vec![plan]);
        }
        let offering: OfferingId = self.plan.parse().ok()?;
        let of = all.iter().filter(|(_, plan)| plan.offering == offering);
        Some(of.map(|(_, plan)| plan.id).collect())
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/subscriptions"),
            &[
                ("q", &self.q),
                ("partner", &self.partner),
                ("customer", &self.customer),
                ("plan", &self.plan),
                ("status", &self.status),
                ("currency", &self.currency),
            ],
        )
    }
}

struct Row {
    sold: Sold,
    partner: String,
    partner_href: String,
}

#[derive(Template)]
#[template(path = "subscriptions/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    may_add: bool,
    asked: Asked,
    partner: Called,
    partner_id: String,
    currencies: Vec<(String, String)>,
    plans: Vec<(String, String)>,
    statuses: Vec<(String, String)>,
    address: Address,
    count: String,
    rows: Vec<Row>,
    pager: Pager,
}

struct Found {
    page: Page<Line>,
    count: Count,
    partners: BTreeMap<PartnerId, String>,
    called: Called,
    currencies: Vec<String>,
    plans: Vec<(String, Plan)>,
    of: Option<String>,
    today: NaiveDate,
}

fn partner_names(
    tx: &mut Tx<'_, VendorScope>,
    rows: &[Line],
) -> Result<BTreeMap<PartnerId, String>> {
    let mut ids: Vec<PartnerId> = rows.iter().map(|row| row.subscription.partner).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut names = BTreeMap::new();
    for chunk in ids.chunks(500) {
        names.extend(partners::names(tx, chunk)?);
    }
    Ok(names)
}

fn find(tx: &mut Tx<'_, VendorScope>, asked: &Asked) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let plans = plans::all(tx)?;
    let called = Called::of(tx, &asked.partner)?;
    let (filter, at) = (asked.filter(&plans, called.id), Cursor::read(&asked.at));
    let (page, count) = match called.problem.is_empty() {
        true => (
            subscriptions::page(tx, &filter, at.as_ref())?,
            subscriptions::count(tx, &filter)?,
        ),
        false => (Page::none(), Count::none()),
    };
    let of = match filter.customer {
        Some(customer) => customers::names(tx, &[customer])?
            .pop()
            .map(|(_, name)| name),
        None => None,
    };
    Ok(Found {
        partners: partner_names(tx, &page.rows)?,
        currencies: VendorScope::currencies(tx)?,
        called,
        count,
        today: vendor::today(tx)?,
        page,
        plans,
        of,
    })
}

fn all(label: &str) -> (String, String) {
    (String::new(), label.to_owned())
}

/// Every offering, and beneath it each of its plans.
fn plan_choices(plans: &[(String, Plan)]) -> Vec<(String, String)> {
    let mut choices = vec![all("All plans")];
    let mut last = None;
    for (offering, plan) in plans {
        if last != Some(plan.offering) {
            choices.push((plan.offering.to_string(), format!("{offering}, all plans")));
            last = Some(plan.offering);
        }
        choices.push((plan.id.to_string(), format!("{offering}, {}", plan.name)));
    }
    choices
}

fn row(base: &str, found: &Found, line: &Line) -> Row {
    let partner = line.subscription.partner;
    Row {
        sold: sold::row(base, line, found.today),
        partner: found.partners.get(&partner).cloned().unwrap_or_default(),
        partner_href: format!("{base}/partners/{partner}"),
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
    let statuses = SubscriptionStatus::ALL.iter();
    let statuses = statuses.map(|status| (status.code().to_owned(), status.label().to_owned()));
    let count = count_words(
        found.page.rows.len(),
        found.count,
        ("subscription", "subscriptions"),
    );
    ok(&IndexPage {
        shell: visitor.shell(),
        answer: match &found.of {
            Some(customer) => format!("What {customer} uses."),
            None => "What is sold, what it brings in a month, and until when.".to_owned(),
        },
        may_add: visitor.may(Permission::ManageSubscriptions),
        partner_id: found
            .called
            .id
            .map_or_else(String::new, |id| id.to_string()),
        currencies: options("All", found.currencies.iter().cloned()),
        partner: found.called.clone(),
        plans: plan_choices(&found.plans),
        statuses: std::iter::once(all("All")).chain(statuses).collect(),
        count,
        pager: address.pager(&found.page),
        rows: found
            .page
            .rows
            .iter()
            .map(|line| row(&base, &found, line))
            .collect(),
        address,
        asked,
        base,
    })
}

const COLUMNS: [&str; 15] = [
    "Subscription",
    "External id",
    "Customer",
    "Partner",
    "Plan",
    "Status",
    "Quantity",
    "Currency",
    "MRR",
    "Starts on",
    "Term months",
    "Last day",
    "Next bill on",
    "Billing",
    "Resale discount %",
];

fn cells(line: &Line, partners: &BTreeMap<PartnerId, String>) -> Vec<Cell> {
    let it = &line.subscription;
    let day =
        |day: Option<NaiveDate>| Cell::text(day.map_or_else(String::new, |day| day.to_string()));
    vec![
        Cell::text(it.id.to_string()),
        Cell::text(&it.external_id),
        Cell::text(&line.customer),
        Cell::text(partners.get(&it.partner).cloned().unwrap_or_default()),
        Cell::text(&line.plan),
        Cell::text(it.status.label()),
        Cell::number(it.quantity.get()),
        Cell::text(it.mrr.currency().code()),
        Cell::number(it.mrr.plain()),
        Cell::text(it.starts_on.to_string()),
        Cell::number(it.term_months),
        day(it.ends_on.and_then(|end| end.pred_opt())),
        day(it.next_bill_on),
        Cell::text(it.billing.model.label()),
        match it.billing.is_resold() {
            true => Cell::minor(i64::from(it.billing.discount().bps()), 2),
            false => Cell::text(""),
        },
    ]
}

/// The same subscriptions as a file.
pub(super) async fn csv(visitor: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let (rows, partners, today) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::ViewPartners)?;
            let partner = Called::meant(tx, &asked.partner)?;
            let filter = asked.filter(&plans::all(tx)?, partner);
            let rows = every(|at| subscriptions::page(tx, &filter, at))?;
            let partners = partner_names(tx, &rows)?;
            Ok((rows, partners, vendor::today(tx)?))
        })
        .await?;
    let file = table(&COLUMNS, rows.iter().map(|line| cells(line, &partners)))?;
    Ok(download(
        &format!("subscriptions-{today}.csv"),
        "text/csv; charset=utf-8",
        file,
    ))
}
