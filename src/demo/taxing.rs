//! What customers are taxed: most by a rate of their own, some by that of their country, which
//! changes once, and some owe the tax themselves.
use chrono::{Months, NaiveDate};

use super::{Scope, cast::PartnerPart, setting::read};
use crate::{
    Result,
    domain::{Period, TaxCategory, TaxRate, VatId},
    services::sell::taxes,
    store::{Store, Tx},
};

/// The country whose customers are taxed by its rate, the rate, and the one that follows it.
const CHANGES: (&str, &str, &str) = ("IE", "23", "21");
/// The country whose businesses owe the tax themselves.
const REVERSED: &str = "AT";
/// The month in which the change of rate becomes known; it holds from the next.
const KNOWN_IN: u32 = 9;

/// The rate that holds as the demo begins.
pub(super) fn begin(tx: &mut Tx<'_, Scope>, first: Period) -> Result<()> {
    let (country, rate, _) = CHANGES;
    let from = first.first_day();
    let from = from.checked_sub_months(Months::new(60)).unwrap_or(from);
    set(tx, country, (rate, from))
}

/// The change of rate, set when it becomes known.
pub(super) fn live(store: &Store, scope: &Scope, (month, day): (u32, NaiveDate)) -> Result<()> {
    let known_on = Period::of(day).first_day() + chrono::Days::new(6);
    if (month, day) != (KNOWN_IN, known_on) {
        return Ok(());
    }
    let (country, _, rate) = CHANGES;
    let from = Period::of(day).next().first_day();
    store.write_now(scope.clone(), |tx| set(tx, country, (rate, from)))
}

fn set(tx: &mut Tx<'_, Scope>, country: &str, (rate, from): (&str, NaiveDate)) -> Result<()> {
    let rate = TaxRate {
        name: "VAT".to_owned(),
        rate: read(rate)?,
        from,
    };
    taxes::set(tx, &read(country)?, &rate)
}

/// How a partner's customer of a number is taxed.
pub(super) fn of_customer(part: &PartnerPart, number: u32) -> Result<(TaxCategory, VatId)> {
    let category = match part.country {
        country if country == CHANGES.0 => TaxCategory::Standard,
        REVERSED => TaxCategory::ReverseCharge,
        _ => TaxCategory::Own,
    };
    let vat_id = match category {
        TaxCategory::ReverseCharge => read(&format!("ATU{}", 61_204_830 + number * 1_117))?,
        _ => VatId::default(),
    };
    Ok((category, vat_id))
}
