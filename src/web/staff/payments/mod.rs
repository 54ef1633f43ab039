//! Payments of customers, and refunds to them.
mod new;
mod record;
mod register;

use actix_web::web::{ServiceConfig, get, post, resource};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/payments")
                .route(get().to(register::index))
                .route(post().to(new::create)),
        )
        .service(resource("/payments.csv").route(get().to(register::file)))
        .service(resource("/payments/new").route(get().to(new::new)))
        .service(resource("/payments/{payment}").route(get().to(record::show)))
        .service(resource("/payments/{payment}/refunds").route(post().to(record::refund)));
}
