//! The vendor's pages, one file per resource.
pub mod customers;
pub mod imports;
pub mod lifecycle;
pub mod partners;
pub mod people;
pub mod subscriptions;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(customers::routes)
        .configure(imports::routes)
        .configure(lifecycle::routes)
        .configure(partners::routes)
        .configure(people::routes)
        .configure(subscriptions::routes);
}
