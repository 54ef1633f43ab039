//! The vendor's pages, one file per resource.
pub mod ledger;
pub mod people;
pub mod settings;
pub mod statements;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(ledger::routes)
        .configure(people::routes)
        .configure(settings::routes)
        .configure(statements::routes);
}
