//! What steps bring in the course of a quarter or a year, month by month, and what becomes of it
//! when revenue goes back after that.

use std::collections::BTreeMap;

use super::{
    super::{
        accrual::reverse_newest_first,
        period::Period,
        rate::Rate,
        ratio::{Overflow, Ratio},
    },
    parts::Part,
    settling::AtRate,
    span::GivenBack,
    volume::{Volume, taken_back},
};

/// What a partner earned at a clause's rate over the months that count together, and what of it went
/// back after those: by the month it was posted in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Course {
    earned: BTreeMap<Period, AtRate>,
    back: BTreeMap<Period, AtRate>,
}

/// What a month's close settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Which month's.
    pub month: Period,
    /// What steps bring beyond what they have brought before, in minor units; below zero where
    /// that was too much.
    pub minor: i64,
    /// The revenue it is reckoned on, in minor units: all so far.
    pub revenue_minor: i64,
    /// What was posted for that already, at the clause's rate and by steps, in minor units.
    pub posted_minor: i64,
    /// For one after the last of the months that count together.
    pub late: Option<Late>,
}

/// What went back after the months that count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late {
    /// How much of the revenue, in this month, in minor units.
    pub went_minor: i64,
    /// What the steps had brought for all of it, in minor units.
    pub brought_minor: i64,
}

impl Course {
    /// Takes in what a line earns: before rounding, and in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn earn(
        &mut self,
        month: Period,
        part: Part,
        earned: (Ratio, i64),
    ) -> Result<(), Overflow> {
        self.earned.entry(month).or_default().add(part, earned)
    }

    /// Takes in what goes back of it in a month after those that count together.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn give_back(
        &mut self,
        month: Period,
        part: Part,
        back: (Ratio, i64),
    ) -> Result<(), Overflow> {
        self.back.entry(month).or_default().add(part, back)
    }
}

impl Volume {
    /// What each month's close settles for a partner under a clause of this rate, in order: the rule
    /// on all revenue so far, less what was posted for it.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn turns(&self, base: Rate, course: &Course) -> Result<Vec<Turn>, Overflow> {
        let mut turns = Vec::new();
        let (mut all, mut stands) = (AtRate::default(), 0i64);
        for (month, earned) in &course.earned {
            all = all.with(earned)?;
            let now = self.brings(base, &all)?;
            turns.push(Turn {
                month: *month,
                minor: now.minor.checked_sub(stands).ok_or(Overflow)?,
                revenue_minor: now.revenue_minor,
                posted_minor: all.posted()?.checked_add(stands).ok_or(Overflow)?,
                late: None,
            });
            stands = now.minor;
        }
        turns.extend(self.late_turns(base, course, &all)?);
        Ok(turns)
    }

    fn late_turns(&self, base: Rate, course: &Course, all: &AtRate) -> Result<Vec<Turn>, Overflow> {
        let brought = self.brings(base, all)?;
        let (mut back, mut gone, mut stands) = (AtRate::default(), 0i64, brought.minor);
        let turn = |(month, now): (&Period, &AtRate)| {
            back = back.with(now)?;
            let rest = all.with(&back)?;
            let all_gone = back.revenue(base)?.checked_neg().ok_or(Overflow)?;
            let left = match self.given_back {
                GivenBack::Reband => self.brings(base, &rest)?.minor,
                GivenBack::OriginalRate => {
                    let of = (brought.minor, brought.revenue_minor);
                    brought.minor + taken_back(of.0, of.1, (0, all_gone))?
                }
            };
            let turn = Turn {
                month: *month,
                minor: left.checked_sub(stands).ok_or(Overflow)?,
                revenue_minor: rest.revenue(base)?,
                posted_minor: rest.posted()?.checked_add(stands).ok_or(Overflow)?,
                late: Some(Late {
                    went_minor: all_gone.checked_sub(gone).ok_or(Overflow)?,
                    brought_minor: brought.minor,
                }),
            };
            (gone, stands) = (all_gone, left);
            Ok(turn)
        };
        course.back.iter().map(turn).collect()
    }
}

/// What steps have brought and not taken back, by the month in which they did.
#[derive(Debug, Default, Clone)]
pub struct Outstanding(Vec<(Period, i64)>);

impl Outstanding {
    /// Takes in what a month's close settles, in minor units. What goes the other way takes back
    /// what earlier months brought, the newest first; what is left stands for itself. Gives each
    /// part with the month it takes back, which is this one where it stands for itself.
    pub fn settle(&mut self, month: Period, minor: i64) -> Vec<(Period, i64)> {
        let open: Vec<(Period, i64)> = self.0.iter().rev().copied().collect();
        let mut parts = reverse_newest_first(&open, minor);
        for (of, part) in &parts {
            if let Some((_, left)) = self.0.iter_mut().find(|(month, _)| month == of) {
                *left += part;
            }
        }
        let back: i64 = parts.iter().map(|(_, part)| part).sum();
        if minor != back {
            self.0.push((month, minor - back));
            parts.push((month, minor - back));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::commission::{span::Span, volume::VolumeKind};

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn month(typed: &str) -> Period {
        typed.parse().unwrap()
    }

    fn steps(kind: VolumeKind, typed: &str, bps: i32, given_back: GivenBack) -> Volume {
        let eur = "EUR".parse().unwrap();
        let steps = Volume::parse(kind, eur, typed, rate(bps)).unwrap();
        steps.over(Span::Quarter, given_back)
    }

    /// Revenue of some months, each posted at the rate and rounded: below zero goes back.
    fn course(bps: i32, earned: &[(&str, i64)], back: &[(&str, i64)]) -> Course {
        let mut course = Course::default();
        let at = |minor| {
            let exact = rate(bps).exact(minor);
            (exact, exact.round().unwrap())
        };
        for (on, minor) in earned {
            course.earn(month(on), Part::Whole, at(*minor)).unwrap();
        }
        for (on, minor) in back {
            let back = at(-minor);
            course.give_back(month(on), Part::Whole, back).unwrap();
        }
        course
    }

    fn settled(volume: &Volume, bps: i32, course: &Course) -> Vec<i64> {
        let turns = volume.turns(rate(bps), course).unwrap();
        turns.iter().map(|turn| turn.minor).collect()
    }

    #[test]
    fn a_quarter_brings_month_by_month_what_lies_above() {
        let volume = steps(
            VolumeKind::Graduated,
            "10,000: 12; 25,000: 15",
            1_000,
            GivenBack::OriginalRate,
        );
        let earned = [
            ("2026-10", 800_000),
            ("2026-11", 1_200_000),
            ("2026-12", 1_250_000),
        ];
        // 8,000.00; 20,000.00; 32,500.00, which earns 3,925.00 in all, 3,250.00 of it at the rate.
        let told = settled(&volume, 1_000, &course(1_000, &earned, &[]));
        assert_eq!(told, [0, 20_000, 47_500]);
        let turns = volume
            .turns(rate(1_000), &course(1_000, &earned, &[]))
            .unwrap();
        assert_eq!(
            (turns[2].revenue_minor, turns[2].posted_minor),
            (3_250_000, 345_000)
        );
    }

    #[test]
    fn a_cliff_is_taken_off_until_it_is_passed() {
        let cliff = steps(VolumeKind::Cliff, "20,000", 1_000, GivenBack::OriginalRate);
        let earned = [
            ("2026-10", 900_000),
            ("2026-11", 900_000),
            ("2026-12", 900_000),
        ];
        let told = settled(&cliff, 1_000, &course(1_000, &earned, &[]));
        assert_eq!(told, [-90_000, -90_000, 180_000]);
    }

    #[test]
    fn what_goes_back_later_goes_at_its_rate_or_takes_the_steps_anew() {
        let earned = [("2026-12", 510_000)];
        let back = [("2027-01", 20_000)];
        for (given_back, all) in [
            (GivenBack::OriginalRate, -2_000),
            (GivenBack::Reband, -11_800),
        ] {
            let volume = steps(VolumeKind::Whole, "5,000: 10", 800, given_back);
            let told = settled(&volume, 800, &course(800, &earned, &back));
            // 510.00 in all, 408.00 of it at the rate; 16.00 go back at the rate.
            assert_eq!(told[0], 10_200);
            assert_eq!(told[1] - 1_600, all);
        }
    }

    #[test]
    fn what_goes_the_other_way_takes_back_the_newest_first() {
        let [october, november, december] = ["2026-10", "2026-11", "2026-12"].map(month);
        let mut open = Outstanding::default();
        assert_eq!(open.settle(october, 500), [(october, 500)]);
        assert_eq!(open.settle(november, 300), [(november, 300)]);
        let back = open.settle(december, -900);
        assert_eq!(back, [(november, -300), (october, -500), (december, -100)]);
        let later = month("2027-01");
        assert_eq!(open.settle(later, 40), [(december, 40)]);
        assert_eq!(open.settle(later, 0), []);
    }

    fn kinds() -> impl Strategy<Value = VolumeKind> {
        proptest::sample::select(VolumeKind::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn all_that_is_posted_in_a_quarter_is_the_rule_on_its_revenue(
            cash in proptest::collection::vec((0usize..3, -200_000i64..1_000_000), 0..24), kind in kinds(),
        ) {
            let typed = match kind {
                VolumeKind::Cliff => "8,000",
                VolumeKind::Accelerator => "8,000: 1.5; 20,000: 2",
                _ => "8,000: 12; 20,000: 15",
            };
            let volume = steps(kind, typed, 1_000, GivenBack::OriginalRate);
            let months = ["2026-10", "2026-11", "2026-12"];
            let earned: Vec<_> = cash.iter().map(|(place, minor)| (months[*place], *minor)).collect();
            let course = course(1_000, &earned, &[]);
            let revenue: i64 = cash.iter().map(|(_, minor)| minor).sum();
            let posted: i64 = cash.iter().map(|(_, minor)| rate(1_000).of(*minor)).sum();
            let brought: i64 = settled(&volume, 1_000, &course).iter().sum();
            if revenue > 0 {
                let rule = volume.earns(rate(1_000), revenue).unwrap().round().unwrap();
                prop_assert_eq!(posted + brought, rule);
            } else {
                prop_assert_eq!(brought, 0);
            }
            let mut open = Outstanding::default();
            for turn in volume.turns(rate(1_000), &course).unwrap() {
                let parts = open.settle(turn.month, turn.minor);
                prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>(), turn.minor);
            }
            prop_assert_eq!(open.0.iter().map(|(_, left)| left).sum::<i64>(), brought);
        }

        #[test]
        fn what_is_left_after_the_quarter_earns_by_the_rule_anew(
            cash in 1i64..3_000_000, back in proptest::collection::vec(1i64..600_000, 0..6), kind in kinds(),
        ) {
            let typed = match kind {
                VolumeKind::Cliff => "8,000",
                VolumeKind::Accelerator => "8,000: 1.5",
                _ => "8,000: 12",
            };
            let volume = steps(kind, typed, 1_000, GivenBack::Reband);
            let mut left = cash;
            let months = ["2027-01", "2027-02", "2027-03", "2027-05", "2027-06", "2028-01"];
            let back: Vec<_> = months.into_iter().zip(back).map(|(on, minor)| {
                let minor = minor.min(left);
                left -= minor;
                (on, minor)
            }).collect();
            let course = course(1_000, &[("2026-12", cash)], &back);
            let at_rate = rate(1_000).of(cash) + back.iter().map(|(_, minor)| rate(1_000).of(-minor)).sum::<i64>();
            let brought: i64 = settled(&volume, 1_000, &course).iter().sum();
            if left > 0 {
                let rule = volume.earns(rate(1_000), left).unwrap().round().unwrap();
                prop_assert_eq!(at_rate + brought, rule);
            } else {
                prop_assert_eq!(brought, 0);
            }
        }
    }
}
