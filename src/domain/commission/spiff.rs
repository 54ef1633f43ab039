//! A fixed amount for each new subscription of an offering, while a window is open.

use chrono::NaiveDate;

use super::{
    super::{counted::counted, money::Money, period::date_words, ratio::Overflow},
    bonus,
    clawback::{ClawbackMode, EarlyEnd},
};

/// What a SPIFF promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpiffTerms {
    /// The first day on which a subscription may begin.
    pub from: NaiveDate,
    /// The last such day.
    pub until: NaiveDate,
    /// What each subscription is worth.
    pub amount: Money,
    /// How many count for one partner; any number, when none is said.
    pub most: Option<u32>,
    /// For how many days after activation it goes back when the customer leaves; 0 for never.
    pub clawback_days: u32,
    /// How much of it goes back.
    pub clawback_mode: ClawbackMode,
}

impl SpiffTerms {
    /// Whether a subscription that begins on a day counts.
    pub fn covers(&self, begins: NaiveDate) -> bool {
        (self.from..=self.until).contains(&begins)
    }

    /// What one subscription more is worth to a partner that has been paid for so many, in minor
    /// units: nothing beyond the most that count.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn next(&self, paid: u32) -> Result<i64, Overflow> {
        let most = self.most.unwrap_or(u32::MAX);
        let worth = |events: u32| bonus::spiff(self.amount.minor(), most, events);
        let with = worth(paid.saturating_add(1))?;
        with.checked_sub(worth(paid)?).ok_or(Overflow)
    }

    /// What goes back of an amount paid, of which so much is left, when the subscription ends
    /// after so many days; minor units, zero or less.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn clawback(
        &self,
        (paid_minor, left_minor): (i64, i64),
        active_days: u32,
        is_vendor_fault: bool,
    ) -> Result<i64, Overflow> {
        let end = EarlyEnd {
            mode: self.clawback_mode,
            window_days: self.clawback_days,
            active_days,
            is_vendor_fault,
        };
        end.clawback(paid_minor, left_minor)
    }

    /// The promise in words, without its last full stop.
    pub fn sentence(&self, offering: &str) -> String {
        let most = match self.most {
            None => String::new(),
            Some(most) => format!("; at most {most} for each partner"),
        };
        let mode = match self.clawback_mode {
            ClawbackMode::Linear => "in proportion to the days left",
            ClawbackMode::Full => "in full",
        };
        let back = match self.clawback_days {
            0 => String::new(),
            days => format!(
                ". It goes back {mode} when the customer leaves within {}, unless that is the vendor’s fault",
                counted(days, "day", "days")
            ),
        };
        format!(
            "{} for each new subscription of {offering} that begins from {} to {}, once its first payment is in{most}{back}",
            self.amount,
            date_words(self.from),
            date_words(self.until)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    fn terms() -> SpiffTerms {
        SpiffTerms {
            from: read_date("2027-09-01").unwrap(),
            until: read_date("2027-11-30").unwrap(),
            amount: Money::new(20_000, "EUR".parse().unwrap()),
            most: Some(5),
            clawback_days: 180,
            clawback_mode: ClawbackMode::Linear,
        }
    }

    #[test]
    fn seven_are_won_and_five_count() {
        let paid: i64 = (0..7).map(|paid| terms().next(paid).unwrap()).sum();
        assert_eq!(paid, 100_000);
        let any = SpiffTerms {
            most: None,
            ..terms()
        };
        assert_eq!(any.next(1_000), Ok(20_000));
    }

    #[test]
    fn the_window_includes_both_its_days() {
        for (day, counts) in [
            ("2027-08-31", false),
            ("2027-09-01", true),
            ("2027-11-30", true),
            ("2027-12-01", false),
        ] {
            assert_eq!(terms().covers(read_date(day).unwrap()), counts, "{day}");
        }
    }

    #[test]
    fn what_goes_back_is_said_and_done() {
        assert_eq!(terms().clawback((30_000, 30_000), 45, false), Ok(-22_500));
        assert_eq!(terms().clawback((30_000, 30_000), 45, true), Ok(0));
        let said = terms().sentence("Backup Pro");
        for part in [
            "EUR 200.00 for each new subscription of Backup Pro",
            "from 1 Sep 2027 to 30 Nov 2027",
            "at most 5",
            "in proportion to the days left when the customer leaves within 180 days",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
