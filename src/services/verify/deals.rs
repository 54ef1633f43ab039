//! Registered deals against the sales they became, and what those earn for it.
use std::collections::{HashMap, HashSet};

use super::{Findings, Ledger};
use crate::{
    domain::{DealStatus, commission::bonus::uplifted},
    id::SubscriptionId,
    store::{revenue::subscriptions::Subscription, sell::deals::DealRegistration},
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let sold = ledger.subscriptions.iter().map(|one| (one.id, one));
    let sold: HashMap<SubscriptionId, &Subscription> = sold.collect();
    let won = ledger
        .deals
        .iter()
        .filter(|deal| deal.status == DealStatus::Won);
    let mut registered = HashSet::new();
    for deal in won {
        let sale = deal.subscription_id.and_then(|id| sold.get(&id));
        found.unless(sale.is_some_and(|sale| is_sale_of(deal, sale)), || {
            format!("Registration {} was not won by its subscription", deal.id)
        });
        registered.extend(deal.subscription_id);
    }
    for line in &ledger.lines {
        let clause = line
            .commission_clause_id
            .and_then(|id| ledger.uplifts.get(&id));
        let Some((rate, uplift)) = clause else {
            continue;
        };
        let is_registered = registered.contains(&line.subscription_id);
        let reckoned = uplifted(*rate, *uplift, is_registered);
        found.same(
            &format!("The rate of a line of {} in basis points", line.description),
            line.rate_bps.into(),
            reckoned.bps().into(),
        );
    }
}

/// Whether a sale is its partner's and began while it was protected.
fn is_sale_of(deal: &DealRegistration, sale: &Subscription) -> bool {
    sale.partner_id == deal.partner_id && deal.protects_on(sale.starts_on)
}
