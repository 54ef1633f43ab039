//! Steps as a person types them, and as a plan says them.
use super::{
    super::{
        super::{
            money::{Currency, Money},
            rate::Rate,
        },
        span::{GivenBack, Span},
    },
    BadVolume, Step, Volume, VolumeKind,
};

impl Volume {
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
        format!(
            "{steps} (revenue under this clause alone counts, of a shared sale the share{calendar}{anew})"
        )
    }
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
            let is_figure =
                |text: &str| text.bytes().all(|one| one.is_ascii_digit() || one == b'.');
            let rate = what.parse::<Rate>();
            let rate =
                rate.map_err(
                    |_| match is_figure(what.trim_end_matches(['%', ' ']).trim()) {
                        true => BadVolume::Rate,
                        false => BadVolume::Step,
                    },
                )?;
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
