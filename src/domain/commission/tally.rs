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
    course::{Course, Share, When},
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

/// Sums of what is earned, by partner, currency and month.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    clauses: BTreeMap<i64, CommissionClause>,
    /// Under clauses with a cap, with what distributors get out of it: in minor units.
    capped: BTreeMap<(i64, Key), i64>,
    /// Under clauses with steps, by the first of the months that count together.
    stepped: BTreeMap<(i64, Key), Course>,
    sums: BTreeMap<Key, i64>,
    /// The first month that is asked about; earlier ones count towards steps alone.
    since: Option<Period>,
}

impl Tally {
    /// An empty one under these clauses, by the number that lines name them by.
    pub fn under(clauses: BTreeMap<i64, CommissionClause>) -> Self {
        Self {
            clauses,
            ..Self::default()
        }
    }

    /// Sums up no month before this one: those count towards steps alone.
    pub fn since(self, month: Period) -> Self {
        Self {
            since: Some(month),
            ..self
        }
    }

    /// Goes on from what was earned under a clause before: in the months that count together with
    /// the key's, which is the first of them.
    pub fn go_on(&mut self, clause: i64, key: Key, earned: Course) {
        self.stepped.insert((clause, key), earned);
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
            let steps = clause.and_then(|clause| clause.volume);
            if let Some(steps) = steps.filter(|_| !one.part.is_override()) {
                let first = Key {
                    month: steps.span.first(month),
                    ..key(one.who)
                };
                let course = self.stepped.entry((one.clause, first)).or_default();
                let when = When::Within(month);
                course.take(when, one.part, (one.exact, one.minor))?;
                if let Some((theirs, _)) = carved_from(one, line) {
                    course.carve(when, theirs.who, (theirs.exact, theirs.minor))?;
                }
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
        if self.since.is_some_and(|first| key.month < first) {
            return Ok(());
        }
        let sum = self.sums.entry(key).or_default();
        *sum = sum.checked_add(minor).ok_or(Overflow)?;
        Ok(())
    }

    /// Settles what steps bring, as a month's close does before it fills anybody up.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn settle(mut self) -> Result<Settled, Overflow> {
        for ((clause, key), course) in std::mem::take(&mut self.stepped) {
            let clause = self.clauses.get(&clause);
            let steps = clause.and_then(|clause| Some((clause.rate, clause.volume?)));
            let Some((rate, volume)) = steps.filter(|(_, of)| of.currency == key.currency) else {
                continue;
            };
            for turn in volume.turns(rate, &course)? {
                let month = turn.month;
                self.add(Key { month, ..key }, turn.own_minor()?)?;
                for Share { who, minor, .. } in turn.shares {
                    self.add(Key { who, month, ..key }, minor)?;
                }
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
            span::{GivenBack, Span},
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
        // 2,250.00 counts; 250.00 of it lie above the step, 4 % of what they bring is the
        // distributor's.
        let steps = sums(under(stepped, true));
        assert_eq!(steps, [21_600 + 1_200, 7_500, 900 + 50]);
    }

    #[test]
    fn a_quarter_goes_on_from_what_was_earned_before() {
        let steps = Volume::parse(VolumeKind::Graduated, eur(), "2,000: 15", rate(1_000));
        let quarter = steps.unwrap().over(Span::Quarter, GivenBack::OriginalRate);
        let clause = CommissionClause {
            volume: Some(quarter),
            ..CommissionClause::percent(1, rate(1_000))
        };
        let one = Earned {
            who: 1,
            part: Part::Whole,
            clause: 7,
            minor: 15_000,
            exact: Ratio::from_int(15_000),
        };
        let [february, april] = ["2027-02", "2027-04"].map(|month| month.parse().unwrap());
        let clauses = || BTreeMap::from([(7, clause)]);
        let mut all = Tally::under(clauses()).since(march());
        let mut before = Course::default();
        let when = When::Within(february);
        before.take(when, one.part, (one.exact, one.minor)).unwrap();
        let first = Key {
            month: Span::Quarter.first(march()),
            ..key(1)
        };
        let mut rest = Tally::under(clauses());
        rest.go_on(7, first, before);
        all.take(&[one], (eur(), february)).unwrap();
        for tally in [&mut all, &mut rest] {
            tally.take(&[one], (eur(), march())).unwrap();
            tally.take(&[one], (eur(), april)).unwrap();
        }
        // 3,000.00 in the first quarter, 1,000.00 above the step; April begins anew.
        for tally in [all, rest] {
            let settled = tally.settle().unwrap();
            let of = |month| settled.of(&Key { month, ..key(1) });
            assert_eq!([of(february), of(march()), of(april)], [0, 20_000, 15_000]);
        }
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
