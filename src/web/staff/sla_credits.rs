//! Credits for missed promises on the vendor's side: reckoned, claimed for a customer, decided.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    Error,
    domain::{LongText, Permission, Problems},
    id::SlaCreditId,
    services::revenue::sla_credits as service,
    store::{Store, VendorScope, account::vendor, registers::sla_credits as register},
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk, id,
            sla_credits::{self, Asked, DecisionForm},
        },
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/sla-credits")
                .route(get().to(index))
                .route(post().to(reckon)),
        )
        .service(resource("/sla-credits.csv").route(get().to(file)))
        .service(resource("/sla-credits/{sla_credit}").route(get().to(show)))
        .service(resource("/sla-credits/{sla_credit}/claim").route(post().to(claim)))
        .service(resource("/sla-credits/{sla_credit}/approval").route(post().to(approve)))
        .service(resource("/sla-credits/{sla_credit}/refusal").route(post().to(decline)));
}

type Parts = Path<(String, String)>;

fn desk(staff: Staff) -> Desk<VendorScope> {
    Desk::of_staff(staff).needing(Permission::ViewPartners)
}

async fn index(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    sla_credits::index(&store, desk(staff), asked).await
}

async fn file(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    sla_credits::file(&store, desk(staff), asked).await
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let nothing = (DecisionForm::default(), Problems::default(), None);
    sla_credits::show(&store, desk(staff), &parts.1, nothing).await
}

async fn reckon(staff: Staff, (store, session): (Data<Store>, Session)) -> Answer {
    let to = format!("{}/sla-credits", staff.base);
    store.write(staff.scope, service::propose_again).await?;
    see_other_saying(
        &session,
        &to,
        "Every SLA credit that nobody has decided about is worked out again.",
    )
}

async fn claim(staff: Staff, (store, session): (Data<Store>, Session), parts: Parts) -> Answer {
    let credit: SlaCreditId = id(&parts.1)?;
    let to = format!("{}/sla-credits/{credit}", staff.base);
    store
        .write(staff.scope, move |tx| {
            let today = vendor::today(tx)?;
            let found = register::one(tx, credit)?.credit;
            service::claim(tx, (&found, today))
        })
        .await?;
    see_other_saying(
        &session,
        &to,
        "The SLA credit is claimed and waits for approval.",
    )
}

async fn approve(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<DecisionForm>,
) -> Answer {
    let credit: SlaCreditId = id(&parts.1)?;
    let to = format!("{}/sla-credits/{credit}", staff.base);
    let (form, leads) = (typed.clone(), to.clone());
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::RecordPayments)?;
            register::one(tx, credit)?;
            once(tx, &form.form_id, |tx| {
                let version = form.version.parse().unwrap_or_default();
                service::approve(tx, (credit, version))?;
                Ok(leads.clone())
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The SLA credit is approved."),
        Err(Error::Conflict(why)) => {
            let again = (typed, Problems::default(), Some(why));
            sla_credits::show(&store, desk(staff), &parts.1, again).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn decline(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<DecisionForm>,
) -> Answer {
    let credit: SlaCreditId = id(&parts.1)?;
    let to = format!("{}/sla-credits/{credit}", staff.base);
    let (form, leads) = (typed.clone(), to.clone());
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::RecordPayments)?;
            register::one(tx, credit)?;
            let answer = form.answer.parse::<LongText>();
            let answer = answer.map_err(|why| Error::on("answer", why.to_string()))?;
            once(tx, &form.form_id, |tx| {
                let version = form.version.parse().unwrap_or_default();
                service::decline(tx, (credit, version), &answer)?;
                Ok(leads.clone())
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The SLA credit is declined."),
        Err(Error::Invalid(problems)) => {
            sla_credits::show(&store, desk(staff), &parts.1, (typed, problems, None)).await
        }
        Err(Error::Conflict(why)) => {
            let again = (typed, Problems::default(), Some(why));
            sla_credits::show(&store, desk(staff), &parts.1, again).await
        }
        Err(error) => Err(error.into()),
    }
}
