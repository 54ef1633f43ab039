//! Registered deals on the vendor's side: every partner's, to be decided on.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    Error, Result,
    domain::{LongText, Permission, Problems, read_date},
    id::DealRegistrationId,
    services::sell::deals::{self as service, Approval},
    store::Store,
    web::{
        Answer, Site,
        admission::Staff,
        deals::{self, Asked, DecisionForm, Refused},
        earnings::{Desk, id},
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/registrations").route(get().to(index)))
        .service(resource("/registrations.csv").route(get().to(file)))
        .service(resource("/registrations/{deal_registration}").route(get().to(show)))
        .service(resource("/registrations/{deal_registration}/approval").route(post().to(approve)))
        .service(resource("/registrations/{deal_registration}/refusal").route(post().to(decline)));
}

type Parts = Path<(String, String)>;

fn desk(staff: Staff) -> Desk<crate::store::VendorScope> {
    Desk::of_staff(staff).needing(Permission::ViewPartners)
}

async fn index(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    deals::index(&store, desk(staff), asked).await
}

async fn file(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    deals::file(&store, desk(staff), asked).await
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let nothing = (DecisionForm::default(), Problems::default(), None);
    page(staff, &store, &parts.1, nothing).await
}

async fn page(staff: Staff, store: &Store, deal: &str, refused: Refused) -> Answer {
    deals::show(store, desk(staff), deal, service::rivals, refused).await
}

/// Where a decision leads, or its page again with why it was refused.
async fn decided(
    staff: Staff,
    (store, session): (&Store, &Session),
    (deal, typed): (&str, DecisionForm),
    (done, said): (Result<String>, &str),
) -> Answer {
    match done {
        Ok(to) => see_other_saying(session, &to, said),
        Err(Error::Invalid(problems)) => page(staff, store, deal, (typed, problems, None)).await,
        Err(Error::Conflict(why)) => {
            let refused = (typed, Problems::default(), Some(why));
            page(staff, store, deal, refused).await
        }
        Err(other) => Err(other.into()),
    }
}

fn version(typed: &DecisionForm) -> i32 {
    typed.version.parse().unwrap_or_default()
}

async fn approve(
    staff: Staff,
    (store, session, site): (Data<Store>, Session, Data<Site>),
    parts: Parts,
    Typed(typed): Typed<DecisionForm>,
) -> Answer {
    staff.needs(Permission::DecideDeals)?;
    let deal: DealRegistrationId = id(&parts.1)?;
    let done = match read_date(&typed.until) {
        Err(why) => Err(Error::on("until", why.to_string())),
        Ok(until) => {
            let approval = Approval {
                deal,
                version: version(&typed),
                until,
                despite: !typed.despite.is_empty(),
            };
            let (form_id, to) = (typed.form_id.clone(), own(&staff, deal));
            let domain = site.mail_domain.clone();
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::approve(tx, &approval, &domain)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    let said = "The registration is approved. The partner is told by mail.";
    decided(staff, (&store, &session), (&parts.1, typed), (done, said)).await
}

fn own(staff: &Staff, deal: DealRegistrationId) -> String {
    format!("{}/registrations/{deal}", staff.base)
}

async fn decline(
    staff: Staff,
    (store, session, site): (Data<Store>, Session, Data<Site>),
    parts: Parts,
    Typed(typed): Typed<DecisionForm>,
) -> Answer {
    staff.needs(Permission::DecideDeals)?;
    let deal: DealRegistrationId = id(&parts.1)?;
    let done = match typed.answer.parse::<LongText>() {
        Err(why) => Err(Error::on("answer", why.to_string())),
        Ok(answer) => {
            let (form_id, to) = (typed.form_id.clone(), own(&staff, deal));
            let (seen, domain) = ((deal, version(&typed)), site.mail_domain.clone());
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::decline(tx, seen, (&answer, &domain))?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    let said = "The registration is declined. The partner is told by mail.";
    decided(staff, (&store, &session), (&parts.1, typed), (done, said)).await
}
