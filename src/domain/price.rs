//! What a service period costs: every way in which a price can be put.

use super::{
    billing_calendar::BillingInterval,
    coded::coded,
    measure::Measure,
    meter::Meter,
    rate::{Quantity, UnitPrice},
    ratio::{Overflow, Ratio},
    scale::{Bands, Scale},
};

coded! {
    /// How a price is put.
    PriceKind {
        Flat = "flat", "Flat";
        PerSeat = "per_seat", "Per seat";
        Graduated = "graduated", "Graduated tiers";
        Volume = "volume", "Volume tiers";
        Package = "package", "Package";
        OneOff = "one_off", "One-off";
        Usage = "usage", "Usage";
        Retainer = "retainer", "Retainer";
        Outcome = "outcome", "Outcome";
    }
}

/// A fixed fee with an allowance; what is used beyond it costs extra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retainer {
    /// The fee of a period, charged in advance.
    pub fee: UnitPrice,
    /// What the fee includes.
    pub included: Measure,
    /// What each unit beyond that costs.
    pub overage: UnitPrice,
    /// The most that may be carried into the next period; nothing for none.
    pub rollover_cap: Measure,
}

/// What a period of a retainer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The charge for what was used beyond fee and carry, in minor units, exact.
    pub overage: Ratio,
    /// What is carried into the next period, and no further.
    pub carries: Ratio,
}

impl Retainer {
    /// Settles a period: what was carried in is used first and lives no longer
    /// than this period; of what is left of the allowance, up to the cap is
    /// carried on.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn settle(&self, used: Ratio, carried: Ratio) -> Result<Settled, Overflow> {
        let from_allowance = used.minus(carried)?.max(Ratio::ZERO);
        let left = self.included.exact().minus(from_allowance)?;
        let beyond = left.negated()?.max(Ratio::ZERO);
        Ok(Settled {
            overage: self.overage.of(beyond)?,
            carries: left
                .max(Ratio::ZERO)
                .min(self.rollover_cap.exact().max(Ratio::ZERO)),
        })
    }
}

/// A fee for results above a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The base fee of a period, charged in advance.
    pub base: UnitPrice,
    /// Results that the base fee covers.
    pub baseline: Measure,
    /// What each verified result beyond that costs.
    pub fee: UnitPrice,
    /// The most that results may cost in a period, in minor units.
    pub cap_minor: Option<i64>,
}

impl Outcome {
    /// The fee for so many verified results, exact, in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn fee_for(&self, verified: Ratio) -> Result<Ratio, Overflow> {
        let above = verified.minus(self.baseline.exact())?.max(Ratio::ZERO);
        let fee = self.fee.of(above)?;
        Ok(match self.cap_minor {
            Some(cap) => fee.min(Ratio::from_int(cap)),
            None => fee,
        })
    }
}

/// A price of a plan, before tax. Its currency is the plan's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Price {
    /// The same every period.
    Flat(UnitPrice),
    /// By the units subscribed to, in advance.
    Seats(Scale),
    /// Charged once, with the first period.
    OneOff(UnitPrice),
    /// By what a meter counted, in arrears.
    Metered(Meter, Scale),
    /// A fee in advance; what the meter counted beyond the allowance in arrears.
    Retainer(Meter, Retainer),
    /// A base fee in advance; the fee for verified results in arrears.
    Outcome(Meter, Outcome),
}

impl Price {
    /// So much per unit and period.
    pub fn per_seat(unit: UnitPrice) -> Self {
        Self::Seats(Scale::Unit(unit))
    }

    /// How it is put.
    pub fn kind(&self) -> PriceKind {
        match self {
            Self::Flat(_) => PriceKind::Flat,
            Self::OneOff(_) => PriceKind::OneOff,
            Self::Seats(Scale::Unit(_)) => PriceKind::PerSeat,
            Self::Metered(_, Scale::Unit(_)) => PriceKind::Usage,
            Self::Seats(scale) | Self::Metered(_, scale) => match scale {
                Scale::Unit(_) => PriceKind::PerSeat,
                Scale::Graduated(_) => PriceKind::Graduated,
                Scale::Volume(_) => PriceKind::Volume,
                Scale::Package { .. } => PriceKind::Package,
            },
            Self::Retainer(..) => PriceKind::Retainer,
            Self::Outcome(..) => PriceKind::Outcome,
        }
    }

    /// What it costs each time: a period, a unit, a package, the fee, the base
    /// fee. Nothing for tiers, which have no one price.
    pub fn unit(&self) -> UnitPrice {
        match self {
            Self::Flat(unit) | Self::OneOff(unit) => *unit,
            Self::Seats(scale) | Self::Metered(_, scale) => scale.unit(),
            Self::Retainer(_, retainer) => retainer.fee,
            Self::Outcome(_, outcome) => outcome.base,
        }
    }

    /// What one of the units that an invoice line counts costs for a whole period. Nothing where
    /// units have no one price: of tiers and of packages.
    pub fn each(&self) -> UnitPrice {
        match self {
            Self::Seats(Scale::Package { .. }) => UnitPrice::default(),
            price => price.unit(),
        }
    }

    /// What counts its usage, where something does.
    pub fn meter(&self) -> Option<&Meter> {
        match self {
            Self::Metered(meter, _) | Self::Retainer(meter, _) | Self::Outcome(meter, _) => {
                Some(meter)
            }
            Self::Flat(_) | Self::Seats(_) | Self::OneOff(_) => None,
        }
    }

    /// Whether it grows with the units subscribed to.
    pub fn counts_seats(&self) -> bool {
        matches!(self, Self::Seats(_))
    }

    /// Whether it comes back every period.
    pub fn is_recurring(&self) -> bool {
        !matches!(self, Self::OneOff(_))
    }

    /// Whether something of it is charged in advance, every period.
    pub fn is_charged_ahead(&self) -> bool {
        !matches!(self, Self::OneOff(_) | Self::Metered(..))
    }

    /// What a whole period costs in advance, in minor units, rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn for_period(&self, quantity: Quantity) -> Result<i64, Overflow> {
        self.exact_for_period(quantity)?.round()
    }

    /// What a whole period costs in advance, in minor units, before rounding.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn exact_for_period(&self, quantity: Quantity) -> Result<Ratio, Overflow> {
        match self {
            Self::Flat(unit) => unit.of(Ratio::ONE),
            Self::Seats(scale) => scale.of(Measure::whole(quantity.get()).exact()),
            Self::Retainer(_, retainer) => retainer.fee.of(Ratio::ONE),
            Self::Outcome(_, outcome) => outcome.base.of(Ratio::ONE),
            Self::OneOff(_) | Self::Metered(..) => Ok(Ratio::ZERO),
        }
    }

    /// What is charged once, with the first period, in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn once(&self) -> Result<i64, Overflow> {
        match self {
            Self::OneOff(unit) => unit.of(Ratio::ONE)?.round(),
            _ => Ok(0),
        }
    }

    /// What a period's usage costs in arrears, with what was carried into it,
    /// before rounding; and what is carried on.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn for_usage(&self, used: Ratio, carried: Ratio) -> Result<Settled, Overflow> {
        let plain = |overage| Settled {
            overage,
            carries: Ratio::ZERO,
        };
        match self {
            Self::Metered(_, scale) => scale.of(used).map(plain),
            Self::Retainer(_, retainer) => retainer.settle(used, carried),
            Self::Outcome(_, outcome) => outcome.fee_for(used).map(plain),
            Self::Flat(_) | Self::Seats(_) | Self::OneOff(_) => Ok(plain(Ratio::ZERO)),
        }
    }

    /// As [`Price::for_usage`], of a part of a period: what the price says of a whole period (tiers
    /// and their flat parts, what is free or included, a baseline, a cap) counts in proportion. Of a
    /// level, the whole price does.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn for_part(&self, used: Ratio, carried: Ratio, share: Ratio) -> Result<Settled, Overflow> {
        if share == Ratio::ONE {
            return self.for_usage(used, carried);
        }
        let is_level = self.counts_a_level();
        if let (Self::Metered(_, scale), false) = (self, is_level) {
            return Ok(Settled {
                overage: scale.of_part(used, share)?,
                carries: Ratio::ZERO,
            });
        }
        let pace = |quantity: Ratio| quantity.over(share);
        let whole = match is_level {
            true => self.for_usage(used, carried)?,
            false => self.for_usage(pace(used)?, pace(carried)?)?,
        };
        Ok(Settled {
            overage: whole.overage.times(share)?,
            carries: whole.carries.times(share)?,
        })
    }

    /// Whether its meter finds how high something stands.
    pub fn counts_a_level(&self) -> bool {
        self.meter()
            .is_some_and(|meter| meter.aggregation.is_level())
    }

    /// What of it counts in proportion over a part of a period: "tiers", "included"; empty for
    /// nothing.
    pub fn part_words(&self) -> &'static str {
        match self {
            _ if self.counts_a_level() => "price",
            Self::Metered(_, Scale::Graduated(_) | Scale::Volume(_)) => "tiers",
            Self::Metered(_, Scale::Package { free, .. }) if free.micro() > 0 => "free",
            Self::Retainer(..) => "included",
            Self::Outcome(..) => "baseline and cap",
            _ => "",
        }
    }

    /// The tiers, where it has some.
    pub fn bands(&self) -> Option<&Bands> {
        match self {
            Self::Seats(scale) | Self::Metered(_, scale) => scale.bands(),
            _ => None,
        }
    }
}

/// What a subscription brings in a month, in minor units before tax: the price
/// of a whole period brought to one, rounded.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn mrr(period_price_minor: i64, interval: BillingInterval) -> Result<i64, Overflow> {
    interval.monthly(i128::from(period_price_minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(micro: i64) -> UnitPrice {
        UnitPrice::from_micro(micro).unwrap()
    }

    fn cost(price: &Price, units: u32) -> Result<i64, Overflow> {
        price.for_period(Quantity::new(units).unwrap())
    }

    fn amount(typed: &str) -> Measure {
        typed.parse().unwrap()
    }

    #[test]
    fn a_flat_price_does_not_count_and_a_seat_price_does() {
        assert_eq!(cost(&Price::Flat(unit(4_900_000_000)), 17), Ok(4_900));
        assert_eq!(cost(&Price::per_seat(unit(1_250_000_000)), 17), Ok(21_250));
        let setup = Price::OneOff(unit(25_000_000_000));
        assert_eq!((cost(&setup, 3), setup.once()), (Ok(0), Ok(25_000)));
        assert!(!setup.is_recurring() && !setup.is_charged_ahead());
    }

    #[test]
    fn a_year_counts_a_twelfth_of_its_price_each_month() {
        assert_eq!(mrr(120_000, BillingInterval::Year), Ok(10_000));
        assert_eq!(mrr(9_906, BillingInterval::Year), Ok(826));
        assert_eq!(mrr(9_900, BillingInterval::Month), Ok(9_900));
        assert_eq!(mrr(10_000, BillingInterval::Quarter), Ok(3_333));
    }

    #[test]
    fn small_prices_are_rounded_once_for_all_units() {
        assert_eq!(cost(&Price::per_seat(unit(40_000)), 12), Ok(0));
        assert_eq!(cost(&Price::per_seat(unit(40_000)), 13), Ok(1));
        let largest = Price::per_seat(unit(i64::MAX));
        assert_eq!(cost(&largest, 1_000_000), Ok(i64::MAX));
    }

    #[test]
    fn carried_hours_are_used_first_and_live_one_period() {
        let retainer = Retainer {
            fee: unit(90_000_000_000),
            included: amount("10"),
            overage: unit(9_500_000_000),
            rollover_cap: amount("4"),
        };
        let mut carried = Ratio::ZERO;
        let mut charged = Vec::new();
        for used in ["7", "15", "9", "2"] {
            let settled = retainer.settle(amount(used).exact(), carried).unwrap();
            carried = settled.carries;
            charged.push((settled.overage.round().unwrap(), carried.round().unwrap()));
        }
        assert_eq!(charged, [(0, 3), (19_000, 0), (0, 1), (0, 4)]);
    }
}
