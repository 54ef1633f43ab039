//! Tax rates: each in force from its day until the next one of its country.
use crate::{
    Error, Result,
    domain::{Action, CountryCode, Name, Permission, TaxRate, date_words},
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        platform::Event,
        sell::taxes::{self, CountryRate},
    },
};

/// Sets a country's rate from a day on. It ends the one before; what was issued keeps its tax. A
/// rate whose day has not come may be set anew.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `from` where a later or the same one is in force;
/// faults of the database.
pub fn set(tx: &mut Tx<'_, VendorScope>, country: &CountryCode, rate: &TaxRate) -> Result<()> {
    tx.allow(Permission::ManageSettings)?;
    let today = vendor::today(tx)?;
    let known = taxes::of_country(tx, country.as_str())?;
    let is_first = known.is_empty();
    if let Some(latest) = known.first().filter(|latest| latest.rate.from >= rate.from) {
        let is_same = latest.rate.from == rate.from && rate.from > today;
        if !is_same {
            let from = date_words(latest.rate.from);
            let why = format!("A rate of {country} is set from {from}: give a later day.");
            return Err(Error::on("from", why));
        }
        taxes::change(tx, latest.id, rate)?;
    } else {
        // A gap is filled for nobody: what was issued stays as it was.
        if !is_first && rate.from <= today {
            let why = "This day has passed or is today: rates change on a day to come.";
            return Err(Error::on("from", why));
        }
        let new = CountryRate {
            id: tx.fresh_id(),
            country: country.to_string(),
            rate: rate.clone(),
        };
        taxes::add(tx, &new)?;
    }
    let settings = vendor::settings(tx)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::TaxRateSet,
            subject: settings.id.number(),
            partner: None,
            summary: format!(
                "{country}: {} {} from {}",
                rate.name,
                rate.rate,
                date_words(rate.from)
            ),
            changes: &[],
        },
    )
}

/// What a rate is called, as typed.
///
/// # Errors
/// Where it is no name.
pub fn name(typed: &str) -> Result<String, String> {
    let name: Result<Name, _> = typed.parse();
    name.map(|name| name.to_string()).map_err(|why| why.to_string())
}
