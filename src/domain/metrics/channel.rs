//! What the channel costs, and what it is still owed.

use chrono::NaiveDate;

use super::movements::share_bps;
use crate::domain::{coded::coded, ratio::Overflow};

/// Commission as a share of the commissionable revenue that was collected, in
/// bps; `None` where nothing was.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn cost_ratio_bps(
    commission_minor: i64,
    collected_minor: i64,
) -> Result<Option<i64>, Overflow> {
    share_bps(commission_minor.into(), collected_minor.into())
}

coded! {
    /// How far commission that is owed has come.
    LiabilityState {
        Held = "held", "Held";
        Payable = "payable", "Payable, on no statement yet";
        Stated = "stated", "On a statement, not paid out";
    }
}

coded! {
    /// How long something has been owed.
    AgeBand {
        Month = "0-30", "0 to 30 days";
        TwoMonths = "31-60", "31 to 60 days";
        Quarter = "61-90", "61 to 90 days";
        Longer = "over-90", "Over 90 days";
    }
}

impl AgeBand {
    /// The band of something owed since one day, seen on another.
    pub fn of(since: NaiveDate, today: NaiveDate) -> Self {
        match (today - since).num_days() {
            ..=30 => Self::Month,
            31..=60 => Self::TwoMonths,
            61..=90 => Self::Quarter,
            _ => Self::Longer,
        }
    }
}

/// Something owed to partners since a day, minor units; below zero where
/// partners owe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// How far it has come.
    pub state: LiabilityState,
    /// The day of the payment it followed, or of the statement it stands on.
    pub since: NaiveDate,
    /// How much.
    pub minor: i64,
}

/// One row of the liability: a state, and what is owed in each band of age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liability {
    /// How far it has come.
    pub state: LiabilityState,
    /// In the order of [`AgeBand::ALL`], minor units.
    pub by_age: [i64; 4],
    /// All of it, minor units.
    pub total: i64,
}

/// What is owed on a day, by state and age: a row for every state.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn liability(owed: &[Owed], today: NaiveDate) -> Result<Vec<Liability>, Overflow> {
    let row = |state: LiabilityState| {
        let mut by_age = [0_i64; 4];
        let mut total = 0_i64;
        for part in owed.iter().filter(|part| part.state == state) {
            let band = AgeBand::of(part.since, today);
            for (known, sum) in AgeBand::ALL.iter().zip(&mut by_age) {
                if *known == band {
                    *sum = sum.checked_add(part.minor).ok_or(Overflow)?;
                }
            }
            total = total.checked_add(part.minor).ok_or(Overflow)?;
        }
        Ok(Liability {
            state,
            by_age,
            total,
        })
    };
    LiabilityState::ALL.iter().copied().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    #[test]
    fn what_is_owed_stands_in_one_band_of_one_state() {
        let today = read_date("2026-12-31").unwrap();
        let owed = |state, since, minor| Owed {
            state,
            since: read_date(since).unwrap(),
            minor,
        };
        let rows = liability(
            &[
                owed(LiabilityState::Held, "2026-12-31", 1),
                owed(LiabilityState::Held, "2026-12-01", 2),
                owed(LiabilityState::Held, "2026-11-30", 4),
                owed(LiabilityState::Stated, "2026-10-02", 8),
                owed(LiabilityState::Stated, "2026-10-01", -16),
            ],
            today,
        );
        let rows = rows.unwrap();
        assert_eq!(rows[0].by_age, [3, 4, 0, 0]);
        assert_eq!(rows[1].total, 0);
        assert_eq!((rows[2].by_age, rows[2].total), ([0, 0, 8, -16], -8));
    }

    #[test]
    fn of_nothing_collected_there_is_no_ratio() {
        assert_eq!(cost_ratio_bps(1, 3), Ok(Some(3_333)));
        assert_eq!(cost_ratio_bps(1, 0), Ok(None));
    }
}
