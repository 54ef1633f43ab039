//! How commission follows cash: a pure function of an invoice's state.
//!
//! Nothing here looks at the order in which money came or went. The state says
//! what a partner's commission should be by now; what has been posted says how
//! much of that is there; the difference is posted. So payments, refunds and
//! credit notes lead to the same ledger in any order, and asking again posts
//! nothing.

mod entry;

use std::collections::BTreeMap;

use chrono::Days;

use super::{
    billing_calendar::ServicePeriod,
    commission::window::DayShare,
    rate::Rate,
    ratio::{Overflow, Ratio},
    shares::apportion,
};

pub use entry::{
    EntryFacts, EntryKind, EntryStatus, matures_on, posting_period, reversal_matures_on,
};

/// What an invoice came to and what has happened to it; minor units, tax
/// included, each a sum of magnitudes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct InvoiceState {
    /// What it asked for.
    pub total_minor: i64,
    /// Cash applied to it.
    pub paid_minor: i64,
    /// Of that, given back.
    pub refunded_minor: i64,
    /// Taken off it by credit notes.
    pub credited_minor: i64,
}

impl InvoiceState {
    /// The share of what is owed that has been collected, from 0 to 1. An
    /// invoice of nothing waits for no cash; one of which nothing is owed any
    /// more collects nothing. A refund of money that a credit note already
    /// covers takes nothing away a second time.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn collected(&self) -> Result<Ratio, Overflow> {
        if self.total_minor == 0 {
            return Ok(Ratio::ONE);
        }
        let owed = i128::from(self.total_minor) - i128::from(self.credited_minor);
        let kept = i128::from(self.paid_minor) - i128::from(self.refunded_minor);
        if owed <= 0 {
            return Ok(Ratio::ZERO);
        }
        Ratio::new(kept.clamp(0, owed), owed)
    }

    pub(super) fn so_far(&self) -> Result<SoFar, Overflow> {
        let collected = self.collected()?;
        // What was credited altogether waits for no cash.
        let is_credited = self.credited_minor > 0 && self.credited_minor >= self.total_minor;
        Ok(SoFar {
            collected,
            settled: if is_credited { Ratio::ONE } else { collected },
        })
    }
}

/// The shares of an invoice that count by now: of what is owed, and of what was credited without
/// the partner's losing by it.
#[derive(Clone, Copy)]
pub(super) struct SoFar {
    collected: Ratio,
    settled: Ratio,
}

/// A line of an invoice that a partner earns on, and what it has earned so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarningLine {
    /// What the line charged before tax, in minor units.
    pub net_minor: i64,
    /// What credit notes took back of that; a magnitude.
    pub credited_net_minor: i64,
    /// Of that, what leaves the partner's commission as it was; a magnitude.
    pub protected_net_minor: i64,
    /// What to add to its net where its credits do not fall evenly on the days that earn and those
    /// that do not: see [`LineTerms::beside`].
    pub credited_beside: Ratio,
    /// The clause it earns under: lines of one clause are rounded together.
    pub clause: i64,
    /// What it earns, as fixed when it was billed: a later change alters nothing.
    pub terms: LineTerms,
    /// The part of its own days that earns: a distributor's share of the revenue counts those.
    pub earning_days: DayShare,
    /// The sum of the line's commission entries so far, in minor units.
    pub posted_minor: i64,
    /// The sum of their bases so far, in minor units.
    pub posted_base_minor: i64,
}

impl EarningLine {
    /// One for a whole period, of which nothing is credited and nothing posted yet.
    pub fn new(net_minor: i64, clause: i64, terms: LineTerms) -> Self {
        Self {
            net_minor,
            credited_net_minor: 0,
            protected_net_minor: 0,
            credited_beside: Ratio::ZERO,
            clause,
            terms,
            earning_days: terms.share,
            posted_minor: 0,
            posted_base_minor: 0,
        }
    }

    /// The part of its net that has been collected and not credited, or credited at the vendor's
    /// own cost.
    pub(super) fn base(&self, so_far: SoFar) -> Result<Ratio, Overflow> {
        let net = self.net_minor.checked_sub(self.credited_net_minor);
        let net = Ratio::from_int(net.ok_or(Overflow)?).plus(self.credited_beside)?;
        let base = net.times(so_far.collected)?;
        match self.protected_net_minor {
            0 => Ok(base),
            kept => base.plus(Ratio::from_int(kept).times(so_far.settled)?),
        }
    }

    /// The part of that on whose days it earns.
    pub(super) fn earning_base(&self, so_far: SoFar) -> Result<Ratio, Overflow> {
        self.base(so_far)?.times(self.earning_days.exact()?)
    }

    /// Its commission so far, before rounding.
    pub(super) fn exact(&self, so_far: SoFar) -> Result<Ratio, Overflow> {
        let base = self.base(so_far)?;
        let earned = match self.terms.pay {
            Pay::Share(rate) => base.times(rate.exact(1))?,
            Pay::PerUnit { minor, units } => {
                if self.net_minor == 0 {
                    return Ok(Ratio::ZERO);
                }
                // As much of the whole as of the net: units that were credited earn nothing.
                let whole = i128::from(minor) * i128::from(units);
                let kept = base.over(Ratio::from_int(self.net_minor))?;
                let signed = whole * i128::from(self.net_minor.signum());
                Ratio::new(signed, 1)?.times(kept)?
            }
        };
        match self.terms.share.is_whole() {
            true => Ok(earned),
            false => earned.times(self.terms.share.exact()?),
        }
    }
}

/// What a line pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pay {
    /// A share of its net.
    Share(Rate),
    /// An amount for each of its units, in minor units of its currency.
    PerUnit {
        /// For one unit.
        minor: i64,
        /// How many there are.
        units: u32,
    },
}

/// What was credited of a line, and for which of its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysCredited {
    /// The days.
    pub service: ServicePeriod,
    /// Before tax, in minor units; a magnitude.
    pub net_minor: i64,
}

/// The terms of a line, fixed when it is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTerms {
    /// What it pays for.
    pub pay: Pay,
    /// The part of its days that earns: those inside the clause's months.
    pub share: DayShare,
}

impl LineTerms {
    /// A share of all of its net.
    pub fn share_of(rate: Rate) -> Self {
        Self {
            pay: Pay::Share(rate),
            share: DayShare::WHOLE,
        }
    }

    /// Whether they pay anything at all.
    pub fn pay_anything(&self) -> bool {
        match self.pay {
            Pay::Share(rate) => rate.bps() > 0,
            Pay::PerUnit { minor, .. } => minor > 0,
        }
    }

    /// The terms of the other lines of the same subscription: units are paid for once.
    pub fn beside_units(&self) -> Self {
        match self.pay {
            Pay::Share(_) => *self,
            Pay::PerUnit { .. } => Self::share_of(Rate::default()),
        }
    }

    /// What has to be added to a line's net less its credits, so that its share of days gives what
    /// it earns on: a credit for days that earn nothing takes nothing off, one for days that earn
    /// takes off all of them. Nothing where all of its days earn. What earns is never more than what
    /// is left of the net.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn beside(
        &self,
        (line, net_minor): (ServicePeriod, i64),
        credits: &[DaysCredited],
    ) -> Result<Ratio, Overflow> {
        let (earning, own) = (i64::from(self.share.days), line.days());
        if self.share.is_whole() || credits.is_empty() || !(1..own).contains(&earning) {
            return Ok(Ratio::ZERO);
        }
        let days = Days::new(earning.unsigned_abs());
        let window = ServicePeriod {
            from: line.from,
            to: line.from.checked_add_days(days).unwrap_or(line.to),
        };
        let inside = credited_in(window, credits)?;
        let credited = credits.iter().map(|one| i128::from(one.net_minor)).sum();
        let left = Ratio::from_int(net_minor).minus(Ratio::new(credited, 1)?)?;
        let share = Ratio::new(i128::from(earning), i128::from(own))?;
        let kept = Ratio::from_int(net_minor).times(share)?.minus(inside)?;
        kept.min(left).max(Ratio::ZERO).over(share)?.minus(left)
    }

    /// The part of its days that earns when a line of `like` with these terms is charged anew for
    /// the rest of a whole period: a share of the net counts the rest's own days, an amount per
    /// unit the whole period's.
    pub fn prorated(
        &self,
        like: ServicePeriod,
        rest: ServicePeriod,
        whole: ServicePeriod,
    ) -> DayShare {
        let earning = match self.share.is_whole() {
            true => rest,
            false => {
                let days = Days::new(u64::try_from(self.share.days).unwrap_or_default());
                rest.until(like.from.checked_add_days(days).unwrap_or(like.to))
            }
        };
        let all = match self.pay {
            Pay::Share(_) => rest,
            Pay::PerUnit { .. } => whole,
        };
        DayShare::new(earning.days(), all.days())
    }
}

/// What of some credits falls on some days.
fn credited_in(window: ServicePeriod, credits: &[DaysCredited]) -> Result<Ratio, Overflow> {
    let mut sums: BTreeMap<i64, i128> = BTreeMap::new();
    for one in credits {
        let inside = one.service.rest_from(window.from).until(window.to);
        let sum = sums.entry(one.service.days().max(1)).or_default();
        *sum += i128::from(one.net_minor) * i128::from(inside.days().max(0));
    }
    let is_one = sums.len() == 1;
    let parts = sums.into_iter().map(|(days, sum)| {
        let part = Ratio::new(sum, i128::from(days))?;
        // Days of many lengths have no small common denominator.
        if is_one { Ok(part) } else { part.to_places(6) }
    });
    Ratio::sum(parts.collect::<Result<Vec<_>, _>>()?)
}

/// What a line's commission changes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accrual {
    /// Whether this adds to what is posted, or takes some of it back.
    pub kind: EntryKind,
    /// What is to be posted now, in minor units.
    pub delta_minor: i64,
    /// The change of the line's collected net since the last entry, in minor
    /// units; the bases of all entries add up to the net collected.
    pub base_minor: i64,
    /// The line's whole commission so far before rounding, which
    /// `delta_minor` brings the posted sum up to.
    pub exact: Ratio,
}

impl Accrual {
    /// Whether there is anything to post.
    pub fn is_nothing(&self) -> bool {
        self.delta_minor == 0
    }
}

/// What each line's commission changes by, in the order of the lines: per
/// clause the exact commission on collected net is rounded once, spread to its
/// lines, and what is posted already is taken off.
///
/// # Errors
/// [`Overflow`] when an amount does not fit.
pub fn accrue(state: &InvoiceState, lines: &[EarningLine]) -> Result<Vec<Accrual>, Overflow> {
    let so_far = state.so_far()?;
    let exact: Vec<Ratio> = lines
        .iter()
        .map(|line| line.exact(so_far))
        .collect::<Result<_, _>>()?;
    let targets = targets(lines, &exact)?;
    lines
        .iter()
        .zip(exact)
        .enumerate()
        .map(|(index, (line, exact))| {
            let target = targets.get(&index).copied().unwrap_or_default();
            let delta_minor = target.checked_sub(line.posted_minor).ok_or(Overflow)?;
            let base = line.base(so_far)?.round()?;
            Ok(Accrual {
                kind: kind_of(line.posted_minor, delta_minor),
                delta_minor,
                base_minor: base.checked_sub(line.posted_base_minor).ok_or(Overflow)?,
                exact,
            })
        })
        .collect()
}

/// What moves a sum towards zero takes back: commission on a credit line is
/// earned below zero and reversed above it.
pub(super) fn kind_of(posted_minor: i64, delta_minor: i64) -> EntryKind {
    if posted_minor.signum() * delta_minor.signum() < 0 {
        EntryKind::Reversal
    } else {
        EntryKind::Earned
    }
}

/// What each line's entries should add up to, by the line's index.
fn targets(lines: &[EarningLine], exact: &[Ratio]) -> Result<BTreeMap<usize, i64>, Overflow> {
    let mut clauses: BTreeMap<i64, Vec<(usize, Ratio)>> = BTreeMap::new();
    for (index, (line, exact)) in lines.iter().zip(exact).enumerate() {
        clauses
            .entry(line.clause)
            .or_default()
            .push((index, *exact));
    }
    let mut targets = BTreeMap::new();
    for group in clauses.into_values() {
        let (indices, exact): (Vec<usize>, Vec<Ratio>) = group.into_iter().unzip();
        targets.extend(indices.into_iter().zip(apportion(&exact)?));
    }
    Ok(targets)
}

/// Splits a reversal among a line's earlier entries, given newest first with
/// what is left of each, never beyond that. Gives the entries reversed, each
/// with its part; together they are `delta_minor` as long as that much is left.
/// A delta below zero takes from entries above it, and the other way around.
pub fn reverse_newest_first<Id: Copy>(open: &[(Id, i64)], delta_minor: i64) -> Vec<(Id, i64)> {
    let mut wanted = delta_minor;
    let mut parts = Vec::new();
    for &(entry, left) in open {
        let part = match wanted.signum() {
            -1 => wanted.max(left.max(0).saturating_neg()),
            _ => wanted.min(left.min(0).saturating_neg()),
        };
        if part != 0 {
            parts.push((entry, part));
            wanted -= part;
        }
    }
    parts
}

#[cfg(test)]
mod tests;
