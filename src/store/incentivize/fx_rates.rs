//! What currencies are worth in others, day by day, as the vendor keeps it.
use std::collections::HashSet;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::{
        Currency,
        payable::{FxRate, earliest_rate_for},
    },
    id::FxRateId,
    store::{
        Tx, VendorScope,
        columns::Coded,
        names::typed,
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        revenue::ASKED_AT_ONCE,
        schema::{conversions, fx_rates},
    },
};

/// A rate of one day.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = fx_rates, treat_none_as_default_value = false)]
pub struct DayRate {
    /// Which.
    pub id: FxRateId,
    /// What one unit is of.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub from_currency: Currency,
    /// What it is worth so much of.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub to_currency: Currency,
    /// The first day it holds for.
    pub rated_on: NaiveDate,
    /// How much, in billionths.
    pub rate_nano: i64,
    /// Where it comes from.
    pub source: String,
    /// When it was written down, UTC.
    pub recorded_at: NaiveDateTime,
}

impl DayRate {
    /// The rate itself.
    ///
    /// # Errors
    /// A fault, when what is stored is none.
    pub fn rate(&self) -> Result<FxRate> {
        FxRate::from_nano(self.rate_nano).map_err(Error::fault)
    }
}

/// The rate that converts what is of a day: the latest of that day or of up to 30 days before.
///
/// # Errors
/// Faults of the database.
pub fn in_force(
    tx: &mut Tx<'_, VendorScope>,
    (from, to): (Currency, Currency),
    day: NaiveDate,
) -> Result<Option<DayRate>> {
    let row = tx
        .rows(fx_rates::table)
        .filter(fx_rates::from_currency.eq(from.code()))
        .filter(fx_rates::to_currency.eq(to.code()))
        .filter(fx_rates::rated_on.between(earliest_rate_for(day), day))
        .order(fx_rates::rated_on.desc())
        .select(DayRate::as_select());
    tx.first(row)
}

/// The rate of one very day, if it is on record.
///
/// # Errors
/// Faults of the database.
pub fn of_day(
    tx: &mut Tx<'_, VendorScope>,
    (from, to): (Currency, Currency),
    day: NaiveDate,
) -> Result<Option<DayRate>> {
    let row = tx
        .rows(fx_rates::table)
        .filter(fx_rates::from_currency.eq(from.code()))
        .filter(fx_rates::to_currency.eq(to.code()))
        .filter(fx_rates::rated_on.eq(day))
        .select(DayRate::as_select());
    tx.first(row)
}

/// Every rate, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<DayRate>> {
    let rows = tx
        .rows(fx_rates::table)
        .order(fx_rates::id)
        .select(DayRate::as_select());
    tx.load(rows)
}

/// A page of rates, those written down last first; of one currency, as source or target, or of all.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    currency: &str,
    from: Option<&Cursor>,
) -> Result<Page<DayRate>> {
    let mut rows = tx.rows(fx_rates::table);
    if let Some(code) = typed(currency) {
        let code = code.to_owned();
        let either = fx_rates::from_currency
            .eq(code.clone())
            .or(fx_rates::to_currency.eq(code));
        rows = rows.filter(either);
    }
    let most = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let rows = newest_first!(rows, from, fx_rates::id)
        .limit(most)
        .select(DayRate::as_select());
    let rows: Vec<DayRate> = tx.load(rows)?;
    Ok(Page::of(rows, from, PAGE, |row| {
        (String::new(), row.id.number())
    }))
}

/// How many rates there are; of one currency, or of all.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, currency: &str) -> Result<Count> {
    let mut rows = tx.rows(fx_rates::table);
    if let Some(code) = typed(currency) {
        let code = code.to_owned();
        let either = fx_rates::from_currency
            .eq(code.clone())
            .or(fx_rates::to_currency.eq(code));
        rows = rows.filter(either);
    }
    let rows = rows.limit(COUNT_CAP + 1).select(fx_rates::id);
    let rows: Vec<FxRateId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Which of these have converted anything.
///
/// # Errors
/// Faults of the database.
pub fn used(tx: &mut Tx<'_, VendorScope>, rates: &[FxRateId]) -> Result<HashSet<FxRateId>> {
    let mut found = HashSet::new();
    for some in rates.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(conversions::table)
            .filter(conversions::fx_rate_id.eq_any(some.to_vec()))
            .group_by(conversions::fx_rate_id)
            .select(conversions::fx_rate_id);
        found.extend(tx.load::<FxRateId, _>(rows)?);
    }
    Ok(found)
}

/// Writes a rate down, in place of the one of the same day that has converted nothing.
///
/// # Errors
/// Faults of the database, among them one that is in use.
pub fn place(tx: &mut Tx<'_, VendorScope>, new: DayRate) -> Result<()> {
    let same = tx
        .rows_of(fx_rates::table)
        .filter(fx_rates::from_currency.eq(new.from_currency.code()))
        .filter(fx_rates::to_currency.eq(new.to_currency.code()))
        .filter(fx_rates::rated_on.eq(new.rated_on));
    tx.delete(same)?;
    tx.insert(fx_rates::table, new)
}
