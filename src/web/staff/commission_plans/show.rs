//! One commission plan: its versions, and the drafting of another.
use actix_web::web::Data;
use askama::Template;

use super::{
    super::{offerings::id_of, plans::kind},
    Parts,
};
use crate::{
    domain::{Permission, VersionStatus, commission::clause_warnings, date_words},
    id::{CommissionPlanId, CommissionPlanVersionId},
    services::incentivize::{commission_plans as service, wording::Wording},
    store::{
        Platform, Store, Tx, VendorScope,
        incentivize::commission_plans::{self as plans, CommissionPlanVersion},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other},
        words,
    },
};

struct VersionView {
    id: CommissionPlanVersionId,
    number: i32,
    kind: &'static str,
    status: &'static str,
    is_draft: bool,
    version: String,
    effective_from: String,
    hold: String,
    outcome: String,
    clauses: Vec<String>,
    extras: Vec<String>,
    warnings: Vec<String>,
}

impl VersionView {
    fn of(version: &CommissionPlanVersion, wording: &Wording) -> Self {
        let is_draft = version.status == VersionStatus::Draft;
        Self {
            id: version.id,
            number: version.version_no,
            kind: kind(version.status),
            status: version.status.label(),
            is_draft,
            version: version.version.to_string(),
            effective_from: date_words(version.effective_from),
            hold: words::count(version.hold_days.into(), "day", "days"),
            outcome: version.outcome.clone(),
            clauses: wording
                .sentences(&version.clauses)
                .into_iter()
                .map(|said| format!("{said}."))
                .collect(),
            extras: version.extras.sentences(),
            warnings: match is_draft {
                true => warnings(version),
                false => Vec::new(),
            },
        }
    }
}

/// What should be said on purpose before a draft is published.
fn warnings(version: &CommissionPlanVersion) -> Vec<String> {
    let mut said = clause_warnings(&version.clauses);
    if let Some(terms) = version.extras.guarantee {
        said.push(format!(
            "The guarantee is in {0} only. What a partner earns in other currencies does not count towards it. A partner that only resells earns no commission, and is paid it all the same.",
            terms.amount.currency()
        ));
    }
    if version.outcome.is_empty() {
        said.push("The plan names no outcome of the customer that it is there for.".to_owned());
    }
    said
}

#[derive(Template)]
#[template(path = "staff/commission_plans/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    id: CommissionPlanId,
    name: String,
    answer: String,
    may_edit: bool,
    may_draft: bool,
    versions: Vec<VersionView>,
    history: Vec<HistoryRow>,
    form_id: String,
}

pub(super) async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let zone = staff.zone();
    let id: CommissionPlanId = id_of(&parts.1)?;
    let (plan, versions, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewMoney)?;
            let wording = Wording::of(tx)?;
            let versions = plans::versions_of(tx, id)?;
            let views: Vec<_> = versions
                .iter()
                .map(|v| VersionView::of(v, &wording))
                .collect();
            Ok((
                plans::plan(tx, id)?,
                views,
                VendorScope::history(tx, id.number())?,
            ))
        })
        .await?;
    let drafted = versions.iter().any(|version| version.is_draft);
    ok(&ShowPage {
        shell: staff.shell(),
        crumbs: vec![(
            "Commission plans".to_owned(),
            format!("{}/commission-plans", staff.base),
        )],
        may_edit: staff.may(Permission::ManageCommissionPlans),
        base: staff.base,
        id,
        name: plan.name,
        answer: "The most specific clause counts: a tier before an offering before a phase, few months before many."
            .to_owned(),
        may_draft: !drafted,
        versions,
        history: history::rows(history, zone),
        form_id: fresh_form_id()?,
    })
}

pub(super) async fn draft(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let id: CommissionPlanId = id_of(&parts.1)?;
    let typed = typed.only(|name| name == "form_id")?;
    let (form_id, base) = (typed.text("form_id"), staff.base.clone());
    let to = store
        .write(staff.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let version = service::new_version(tx, id)?;
                Ok(format!("{base}/commission-plan-versions/{version}/edit"))
            })
        })
        .await?;
    see_other(&to)
}
