//! A partner's pages, one file per resource.
pub mod bank;
pub mod customers;
pub mod deals;
pub mod home;
pub mod invoices;
pub mod ledger;
pub mod lifecycle;
pub mod metrics;
pub mod offerings;
pub mod people;
pub mod service_levels;
pub mod sla_credits;
pub mod statements;
pub mod subscriptions;
pub mod terms;
pub mod tickets;
pub mod usage;

use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(home::routes)
        .configure(deals::routes)
        .configure(customers::routes)
        .configure(subscriptions::routes)
        .configure(invoices::routes)
        .configure(statements::routes)
        .configure(ledger::routes)
        .configure(super::earnings::forecast::portal_routes)
        .configure(metrics::routes)
        .configure(terms::routes)
        .configure(bank::routes)
        .configure(offerings::routes)
        .configure(service_levels::routes)
        .configure(tickets::routes)
        .configure(sla_credits::routes)
        .configure(lifecycle::routes)
        .configure(people::routes);
}
