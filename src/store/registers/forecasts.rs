//! Twelve months ahead, as either side sees them.
use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Sees, named, partner_names};
use crate::{
    Result,
    domain::{Money, Period},
    id::PartnerId,
    store::{Tx, incentivize::forecasts::ForecastMonth, schema::forecasts},
};

/// A month ahead of one partner in one currency, before tax.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Whose.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// The month in which service periods start.
    pub month: Period,
    /// The day it was reckoned.
    pub reckoned_on: NaiveDate,
    /// Billed in terms that run.
    pub committed_net: Money,
    /// Earned on that.
    pub committed: Money,
    /// Billed if every subscription renews.
    pub expected_net: Money,
    /// Earned on that.
    pub expected: Money,
}

/// The months ahead that a scope sees, by currency, partner and month.
///
/// # Errors
/// Faults of the database.
pub fn ahead<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Vec<Ahead>> {
    let rows = S::forecasts(tx)
        .order((forecasts::currency, forecasts::partner_id, forecasts::month))
        .select(ForecastMonth::as_select());
    let rows: Vec<ForecastMonth> = tx.load(rows)?;
    let names = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let ahead = rows.into_iter().map(|row| {
        let money = |minor| Money::new(minor, row.currency);
        Ahead {
            partner: row.partner_id,
            partner_name: named(&names, &row.partner_id),
            month: row.month,
            reckoned_on: row.reckoned_on,
            committed_net: money(row.committed_net_minor),
            committed: money(row.committed_minor),
            expected_net: money(row.expected_net_minor),
            expected: money(row.expected_minor),
        }
    });
    Ok(ahead.collect())
}
