//! Subscriptions: the register, their records, and what can be done with them.
mod cancellation;
mod discount;
mod form;
mod outcome;
mod pausing;
mod quantity;
mod record;
mod register;
mod undoing;
mod usage;

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::{Error, id::SubscriptionId};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/subscriptions")
                .route(get().to(register::index))
                .route(post().to(form::create)),
        )
        .service(resource("/subscriptions.csv").route(get().to(register::csv)))
        .service(resource("/subscriptions/new").route(get().to(form::new)))
        .service(resource("/subscriptions/{subscription}").route(get().to(record::show)))
        .service(resource("/subscriptions/{subscription}/usage").route(get().to(usage::index)))
        .service(resource("/subscriptions/{subscription}/usage.csv").route(get().to(usage::file)))
        .service(
            resource("/subscriptions/{subscription}/usage/{usage_event}/verification")
                .route(post().to(usage::verify)),
        )
        .service(
            resource("/subscriptions/{subscription}/quantity")
                .route(get().to(quantity::form))
                .route(post().to(quantity::change)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts/new").route(get().to(discount::form)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts").route(post().to(discount::give)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts/{discount}/end")
                .route(post().to(discount::end)),
        )
        .service(
            resource("/subscriptions/{subscription}/cancellation")
                .route(get().to(cancellation::form))
                .route(post().to(cancellation::cancel)),
        )
        .service(
            resource("/subscriptions/{subscription}/pause")
                .route(get().to(pausing::pausing))
                .route(post().to(pausing::pause)),
        )
        .service(
            resource("/subscriptions/{subscription}/resume")
                .route(get().to(pausing::resuming))
                .route(post().to(pausing::resume)),
        )
        .service(
            resource("/subscriptions/{subscription}/cancellation/undo")
                .route(get().to(undoing::form))
                .route(post().to(undoing::keep)),
        );
}

type Parts = Path<(String, String)>;

fn subscription(parts: &Parts) -> Result<SubscriptionId, Error> {
    parts.1.parse().map_err(|_| Error::NotFound)
}
