//! Filters that templates use.
use chrono::{NaiveDate, NaiveDateTime};

use crate::domain::date_words;

/// "3 Nov 2026".
#[askama::filter_fn]
pub fn date(day: &NaiveDate, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(date_words(*day))
}

/// "3 Nov 2026, 14:05 UTC".
#[askama::filter_fn]
pub fn instant(at: &NaiveDateTime, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(format!("{}, {} UTC", date_words(at.date()), at.format("%H:%M")))
}
