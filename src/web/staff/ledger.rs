//! The commission ledger on the vendor's side.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    store::{Store, registers},
    web::{
        Answer,
        admission::Staff,
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

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    ledger::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    ledger::file(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    ledger::show(&store, Desk::of_staff(staff), &path.1, |tx, entry| {
        registers::ledger::terms(tx, entry)
    })
    .await
}
