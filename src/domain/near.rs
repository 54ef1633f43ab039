//! Days that can be meant: further away is a slip of the year.
use chrono::{Months, NaiveDate};

/// What is further away than this, either way, is a slip of the year.
const FURTHEST_MONTHS: u32 = 120;

/// A day on which something can have happened.
///
/// # Errors
/// Why it cannot: it is still to come, or more than ten years ago.
pub fn happened(on: NaiveDate, today: NaiveDate) -> Result<(), &'static str> {
    match on > today {
        true => Err("This day is still to come."),
        false => within_reach(on, today),
    }
}

/// A day on which something can have begun, or is to begin or to end.
///
/// # Errors
/// Why it cannot: it is more than ten years away.
pub fn within_reach(on: NaiveDate, today: NaiveDate) -> Result<(), &'static str> {
    let months = Months::new(FURTHEST_MONTHS);
    let earliest = today.checked_sub_months(months);
    let latest = today.checked_add_months(months);
    match (earliest, latest) {
        (Some(earliest), _) if on < earliest => Err("This day is more than ten years ago."),
        (_, Some(latest)) if on > latest => Err("This day is more than ten years ahead."),
        _ => Ok(()),
    }
}
