//! Amounts of money, in whole minor units of one currency.

use std::{collections::BTreeMap, fmt, str::FromStr};

use super::decimal::{self, BadDecimal};

/// An ISO 4217 currency that has minor units: one a price can be in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    exponent: u32,
}

/// A code that names no currency a price can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a currency as its three-letter code, such as EUR or JPY.")]
pub struct UnknownCurrency;

impl Currency {
    /// The three-letter code, such as `EUR`.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// Digits after the point: 2 for most, 0 for yen, 3 for Kuwaiti dinar.
    pub fn exponent(self) -> u32 {
        self.exponent
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    /// Reads an upper-case code; gold, test codes and the like are refused,
    /// for they have no minor unit to count in.
    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let iso = iso_currency::Currency::from_code(code).ok_or(UnknownCurrency)?;
        let exponent = iso.exponent().map(u32::from).ok_or(UnknownCurrency)?;
        Ok(Self { iso, exponent })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why two amounts cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// They are in different currencies.
    #[error("amounts in {0} and {1} cannot be added")]
    CurrencyMismatch(Currency, Currency),
    /// Their sum is larger than any amount kept.
    #[error("the sum is too large")]
    Overflow,
}

/// Why a typed amount was refused, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    /// Nothing was typed.
    #[error("Give an amount.")]
    Empty,
    /// Something other than digits, commas and one point.
    #[error("Give the amount in digits, such as 1,234 or 1234.")]
    NotANumber,
    /// A comma that does not separate thousands.
    #[error("Use a point for decimals, and commas only between thousands.")]
    Grouping,
    /// More decimals than the currency has.
    #[error("{} has {}.", .0, places(.0.exponent()))]
    TooManyDecimals(Currency),
    /// More than can be kept.
    #[error("This amount is too large.")]
    TooLarge,
}

/// The most that is taken from outside as one amount, in minor units: thousands of them still add up
/// to what can be kept, so that no sum on a page or in a ledger fails for one of them.
pub const MOST_TYPED_MINOR: u64 = 1_000_000_000_000_000;

fn places(exponent: u32) -> String {
    match exponent {
        0 => "no decimals".to_owned(),
        1 => "at most one decimal".to_owned(),
        more => format!("at most {more} decimals"),
    }
}

impl BadMoney {
    fn of(why: BadDecimal, currency: Currency) -> Self {
        match why {
            BadDecimal::Empty => Self::Empty,
            BadDecimal::NotANumber => Self::NotANumber,
            BadDecimal::Grouping => Self::Grouping,
            BadDecimal::TooManyPlaces => Self::TooManyDecimals(currency),
            BadDecimal::TooLarge => Self::TooLarge,
        }
    }
}

/// An exact amount: whole minor units of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units (cents, yen, fils) of a currency.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The amount in minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// What it is in.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum. There is no `+`: adding across currencies has to be noticed.
    ///
    /// # Errors
    /// See [`MoneyError`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// See [`MoneyError`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    fn with(self, other: Self, sum: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let minor = sum(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The same amount owed the other way.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for the one amount that has no opposite.
    pub fn negated(self) -> Result<Self, MoneyError> {
        Self::zero(self.currency).minus(self)
    }

    /// Neither owed nor due.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Below zero.
    pub fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Above zero.
    pub fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The amount to read, without its currency: `-1,234.50`.
    pub fn figure(self) -> String {
        decimal::grouped(self.minor, self.currency.exponent())
    }

    /// The amount for a machine, without commas: `-1234.50`.
    pub fn plain(self) -> String {
        decimal::plain(self.minor, self.currency.exponent())
    }

    /// Reads what a person types: `1234.5`, `1,234.50`, `-3`.
    ///
    /// # Errors
    /// See [`BadMoney`].
    pub fn parse(typed: &str, currency: Currency) -> Result<Self, BadMoney> {
        let minor = decimal::read(typed, currency.exponent());
        let minor = minor.map_err(|why| BadMoney::of(why, currency))?;
        match minor.unsigned_abs() <= MOST_TYPED_MINOR {
            true => Ok(Self::new(minor, currency)),
            false => Err(BadMoney::TooLarge),
        }
    }

    /// The sum of amounts in one currency; nothing adds up to zero of it.
    ///
    /// # Errors
    /// See [`MoneyError`].
    pub fn total(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::plus)
    }

    /// One sum per currency, in the order of their codes.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a sum does not fit.
    pub fn totals(amounts: impl IntoIterator<Item = Self>) -> Result<Vec<Self>, MoneyError> {
        let mut totals = BTreeMap::new();
        for amount in amounts {
            let total = totals
                .entry(amount.currency.code())
                .or_insert(Self::zero(amount.currency));
            *total = total.plus(amount)?;
        }
        Ok(totals.into_values().collect())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minus = if self.minor < 0 { "−" } else { "" };
        let figure = self.figure();
        let digits = figure.trim_start_matches('-');
        write!(f, "{} {minus}{digits}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn eur(minor: i64) -> Money {
        Money::new(minor, currency("EUR"))
    }

    #[test]
    fn only_currencies_with_minor_units_are_known() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(currency(code).exponent(), exponent);
            assert_eq!(currency(code).code(), code);
        }
        for code in ["eur", "XAU", "XXX", "XTS", "XDR", "", "EU", "EURO", "€"] {
            assert_eq!(code.parse::<Currency>(), Err(UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn amounts_are_shown_with_their_currency() {
        assert_eq!(eur(123_450).to_string(), "EUR 1,234.50");
        assert_eq!(eur(-123_450).figure(), "-1,234.50");
        assert_eq!(eur(123_450).plain(), "1234.50");
        assert_eq!(Money::new(1_005, currency("JPY")).to_string(), "JPY 1,005");
        assert_eq!(Money::new(101, currency("KWD")).figure(), "0.101");
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let refusal =
            |typed: &str, code: &str| Money::parse(typed, currency(code)).unwrap_err().to_string();
        assert_eq!(refusal("", "EUR"), "Give an amount.");
        assert_eq!(refusal("1.005", "EUR"), "EUR has at most 2 decimals.");
        assert_eq!(refusal("1.5", "JPY"), "JPY has no decimals.");
        assert!(refusal("1,5", "EUR").starts_with("Use a point"));
        assert!(refusal("ten", "EUR").contains("digits"));
        assert!(refusal("99999999999999999999", "EUR").contains("too large"));
    }

    #[test]
    fn sums_notice_currencies_and_limits() {
        let yen = Money::zero(currency("JPY"));
        assert_eq!(
            eur(1).plus(yen),
            Err(MoneyError::CurrencyMismatch(
                currency("EUR"),
                currency("JPY")
            ))
        );
        assert_eq!(eur(i64::MAX).plus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).negated(), Err(MoneyError::Overflow));
        assert_eq!(Money::total(currency("EUR"), []), Ok(eur(0)));
        assert_eq!(
            Money::totals([yen, eur(5), eur(-7)]),
            Ok(vec![eur(-2), yen])
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(minor in prop_oneof![any::<i64>(), -2_000_000_000_000_000i64..2_000_000_000_000_000], code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let amount = Money::new(minor, currency(code));
            let read = match minor.unsigned_abs() <= MOST_TYPED_MINOR {
                true => Ok(amount),
                false => Err(BadMoney::TooLarge),
            };
            prop_assert_eq!(Money::parse(&amount.figure(), currency(code)), read);
            prop_assert_eq!(Money::parse(&amount.plain(), currency(code)), read);
        }

        #[test]
        fn taking_away_undoes_adding(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000) {
            prop_assert_eq!(eur(a).plus(eur(b)).unwrap().minus(eur(b)), Ok(eur(a)));
            prop_assert_eq!(eur(a).plus(eur(a).negated().unwrap()), Ok(eur(0)));
        }
    }
}
