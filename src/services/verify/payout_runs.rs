//! Runs of payouts against the payouts they hold.
use std::collections::{HashMap, HashSet};

use super::{Findings, Ledger};
use crate::{
    domain::bank::PayoutRunStatus,
    id::PayoutId,
    store::incentivize::{
        payout_runs::{PayoutRun, PayoutTransfer},
        payouts::{Payout, PayoutStatus},
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let payouts: HashMap<PayoutId, &Payout> =
        ledger.payouts.iter().map(|one| (one.id, one)).collect();
    let mut transfers: HashMap<_, Vec<&PayoutTransfer>> = HashMap::new();
    for transfer in &ledger.transfers {
        let of = transfers.entry(transfer.payout_run_id).or_default();
        of.push(transfer);
    }
    for run in &ledger.payout_runs {
        let its = transfers.remove(&run.id).unwrap_or_default();
        total(run, &its, found);
        for transfer in its {
            let payout = payouts.get(&transfer.payout_id);
            payment(run, (transfer, payout.copied()), found);
        }
    }
    let held = ledger.transfers.iter();
    let held: HashSet<_> = held.map(|one| (one.payout_run_id, one.payout_id)).collect();
    for payout in &ledger.payouts {
        let Some(run) = payout.payout_run_id else {
            continue;
        };
        found.unless(held.contains(&(run, payout.id)), || {
            format!(
                "Payout {} is in run {run}, which does not hold it",
                payout.id
            )
        });
    }
}

fn total(run: &PayoutRun, its: &[&PayoutTransfer], found: &mut Findings) {
    let name = format!("Run {}", run.number);
    let sum = its.iter().map(|one| one.amount_minor).sum();
    found.same(&format!("{name}, total"), run.total_minor, sum);
    let count = i64::try_from(its.len()).unwrap_or(i64::MAX);
    found.same(&format!("{name}, count"), run.transfer_count.into(), count);
}

/// A payment is its payout: an open run holds it, one that was paid has paid it, and one that was
/// canceled has let go of it.
fn payment(
    run: &PayoutRun,
    (transfer, payout): (&PayoutTransfer, Option<&Payout>),
    found: &mut Findings,
) {
    let name = format!("Run {}, payout {}", run.number, transfer.payout_id);
    let Some(payout) = payout else {
        return found.say(format!("{name}: it is not there"));
    };
    let same = (payout.amount_minor, payout.currency, payout.partner_id)
        == (transfer.amount_minor, run.currency, transfer.partner_id);
    let is_held = payout.payout_run_id == Some(run.id);
    let is_paid = payout.status == PayoutStatus::Paid;
    let stands = match run.status {
        PayoutRunStatus::Open => is_held && !is_paid,
        PayoutRunStatus::Paid => is_held && is_paid && payout.paid_on == run.paid_on,
        PayoutRunStatus::Canceled => !is_held,
    };
    found.unless(same && stands, || {
        format!("{name}: it is not as the run says")
    });
}
