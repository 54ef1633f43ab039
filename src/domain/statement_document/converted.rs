//! Lines that were earned in another currency than the statement's.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        accrual::EntryKind,
        money::{Currency, Money},
        payable::FxRate,
        period::Period,
    },
    Line, StatementDocument, date_words, figure,
};

/// How a line's amount became one of the statement's currency. The rate was fixed when the entry
/// was written, and what takes the entry back goes back at the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Converted {
    /// ISO 4217 code of the currency it was earned in.
    pub currency: String,
    /// Decimals of that currency.
    pub exponent: u32,
    /// What was earned, signed minor units of it.
    pub amount_minor: i64,
    /// What one unit of it is in the statement's currency, as a plain decimal: "1.0837".
    pub rate: String,
    /// The day of the rate.
    pub rated_on: NaiveDate,
    /// Where the rate comes from, as the vendor named it.
    pub source: String,
}

impl Line {
    /// What it came to in the currency it was earned in, minor units.
    pub(super) fn earned_minor(&self) -> i64 {
        let other = self.converted.as_ref();
        other.map_or(self.amount_minor, |other| other.amount_minor)
    }

    /// Whether it is what steps take back of what they brought as an earlier month closed.
    fn takes_steps_back(&self) -> bool {
        let closed = Period::of(self.paid_on).to_string();
        self.kind == EntryKind::Volume.code() && self.earned_period != closed
    }
}

impl StatementDocument {
    /// Decimals of the currency a line was earned in.
    pub fn earned_exponent(&self, line: &Line) -> u32 {
        let other = line.converted.as_ref();
        other.map_or(self.exponent, |other| other.exponent)
    }

    /// Minor units of the currency a line was earned in, without its code.
    pub(super) fn earned_figure(&self, line: &Line, minor: i64) -> String {
        figure(minor, self.earned_exponent(line))
    }

    /// The amount a line was earned in and its rate: "EUR 16.83 at 1.0837 of 3 Nov 2026 (ECB)";
    /// none for one that was earned in the statement's currency.
    pub fn converted_words(&self, line: &Line) -> Option<String> {
        let other = line.converted.as_ref()?;
        let earned = self.earned_figure(line, other.amount_minor);
        let on = date_words(other.rated_on);
        Some(format!(
            "{} {earned} at {} of {on} ({})",
            other.currency, other.rate, other.source
        ))
    }

    /// How a line was converted, in a sentence.
    pub(super) fn conversion(&self, line: &Line) -> Option<String> {
        let other = line.converted.as_ref()?;
        let words = self.converted_words(line)?;
        let how = match (&line.reverses, line.takes_steps_back()) {
            (Some(_), _) => "Converted as the entry it reverses was",
            (None, true) => "Converted as what it takes back was",
            (None, false) => "Converted",
        };
        let amount = self.money(line.amount_minor);
        Some(format!(
            "{how}, {} for 1 {}: {words} = {amount}.",
            self.currency, other.currency
        ))
    }

    /// What of a line's conversion does not hold. What takes something back is cumulative on what
    /// was converted, so that it may be a unit away from its own conversion.
    pub(super) fn wrong_conversion(&self, line: &Line) -> Option<String> {
        let other = line.converted.as_ref()?;
        let is_back = line.reverses.is_some() || line.takes_steps_back();
        let spread = if is_back { 2 } else { 0 };
        let reckoned = self.reckoned(other);
        let fits = reckoned.is_some_and(|minor| minor.abs_diff(line.amount_minor) <= spread);
        let differs = other.currency != self.currency;
        (!fits || !differs).then(|| {
            format!(
                "Line {}: its amount is not what its rate makes of it.",
                line.seq
            )
        })
    }

    fn reckoned(&self, other: &Converted) -> Option<i64> {
        let to: Currency = self.currency.parse().ok()?;
        let from: Currency = other.currency.parse().ok()?;
        let rate: FxRate = other.rate.parse().ok()?;
        let is_so = from.exponent() == other.exponent;
        let earned = Money::new(other.amount_minor, from);
        Some(rate.convert(earned, to).ok()?.minor()).filter(|_| is_so)
    }
}
