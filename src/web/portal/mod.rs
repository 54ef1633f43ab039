//! A partner's pages, one file per resource.
pub mod people;

use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(config: &mut ServiceConfig) {
    config.configure(people::routes);
}
