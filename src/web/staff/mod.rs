//! The vendor's pages, one file per resource.
pub mod partners;
pub mod people;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(partners::routes).configure(people::routes);
}
