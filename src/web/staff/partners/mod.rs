//! Partners: the register, their records, and their people.
mod bank;
pub(in crate::web::staff) mod called;
mod distributor;
mod form;
mod payout_currency;
mod people;
mod record;
mod register;
mod resale;
mod tax;

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::{Error, id::PartnerId};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/partners")
                .route(get().to(register::index))
                .route(post().to(form::create)),
        )
        .service(resource("/partners.csv").route(get().to(register::csv)))
        .service(resource("/partners/new").route(get().to(form::new)))
        .service(
            resource("/partners/{partner}")
                .route(get().to(record::show))
                .route(post().to(form::update)),
        )
        .service(resource("/partners/{partner}/edit").route(get().to(form::edit)))
        .service(
            resource("/partners/{partner}/status")
                .route(get().to(form::confirm_status))
                .route(post().to(form::change_status)),
        )
        .service(resource("/partners/{partner}/tier").route(post().to(record::assign_tier)))
        .service(resource("/partners/{partner}/enrolment").route(post().to(record::enroll)))
        .service(
            resource("/partners/{partner}/distributor")
                .route(get().to(distributor::form))
                .route(post().to(distributor::place)),
        )
        .service(
            resource("/partners/{partner}/payout-currency")
                .route(get().to(payout_currency::form))
                .route(post().to(payout_currency::place)),
        )
        .service(
            resource("/partners/{partner}/resale")
                .route(get().to(resale::form))
                .route(post().to(resale::place)),
        )
        .service(
            resource("/partners/{partner}/tax")
                .route(get().to(tax::form))
                .route(post().to(tax::place)),
        )
        .service(
            resource("/partners/{partner}/bank")
                .route(get().to(bank::form))
                .route(post().to(bank::place)),
        )
        .service(resource("/partners/{partner}/bank/confirmation").route(post().to(bank::confirm)))
        .configure(people::routes);
}

type Parts = Path<(String, String)>;

fn partner(parts: &Parts) -> Result<PartnerId, Error> {
    parts.1.parse().map_err(|_| Error::NotFound)
}
