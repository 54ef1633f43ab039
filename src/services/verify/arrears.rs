//! What was billed once periods were over: usage, and what lacked of minimums.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{Findings, Ledger, plans::plans_on, sums};
use crate::{
    domain::CreditReason,
    id::{CreditNoteId, InvoiceId, SubscriptionId},
    store::revenue::{
        invoices::InvoiceLineKind,
        subscriptions::{Subscription, SubscriptionChange},
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    true_ups(ledger, found);
    used(ledger, found);
}

/// The days that a line in arrears charges for.
type InArrears = (SubscriptionId, NaiveDate);

/// What lines of one kind charged, what credit notes about changes took back of it, and what else
/// went back on the same lines or invoices, by credit note or refund.
fn in_arrears(ledger: &Ledger, kind: InvoiceLineKind) -> HashMap<InArrears, [i64; 3]> {
    let about_change = ledger.notes.iter();
    let about_change = about_change.filter(|note| note.reason_code == CreditReason::Change);
    let about_change: HashSet<CreditNoteId> = about_change.map(|note| note.id).collect();
    let corrected = sums(&ledger.note_lines, |line| {
        let is_it = about_change.contains(&line.credit_note_id);
        is_it.then_some((line.invoice_line_id, line.net_minor))
    });
    let refunded: HashMap<InvoiceId, i64> = ledger
        .invoices
        .iter()
        .map(|one| (one.id, one.refunded_minor))
        .collect();
    let mut found: HashMap<InArrears, [i64; 3]> = HashMap::new();
    for line in ledger.lines.iter().filter(|line| line.kind == kind) {
        let at = found.entry((line.subscription_id, line.service_from));
        let [net, back, other] = at.or_default();
        let corrected = corrected.get(&line.id).copied().unwrap_or_default();
        *net += line.net_minor;
        *back += corrected;
        *other += line.credited_net_minor - corrected;
        *other += refunded.get(&line.invoice_id).copied().unwrap_or_default();
    }
    found
}

/// What is on record of the usage of some days is what their lines charged, less what was given
/// back as too much; less too where nothing was left on the lines to give back.
fn used(ledger: &Ledger, found: &mut Findings) {
    let charged = in_arrears(ledger, InvoiceLineKind::Usage);
    let on_record = sums(&ledger.used, |one| {
        Some(((one.subscription_id, one.service_from), one.billed_minor))
    });
    let all: BTreeSet<_> = charged.keys().chain(on_record.keys()).collect();
    for at in all {
        let [net, back, other] = charged.get(at).copied().unwrap_or_default();
        let on_record = on_record.get(at).copied().unwrap_or_default();
        let kept = net - back;
        found.unless((kept - other..=kept).contains(&on_record), || {
            let (of, from) = at;
            format!("The usage of {of} from {from}: {on_record} on record, {kept} charged")
        });
    }
}

/// What was billed for days that lacked of their minimum is within the minimum of their plan.
fn true_ups(ledger: &Ledger, found: &mut Findings) {
    let sold: HashMap<SubscriptionId, &Subscription> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    let billed = in_arrears(ledger, InvoiceLineKind::TrueUp);
    let mut changes: HashMap<SubscriptionId, Vec<&SubscriptionChange>> = HashMap::new();
    for change in &ledger.changes {
        let own = changes.entry(change.subscription_id).or_default();
        own.extend(change.plan_before_id.map(|_| change));
    }
    for ((id, from), [net, back, _]) in billed {
        let sum = net - back;
        let changes = changes.get(&id).map_or(&[][..], Vec::as_slice);
        let plans = sold.get(&id).map(|one| plans_on(one, changes, from));
        let least = plans.into_iter().flatten();
        let most = least.filter_map(|plan| ledger.minimums.get(&plan)).max();
        found.unless(
            (0..=most.copied().unwrap_or_default()).contains(&sum),
            || format!("A true-up of {id} from {from}: {sum} is not within its minimum"),
        );
    }
}
