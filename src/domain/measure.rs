//! How much of something was used, to the millionth.

use std::{fmt, str::FromStr};

use super::{
    decimal::{self, BadDecimal},
    ratio::{Overflow, Ratio},
};

const PLACES: u32 = 6;
const MICRO: i128 = 1_000_000;

/// An amount of usage (hours, gigabytes, calls) in millionths of a unit. May
/// be below zero: a correction takes back what was reported too much.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Measure(i64);

/// Why a typed amount of usage was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMeasure {
    /// Nothing, or no number.
    #[error("Give a number, such as 12 or 0.25.")]
    NotANumber,
    /// Finer than is kept.
    #[error("Give at most six decimals.")]
    TooManyPlaces,
    /// More than is kept.
    #[error("This number is too large.")]
    TooLarge,
}

impl Measure {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many millionths of a unit.
    pub fn from_micro(micro: i64) -> Self {
        Self(micro)
    }

    /// So many whole units.
    pub fn whole(units: u32) -> Self {
        Self(i64::from(units) * 1_000_000)
    }

    /// The amount in millionths of a unit.
    pub fn micro(self) -> i64 {
        self.0
    }

    /// Whether it has no fraction.
    pub fn is_whole(self) -> bool {
        i128::from(self.0) % MICRO == 0
    }

    /// The exact amount.
    pub fn exact(self) -> Ratio {
        Ratio::new(i128::from(self.0), MICRO).unwrap_or(Ratio::ZERO)
    }

    /// An exact amount to the nearest millionth.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn nearest(exact: Ratio) -> Result<Self, Overflow> {
        exact.times(Ratio::from_int(1_000_000))?.round().map(Self)
    }
}

impl FromStr for Measure {
    type Err = BadMeasure;

    /// Reads what a person or a file says: `12`, `1,200.5`, `-0.25`.
    fn from_str(typed: &str) -> Result<Self, BadMeasure> {
        decimal::read(typed, PLACES)
            .map(Self)
            .map_err(|why| match why {
                BadDecimal::TooManyPlaces => BadMeasure::TooManyPlaces,
                BadDecimal::TooLarge => BadMeasure::TooLarge,
                _ => BadMeasure::NotANumber,
            })
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = decimal::grouped(self.0, PLACES);
        f.write_str(figure.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_and_shown_as_people_write_it() {
        for (typed, shown) in [
            ("1234.50", "1,234.5"),
            ("20", "20"),
            ("-0.000001", "-0.000001"),
        ] {
            assert_eq!(typed.parse::<Measure>().unwrap().to_string(), shown);
        }
        assert_eq!("x".parse::<Measure>(), Err(BadMeasure::NotANumber));
        assert_eq!(
            "0.0000001".parse::<Measure>(),
            Err(BadMeasure::TooManyPlaces)
        );
        assert_eq!(
            "99999999999999".parse::<Measure>(),
            Err(BadMeasure::TooLarge)
        );
    }

    #[test]
    fn it_is_exact() {
        let quarter: Measure = "6.25".parse().unwrap();
        assert_eq!(quarter.exact().to_string(), "25/4");
        assert_eq!(Measure::nearest(quarter.exact()), Ok(quarter));
        let third = Ratio::new(1, 3).unwrap();
        assert_eq!(Measure::nearest(third).unwrap().micro(), 333_333);
    }
}
