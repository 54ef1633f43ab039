//! What is paid beside the share of revenue: rewards for events, uplifts, floors and caps.

use super::super::{
    rate::Rate,
    ratio::{Overflow, Ratio},
};

/// The rate of a deal: the base rate, and the uplift where it was registered in time. Never more
/// than the whole.
pub fn uplifted(base: Rate, uplift: Rate, is_registered: bool) -> Rate {
    if !is_registered {
        return base;
    }
    let sum = base.bps().saturating_add(uplift.bps()).min(10_000);
    Rate::from_bps(sum).unwrap_or(base)
}

/// A reward per event, in minor units: at most so many events count.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn spiff(per_event_minor: i64, most: u32, events: u32) -> Result<i64, Overflow> {
    let counted = i64::from(events.min(most));
    per_event_minor.checked_mul(counted).ok_or(Overflow)
}

/// A share of the renewed value, if at least `kept` of the value before was kept; minor units.
pub fn renewal_bonus(rate: Rate, kept_bps: u32, before_minor: i64, now_minor: i64) -> i64 {
    let is = i128::from(now_minor) * 10_000;
    let needed = i128::from(before_minor) * i128::from(kept_bps);
    if is >= needed { rate.of(now_minor) } else { 0 }
}

/// What a cap takes off an amount, in minor units, zero or less, when so much has been earned
/// under it already. Amounts below zero are left alone: they make room for later ones only.
pub fn capped(cap_minor: i64, earned_minor: i64, amount_minor: i64) -> i64 {
    let room = cap_minor.saturating_sub(earned_minor).max(0);
    -(amount_minor.max(0) - amount_minor.max(0).min(room))
}

/// What a partner earns on a line before its cap, in minor units: its own part, and what its
/// distributor gets out of that, with the rate of it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct BeforeCap {
    /// The partner's own.
    pub own_minor: i64,
    /// Its distributor's.
    pub carved_minor: i64,
    /// Of what both come to.
    pub carved: Rate,
}

/// What a cap takes off, in minor units, zero or less.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Beyond {
    /// Off the partner's own part.
    pub own_minor: i64,
    /// Off its distributor's.
    pub carved_minor: i64,
}

impl BeforeCap {
    /// Both together, in minor units.
    pub fn minor(&self) -> i64 {
        self.own_minor.saturating_add(self.carved_minor)
    }

    /// What is beyond the cap when so much was earned under it already: the distributor bears its
    /// rate of it, and neither more than it has.
    pub fn beyond(&self, cap_minor: i64, earned_minor: i64) -> Beyond {
        let off = -capped(cap_minor, earned_minor, self.minor());
        if off == 0 {
            return Beyond::default();
        }
        let least = (off - self.own_minor).max(0);
        let most = self.carved_minor.max(least);
        let borne = self.carved.of(off).clamp(least, most);
        Beyond {
            own_minor: borne - off,
            carved_minor: -borne,
        }
    }
}

/// What brings a month's earnings up to a floor, in minor units, zero or more.
pub fn guaranteed(floor_minor: i64, earned_minor: i64) -> i64 {
    floor_minor.saturating_sub(earned_minor).max(0)
}

/// What goes back of a cap when so much of the capped entry is reversed: in the same proportion,
/// cumulatively. Minor units, of the opposite sign of the cap.
///
/// # Errors
/// [`Overflow`] when it does not fit, or the entry came to nothing.
pub fn uncapped(
    cap_entry_minor: i64,
    entry_minor: i64,
    reversed_before: i64,
    reversed_now: i64,
) -> Result<i64, Overflow> {
    let share =
        |reversed: i64| Ratio::new(i128::from(reversed.abs()), i128::from(entry_minor.abs()));
    let all = reversed_before.checked_add(reversed_now).ok_or(Overflow)?;
    let back = super::super::shares::cumulative_part(
        cap_entry_minor,
        share(reversed_before)?,
        share(all)?,
    )?;
    back.checked_neg().ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cap_leaves_the_room_that_is_left() {
        assert_eq!(capped(30_000, 29_000, 2_500), -1_500);
        assert_eq!(capped(30_000, 0, 2_500), 0);
        assert_eq!(capped(30_000, 31_000, 2_500), -2_500);
        assert_eq!(capped(30_000, 29_000, -2_500), 0);
    }

    #[test]
    fn a_distributor_bears_its_part_of_what_is_beyond() {
        let line = BeforeCap {
            own_minor: 9_000,
            carved_minor: 1_000,
            carved: Rate::from_bps(1_000).unwrap(),
        };
        let beyond = |cap, earned| {
            let beyond = line.beyond(cap, earned);
            (beyond.own_minor, beyond.carved_minor)
        };
        assert_eq!(beyond(8_000, 0), (-1_800, -200));
        assert_eq!(beyond(8_000, 8_000), (-9_000, -1_000));
        assert_eq!(beyond(10_000, 0), (0, 0));
        // What is given back of a price is beyond nothing.
        let back = BeforeCap {
            own_minor: -900,
            carved_minor: -100,
            ..line
        };
        assert_eq!(back.beyond(8_000, 8_000), Beyond::default());
        let lone = BeforeCap {
            carved_minor: 0,
            carved: Rate::default(),
            ..line
        };
        assert_eq!(lone.beyond(8_000, 0).own_minor, -1_000);
    }

    #[test]
    fn a_floor_fills_up_and_never_takes() {
        assert_eq!(guaranteed(50_000, 32_000), 18_000);
        assert_eq!(guaranteed(50_000, 60_000), 0);
        assert_eq!(guaranteed(50_000, -1_000), 51_000);
    }

    #[test]
    fn a_registered_deal_earns_more_and_never_more_than_all() {
        let rate = |bps| Rate::from_bps(bps).unwrap();
        assert_eq!(uplifted(rate(2_000), rate(500), true), rate(2_500));
        assert_eq!(uplifted(rate(2_000), rate(500), false), rate(2_000));
        assert_eq!(uplifted(rate(9_900), rate(500), true), rate(10_000));
    }

    proptest! {
        #[test]
        fn what_is_beyond_is_borne_by_those_who_have_it(
            (own, carved, bps) in (0i64..50_000, 0i64..50_000, 0i32..=10_000),
            (cap, earned) in (0i64..60_000, 0i64..60_000),
        ) {
            let line = BeforeCap { own_minor: own, carved_minor: carved, carved: Rate::from_bps(bps).unwrap() };
            let beyond = line.beyond(cap, earned);
            prop_assert_eq!(beyond.own_minor + beyond.carved_minor, capped(cap, earned, own + carved));
            prop_assert!((-own..=0).contains(&beyond.own_minor));
            prop_assert!((-carved..=0).contains(&beyond.carved_minor));
        }

        #[test]
        fn a_capped_month_never_exceeds_its_cap(
            cap in 0i64..100_000, amounts in prop::collection::vec(0i64..50_000, 0..12),
        ) {
            let mut earned = 0;
            for amount in amounts {
                earned += amount + capped(cap, earned, amount);
                prop_assert!(earned <= cap);
            }
        }

        /// Invariant 8 for a pair: all of the entry reversed gives all of its cap back.
        #[test]
        fn an_entry_reversed_in_any_steps_frees_its_cap(
            entry in 1i64..100_000, cap_share in 0i64..=100, steps in prop::collection::vec(1i64..30_000, 0..9),
        ) {
            let cap = -(entry * cap_share / 100);
            let (mut gone, mut freed) = (0, 0);
            for step in steps.into_iter().chain([i64::MAX]) {
                let step = step.min(entry - gone);
                freed += uncapped(cap, entry, -gone, -step).unwrap();
                gone += step;
                prop_assert!(freed >= 0 && freed <= -cap);
            }
            prop_assert_eq!(freed, -cap);
        }
    }
}
