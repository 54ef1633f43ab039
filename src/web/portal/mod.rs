//! A partner's pages, one file per resource.
pub mod customers;
pub mod ledger;
pub mod lifecycle;
pub mod offerings;
pub mod people;
pub mod statements;
pub mod subscriptions;

use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(customers::routes)
        .configure(ledger::routes)
        .configure(lifecycle::routes)
        .configure(offerings::routes)
        .configure(people::routes)
        .configure(statements::routes)
        .configure(subscriptions::routes);
}
