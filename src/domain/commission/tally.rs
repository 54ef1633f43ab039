//! What partners earn by all the rules together, before anything of it is posted: of months that
//! are foreseen, of a plan that is tried on past ones, of an invoice to come. Each rule is the one
//! by which the ledger is written.

use std::collections::BTreeMap;

use super::{
    super::{
        money::Currency,
        period::Period,
        ratio::{Overflow, Ratio},
    },
    CommissionClause, EarningLine, InvoiceState, bonus,
    extras::GuaranteeTerms,
    parties::SplitError,
    parts::{Claim, Part, accrue_claims},
};

/// What somebody earns on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    /// Who, by their id.
    pub who: i64,
    /// As what.
    pub part: Part,
    /// Under which clause, by the number its line names.
    pub clause: i64,
    /// In minor units.
    pub minor: i64,
    /// Before rounding.
    pub exact: Ratio,
}

/// What everybody earns on each line of an invoice in some state, in the order of the lines.
///
/// # Errors
/// See [`SplitError`].
pub fn earned(
    state: &InvoiceState,
    lines: &[(EarningLine, Vec<Claim>)],
) -> Result<Vec<Vec<Earned>>, SplitError> {
    let accruals = accrue_claims(state, lines)?;
    let of_line = |((line, claims), accruals): (&(EarningLine, Vec<Claim>), Vec<_>)| {
        let each = claims.iter().zip(accruals);
        each.map(|(claim, accrual): (&Claim, super::Accrual)| Earned {
            who: claim.who,
            part: claim.part,
            clause: line.clause,
            minor: accrual.delta_minor,
            exact: accrual.exact,
        })
        .collect()
    };
    Ok(lines.iter().zip(accruals).map(of_line).collect())
}

/// Whose, in what, and of which month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Who, by their id.
    pub who: i64,
    /// In what.
    pub currency: Currency,
    /// Of which month.
    pub month: Period,
}

/// What somebody earns in a month under a clause with a cap or with steps.
#[derive(Debug, Clone, Copy)]
struct Limited {
    exact: Ratio,
    minor: i64,
}

/// Sums of what is earned, by partner, currency and month.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    clauses: BTreeMap<i64, CommissionClause>,
    limited: BTreeMap<(i64, Key), Limited>,
    sums: BTreeMap<Key, i64>,
}

impl Tally {
    /// An empty one under these clauses, by the number that lines name them by.
    pub fn under(clauses: BTreeMap<i64, CommissionClause>) -> Self {
        Self {
            clauses,
            ..Self::default()
        }
    }

    /// Takes in what is earned on a line: up to its clause's cap, and noted for its steps.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn take(
        &mut self,
        one: &Earned,
        (currency, month): (Currency, Period),
    ) -> Result<(), Overflow> {
        let key = Key {
            who: one.who,
            currency,
            month,
        };
        let clause = self.clauses.get(&one.clause);
        let clause = clause.filter(|_| !one.part.is_override());
        let (cap, has_steps) = match clause {
            Some(clause) => (clause.cap_in(currency), clause.volume.is_some()),
            None => (None, false),
        };
        let mut minor = one.minor;
        if cap.is_some() || has_steps {
            let so_far = self.limited.entry((one.clause, key)).or_insert(Limited {
                exact: Ratio::ZERO,
                minor: 0,
            });
            if let Some(cap) = cap {
                minor += bonus::capped(cap, so_far.minor, minor);
            }
            so_far.minor = so_far.minor.checked_add(minor).ok_or(Overflow)?;
            so_far.exact = so_far.exact.plus(one.exact)?;
        }
        self.add(key, minor)
    }

    /// Adds what follows no line, in minor units: a bonus, a SPIFF.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn add(&mut self, key: Key, minor: i64) -> Result<(), Overflow> {
        let sum = self.sums.entry(key).or_default();
        *sum = sum.checked_add(minor).ok_or(Overflow)?;
        Ok(())
    }

    /// Settles what steps bring, as a month's close does before it fills anybody up.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn settle(mut self) -> Result<Settled, Overflow> {
        for ((clause, key), so_far) in std::mem::take(&mut self.limited) {
            let clause = self.clauses.get(&clause);
            let steps = clause.and_then(|clause| Some((clause.rate, clause.volume?)));
            if let Some((rate, volume)) = steps.filter(|(_, of)| of.currency == key.currency) {
                let brought = volume.brings(rate, (so_far.exact, so_far.minor))?;
                self.add(key, brought.minor)?;
            }
        }
        Ok(Settled { sums: self.sums })
    }
}

/// A tally whose months are settled, but for floors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    sums: BTreeMap<Key, i64>,
}

impl Settled {
    /// Fills somebody's month up to a floor.
    pub fn fill(&mut self, (who, month): (i64, Period), terms: &GuaranteeTerms) {
        let key = Key {
            who,
            currency: terms.amount.currency(),
            month,
        };
        let sum = self.sums.entry(key).or_default();
        *sum = sum.saturating_add(terms.fill(*sum));
    }

    /// What one comes to, in minor units.
    pub fn of(&self, key: &Key) -> i64 {
        self.sums.get(key).copied().unwrap_or_default()
    }

    /// What each comes to, in minor units.
    pub fn sums(&self) -> &BTreeMap<Key, i64> {
        &self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        commission::{
            LineTerms,
            parts::{Above, parts},
            volume::{Volume, VolumeKind},
        },
        money::Money,
        rate::Rate,
    };

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn eur() -> Currency {
        "EUR".parse().unwrap()
    }

    fn march() -> Period {
        "2027-03".parse().unwrap()
    }

    fn key(who: i64) -> Key {
        Key {
            who,
            currency: eur(),
            month: march(),
        }
    }

    /// 1,000.00, paid in full, three times, under a clause of 10 %.
    fn tally(clause: CommissionClause) -> Tally {
        let shares = [(1, rate(7_500)), (2, rate(2_500))];
        let above = Above {
            who: 9,
            is_carved: false,
            rate: rate(400),
        };
        let who = parts(1, &shares, Some(above));
        let claims: Vec<Claim> = who
            .into_iter()
            .map(|(who, part)| Claim::new(who, part))
            .collect();
        let line = EarningLine::new(100_000, 7, LineTerms::share_of(clause.rate));
        let state = InvoiceState {
            total_minor: 100_000,
            paid_minor: 100_000,
            ..InvoiceState::default()
        };
        let mut tally = Tally::under(BTreeMap::from([(7, clause)]));
        for _ in 0..3 {
            for one in earned(&state, &[(line, claims.clone())]).unwrap().concat() {
                tally.take(&one, (eur(), march())).unwrap();
            }
        }
        tally
    }

    fn sums(tally: Tally) -> Vec<i64> {
        let settled = tally.settle().unwrap();
        settled.sums().values().copied().collect()
    }

    #[test]
    fn everybody_is_given_their_own_and_a_cap_holds_for_each() {
        let plain = CommissionClause::percent(1, rate(1_000));
        assert_eq!(sums(tally(plain)), [22_500, 7_500, 12_000]);
        let capped = CommissionClause {
            cap: Some(Money::new(20_000, eur())),
            ..plain
        };
        assert_eq!(sums(tally(capped)), [20_000, 7_500, 12_000]);
    }

    #[test]
    fn steps_count_each_partners_own_part_and_a_floor_comes_last() {
        let volume = Volume::parse(VolumeKind::Graduated, eur(), "2,000: 15", rate(1_000));
        let clause = CommissionClause {
            volume: Some(volume.unwrap()),
            ..CommissionClause::percent(1, rate(1_000))
        };
        // Of 2,250.00, 250.00 lie above the step; 750.00 do not reach it.
        assert_eq!(sums(tally(clause)), [23_750, 7_500, 12_000]);
        let mut tally = tally(clause);
        tally.add(key(2), 500).unwrap();
        let mut settled = tally.settle().unwrap();
        let floor = GuaranteeTerms {
            amount: Money::new(10_000, eur()),
            months: 3,
        };
        for who in [1, 2, 3] {
            settled.fill((who, march()), &floor);
        }
        let of = |who| settled.of(&key(who));
        assert_eq!([of(1), of(2), of(3)], [23_750, 10_000, 10_000]);
    }
}
