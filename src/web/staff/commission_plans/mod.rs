//! Commission plans: what partners earn, clause by clause.
mod clauses;
mod dry_run;
mod edit;
mod show;

use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;

use crate::{
    Error, Result,
    domain::{Name, Permission, Problems, VersionStatus, date_words},
    id::CommissionPlanId,
    services::incentivize::commission_plans::{self as service, Draft},
    store::{Store, Tx, VendorScope, account::vendor, incentivize::commission_plans as plans},
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, fresh_form_id, once},
        page::{ok, see_other, unprocessable},
    },
};

type Parts = Path<(String, String)>;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/commission-plans")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/commission-plans/{commission_plan}").route(get().to(show::show)))
        .service(
            resource("/commission-plans/{commission_plan}/versions").route(post().to(show::draft)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}/edit")
                .route(get().to(edit::edit)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}")
                .route(post().to(edit::update)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}/publication")
                .route(post().to(edit::publish)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}/dry-run")
                .route(get().to(dry_run::show)),
        );
}

struct PlanRow {
    id: CommissionPlanId,
    name: String,
    version: String,
    effective_from: String,
    hold_days: String,
    outcome: String,
}

#[derive(Template)]
#[template(path = "staff/commission_plans/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_edit: bool,
    rows: Vec<PlanRow>,
    problems: Problems,
    typed_name: String,
    form_id: String,
}

async fn index_page(
    staff: &Staff,
    store: &Store,
    (name, problems): (String, Problems),
) -> Result<IndexPage> {
    let rows = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewMoney)?;
            let mut rows = Vec::new();
            for plan in plans::plans(tx)? {
                let versions = plans::versions_of(tx, plan.id)?;
                let sold = versions
                    .iter()
                    .find(|v| v.status == VersionStatus::Published);
                rows.push(PlanRow {
                    id: plan.id,
                    name: plan.name,
                    version: sold.map_or("None yet".to_owned(), |v| {
                        format!("Version {}", v.version_no)
                    }),
                    effective_from: sold.map_or(String::new(), |v| date_words(v.effective_from)),
                    hold_days: sold.map_or(String::new(), |v| v.hold_days.to_string()),
                    outcome: sold.map_or(String::new(), |v| match v.outcome.as_str() {
                        "" => "None named".to_owned(),
                        named => named.to_owned(),
                    }),
                });
            }
            Ok(rows)
        })
        .await?;
    Ok(IndexPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        may_edit: staff.may(Permission::ManageCommissionPlans),
        rows,
        problems,
        typed_name: name,
        form_id: fresh_form_id()?,
    })
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    ok(&index_page(&staff, &store, (String::new(), Problems::default())).await?)
}

async fn create(staff: Staff, store: Data<Store>, typed: Fields) -> Answer {
    staff.needs(Permission::ManageCommissionPlans)?;
    let typed = typed.only(|name| ["name", "form_id"].contains(&name))?;
    let made = match typed.get("name").parse::<Name>() {
        Ok(name) => {
            let (form_id, base) = (typed.text("form_id"), staff.base.clone());
            store
                .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    once(tx, &form_id, |tx| {
                        let draft = Draft {
                            effective_from: vendor::today(tx)?,
                            hold_days: 30,
                            outcome: String::new(),
                            extras: crate::domain::commission::extras::PlanExtras::default(),
                            clauses: Vec::new(),
                        };
                        let (_, version) = service::add(tx, &name, &draft)?;
                        Ok(format!("{base}/commission-plan-versions/{version}/edit"))
                    })
                })
                .await
        }
        Err(why) => Err(Error::on("name", why.to_string())),
    };
    match made {
        Ok(to) => see_other(&to),
        Err(Error::Invalid(problems)) => {
            let again = (typed.text("name"), problems);
            unprocessable(&index_page(&staff, &store, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}
