//! What goes back when a customer leaves early.

use super::super::{
    coded::coded,
    counted::counted,
    ratio::{Overflow, Ratio},
};

coded! {
    /// How much goes back inside the window.
    ClawbackMode {
        Linear = "linear", "In proportion to the days left";
        Full = "full", "All of it";
    }
}

/// What is promised about going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClawbackTerms {
    /// For how many days anything goes back, counted from the day it is promised for.
    pub days: u32,
    /// How much goes back.
    pub mode: ClawbackMode,
}

/// The longest time for which anything goes back: three years.
pub const MOST_DAYS: u32 = 1_095;

impl ClawbackTerms {
    /// As it is stored: days, none for never, and the mode.
    pub fn of(days: i32, mode: ClawbackMode) -> Option<Self> {
        let days = u32::try_from(days).ok().filter(|days| *days > 0)?;
        Some(Self { days, mode })
    }

    /// What follows "it": "goes back in full when the customer leaves within 90 days, …".
    pub fn words(&self) -> String {
        let mode = match self.mode {
            ClawbackMode::Linear => "in proportion to the days left",
            ClawbackMode::Full => "in full",
        };
        format!(
            "goes back {mode} when the customer leaves within {}, unless that is the vendor’s fault",
            counted(self.days, "day", "days")
        )
    }

    /// What is to go back now of an amount paid, below zero for what is owed by the vendor, when
    /// the customer leaves after so many days: given what is left of it, and what went back for
    /// leaving before. Minor units, of the other sign; nothing where it went back already.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn due(
        &self,
        (paid_minor, left_minor, back_minor): (i64, i64, i64),
        active_days: u32,
    ) -> Result<i64, Overflow> {
        let end = EarlyEnd {
            mode: self.mode,
            window_days: self.days,
            active_days,
            is_vendor_fault: false,
        };
        let paid = paid_minor.checked_abs().ok_or(Overflow)?;
        let owed = end
            .clawback(paid, paid)?
            .saturating_add(back_minor.saturating_abs());
        let left = left_minor.saturating_mul(paid_minor.signum()).max(0);
        Ok((owed.max(-left)).min(0) * paid_minor.signum())
    }
}

/// The facts of an early end. Days are counted from activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyEnd {
    /// How much goes back.
    pub mode: ClawbackMode,
    /// For how many days after activation anything goes back.
    pub window_days: u32,
    /// How many days the customer was served.
    pub active_days: u32,
    /// Whether the vendor is to blame; then nothing goes back.
    pub is_vendor_fault: bool,
}

impl EarlyEnd {
    /// What goes back of an upfront commission of which `left_minor` has not been reversed yet,
    /// in minor units, zero or less and never more than what is left.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn clawback(&self, upfront_minor: i64, left_minor: i64) -> Result<i64, Overflow> {
        if self.is_vendor_fault || self.active_days >= self.window_days {
            return Ok(0);
        }
        let owed = match self.mode {
            ClawbackMode::Full => upfront_minor,
            ClawbackMode::Linear => {
                let days = i128::from(self.window_days - self.active_days);
                let share = Ratio::new(days, i128::from(self.window_days))?;
                Ratio::from_int(upfront_minor).times(share)?.round()?
            }
        };
        Ok(-owed.min(left_minor).max(0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linear(days: u32) -> ClawbackTerms {
        ClawbackTerms {
            days,
            mode: ClawbackMode::Linear,
        }
    }

    /// C15 of the worked cases, and what was reversed before or went back already.
    #[test]
    fn what_goes_back_is_what_the_days_left_are_worth_and_no_more_than_is_left() {
        let due = |active| linear(180).due((30_000, 30_000, 0), active).unwrap();
        assert_eq!(
            [due(45), due(179), due(180), due(400)],
            [-22_500, -167, 0, 0]
        );
        let full = ClawbackTerms {
            mode: ClawbackMode::Full,
            ..linear(180)
        };
        assert_eq!(full.due((30_000, 30_000, 0), 179), Ok(-30_000));
        // Half of it was refunded: no more than the other half.
        assert_eq!(linear(180).due((30_000, 15_000, 0), 45), Ok(-15_000));
        assert_eq!(linear(180).due((30_000, 7_500, -22_500), 45), Ok(0));
        assert_eq!(linear(180).due((-8_000, -8_000, 0), 45), Ok(6_000));
        let said = linear(90).words();
        assert!(
            said.starts_with("goes back in proportion to the days left"),
            "{said}"
        );
    }

    proptest! {
        #[test]
        fn never_more_than_what_is_left(
            upfront in 0i64..1_000_000, gone in 0i64..1_000_000, window in 1u32..400, active in 0u32..500,
        ) {
            let left = (upfront - gone).max(0);
            for mode in ClawbackMode::ALL {
                let end = EarlyEnd {
                    mode: *mode, window_days: window, active_days: active, is_vendor_fault: false,
                };
                let back = end.clawback(upfront, left).unwrap();
                prop_assert!(back <= 0 && -back <= left);
                prop_assert!(active < window || back == 0);
                let fault = EarlyEnd { is_vendor_fault: true, ..end };
                prop_assert_eq!(fault.clawback(upfront, left), Ok(0));
            }
        }
    }
}
