//! A price in words, for pages, files and the trail.

use super::{
    billing_calendar::BillingInterval,
    measure::Measure,
    meter::Aggregation,
    money::{Currency, Money},
    price::Price,
    rate::UnitPrice,
    scale::{Bands, Cliff, Scale},
};

/// A space that does not break.
const FIRM: char = '\u{a0}';

impl BillingInterval {
    /// What it is counted in: `month`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::HalfYear => "half-year",
            Self::Year => "year",
        }
    }
}

impl Price {
    /// The price without a quantity: `EUR 12.50 per seat and month`.
    pub fn words(&self, currency: Currency, interval: BillingInterval) -> String {
        let every = interval.unit();
        let cost = |unit: UnitPrice| format!("{currency}{FIRM}{}", unit.figure(currency));
        match self {
            Self::Flat(unit) => format!("{} a {every}", cost(*unit)),
            Self::OneOff(unit) => format!("{} once", cost(*unit)),
            Self::Seats(scale) => scaled(scale, currency, (["seat", "seats"], every)),
            Self::Metered(meter, scale) => {
                let how = match meter.aggregation {
                    Aggregation::Sum => String::new(),
                    how => format!(" ({})", how.label().to_lowercase()),
                };
                let each = ["unit", "units"].map(|unit| format!("{unit} of {}{how}", meter.code));
                scaled(
                    scale,
                    currency,
                    (each.each_ref().map(String::as_str), every),
                )
            }
            Self::Retainer(meter, retainer) => {
                let carried = match retainer.rollover_cap {
                    Measure::ZERO => String::new(),
                    cap => format!("; up to {cap} carried into the next {every}"),
                };
                format!(
                    "{} a {every} with {} of {} included, then {} each{carried}",
                    cost(retainer.fee),
                    retainer.included,
                    meter.code,
                    cost(retainer.overage),
                )
            }
            Self::Outcome(meter, outcome) => {
                let cap = outcome.cap_minor.map(|cap| Money::new(cap, currency));
                let cap = cap.map_or_else(String::new, |cap| {
                    format!(", at most {currency}{FIRM}{}", cap.figure())
                });
                format!(
                    "{} a {every}, and {} for each verified {} above {}{cap}",
                    cost(outcome.base),
                    cost(outcome.fee),
                    meter.code,
                    outcome.baseline,
                )
            }
        }
    }
}

/// What one and many of what is counted are called, and what a period is.
fn scaled(scale: &Scale, currency: Currency, ([per, many], every): ([&str; 2], &str)) -> String {
    let cost = |unit: UnitPrice| format!("{currency}{FIRM}{}", unit.figure(currency));
    match scale {
        Scale::Unit(unit) => format!("{} per {per} and {every}", cost(*unit)),
        Scale::Graduated(bands) => format!(
            "per {per} and {every}, each tier at its own price: {}",
            tiers(bands, currency)
        ),
        Scale::Volume(bands) => format!(
            "per {per} and {every}, all at the price of the tier reached: {}",
            tiers(bands, currency)
        ),
        Scale::Package { unit, size, free } => {
            let free = match *free {
                Measure::ZERO => String::new(),
                free => format!(", the first {free} free"),
            };
            format!("{} for every {size} {many} a {every}{free}", cost(*unit))
        }
    }
}

fn tiers(bands: &Bands, currency: Currency) -> String {
    let tier = |band: &super::scale::Band| {
        let until = match band.up_to {
            Some(up_to) => format!("up to {up_to}"),
            None if bands.all().len() == 1 => "any number".to_owned(),
            None => "above".to_owned(),
        };
        let flat = match band.flat_minor {
            0 => String::new(),
            minor => format!(
                " plus {currency}{FIRM}{}",
                Money::new(minor, currency).figure()
            ),
        };
        let unit = band.unit.figure(currency);
        format!("{until} {currency}{FIRM}{unit}{flat}")
    };
    bands.all().iter().map(tier).collect::<Vec<_>>().join("; ")
}

impl Cliff {
    /// The step in words, for whoever sets the price.
    pub fn words(&self, currency: Currency) -> String {
        let cost = |minor| format!("{currency}{FIRM}{}", Money::new(minor, currency).figure());
        format!(
            "One more than {} costs less in all: {} rather than {}.",
            self.at,
            cost(self.next_minor),
            cost(self.costs_minor),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scale::Band;

    fn unit(minor: i64) -> UnitPrice {
        UnitPrice::from_micro(minor * 1_000_000).unwrap()
    }

    #[test]
    fn a_price_reads_as_a_sentence_part() {
        let euro = "EUR".parse().unwrap();
        let words = |price: Price| {
            let words = price.words(euro, BillingInterval::Quarter);
            words.replace(FIRM, " ")
        };
        assert_eq!(words(Price::Flat(unit(4_900))), "EUR 49.00 a quarter");
        assert_eq!(words(Price::OneOff(unit(25_000))), "EUR 250.00 once");
        assert_eq!(
            words(Price::per_seat(unit(1_250))),
            "EUR 12.50 per seat and quarter"
        );
        let up_to = Some(Measure::whole(5));
        let first = Band {
            up_to,
            unit: unit(700),
            flat_minor: 1_000,
        };
        let rest = Band {
            up_to: None,
            unit: unit(650),
            flat_minor: 0,
        };
        let bands = Bands::new(vec![first, rest], true).unwrap();
        assert_eq!(
            words(Price::Seats(Scale::Graduated(bands))),
            "per seat and quarter, each tier at its own price: \
             up to 5 EUR 7.00 plus EUR 10.00; above EUR 6.50"
        );
        let package = Scale::Package {
            unit: unit(500),
            size: Measure::whole(100),
            free: Measure::whole(100),
        };
        assert_eq!(
            words(Price::Seats(package)),
            "EUR 5.00 for every 100 seats a quarter, the first 100 free"
        );
    }
}
