//! Plans of an offering, their versions and prices.
mod earlier;
mod form;
mod removal;
mod view;

use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;

use self::form::{
    OFFERED, PriceRow, aggregations, at_zero, earnings, intervals, known, prorations, read, rows,
    said, said_of_draft, typed_of,
};
use super::offerings::{Pressed, choices, id_of};
use crate::{
    Error, Result,
    domain::{ExternalId, Name, Permission, PriceKind, Problems, VersionStatus},
    id::{OfferingId, PlanVersionId},
    services::catalogue::plans as service,
    store::{
        Store, Tx, VendorScope,
        catalogue::{offerings, plans},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, Typed, fresh_form_id, once},
        page::{ok, see_other, see_other_saying, unprocessable},
        stale::{Differing, between, conflict, is_overtaken},
    },
};

pub use view::{PlanView, PriceView, VersionView, kind};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/offerings/{offering}/plans/new").route(get().to(new)))
        .service(resource("/offerings/{offering}/plans").route(post().to(create)))
        .service(resource("/plans/{plan}/versions").route(post().to(draft)))
        .service(resource("/plan-versions/{plan_version}/edit").route(get().to(edit)))
        .service(resource("/plan-versions/{plan_version}").route(post().to(update)))
        .service(resource("/plan-versions/{plan_version}/publication").route(post().to(publish)));
    earlier::routes(config);
    removal::routes(config);
}

/// The form's plain fields.
struct PlanFields {
    name: String,
    code: String,
    interval: String,
    term_months: String,
    notice_days: String,
    trial_days: String,
    anchor_day: String,
    minimum: String,
    proration: String,
    currency: String,
    version: String,
}

#[derive(Template)]
#[template(path = "staff/plans/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    answer: String,
    action: String,
    cancel_href: String,
    is_new: bool,
    intervals: Vec<(String, String)>,
    prorations: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    earnings: Vec<(String, String)>,
    aggregations: Vec<(String, String)>,
    at_zero: Vec<(String, String)>,
    price_rows: Vec<PriceRow>,
    problems: Problems,
    typed: PlanFields,
    both: Option<Vec<Differing>>,
    form_id: String,
}

/// The service pins its remarks to its own names; the form has these.
fn on_the_form(problems: Problems) -> Problems {
    let mut renamed = Problems::default();
    for (field, why) in problems.iter() {
        let field = match field {
            "term" => "term_months",
            "notice" => "notice_days",
            "prices" => "price-1",
            other => other,
        };
        renamed.add(field, why);
    }
    renamed
}

struct Form {
    heading: String,
    action: String,
    offering: OfferingId,
    offering_name: String,
    is_new: bool,
    typed: Fields,
    problems: Problems,
}

fn edit_page(staff: &Staff, form: Form) -> Result<EditPage> {
    let back = format!("{}/offerings/{}", staff.base, form.offering);
    let typed = &form.typed;
    let or = |name: &str, default: &str| match typed.get(name) {
        "" if form.is_new && form.problems.is_empty() => default.to_owned(),
        text => text.to_owned(),
    };
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Offerings".to_owned(), format!("{}/offerings", staff.base)),
            (form.offering_name, back.clone()),
        ],
        heading: form.heading,
        answer: "A draft; nothing is sold by it until you publish it.".to_owned(),
        action: form.action,
        cancel_href: back,
        is_new: form.is_new,
        intervals: intervals(),
        prorations: prorations(),
        kinds: choices("", OFFERED, PriceKind::code, PriceKind::label),
        earnings: earnings(),
        aggregations: aggregations(),
        at_zero: at_zero(),
        price_rows: rows(typed, &form.problems),
        typed: PlanFields {
            name: typed.text("name"),
            code: typed.text("code"),
            interval: or("interval", "1"),
            term_months: or("term_months", "12"),
            notice_days: or("notice_days", "30"),
            trial_days: or("trial_days", "0"),
            anchor_day: typed.text("anchor_day"),
            minimum: typed.text("minimum"),
            proration: typed.text("proration"),
            currency: or("currency", "EUR"),
            version: typed.text("version"),
        },
        problems: form.problems,
        both: None,
        form_id: fresh_form_id()?,
    })
}

type Parts = Path<(String, String)>;

async fn new_form(
    staff: &Staff,
    store: &Store,
    id: OfferingId,
    (typed, problems): (Fields, Problems),
) -> Result<EditPage> {
    let offering = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            offerings::offering(tx, id)
        })
        .await?;
    edit_page(
        staff,
        Form {
            heading: "New plan".to_owned(),
            action: format!("{}/offerings/{id}/plans", staff.base),
            offering: id,
            offering_name: offering.name,
            is_new: true,
            typed,
            problems,
        },
    )
}

async fn new(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&new_form(&staff, &store, id, (Fields::default(), Problems::default())).await?)
}

async fn create(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let (id, typed) = (id_of::<crate::id::Offering>(&parts.1)?, typed.only(known)?);
    let mut problems = Problems::default();
    let code = problems.check("code", typed.get("code").parse::<ExternalId>());
    let name = problems.check("name", typed.get("name").parse::<Name>());
    let made = match (read(&typed), code.zip(name)) {
        (Ok(draft), Some((code, name))) => {
            let (form_id, to) = (
                typed.text("form_id"),
                format!("{}/offerings/{id}", staff.base),
            );
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::add(tx, id, (&code, &name), &draft)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
        (draft, _) => {
            if let Err(more) = draft {
                for (field, why) in more.iter() {
                    problems.add(field, why);
                }
            }
            Err(Error::Invalid(problems))
        }
    };
    match made {
        Ok(to) => see_other(&to),
        Err(Error::Invalid(problems)) => {
            let again = (typed, on_the_form(problems));
            unprocessable(&new_form(&staff, &store, id, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn draft(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let (id, typed) = (id_of::<crate::id::Plan>(&parts.1)?, typed.only(known)?);
    let (form_id, base) = (typed.text("form_id"), staff.base.clone());
    let to = store
        .write(staff.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let version = service::new_version(tx, id)?;
                Ok(format!("{base}/plan-versions/{version}/edit"))
            })
        })
        .await?;
    see_other(&to)
}

async fn edit_form(
    staff: &Staff,
    store: &Store,
    id: PlanVersionId,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let (version, plan, offering) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            let version = plans::version(tx, id)?;
            let plan = plans::plan(tx, version.plan)?;
            let offering = offerings::offering(tx, plan.offering)?;
            Ok((version, plan, offering))
        })
        .await?;
    if version.status != VersionStatus::Draft {
        return Err(Error::conflict(
            "A published version never changes. Draft a new one instead.",
        ));
    }
    let number = version.version_no;
    let (typed, problems) = again.unwrap_or_else(|| (typed_of(version), Problems::default()));
    edit_page(
        staff,
        Form {
            heading: format!("{}, version {number}", plan.name),
            action: format!("{}/plan-versions/{id}", staff.base),
            offering: offering.id,
            offering_name: offering.name,
            is_new: false,
            typed,
            problems,
        },
    )
}

async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_form(&staff, &store, id, None).await?)
}

async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    let (id, typed) = (
        id_of::<crate::id::PlanVersion>(&parts.1)?,
        typed.only(known)?,
    );
    let version = typed.get("version").parse().unwrap_or_default();
    let changed = match read(&typed) {
        Ok(draft) => {
            store
                .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    service::edit_draft(tx, id, version, &draft)?;
                    let plan = plans::version(tx, id)?.plan;
                    Ok(plans::plan(tx, plan)?.offering)
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match changed {
        Ok(offering) => see_other_saying(
            &session,
            &format!("{}/offerings/{offering}", staff.base),
            "The draft was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_form(&staff, &store, id, again).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    id: PlanVersionId,
    typed: Fields,
    why: String,
) -> Answer {
    let now = store
        .read(staff.scope.clone(), move |tx| plans::version(tx, id))
        .await?;
    let yours = read(&typed).map_err(Error::Invalid)?;
    if !is_overtaken(typed.get("version"), now.version) {
        return Err(Error::Conflict(why).into());
    }
    let typed = typed.with("version", now.version.to_string());
    let both = between(&said(&now), &said_of_draft(&yours));
    let again = Some((typed, Problems::default()));
    let page = edit_form(staff, store, id, again).await?;
    conflict(&EditPage {
        both: Some(both),
        ..page
    })
}

async fn publish(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    let (id, version) = (
        id_of::<crate::id::PlanVersion>(&parts.1)?,
        pressed.version(),
    );
    let offering = store
        .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            service::publish(tx, id, version)?;
            let plan = plans::version(tx, id)?.plan;
            Ok(plans::plan(tx, plan)?.offering)
        })
        .await?;
    let to = format!("{}/offerings/{offering}", staff.base);
    see_other_saying(
        &session,
        &to,
        "Published: this is what is sold from now on.",
    )
}
