//! Rates, unit prices and quantities: what amounts are multiplied from.

use std::{fmt, str::FromStr};

use super::{
    decimal::{self, BadDecimal},
    money::{BadMoney, Currency},
    ratio::{Overflow, Ratio},
};

const WHOLE_BPS: i32 = 10_000;

/// A share between nothing and the whole, in basis points: 1250 is 12.5 %.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i32);

/// A rate outside 0 to 100 %, or not a percentage at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a percentage from 0 to 100, with at most two decimals.")]
pub struct BadRate;

impl Rate {
    /// All of it.
    pub const WHOLE: Self = Self(WHOLE_BPS);

    /// A rate of so many hundredths of a percent.
    ///
    /// # Errors
    /// [`BadRate`] outside 0 to 10,000.
    pub fn from_bps(bps: i32) -> Result<Self, BadRate> {
        (0..=WHOLE_BPS)
            .contains(&bps)
            .then_some(Self(bps))
            .ok_or(BadRate)
    }

    /// The rate in basis points.
    pub fn bps(self) -> i32 {
        self.0
    }

    /// The rate of an amount in minor units, rounded half away from zero.
    pub fn of(self, minor: i64) -> i64 {
        // A share of at most the whole never leaves the range it started in.
        self.exact(minor).round().unwrap_or(minor)
    }

    /// The rate of an amount in minor units, before rounding.
    pub fn exact(self, minor: i64) -> Ratio {
        let product = i128::from(minor) * i128::from(self.0);
        Ratio::new(product, i128::from(WHOLE_BPS)).unwrap_or(Ratio::ZERO)
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    /// Reads what a person types: `15`, `12.5`, `7.25 %`.
    fn from_str(typed: &str) -> Result<Self, BadRate> {
        let typed = typed.trim();
        let number = typed.strip_suffix('%').unwrap_or(typed);
        let bps = decimal::read(number, 2).map_err(|_| BadRate)?;
        Self::from_bps(i32::try_from(bps).map_err(|_| BadRate)?)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", trimmed(&decimal::plain(i64::from(self.0), 2), 0))
    }
}

/// Drops zeros at the end, keeping at least so many digits after the point.
fn trimmed(figure: &str, keep: usize) -> &str {
    let Some(point) = figure.find('.') else {
        return figure;
    };
    let needed = if keep == 0 { point } else { point + 1 + keep };
    let last = figure.trim_end_matches('0').trim_end_matches('.').len();
    figure.get(..last.max(needed)).unwrap_or(figure)
}

/// What one unit costs, in millionths of a minor unit, so that prices far
/// below a cent stay exact. Never negative; its currency stands beside it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice(i64);

/// Why a typed unit price was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUnitPrice {
    /// Not an amount.
    #[error(transparent)]
    Amount(BadMoney),
    /// More decimals than a unit price keeps.
    #[error("Give at most {0} decimals.")]
    TooManyDecimals(u32),
    /// Below zero.
    #[error("Give a price of zero or more.")]
    Negative,
}

/// Digits a unit price keeps beyond the minor unit of its currency.
const MICRO_PLACES: u32 = 6;
const MICRO: i128 = 1_000_000;

impl UnitPrice {
    /// A price of so many millionths of a minor unit.
    ///
    /// # Errors
    /// [`BadUnitPrice::Negative`] below zero.
    pub fn from_micro(micro: i64) -> Result<Self, BadUnitPrice> {
        (micro >= 0)
            .then_some(Self(micro))
            .ok_or(BadUnitPrice::Negative)
    }

    /// The price in millionths of a minor unit.
    pub fn micro(self) -> i64 {
        self.0
    }

    /// Whether it is of whole minor units, so that it can be charged as it stands.
    pub fn is_whole(self) -> bool {
        i128::from(self.0) % MICRO == 0
    }

    /// The price of a quantity in minor units, before rounding.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn of(self, quantity: Ratio) -> Result<Ratio, Overflow> {
        Ratio::new(i128::from(self.0), MICRO)?.times(quantity)
    }

    /// Reads what a person types, with up to six digits beyond the currency's own.
    ///
    /// # Errors
    /// See [`BadUnitPrice`].
    pub fn parse(typed: &str, currency: Currency) -> Result<Self, BadUnitPrice> {
        let places = currency.exponent() + MICRO_PLACES;
        match decimal::read(typed, places) {
            Ok(micro) => Self::from_micro(micro),
            Err(BadDecimal::Empty) => Err(BadUnitPrice::Amount(BadMoney::Empty)),
            Err(BadDecimal::NotANumber) => Err(BadUnitPrice::Amount(BadMoney::NotANumber)),
            Err(BadDecimal::Grouping) => Err(BadUnitPrice::Amount(BadMoney::Grouping)),
            Err(BadDecimal::TooLarge) => Err(BadUnitPrice::Amount(BadMoney::TooLarge)),
            Err(BadDecimal::TooManyPlaces) => Err(BadUnitPrice::TooManyDecimals(places)),
        }
    }

    /// The price to read, without its currency: `12.50`, `0.0004`.
    pub fn figure(self, currency: Currency) -> String {
        let exponent = currency.exponent();
        let figure = decimal::grouped(self.0, exponent + MICRO_PLACES);
        trimmed(&figure, usize::try_from(exponent).unwrap_or_default()).to_owned()
    }
}

/// How many units (seats, machines) a subscription is for: 1 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u32);

/// A quantity out of range, or not a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a whole number from 1 to 1,000,000.")]
pub struct BadQuantity;

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);

    /// So many units.
    ///
    /// # Errors
    /// [`BadQuantity`] outside 1 to 1,000,000.
    pub fn new(units: u32) -> Result<Self, BadQuantity> {
        (1..=1_000_000)
            .contains(&units)
            .then_some(Self(units))
            .ok_or(BadQuantity)
    }

    /// The number of units.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = BadQuantity;

    /// Reads what a person types: `12`, `1,200`.
    fn from_str(typed: &str) -> Result<Self, BadQuantity> {
        let units = decimal::read(typed, 0).map_err(|_| BadQuantity)?;
        Self::new(u32::try_from(units).map_err(|_| BadQuantity)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&decimal::grouped(i64::from(self.0), 0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn rates_are_read_and_shown_as_people_write_them() {
        for (typed, bps, shown) in [
            ("12.5", 1_250, "12.5 %"),
            ("7.25 %", 725, "7.25 %"),
            ("100%", 10_000, "100 %"),
            ("0", 0, "0 %"),
            ("20", 2_000, "20 %"),
        ] {
            let rate: Rate = typed.parse().unwrap();
            assert_eq!((rate.bps(), rate.to_string().as_str()), (bps, shown));
        }
        for typed in ["", "%", "-1", "100.01", "1.005", "ten", "5 % %"] {
            assert_eq!(typed.parse::<Rate>(), Err(BadRate), "{typed}");
        }
    }

    #[test]
    fn a_tie_rounds_away_from_zero() {
        let half = Rate::from_bps(5_000).unwrap();
        assert_eq!((half.of(5), half.of(-5)), (3, -3));
        assert_eq!(Rate::from_bps(1_000).unwrap().of(1_005), 101);
        assert_eq!(Rate::from_bps(10_000).unwrap().of(i64::MIN), i64::MIN);
    }

    #[test]
    fn prices_below_a_cent_stay_exact() {
        let price = UnitPrice::parse("0.0004", currency("USD")).unwrap();
        assert_eq!(price.micro(), 40_000);
        assert_eq!(
            price.of(Ratio::from_int(65_000)).unwrap().round(),
            Ok(2_600)
        );
        assert_eq!(price.figure(currency("USD")), "0.0004");
        let whole = UnitPrice::parse("1,250", currency("USD")).unwrap();
        assert_eq!(whole.figure(currency("USD")), "1,250.00");
        let yen = UnitPrice::parse("1200", currency("JPY")).unwrap();
        assert_eq!(yen.figure(currency("JPY")), "1,200");
        assert_eq!(yen.micro(), 1_200_000_000);
    }

    #[test]
    fn a_bad_price_says_why() {
        let refusal = |typed| UnitPrice::parse(typed, currency("EUR")).unwrap_err();
        assert_eq!(refusal("-1"), BadUnitPrice::Negative);
        assert_eq!(refusal(""), BadUnitPrice::Amount(BadMoney::Empty));
        assert_eq!(
            refusal("0.123456789").to_string(),
            "Give at most 8 decimals."
        );
    }

    #[test]
    fn quantities_are_whole_and_bounded() {
        assert_eq!("1,200".parse::<Quantity>().unwrap().get(), 1_200);
        assert_eq!(
            "1000000".parse::<Quantity>().unwrap().to_string(),
            "1,000,000"
        );
        for typed in ["0", "-1", "1000001", "1.5", "", "five"] {
            assert_eq!(typed.parse::<Quantity>(), Err(BadQuantity), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_rate_takes_no_more_than_the_whole(minor in any::<i64>(), bps in 0i32..=10_000) {
            let rate = Rate::from_bps(bps).unwrap();
            prop_assert!(rate.of(minor).unsigned_abs() <= minor.unsigned_abs());
            prop_assert_eq!(rate.to_string().parse::<Rate>(), Ok(rate));
        }

        #[test]
        fn a_price_shown_reads_back(micro in 0i64.., code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let price = UnitPrice::from_micro(micro).unwrap();
            prop_assert_eq!(UnitPrice::parse(&price.figure(currency(code)), currency(code)), Ok(price));
        }
    }
}
