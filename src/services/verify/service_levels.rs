//! Tickets, by which response and resolution are measured.
use std::collections::HashMap;

use super::{Findings, Ledger, sums};
use crate::{
    domain::{accrual::EntryKind, sla::SlaCreditStatus},
    store::incentivize::entries::SourceKind,
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let sold: HashMap<_, _> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    for ticket in &ledger.tickets {
        let name = format!("Ticket {}", ticket.external_id);
        let under = sold.get(&ticket.subscription);
        let services = ledger.services.get(&ticket.subscription);
        // A change of plan that was dated back left it with the service it was about.
        let fits = under.is_some_and(|one| one.partner_id == ticket.partner)
            && services.is_some_and(|days| days.ever(Some(ticket.offering)));
        found.unless(fits, || {
            format!("{name} is not of its subscription's partner and services")
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

/// What missed promises give back is what credit notes gave back, and what is charged back to the
/// partner is charged back once.
pub fn credits(ledger: &Ledger, found: &mut Findings) {
    let nets: HashMap<_, i64> = ledger
        .notes
        .iter()
        .map(|note| (note.id, note.net_minor))
        .collect();
    let lines = sums(&ledger.sla_lines, |line| {
        Some((line.sla_credit_id, line.net_minor))
    });
    let issued = sums(&ledger.sla_notes, |note| {
        Some((note.sla_credit_id, nets.get(&note.credit_note_id).copied()?))
    });
    let back = sums(&ledger.sla_notes, |note| {
        Some((note.sla_credit_id, note.charged_back_minor))
    });
    for credit in &ledger.sla_credits {
        let name = format!("SLA credit {}", credit.id);
        let of = |sums: &HashMap<_, i64>| sums.get(&credit.id).copied().unwrap_or_default();
        found.same(&format!("{name}, lines"), credit.net_minor, of(&lines));
        let is_approved = credit.status == SlaCreditStatus::Approved;
        let (net, charged) = match is_approved {
            true => (credit.net_minor, credit.charged_back_minor),
            false => (0, 0),
        };
        found.same(&format!("{name}, credited"), net, of(&issued));
        found.same(&format!("{name}, charged back"), charged, of(&back));
    }
    chargebacks(ledger, found);
}

fn chargebacks(ledger: &Ledger, found: &mut Findings) {
    let posted = ledger.entries.iter().filter(|entry| {
        entry.kind == EntryKind::Adjustment && entry.source_kind == SourceKind::CreditNote
    });
    let mut of_notes: HashMap<i64, i64> = HashMap::new();
    for entry in posted {
        *of_notes.entry(entry.source_id).or_default() += entry.amount_minor;
    }
    for note in &ledger.sla_notes {
        let posted = of_notes.remove(&note.credit_note_id.number());
        let name = format!("SLA chargeback of a credit note of {}", note.sla_credit_id);
        found.same(&name, -note.charged_back_minor, posted.unwrap_or_default());
    }
    for (note, _) in of_notes {
        found.say(format!(
            "Credit note {note} charges back what no miss is behind"
        ));
    }
}
