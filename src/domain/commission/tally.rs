//! What partners earn by all the rules together, before anything of it is posted: of months that
//! are foreseen, of a plan that is tried on past ones, of an invoice to come. Each rule is the one
//! by which the ledger is written.

use std::collections::BTreeMap;

use super::{
    super::{
        money::Currency,
        period::Period,
        rate::Rate,
        ratio::{Overflow, Ratio},
    },
    CommissionClause, EarningLine, InvoiceState,
    bonus::{BeforeCap, Beyond},
    extras::GuaranteeTerms,
    parties::SplitError,
    parts::{Claim, Part, accrue_claims},
    settling::AtRate,
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

/// Sums of what is earned, by partner, currency and month.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    clauses: BTreeMap<i64, CommissionClause>,
    /// Under clauses with a cap, with what distributors get out of it: in minor units.
    capped: BTreeMap<(i64, Key), i64>,
    /// Under clauses with steps.
    stepped: BTreeMap<(i64, Key), AtRate>,
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

    /// Takes in what everybody earns on a line: up to its clause's cap, and noted for its steps.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn take(
        &mut self,
        line: &[Earned],
        (currency, month): (Currency, Period),
    ) -> Result<(), Overflow> {
        let key = |who| Key {
            who,
            currency,
            month,
        };
        for one in line {
            let clause = self.clauses.get(&one.clause);
            let has_steps = clause.is_some_and(|clause| clause.volume.is_some());
            if has_steps && !one.part.is_override() {
                let earned = self.stepped.entry((one.clause, key(one.who))).or_default();
                earned.add(one.part, (one.exact, one.minor))?;
            }
            self.add(key(one.who), one.minor)?;
        }
        for one in line.iter().filter(|one| !one.part.is_override()) {
            self.cap(one, carved_from(one, line), key)?;
        }
        Ok(())
    }

    /// Takes off what is beyond a cap of what somebody earns on a line, and of what is carved out of
    /// that.
    fn cap(
        &mut self,
        own: &Earned,
        carved: Option<(&Earned, Rate)>,
        key: impl Fn(i64) -> Key,
    ) -> Result<(), Overflow> {
        let whose = key(own.who);
        let clause = self.clauses.get(&own.clause);
        let Some(cap) = clause.and_then(|clause| clause.cap_in(whose.currency)) else {
            return Ok(());
        };
        let before = BeforeCap {
            own_minor: own.minor,
            carved_minor: carved.map_or(0, |(one, _)| one.minor),
            carved: carved.map_or(Rate::default(), |(_, rate)| rate),
        };
        let earned = self.capped.entry((own.clause, whose)).or_default();
        let Beyond {
            own_minor,
            carved_minor,
        } = before.beyond(cap, *earned);
        *earned += before.minor() + own_minor + carved_minor;
        self.add(whose, own_minor)?;
        match carved {
            Some((one, _)) => self.add(key(one.who), carved_minor),
            None => Ok(()),
        }
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
        for ((clause, key), earned) in std::mem::take(&mut self.stepped) {
            let clause = self.clauses.get(&clause);
            let steps = clause.and_then(|clause| Some((clause.rate, clause.volume?)));
            if let Some((rate, volume)) = steps.filter(|(_, of)| of.currency == key.currency) {
                let brought = volume.brings(rate, &earned)?;
                self.add(key, brought.minor)?;
            }
        }
        Ok(Settled { sums: self.sums })
    }
}

/// What a distributor gets out of somebody's part of a line, and the rate of it.
fn carved_from<'e>(own: &Earned, line: &'e [Earned]) -> Option<(&'e Earned, Rate)> {
    let is_carved = matches!(own.part, Part::Split { carved, .. } if carved.bps() > 0);
    let mut all = line.iter().filter(|_| is_carved);
    all.find_map(|one| match one.part {
        Part::CarvedOut { rate, .. } => Some((one, rate)),
        _ => None,
    })
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
        under(clause, false)
    }

    /// The same, with the distributor's 4 % on top or out of the seller's commission.
    fn under(clause: CommissionClause, is_carved: bool) -> Tally {
        let shares = [(1, rate(7_500)), (2, rate(2_500))];
        let above = Above {
            who: 9,
            is_carved,
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
            for one in earned(&state, &[(line, claims.clone())]).unwrap() {
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
    fn what_a_distributor_takes_out_counts_as_the_sellers() {
        let plain = CommissionClause::percent(1, rate(1_000));
        let capped = CommissionClause {
            cap: Some(Money::new(20_000, eur())),
            ..plain
        };
        // 25.00 beyond the cap: 1.00 of it is the distributor's.
        assert_eq!(sums(under(capped, true)), [19_200, 7_500, 800]);
        let volume = Volume::parse(VolumeKind::Graduated, eur(), "2,000: 15", rate(1_000));
        let stepped = CommissionClause {
            volume: Some(volume.unwrap()),
            ..plain
        };
        // 2,250.00 counts; 250.00 of it lie above the step, for the seller alone.
        let steps = sums(under(stepped, true));
        assert_eq!(steps, [21_600 + 1_250, 7_500, 900]);
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
