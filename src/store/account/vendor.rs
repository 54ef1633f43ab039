//! The vendor's own settings.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Period, Zone},
    error::Error,
    id::VendorId,
    store::{Scope, Tx, Visible, names::stored, schema::vendors},
};

/// How a vendor has set itself up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its settings row.
    pub id: VendorId,
    /// What people call it.
    pub name: String,
    /// As on documents.
    pub legal_name: String,
    /// Lines of its postal address.
    pub address: String,
    /// Its number for VAT; empty where it has none.
    pub vat_id: String,
    /// The zone of its accounting months.
    pub zone: Zone,
    /// The currency of its books.
    pub currency: Currency,
    /// Begins its document numbers.
    pub document_prefix: String,
    /// Days a customer has to pay an invoice.
    pub payment_days: i32,
    /// Day of the month on which commission is paid out, 1 to 28.
    pub payout_day: i32,
    /// The first month it can close.
    pub first_period: Period,
    /// Rises with every edit.
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = vendors)]
struct Row {
    id: VendorId,
    name: String,
    legal_name: String,
    address: String,
    vat_id: String,
    time_zone: String,
    currency: String,
    document_prefix: String,
    payment_days: i32,
    payout_day: i32,
    first_period: i32,
    version: i32,
}

/// The settings of the vendor a scope is in.
///
/// # Errors
/// Faults of the database.
pub fn settings<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Settings>
where
    vendors::table: Visible<S>,
{
    let row = tx.rows(vendors::table).select(Row::as_select());
    let row: Row = tx.one(row)?;
    Ok(Settings {
        id: row.id,
        zone: stored(&row.time_zone)?,
        currency: stored(&row.currency)?,
        first_period: Period::from_key(row.first_period)
            .ok_or_else(|| Error::fault(format!("stored month {}", row.first_period)))?,
        name: row.name,
        legal_name: row.legal_name,
        address: row.address,
        vat_id: row.vat_id,
        document_prefix: row.document_prefix,
        payment_days: row.payment_days,
        payout_day: row.payout_day,
        version: row.version,
    })
}

/// The date on the vendor's wall calendar at this transaction's instant.
///
/// # Errors
/// Faults of the database.
pub fn today<S: Scope>(tx: &mut Tx<'_, S>) -> Result<NaiveDate>
where
    vendors::table: Visible<S>,
{
    let now = tx.now();
    Ok(settings(tx)?.zone.local_date(now))
}
