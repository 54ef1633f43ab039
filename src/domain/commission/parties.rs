//! Who else has a part in a sale: partners who split a commission, and those who keep a margin
//! instead.
pub use super::super::resale::{Margins, Resale};

use super::super::{
    ratio::{Overflow, Ratio},
    shares::{ShareError, allocate, apportion_to},
};

/// Why a commission cannot be shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// Amounts that do not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// Nobody has a part.
    #[error(transparent)]
    Share(#[from] ShareError),
}

/// Shares out what the lines of one invoice and clause earn: rounded once, parted by weight, each
/// part spread to the lines. Gives, per beneficiary, what they earn on each line, in minor units.
///
/// # Errors
/// See [`SplitError`].
pub fn split(exact_lines: &[Ratio], weights: &[u64]) -> Result<Vec<Vec<i64>>, SplitError> {
    let whole = Ratio::sum(exact_lines.iter().copied())?;
    let parts = allocate(whole.round()?, weights)?;
    let all: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    let spread = |(part, &weight): (i64, &u64)| {
        let share = Ratio::new(i128::from(weight), all)?;
        let exact: Result<Vec<Ratio>, Overflow> =
            exact_lines.iter().map(|line| line.times(share)).collect();
        Ok(apportion_to(&exact?, part)?)
    };
    parts.into_iter().zip(weights).map(spread).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rate::Rate;

    #[test]
    fn half_a_refund_takes_half_from_each() {
        let rate = |bps| Rate::from_bps(bps).unwrap();
        let exact = rate(1_000).exact(-20_000);
        assert_eq!(
            split(&[exact], &[75, 25]),
            Ok(vec![vec![-1_500], vec![-500]])
        );
    }

    #[test]
    fn nobody_gets_a_part_of_nothing() {
        assert_eq!(
            split(&[Ratio::ZERO, Ratio::ZERO], &[1, 1]),
            Ok(vec![vec![0, 0]; 2])
        );
        assert_eq!(
            split(&[Ratio::ONE], &[]),
            Err(SplitError::Share(ShareError::NoWeights))
        );
    }

    proptest! {
        /// Invariants 5, 6 and 7: parts add up, each beneficiary is within a unit of its exact
        /// share, each line within a unit of its own, and a reversal mirrors what was given.
        #[test]
        fn a_split_loses_nothing(
            nets in prop::collection::vec(-100_000i64..1_000_000, 1..8),
            bps in 0i32..=10_000,
            weights in prop::collection::vec(1u64..100, 1..5),
        ) {
            let rate = Rate::from_bps(bps).unwrap();
            let lines: Vec<Ratio> = nets.iter().map(|&net| rate.exact(net)).collect();
            let exact = Ratio::sum(lines.iter().copied()).unwrap();
            let parts = split(&lines, &weights).unwrap();
            let sums: Vec<i64> = parts.iter().map(|part| part.iter().sum()).collect();
            prop_assert_eq!(sums.iter().sum::<i64>(), exact.round().unwrap());
            let whole: u64 = weights.iter().sum();
            for (sum, weight) in sums.iter().zip(&weights) {
                let share = Ratio::new(i128::from(*weight), i128::from(whole)).unwrap();
                let rounded = Ratio::from_int(exact.round().unwrap());
                let off = rounded.times(share).unwrap().minus(Ratio::from_int(*sum)).unwrap();
                prop_assert!(off < Ratio::ONE && off.negated().unwrap() < Ratio::ONE);
            }
            let back: Vec<Ratio> = lines.iter().map(|line| line.negated().unwrap()).collect();
            let mirror: Vec<Vec<i64>> =
                parts.iter().map(|part| part.iter().map(|minor| -minor).collect()).collect();
            prop_assert_eq!(split(&back, &weights).unwrap(), mirror);
        }
    }
}
