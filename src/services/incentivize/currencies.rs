//! Exchange rates as the vendor keeps them, and the currency each partner is paid in.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, Currency, Name, Period, Permission,
        audit::diff,
        date_words, near,
        payable::{FxRate, earliest_rate_for},
    },
    id::PartnerId,
    services::revenue,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        incentivize::{
            fx_rates::{self, DayRate},
            payout_currencies::{self, PaidIn},
        },
        platform::Event,
        recruit::partners,
    },
};

/// What one unit of a currency is worth in another from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRate {
    /// What one unit is of.
    pub from: Currency,
    /// What it is worth so much of.
    pub to: Currency,
    /// The first day it holds for.
    pub on: NaiveDate,
    /// How much.
    pub rate: FxRate,
    /// Where it comes from.
    pub source: Name,
}

/// What setting a rate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// There is none of that day.
    New,
    /// It is on record as it is.
    Unchanged,
    /// The one of that day has converted nothing and says something else.
    Changed,
}

impl NewRate {
    fn is(&self, known: &DayRate) -> bool {
        known.rate_nano == self.rate.nano() && known.source == self.source.as_str()
    }
}

/// Says what setting a rate would do. Writes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `to` for one currency twice, on `on` for a day to
/// come and for one whose rate has converted something; faults of the database.
pub fn check(tx: &mut Tx<'_, VendorScope>, new: &NewRate) -> Result<Effect> {
    tx.allow(Permission::ManagePayouts)?;
    if new.from == new.to {
        return Err(Error::on("to", "Give another currency than the first."));
    }
    if new.on > vendor::today(tx)? {
        let why = "This day is to come. Rates are of today or earlier.";
        return Err(Error::on("on", why));
    }
    let Some(known) = fx_rates::of_day(tx, (new.from, new.to), new.on)? else {
        return Ok(Effect::New);
    };
    if new.is(&known) {
        return Ok(Effect::Unchanged);
    }
    match fx_rates::used(tx, &[known.id])?.is_empty() {
        true => Ok(Effect::Changed),
        false => Err(Error::on(
            "on",
            "Commission was converted at the rate of this day, so that it stays. Give a later day.",
        )),
    }
}

/// The days after a rate's own on which commission waits for one of its currencies that this would
/// be, for good. Writes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn later_days(tx: &mut Tx<'_, VendorScope>, new: &NewRate) -> Result<Vec<NaiveDate>> {
    tx.allow(Permission::ManagePayouts)?;
    let month = Period::of(vendor::today(tx)?);
    let missing = revenue::missing(tx, month)?.into_iter();
    let taken = missing.filter(|one| {
        let is_of = (one.from, one.to) == (new.from, new.to);
        is_of && one.on > new.on && earliest_rate_for(one.on) <= new.on
    });
    Ok(taken.map(|one| one.on).collect())
}

/// Sets rates. One that has converted something is never changed; it is set right by one of a later
/// day. What waited for a rate is converted then. Set twice as it is, nothing happens.
///
/// # Errors
/// As [`check`].
pub fn set_all(tx: &mut Tx<'_, VendorScope>, new: &[NewRate]) -> Result<()> {
    let mut is_new = false;
    for one in new {
        is_new |= set_one(tx, one)?;
    }
    if is_new {
        let month = Period::of(vendor::today(tx)?);
        revenue::catch_up(tx, month)?;
    }
    Ok(())
}

fn set_one(tx: &mut Tx<'_, VendorScope>, new: &NewRate) -> Result<bool> {
    if check(tx, new)? == Effect::Unchanged {
        return Ok(false);
    }
    let known = fx_rates::of_day(tx, (new.from, new.to), new.on)?;
    let before = match known {
        Some(known) => format!("{} ({})", known.rate()?, known.source),
        None => String::new(),
    };
    let row = DayRate {
        id: tx.fresh_id(),
        from_currency: new.from,
        to_currency: new.to,
        rated_on: new.on,
        rate_nano: new.rate.nano(),
        source: new.source.to_string(),
        recorded_at: tx.now(),
    };
    let subject = row.id.number();
    fx_rates::place(tx, row)?;
    let after = format!("{} ({})", new.rate, new.source);
    let on = date_words(new.on);
    VendorScope::record(
        tx,
        &Event {
            action: Action::FxRateSet,
            subject,
            partner: None,
            summary: format!(
                "1 {} = {} {} from {on}, {}",
                new.from, new.rate, new.to, new.source
            ),
            changes: &diff(&[("rate", before, after)]),
        },
    )?;
    Ok(true)
}

/// Sets the currency a partner is paid in, whatever its commission is earned in, from a day on;
/// none for paid as earned. What is earned by payments of earlier days is paid as it was written.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the partner; [`Error::Invalid`] on `from` for a
/// day that has entries already or is out of reach; faults of the database.
pub fn pay_in(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    (currency, from): (Option<Currency>, NaiveDate),
) -> Result<()> {
    tx.allow(Permission::ManagePayouts)?;
    let name = partners::partner(tx, partner)?.name;
    near::within_reach(from, vendor::today(tx)?).map_err(|why| Error::on("from", why))?;
    let last = payout_currencies::last_entry_on(tx, partner)?;
    if let Some(last) = last.filter(|last| from <= *last) {
        let first = last.succ_opt().unwrap_or(last);
        let why = format!(
            "There is commission of {} already, which stays as it is. Give {} or a later day.",
            date_words(last),
            date_words(first)
        );
        return Err(Error::on("from", why));
    }
    let known = payout_currencies::of(tx, &[partner])?;
    let known = known.get(&partner).map_or(&[][..], Vec::as_slice);
    let before = payout_currencies::on(known, from).map(PaidIn::words);
    let new = PaidIn {
        id: tx.fresh_id(),
        partner_id: partner,
        currency: currency.map_or_else(String::new, |currency| currency.code().to_owned()),
        effective_from: from,
        created_at: tx.now(),
    };
    let after = new.words();
    payout_currencies::place(tx, new)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerPayoutCurrencySet,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{name}, from {}: {after}", date_words(from)),
            changes: &diff(&[("payout currency", before.unwrap_or_default(), after)]),
        },
    )
}
