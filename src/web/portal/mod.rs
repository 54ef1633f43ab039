//! A partner's pages, one file per resource.
pub mod home;
pub mod ledger;
pub mod people;
pub mod statements;
pub mod terms;

use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(home::routes)
        .configure(terms::routes)
        .configure(ledger::routes)
        .configure(people::routes)
        .configure(statements::routes);
}
