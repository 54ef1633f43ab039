//! Tickets, by which response and resolution are measured.
use std::collections::{HashMap, HashSet};

use super::{Findings, Ledger};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let sold: HashMap<_, _> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    // Of what a subscription was before its plan changed, too.
    let brought: HashSet<_> = ledger
        .mrr
        .iter()
        .map(|one| (one.subscription_id, one.offering_id))
        .collect();
    for ticket in &ledger.tickets {
        let name = format!("Ticket {}", ticket.external_id);
        let under = sold.get(&ticket.subscription);
        let service = ledger.services.get(&ticket.subscription);
        let fits = under.is_some_and(|one| one.partner_id == ticket.partner)
            && (service == Some(&ticket.offering)
                || brought.contains(&(ticket.subscription, ticket.offering)));
        found.unless(fits, || {
            format!("{name} is not of its subscription's partner and service")
        });
        let is_ordered = ticket.answered_at.is_none_or(|at| at >= ticket.opened_at)
            && ticket
                .resolved_at
                .is_none_or(|at| ticket.answered_at.is_some_and(|answered| answered <= at));
        found.unless(is_ordered, || {
            format!("{name}: it was not opened, answered and resolved in that order")
        });
        let is_apart = ticket.waits.windows(2).all(|pair| match pair {
            [first, next] => first.to.is_some_and(|to| to <= next.from),
            _ => true,
        });
        found.unless(is_apart, || {
            format!("{name}: it waits for two things at once")
        });
    }
}
