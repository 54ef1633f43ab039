//! Sharing whole amounts out so that the parts always add up to the whole.

use std::cmp::{Ordering, Reverse};

use super::ratio::{Overflow, Ratio};

/// Why an amount cannot be shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// There is nobody with a share.
    #[error("no share is above zero")]
    NoWeights,
    /// The parts do not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// Shares `total` minor units out by weight. Each part is rounded down and the
/// units left over go to the largest remainders, the first of equals first. A
/// negative total is shared as its opposite is, with the signs turned.
///
/// # Errors
/// [`ShareError::NoWeights`] when every weight is zero, or there is none.
pub fn allocate(total: i64, weights: &[u64]) -> Result<Vec<i64>, ShareError> {
    let whole: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if whole == 0 {
        return Err(ShareError::NoWeights);
    }
    let magnitude = u128::from(total.unsigned_abs());
    let parts = weights.iter().map(|&weight| {
        // 63 bits by 64 bits: never more than fits.
        let product = magnitude * u128::from(weight);
        (product / whole, product % whole)
    });
    let (floors, remainders): (Vec<u128>, Vec<u128>) = parts.unzip();
    let left = magnitude - floors.iter().sum::<u128>();
    let mut parts = signed(floors, total < 0)?;
    let step = if total < 0 { -1 } else { 1 };
    for index in largest(&remainders, left) {
        nudge(&mut parts, index, step)?;
    }
    Ok(parts)
}

/// Rounds exact parts so that they add up to their rounded exact sum, each
/// less than one unit from its exact value. A sum below zero (or of zero, with
/// a first part below it) is rounded as its opposite is, with the signs turned.
///
/// # Errors
/// [`Overflow`] when a part or the sum does not fit.
pub fn apportion(exact: &[Ratio]) -> Result<Vec<i64>, Overflow> {
    let sum = Ratio::sum(exact.iter().copied())?;
    apportion_to(exact, sum.round()?)
}

/// As [`apportion`], for parts that have to add up to a total that was rounded with others: each
/// is then less than two units from its exact value, and none on the other side of zero.
///
/// # Errors
/// [`Overflow`] when a part or the sum does not fit.
pub fn apportion_to(exact: &[Ratio], total: i64) -> Result<Vec<i64>, Overflow> {
    let sum = Ratio::sum(exact.iter().copied())?;
    let first = exact.iter().find(|part| **part != Ratio::ZERO);
    let is_first_below = first.is_some_and(|first| *first < Ratio::ZERO);
    let is_mirrored = match (total.signum(), sum.cmp(&Ratio::ZERO)) {
        (0, Ordering::Equal) => is_first_below,
        (0, order) => order == Ordering::Less,
        (sign, _) => sign < 0,
    };
    if !is_mirrored {
        return apportion_upright(exact, total);
    }
    let mirror: Vec<Ratio> = exact
        .iter()
        .map(|part| part.negated())
        .collect::<Result<_, _>>()?;
    apportion_upright(&mirror, total.checked_neg().ok_or(Overflow)?)?
        .into_iter()
        .map(|part| part.checked_neg().ok_or(Overflow))
        .collect()
}

fn apportion_upright(exact: &[Ratio], total: i64) -> Result<Vec<i64>, Overflow> {
    let (floors, remainders): (Vec<i128>, Vec<Ratio>) =
        exact.iter().map(|part| part.floor()).unzip();
    let mut left = i128::from(total) - floors.iter().sum::<i128>();
    let mut parts: Vec<i64> = floors
        .into_iter()
        .map(|floor| i64::try_from(floor).map_err(|_| Overflow))
        .collect::<Result<_, _>>()?;
    while left > 0 && !parts.is_empty() {
        for index in largest(&remainders, u128::try_from(left).unwrap_or_default()) {
            nudge(&mut parts, index, 1)?;
            left -= 1;
        }
    }
    // A total below the floors: the smallest remainders give way, as far as they are above zero.
    let mut smallest: Vec<usize> = largest(&remainders, u128::MAX).collect();
    smallest.reverse();
    for index in smallest {
        if left < 0 && parts.get(index).is_some_and(|part| *part > 0) {
            nudge(&mut parts, index, -1)?;
            left += 1;
        }
    }
    if left == 0 || parts.is_empty() {
        Ok(parts)
    } else {
        Err(Overflow)
    }
}

/// What a whole of `total` minor units still owes when its done share grows
/// from `done` to `now`: parts taken this way add up exactly, in any steps.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn cumulative_part(total: i64, done: Ratio, now: Ratio) -> Result<i64, Overflow> {
    let whole = Ratio::from_int(total);
    let (before, after) = (whole.times(done)?.round()?, whole.times(now)?.round()?);
    after.checked_sub(before).ok_or(Overflow)
}

/// Where the `left` largest remainders stand, the first of equals first.
fn largest<T: Ord>(remainders: &[T], left: u128) -> impl Iterator<Item = usize> {
    let mut order: Vec<usize> = (0..remainders.len()).collect();
    order.sort_by_key(|&index| Reverse(remainders.get(index)));
    let left = usize::try_from(left).unwrap_or(order.len());
    order.into_iter().take(left)
}

fn nudge(parts: &mut [i64], index: usize, step: i64) -> Result<(), Overflow> {
    let part = parts.get_mut(index).ok_or(Overflow)?;
    *part = part.checked_add(step).ok_or(Overflow)?;
    Ok(())
}

fn signed(floors: Vec<u128>, negative: bool) -> Result<Vec<i64>, Overflow> {
    let sign = if negative { -1 } else { 1 };
    floors
        .into_iter()
        .map(|floor| i128::try_from(floor).map_err(|_| Overflow))
        .map(|floor| floor.and_then(|floor| i64::try_from(floor * sign).map_err(|_| Overflow)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quarters(parts: &[i128]) -> Vec<Ratio> {
        parts.iter().map(|&n| Ratio::new(n, 4).unwrap()).collect()
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainder_first_of_equals_first() {
        assert_eq!(allocate(10_000, &[1, 1, 1]), Ok(vec![3_334, 3_333, 3_333]));
        assert_eq!(
            allocate(-10_000, &[1, 1, 1]),
            Ok(vec![-3_334, -3_333, -3_333])
        );
        assert_eq!(allocate(7, &[1, 2, 3]), Ok(vec![1, 2, 4]));
        assert_eq!(allocate(500, &[1_999, 501, 2_500]), Ok(vec![200, 50, 250]));
        assert_eq!(allocate(5, &[0, 1]), Ok(vec![0, 5]));
    }

    #[test]
    fn somebody_must_have_a_share() {
        assert_eq!(allocate(1, &[]), Err(ShareError::NoWeights));
        assert_eq!(allocate(1, &[0, 0]), Err(ShareError::NoWeights));
    }

    #[test]
    fn the_largest_amounts_are_shared_exactly() {
        let weights = [u64::MAX, 1, u64::MAX];
        for total in [i64::MIN, i64::MAX] {
            let parts = allocate(total, &weights).unwrap();
            assert_eq!(
                parts.iter().map(|&p| i128::from(p)).sum::<i128>(),
                i128::from(total)
            );
        }
        assert_eq!(allocate(i64::MIN, &[1]), Ok(vec![i64::MIN]));
    }

    #[test]
    fn exact_parts_are_rounded_together() {
        assert_eq!(apportion(&quarters(&[7, 7, -4])), Ok(vec![2, 2, -1]));
        assert_eq!(apportion(&quarters(&[-7, -7, 4])), Ok(vec![-2, -2, 1]));
        assert_eq!(apportion(&quarters(&[-2, 2])), Ok(vec![-1, 1]));
        assert_eq!(apportion(&quarters(&[2, -2])), Ok(vec![1, -1]));
        assert_eq!(apportion(&[]), Ok(vec![]));
    }

    #[test]
    fn repeated_parts_add_up_to_the_whole() {
        let third = |n| Ratio::new(n, 3).unwrap();
        let part = |n| cumulative_part(200, third(n), third(n + 1));
        assert_eq!([part(0), part(1), part(2)], [Ok(67), Ok(66), Ok(67)]);
    }

    proptest! {
        #[test]
        fn an_allocation_loses_nothing(
            total in any::<i64>(),
            weights in prop::collection::vec(0u64..1_000_000, 1..20),
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0) && total > i64::MIN);
            let parts = allocate(total, &weights).unwrap();
            prop_assert_eq!(parts.iter().map(|&p| i128::from(p)).sum::<i128>(), i128::from(total));
            let whole: u64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = Ratio::new(i128::from(total) * i128::from(*weight), i128::from(whole));
                let off = exact.unwrap().minus(Ratio::from_int(*part)).unwrap();
                prop_assert!(off < Ratio::ONE && off.negated().unwrap() < Ratio::ONE);
            }
            let mirror: Vec<i64> = parts.iter().map(|part| -part).collect();
            prop_assert_eq!(allocate(-total, &weights), Ok(mirror));
        }

        #[test]
        fn rounding_together_keeps_the_sum_and_stays_close(
            parts in prop::collection::vec((-1_000_000i128..1_000_000, 1i128..=12), 0..20),
        ) {
            let exact: Vec<Ratio> =
                parts.into_iter().map(|(n, d)| Ratio::new(n, d).unwrap()).collect();
            let rounded = apportion(&exact).unwrap();
            let sum = Ratio::sum(exact.iter().copied()).unwrap();
            prop_assert_eq!(rounded.iter().sum::<i64>(), sum.round().unwrap());
            for (part, exact) in rounded.iter().zip(&exact) {
                let off = exact.minus(Ratio::from_int(*part)).unwrap();
                prop_assert!(off < Ratio::ONE && off.negated().unwrap() < Ratio::ONE);
            }
            let mirror: Vec<Ratio> = exact.iter().map(|part| part.negated().unwrap()).collect();
            let turned: Vec<i64> = rounded.iter().map(|part| -part).collect();
            prop_assert_eq!(apportion(&mirror), Ok(turned));
        }
    }
}
