//! Invoices on the vendor's side.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk,
            invoices::{self, Asked},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/invoices").route(get().to(index)))
        .service(resource("/invoices.csv").route(get().to(file)))
        .service(resource("/invoices/{invoice}").route(get().to(show)));
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::file(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    invoices::show(&store, Desk::of_staff(staff), &path.1).await
}
