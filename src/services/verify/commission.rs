//! The commission ledger against the invoices it follows.
use std::collections::{BTreeMap, HashMap};

use super::{Findings, Ledger, sums};
use crate::{
    Result,
    domain::{
        Period,
        commission::{EntryKind, accrue},
    },
    id::{CommissionEntryId, InvoiceId, InvoiceLineId},
    services::revenue::earning_lines,
    store::{
        incentivize::entries::Entry,
        revenue::invoices::{Invoice, InvoiceLine},
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    posted(ledger, found);
    reversals(ledger, found);
    let invoices: HashMap<InvoiceId, &Invoice> =
        ledger.invoices.iter().map(|one| (one.id, one)).collect();
    for entry in &ledger.entries {
        dates(entry, found);
        let fits = invoices.get(&entry.invoice_id).is_some_and(|one| {
            (
                one.partner_id,
                one.customer_id,
                one.subscription_id,
                one.currency,
            ) == (
                entry.partner_id,
                entry.customer_id,
                entry.subscription_id,
                entry.currency,
            )
        });
        found.unless(fits, || format!("Entry {} is not its invoice's", entry.id));
    }
    targets(ledger, found)
}

fn posted(ledger: &Ledger, found: &mut Findings) {
    let sums = sums(&ledger.entries, |entry| {
        Some((entry.invoice_line_id, entry.amount_minor))
    });
    for line in &ledger.lines {
        let reckoned = sums.get(&line.id).copied().unwrap_or_default();
        let name = format!("Commission of a line of {}", line.description);
        found.same(&name, line.commission_minor, reckoned);
    }
}

/// Every invoice has earned what its state says by now, to the unit.
fn targets(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    let mut entries: HashMap<InvoiceLineId, Vec<Entry>> = HashMap::new();
    for entry in &ledger.entries {
        entries
            .entry(entry.invoice_line_id)
            .or_default()
            .push(entry.clone());
    }
    let mut lines: BTreeMap<InvoiceId, Vec<InvoiceLine>> = BTreeMap::new();
    for line in ledger.lines.iter().filter(|line| line.earns()) {
        lines.entry(line.invoice_id).or_default().push(line.clone());
    }
    for invoice in &ledger.invoices {
        let Some(lines) = lines.get(&invoice.id) else {
            continue;
        };
        let due = accrue(&invoice.state(), &earning_lines(lines, &entries)?)?;
        for (line, accrual) in lines.iter().zip(due) {
            found.unless(accrual.is_nothing(), || {
                format!(
                    "Invoice {}, line {}: {} of commission is not posted",
                    invoice.number, line.line_no, accrual.delta_minor
                )
            });
        }
    }
    Ok(())
}

fn reversals(ledger: &Ledger, found: &mut Findings) {
    let earned: HashMap<CommissionEntryId, &Entry> = ledger
        .entries
        .iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let back = sums(&ledger.entries, |entry| {
        Some((entry.reverses_id?, entry.amount_minor))
    });
    for (id, back) in back {
        let Some(entry) = earned.get(&id) else {
            found.say(format!("Entry {id} is reversed and not there"));
            continue;
        };
        let range = if entry.amount_minor < 0 {
            0..=-entry.amount_minor
        } else {
            -entry.amount_minor..=0
        };
        found.unless(
            entry.kind == EntryKind::Earned && range.contains(&back),
            || format!("Entry {id} of {} is reversed by {back}", entry.amount_minor),
        );
    }
    for entry in &ledger.entries {
        let original = entry.reverses_id.and_then(|id| earned.get(&id));
        let fits = original.is_none_or(|original| {
            original.invoice_line_id == entry.invoice_line_id
                && original.rate_bps == entry.rate_bps
                && original.matures_on <= entry.matures_on
        });
        found.unless(fits, || {
            format!("Entry {} does not match what it reverses", entry.id)
        });
    }
}

fn dates(entry: &Entry, found: &mut Findings) {
    let sound = entry.due_period == Period::of(entry.paid_on)
        && entry.posting_period >= entry.due_period
        && entry.matures_on >= entry.paid_on
        && (entry.kind == EntryKind::Reversal) == entry.reverses_id.is_some();
    found.unless(sound, || {
        format!("Entry {}: its dates do not go together", entry.id)
    });
}
