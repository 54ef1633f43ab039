//! What a recurring charge brings in a month.

use crate::domain::{
    rate::Rate,
    ratio::{Overflow, Ratio},
};

/// How often a charge recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Every day: 365 in a year.
    Day,
    /// Every week: 52 in a year.
    Week,
    /// Every so many months, one or more.
    Months(u32),
    /// Never again.
    Once,
}

/// A charge in minor units before tax, less a discount that recurs with it, as
/// MRR: minor units for one month, rounded once. What is charged once is none.
///
/// # Errors
/// [`Overflow`] when it does not fit, or for a cadence of no months.
pub fn monthly_value(charge_minor: i64, every: Cadence, discount: Rate) -> Result<i64, Overflow> {
    let (times, months) = match every {
        Cadence::Day => (365, 12),
        Cadence::Week => (52, 12),
        Cadence::Months(months) => (1, i128::from(months)),
        Cadence::Once => return Ok(0),
    };
    let charge = Ratio::from_int(charge_minor).minus(discount.exact(charge_minor))?;
    charge.times(Ratio::new(times, months)?)?.round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cadence_comes_to_a_month() {
        let monthly = |minor, every| monthly_value(minor, every, Rate::default());
        assert_eq!(monthly(120_000, Cadence::Months(12)), Ok(10_000));
        assert_eq!(monthly(2_300, Cadence::Week), Ok(9_967));
        assert_eq!(monthly(100, Cadence::Day), Ok(3_042));
        assert_eq!(monthly(100, Cadence::Once), Ok(0));
        assert_eq!(monthly(100, Cadence::Months(0)), Err(Overflow));
        assert_eq!(monthly(i64::MAX, Cadence::Week), Err(Overflow));
    }
}
