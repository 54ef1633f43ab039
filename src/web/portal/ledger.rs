//! The commission ledger on a partner's side.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::{Desk, ledger, ledger::Asked},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/ledger").route(get().to(index)))
        .service(resource("/ledger.csv").route(get().to(file)))
        .service(resource("/ledger/{entry}").route(get().to(show)));
}

async fn index(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    ledger::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}

async fn file(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    ledger::file(&store, Desk::of_partner(visitor), asked.into_inner()).await
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    path: Path<(String, String, String)>,
) -> Answer {
    // What partners may read of their terms stands on the page of their terms.
    ledger::show(&store, Desk::of_partner(visitor), &path.2, |_, _| Ok(None)).await
}
