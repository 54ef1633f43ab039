//! Accounting months. A month without a row is open.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::{Period, PeriodStatus},
    id::AccountingPeriodId,
    store::{
        Tx, VendorScope,
        columns::{Coded, Month},
        schema::periods,
        tx::to,
    },
};

/// An accounting month.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = periods)]
pub struct AccountingPeriod {
    /// Which row.
    pub id: AccountingPeriodId,
    /// Which month.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// How far it has come.
    #[diesel(serialize_as = Coded<PeriodStatus>, deserialize_as = Coded<PeriodStatus>)]
    pub status: PeriodStatus,
    /// When its close began, UTC.
    pub cutoff_at: Option<NaiveDateTime>,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
}

/// A month's row, if it has one.
///
/// # Errors
/// Faults of the database.
pub fn of_month(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<Option<AccountingPeriod>> {
    let row = tx
        .rows(periods::table)
        .filter(periods::month.eq(month.key()))
        .select(AccountingPeriod::as_select());
    tx.first(row)
}

/// The last month that is no longer open, if any.
///
/// # Errors
/// Faults of the database.
pub fn last_not_open(tx: &mut Tx<'_, VendorScope>) -> Result<Option<AccountingPeriod>> {
    let row = tx
        .rows(periods::table)
        .filter(periods::status.ne("open"))
        .order(periods::month.desc())
        .select(AccountingPeriod::as_select());
    tx.first(row)
}

/// All months with a row, earliest first.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<AccountingPeriod>> {
    let rows = tx
        .rows(periods::table)
        .order(periods::month)
        .select(AccountingPeriod::as_select());
    tx.load(rows)
}

/// Begins a month's close: nothing is posted in it any more.
///
/// # Errors
/// Faults of the database.
pub fn begin_close(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<AccountingPeriod> {
    let now = tx.now();
    let known = of_month(tx, month)?;
    let id = known.map_or_else(|| tx.fresh_id(), |row| row.id);
    let closing = AccountingPeriod {
        id,
        month,
        status: PeriodStatus::Closing,
        cutoff_at: Some(now),
        closed_at: None,
    };
    let row = tx.rows_of(periods::table).filter(periods::id.eq(id));
    let there = tx.update(
        row,
        (
            to(periods::status, PeriodStatus::Closing.code()),
            to(periods::cutoff_at, Some(now)),
        ),
    )?;
    if there == 0 {
        tx.insert(periods::table, closing.clone())?;
    }
    Ok(closing)
}

/// Ends a month's close.
///
/// # Errors
/// [`Error::Conflict`] for a month that is not closing.
pub fn end_close(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<()> {
    let now = tx.now();
    let row = tx
        .rows_of(periods::table)
        .filter(periods::month.eq(month.key()))
        .filter(periods::status.eq(PeriodStatus::Closing.code()));
    let changed = tx.update(
        row,
        (
            to(periods::status, PeriodStatus::Closed.code()),
            to(periods::closed_at, Some(now)),
        ),
    )?;
    match changed {
        1 => Ok(()),
        _ => Err(Error::conflict("This month is not being closed.")),
    }
}
