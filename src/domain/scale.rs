//! How a price grows with the quantity: by the unit, by tiers, by the package.

use super::{
    measure::Measure,
    rate::UnitPrice,
    ratio::{Overflow, Ratio},
};

/// One tier of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// The last quantity in it, inclusive; `None` for everything above the one before.
    pub up_to: Option<Measure>,
    /// What each unit costs.
    pub unit: UnitPrice,
    /// What reaching the tier costs, in minor units; zero or more.
    pub flat_minor: i64,
}

/// Tiers without gap or overlap, from zero up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bands {
    bands: Vec<Band>,
    flat_at_zero: bool,
}

/// Why tiers do not make a price; the first tier is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBands {
    /// There is none.
    #[error("Give at least one tier.")]
    None,
    /// A tier ends where or before the one below it does.
    #[error("Tier {0} overlaps: it must end above the tier before it.")]
    Overlap(usize),
    /// A tier above the open one.
    #[error("Tier {0} is never reached: the tier before it has no end.")]
    Unreached(usize),
    /// Nothing says what is above the last one.
    #[error("Tier {0} leaves a gap above it: leave the end of the last tier empty.")]
    Gap(usize),
    /// A flat part below zero.
    #[error("Give tier {0} a flat part of zero or more.")]
    Negative(usize),
}

impl BadBands {
    /// Which tier it is about, from 1.
    pub fn tier(self) -> usize {
        match self {
            Self::None => 1,
            Self::Overlap(n) | Self::Unreached(n) | Self::Gap(n) | Self::Negative(n) => n,
        }
    }
}

/// A step at which more costs less in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cliff {
    /// The last quantity before the step.
    pub at: Measure,
    /// What it costs, in minor units.
    pub costs_minor: i64,
    /// What one more costs in all, in minor units.
    pub next_minor: i64,
}

impl Bands {
    /// Tiers in order. `flat_at_zero` says whether the first tier's flat part
    /// is charged when nothing was used.
    ///
    /// # Errors
    /// [`BadBands`] for gaps, overlaps and amounts below zero.
    pub fn new(bands: Vec<Band>, flat_at_zero: bool) -> Result<Self, BadBands> {
        let mut below = Some(Measure::ZERO);
        for (n, band) in (1..).zip(&bands) {
            let Some(end) = below else {
                return Err(BadBands::Unreached(n));
            };
            if band.up_to.is_some_and(|up_to| up_to <= end) {
                return Err(BadBands::Overlap(n));
            }
            if band.flat_minor < 0 {
                return Err(BadBands::Negative(n));
            }
            below = band.up_to;
        }
        match bands.len() {
            0 => Err(BadBands::None),
            n if below.is_some() => Err(BadBands::Gap(n)),
            _ => Ok(Self {
                bands,
                flat_at_zero,
            }),
        }
    }

    /// The tiers, lowest first.
    pub fn all(&self) -> &[Band] {
        &self.bands
    }

    /// Whether the first tier's flat part is charged when nothing was used.
    pub fn flat_at_zero(&self) -> bool {
        self.flat_at_zero
    }

    /// Each unit at the price of its own tier, with the flat part of every tier reached.
    fn graduated(&self, quantity: Ratio) -> Result<Ratio, Overflow> {
        let (mut sum, mut below) = (Ratio::ZERO, Ratio::ZERO);
        for (at, band) in self.bands.iter().enumerate() {
            let is_reached = quantity > below || (at == 0 && self.flat_at_zero);
            if !is_reached {
                break;
            }
            let top = band
                .up_to
                .map_or(quantity, |up_to| up_to.exact().min(quantity));
            let units = top.minus(below)?.max(Ratio::ZERO);
            sum = sum.plus(band.unit.of(units)?)?;
            sum = sum.plus(Ratio::from_int(band.flat_minor))?;
            below = band.up_to.map_or(quantity, Measure::exact);
        }
        Ok(sum)
    }

    /// All units at the price of the tier that the quantity reaches, with its flat part.
    fn volume(&self, quantity: Ratio) -> Result<Ratio, Overflow> {
        if quantity == Ratio::ZERO && !self.flat_at_zero {
            return Ok(Ratio::ZERO);
        }
        let fits = |band: &&Band| band.up_to.is_none_or(|up_to| quantity <= up_to.exact());
        let band = self.bands.iter().find(fits).ok_or(Overflow)?;
        band.unit
            .of(quantity)?
            .plus(Ratio::from_int(band.flat_minor))
    }

    /// Where one unit more lowers a volume price as a whole.
    pub fn cliffs(&self) -> Vec<Cliff> {
        let ends = self.bands.iter().filter_map(|band| band.up_to);
        ends.filter_map(|at| self.cliff(at).ok().flatten())
            .collect()
    }

    fn cliff(&self, at: Measure) -> Result<Option<Cliff>, Overflow> {
        let costs_minor = self.volume(at.exact())?.round()?;
        let next_minor = self.volume(at.exact().plus(Ratio::ONE)?)?.round()?;
        Ok((next_minor < costs_minor).then_some(Cliff {
            at,
            costs_minor,
            next_minor,
        }))
    }
}

/// How a price grows with the quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scale {
    /// The same for each unit.
    Unit(UnitPrice),
    /// Each unit at the price of its own tier.
    Graduated(Bands),
    /// All units at the price of the tier reached.
    Volume(Bands),
    /// By whole packages beyond what is free.
    Package {
        /// What a package costs.
        unit: UnitPrice,
        /// How many units are in it, above zero.
        size: Measure,
        /// Units that cost nothing.
        free: Measure,
    },
}

impl Scale {
    /// What a quantity costs, in minor units, before rounding. A quantity below
    /// zero, which corrections can leave, counts as none.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn of(&self, quantity: Ratio) -> Result<Ratio, Overflow> {
        let quantity = quantity.max(Ratio::ZERO);
        match self {
            Self::Unit(unit) => unit.of(quantity),
            Self::Graduated(bands) => bands.graduated(quantity),
            Self::Volume(bands) => bands.volume(quantity),
            Self::Package { .. } => self.of_part(quantity, Ratio::ONE),
        }
    }

    /// As [`Scale::of`], of a part of a period: tiers end where they do in proportion, with their
    /// flat parts, and as much less is free. A unit and a package cost what they cost.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn of_part(&self, quantity: Ratio, share: Ratio) -> Result<Ratio, Overflow> {
        let quantity = quantity.max(Ratio::ZERO);
        match self {
            Self::Unit(unit) => unit.of(quantity),
            Self::Graduated(_) | Self::Volume(_) => self.of(quantity.over(share)?)?.times(share),
            Self::Package { unit, size, free } => {
                let free = free.exact().times(share)?;
                let paid = quantity.minus(free)?.max(Ratio::ZERO);
                let (whole, rest) = paid.over(size.exact())?.floor();
                let packages = whole + i128::from(rest > Ratio::ZERO);
                unit.of(Ratio::new(packages, 1)?)
            }
        }
    }

    /// What a unit or a package costs; nothing for tiers.
    pub fn unit(&self) -> UnitPrice {
        match self {
            Self::Unit(unit) | Self::Package { unit, .. } => *unit,
            Self::Graduated(_) | Self::Volume(_) => UnitPrice::default(),
        }
    }

    /// The tiers, where it has some.
    pub fn bands(&self) -> Option<&Bands> {
        match self {
            Self::Graduated(bands) | Self::Volume(bands) => Some(bands),
            Self::Unit(_) | Self::Package { .. } => None,
        }
    }

    /// Where one unit more costs less in all: only volume tiers can do that.
    pub fn cliffs(&self) -> Vec<Cliff> {
        match self {
            Self::Volume(bands) => bands.cliffs(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(minor: i64) -> UnitPrice {
        UnitPrice::from_micro(minor * 1_000_000).unwrap()
    }

    fn band(up_to: Option<&str>, minor: i64, flat_minor: i64) -> Band {
        Band {
            up_to: up_to.map(|typed| typed.parse().unwrap()),
            unit: unit(minor),
            flat_minor,
        }
    }

    fn bands(bands: &[Band]) -> Bands {
        Bands::new(bands.to_vec(), true).unwrap()
    }

    fn cost(scale: &Scale, typed: &str) -> i64 {
        let quantity: Measure = typed.parse().unwrap();
        scale.of(quantity.exact()).unwrap().round().unwrap()
    }

    #[test]
    fn the_tier_is_found_by_the_exact_quantity() {
        let tiers = bands(&[band(Some("100"), 400, 0), band(None, 300, 0)]);
        assert_eq!(cost(&Scale::Volume(tiers.clone()), "100.25"), 30_075);
        assert_eq!(cost(&Scale::Graduated(tiers.clone()), "100.25"), 40_075);
        assert_eq!(cost(&Scale::Volume(tiers), "100"), 40_000);
    }

    #[test]
    fn gaps_and_overlaps_are_refused() {
        let refused = |rows: &[Band]| Bands::new(rows.to_vec(), true).err();
        assert_eq!(refused(&[]), Some(BadBands::None));
        assert_eq!(refused(&[band(Some("5"), 1, 0)]), Some(BadBands::Gap(1)));
        let twice = [
            band(Some("5"), 1, 0),
            band(Some("5"), 1, 0),
            band(None, 1, 0),
        ];
        assert_eq!(refused(&twice), Some(BadBands::Overlap(2)));
        let open = [band(None, 1, 0), band(Some("5"), 1, 0)];
        assert_eq!(refused(&open), Some(BadBands::Unreached(2)));
        assert_eq!(refused(&[band(None, 1, -1)]), Some(BadBands::Negative(1)));
        assert_eq!(
            refused(&[band(Some("0"), 1, 0), band(None, 1, 0)]),
            Some(BadBands::Overlap(1))
        );
    }

    #[test]
    fn a_volume_price_has_a_cliff_and_a_graduated_one_has_none() {
        let tiers = bands(&[band(Some("100"), 1_000, 0), band(None, 800, 0)]);
        let cliff = Cliff {
            at: Measure::whole(100),
            costs_minor: 100_000,
            next_minor: 80_800,
        };
        assert_eq!(Scale::Volume(tiers.clone()).cliffs(), [cliff]);
        assert!(Scale::Graduated(tiers).cliffs().is_empty());
    }

    fn some_bands() -> impl Strategy<Value = Bands> {
        let rows = proptest::collection::vec((1u32..500, 0i64..9_000_000_000, 0i64..5_000), 1..5);
        rows.prop_map(|rows| {
            let mut end = 0;
            let last = rows.len();
            let band = |(n, (width, micro, flat_minor)): (usize, (u32, i64, i64))| {
                end += width;
                Band {
                    up_to: (n + 1 < last).then(|| Measure::whole(end)),
                    unit: UnitPrice::from_micro(micro).unwrap(),
                    flat_minor,
                }
            };
            Bands::new(rows.into_iter().enumerate().map(band).collect(), true).unwrap()
        })
    }

    proptest! {
        // Invariant 19: a graduated price never falls.
        #[test]
        fn a_graduated_price_never_falls(
            bands in some_bands(),
            a in 0i64..2_000_000_000,
            more in 0i64..1_000_000_000,
        ) {
            let scale = Scale::Graduated(bands);
            let at = |micro| scale.of(Measure::from_micro(micro).exact()).unwrap();
            prop_assert!(at(a) <= at(a + more));
        }

        #[test]
        fn packages_never_charge_for_less_than_was_used(
            size in 1i64..500_000_000,
            free in 0i64..500_000_000,
            used in -9_000_000_000i64..9_000_000_000,
        ) {
            let scale = Scale::Package {
                unit: unit(100),
                size: Measure::from_micro(size),
                free: Measure::from_micro(free),
            };
            let packages = cost(&scale, &Measure::from_micro(used).to_string()) / 100;
            let paid = (used - free).max(0);
            prop_assert!(packages * size >= paid && (packages - 1).max(0) * size <= paid);
        }
    }
}
