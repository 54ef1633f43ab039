//! Conversions against the entries, the rates and the payout currencies they follow.
use std::collections::HashMap;

use super::{Findings, Ledger};
use crate::{
    Result,
    domain::{
        Money, Overflow,
        payable::{FxRate, earliest_rate_for},
    },
    id::{CommissionEntryId, FxRateId},
    services::revenue::taken_back,
    store::incentivize::{
        conversions::Conversion,
        entries::{Entry, StepsOf},
        fx_rates::DayRate,
        payout_currencies::{self, PaidIn},
    },
};

/// What conversions are compared with.
struct Known<'l> {
    entries: HashMap<CommissionEntryId, &'l Entry>,
    rates: HashMap<FxRateId, &'l DayRate>,
    done: HashMap<CommissionEntryId, &'l Conversion>,
    /// What steps brought, of which some take back.
    steps: HashMap<StepsOf, CommissionEntryId>,
}

pub fn check(ledger: &Ledger, found: &mut Findings) -> Result<()> {
    let known = Known {
        entries: ledger.entries.iter().map(|one| (one.id, one)).collect(),
        rates: ledger.rates.iter().map(|one| (one.id, one)).collect(),
        done: by_entry(ledger),
        steps: steps(ledger),
    };
    let mut back: HashMap<CommissionEntryId, i64> = HashMap::new();
    // In the order the entries were written in, so that what goes back adds up.
    for one in &ledger.conversions {
        known.rate(one, found);
        let Some(entry) = known.entries.get(&one.commission_entry_id) else {
            found.say(format!("Conversion {}: its entry is not there", one.id));
            continue;
        };
        known.entry(one, entry, found);
        let before = one.reverses_id.map_or(0, |id| {
            let sum = back.entry(id).or_default();
            let before = *sum;
            *sum += one.earned_minor;
            before
        });
        let payable = known.payable(one, before)?;
        let name = format!("Entry {}, converted", entry.id);
        found.same(&name, one.payable_minor, payable);
    }
    targets(ledger, &known, found)
}

/// The conversions by the entry they are of.
pub fn by_entry(ledger: &Ledger) -> HashMap<CommissionEntryId, &Conversion> {
    let all = ledger.conversions.iter();
    all.map(|one| (one.commission_entry_id, one)).collect()
}

fn steps(ledger: &Ledger) -> HashMap<StepsOf, CommissionEntryId> {
    let all = ledger.entries.iter();
    all.filter_map(|one| Some((one.steps()?, one.id))).collect()
}

impl Known<'_> {
    /// The entry that one takes back.
    fn reversed(&self, entry: &Entry) -> Option<CommissionEntryId> {
        let steps = || self.steps.get(&entry.steps_taken_back()?).copied();
        entry.reverses_id.or_else(steps)
    }

    /// The entry that one takes back or caps.
    fn before(&self, entry: &Entry) -> Option<CommissionEntryId> {
        self.reversed(entry).or(entry.caps_id)
    }

    /// The rate is the one on record.
    fn rate(&self, one: &Conversion, found: &mut Findings) {
        let on_record = self.rates.get(&one.fx_rate_id).is_some_and(|rate| {
            (rate.from_currency, rate.to_currency) == (one.earned_currency, one.currency)
                && (rate.rate_nano, rate.rated_on) == (one.rate_nano, one.rated_on)
                && rate.source == one.source
        });
        found.unless(on_record, || {
            format!("Conversion {} is not at the rate on record", one.id)
        });
    }

    /// It is of its entry, at the rate of the entry it follows, or of its own day.
    fn entry(&self, one: &Conversion, entry: &Entry, found: &mut Findings) {
        let is_of_it = (one.partner_id, one.reverses_id)
            == (entry.partner_id, self.reversed(entry))
            && (one.earned_currency, one.earned_minor) == (entry.currency, entry.amount_minor);
        found.unless(is_of_it, || {
            format!("Conversion {} differs from its entry", one.id)
        });
        let is_at_its_rate = match self.before(entry) {
            Some(id) => {
                let followed = self.done.get(&id);
                followed.is_some_and(|followed| followed.fx_rate_id == one.fx_rate_id)
            }
            None => (earliest_rate_for(entry.paid_on)..=entry.paid_on).contains(&one.rated_on),
        };
        found.unless(is_at_its_rate, || {
            format!("Entry {} is converted at the rate of another day", entry.id)
        });
    }

    fn payable(&self, one: &Conversion, before: i64) -> Result<i64> {
        let reversed = one.reverses_id.and_then(|id| self.done.get(&id));
        if let Some(original) = reversed {
            return Ok(taken_back(original, before, one.earned_minor)?);
        }
        let rate = FxRate::from_nano(one.rate_nano).map_err(|_| Overflow)?;
        let earned = Money::new(one.earned_minor, one.earned_currency);
        Ok(rate.convert(earned, one.currency)?.minor())
    }

    fn root<'a>(&'a self, entry: &'a Entry) -> &'a Entry {
        let mut root = entry;
        while let Some(next) = self.before(root).and_then(|id| self.entries.get(&id)) {
            root = next;
        }
        root
    }
}

/// What stands on a statement is in the currency its partner was paid in on the day it is of.
fn targets(ledger: &Ledger, known: &Known<'_>, found: &mut Findings) -> Result<()> {
    let stated = ledger.statement_lines.iter();
    for entry in stated.filter_map(|line| known.entries.get(&line.commission_entry_id)) {
        let Some(all) = ledger.paid_in.get(&entry.partner_id) else {
            continue;
        };
        let held = payout_currencies::on(all, known.root(entry).paid_on);
        let wanted = held.map(PaidIn::currency).transpose()?.flatten();
        let wanted = wanted.unwrap_or(entry.currency);
        let one = known.done.get(&entry.id);
        let is = one.map_or(entry.currency, |one| one.currency);
        found.unless(is == wanted, || {
            format!(
                "Entry {} is stated in {is}, to be paid in {wanted}",
                entry.id
            )
        });
    }
    Ok(())
}
