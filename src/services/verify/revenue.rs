//! Invoices, cash, credits and charge segments.
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Findings, Ledger, sums, words};
use crate::{
    domain::{
        CommissionRule,
        proration::{TaxedCharge, credit_at, credit_tax, tax_on},
        rate::Rate,
    },
    id::{CreditNoteId, InvoiceId, InvoiceLineId},
    store::revenue::{credit_notes::CreditNote, invoices::Invoice, segments::Segment},
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    invoices(ledger, found);
    credited(ledger, found);
    payments(ledger, found);
    customer_credits(ledger, found);
    owners(ledger, found);
    segments(ledger, found);
    lowered(ledger, found);
    let numbers = ledger.invoices.iter().map(|one| one.number.as_str());
    gapless("Invoices", numbers, found);
    gapless(
        "Credit notes",
        ledger.notes.iter().map(|one| one.number.as_str()),
        found,
    );
}

fn invoices(ledger: &Ledger, found: &mut Findings) {
    let nets = sums(&ledger.lines, |line| {
        Some((line.invoice_id, line.net_minor))
    });
    let paid = sums(&ledger.allocations, |one| {
        Some((one.invoice_id, one.amount_minor))
    });
    let back = sums(&ledger.allocations, |one| {
        Some((one.invoice_id, one.refunded_minor))
    });
    let credited = sums(&ledger.note_lines, |one| {
        Some((one.invoice_id, one.net_minor + one.tax_minor))
    });
    let taxes_back = sums(&ledger.note_lines, |one| {
        Some((one.invoice_id, one.tax_minor))
    });
    for invoice in &ledger.invoices {
        let name = format!("Invoice {}", invoice.number);
        let of =
            |sums: &HashMap<InvoiceId, i64>| sums.get(&invoice.id).copied().unwrap_or_default();
        found.same(&format!("{name}, net"), invoice.net_minor, of(&nets));
        found.same(&format!("{name}, paid"), invoice.paid_minor, of(&paid));
        found.same(
            &format!("{name}, refunded"),
            invoice.refunded_minor,
            of(&back),
        );
        found.same(
            &format!("{name}, credited"),
            invoice.credited_minor,
            of(&credited),
        );
        let total = invoice.net_minor + invoice.tax_minor;
        found.same(&format!("{name}, total"), invoice.total_minor, total);
        if let Ok(rate) = Rate::from_bps(invoice.tax_bps) {
            found.same(
                &format!("{name}, tax"),
                invoice.tax_minor,
                tax_on(invoice.net_minor, rate),
            );
        }
        let tax_back = of(&taxes_back);
        let net_back = of(&credited) - tax_back;
        found.same(
            &format!("{name}, tax credited"),
            tax_back,
            tax_of(invoice, net_back),
        );
        found.unless(is_sound(invoice), || {
            format!("{name}: its amounts do not go together, or with its status")
        });
    }
}

/// The tax that belongs to what was credited: of the tax that was charged, whatever the rate is now.
fn tax_of(invoice: &Invoice, net_back: i64) -> i64 {
    let charge = TaxedCharge {
        net_minor: invoice.net_minor,
        tax_minor: invoice.tax_minor,
        credited_net_minor: 0,
        credited_tax_minor: 0,
    };
    credit_tax(&charge, -net_back).map_or(0, |tax| -tax)
}

fn is_sound(invoice: &Invoice) -> bool {
    invoice.due_minor() >= 0
        && invoice.kept_minor() >= 0
        && invoice.creditable_minor() >= 0
        && invoice.credited_minor <= invoice.total_minor
        && (0..=invoice.credited_minor).contains(&invoice.reduced_minor)
        && (0..=invoice.paid_minor).contains(&invoice.refunded_minor)
        && invoice.status == invoice.standing()
        && (invoice.tax_note.is_empty() || invoice.tax_minor == 0)
        && invoice.written_off_on.is_some() != invoice.write_off_reason.is_empty()
}

fn credited(ledger: &Ledger, found: &mut Findings) {
    let protects = |note: &&CreditNote| note.commission_rule == CommissionRule::ProtectPartner;
    let protecting: HashSet<CreditNoteId> = ledger
        .notes
        .iter()
        .filter(protects)
        .map(|note| note.id)
        .collect();
    let protected = sums(&ledger.note_lines, |one| {
        let protects = protecting.contains(&one.credit_note_id);
        protects.then_some((one.invoice_line_id, one.net_minor))
    });
    let of_line = sums(&ledger.note_lines, |one| {
        Some((one.invoice_line_id, one.net_minor))
    });
    for line in &ledger.lines {
        let name = format!("A line of {}, credited", line.description);
        let reckoned = of_line.get(&line.id).copied().unwrap_or_default();
        found.same(&name, line.credited_net_minor, reckoned);
        found.unless(line.credited_net_minor <= line.net_minor.max(0), || {
            format!("{name}: more than it charged")
        });
        let kept = protected.get(&line.id).copied().unwrap_or_default();
        let name = format!("{name} at the vendor's cost");
        found.same(&name, line.protected_net_minor, kept);
    }
    moved_at_own_cost(ledger, &protecting, found);
    let nets = sums(&ledger.note_lines, |one| {
        Some((one.credit_note_id, one.net_minor))
    });
    let taxes = sums(&ledger.note_lines, |one| {
        Some((one.credit_note_id, one.tax_minor))
    });
    for note in &ledger.notes {
        let name = format!("Credit note {}", note.number);
        let net = nets.get(&note.id).copied().unwrap_or_default();
        let tax = taxes.get(&note.id).copied().unwrap_or_default();
        found.same(&format!("{name}, net"), note.net_minor, net);
        found.same(&format!("{name}, tax"), note.tax_minor, tax);
        let parts = note.reduces_due_minor + note.customer_credit_minor;
        found.same(&format!("{name}, total"), note.total_minor, parts);
        let is_within = (0..=note.customer_credit_minor).contains(&note.refunded_minor);
        found.unless(is_within, || {
            format!("{name}: more was paid back than became credit")
        });
    }
}

/// What was moved on at the vendor's own cost. Such a note is of one invoice.
fn moved_at_own_cost(ledger: &Ledger, protecting: &HashSet<CreditNoteId>, found: &mut Findings) {
    let of: HashMap<CreditNoteId, InvoiceId> = ledger
        .note_lines
        .iter()
        .map(|line| (line.credit_note_id, line.invoice_id))
        .collect();
    let moved = sums(&ledger.notes, |note| {
        let protects = protecting.contains(&note.id);
        let invoice = of.get(&note.id).filter(|_| protects)?;
        Some((*invoice, note.customer_credit_minor))
    });
    for invoice in &ledger.invoices {
        let name = format!("Invoice {}, moved at the vendor's cost", invoice.number);
        let reckoned = moved.get(&invoice.id).copied().unwrap_or_default();
        found.same(&name, invoice.protected_moved_minor, reckoned);
    }
}

fn payments(ledger: &Ledger, found: &mut Findings) {
    let applied = sums(&ledger.allocations, |one| {
        Some((one.payment_id?, one.amount_minor))
    });
    let kept = sums(&ledger.credits, |one| {
        Some((one.payment_id?, one.amount_minor))
    });
    let back = sums(&ledger.refunds, |one| {
        Some((one.payment_id, one.amount_minor))
    });
    for payment in &ledger.payments {
        let name = format!("Payment {}", payment.external_id);
        let went = applied.get(&payment.id).copied().unwrap_or_default()
            + kept.get(&payment.id).copied().unwrap_or_default();
        found.same(
            &format!("{name}, applied or in credit"),
            payment.amount_minor,
            went,
        );
        let back = back.get(&payment.id).copied().unwrap_or_default();
        found.same(&format!("{name}, refunded"), payment.refunded_minor, back);
        found.unless(payment.refunded_minor <= payment.amount_minor, || {
            format!(
                "{name}: more than {} went back",
                words(payment.amount_minor, payment.currency)
            )
        });
    }
    // All cash that came in stands on an invoice, in a credit, or went back.
    let mut cash: BTreeMap<&str, i64> = BTreeMap::new();
    for payment in &ledger.payments {
        *cash.entry(payment.currency.code()).or_default() +=
            payment.amount_minor - payment.refunded_minor;
    }
    for invoice in &ledger.invoices {
        *cash.entry(invoice.currency.code()).or_default() -= invoice.kept_minor();
    }
    for credit in &ledger.credits {
        *cash.entry(credit.currency.code()).or_default() -= credit.remaining_minor;
    }
    for (currency, left) in cash {
        found.unless(left == 0, || {
            format!("Cash in {currency}: {left} is nowhere")
        });
    }
}

fn customer_credits(ledger: &Ledger, found: &mut Findings) {
    let used = sums(&ledger.allocations, |one| {
        Some((one.customer_credit_id?, one.amount_minor))
    });
    let of_notes = sums(&ledger.credits, |one| {
        Some((one.credit_note_id?, one.amount_minor))
    });
    for credit in &ledger.credits {
        let used = used.get(&credit.id).copied().unwrap_or_default();
        found.unless(used + credit.remaining_minor <= credit.amount_minor, || {
            format!(
                "A customer's credit of {}: more was used",
                credit.amount_minor
            )
        });
        found.unless(
            credit.payment_id.is_some() != credit.credit_note_id.is_some(),
            || {
                format!(
                    "A customer's credit of {} has no single origin",
                    credit.amount_minor
                )
            },
        );
    }
    for note in &ledger.notes {
        let credit = of_notes.get(&note.id).copied().unwrap_or_default();
        let name = format!("Credit note {}, customer credit", note.number);
        found.same(&name, note.customer_credit_minor, credit);
    }
}

/// Rows that belong together are of one partner, one customer and one currency.
fn owners(ledger: &Ledger, found: &mut Findings) {
    let sold: HashMap<_, _> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    let invoices: HashMap<_, _> = ledger.invoices.iter().map(|one| (one.id, one)).collect();
    for invoice in &ledger.invoices {
        let fits = sold.get(&invoice.subscription_id).is_some_and(|one| {
            (one.billed_partner(), one.customer_id, one.currency)
                == (invoice.partner_id, invoice.customer_id, invoice.currency)
        });
        found.unless(fits, || {
            format!("Invoice {} is not its subscription's", invoice.number)
        });
    }
    for line in &ledger.lines {
        let fits = invoices.get(&line.invoice_id).is_some_and(|one| {
            (one.partner_id, one.subscription_id) == (line.partner_id, line.subscription_id)
        });
        found.unless(fits, || {
            format!("A line of {} is not its invoice's", line.description)
        });
    }
    for one in &ledger.allocations {
        let fits = invoices
            .get(&one.invoice_id)
            .is_some_and(|to| to.partner_id == one.partner_id);
        found.unless(fits, || {
            format!("Allocation {} is another partner's", one.id)
        });
    }
}

fn segments(ledger: &Ledger, found: &mut Findings) {
    let nets: HashMap<InvoiceLineId, i64> = ledger
        .lines
        .iter()
        .map(|line| (line.id, line.net_minor))
        .collect();
    let mut periods: BTreeMap<_, Vec<&Segment>> = BTreeMap::new();
    for segment in &ledger.segments {
        let name = format!("Segment {}", segment.id);
        found.unless(
            (0..=segment.amount_minor).contains(&segment.credited_minor),
            || {
                format!(
                    "{name}: {} credited of {}",
                    segment.credited_minor, segment.amount_minor
                )
            },
        );
        if let Some(net) = segment.invoice_line_id.and_then(|id| nets.get(&id)) {
            found.same(&format!("{name}, charged"), segment.amount_minor, *net);
        }
        let key = (
            segment.subscription_id,
            segment.price_id,
            segment.period_index,
        );
        periods.entry(key).or_default().push(segment);
    }
    let mut last: Option<((_, _), &Segment)> = None;
    for ((subscription, price, _), changes) in &periods {
        for (place, segment) in (0..).zip(changes) {
            found.same(
                &format!("Segment {}, change", segment.id),
                segment.change_no.into(),
                place,
            );
        }
        for pair in changes.windows(2) {
            let [old, new] = pair else { continue };
            // After another plan, its price begins anew: all of the rest was given back.
            let is_anew =
                new.replaces_id.is_none() && credit_at(&old.charge(), new.begins()) == Ok(0);
            let follows = (new.replaces_id == Some(old.id) || is_anew)
                && (old.service_from..old.service_to).contains(&new.service_from)
                && new.service_to == old.service_to;
            found.unless(follows, || {
                format!("Segment {} does not follow {}", new.id, old.id)
            });
        }
        if let (Some((before, earlier)), Some(first)) = (last, changes.first()) {
            // Before periods were counted anew, the rest of what was charged was given back.
            let apart = before != (subscription, price)
                || earlier.service_to <= first.service_from
                || credit_at(&earlier.charge(), first.begins()) == Ok(0);
            found.unless(apart, || {
                format!("Segments {} and {} overlap", earlier.id, first.id)
            });
        }
        last = changes
            .last()
            .map(|newest| ((subscription, price), *newest));
    }
}

/// A segment's price was lowered by the notes that say so of its line; what replaced another may
/// carry some of what that was lowered by.
fn lowered(ledger: &Ledger, found: &mut Findings) {
    let lowering = ledger.notes.iter();
    let lowering = lowering.filter(|note| note.reason_code.lowers_price());
    let lowering: HashSet<_> = lowering.map(|note| note.id).collect();
    let of_line = sums(&ledger.note_lines, |line| {
        let lowers = lowering.contains(&line.credit_note_id);
        lowers.then_some((line.invoice_line_id, line.net_minor))
    });
    for segment in &ledger.segments {
        let own = segment.invoice_line_id.and_then(|id| of_line.get(&id));
        let own = own.copied().unwrap_or_default();
        let fits = match segment.replaces_id {
            None => segment.lowered_minor == own,
            Some(_) => (own..=segment.amount_minor).contains(&segment.lowered_minor),
        };
        found.unless(fits, || {
            format!(
                "Segment {}: lowered by {}, its notes by {own}",
                segment.id, segment.lowered_minor
            )
        });
    }
}

/// Numbers of one series run from 1 without a gap.
pub fn gapless<'a>(what: &str, numbers: impl Iterator<Item = &'a str>, found: &mut Findings) {
    let mut series: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    let mut count: BTreeMap<&str, i64> = BTreeMap::new();
    for number in numbers {
        let (start, value) = number.rsplit_once('-').unwrap_or_default();
        let value = value.parse().unwrap_or_default();
        series.entry(start).or_default().insert(value);
        *count.entry(start).or_default() += 1;
    }
    for (start, values) in series {
        let many = count.get(start).copied().unwrap_or_default();
        let ends = (values.first().copied(), values.last().copied());
        found.unless(ends == (Some(1), Some(many)), || {
            format!("{what} {start}: {many} numbers, but not 1 to {many}")
        });
    }
}
