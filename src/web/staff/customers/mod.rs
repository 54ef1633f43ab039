//! Customers: the register and their records.
mod form;
mod record;
mod register;

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::{Error, id::CustomerId};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/customers")
                .route(get().to(register::index))
                .route(post().to(form::create)),
        )
        .service(resource("/customers.csv").route(get().to(register::csv)))
        .service(resource("/customers/new").route(get().to(form::new)))
        .service(
            resource("/customers/{customer}")
                .route(get().to(record::show))
                .route(post().to(form::update)),
        )
        .service(resource("/customers/{customer}/edit").route(get().to(form::edit)));
}

type Parts = Path<(String, String)>;

fn customer(parts: &Parts) -> Result<CustomerId, Error> {
    parts.1.parse().map_err(|_| Error::NotFound)
}
