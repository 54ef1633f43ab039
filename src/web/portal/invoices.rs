//! Invoices to a partner's customers, on its side: to be read, never changed.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk, credit_notes,
            invoices::{self, Asked},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/invoices").route(get().to(index)))
        .service(resource("/invoices.csv").route(get().to(file)))
        .service(resource("/credit-notes").route(get().to(notes)))
        .service(resource("/credit-notes.csv").route(get().to(notes_file)))
        .service(resource("/invoices/{invoice}").route(get().to(show)));
}

async fn index(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::index(&store, Desk::of_seller(visitor), asked.into_inner()).await
}

async fn file(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::file(&store, Desk::of_seller(visitor), asked.into_inner()).await
}

async fn notes(visitor: Visitor, store: Data<Store>, asked: Query<credit_notes::Asked>) -> Answer {
    credit_notes::index(&store, Desk::of_seller(visitor), asked.into_inner()).await
}

async fn notes_file(
    visitor: Visitor,
    store: Data<Store>,
    asked: Query<credit_notes::Asked>,
) -> Answer {
    credit_notes::file(&store, Desk::of_seller(visitor), asked.into_inner()).await
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    path: Path<(String, String, String)>,
) -> Answer {
    invoices::show(&store, Desk::of_seller(visitor), &path.2).await
}
