//! What is settled as a month ends: what steps bring for revenue so far, and which floor holds in it.

use chrono::NaiveDate;

use super::{
    super::{
        money::Money,
        period::Period,
        rate::Rate,
        ratio::{Overflow, Ratio},
    },
    parts::{Part, rest_of},
    volume::{Volume, VolumeKind, raised},
};

/// What steps bring for some revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// The revenue, in minor units.
    pub revenue_minor: i64,
    /// What it brings beyond what was earned at the clause's rate, in minor units; below zero
    /// where that was too much.
    pub minor: i64,
}

/// Decimals that each part of the revenue is kept to: payments in parts have denominators
/// that have nothing in common, so that their exact sum would not fit.
const PLACES: u32 = 9;

/// What somebody earned at a clause's rate, as its steps measure it: before a distributor takes its
/// part out of that.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct AtRate {
    exact: Ratio,
    /// What distributors got out of it where steps were settled with the seller alone.
    unshared: Ratio,
    posted_minor: i64,
}

impl AtRate {
    /// Takes in somebody's part of what a line earns: before rounding, and in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn add(&mut self, part: Part, (exact, minor): (Ratio, i64)) -> Result<(), Overflow> {
        let before = before_carving(part, exact)?.to_places(PLACES)?;
        self.exact = self.exact.plus(before)?;
        self.posted_minor = self.posted_minor.checked_add(minor).ok_or(Overflow)?;
        Ok(())
    }

    /// The same where steps were settled with the seller alone: what its distributor got counts as
    /// posted for it.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn add_unshared(&mut self, part: Part, of: (Ratio, i64)) -> Result<(), Overflow> {
        self.add(part, of)?;
        let carved = before_carving(part, of.0)?.minus(of.0)?;
        self.unshared = self.unshared.plus(carved.to_places(PLACES)?)?;
        Ok(())
    }

    /// Takes in what a distributor got out of it, in minor units: it is posted too.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn carve(&mut self, minor: i64) -> Result<(), Overflow> {
        self.posted_minor = self.posted_minor.checked_add(minor).ok_or(Overflow)?;
        Ok(())
    }

    /// Both together.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn with(&self, other: &Self) -> Result<Self, Overflow> {
        let posted = self.posted_minor.checked_add(other.posted_minor);
        Ok(Self {
            exact: self.exact.plus(other.exact)?,
            unshared: self.unshared.plus(other.unshared)?,
            posted_minor: posted.ok_or(Overflow)?,
        })
    }

    /// The revenue that earns it, in minor units: a share of the days, or of the commission, counts
    /// as that much less revenue.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit, or the rate is nothing.
    pub fn revenue(&self, rate: Rate) -> Result<i64, Overflow> {
        self.exact.over(rate.exact(1))?.round()
    }

    /// What was posted for it, with what its distributor got out of that, in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn posted(&self) -> Result<i64, Overflow> {
        let unshared = self.unshared.round()?;
        self.posted_minor.checked_add(unshared).ok_or(Overflow)
    }

    /// What of so much that steps bring for all of it is a distributor's who got this out of it: in
    /// proportion to that. Where steps leave nothing of what was posted, all of its own goes.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn share_of(&self, minor: i64, all: &Self) -> Result<i64, Overflow> {
        if minor != 0 && all.posted()?.checked_add(minor) == Some(0) {
            return self.posted()?.checked_neg().ok_or(Overflow);
        }
        if minor == 0 || all.exact == Ratio::ZERO {
            return Ok(0);
        }
        let share = self.exact.over(all.exact)?;
        let share = share.clamp(Ratio::ZERO, Ratio::from_int(1));
        share.times(Ratio::from_int(minor))?.round()
    }
}

/// What somebody's part of a commission is of before a distributor takes its own out of that.
fn before_carving(part: Part, exact: Ratio) -> Result<Ratio, Overflow> {
    let kept = match part {
        Part::Split { carved, .. } => rest_of(carved),
        _ => rest_of(Rate::default()),
    };
    // Whoever keeps nothing is posted nothing.
    match kept.bps() {
        0 => Ok(exact),
        _ => exact.over(kept.exact(1)),
    }
}

impl Volume {
    /// What the steps bring where so much was earned at the clause's rate.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn brings(&self, base: Rate, earned: &AtRate) -> Result<Brought, Overflow> {
        let revenue_minor = earned.revenue(base)?;
        let whole = self.earns(base, revenue_minor.max(0))?.round()?;
        Ok(Brought {
            revenue_minor,
            minor: match revenue_minor {
                ..=0 => 0,
                _ => whole.checked_sub(earned.posted()?).ok_or(Overflow)?,
            },
        })
    }
}

impl Volume {
    /// Which steps revenue reached and what each part of it earns, in a sentence.
    pub fn reached(&self, base: Rate, revenue_minor: i64) -> String {
        let money = |minor| Money::new(minor, self.currency);
        let passed = self.steps().iter();
        let passed: Vec<_> = passed
            .take_while(|step| step.above_minor < revenue_minor)
            .collect();
        let first = self.steps().first().map_or(0, |step| step.above_minor);
        let rate = |step| raised(self.kind, base, step).unwrap_or(base);
        match (self.kind, passed.last()) {
            (VolumeKind::Cliff, None) => {
                format!("It is not above {}: nothing is earned on it.", money(first))
            }
            (_, None) => format!("It is not above {}: all of it earns {base}.", money(first)),
            (VolumeKind::Whole | VolumeKind::Cliff, Some(step)) => format!(
                "It is above {}: all of it earns {}.",
                money(step.above_minor),
                rate(**step)
            ),
            (VolumeKind::Graduated | VolumeKind::Accelerator, Some(_)) => {
                let ends = passed.iter().map(|step| step.above_minor);
                let ends: Vec<i64> = ends.chain([revenue_minor]).collect();
                let rates = std::iter::once(base).chain(passed.iter().map(|step| rate(**step)));
                let mut from = 0;
                let parts: Vec<String> = ends
                    .into_iter()
                    .zip(rates)
                    .map(|(end, rate)| {
                        let part = money(end - from);
                        from = end;
                        format!("{part} of it at {rate}")
                    })
                    .collect();
                format!("It earns {}.", listed(&parts))
            }
        }
    }
}

/// "a, b and c".
fn listed(parts: &[String]) -> String {
    match parts {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        parts => parts.concat(),
    }
}

/// Under which plan a partner stands as a month ends, and the month in which its first enrolment
/// began: given its enrolments by the day each holds from, earliest first.
pub fn held<P: Copy>(given: &[(NaiveDate, P)], month: Period) -> Option<(P, Period)> {
    let last = month.last_day();
    let held = given.iter().rev().find(|(since, _)| *since <= last);
    let (first, _) = given.first()?;
    held.map(|(_, plan)| (*plan, Period::of(*first)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{commission::volume::VolumeKind, period::read_date};

    #[test]
    fn steps_bring_what_is_beyond_the_rate() {
        let rate = Rate::from_bps(1_000).unwrap();
        let eur = "EUR".parse().unwrap();
        let steps = |kind, typed| Volume::parse(kind, eur, typed, rate).unwrap();
        let graduated = steps(VolumeKind::Graduated, "500: 12; 1,000: 15");
        let brought = |of: &Volume, minor| {
            let mut earned = AtRate::default();
            let own = (Ratio::from_int(minor), minor);
            earned.add(Part::Whole, own)?;
            of.brings(rate, &earned)
        };
        // 1,200.00: 50.00 + 60.00 + 30.00, of which 120.00 was posted.
        let many = brought(&graduated, 12_000).unwrap();
        assert_eq!((many.revenue_minor, many.minor), (120_000, 2_000));
        assert_eq!(
            graduated.reached(rate, 120_000),
            "It earns EUR 500.00 of it at 10 %, EUR 500.00 of it at 12 % and EUR 200.00 of it at 15 %."
        );
        let below = "It is not above EUR 500.00: all of it earns 10 %.";
        assert_eq!(graduated.reached(rate, 50_000), below);
        let faster = steps(VolumeKind::Accelerator, "500: 1.5");
        let both = "It earns EUR 500.00 of it at 10 % and EUR 100.00 of it at 15 %.";
        assert_eq!(faster.reached(rate, 60_000), both);
        let whole = steps(VolumeKind::Whole, "500: 12").reached(rate, 50_001);
        assert_eq!(whole, "It is above EUR 500.00: all of it earns 12 %.");
        let cliff = steps(VolumeKind::Cliff, "1,200");
        let nothing = "It is not above EUR 1,200.00: nothing is earned on it.";
        assert_eq!(cliff.reached(rate, 120_000), nothing);
        assert_eq!(brought(&cliff, 12_000).unwrap().minor, -12_000);
        assert_eq!(brought(&cliff, -100).unwrap().minor, 0);
    }

    #[test]
    fn the_plan_of_a_months_end_holds() {
        let day = |typed| read_date(typed).unwrap();
        let given = [(day("2027-03-15"), 'a'), (day("2027-05-31"), 'b')];
        let at = |typed: &str| held(&given, typed.parse().unwrap());
        let march = "2027-03".parse().unwrap();
        assert_eq!(at("2027-02"), None);
        assert_eq!(at("2027-04"), Some(('a', march)));
        assert_eq!(at("2027-05"), Some(('b', march)));
        assert_eq!(held::<char>(&[], march), None);
    }
}
