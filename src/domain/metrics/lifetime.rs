//! What a customer is worth: a bond whose coupons may default.

use super::{fixed::Fixed, movements::quotient};
use crate::domain::{
    rate::Rate,
    ratio::{Overflow, Ratio},
};

const WHOLE_BPS: u64 = 10_000;

/// When a period's money comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paid {
    /// At its start: the first is neither discounted nor at risk.
    InAdvance,
    /// At its end.
    InArrears,
}

/// A stream of equal margins, each at risk of churn, discounted for time. All
/// three are for the same length of period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bond {
    /// Margin of one period, minor units.
    pub margin_minor: i64,
    /// The share that is lost from one period to the next.
    pub churn: Rate,
    /// The discount for one period.
    pub discount: Rate,
    /// When the money comes.
    pub paid: Paid,
}

impl Bond {
    /// What so many periods are worth today, minor units, before the cost of
    /// acquisition.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn value(&self, periods: u32) -> Result<i64, Overflow> {
        let survives = self.survival()?.over(self.growth()?)?;
        let mut weight = match self.paid {
            Paid::InAdvance => Fixed::ONE,
            Paid::InArrears => survives,
        };
        let mut sum = Fixed::ZERO;
        for _ in 0..periods {
            sum = sum.plus(weight)?;
            weight = weight.times(survives)?;
        }
        sum.of_minor(self.margin_minor)
    }

    /// What the stream is worth for as long as it lasts, minor units, before
    /// the cost of acquisition. `None` without churn and discount: it has no end.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn perpetual(&self) -> Result<Option<i64>, Overflow> {
        let (churn, discount) = (self.churn.bps(), self.discount.bps());
        let first = match self.paid {
            Paid::InAdvance => 10_000 + discount,
            Paid::InArrears => 10_000 - churn,
        };
        let product = i128::from(self.margin_minor) * i128::from(first);
        quotient(product, i128::from(churn + discount))
    }

    fn survival(&self) -> Result<Fixed, Overflow> {
        Ok(Fixed::ONE.minus(fraction(self.churn)?))
    }

    fn growth(&self) -> Result<Fixed, Overflow> {
        Fixed::ONE.plus(fraction(self.discount)?)
    }
}

/// A rate as a factor.
pub(super) fn fraction(rate: Rate) -> Result<Fixed, Overflow> {
    Fixed::of(u64::from(rate.bps().unsigned_abs()), WHOLE_BPS)
}

/// Margin over churn, minor units: what is left when time is worth nothing.
/// `None` without churn.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn simple_value(margin_minor: i64, churn: Rate) -> Result<Option<i64>, Overflow> {
    if churn.bps() == 0 {
        return Ok(None);
    }
    let share = Ratio::new(i128::from(churn.bps()), i128::from(WHOLE_BPS))?;
    Ratio::from_int(margin_minor).over(share)?.round().map(Some)
}

/// The churn of a month that makes so much in a year: `1 − (1 − a)^(1/12)`.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn monthly_of_annual(annual: Rate) -> Result<Fixed, Overflow> {
    let kept = Fixed::ONE.minus(fraction(annual)?);
    Ok(Fixed::ONE.minus(kept.root(12)?))
}

/// The churn of a year that a month's makes, to the nearest basis point:
/// `1 − (1 − m)^12`.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn yearly_of_monthly(monthly: Rate) -> Result<Rate, Overflow> {
    let kept = Fixed::ONE.minus(fraction(monthly)?).power(12)?;
    let lost = Fixed::ONE.minus(kept).bps()?;
    let bps = i32::try_from(lost).map_err(|_| Overflow)?;
    Rate::from_bps(bps).map_err(|_| Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn bond(churn: i32, discount: i32, paid: Paid) -> Bond {
        Bond {
            margin_minor: 120_000,
            churn: rate(churn),
            discount: rate(discount),
            paid,
        }
    }

    #[test]
    fn in_arrears_every_coupon_waits_and_is_at_risk() {
        let late = bond(1_000, 1_000, Paid::InArrears);
        // 1200 × (9/11 + (9/11)² + (9/11)³)
        assert_eq!(late.value(3), Ok(244_237));
        assert_eq!(late.perpetual(), Ok(Some(540_000)));
        let early = bond(1_000, 1_000, Paid::InAdvance);
        assert_eq!(early.value(1), Ok(120_000));
        assert_eq!(early.value(0), Ok(0));
        // In the long run the sum is the closed form.
        assert_eq!(
            Ok(early.value(400).unwrap()),
            early.perpetual().map(Option::unwrap)
        );
    }

    #[test]
    fn without_churn_and_discount_there_is_no_end() {
        assert_eq!(bond(0, 0, Paid::InAdvance).perpetual(), Ok(None));
        assert_eq!(bond(0, 0, Paid::InAdvance).value(3), Ok(360_000));
        assert_eq!(simple_value(120_000, rate(0)), Ok(None));
        assert_eq!(simple_value(120_000, rate(1_000)), Ok(Some(1_200_000)));
    }

    #[test]
    fn rates_turn_from_month_to_year() {
        assert_eq!(yearly_of_monthly(rate(100)), Ok(rate(1_136)));
        assert_eq!(yearly_of_monthly(rate(10_000)), Ok(rate(10_000)));
        let monthly = monthly_of_annual(rate(3_000)).unwrap();
        assert_eq!(monthly.bps(), Ok(293));
    }
}
