//! What one service period costs.

use super::{
    billing_calendar::BillingInterval,
    coded::coded,
    rate::{Quantity, UnitPrice},
    ratio::{Overflow, Ratio},
};

coded! {
    /// How a price grows with the quantity.
    PriceKind {
        Flat = "flat", "Flat";
        PerSeat = "per_seat", "Per seat";
    }
}

/// The price of one service period, before tax. Its currency is the plan's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Price {
    /// Whether it counts units.
    pub kind: PriceKind,
    /// What the period costs, or what one unit costs for it.
    pub unit: UnitPrice,
}

impl Price {
    /// What a whole period costs in minor units, rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn for_period(self, quantity: Quantity) -> Result<i64, Overflow> {
        let units = match self.kind {
            PriceKind::Flat => 1,
            PriceKind::PerSeat => quantity.get(),
        };
        self.unit.times(units)?.round()
    }
}

/// What a subscription brings in a month, in minor units before tax: the price
/// of a whole period over its months, rounded.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn mrr(period_price_minor: i64, interval: BillingInterval) -> Result<i64, Overflow> {
    let months = i128::from(interval.months());
    Ratio::new(i128::from(period_price_minor), months)?.round()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(kind: PriceKind, micro: i64, units: u32) -> Result<i64, Overflow> {
        let unit = UnitPrice::from_micro(micro).unwrap();
        Price { kind, unit }.for_period(Quantity::new(units).unwrap())
    }

    #[test]
    fn a_flat_price_does_not_count_and_a_seat_price_does() {
        assert_eq!(cost(PriceKind::Flat, 4_900_000_000, 17), Ok(4_900));
        assert_eq!(cost(PriceKind::PerSeat, 1_250_000_000, 17), Ok(21_250));
    }

    #[test]
    fn a_year_counts_a_twelfth_of_its_price_each_month() {
        assert_eq!(mrr(120_000, BillingInterval::Year), Ok(10_000));
        assert_eq!(mrr(9_906, BillingInterval::Year), Ok(826));
        assert_eq!(mrr(9_900, BillingInterval::Month), Ok(9_900));
    }

    #[test]
    fn small_prices_are_rounded_once_for_all_units() {
        assert_eq!(cost(PriceKind::PerSeat, 40_000, 12), Ok(0));
        assert_eq!(cost(PriceKind::PerSeat, 40_000, 13), Ok(1));
        assert_eq!(cost(PriceKind::PerSeat, i64::MAX, 1_000_000), Ok(i64::MAX));
    }
}
