//! Removing a draft that was never published: asked for on a page of its own, done once.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::Parts;
use crate::{
    Error, Result,
    domain::{Permission, Problems, VersionStatus},
    id::PlanVersionId,
    services::catalogue::plans as service,
    store::{
        Store, Tx, VendorScope,
        catalogue::{
            offerings,
            plans::{self, Plan, PlanVersion},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        staff::offerings::id_of,
    },
};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/plan-versions/{plan_version}/removal")
            .route(get().to(ask))
            .route(post().to(remove)),
    );
}

/// Which draft, as it was seen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RemovalForm {
    version: String,
    form_id: String,
}

#[derive(Template)]
#[template(path = "staff/plans/removal.html")]
struct RemovalPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    plan: String,
    number: i32,
    is_draft: bool,
    /// Whether the plan has no other version and goes with it.
    is_only: bool,
    action: String,
    back: String,
    typed: RemovalForm,
    problems: Problems,
}

fn find(
    tx: &mut Tx<'_, VendorScope>,
    id: PlanVersionId,
) -> Result<(PlanVersion, Plan, String, bool)> {
    tx.allow(Permission::ManageCatalogue)?;
    let version = plans::version(tx, id)?;
    let plan = plans::plan(tx, version.plan)?;
    let offering = offerings::offering(tx, plan.offering)?.name;
    let is_only = plans::versions_of(tx, plan.id)?.len() == 1;
    Ok((version, plan, offering, is_only))
}

async fn page(
    (staff, store): (&Staff, &Store),
    id: PlanVersionId,
    again: Option<Problems>,
) -> Result<RemovalPage> {
    let (version, plan, offering, is_only) = store
        .read(staff.scope.clone(), move |tx| find(tx, id))
        .await?;
    if version.status != VersionStatus::Draft && again.is_none() {
        return Err(Error::conflict("Only a draft can be removed."));
    }
    let back = format!("{}/offerings/{}", staff.base, plan.offering);
    Ok(RemovalPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Offerings".to_owned(), format!("{}/offerings", staff.base)),
            (offering, back.clone()),
        ],
        plan: plan.name,
        number: version.version_no,
        is_draft: version.status == VersionStatus::Draft,
        is_only,
        action: format!("{}/plan-versions/{id}/removal", staff.base),
        back,
        typed: RemovalForm {
            version: version.version.to_string(),
            form_id: fresh_form_id()?,
        },
        problems: again.unwrap_or_default(),
    })
}

async fn ask(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page((&staff, &store), id_of(&parts.1)?, None).await?)
}

async fn remove(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<RemovalForm>,
) -> Answer {
    staff.needs(Permission::ManageCatalogue)?;
    let id = id_of(&parts.1)?;
    let version = typed.version.parse().unwrap_or_default();
    let (form_id, base) = (typed.form_id, staff.base.clone());
    let done = store
        .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            once(tx, &form_id, |tx| {
                let offering = service::remove_draft(tx, id, version)?;
                Ok(format!("{base}/offerings/{offering}"))
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The draft was removed."),
        // Said beside the button, which is still there.
        Err(Error::Conflict(why)) => refused((&staff, &store), id, why).await,
        Err(Error::Invalid(problems)) => {
            let why = problems.sentences().map(|(_, why)| why).next();
            refused((&staff, &store), id, why.unwrap_or_default()).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn refused((staff, store): (&Staff, &Store), id: PlanVersionId, why: String) -> Answer {
    let problems = Some(Problems::with("version", why));
    unprocessable(&page((staff, store), id, problems).await?)
}
