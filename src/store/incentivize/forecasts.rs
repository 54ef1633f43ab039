//! Twelve months ahead, per partner and currency; reckoned anew every night.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Period},
    id::{ForecastId, PartnerId},
    store::{
        Tx, VendorScope,
        columns::{Coded, Month},
        schema::forecasts,
    },
};

/// A month ahead of one partner in one currency. Amounts are minor units, before tax.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = forecasts)]
pub struct ForecastMonth {
    /// Which.
    pub id: ForecastId,
    /// Whose.
    pub partner_id: PartnerId,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The month in which service periods start.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// The day it was reckoned.
    pub reckoned_on: NaiveDate,
    /// What customers will be billed in terms that run.
    pub committed_net_minor: i64,
    /// What the partner earns on that once it is paid.
    pub committed_minor: i64,
    /// What customers will be billed if every subscription renews; the committed is part of it.
    pub expected_net_minor: i64,
    /// What the partner earns on that once it is paid.
    pub expected_minor: i64,
}

/// The day of which the forecast is that stands, if there is one.
///
/// # Errors
/// Faults of the database.
pub fn reckoned_on(tx: &mut Tx<'_, VendorScope>) -> Result<Option<NaiveDate>> {
    let rows = tx
        .rows(forecasts::table)
        .order(forecasts::id.desc())
        .select(forecasts::reckoned_on);
    tx.first(rows)
}

/// Puts these months in the place of all there were.
///
/// # Errors
/// Faults of the database.
pub fn replace(tx: &mut Tx<'_, VendorScope>, new: Vec<ForecastMonth>) -> Result<()> {
    let old = tx.rows_of(forecasts::table);
    tx.delete(old)?;
    tx.insert_all(forecasts::table, new)?;
    Ok(())
}
