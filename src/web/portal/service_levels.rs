//! Service levels on a partner's side: what was kept of what it sells.
use actix_web::web::{Data, Query, ServiceConfig, get, resource};

use crate::{
    domain::{Permission, Problems},
    store::{PartnerScope, Store},
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk,
            service_levels::{self, Asked, EventForm},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/service-levels").route(get().to(index)))
        .service(resource("/service-levels.csv").route(get().to(file)));
}

fn desk(visitor: Visitor) -> Desk<PartnerScope> {
    Desk::of_partner(visitor).needing(Permission::ViewCatalogue)
}

async fn index(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let nothing = (EventForm::default(), Problems::default());
    service_levels::index(&store, desk(visitor), asked.into_inner(), nothing).await
}

async fn file(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    service_levels::file(&store, desk(visitor), asked.into_inner()).await
}
