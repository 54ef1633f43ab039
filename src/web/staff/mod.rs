//! The vendor's pages, one file per resource.
pub mod people;
pub mod settings;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(people::routes).configure(settings::routes);
}
