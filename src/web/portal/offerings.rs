//! What a partner can sell: published offerings with their plans, prices and service levels.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{DeliveryParty, Permission},
    id::{OfferingId, PlanId},
    store::{
        PartnerScope, Store, Tx,
        catalogue::{
            offerings::{self, Offering},
            plans::{self, Plan, PlanVersion},
            sla::{self, Policy},
        },
        paging::{Cursor, Page},
    },
    web::{
        Answer, Shell,
        admission::Visitor,
        list::{Address, Pager},
        page::ok,
        sold,
        staff::sla_policies,
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/offerings").route(get().to(index)))
        .service(resource("/offerings/{offering}").route(get().to(show)));
}

/// What the catalogue is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    at: String,
}

struct Row {
    href: String,
    name: String,
    category: String,
    summary: String,
    delivery: String,
}

#[derive(Template)]
#[template(path = "portal/offerings/index.html")]
struct IndexPage {
    shell: Shell,
    vendor: String,
    asked: Asked,
    address: Address,
    rows: Vec<Row>,
    pager: Pager,
}

/// Who delivers it, said to the partner.
fn delivered_by(party: DeliveryParty, vendor: &str) -> String {
    match party {
        DeliveryParty::Vendor => vendor.to_owned(),
        DeliveryParty::Partner => "You".to_owned(),
        DeliveryParty::Shared => format!("{vendor} and you"),
    }
}

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let wanted = asked.clone();
    let page: Page<Offering> = store
        .read(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ViewCatalogue)?;
            offerings::shelf(tx, &wanted.q, Cursor::read(&wanted.at).as_ref())
        })
        .await?;
    let address = Address::new(format!("{}/offerings", visitor.base), &[("q", &asked.q)]);
    let row = |offering: &Offering| Row {
        href: format!("{}/offerings/{}", visitor.base, offering.id),
        name: offering.name.clone(),
        category: offering.category.clone(),
        summary: offering.summary.clone(),
        delivery: delivered_by(offering.delivery, visitor.vendor_name()),
    };
    ok(&IndexPage {
        shell: visitor.shell(),
        vendor: visitor.vendor_name().to_owned(),
        pager: address.pager(&page),
        rows: page.rows.iter().map(row).collect(),
        address,
        asked,
    })
}

/// A plan that is sold now.
struct PlanRow {
    name: String,
    code: String,
    prices: Vec<(String, String)>,
    term: String,
    notice: String,
    every: String,
}

#[derive(Template)]
#[template(path = "portal/offerings/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    offering: Offering,
    delivery: String,
    plans: Vec<PlanRow>,
    policy: Option<Policy>,
    promises: Vec<String>,
}

type Seen = (Offering, Vec<(Plan, PlanVersion)>, Option<Policy>);

fn see(tx: &mut Tx<'_, PartnerScope>, id: OfferingId) -> Result<Seen> {
    tx.allow(Permission::ViewCatalogue)?;
    let offering = offerings::on_shelf(tx, id)?;
    let plans = plans::plans_of(tx, id)?;
    let ids: Vec<PlanId> = plans.iter().map(|plan| plan.id).collect();
    let mut versions = plans::published(tx, &ids)?;
    let sold = plans.into_iter().filter_map(|plan| {
        let at = versions
            .iter()
            .position(|version| version.plan == plan.id)?;
        Some((plan, versions.swap_remove(at)))
    });
    let sold = sold.collect();
    let policy = match offering.sla_policy {
        Some(policy) => Some(sla::policy(tx, policy)?),
        None => None,
    };
    Ok((offering, sold, policy))
}

fn plan_row((plan, version): &(Plan, PlanVersion)) -> PlanRow {
    let price = |line| sold::price_words(version, line);
    let prices = version.prices.iter();
    PlanRow {
        name: plan.name.clone(),
        code: plan.code.clone(),
        prices: prices
            .map(|line| (line.label.clone(), price(line)))
            .collect(),
        term: words::count(i64::from(version.terms.term_months), "month", "months"),
        notice: words::count(i64::from(version.terms.notice_days), "day", "days"),
        every: format!(
            "{}{}",
            sold::every(version.terms.interval),
            sold::begins(&version.terms)
        ),
    }
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    parts: Path<(String, String, String)>,
) -> Answer {
    let id: OfferingId = parts.2.parse().map_err(|_| Error::NotFound)?;
    let (offering, plans, policy) = store
        .read(visitor.scope.clone(), move |tx| see(tx, id))
        .await?;
    ok(&ShowPage {
        shell: visitor.shell(),
        crumbs: vec![(
            "Catalogue".to_owned(),
            format!("{}/offerings", visitor.base),
        )],
        delivery: delivered_by(offering.delivery, visitor.vendor_name()),
        plans: plans.iter().map(plan_row).collect(),
        promises: policy
            .as_ref()
            .map(sla_policies::promises)
            .unwrap_or_default(),
        policy,
        offering,
    })
}
