//! What a clause pays beyond its rate, by how much a partner's customers pay in a month, a quarter
//! or a year.

use std::{fmt, str::FromStr};

use super::{
    super::{
        money::{Currency, Money},
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
    /// More than the revenue itself.
    #[error("A rate is at most 100 %.")]
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

    /// Reads what a person types: "10,000: 12 %; 25,000: 15 %", "20,000: 1.5", or for a cliff
    /// "20,000".
    ///
    /// # Errors
    /// See [`BadVolume`].
    pub fn parse(
        kind: VolumeKind,
        currency: Currency,
        typed: &str,
        base: Rate,
    ) -> Result<Self, BadVolume> {
        let steps: Result<Vec<Step>, BadVolume> = typed
            .split(';')
            .map(str::trim)
            .filter(|step| !step.is_empty())
            .map(|step| read_step(kind, currency, step))
            .collect();
        Self::new(kind, currency, &steps?, base)
    }

    /// The steps, lowest first.
    pub fn steps(&self) -> &[Step] {
        self.steps.get(..self.count).unwrap_or_default()
    }

    /// As it would be typed.
    pub fn typed(&self) -> String {
        let step = |step: &Step| {
            let above = Money::new(step.above_minor, self.currency).plain();
            match self.kind {
                VolumeKind::Cliff => above,
                VolumeKind::Accelerator => format!("{above}: {}", times(step.bps)),
                VolumeKind::Graduated | VolumeKind::Whole => {
                    format!("{above}: {}", percent(step.bps))
                }
            }
        };
        self.steps().iter().map(step).collect::<Vec<_>>().join("; ")
    }

    /// What a clause of this rate says of it: ", 12 % of what lies above EUR 10,000.00 a month", and
    /// whose revenue counts.
    pub fn words(&self) -> String {
        let noun = self.span.noun();
        let per = match self.span {
            Span::Month => "a month".to_owned(),
            Span::Quarter | Span::Year => format!("in a {noun}"),
        };
        let word = |step: &Step| {
            let above = Money::new(step.above_minor, self.currency);
            match self.kind {
                VolumeKind::Graduated => {
                    format!(", {} of what lies above {above} {per}", percent(step.bps))
                }
                VolumeKind::Whole => format!(
                    ", {} of all of a {noun}’s once that is above {above}",
                    percent(step.bps)
                ),
                VolumeKind::Accelerator => format!(
                    ", {} times that on what lies above {above} {per}",
                    times(step.bps)
                ),
                VolumeKind::Cliff => format!(", but only in {noun}s above {above}"),
            }
        };
        let steps: String = self.steps().iter().map(word).collect();
        let calendar = match self.span {
            Span::Month => String::new(),
            Span::Quarter | Span::Year => format!(", by calendar {noun}"),
        };
        let anew = match self.given_back {
            GivenBack::OriginalRate => "",
            GivenBack::Reband => "; what goes back later takes the steps anew",
        };
        format!("{steps} (revenue under this clause alone counts{calendar}{anew})")
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

fn read_step(kind: VolumeKind, currency: Currency, typed: &str) -> Result<Step, BadVolume> {
    let amount = |text: &str| {
        let money = Money::parse(text.trim(), currency).map_err(|_| BadVolume::Step)?;
        Ok(money.minor())
    };
    if kind == VolumeKind::Cliff {
        return Ok(Step {
            above_minor: amount(typed).map_err(|_: BadVolume| BadVolume::Cliff)?,
            bps: 0,
        });
    }
    let (above, what) = typed.split_once(':').ok_or(BadVolume::Step)?;
    let bps = match kind {
        VolumeKind::Accelerator => factor(what.trim())?,
        _ => {
            let rate: Rate = what.parse().map_err(|_| BadVolume::Step)?;
            u32::try_from(rate.bps()).map_err(|_| BadVolume::Rate)?
        }
    };
    Ok(Step {
        above_minor: amount(above)?,
        bps,
    })
}

/// "1.5" as 15000.
fn factor(typed: &str) -> Result<u32, BadVolume> {
    let (whole, part) = typed.split_once('.').unwrap_or((typed, ""));
    let is_short = part.len() <= 2 && part.bytes().all(|digit| digit.is_ascii_digit());
    let whole: u32 = whole.parse().map_err(|_| BadVolume::Factor)?;
    let part: u32 = format!("{part:0<4}")
        .parse()
        .map_err(|_| BadVolume::Factor)?;
    let bps = whole
        .checked_mul(10_000)
        .and_then(|bps| bps.checked_add(part));
    bps.filter(|bps| is_short && (10_001..=100_000).contains(bps))
        .ok_or(BadVolume::Factor)
}

fn times(bps: u32) -> String {
    let figure = format!("{}.{:04}", bps / 10_000, bps % 10_000);
    figure
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

fn percent(bps: u32) -> String {
    let rate = i32::try_from(bps)
        .ok()
        .and_then(|bps| Rate::from_bps(bps).ok());
    rate.unwrap_or_default().to_string()
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur() -> Currency {
        "EUR".parse().unwrap()
    }

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn read(kind: VolumeKind, typed: &str, bps: i32) -> Result<Volume, BadVolume> {
        Volume::parse(kind, eur(), typed, rate(bps))
    }

    fn earned(volume: &Volume, bps: i32, minor: i64) -> i64 {
        volume.earns(rate(bps), minor).unwrap().round().unwrap()
    }

    #[test]
    fn the_worked_examples_come_out() {
        let typed = "10,000: 12 %; 25,000: 15 %";
        let graduated = read(VolumeKind::Graduated, typed, 1_000).unwrap();
        assert_eq!(earned(&graduated, 1_000, 3_250_000), 392_500);
        let whole = read(VolumeKind::Whole, typed, 1_000).unwrap();
        assert_eq!(earned(&whole, 1_000, 3_250_000), 487_500);
        let faster = read(VolumeKind::Accelerator, "20,000: 1.5", 1_000).unwrap();
        assert_eq!(earned(&faster, 1_000, 2_600_000), 290_000);
        let cliff = read(VolumeKind::Cliff, "20,000", 1_000).unwrap();
        assert_eq!(earned(&cliff, 1_000, 2_000_000), 0);
        assert_eq!(earned(&cliff, 1_000, 2_000_001), 200_000);
    }

    #[test]
    fn it_is_said_as_a_sentence_goes_on_and_read_back_as_it_was_stored() {
        for (kind, typed, words) in [
            (
                VolumeKind::Graduated,
                "10000.00: 12 %; 25000.00: 15 %",
                ", 12 % of what lies above EUR 10,000.00 a month, 15 % of what lies above EUR 25,000.00 a month",
            ),
            (
                VolumeKind::Whole,
                "5000.00: 12.5 %",
                ", 12.5 % of all of a month’s once that is above EUR 5,000.00",
            ),
            (
                VolumeKind::Accelerator,
                "20000.00: 1.5",
                ", 1.5 times that on what lies above EUR 20,000.00 a month",
            ),
            (
                VolumeKind::Cliff,
                "20000.00",
                ", but only in months above EUR 20,000.00",
            ),
        ] {
            let volume = read(kind, typed, 1_000).unwrap();
            assert_eq!(volume.typed(), typed);
            let alone = " (revenue under this clause alone counts)";
            assert_eq!(volume.words(), format!("{words}{alone}"));
            assert_eq!(
                Volume::of_code(&volume.code(), eur(), rate(1_000)),
                Ok(volume)
            );
        }
    }

    #[test]
    fn a_quarter_and_what_goes_back_are_said() {
        let typed = "10,000: 12 %";
        for (kind, span, given_back, words) in [
            (
                VolumeKind::Graduated,
                Span::Quarter,
                GivenBack::OriginalRate,
                ", 12 % of what lies above EUR 10,000.00 in a quarter (revenue under this clause alone counts, by calendar quarter)",
            ),
            (
                VolumeKind::Whole,
                Span::Year,
                GivenBack::Reband,
                ", 12 % of all of a year’s once that is above EUR 10,000.00 (revenue under this clause alone counts, by calendar year; what goes back later takes the steps anew)",
            ),
        ] {
            let volume = read(kind, typed, 1_000).unwrap().over(span, given_back);
            assert_eq!(volume.words(), words);
        }
    }

    #[test]
    fn steps_that_make_no_sense_are_refused() {
        for (kind, typed, why) in [
            (VolumeKind::Graduated, "", BadVolume::Count),
            (
                VolumeKind::Graduated,
                "1: 11; 2: 12; 3: 13; 4: 14; 5: 15",
                BadVolume::Count,
            ),
            (VolumeKind::Graduated, "10,000", BadVolume::Step),
            (VolumeKind::Graduated, "much: 12", BadVolume::Step),
            (
                VolumeKind::Graduated,
                "25,000: 15; 10,000: 16",
                BadVolume::Overlap(2),
            ),
            (VolumeKind::Graduated, "0: 12", BadVolume::Overlap(1)),
            (VolumeKind::Graduated, "10,000: 10", BadVolume::Falls(1)),
            (
                VolumeKind::Whole,
                "10,000: 15; 20,000: 12",
                BadVolume::Falls(2),
            ),
            (VolumeKind::Accelerator, "10,000: 1", BadVolume::Factor),
            (VolumeKind::Accelerator, "10,000: 11", BadVolume::Factor),
            (VolumeKind::Accelerator, "10,000: 1.555", BadVolume::Factor),
            (VolumeKind::Cliff, "10,000; 20,000", BadVolume::Cliff),
            (VolumeKind::Cliff, "soon", BadVolume::Cliff),
        ] {
            assert_eq!(read(kind, typed, 1_000), Err(why), "{typed}");
        }
        assert_eq!(
            read(VolumeKind::Accelerator, "10,000: 2", 6_000),
            Err(BadVolume::Rate)
        );
        assert!("soon".parse::<VolumeKind>().is_err());
    }

    proptest! {
        #[test]
        fn what_goes_back_in_steps_is_what_goes_back_at_once(
            brought in -1_000_000i64..1_000_000, revenue in 1i64..10_000_000,
            first in 0i64..5_000_000, second in 0i64..5_000_000,
        ) {
            let both = first + second;
            let at_once = taken_back(brought, revenue, (0, both)).unwrap();
            let steps = taken_back(brought, revenue, (0, first)).unwrap()
                + taken_back(brought, revenue, (first, both)).unwrap();
            prop_assert_eq!(at_once, steps);
            prop_assert_eq!(taken_back(brought, revenue, (0, revenue)).unwrap(), -brought);
        }

        #[test]
        fn steps_never_pay_less_than_the_rate(revenue in 0i64..10_000_000, step in 1i64..5_000_000) {
            let steps = [Step { above_minor: step, bps: 1_500 }];
            for kind in [VolumeKind::Graduated, VolumeKind::Whole] {
                let volume = Volume::new(kind, eur(), &steps, rate(1_000)).unwrap();
                prop_assert!(volume.earns(rate(1_000), revenue).unwrap() >= rate(1_000).exact(revenue));
            }
        }
    }
}
