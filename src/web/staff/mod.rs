//! The vendor's pages, one file per resource.
pub mod customers;
pub mod partners;
pub mod people;
pub mod subscriptions;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(customers::routes)
        .configure(partners::routes)
        .configure(people::routes)
        .configure(subscriptions::routes);
}
