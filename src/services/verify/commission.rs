//! The commission ledger against the invoices it follows.
use std::collections::{BTreeMap, HashMap};

use super::{Findings, Ledger, sums};
use crate::{
    Result,
    domain::{
        Period,
        commission::{EntryKind, accrue, bonus},
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
    caps(ledger, found)?;
    spiffs(ledger, found);
    let invoices: HashMap<InvoiceId, &Invoice> =
        ledger.invoices.iter().map(|one| (one.id, one)).collect();
    for entry in &ledger.entries {
        dates(entry, found);
        let on = entry.invoice_id.map(|id| invoices.get(&id));
        let fits = on.is_none_or(|one| {
            one.is_some_and(|one| {
                (
                    one.partner_id,
                    Some(one.customer_id),
                    Some(one.subscription_id),
                    one.currency,
                ) == (
                    entry.partner_id,
                    entry.customer_id,
                    entry.subscription_id,
                    entry.currency,
                )
            })
        });
        found.unless(fits, || format!("Entry {} is not its invoice's", entry.id));
    }
    targets(ledger, found)
}

fn posted(ledger: &Ledger, found: &mut Findings) {
    let sums = sums(&ledger.entries, |entry| {
        let line = entry.invoice_line_id.filter(|_| follows(entry))?;
        Some((line, entry.amount_minor))
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
    for entry in ledger.entries.iter().filter(|entry| follows(entry)) {
        if let Some(line) = entry.invoice_line_id {
            entries.entry(line).or_default().push(entry.clone());
        }
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

/// Whether an entry is a part of what its line earned: not what caps take off, nor what gives that
/// back.
fn follows(entry: &Entry) -> bool {
    match entry.kind {
        EntryKind::Earned => true,
        EntryKind::Reversal => entry.note.is_empty(),
        _ => false,
    }
}

/// A cap takes off no more than its entry earned, and is given back as its entry is.
fn caps(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    let all: HashMap<CommissionEntryId, &Entry> = ledger
        .entries
        .iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let back = sums(&ledger.entries, |entry| {
        Some((entry.reverses_id?, entry.amount_minor))
    });
    let back = |id| back.get(&id).copied().unwrap_or_default();
    for cap in ledger
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Cap)
    {
        let capped = cap.caps_id.and_then(|id| all.get(&id));
        let Some(capped) = capped.filter(|one| one.invoice_line_id == cap.invoice_line_id) else {
            found.say(format!("Entry {} caps nothing of its line", cap.id));
            continue;
        };
        let (amount, whole) = (cap.amount_minor, capped.amount_minor);
        let is_within = amount < 0 && whole + amount >= 0;
        found.unless(is_within, || {
            format!("Entry {}: {amount} is taken off {whole}", cap.id)
        });
        let due = bonus::uncapped(amount, whole, 0, back(capped.id))?;
        let name = format!("What is given back of cap {}", cap.id);
        found.same(&name, back(cap.id), due);
    }
    Ok(())
}

/// A SPIFF pays what it says, to each partner no more often than it says.
fn spiffs(ledger: &Ledger, found: &mut Findings) {
    let paid = ledger
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Spiff);
    let mut times: HashMap<_, i32> = HashMap::new();
    for entry in paid {
        let spiff = ledger
            .spiffs
            .iter()
            .find(|one| one.id.number() == entry.source_id);
        let Some(spiff) = spiff else {
            found.say(format!("Entry {} is of no SPIFF", entry.id));
            continue;
        };
        found.same(
            &format!("SPIFF of entry {}", entry.id),
            entry.amount_minor,
            spiff.amount_minor,
        );
        let count = times.entry((spiff.id, entry.partner_id)).or_default();
        *count += 1;
        let most = spiff.most_per_partner.unwrap_or(i32::MAX);
        found.unless(*count <= most, || {
            format!("SPIFF {} is paid {count} times to one partner", spiff.name)
        });
    }
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
        found.unless(entry.reverses_id.is_none() && range.contains(&back), || {
            format!("Entry {id} of {} is reversed by {back}", entry.amount_minor)
        });
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
        && matches!(entry.kind, EntryKind::Reversal | EntryKind::Clawback)
            == entry.reverses_id.is_some()
        && match entry.kind {
            EntryKind::Earned => entry.note.is_empty(),
            EntryKind::Reversal => true,
            _ => !entry.note.is_empty(),
        };
    found.unless(sound, || {
        format!("Entry {}: its dates do not go together", entry.id)
    });
}
