//! Credits for missed promises on a partner's side: those of its own customers, which it may claim.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    domain::Problems,
    id::SlaCreditId,
    services::revenue::sla_credits as service,
    store::{Store, account::vendor, registers::sla_credits as register},
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk, id,
            sla_credits::{self, Asked, DecisionForm},
        },
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/sla-credits").route(get().to(index)))
        .service(resource("/sla-credits.csv").route(get().to(file)))
        .service(resource("/sla-credits/{sla_credit}").route(get().to(show)))
        .service(resource("/sla-credits/{sla_credit}/claim").route(post().to(claim)));
}

type Parts = Path<(String, String, String)>;

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    sla_credits::index(&store, Desk::of_seller(visitor), asked).await
}

async fn file(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    sla_credits::file(&store, Desk::of_seller(visitor), asked).await
}

async fn show(visitor: Visitor, store: Data<Store>, parts: Parts) -> Answer {
    let nothing = (DecisionForm::default(), Problems::default(), None);
    sla_credits::show(&store, Desk::of_seller(visitor), &parts.2, nothing).await
}

async fn claim(visitor: Visitor, (store, session): (Data<Store>, Session), parts: Parts) -> Answer {
    let credit: SlaCreditId = id(&parts.2)?;
    let to = format!("{}/sla-credits/{credit}", visitor.base);
    store
        .write(visitor.scope, move |tx| {
            let today = vendor::today(tx)?;
            let found = register::one(tx, credit)?.credit;
            service::claim(tx, (&found, today))
        })
        .await?;
    see_other_saying(
        &session,
        &to,
        "The SLA credit is claimed and waits for the vendor’s approval.",
    )
}
