//! A partner's pages, one file per resource.
pub mod ledger;
pub mod people;
pub mod statements;

use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(ledger::routes)
        .configure(people::routes)
        .configure(statements::routes);
}
