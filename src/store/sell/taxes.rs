//! The tax rates of countries, from day to day.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Rate, TaxRate, TaxTerms},
    error::Error,
    id::TaxRateId,
    store::{
        Scope, Tx, VendorScope, Visible,
        schema::{partners, resale_terms, tax_rates},
        tx::to,
    },
};

use super::{customers::Customer, resale, subscriptions::Subscription};

/// A rate on record.
#[derive(Debug, Clone)]
pub struct CountryRate {
    /// Which.
    pub id: TaxRateId,
    /// Of which country: two letters.
    pub country: String,
    /// What it says.
    pub rate: TaxRate,
}

type Row = (TaxRateId, String, String, i32, NaiveDate);

/// Every rate, by country, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn all<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<CountryRate>>
where
    tax_rates::table: Visible<S>,
{
    let rows = tx
        .rows(tax_rates::table)
        .order((tax_rates::country, tax_rates::from_on.desc()))
        .select((
            tax_rates::id,
            tax_rates::country,
            tax_rates::name,
            tax_rates::rate_bps,
            tax_rates::from_on,
        ));
    let read = |(id, country, name, bps, from): Row| {
        let rate = Rate::from_bps(bps).map_err(Error::fault)?;
        let rate = TaxRate { name, rate, from };
        Ok(CountryRate { id, country, rate })
    };
    let rows: Vec<Row> = tx.load(rows)?;
    rows.into_iter().map(read).collect()
}

/// The rates of one country.
///
/// # Errors
/// Faults of the database.
pub fn of_country<S: Scope>(tx: &mut Tx<'_, S>, country: &str) -> Result<Vec<CountryRate>>
where
    tax_rates::table: Visible<S>,
{
    let mut found = all(tx)?;
    found.retain(|one| one.country == country);
    Ok(found)
}

/// What the tax on a customer's invoices rests on.
///
/// # Errors
/// Faults of the database.
pub fn terms_of<S: Scope>(tx: &mut Tx<'_, S>, customer: &Customer) -> Result<TaxTerms>
where
    tax_rates::table: Visible<S>,
{
    let rates = of_country(tx, customer.country.as_str())?;
    Ok(TaxTerms {
        category: customer.tax_category,
        own: customer.tax,
        vat_id: customer.vat_id.clone(),
        rates: rates.into_iter().map(|one| one.rate).collect(),
    })
}

/// What the tax on the next invoice of a subscription rests on: of its customer, or of the partner
/// that is billed in the customer's place.
///
/// # Errors
/// Faults of the database.
pub fn terms_for<S: Scope>(
    tx: &mut Tx<'_, S>,
    of: &Subscription,
    customer: &Customer,
) -> Result<TaxTerms>
where
    tax_rates::table: Visible<S>,
    resale_terms::table: Visible<S>,
    partners::table: Visible<S>,
{
    let payer = match of.payer {
        Some(payer) => resale::payers(tx, &[payer])?.remove(&payer),
        None => None,
    };
    match payer {
        Some(payer) => payer.tax_on(of.next_bill_on.unwrap_or(of.starts_on), &all(tx)?),
        None => terms_of(tx, customer),
    }
}

/// Writes a rate down.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: &CountryRate) -> Result<()> {
    let recorded_at = tx.now();
    tx.insert(
        tax_rates::table,
        (
            tax_rates::id.eq(new.id),
            tax_rates::country.eq(new.country.clone()),
            tax_rates::name.eq(new.rate.name.clone()),
            tax_rates::rate_bps.eq(new.rate.rate.bps()),
            tax_rates::from_on.eq(new.rate.from),
            tax_rates::recorded_at.eq(recorded_at),
        ),
    )
}

/// Writes a rate over what it said, as long as its day has not come.
///
/// # Errors
/// Faults of the database.
pub fn change(tx: &mut Tx<'_, VendorScope>, id: TaxRateId, rate: &TaxRate) -> Result<()> {
    let row = tx.rows_of(tax_rates::table).filter(tax_rates::id.eq(id));
    let changed = (
        to(tax_rates::name, rate.name.clone()),
        to(tax_rates::rate_bps, rate.rate.bps()),
    );
    tx.update(row, changed)?;
    Ok(())
}
