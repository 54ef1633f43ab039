//! What a clause pays beyond its rate, by how much a partner's customers pay in a month, a quarter
//! or a year.

mod words;

use std::{fmt, str::FromStr};

use super::{
    super::{
        money::Currency,
        rate::Rate,
        ratio::{Overflow, Ratio},
        shares::cumulative_part,
    },
    bands::{BadBands, Band, Bands},
    span::{GivenBack, Span},
};

/// The most steps of one clause.
pub const MOST_STEPS: usize = 4;

/// How the revenue of a month, a quarter or a year earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VolumeKind {
    /// What lies above a step earns the step's rate.
    Graduated,
    /// All of it earns the rate of the step that it has passed.
    Whole,
    /// What lies above a step earns so many times the clause's rate.
    Accelerator,
    /// All of it earns the clause's rate once it is above the step, and nothing before.
    Cliff,
}

impl VolumeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Graduated, Self::Whole, Self::Accelerator, Self::Cliff];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Graduated => "graduated",
            Self::Whole => "whole",
            Self::Accelerator => "accelerator",
            Self::Cliff => "cliff",
        }
    }

    /// How a form offers it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Graduated => "more on what lies above",
            Self::Whole => "more on all of it, once above",
            Self::Accelerator => "a multiple on what lies above",
            Self::Cliff => "nothing at all until above",
        }
    }
}

impl FromStr for VolumeKind {
    type Err = BadVolume;
    fn from_str(code: &str) -> Result<Self, BadVolume> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.code() == code).ok_or(BadVolume::Kind)
    }
}

/// A step, and what lies above it earns.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    /// Revenue, in minor units: what is more lies above.
    pub above_minor: i64,
    /// The rate in basis points; for an accelerator how many times the clause's rate, of 10000;
    /// nothing for a cliff.
    pub bps: u32,
}

/// Why steps are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVolume {
    /// No such kind.
    #[error("Choose one of the kinds.")]
    Kind,
    /// No step, or too many.
    #[error("Give 1 to 4 steps, such as 10,000: 12 %; 25,000: 15 %.")]
    Count,
    /// What is typed is no step.
    #[error("Give each step as an amount, a colon and what is earned above it: 10,000: 12 %.")]
    Step,
    /// A cliff is one amount.
    #[error("Give the one amount above which it pays.")]
    Cliff,
    /// A factor that does not raise the rate, or raises it tenfold.
    #[error("Give a multiple above 1 and up to 10, such as 1.5.")]
    Factor,
    /// A step that is not above the one before it.
    #[error("Step {0} must lie above the one before it, and above zero.")]
    Overlap(usize),
    /// A step that pays no more than what is below it.
    #[error("Step {0} pays no more than what lies below it.")]
    Falls(usize),
    /// More than the revenue itself, or finer than a rate is kept.
    #[error("A rate is at most 100 %, with at most two decimals.")]
    Rate,
}

/// What a clause pays beyond its rate. It holds for revenue in one currency; revenue in others
/// earns the clause's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Volume {
    /// How.
    pub kind: VolumeKind,
    /// What the steps are in.
    pub currency: Currency,
    /// Over which months revenue counts towards them.
    pub span: Span,
    /// What becomes of what goes back after those.
    pub given_back: GivenBack,
    steps: [Step; MOST_STEPS],
    count: usize,
}

impl Volume {
    /// Takes steps in ascending order, above a clause's own rate: those of a month, of which goes
    /// back what they brought.
    ///
    /// # Errors
    /// See [`BadVolume`].
    pub fn new(
        kind: VolumeKind,
        currency: Currency,
        steps: &[Step],
        base: Rate,
    ) -> Result<Self, BadVolume> {
        if !(1..=MOST_STEPS).contains(&steps.len()) {
            return Err(BadVolume::Count);
        }
        if kind == VolumeKind::Cliff && steps.len() != 1 {
            return Err(BadVolume::Cliff);
        }
        let (mut below, mut rate) = (0, base);
        for (place, step) in (1..).zip(steps) {
            if step.above_minor <= below {
                return Err(BadVolume::Overlap(place));
            }
            let raised = raised(kind, base, *step)?;
            if kind != VolumeKind::Cliff && raised <= rate {
                return Err(BadVolume::Falls(place));
            }
            (below, rate) = (step.above_minor, raised);
        }
        let mut all = [Step::default(); MOST_STEPS];
        for (place, step) in all.iter_mut().zip(steps) {
            *place = *step;
        }
        Ok(Self {
            kind,
            currency,
            span: Span::Month,
            given_back: GivenBack::OriginalRate,
            steps: all,
            count: steps.len(),
        })
    }

    /// The same steps over other months, or with another rule for what goes back.
    pub fn over(self, span: Span, given_back: GivenBack) -> Self {
        Self {
            span,
            given_back,
            ..self
        }
    }

    /// The steps, lowest first.
    pub fn steps(&self) -> &[Step] {
        self.steps.get(..self.count).unwrap_or_default()
    }

    /// What so much revenue earns in all under a clause of this rate, before rounding.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn earns(&self, base: Rate, revenue_minor: i64) -> Result<Ratio, Overflow> {
        // A stored volume was judged when it was read.
        let Ok(bands) = self.bands(base) else {
            return Err(Overflow);
        };
        match self.kind {
            VolumeKind::Graduated | VolumeKind::Accelerator => bands.graduated(revenue_minor),
            VolumeKind::Whole | VolumeKind::Cliff => Ok(bands.whole(revenue_minor)),
        }
    }

    /// What crossing a step brings for the revenue below it, where that makes the last cent worth far
    /// more than itself: the step and the jump, in minor units.
    pub fn jumps(&self, base: Rate) -> Vec<(i64, i64)> {
        match (self.kind, self.bands(base)) {
            (VolumeKind::Whole | VolumeKind::Cliff, Ok(bands)) => bands.jumps(),
            _ => Vec::new(),
        }
    }

    fn bands(&self, base: Rate) -> Result<Bands, BadBands> {
        let mut bands = Vec::new();
        let mut rate = match self.kind {
            VolumeKind::Cliff => Rate::default(),
            _ => base,
        };
        for step in self.steps() {
            let up_to_minor = Some(step.above_minor);
            bands.push(Band { up_to_minor, rate });
            rate = raised(self.kind, base, *step).unwrap_or(rate);
        }
        bands.push(Band {
            up_to_minor: None,
            rate,
        });
        Bands::new(bands)
    }

    /// How it is stored; currency, span and what becomes of what goes back stand beside it.
    pub fn code(&self) -> String {
        let steps = self.steps().iter();
        let steps = steps.map(|step| format!(";{}:{}", step.above_minor, step.bps));
        format!("{}{}", self.kind.code(), steps.collect::<String>())
    }

    /// Reads what [`Self::code`] wrote.
    ///
    /// # Errors
    /// See [`BadVolume`].
    pub fn of_code(code: &str, currency: Currency, base: Rate) -> Result<Self, BadVolume> {
        let mut parts = code.split(';');
        let kind: VolumeKind = parts.next().unwrap_or_default().parse()?;
        let steps: Option<Vec<Step>> = parts
            .map(|step| {
                let (above, bps) = step.split_once(':')?;
                Some(Step {
                    above_minor: above.parse().ok()?,
                    bps: bps.parse().ok()?,
                })
            })
            .collect();
        Self::new(kind, currency, &steps.ok_or(BadVolume::Step)?, base)
    }
}

/// What is earned above a step.
pub(super) fn raised(kind: VolumeKind, base: Rate, step: Step) -> Result<Rate, BadVolume> {
    let bps = match kind {
        VolumeKind::Cliff => return Ok(base),
        VolumeKind::Graduated | VolumeKind::Whole => i64::from(step.bps),
        VolumeKind::Accelerator => i64::from(step.bps) * i64::from(base.bps()) / 10_000,
    };
    let bps = i32::try_from(bps).map_err(|_| BadVolume::Rate)?;
    Rate::from_bps(bps).map_err(|_| BadVolume::Rate)
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

/// What goes back of what steps brought for some revenue, as a part of that revenue goes
/// back: in proportion, and in any steps no more than all of it. Minor units, of the sign of what
/// was brought turned.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn taken_back(
    brought_minor: i64,
    revenue_minor: i64,
    (before_minor, now_minor): (i64, i64),
) -> Result<i64, Overflow> {
    let share = |back: i64| match revenue_minor {
        ..=0 => Ok(Ratio::ZERO),
        of => Ratio::new(i128::from(back.clamp(0, of)), i128::from(of)),
    };
    let back = cumulative_part(brought_minor, share(before_minor)?, share(now_minor)?)?;
    back.checked_neg().ok_or(Overflow)
}

#[cfg(test)]
mod tests;
