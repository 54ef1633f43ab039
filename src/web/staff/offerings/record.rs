//! One offering: its plans and prices, what it promises, and what may be done with it next.
use actix_web::web::Data;
use askama::Template;

use super::{
    Parts, id_of,
    steps::{Step, step},
};
use crate::{
    domain::Permission,
    id::OfferingId,
    store::{
        Platform, Store, Tx, VendorScope,
        catalogue::{offerings, offerings::Offering, plans as plan_rows, sla},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::fresh_form_id,
        history::{self, HistoryRow},
        page::ok,
        staff::{plans, sla_policies},
    },
};

#[derive(Template)]
#[template(path = "staff/offerings/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    may_edit: bool,
    version: String,
    offering: Offering,
    policy_name: String,
    step: Option<Step>,
    plans: Vec<plans::PlanView>,
    targets: Vec<String>,
    history: Vec<HistoryRow>,
}

/// The record.
pub(super) async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let zone = staff.zone();
    let id: OfferingId = id_of(&parts.1)?;
    let (offering, policy, plans, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewCatalogue)?;
            let offering = offerings::offering(tx, id)?;
            let policy = offering
                .sla_policy
                .map(|id| sla::policy(tx, id))
                .transpose()?;
            let mut plans = Vec::new();
            for plan in plan_rows::plans_of(tx, id)? {
                let versions = plan_rows::versions_of(tx, plan.id)?;
                plans.push(plans::PlanView::of(plan, versions));
            }
            let history = VendorScope::history(tx, id.number())?;
            Ok((offering, policy, plans, history))
        })
        .await?;
    let mut plans = plans;
    for plan in &mut plans {
        plan.form_id = fresh_form_id()?;
    }
    let has_published = plans.iter().any(plans::PlanView::is_sold);
    ok(&ShowPage {
        shell: staff.shell(),
        may_edit: staff.may(Permission::ManageCatalogue),
        crumbs: vec![("Offerings".to_owned(), format!("{}/offerings", staff.base))],
        base: staff.base,
        version: offering.version.to_string(),
        step: step(offering.status, has_published),
        policy_name: policy
            .as_ref()
            .map_or("None".to_owned(), |policy| policy.name.clone()),
        targets: policy
            .map(|p| sla_policies::sentences(&p.targets))
            .unwrap_or_default(),
        offering,
        plans,
        history: history::rows(history, zone),
    })
}
