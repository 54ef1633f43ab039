//! The commission ledger against the invoices it follows.
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Findings, Ledger, sums};
use crate::{
    Error, Result,
    domain::{
        Period, PeriodStatus,
        commission::{EntryKind, Part, accrue_claims, bonus},
    },
    id::{CommissionEntryId, InvoiceId, InvoiceLineId, PartnerId},
    services::revenue::{claims, volume_groups, volume_settled},
    store::{
        incentivize::entries::{Entry, SourceKind},
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
                    Some(one.customer_id),
                    Some(one.subscription_id),
                    one.currency,
                ) == (entry.customer_id, entry.subscription_id, entry.currency)
                    && (entry.part != Part::Whole || is_whose(entry, ledger, one.partner_id))
            })
        });
        found.unless(fits, || format!("Entry {} is not its invoice's", entry.id));
    }
    shares(ledger, found);
    volumes(ledger, found)?;
    targets(ledger, found)
}

/// Whether an entry that is for all of a line goes to whoever that line pays in full.
fn is_whose(entry: &Entry, ledger: &Ledger, seller: PartnerId) -> bool {
    let parts = entry
        .invoice_line_id
        .and_then(|id| ledger.of_lines.parts.get(&id));
    match parts {
        None => entry.partner_id == seller,
        Some(parts) => parts
            .iter()
            .any(|one| (one.partner_id, one.part) == (entry.partner_id, Part::Whole)),
    }
}

/// What several earn on one line is the whole, and nobody earns on a line who has no part of it.
fn shares(ledger: &Ledger, found: &mut Findings) {
    for line in &ledger.lines {
        let parts = ledger
            .of_lines
            .parts
            .get(&line.id)
            .map_or(&[][..], Vec::as_slice);
        let name = format!("A line of {}", line.description);
        found.unless(line.shared != parts.is_empty(), || {
            format!("{name}: who shares in it is not on record")
        });
        let shares = parts.iter().map(|one| match one.part {
            Part::Whole => 10_000,
            Part::Split { share, .. } => share.bps(),
            Part::OnRevenue(_) | Part::CarvedOut { .. } => 0,
        });
        let whole: i32 = shares.sum();
        found.unless(parts.is_empty() || whole == 10_000, || {
            format!("{name}: the shares come to {whole} of 10000")
        });
    }
    for entry in &ledger.entries {
        let parts = entry
            .invoice_line_id
            .and_then(|id| ledger.of_lines.parts.get(&id));
        let has = parts.is_none_or(|parts| {
            parts
                .iter()
                .any(|one| (one.partner_id, one.part) == (entry.partner_id, entry.part))
        });
        found.unless(has, || {
            format!("Entry {} has no part of its line", entry.id)
        });
    }
    let sets = sums(&ledger.parties, |one| {
        let set = (one.subscription_id, one.effective_from);
        Some((set, i64::from(one.share_bps)))
    });
    for ((subscription, from), whole) in sets {
        found.same(
            &format!("Shares in {subscription} from {from}"),
            whole,
            10_000,
        );
    }
}

/// What steps bring is settled in every month that is closed or being closed, and in no other.
fn volumes(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    let settled = sums(&ledger.entries, |entry| {
        let of = entry
            .commission_clause_id
            .filter(|_| entry.kind == EntryKind::Volume)?;
        let whose = (entry.partner_id, entry.seller_id);
        let months = (entry.earned_period, entry.posting_period);
        Some(((of, whose, months), entry.amount_minor))
    });
    let mut due = HashMap::new();
    let terms = ledger.books.volumes();
    let closed = ledger.periods.iter();
    let closed = closed.filter(|one| one.status != PeriodStatus::Open);
    let last = closed.map(|one| one.month).max();
    let sold: HashMap<InvoiceLineId, PartnerId> = ledger
        .lines
        .iter()
        .map(|line| (line.id, line.partner_id))
        .collect();
    let whose = |entry: &'_ Entry| entry.seller(|line| sold.get(&line).copied());
    let all = ledger.entries.iter().map(|entry| (whose(entry), entry));
    for ((clause, seller), of) in volume_groups(all, terms) {
        let Some((terms, last)) = terms.get(&clause).zip(last) else {
            continue;
        };
        for one in volume_settled(&of, terms, last)? {
            let whose = match one.share {
                Some((distributor, _)) => (distributor, Some(seller)),
                None => (seller, None),
            };
            let months = (one.of, one.turn.month);
            *due.entry((clause, whose, months)).or_default() += one.minor;
        }
    }
    let keys = due.keys().chain(settled.keys());
    for key in keys.collect::<HashSet<_>>() {
        let of = |sums: &HashMap<_, i64>| sums.get(key).copied().unwrap_or_default();
        let name = format!("Volume of clause {}, partner {}", key.0, key.1.0);
        found.same(&name, of(&settled), of(&due));
    }
    Ok(())
}

fn posted(ledger: &Ledger, found: &mut Findings) {
    let earned: HashSet<CommissionEntryId> = ledger
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Earned)
        .map(|entry| entry.id)
        .collect();
    let is_back = |entry: &Entry| {
        entry.is_for_leaving() && entry.reverses_id.is_some_and(|id| earned.contains(&id))
    };
    let sums = sums(&ledger.entries, |entry| {
        let counts = entry.is_earning() || is_back(entry);
        let is_own = counts && !entry.part.is_override();
        let line = entry.invoice_line_id.filter(|_| is_own)?;
        Some(((line, entry.partner_id), entry.amount_minor))
    });
    for line in &ledger.lines {
        let own = sums.get(&(line.id, line.partner_id));
        let reckoned = own.copied().unwrap_or_default();
        let name = format!("Commission of a line of {}", line.description);
        found.same(&name, line.commission_minor, reckoned);
    }
}

/// Every invoice has earned what its state says by now, to the unit.
fn targets(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    let mut entries: HashMap<InvoiceLineId, Vec<Entry>> = HashMap::new();
    for entry in ledger.entries.iter().filter(|entry| entry.is_earning()) {
        if let Some(line) = entry.invoice_line_id {
            entries.entry(line).or_default().push(entry.clone());
        }
    }
    let left_early: HashSet<InvoiceLineId> = ledger
        .entries
        .iter()
        .filter(|entry| entry.is_for_leaving())
        .filter_map(|entry| entry.invoice_line_id)
        .collect();
    let mut lines: BTreeMap<InvoiceId, Vec<InvoiceLine>> = BTreeMap::new();
    for line in ledger.lines.iter().filter(|line| line.earns()) {
        lines.entry(line.invoice_id).or_default().push(line.clone());
    }
    for invoice in &ledger.invoices {
        let Some(lines) = lines.get(&invoice.id) else {
            continue;
        };
        let due = claims(lines, &ledger.of_lines, &entries)?;
        let due = accrue_claims(&invoice.state(), &due).map_err(Error::fault)?;
        for (line, accruals) in lines.iter().zip(due) {
            for accrual in accruals {
                // What went back because the customer left does not go back again.
                let is_spent = left_early.contains(&line.id)
                    && (accrual.delta_minor < 0) == (line.net_minor > 0);
                found.unless(accrual.is_nothing() || is_spent, || {
                    format!(
                        "Invoice {}, line {}: {} of commission is not posted",
                        invoice.number, line.line_no, accrual.delta_minor
                    )
                });
            }
        }
    }
    Ok(())
}

/// A cap takes off no more than its entry brought, and is given back as its entry is.
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
    let mut risen: HashMap<OfClaim, i64> = HashMap::new();
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
        if capped.kind == EntryKind::Reversal {
            *risen.entry(of_claim(cap)).or_default() += back(cap.id);
            continue;
        }
        let due = bonus::uncapped(amount, whole, 0, back(capped.id))?;
        let name = format!("What is given back of cap {}", cap.id);
        found.same(&name, back(cap.id), due);
    }
    fallen_again(ledger, &risen, found);
    Ok(())
}

/// A line, who earns on it, and whether as a distributor over who sold it.
type OfClaim = (Option<InvoiceLineId>, PartnerId, bool);

fn of_claim(entry: &Entry) -> OfClaim {
    let line = entry.invoice_line_id;
    (line, entry.partner_id, entry.part.is_override())
}

/// What a cap took off as a line below zero came back is given back as far as that falls again.
fn fallen_again(ledger: &Ledger, risen: &HashMap<OfClaim, i64>, found: &mut Findings) {
    let mut its: HashMap<OfClaim, Vec<&Entry>> = HashMap::new();
    for entry in &ledger.entries {
        if risen.contains_key(&of_claim(entry)) {
            its.entry(of_claim(entry)).or_default().push(entry);
        }
    }
    for (claim, back) in risen {
        let mut entries = its.remove(claim).unwrap_or_default();
        entries.sort_by_key(|entry| entry.id);
        let (mut open, mut due) = (0, 0);
        for entry in entries {
            match entry.kind {
                EntryKind::Cap => open -= entry.amount_minor,
                EntryKind::Earned => {
                    let again = open.min(-entry.amount_minor).max(0);
                    (open, due) = (open - again, due + again);
                }
                _ => {}
            }
        }
        let name = format!(
            "What is given back of caps on a line below zero of {}",
            claim.1
        );
        found.same(&name, *back, due);
    }
}

/// A SPIFF pays what it says, to each partner no more often than it says.
fn spiffs(ledger: &Ledger, found: &mut Findings) {
    let paid = ledger
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Spiff);
    let refunded =
        |one: &&Entry| matches!(one.source_kind, SourceKind::Refund | SourceKind::CreditNote);
    let back = ledger.entries.iter().filter(refunded);
    let back: HashSet<Option<CommissionEntryId>> = back.map(|one| one.reverses_id).collect();
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
        *count += i32::from(!back.contains(&Some(entry.id)));
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
