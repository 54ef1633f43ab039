//! Statements on a partner's side.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk,
            statements::{self, Asked, Format},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/statements").route(get().to(index)))
        .service(resource("/statements.csv").route(get().to(file)))
        .service(resource("/statements/{statement}.pdf").route(get().to(pdf)))
        .service(resource("/statements/{statement}.csv").route(get().to(csv)))
        .service(resource("/statements/{statement}.json").route(get().to(json)))
        .service(resource("/statements/{statement}").route(get().to(show)));
}

type Parts = Path<(String, String, String)>;

async fn index(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    statements::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn file(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    statements::file(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn show(visitor: Visitor, store: Data<Store>, path: Parts) -> Answer {
    statements::show(&store, Desk::of_partner(visitor), &path.2).await
}
async fn pdf(visitor: Visitor, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_partner(visitor), &path.2, Format::Pdf).await
}
async fn csv(visitor: Visitor, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_partner(visitor), &path.2, Format::Csv).await
}
async fn json(visitor: Visitor, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_partner(visitor), &path.2, Format::Json).await
}
