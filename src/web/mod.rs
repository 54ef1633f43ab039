//! Pages for people: the map of routes, and the parts that all pages share.
pub mod account;
pub mod admission;
pub mod assets;
pub mod caller;
pub mod chart;
pub mod deals;
pub mod earnings;
pub mod edge;
pub mod failure;
#[expect(
    missing_docs,
    reason = "the filter macro makes items that carry no comment"
)]
pub mod filters;
pub mod form;
pub mod health;
pub mod history;
pub mod intake;
pub mod list;
pub mod metrics;
pub mod nav;
pub mod page;
pub mod people;
pub mod portal;
pub mod resold;
pub mod same_site;
pub mod sessions;
pub mod sold;
pub mod staff;
pub mod stages;
pub mod stale;
pub mod words;

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig, get, post, resource, scope},
};

pub use failure::Failure;
pub use page::{Answer, Shell, Site};

/// Every route. Fixed first segments come before `/{vendor}`, which takes what is left; a vendor's
/// slug is never one of them (`domain::text::RESERVED_SLUGS`). The guard of a scope is its
/// middleware, because the extractors of a handler run side by side and the body's may answer first.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/livez").route(get().to(health::livez)))
        .service(resource("/readyz").route(get().to(health::readyz)))
        .service(resource("/static/{name}").route(get().to(assets::show)))
        .service(resource("/api/usage").route(post().to(intake::take)))
        .configure(account::routes)
        .service(
            scope("/{vendor}/p/{partner}")
                .wrap(from_fn(admission::partner_only))
                .configure(portal::routes)
                .default_service(web::to(admission::nothing_here)),
        )
        .service(
            scope("/{vendor}")
                .wrap(from_fn(admission::staff_only))
                .configure(staff::routes)
                .default_service(web::to(admission::nothing_here)),
        )
        .default_service(web::to(admission::nothing_here));
}
