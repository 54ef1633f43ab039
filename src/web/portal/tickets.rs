//! Tickets on a partner's side: what its own customers asked.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};

use crate::{
    domain::Problems,
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk,
            tickets::{self, Again, Asked, TicketForm},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/tickets").route(get().to(index)))
        .service(resource("/tickets.csv").route(get().to(file)))
        .service(resource("/tickets/{ticket}").route(get().to(show)));
}

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let nothing = (TicketForm::default(), Problems::default());
    tickets::index(&store, Desk::of_seller(visitor), asked, nothing).await
}

async fn file(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    tickets::file(&store, Desk::of_seller(visitor), asked).await
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    parts: Path<(String, String, String)>,
) -> Answer {
    tickets::show(&store, Desk::of_seller(visitor), &parts.2, Again::First).await
}
