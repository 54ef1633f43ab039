//! What goes back when a customer leaves early.

use super::super::{
    coded::coded,
    ratio::{Overflow, Ratio},
};

coded! {
    /// How much goes back inside the window.
    ClawbackMode {
        Linear = "linear", "In proportion to the days left";
        Full = "full", "All of it";
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
