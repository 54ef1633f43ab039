//! Roots and powers for metrics, in fixed point with thirty decimals. Never on
//! a money path: money meets such a factor once, and is rounded once.

use crate::domain::ratio::{Overflow, Ratio};

/// One, in units of the thirtieth decimal.
const SCALE: u128 = 1_000_000_000_000_000_000_000_000_000_000;

/// A factor of zero or more, with thirty decimals; up to about 340 million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed(u128);

impl Fixed {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(SCALE);

    /// `num / den`, the last decimal rounded half up.
    ///
    /// # Errors
    /// [`Overflow`] when `den` is zero or the factor does not fit.
    pub fn of(num: u64, den: u64) -> Result<Self, Overflow> {
        scaled(u128::from(num), SCALE, u128::from(den)).map(Self)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference; a factor below nothing is nothing.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The product, its last decimal rounded half up.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn times(self, other: Self) -> Result<Self, Overflow> {
        scaled(self.0, other.0, SCALE).map(Self)
    }

    /// The quotient, its last decimal rounded half up.
    ///
    /// # Errors
    /// [`Overflow`] when `other` is zero or the quotient does not fit.
    pub fn over(self, other: Self) -> Result<Self, Overflow> {
        scaled(self.0, SCALE, other.0).map(Self)
    }

    /// The whole power.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn power(self, times: u32) -> Result<Self, Overflow> {
        let (mut power, mut square, mut left) = (Self::ONE, self, times);
        while left > 0 {
            if left & 1 == 1 {
                power = power.times(square)?;
            }
            left >>= 1;
            if left > 0 {
                square = square.times(square)?;
            }
        }
        Ok(power)
    }

    /// The `degree`-th root, to the last decimal but a few.
    ///
    /// # Errors
    /// [`Overflow`] for the zeroth root.
    pub fn root(self, degree: u32) -> Result<Self, Overflow> {
        match (degree, self) {
            (0, _) => return Err(Overflow),
            (_, Self::ZERO) => return Ok(Self::ZERO),
            _ => {}
        }
        let (mut low, mut high) = (0, self.0.max(SCALE));
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            // A power too large to hold is too large.
            match Self(middle).power(degree) {
                Ok(power) if power <= self => low = middle,
                _ => high = middle,
            }
        }
        let high = Self(high);
        let is_exact = high.power(degree).is_ok_and(|power| power <= self);
        Ok(if is_exact { high } else { Self(low) })
    }

    /// So much of an amount in minor units, rounded half away from zero.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn of_minor(self, minor: i64) -> Result<i64, Overflow> {
        let magnitude = scaled(u128::from(minor.unsigned_abs()), self.0, SCALE)?;
        let magnitude = i64::try_from(magnitude).map_err(|_| Overflow)?;
        Ok(if minor < 0 { -magnitude } else { magnitude })
    }

    /// The factor in hundredths of a percent, rounded half up.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn bps(self) -> Result<i64, Overflow> {
        self.of_minor(10_000)
    }

    /// `self / of` as an exact fraction of whole units.
    ///
    /// # Errors
    /// [`Overflow`] when `of` is zero or a part does not fit.
    pub fn share(self, of: Self) -> Result<Ratio, Overflow> {
        let part = |fixed: Self| i128::try_from(fixed.0).map_err(|_| Overflow);
        Ratio::new(part(self)?, part(of)?)
    }
}

/// `a × b / by`, rounded half up, through a product of 256 bits.
fn scaled(a: u128, b: u128, by: u128) -> Result<u128, Overflow> {
    if by == 0 {
        return Err(Overflow);
    }
    let (high, low) = wide(a, b);
    let (whole, rest) = divide(high, low, by)?;
    whole
        .checked_add(u128::from(rest >= by - rest))
        .ok_or(Overflow)
}

/// The product in two halves.
fn wide(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u128::MAX >> 64;
    let (a_high, a_low) = (a >> 64, a & HALF);
    let (b_high, b_low) = (b >> 64, b & HALF);
    let (low, cross_a, cross_b) = (a_low * b_low, a_high * b_low, a_low * b_high);
    let middle = (low >> 64) + (cross_a & HALF) + (cross_b & HALF);
    let high = a_high * b_high + (cross_a >> 64) + (cross_b >> 64) + (middle >> 64);
    (high, (middle << 64) | (low & HALF))
}

/// Long division of two halves, a binary digit at a time.
fn divide(high: u128, low: u128, by: u128) -> Result<(u128, u128), Overflow> {
    if high >= by {
        return Err(Overflow);
    }
    if high == 0 {
        return Ok((low / by, low % by));
    }
    let (mut rest, mut whole) = (high, 0);
    for digit in (0..128).rev() {
        let carries = rest >> 127 == 1;
        rest = (rest << 1) | ((low >> digit) & 1);
        whole <<= 1;
        if carries || rest >= by {
            rest = rest.wrapping_sub(by);
            whole |= 1;
        }
    }
    Ok((whole, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fixed(num: u64, den: u64) -> Fixed {
        Fixed::of(num, den).unwrap()
    }

    #[test]
    fn thirty_decimals_are_kept() {
        assert_eq!(fixed(1, 3).0, 333_333_333_333_333_333_333_333_333_333);
        assert_eq!(fixed(2, 3).0, 666_666_666_666_666_666_666_666_666_667);
        assert_eq!(fixed(9, 8).power(2), Ok(fixed(81, 64)));
        assert_eq!(fixed(1, 0xffff_ffff).over(Fixed::ZERO), Err(Overflow));
        assert_eq!(fixed(u64::MAX, 1_000_000_000_000).power(9), Err(Overflow));
    }

    #[test]
    fn a_root_is_found_to_the_last_decimals() {
        assert_eq!(fixed(4, 1).root(2), Ok(fixed(2, 1)));
        assert_eq!(fixed(1, 4).root(2), Ok(fixed(1, 2)));
        assert_eq!(Fixed::ZERO.root(12), Ok(Fixed::ZERO));
        assert_eq!(Fixed::ONE.root(0), Err(Overflow));
        // The twelfth root of 1.5, from an independent reckoning.
        let root = fixed(3, 2).root(12).unwrap();
        let known = 1_034_366_083_131_916_574_969_772_550_000_u128;
        assert_eq!(root.0 / 10_u128.pow(4), known / 10_u128.pow(4));
        let back = root.power(12).unwrap();
        assert!(fixed(3, 2).minus(back).0 < 100);
    }

    #[test]
    fn money_meets_a_factor_once_and_is_rounded_once() {
        assert_eq!(fixed(1, 2).of_minor(5), Ok(3));
        assert_eq!(fixed(1, 2).of_minor(-5), Ok(-3));
        assert_eq!(fixed(3, 2).of_minor(i64::MAX), Err(Overflow));
        assert_eq!(fixed(1, 1).of_minor(i64::MAX), Ok(i64::MAX));
    }

    proptest! {
        #[test]
        fn small_factors_agree_with_exact_fractions(
            a in 0u64..1_000_000, b in 1u64..1_000_000, c in 0u64..1_000_000, d in 1u64..1_000_000,
            minor in -1_000_000i64..1_000_000,
        ) {
            let exact = Ratio::new(i128::from(a) * i128::from(minor), i128::from(b)).unwrap();
            let off = fixed(a, b).of_minor(minor).unwrap() - exact.round().unwrap();
            prop_assert!(off.abs() <= 1);
            let product = fixed(a, b).times(fixed(c, d)).unwrap();
            let whole = Fixed::of(a * c, b * d).unwrap();
            let off = product.0.abs_diff(whole.0);
            prop_assert!(off < 10_000_000);
        }

        #[test]
        fn division_undoes_multiplication(a in any::<u128>(), b in 1u128..) {
            let (high, low) = wide(a, b);
            prop_assert_eq!(divide(high, low, b), Ok((a, 0)));
        }
    }
}
