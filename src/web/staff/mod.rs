//! The vendor's pages, one file per resource.
pub mod access_tokens;
pub mod adjustments;
pub mod commission_plans;
pub mod customers;
pub mod deals;
pub mod exchange_rates;
pub mod home;
pub mod imports;
pub mod invoices;
pub mod ledger;
pub mod lifecycle;
pub mod mail;
pub mod metrics;
pub mod offerings;
pub mod partners;
pub mod payments;
pub mod payouts;
pub mod people;
pub mod periods;
pub mod plans;
pub mod service_levels;
pub mod settings;
pub mod sla_credits;
pub mod sla_policies;
pub mod spiffs;
pub mod statements;
pub mod subscriptions;
pub mod taxes;
pub mod tickets;
pub mod tiers;

use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(home::routes)
        .configure(partners::routes)
        .configure(lifecycle::routes)
        .configure(deals::routes)
        .configure(customers::routes)
        .configure(subscriptions::routes)
        .configure(invoices::routes)
        .configure(payments::routes)
        .configure(mail::routes)
        .configure(periods::routes)
        .configure(exchange_rates::routes)
        .configure(offerings::routes)
        .configure(plans::routes)
        .configure(sla_policies::routes)
        .configure(service_levels::routes)
        .configure(tickets::routes)
        .configure(sla_credits::routes)
        .configure(commission_plans::routes)
        .configure(tiers::routes)
        .configure(payouts::routes)
        .configure(spiffs::routes)
        .configure(ledger::routes)
        .configure(adjustments::routes)
        .configure(super::earnings::forecast::staff_routes)
        .configure(metrics::routes)
        .configure(statements::routes)
        .configure(imports::routes)
        .configure(people::routes)
        .configure(access_tokens::routes)
        .configure(settings::routes)
        .configure(taxes::routes);
}
