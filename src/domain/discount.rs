//! Discounts: what is taken off the recurring charges of a period, in which
//! order, and for how long.

use super::{
    coded::coded,
    rate::Rate,
    ratio::{Overflow, Ratio},
    shares::{ShareError, allocate},
};

coded! {
    /// For how many periods a discount runs.
    DiscountDuration {
        Once = "once", "Once";
        Periods = "periods", "For some periods";
        Forever = "forever", "For good";
    }
}

/// What is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// A share of what is left when its turn comes.
    Percent(Rate),
    /// So many minor units a period; zero or more.
    Fixed(i64),
}

/// The turn of what is taken off the list for a partner that resells: before every other.
pub const RESALE: i32 = i32::MIN;

/// What is taken off the list for a partner that resells: of everything, usage and what is charged
/// once too.
pub fn resale(discounts: &[Discount]) -> Rate {
    let found = discounts.iter().find(|one| one.is_resale());
    match found.map(|one| one.off) {
        Some(Off::Percent(rate)) => rate,
        _ => Rate::default(),
    }
}

/// A discount of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount {
    /// What it takes off.
    pub off: Off,
    /// Lower goes first; of equals a percentage goes before a fixed amount.
    pub priority: i32,
    /// The first period it applies to, counted from 0.
    pub from_period: u32,
    /// How many periods it runs: 1 for once, `None` for good.
    pub periods: Option<u32>,
}

impl Discount {
    /// Whether it applies to a period.
    pub fn runs_in(&self, period: u32) -> bool {
        let since = period.checked_sub(self.from_period);
        since.is_some_and(|since| self.periods.is_none_or(|many| since < many))
    }

    /// Whether it is the resale discount: a priority that no other has.
    pub fn is_resale(&self) -> bool {
        self.priority == RESALE
    }

    /// Whether it lowers what a subscription brings in a month: a discount for
    /// a single period does not.
    pub fn is_recurring(&self) -> bool {
        self.periods != Some(1)
    }

    /// Whether it goes on where the length of periods changes with one: a share
    /// without end does, and what was given since. Others were for periods of
    /// one length.
    pub fn outlasts(&self, first: u32) -> bool {
        let is_share = matches!(self.off, Off::Percent(_));
        self.from_period >= first || (is_share && self.periods.is_none())
    }

    fn turn(&self) -> (i32, bool) {
        (self.priority, matches!(self.off, Off::Fixed(_)))
    }

    /// What is left of an amount. `share` is the part of a whole period that is
    /// charged: a fixed amount is spread over the period by days.
    fn left(&self, amount: Ratio, share: Ratio) -> Result<Ratio, Overflow> {
        let left = match self.off {
            Off::Percent(rate) => {
                let kept = Ratio::new(i128::from(10_000 - rate.bps()), 10_000)?;
                within_reach(amount)?.times(kept)?
            }
            Off::Fixed(minor) => amount.minus(Ratio::from_int(minor).times(share)?)?,
        };
        Ok(left.max(Ratio::ZERO))
    }
}

/// Shares of shares, exact as long as they can be reckoned with: after many odd ones twelve decimals
/// of a minor unit are kept.
fn within_reach(amount: Ratio) -> Result<Ratio, Overflow> {
    const LONGEST: i128 = 100_000_000_000_000_000_000;
    match amount.den() > LONGEST {
        true => amount.to_places(12),
        false => Ok(amount),
    }
}

/// What is left of an exact amount in minor units once all discounts that run
/// have been taken off, rounded once at the end.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn left_of(
    amount: Ratio,
    discounts: impl IntoIterator<Item = Discount>,
    share: Ratio,
) -> Result<i64, Overflow> {
    let mut discounts: Vec<Discount> = discounts.into_iter().collect();
    discounts.sort_by_key(Discount::turn);
    let left = discounts
        .iter()
        .try_fold(amount, |left, discount| discount.left(left, share))?;
    left.round()
}

/// What all discounts that run take off an amount in minor units: zero or
/// more, at most the amount, rounded once at the end.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn taken_off(
    amount_minor: i64,
    discounts: impl IntoIterator<Item = Discount>,
    share: Ratio,
) -> Result<i64, Overflow> {
    let left = left_of(Ratio::from_int(amount_minor), discounts, share)?;
    Ok(amount_minor
        .saturating_sub(left)
        .clamp(0, amount_minor.max(0)))
}

/// Spreads what is taken off over the lines it is taken off, by their amounts
/// in minor units; the largest remainders get what is left over. Lines below
/// zero get nothing.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn spread(taken_minor: i64, lines_minor: &[i64]) -> Result<Vec<i64>, Overflow> {
    let weights: Vec<u64> = lines_minor
        .iter()
        .map(|&line| u64::try_from(line).unwrap_or_default())
        .collect();
    match allocate(taken_minor, &weights) {
        Ok(parts) => Ok(parts),
        Err(ShareError::NoWeights) => Ok(vec![0; lines_minor.len()]),
        Err(ShareError::Overflow(overflow)) => Err(overflow),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percent(bps: i32, priority: i32) -> Discount {
        Discount {
            off: Off::Percent(Rate::from_bps(bps).unwrap()),
            priority,
            from_period: 0,
            periods: None,
        }
    }

    fn fixed(minor: i64, priority: i32) -> Discount {
        Discount {
            off: Off::Fixed(minor),
            ..percent(0, priority)
        }
    }

    fn off(amount: i64, discounts: &[Discount]) -> i64 {
        taken_off(amount, discounts.iter().copied(), Ratio::ONE).unwrap()
    }

    #[test]
    fn a_percentage_goes_first_unless_the_priority_says_otherwise() {
        assert_eq!(
            9_900 - off(9_900, &[fixed(2_000, 0), percent(1_500, 0)]),
            6_415
        );
        assert_eq!(
            9_900 - off(9_900, &[fixed(2_000, 0), percent(1_500, 1)]),
            6_715
        );
    }

    #[test]
    fn nothing_falls_below_zero() {
        assert_eq!(off(1_000, &[fixed(2_000, 0), percent(5_000, 1)]), 1_000);
        assert_eq!(off(0, &[percent(10_000, 0)]), 0);
    }

    #[test]
    fn any_number_of_odd_percentages_can_be_reckoned() {
        let many = [percent(1_237, 0); 30];
        let amount = Ratio::new(100_000_000_000_007, 31_000_000).unwrap();
        // 3,225,806.45 less 12.37 %, thirty times over: 61,407.675.
        assert_eq!(left_of(amount, many, Ratio::ONE), Ok(61_408));
    }

    #[test]
    fn a_fixed_amount_is_spread_over_the_days() {
        let half = Ratio::new(1, 2).unwrap();
        assert_eq!(taken_off(5_000, [fixed(2_000, 0)], half), Ok(1_000));
        assert_eq!(taken_off(5_000, [percent(1_000, 0)], half), Ok(500));
    }

    #[test]
    fn it_runs_for_its_periods() {
        let twice = Discount {
            from_period: 3,
            periods: Some(2),
            ..percent(1_000, 0)
        };
        let runs: Vec<u32> = (0..8).filter(|&n| twice.runs_in(n)).collect();
        assert_eq!(runs, [3, 4]);
        let once = Discount {
            periods: Some(1),
            ..twice
        };
        assert!(!once.is_recurring() && twice.is_recurring() && percent(1, 0).is_recurring());
        assert!(percent(1, 0).runs_in(u32::MAX));
        // Where periods become longer with the second, only what is for good and given by then.
        assert!(percent(1, 0).outlasts(1) && !twice.outlasts(9));
    }

    #[test]
    fn what_is_taken_off_is_spread_over_the_lines() {
        assert_eq!(spread(500, &[1_999, 501, 2_500]), Ok(vec![200, 50, 250]));
        assert_eq!(spread(0, &[0, 0]), Ok(vec![0, 0]));
    }

    proptest! {
        #[test]
        fn no_line_gives_more_than_it_has(
            lines in proptest::collection::vec(0i64..1_000_000, 1..6),
            bps in 0i32..=10_000,
            minor in 0i64..2_000_000,
        ) {
            let total = lines.iter().sum();
            let taken = off(total, &[percent(bps, 0), fixed(minor, 0)]);
            let parts = spread(taken, &lines).unwrap();
            prop_assert_eq!(parts.iter().sum::<i64>(), taken);
            for (part, line) in parts.iter().zip(&lines) {
                prop_assert!(*part >= 0 && part <= line);
            }
        }
    }
}
