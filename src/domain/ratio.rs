//! Exact fractions: what an amount is before it is rounded, once, for storage.

use std::{cmp::Ordering, fmt};

/// An exact result that does not fit; dividing by zero counts, for no number fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amounts are too large to reckon exactly")]
pub struct Overflow;

/// An exact fraction, always in lowest terms and with a positive denominator,
/// so that equal fractions are equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: i128,
    den: i128,
}

impl Default for Ratio {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self { num: 0, den: 1 };
    /// The whole.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// A whole number.
    pub fn from_int(whole: i64) -> Self {
        Self {
            num: i128::from(whole),
            den: 1,
        }
    }

    /// `num / den` in lowest terms.
    ///
    /// # Errors
    /// [`Overflow`] when `den` is zero, or a reduced part does not fit.
    pub fn new(num: i128, den: i128) -> Result<Self, Overflow> {
        if den == 0 {
            return Err(Overflow);
        }
        let divisor = gcd(num.unsigned_abs(), den.unsigned_abs());
        let negative = (num < 0) != (den < 0);
        let num = signed(num.unsigned_abs() / divisor, negative)?;
        let den = signed(den.unsigned_abs() / divisor, false)?;
        Ok(Self { num, den })
    }

    /// The numerator, which carries the sign.
    pub fn num(self) -> i128 {
        self.num
    }

    /// The denominator, never below one.
    pub fn den(self) -> i128 {
        self.den
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        let common = common_divisor(self.den, other.den);
        let left = self.num.checked_mul(other.den / common);
        let right = other.num.checked_mul(self.den / common);
        let num = left
            .zip(right)
            .and_then(|(left, right)| left.checked_add(right));
        let den = self.den.checked_mul(other.den / common);
        let (num, den) = num.zip(den).ok_or(Overflow)?;
        Self::new(num, den)
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.plus(other.negated()?)
    }

    /// The exact product.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn times(self, other: Self) -> Result<Self, Overflow> {
        // Reduced crosswise first, so that only a product that truly does not
        // fit overflows.
        let left = Self::new(self.num, other.den)?;
        let right = Self::new(other.num, self.den)?;
        let num = left.num.checked_mul(right.num);
        let den = left.den.checked_mul(right.den);
        let (num, den) = num.zip(den).ok_or(Overflow)?;
        Ok(Self { num, den })
    }

    /// The exact quotient.
    ///
    /// # Errors
    /// [`Overflow`] when `other` is zero, or the quotient does not fit.
    pub fn over(self, other: Self) -> Result<Self, Overflow> {
        self.times(Self::new(other.den, other.num)?)
    }

    /// The same distance on the other side of zero.
    ///
    /// # Errors
    /// [`Overflow`] for the one numerator that has no opposite.
    pub fn negated(self) -> Result<Self, Overflow> {
        let num = self.num.checked_neg().ok_or(Overflow)?;
        Ok(Self { num, ..self })
    }

    /// The nearest fraction of so many decimals, halves away from zero: where many are added up
    /// whose denominators have nothing in common, so that their exact sum would not fit.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn to_places(self, places: u32) -> Result<Self, Overflow> {
        let scale = 10_i128.checked_pow(places).ok_or(Overflow)?;
        let (whole, rest) = (self.num / self.den, self.num % self.den);
        let part = rest.checked_mul(scale).ok_or(Overflow)?;
        let (fraction, left) = (part / self.den, part % self.den);
        let up = left.unsigned_abs() >= self.den.unsigned_abs() - left.unsigned_abs();
        let up = i128::from(up) * self.num.signum();
        let whole = whole.checked_mul(scale).ok_or(Overflow)?;
        let num = whole.checked_add(fraction + up).ok_or(Overflow)?;
        Self::new(num, scale)
    }

    /// The exact sum of several.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        parts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// The nearest whole number, halves away from zero: a reversal rounds to
    /// exactly minus what it reverses.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit an amount.
    pub fn round(self) -> Result<i64, Overflow> {
        let (num, den) = (self.num.unsigned_abs(), self.den.unsigned_abs());
        let (whole, rest) = (num / den, num % den);
        let nearest = whole + u128::from(rest >= den - rest);
        i64::try_from(signed(nearest, self.num < 0)?).map_err(|_| Overflow)
    }

    /// The whole number at or below it, and what is left: `0 <= left < 1`.
    pub(super) fn floor(self) -> (i128, Self) {
        let left = Self {
            num: self.num.rem_euclid(self.den),
            den: self.den,
        };
        (self.num.div_euclid(self.den), left)
    }

    /// `1 / self`, for a fraction known to be above zero.
    fn upside_down(self) -> Self {
        Self {
            num: self.den,
            den: self.num,
        }
    }
}

impl Ord for Ratio {
    /// Compares whole parts, then what is left turned upside down, so that
    /// nothing is ever multiplied out.
    fn cmp(&self, other: &Self) -> Ordering {
        let ((whole, left), (other_whole, other_left)) = (self.floor(), other.floor());
        whole
            .cmp(&other_whole)
            .then_with(|| match (left.num, other_left.num) {
                (0, _) | (_, 0) => left.num.cmp(&other_left.num),
                _ => other_left.upside_down().cmp(&left.upside_down()),
            })
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The greatest common divisor of two denominators.
fn common_divisor(a: i128, b: i128) -> i128 {
    i128::try_from(gcd(a.unsigned_abs(), b.unsigned_abs())).unwrap_or(1)
}

fn signed(magnitude: u128, negative: bool) -> Result<i128, Overflow> {
    let whole = i128::try_from(magnitude);
    match (whole, negative) {
        (Ok(whole), false) => Ok(whole),
        (Ok(whole), true) => Ok(-whole),
        (Err(_), true) if magnitude == i128::MIN.unsigned_abs() => Ok(i128::MIN),
        (Err(_), _) => Err(Overflow),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(num: i128, den: i128) -> Ratio {
        Ratio::new(num, den).unwrap()
    }

    #[test]
    fn it_is_kept_in_lowest_terms_with_the_sign_on_top() {
        assert_eq!(ratio(6, -8).to_string(), "-3/4");
        assert_eq!(ratio(0, -8), Ratio::ZERO);
        assert_eq!(Ratio::from_int(7).to_string(), "7/1");
        assert_eq!(Ratio::new(1, 0), Err(Overflow));
        assert_eq!(ratio(i128::MIN, 2).num(), i128::MIN / 2);
        assert_eq!(ratio(i128::MIN, 1).num(), i128::MIN);
        assert_eq!(Ratio::new(1, i128::MIN), Err(Overflow));
    }

    #[test]
    fn a_half_goes_away_from_zero() {
        let rounded = |num, den| ratio(num, den).round().unwrap();
        assert_eq!([rounded(1, 2), rounded(3, 2), rounded(5, 2)], [1, 2, 3]);
        assert_eq!([rounded(-1, 2), rounded(-5, 2)], [-1, -3]);
        assert_eq!([rounded(24_999, 10_000), rounded(9_999, 8)], [2, 1_250]);
        assert_eq!(rounded(i128::from(i64::MIN), 1), i64::MIN);
    }

    #[test]
    fn what_does_not_fit_is_said_and_not_wrapped() {
        let huge = ratio(i128::MAX, 1);
        assert_eq!(huge.plus(Ratio::ONE), Err(Overflow));
        assert_eq!(huge.times(ratio(2, 1)), Err(Overflow));
        assert_eq!(huge.times(ratio(1, i128::MAX)), Ok(Ratio::ONE));
        assert_eq!(huge.round(), Err(Overflow));
        assert_eq!(ratio(i128::MIN, 1).negated(), Err(Overflow));
        assert_eq!(Ratio::ONE.over(Ratio::ZERO), Err(Overflow));
    }

    #[test]
    fn the_largest_fractions_compare() {
        let nearly = ratio(i128::MAX - 1, i128::MAX);
        assert!(nearly < Ratio::ONE);
        assert!(ratio(i128::MAX - 2, i128::MAX - 1) < nearly);
        assert!(ratio(i128::MIN, 1) < ratio(i128::MIN, 3));
    }

    fn fractions() -> impl Strategy<Value = Ratio> {
        (-1_000_000i128..1_000_000, 1i128..10_000).prop_map(|(num, den)| ratio(num, den))
    }

    proptest! {
        #[test]
        fn arithmetic_obeys_its_laws(a in fractions(), b in fractions(), c in fractions()) {
            prop_assert_eq!(a.plus(b), b.plus(a));
            prop_assert_eq!(a.plus(b).unwrap().minus(b), Ok(a));
            prop_assert_eq!(
                a.times(b.plus(c).unwrap()),
                a.times(b).unwrap().plus(a.times(c).unwrap())
            );
            if b != Ratio::ZERO {
                prop_assert_eq!(a.over(b).unwrap().times(b), Ok(a));
            }
        }

        #[test]
        fn order_agrees_with_cross_multiplication(a in fractions(), b in fractions()) {
            prop_assert_eq!(a.cmp(&b), (a.num * b.den).cmp(&(b.num * a.den)));
        }

        #[test]
        fn rounding_mirrors_and_stays_within_a_half(a in fractions()) {
            let rounded = a.round().unwrap();
            prop_assert_eq!(a.negated().unwrap().round(), Ok(-rounded));
            let off = a.minus(Ratio::from_int(rounded)).unwrap();
            prop_assert!(off <= ratio(1, 2) && off >= ratio(-1, 2));
        }
    }
}
