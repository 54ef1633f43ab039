//! Earlier sales of a plan: until when they keep their price, and who comes to a new version.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::Parts;
use crate::{
    Error, Result,
    domain::{LongText, Permission, Problems, Reach, ReachAt, VersionStatus, read_date},
    id::{OfferingId, PlanVersionId},
    services::revenue::subscriptions::versions::{self, Impact},
    store::{
        Store, Tx, VendorScope,
        catalogue::{
            offerings,
            plans::{self, PlanVersion},
        },
    },
    web::{
        Answer, Shell, Site,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        staff::offerings::{choices, id_of},
        words,
    },
};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/plan-versions/{plan_version}/earlier-sales")
                .route(get().to(form))
                .route(post().to(bring)),
        )
        .service(
            resource("/plan-versions/{plan_version}/earlier-sales/hold").route(post().to(hold)),
        );
}

/// Both forms as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct EarlierForm {
    existing_at: String,
    existing_from: String,
    held_months: String,
    reason: String,
    version: String,
    form_id: String,
}

impl EarlierForm {
    fn version(&self) -> i32 {
        self.version.parse().unwrap_or_default()
    }

    fn read(&self) -> Result<Reach, Problems> {
        let mut problems = Problems::default();
        let at = self.existing_at.parse::<ReachAt>();
        let at = problems.check("existing_at", at);
        let from = problems.check("existing_from", read_date(&self.existing_from));
        let held = match self.held_months.trim() {
            "" => Some(0),
            months => problems.check(
                "held_months",
                months.parse().map_err(|_| "Give a number of months."),
            ),
        };
        match (at, from, held) {
            (Some(at), Some(from), Some(held_months)) => Ok(Reach {
                from,
                at,
                held_months,
            }),
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "staff/plans/earlier.html")]
struct EarlierPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    answer: &'static str,
    action: String,
    cancel_href: String,
    /// When they come, where that is set.
    reach: Option<String>,
    coming: usize,
    impact: Impact,
    why_none: String,
    now: String,
    then: String,
    whens: Vec<(String, String)>,
    typed: EarlierForm,
    problems: Problems,
    form_id: String,
}

struct Found {
    version: PlanVersion,
    plan: String,
    offering: (OfferingId, String),
    coming: usize,
    impact: Impact,
    why_none: String,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId) -> Result<Found> {
    tx.allow(Permission::ManageCatalogue)?;
    let version = plans::version(tx, id)?;
    let plan = plans::plan(tx, version.plan)?;
    let offering = offerings::offering(tx, plan.offering)?;
    Ok(Found {
        impact: versions::impact(tx, id)?,
        why_none: versions::why_none(tx, &version)?,
        coming: versions::coming(tx, id)?,
        plan: plan.name,
        offering: (plan.offering, offering.name),
        version,
    })
}

async fn page(
    staff: &Staff,
    store: &Store,
    id: PlanVersionId,
    again: Option<(EarlierForm, Problems)>,
) -> Result<EarlierPage> {
    let found = store
        .read(staff.scope.clone(), move |tx| find(tx, id))
        .await?;
    let (version, impact) = (&found.version, found.impact.clone());
    let (now, then) = (words::money(impact.now), words::money(impact.then));
    let back = format!("{}/offerings/{}", staff.base, found.offering.0);
    let fresh = || EarlierForm {
        existing_at: ReachAt::Period.code().to_owned(),
        version: version.version.to_string(),
        ..EarlierForm::default()
    };
    let (typed, problems) = again.unwrap_or_else(|| (fresh(), Problems::default()));
    Ok(EarlierPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Offerings".to_owned(), format!("{}/offerings", staff.base)),
            (found.offering.1, back.clone()),
        ],
        heading: format!("Earlier sales of {}", found.plan),
        answer: match (version.reach, version.status) {
            (Some(_), _) => "They are set to come to a new version.",
            (None, VersionStatus::Published) => {
                "They keep their price for as long as they run, unless you bring them to the \
                 version that is sold now."
            }
            (None, VersionStatus::Draft) => {
                "They keep their price. Once this version is published, they can be brought to it."
            }
            _ => "They keep their price for as long as they run.",
        },
        action: format!("{}/plan-versions/{id}/earlier-sales", staff.base),
        cancel_href: back,
        reach: version.reach.map(|reach| reach.words()),
        coming: found.coming,
        why_none: match version.status {
            VersionStatus::Published => found.why_none,
            _ => "No earlier sale can come to it.".to_owned(),
        },
        impact: match version.status {
            VersionStatus::Published => impact,
            // Nothing can be brought to it any more.
            _ => Impact { count: 0, ..impact },
        },
        now,
        then,
        whens: choices("", ReachAt::ALL, ReachAt::code, ReachAt::label),
        typed,
        problems,
        form_id: fresh_form_id()?,
    })
}

async fn form(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page(&staff, &store, id_of(&parts.1)?, None).await?)
}

/// The offering that a version is of.
fn offering_of(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId) -> Result<OfferingId> {
    let plan = plans::version(tx, id)?.plan;
    Ok(plans::plan(tx, plan)?.offering)
}

async fn bring(
    staff: Staff,
    (store, session, site): (Data<Store>, Session, Data<Site>),
    parts: Parts,
    Typed(typed): Typed<EarlierForm>,
) -> Answer {
    staff.needs(Permission::ManageSubscriptions)?;
    let id = id_of(&parts.1)?;
    let done = match typed.read() {
        Ok(reach) => {
            let (version, form_id) = (typed.version(), typed.form_id.clone());
            let (base, domain) = (staff.base.clone(), site.mail_domain.clone());
            let work = move |tx: &mut Tx<'_, VendorScope>| {
                once(tx, &form_id, |tx| {
                    versions::bring(tx, (id, version), reach, &domain)?;
                    Ok(format!("{base}/offerings/{}", offering_of(tx, id)?))
                })
            };
            store.write(staff.scope.clone(), work).await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    let said = "Earlier sales are set to come to this version. Their partners are told by mail.";
    answered((&staff, &store, &session), (id, typed), (done, said)).await
}

async fn hold(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<EarlierForm>,
) -> Answer {
    staff.needs(Permission::ManageSubscriptions)?;
    let id = id_of(&parts.1)?;
    let done = match reason(&typed.reason) {
        Ok(reason) => {
            let (version, form_id) = (typed.version(), typed.form_id.clone());
            let base = staff.base.clone();
            let work = move |tx: &mut Tx<'_, VendorScope>| {
                once(tx, &form_id, |tx| {
                    versions::call_off(tx, (id, version), &reason)?;
                    Ok(format!("{base}/offerings/{}", offering_of(tx, id)?))
                })
            };
            store.write(staff.scope.clone(), work).await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    let said = "Earlier sales keep their price.";
    answered((&staff, &store, &session), (id, typed), (done, said)).await
}

fn reason(typed: &str) -> Result<String, Problems> {
    let mut problems = Problems::default();
    match problems.check("reason", typed.parse::<LongText>()) {
        Some(reason) if !reason.as_str().is_empty() => Ok(reason.to_string()),
        Some(_) => Err(Problems::with(
            "reason",
            "Say why; it stands in the history.",
        )),
        None => Err(problems),
    }
}

async fn answered(
    (staff, store, session): (&Staff, &Store, &Session),
    (id, typed): (PlanVersionId, EarlierForm),
    (done, said): (Result<String>, &str),
) -> Answer {
    match done {
        Ok(to) => see_other_saying(session, &to, said),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(staff, store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}
