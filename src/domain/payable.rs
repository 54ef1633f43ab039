//! What a partner is owed in another currency: converted once, at the rate of the payment.

use std::{fmt, str::FromStr};

use chrono::{Days, NaiveDate};

use super::{
    decimal,
    money::{Currency, Money},
    ratio::{Overflow, Ratio},
    shares::cumulative_part,
    statement_document::plain_decimal,
};

/// For how many days a rate holds at most, its own among them: a whole month is covered by the rate
/// of its first day, and an old one is never taken for want of a newer.
pub const RATE_DAYS: u64 = 31;

/// The earliest day whose rate may convert what is of this day.
pub fn earliest_rate_for(day: NaiveDate) -> NaiveDate {
    let before = Days::new(RATE_DAYS - 1);
    day.checked_sub_days(before).unwrap_or(NaiveDate::MIN)
}

/// How much of the target currency one unit of the source buys, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FxRate(i64);

/// A rate that is nothing, below nothing, beyond all rates, or no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a rate above zero and below 10,000,000, with at most nine decimals.")]
pub struct BadFxRate;

const PLACES: u32 = 9;
const BILLION: i128 = 1_000_000_000;
/// No currency buys as much of another: what is beyond was mistyped.
const BEYOND_NANO: i64 = 10_000_000_000_000_000;

impl FxRate {
    /// A rate of so many billionths.
    ///
    /// # Errors
    /// [`BadFxRate`] at zero and below, and at ten million and above.
    pub fn from_nano(nano: i64) -> Result<Self, BadFxRate> {
        let fits = (1..BEYOND_NANO).contains(&nano);
        fits.then_some(Self(nano)).ok_or(BadFxRate)
    }

    /// The rate in billionths.
    pub fn nano(self) -> i64 {
        self.0
    }

    /// An amount in the target currency, rounded once: currencies differ in their decimals.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn convert(self, amount: Money, target: Currency) -> Result<Money, Overflow> {
        let scale = |exponent: u32| 10i128.checked_pow(exponent).ok_or(Overflow);
        let rate = Ratio::new(i128::from(self.0), BILLION)?;
        let digits = Ratio::new(
            scale(target.exponent())?,
            scale(amount.currency().exponent())?,
        )?;
        let exact = Ratio::from_int(amount.minor()).times(rate)?.times(digits)?;
        Ok(Money::new(exact.round()?, target))
    }
}

impl FromStr for FxRate {
    type Err = BadFxRate;

    /// Reads what a person types: `1.0837`.
    fn from_str(typed: &str) -> Result<Self, BadFxRate> {
        let nano = decimal::read(typed, PLACES).map_err(|_| BadFxRate)?;
        Self::from_nano(nano)
    }
}

impl fmt::Display for FxRate {
    /// As it is typed, without zeros at the end: `1.0837`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = plain_decimal(self.0, PLACES);
        f.write_str(digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// An entry's amount and what it was converted to when the customer paid. Nothing is ever
/// converted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payable {
    /// The entry's amount, in minor units of the invoice's currency.
    pub amount_minor: i64,
    /// The same, in minor units of the currency of the payout.
    pub payable_minor: i64,
}

impl Payable {
    /// What goes back in the payout's currency when so much of the entry is reversed, after so
    /// much was reversed before (in the entry's direction; below zero where a reversal is given
    /// back): cumulative on what was converted, so that no gain or
    /// loss of the exchange lands on the partner. Minor units, of the opposite sign.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit, or the entry came to nothing.
    pub fn reversed(&self, before: i64, now: i64) -> Result<i64, Overflow> {
        let whole = i128::from(self.amount_minor.abs());
        let all = before.checked_add(now).ok_or(Overflow)?;
        let done = Ratio::new(i128::from(before), whole)?;
        let part = cumulative_part(
            self.payable_minor,
            done,
            Ratio::new(i128::from(all), whole)?,
        )?;
        part.checked_neg().ok_or(Overflow)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn currencies_without_decimals_convert_too() {
        let rate: FxRate = "151.37".parse().unwrap();
        let yen = "JPY".parse().unwrap();
        let ten = Money::new(1_000, "USD".parse().unwrap());
        assert_eq!(rate.convert(ten, yen), Ok(Money::new(1_514, yen)));
        assert_eq!("0".parse::<FxRate>(), Err(BadFxRate));
        assert_eq!("-1".parse::<FxRate>(), Err(BadFxRate));
        for nonsense in [
            "",
            "x",
            "1,5",
            "1e3",
            "0.0000000001",
            "10000000",
            "0.000000000000000000000000000001",
        ] {
            assert_eq!(nonsense.parse::<FxRate>(), Err(BadFxRate), "{nonsense}");
        }
        for plain in [
            "1.0837",
            "151.37",
            "1",
            "100",
            "0.000000001",
            "9999999.999999999",
        ] {
            assert_eq!(plain.parse::<FxRate>().unwrap().to_string(), plain);
        }
    }

    #[test]
    fn a_rate_holds_for_a_month_at_most() {
        let day = |typed: &str| typed.parse::<NaiveDate>().unwrap();
        assert_eq!(earliest_rate_for(day("2026-10-31")), day("2026-10-01"));
        assert_eq!(earliest_rate_for(NaiveDate::MIN), NaiveDate::MIN);
    }

    #[test]
    fn what_takes_off_is_given_back_alike() {
        let cap = Payable {
            amount_minor: -500,
            payable_minor: -542,
        };
        let parts = [cap.reversed(0, 200), cap.reversed(200, 300)];
        assert_eq!(parts.map(Result::unwrap).iter().sum::<i64>(), 542);
    }

    proptest! {
        /// Invariants 7 and 8 in the payout's currency.
        #[test]
        fn all_of_it_reversed_in_any_steps_is_nothing(
            amount in 1i64..1_000_000, payable in 0i64..2_000_000,
            steps in prop::collection::vec(1i64..400_000, 0..8),
        ) {
            let entry = Payable { amount_minor: amount, payable_minor: payable };
            let (mut gone, mut back) = (0, 0);
            for step in steps.into_iter().chain([i64::MAX]) {
                let step = step.min(amount - gone);
                back += entry.reversed(gone, step).unwrap();
                gone += step;
                prop_assert!(back <= 0 && back >= -payable);
            }
            prop_assert_eq!(back, -payable);
        }
    }
}
