//! A price taken apart: the fields it is written with on forms, in files and
//! in rows, and the one place that puts them together again.

use super::{
    measure::Measure,
    meter::Meter,
    price::{Outcome, Price, PriceKind, Retainer},
    rate::UnitPrice,
    scale::{BadBands, Band, Bands, Scale},
};

/// The fields of a price. Those that its kind does not use are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceParts {
    /// How it is put.
    pub kind: PriceKind,
    /// What a period, a unit, a package, the retainer or the base fee costs.
    pub unit: UnitPrice,
    /// What counts its usage; without one, tiers and packages count seats.
    pub meter: Option<Meter>,
    /// Tiers, lowest first.
    pub bands: Vec<Band>,
    /// Whether the first tier's flat part is charged when nothing was used.
    pub flat_at_zero: bool,
    /// Units in a package.
    pub package: Option<Measure>,
    /// Units that are free, or that the fee covers.
    pub included: Measure,
    /// What each unit or result beyond those costs.
    pub over: UnitPrice,
    /// The most of a retainer that is carried into the next period.
    pub rollover: Measure,
    /// The most that results may cost in a period, in minor units.
    pub cap_minor: Option<i64>,
}

/// Why the fields make no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPrice {
    /// The tiers.
    #[error(transparent)]
    Bands(#[from] BadBands),
    /// The package holds nothing.
    #[error("Say how many units are in a package: more than none.")]
    Package,
    /// Usage that nothing counts.
    #[error("Name the meter that counts this, such as api-calls.")]
    NoMeter,
    /// What is included is below zero.
    #[error("Give zero or more.")]
    Included,
}

impl PriceParts {
    /// A price of a kind with nothing but its amount.
    pub fn plain(kind: PriceKind, unit: UnitPrice) -> Self {
        Self {
            kind,
            unit,
            meter: None,
            bands: Vec::new(),
            flat_at_zero: true,
            package: None,
            included: Measure::ZERO,
            over: UnitPrice::default(),
            rollover: Measure::ZERO,
            cap_minor: None,
        }
    }

    /// The fields of a price.
    pub fn of(price: &Price) -> Self {
        let mut parts = Self::plain(price.kind(), price.unit());
        parts.meter = price.meter().cloned();
        if let Some(bands) = price.bands() {
            parts.bands = bands.all().to_vec();
            parts.flat_at_zero = bands.flat_at_zero();
        }
        match price {
            Price::Seats(Scale::Package { size, free, .. })
            | Price::Metered(_, Scale::Package { size, free, .. }) => {
                parts.package = Some(*size);
                parts.included = *free;
            }
            Price::Retainer(_, retainer) => {
                parts.included = retainer.included;
                parts.over = retainer.overage;
                parts.rollover = retainer.rollover_cap;
            }
            Price::Outcome(_, outcome) => {
                parts.included = outcome.baseline;
                parts.over = outcome.fee;
                parts.cap_minor = outcome.cap_minor;
            }
            _ => {}
        }
        parts
    }

    /// Puts the price together.
    ///
    /// # Errors
    /// See [`BadPrice`].
    pub fn price(self) -> Result<Price, BadPrice> {
        if self.included < Measure::ZERO || self.rollover < Measure::ZERO {
            return Err(BadPrice::Included);
        }
        match self.kind {
            PriceKind::Flat => Ok(Price::Flat(self.unit)),
            PriceKind::OneOff => Ok(Price::OneOff(self.unit)),
            PriceKind::PerSeat => Ok(Price::per_seat(self.unit)),
            PriceKind::Usage => Ok(Price::Metered(self.counted()?, Scale::Unit(self.unit))),
            PriceKind::Graduated => {
                let bands = Bands::new(self.bands, self.flat_at_zero)?;
                Ok(scaled(self.meter, Scale::Graduated(bands)))
            }
            PriceKind::Volume => {
                let bands = Bands::new(self.bands, self.flat_at_zero)?;
                Ok(scaled(self.meter, Scale::Volume(bands)))
            }
            PriceKind::Package => {
                let size = self.package.filter(|size| *size > Measure::ZERO);
                let scale = Scale::Package {
                    unit: self.unit,
                    size: size.ok_or(BadPrice::Package)?,
                    free: self.included,
                };
                Ok(scaled(self.meter, scale))
            }
            PriceKind::Retainer => {
                let retainer = Retainer {
                    fee: self.unit,
                    included: self.included,
                    overage: self.over,
                    rollover_cap: self.rollover,
                };
                Ok(Price::Retainer(self.counted()?, retainer))
            }
            PriceKind::Outcome => {
                let outcome = Outcome {
                    base: self.unit,
                    baseline: self.included,
                    fee: self.over,
                    cap_minor: self.cap_minor,
                };
                Ok(Price::Outcome(self.counted()?, outcome))
            }
        }
    }

    fn counted(&self) -> Result<Meter, BadPrice> {
        self.meter.clone().ok_or(BadPrice::NoMeter)
    }
}

/// What a meter counts where there is one, seats where there is none.
fn scaled(meter: Option<Meter>, scale: Scale) -> Price {
    match meter {
        Some(meter) => Price::Metered(meter, scale),
        None => Price::Seats(scale),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meter::Aggregation;

    fn parts(kind: PriceKind) -> PriceParts {
        let open = Band {
            up_to: None,
            unit: UnitPrice::from_micro(7_000_000).unwrap(),
            flat_minor: 5,
        };
        let mut parts = PriceParts::plain(kind, UnitPrice::default());
        parts.meter = Some(Meter {
            code: "hours".parse().unwrap(),
            aggregation: Aggregation::Sum,
        });
        parts.bands = vec![open];
        parts.package = Some(Measure::whole(100));
        parts.included = Measure::whole(10);
        parts
    }

    #[test]
    fn every_kind_comes_apart_into_what_it_was_made_of() {
        for kind in PriceKind::ALL {
            let price = parts(*kind).price().unwrap();
            assert_eq!(price.kind(), *kind);
            assert_eq!(PriceParts::of(&price).price().unwrap(), price);
        }
    }

    #[test]
    fn what_makes_no_price_is_told() {
        let mut none = parts(PriceKind::Package);
        none.package = None;
        assert_eq!(none.price(), Err(BadPrice::Package));
        for kind in [PriceKind::Usage, PriceKind::Retainer, PriceKind::Outcome] {
            let uncounted = PriceParts {
                meter: None,
                ..parts(kind)
            };
            assert_eq!(uncounted.price(), Err(BadPrice::NoMeter));
        }
        let mut gap = parts(PriceKind::Volume);
        gap.bands[0].up_to = Some(Measure::whole(5));
        assert_eq!(gap.price(), Err(BadPrice::Bands(BadBands::Gap(1))));
        let mut owed = parts(PriceKind::Package);
        owed.included = Measure::from_micro(-1);
        assert_eq!(owed.price(), Err(BadPrice::Included));
    }
}
