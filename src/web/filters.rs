//! Filters that templates use.
use chrono::{NaiveDate, NaiveDateTime};

use crate::domain::{Zone, date_words};

/// "3 Nov 2026".
#[askama::filter_fn]
pub fn date(day: &NaiveDate, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(date_words(*day))
}

/// "3 Nov 2026, 14:05 CET", by the clocks of a zone.
#[askama::filter_fn]
pub fn instant(at: &NaiveDateTime, _: &dyn askama::Values, zone: &Zone) -> askama::Result<String> {
    Ok(zone.instant_words(*at))
}

/// "EUR 1,234.50", with a space that does not break and a minus sign.
#[askama::filter_fn]
pub fn money(amount: &crate::domain::Money, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(super::words::money(*amount))
}

/// "1,234.50": for columns whose head names the currency.
#[askama::filter_fn]
pub fn figure(amount: &crate::domain::Money, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(super::words::figure(*amount))
}

/// "Oct 2026".
#[askama::filter_fn]
pub fn month(period: &crate::domain::Period, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(super::words::month(*period))
}
