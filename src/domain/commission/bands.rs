//! Rates that depend on how much a partner brought in a month, quarter or year.

use super::super::{
    rate::Rate,
    ratio::{Overflow, Ratio},
};

/// A stretch of revenue and the rate it earns. Each begins where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// The last minor unit of it; the last band has no end.
    pub up_to_minor: Option<i64>,
    /// What it earns.
    pub rate: Rate,
}

/// Why bands cannot be used. The numbers are places, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBands {
    /// None at all.
    #[error("Give at least one band.")]
    Empty,
    /// An end that is not above the end before it.
    #[error("Band {0} must end above the band before it.")]
    Overlap(usize),
    /// A band without an end that others follow.
    #[error("Band {0} has no end, so nothing can follow it.")]
    Hidden(usize),
    /// Revenue beyond the last band would earn nothing.
    #[error("Leave the end of the last band empty, so that no revenue falls beyond it.")]
    Gap,
}

/// Bands without a gap or an overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bands(Vec<Band>);

impl Bands {
    /// Takes bands in ascending order.
    ///
    /// # Errors
    /// See [`BadBands`].
    pub fn new(bands: Vec<Band>) -> Result<Self, BadBands> {
        let mut below = 0;
        let count = bands.len();
        for (place, band) in (1..).zip(&bands) {
            match band.up_to_minor {
                Some(end) if end <= below => return Err(BadBands::Overlap(place)),
                Some(_) if place == count => return Err(BadBands::Gap),
                Some(end) => below = end,
                None if place < count => return Err(BadBands::Hidden(place)),
                None => {}
            }
        }
        if count == 0 {
            return Err(BadBands::Empty);
        }
        Ok(Self(bands))
    }

    /// An accelerator: a rate up to a quota in minor units, and so many basis points of that rate
    /// above it (15000 is one and a half times).
    ///
    /// # Errors
    /// [`BadBands::Overlap`] for a quota of nothing; an accelerated rate stops at 100 %.
    pub fn accelerator(quota_minor: i64, rate: Rate, factor_bps: u32) -> Result<Self, BadBands> {
        let raised = i64::from(rate.bps()) * i64::from(factor_bps) / 10_000;
        let raised = i32::try_from(raised).unwrap_or(10_000).min(10_000);
        let above = Rate::from_bps(raised).unwrap_or(rate);
        Self::new(vec![
            Band {
                up_to_minor: Some(quota_minor),
                rate,
            },
            Band {
                up_to_minor: None,
                rate: above,
            },
        ])
    }

    /// Nothing up to a threshold in minor units, then a rate.
    ///
    /// # Errors
    /// [`BadBands::Overlap`] for a threshold of nothing.
    pub fn cliff(threshold_minor: i64, rate: Rate) -> Result<Self, BadBands> {
        let nothing = Band {
            up_to_minor: Some(threshold_minor),
            rate: Rate::default(),
        };
        let above = Band {
            up_to_minor: None,
            rate,
        };
        Self::new(vec![nothing, above])
    }

    /// The bands, lowest first.
    pub fn bands(&self) -> &[Band] {
        &self.0
    }

    /// Each slice of the total at its own band's rate, in minor units before rounding. A total
    /// below zero is the mirror of the one above.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn graduated(&self, total_minor: i64) -> Result<Ratio, Overflow> {
        let size = i64::try_from(total_minor.unsigned_abs()).map_err(|_| Overflow)?;
        let mut from = 0;
        let mut sum = Ratio::ZERO;
        for band in &self.0 {
            let end = band.up_to_minor.unwrap_or(size).min(size);
            sum = sum.plus(band.rate.exact((end - from).max(0)))?;
            from = from.max(end);
        }
        if total_minor < 0 {
            sum.negated()
        } else {
            Ok(sum)
        }
    }

    /// All of the total at the rate of the band it ends in, in minor units before rounding.
    pub fn whole(&self, total_minor: i64) -> Ratio {
        self.rate_at(total_minor).exact(total_minor)
    }

    /// The rate of the band that a total ends in; an end belongs to the band it ends.
    pub fn rate_at(&self, total_minor: i64) -> Rate {
        let band = self.0.iter().find(|band| {
            band.up_to_minor
                .is_none_or(|end| total_minor.unsigned_abs() <= end.unsigned_abs())
        });
        band.map_or(Rate::default(), |band| band.rate)
    }

    /// Where one minor unit more changes what all before it earns, when the whole total takes the
    /// rate of its band: the end, and what crossing it adds or takes, in minor units.
    pub fn jumps(&self) -> Vec<(i64, i64)> {
        let ends = self.0.iter().zip(self.0.iter().skip(1));
        ends.filter_map(|(low, high)| {
            let end = low.up_to_minor?;
            let step = high.rate.of(end) - low.rate.of(end);
            (step != 0).then_some((end, step))
        })
        .collect()
    }
}

/// What a refund takes back of a total that earned by whole bands, in minor units, zero or less.
/// Without `reband` it goes back at the rate that was paid; with it, the rest earns the rate of
/// the band it now ends in.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn refund_of_whole(
    bands: &Bands,
    total_minor: i64,
    refund_minor: i64,
    reband: bool,
) -> Result<i64, Overflow> {
    let rest = total_minor.checked_sub(refund_minor).ok_or(Overflow)?;
    let was = bands.whole(total_minor).round()?;
    let is = match reband {
        true => bands.whole(rest).round()?,
        false => bands.rate_at(total_minor).exact(rest).round()?,
    };
    is.checked_sub(was).ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn bands(parts: &[(Option<i64>, i32)]) -> Result<Bands, BadBands> {
        let band = |&(up_to_minor, bps)| Band {
            up_to_minor,
            rate: rate(bps),
        };
        Bands::new(parts.iter().map(band).collect())
    }

    #[test]
    fn bands_have_neither_gap_nor_overlap() {
        assert_eq!(bands(&[]), Err(BadBands::Empty));
        assert_eq!(bands(&[(Some(5), 100)]), Err(BadBands::Gap));
        assert_eq!(
            bands(&[(Some(5), 1), (Some(5), 2), (None, 3)]),
            Err(BadBands::Overlap(2))
        );
        assert_eq!(bands(&[(None, 1), (Some(5), 2)]), Err(BadBands::Hidden(1)));
        assert_eq!(bands(&[(None, 1), (None, 2)]), Err(BadBands::Hidden(1)));
        assert_eq!(bands(&[(Some(0), 1), (None, 2)]), Err(BadBands::Overlap(1)));
    }

    #[test]
    fn a_small_refund_across_an_end_is_dear_only_if_the_contract_says_so() {
        let two = bands(&[(Some(500_000), 800), (None, 1_000)]).unwrap();
        assert_eq!(refund_of_whole(&two, 510_000, 20_000, false), Ok(-2_000));
        assert_eq!(refund_of_whole(&two, 510_000, 20_000, true), Ok(-11_800));
        assert_eq!(two.jumps(), [(500_000, 10_000)]);
    }

    #[test]
    fn a_cliff_pays_nothing_and_then_all() {
        let cliff = Bands::cliff(100_000, rate(1_000)).unwrap();
        assert_eq!(cliff.whole(100_000).round(), Ok(0));
        assert_eq!(cliff.whole(100_001).round(), Ok(10_000));
        assert_eq!(cliff.jumps(), [(100_000, 10_000)]);
    }

    proptest! {
        #[test]
        fn graduated_bands_never_jump(
            ends in prop::collection::btree_set(1i64..1_000_000, 0..6),
            rates in prop::collection::vec(0i32..=10_000, 7),
            total in 0i64..2_000_000,
        ) {
            let ends = ends.into_iter().map(Some).chain([None]);
            let parts: Vec<_> = ends.zip(rates).collect();
            let bands = bands(&parts).unwrap();
            let (here, next) = (bands.graduated(total).unwrap(), bands.graduated(total + 1).unwrap());
            let step = next.minus(here).unwrap();
            prop_assert!(step >= Ratio::ZERO && step <= Ratio::ONE);
            prop_assert_eq!(bands.graduated(-total).unwrap(), here.negated().unwrap());
        }
    }
}
