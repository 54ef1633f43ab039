//! Tax rates: each in force from its day until the next one of its country.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{Action, CountryCode, Name, Permission, Rate, TaxRate, audit::diff, date_words, near},
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        platform::Event,
        sell::taxes::{self, CountryRate},
    },
};

/// Sets a country's rate from a day on. It ends the one before; what was issued keeps its tax. A
/// rate whose day has not come may be set anew. Set twice as it is, nothing happens.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `rate` where it is none, on `from` where a later or
/// the same one is in force; faults of the database.
pub fn set(tx: &mut Tx<'_, VendorScope>, country: &CountryCode, rate: &TaxRate) -> Result<()> {
    tx.allow(Permission::ManageSettings)?;
    if rate.rate == Rate::default() {
        let why = "Give more than 0. Who is not taxed is marked exempt on its record.";
        return Err(Error::on("rate", why));
    }
    let known = taxes::of_country(tx, country.as_str())?;
    if known.iter().any(|one| one.rate == *rate) {
        return Ok(());
    }
    let today = vendor::today(tx)?;
    near::within_reach(rate.from, today).map_err(|why| Error::on("from", why))?;
    let old = replaced(&known, rate, today)?;
    match old {
        Some(old) => taxes::change(tx, old.id, rate)?,
        None => {
            let new = CountryRate {
                id: tx.fresh_id(),
                country: country.to_string(),
                rate: rate.clone(),
            };
            taxes::add(tx, &new)?;
        }
    }
    note(tx, country, (old.map(|old| &old.rate), rate))
}

/// The rate that this one is set in place of, if any. A country's rates begin one after another,
/// the next on a day to come.
fn replaced<'a>(
    known: &'a [CountryRate],
    rate: &TaxRate,
    today: NaiveDate,
) -> Result<Option<&'a CountryRate>> {
    let Some(latest) = known.first() else {
        return Ok(None);
    };
    if latest.rate.from > rate.from || (latest.rate.from == rate.from && rate.from <= today) {
        let from = date_words(latest.rate.from);
        let why = format!(
            "A rate of {} is set from {from}: give a later day.",
            latest.country
        );
        return Err(Error::on("from", why));
    }
    if rate.from <= today {
        let why = "Rates change on a day to come: what was issued keeps its tax.";
        return Err(Error::on("from", why));
    }
    Ok(Some(latest).filter(|latest| latest.rate.from == rate.from))
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    country: &CountryCode,
    (old, new): (Option<&TaxRate>, &TaxRate),
) -> Result<()> {
    let words = |rate: &TaxRate| format!("{} {}", rate.name, rate.rate);
    let (before, after) = (old.map(words).unwrap_or_default(), words(new));
    let settings = vendor::settings(tx)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::TaxRateSet,
            subject: settings.id.number(),
            partner: None,
            summary: format!("{country}: {after} from {}", date_words(new.from)),
            changes: &diff(&[("rate", &before, &after)]),
        },
    )
}

/// What a rate is called, as typed.
///
/// # Errors
/// Where it is no name.
pub fn name(typed: &str) -> Result<String, String> {
    let name: Result<Name, _> = typed.parse();
    name.map(|name| name.to_string())
        .map_err(|why| why.to_string())
}
