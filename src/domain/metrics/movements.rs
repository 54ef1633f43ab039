//! How recurring revenue moved: new, grown, shrunk, lost and won back, by
//! customer and month.

use std::collections::BTreeMap;

use crate::domain::{
    coded::coded,
    period::Period,
    ratio::{Overflow, Ratio},
};

coded! {
    /// What a customer's change from one month's end to the next is.
    MovementKind {
        New = "new", "New";
        Expansion = "expansion", "Expansion";
        Reactivation = "reactivation", "Reactivation";
        Contraction = "contraction", "Contraction";
        Churn = "churn", "Churn";
    }
}

/// What happened between two ends of a month, in minor units of MRR (zero or
/// more), and whether the customer had ever paid before. `None` where nothing
/// changed. The amount is never negative; its kind says which way it went.
pub fn movement(before: i64, after: i64, has_paid: bool) -> Option<(MovementKind, i64)> {
    let kind = match (before, after) {
        (before, after) if before == after => return None,
        (0, _) if has_paid => MovementKind::Reactivation,
        (0, _) => MovementKind::New,
        (_, 0) => MovementKind::Churn,
        (before, after) if before < after => MovementKind::Expansion,
        _ => MovementKind::Contraction,
    };
    Some((kind, after.saturating_sub(before).saturating_abs()))
}

/// What one customer's MRR is at the end of each month in which it changed, in
/// minor units, oldest first, and the first month in which it paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerHistory {
    /// Month and MRR at its end.
    pub ends: Vec<(Period, i64)>,
    /// The first month with MRR above zero, at or before the first end.
    pub first_paid: Option<Period>,
}

impl CustomerHistory {
    /// From the changes of each month: the MRR is their running sum.
    ///
    /// # Errors
    /// [`Overflow`] when a sum does not fit.
    pub fn from_changes(changes: &[(Period, i64)]) -> Result<Self, Overflow> {
        let mut now: i64 = 0;
        let mut ends = Vec::with_capacity(changes.len());
        let mut first_paid = None;
        for &(month, change) in changes {
            now = now.checked_add(change).ok_or(Overflow)?;
            ends.push((month, now));
            if now > 0 && first_paid.is_none() {
                first_paid = Some(month);
            }
        }
        Ok(Self { ends, first_paid })
    }

    /// The MRR at the end of a month, minor units.
    pub fn at(&self, month: Period) -> i64 {
        let until = self.ends.partition_point(|(end, _)| *end <= month);
        let last = until.checked_sub(1).and_then(|at| self.ends.get(at));
        last.map_or(0, |(_, mrr)| *mrr)
    }

    /// What happened in a month, and how much, minor units of MRR.
    pub fn movement(&self, month: Period) -> Option<(MovementKind, i64)> {
        let has_paid = self.first_paid.is_some_and(|first| first < month);
        movement(self.at(month.previous()), self.at(month), has_paid)
    }
}

/// One month of recurring revenue in one currency, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthMovements {
    /// Which.
    pub month: Period,
    /// MRR at the end of the month before.
    pub start: i64,
    /// From customers who never paid before.
    pub new: i64,
    /// More from customers who paid already.
    pub expansion: i64,
    /// From customers who had left.
    pub reactivation: i64,
    /// Less from customers who still pay; above zero.
    pub contraction: i64,
    /// From customers who left; above zero.
    pub churn: i64,
    /// MRR at the end of the month.
    pub end: i64,
    /// Customers with MRR at the start.
    pub customers_start: i64,
    /// Of those, how many have none at the end.
    pub customers_lost: i64,
    /// Customers with MRR at the end.
    pub customers_end: i64,
}

impl MonthMovements {
    /// A month in which nothing is known yet.
    pub fn none(month: Period) -> Self {
        Self {
            month,
            start: 0,
            new: 0,
            expansion: 0,
            reactivation: 0,
            contraction: 0,
            churn: 0,
            end: 0,
            customers_start: 0,
            customers_lost: 0,
            customers_end: 0,
        }
    }

    fn add(&mut self, customer: &CustomerHistory) -> Result<(), Overflow> {
        let (before, after) = (customer.at(self.month.previous()), customer.at(self.month));
        raise(&mut self.start, before)?;
        raise(&mut self.end, after)?;
        self.customers_start += i64::from(before > 0);
        self.customers_end += i64::from(after > 0);
        self.customers_lost += i64::from(before > 0 && after == 0);
        match customer.movement(self.month) {
            None => Ok(()),
            Some((kind, amount)) => raise(self.part(kind), amount),
        }
    }

    fn part(&mut self, kind: MovementKind) -> &mut i64 {
        match kind {
            MovementKind::New => &mut self.new,
            MovementKind::Expansion => &mut self.expansion,
            MovementKind::Reactivation => &mut self.reactivation,
            MovementKind::Contraction => &mut self.contraction,
            MovementKind::Churn => &mut self.churn,
        }
    }

    /// Annual recurring revenue: twelve times the MRR at the end, minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn arr(&self) -> Result<i64, Overflow> {
        self.end.checked_mul(12).ok_or(Overflow)
    }

    /// Net revenue retention in bps; reactivation is left out. `None` where
    /// there was nothing at the start.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn nrr_bps(&self) -> Result<Option<i64>, Overflow> {
        let kept = self.kept()? + i128::from(self.expansion);
        share_bps(kept, self.start.into())
    }

    /// As [`nrr_bps`](Self::nrr_bps), with what was won back.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn nrr_with_reactivation_bps(&self) -> Result<Option<i64>, Overflow> {
        let kept = self.kept()? + i128::from(self.expansion) + i128::from(self.reactivation);
        share_bps(kept, self.start.into())
    }

    /// Gross revenue retention in bps: what was kept, growth left out.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn grr_bps(&self) -> Result<Option<i64>, Overflow> {
        share_bps(self.kept()?, self.start.into())
    }

    /// Customers lost of those at the start, in bps.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn logo_churn_bps(&self) -> Result<Option<i64>, Overflow> {
        share_bps(self.customers_lost.into(), self.customers_start.into())
    }

    /// What was gained for each unit that was lost, in ten-thousandths.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn quick_ratio(&self) -> Result<Option<i64>, Overflow> {
        let gained = [self.new, self.expansion, self.reactivation];
        let gained: i128 = gained.into_iter().map(i128::from).sum();
        let lost = i128::from(self.contraction) + i128::from(self.churn);
        share_bps(gained, lost)
    }

    /// MRR for each customer at the end, minor units, rounded.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn arpa(&self) -> Result<Option<i64>, Overflow> {
        quotient(self.end.into(), self.customers_end.into())
    }

    fn kept(&self) -> Result<i128, Overflow> {
        let lost = i128::from(self.contraction) + i128::from(self.churn);
        i128::from(self.start).checked_sub(lost).ok_or(Overflow)
    }
}

fn raise(sum: &mut i64, by: i64) -> Result<(), Overflow> {
    *sum = sum.checked_add(by).ok_or(Overflow)?;
    Ok(())
}

/// `part / whole` in ten-thousandths, half away from zero; `None` of nothing.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn share_bps(part: i128, whole: i128) -> Result<Option<i64>, Overflow> {
    quotient(part.checked_mul(10_000).ok_or(Overflow)?, whole)
}

/// `part / whole`, half away from zero; `None` of nothing.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn quotient(part: i128, whole: i128) -> Result<Option<i64>, Overflow> {
    match whole {
        0 => Ok(None),
        whole => Ratio::new(part, whole)?.round().map(Some),
    }
}

/// The movements of each month from the first to the last, both included,
/// over every customer.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn by_month<'a>(
    customers: impl IntoIterator<Item = &'a CustomerHistory>,
    (first, last): (Period, Period),
) -> Result<Vec<MonthMovements>, Overflow> {
    let mut months: Vec<MonthMovements> = first.through(last).map(MonthMovements::none).collect();
    for customer in customers {
        for month in &mut months {
            month.add(customer)?;
        }
    }
    Ok(months)
}

/// How much of the revenue of a base month's customers is there later, in bps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// With what they grew by; what was won back within counts.
    pub nrr_bps: Option<i64>,
    /// From point to point: each customer counts for at most what it paid then.
    pub grr_point_bps: Option<i64>,
    /// Strict: each customer counts for the least it paid since, so that
    /// winning one back does not heal the loss.
    pub grr_strict_bps: Option<i64>,
}

/// The retention of a base month's customers up to another month, following
/// the same customers.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn retention<'a>(
    customers: impl IntoIterator<Item = &'a CustomerHistory>,
    (base, now): (Period, Period),
) -> Result<Retention, Overflow> {
    let (mut at_base, mut net, mut point, mut strict) = (0_i128, 0_i128, 0_i128, 0_i128);
    for customer in customers {
        let then = customer.at(base);
        if then == 0 {
            continue;
        }
        let later = customer.at(now);
        let since = customer.ends.iter();
        let since = since.filter(|(month, _)| *month > base && *month <= now);
        let least = since.map(|(_, mrr)| *mrr).fold(then, i64::min);
        at_base += i128::from(then);
        net += i128::from(later);
        point += i128::from(later.min(then));
        strict += i128::from(least);
    }
    Ok(Retention {
        nrr_bps: share_bps(net, at_base)?,
        grr_point_bps: share_bps(point, at_base)?,
        grr_strict_bps: share_bps(strict, at_base)?,
    })
}

/// Customers who first paid in one month, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The month they first paid in.
    pub since: Period,
    /// The month the columns begin with: `since`, or the first one looked at.
    pub from: Period,
    /// How many customers.
    pub customers: i64,
    /// Their MRR at the end of each month from `from` on, minor units.
    pub mrr: Vec<i64>,
    /// How many of them have MRR at the end of each month.
    pub logos: Vec<i64>,
}

impl Cohort {
    /// The MRR of each month as a share of the first, in bps.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn retention_bps(&self) -> Result<Vec<Option<i64>>, Overflow> {
        let base = self.mrr.first().copied().unwrap_or_default();
        let shares = self.mrr.iter();
        shares
            .map(|&mrr| share_bps(mrr.into(), base.into()))
            .collect()
    }
}

/// Cohorts by the month of the first payment, oldest first, over the months
/// from the first to the last. Customers who only pay later are left out.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn cohorts<'a>(
    customers: impl IntoIterator<Item = &'a CustomerHistory>,
    (first, last): (Period, Period),
) -> Result<Vec<Cohort>, Overflow> {
    let mut cohorts: BTreeMap<Period, Cohort> = BTreeMap::new();
    for customer in customers {
        let Some(since) = customer.first_paid.filter(|since| *since <= last) else {
            continue;
        };
        let from = since.max(first);
        let cohort = cohorts.entry(since).or_insert_with(|| Cohort {
            since,
            from,
            customers: 0,
            mrr: from.through(last).map(|_| 0).collect(),
            logos: from.through(last).map(|_| 0).collect(),
        });
        cohort.customers += 1;
        let columns = cohort.mrr.iter_mut().zip(&mut cohort.logos);
        for (month, (sum, logos)) in from.through(last).zip(columns) {
            let mrr = customer.at(month);
            raise(sum, mrr)?;
            *logos += i64::from(mrr > 0);
        }
    }
    Ok(cohorts.into_values().collect())
}

#[cfg(test)]
#[path = "movements_tests.rs"]
mod tests;
