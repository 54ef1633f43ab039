//! Payouts: what is due, the runs that are handed to the bank, and the account they come from.
mod account;
mod register;
mod run;

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::services::revenue::payout_runs::SharedAccount;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/payouts")
                .route(get().to(register::index))
                .route(post().to(register::create)),
        )
        .service(resource("/payouts/new").route(get().to(register::new)))
        .service(
            resource("/payouts/account")
                .route(get().to(account::form))
                .route(post().to(account::place)),
        )
        .service(resource("/payouts/{payout_run}.xml").route(get().to(run::xml)))
        .service(resource("/payouts/{payout_run}.csv").route(get().to(run::csv)))
        .service(resource("/payouts/{payout_run}").route(get().to(run::show)))
        .service(resource("/payouts/{payout_run}/paid").route(post().to(run::pay)))
        .service(resource("/payouts/{payout_run}/cancellation").route(post().to(run::cancel)));
}

type Parts = Path<(String, String)>;

/// "Contoso and Northwind to DE89 ···· 3000", for each account that several partners are paid to.
fn shared_words(accounts: &[SharedAccount]) -> Vec<String> {
    let words = |one: &SharedAccount| format!("{} to {}", one.partners.join(" and "), one.masked);
    accounts.iter().map(words).collect()
}
