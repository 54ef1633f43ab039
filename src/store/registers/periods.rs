//! Accounting months, and how far each has come.
mod preview;

pub use preview::{PreviewRow, PreviewTotal, Shifted, ToCome, preview, preview_totals};

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::{Calendar, money, month};
use crate::{
    Error, Result,
    domain::{Money, Period, PeriodStatus},
    id::JobId,
    store::{
        Tx, VendorScope,
        names::stored,
        schema::{commission_entries, jobs, periods, statements},
    },
};

/// An accounting month.
#[derive(Debug, Clone)]
pub struct MonthRow {
    /// Which.
    pub period: Period,
    /// How far it has come.
    pub status: PeriodStatus,
    /// When its close began, UTC.
    pub cutoff_at: Option<NaiveDateTime>,
    /// When it was closed, UTC.
    pub closed_at: Option<NaiveDateTime>,
    /// Entries posted in it.
    pub entries: i64,
    /// What they come to, per currency.
    pub posted: Vec<Money>,
    /// Statements closed with it.
    pub statements: i64,
    /// What they pay, per currency.
    pub paid: Vec<Money>,
}

impl MonthRow {
    /// Whether it is over in the vendor's zone and waits to be closed.
    pub fn waits(&self, calendar: &Calendar) -> bool {
        self.status == PeriodStatus::Open && self.period.end() <= calendar.today
    }
}

type State = (PeriodStatus, Option<NaiveDateTime>, Option<NaiveDateTime>);

/// Every month from the vendor's first to the present one, latest first.
///
/// # Errors
/// Faults of the database.
pub fn months(tx: &mut Tx<'_, VendorScope>, calendar: &Calendar) -> Result<Vec<MonthRow>> {
    let states = states(tx)?;
    let posted = posted(tx)?;
    let stated = stated(tx)?;
    let last = states.keys().chain(posted.keys()).copied().max();
    let last = last.map_or(calendar.this_month(), |last| {
        last.max(calendar.this_month())
    });
    let mut months: Vec<MonthRow> = calendar
        .first_period
        .through(last)
        .map(|period| {
            let (status, cutoff_at, closed_at) =
                states
                    .get(&period)
                    .copied()
                    .unwrap_or((PeriodStatus::Open, None, None));
            let (entries, posted) = posted.get(&period).cloned().unwrap_or_default();
            let (statements, paid) = stated.get(&period).cloned().unwrap_or_default();
            MonthRow {
                period,
                status,
                cutoff_at,
                closed_at,
                entries,
                posted,
                statements,
                paid,
            }
        })
        .collect();
    months.reverse();
    Ok(months)
}

/// How a month stands that there is: not before the vendor's first one, and after the present one
/// only where something is recorded of it.
///
/// # Errors
/// [`Error::NotFound`] where there is none; faults of the database.
pub fn status(
    tx: &mut Tx<'_, VendorScope>,
    calendar: &Calendar,
    period: Period,
) -> Result<PeriodStatus> {
    let known = states(tx)?.get(&period).map(|(status, ..)| *status);
    match known {
        Some(status) => Ok(status),
        None if (calendar.first_period..=calendar.this_month()).contains(&period) => {
            Ok(PeriodStatus::Open)
        }
        None => Err(Error::NotFound),
    }
}

fn states(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeMap<Period, State>> {
    let rows = tx.rows(periods::table).select((
        periods::month,
        periods::status,
        periods::cutoff_at,
        periods::closed_at,
    ));
    let rows: Vec<(i32, String, Option<NaiveDateTime>, Option<NaiveDateTime>)> = tx.load(rows)?;
    rows.into_iter()
        .map(|(key, status, cutoff, closed)| Ok((month(key)?, (stored(&status)?, cutoff, closed))))
        .collect()
}

type Figures = BTreeMap<Period, (i64, Vec<Money>)>;

fn figures(rows: Vec<(i32, String, i64, i64)>) -> Result<Figures> {
    let mut figures = Figures::new();
    for (key, code, number, minor) in rows {
        let (count, sums) = figures.entry(month(key)?).or_default();
        *count += number;
        sums.push(money(minor, &code)?);
        sums.sort_by_key(|sum| sum.currency().code());
    }
    Ok(figures)
}

fn posted(tx: &mut Tx<'_, VendorScope>) -> Result<Figures> {
    let rows = tx
        .rows_of(commission_entries::table)
        .group_by((
            commission_entries::posting_period,
            commission_entries::currency,
        ))
        .select((
            commission_entries::posting_period,
            commission_entries::currency,
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    figures(tx.load(rows)?)
}

fn stated(tx: &mut Tx<'_, VendorScope>) -> Result<Figures> {
    let rows = tx
        .rows_of(statements::table)
        .filter(statements::status.eq("closed"))
        .group_by((statements::month, statements::currency))
        .select((
            statements::month,
            statements::currency,
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(SUM(statements.payout_minor + statements.tax_minor - statements.withheld_minor) AS BIGINT)"),
        ));
    figures(tx.load(rows)?)
}

/// How many statements of a month are staged so far, while it closes.
///
/// # Errors
/// Faults of the database.
pub fn staged(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<i64> {
    let rows = tx
        .rows(statements::table)
        .filter(statements::month.eq(period.key()))
        .filter(statements::status.eq("staged"))
        .select(sql::<BigInt>("COUNT(*)"));
    tx.one(rows)
}

/// A close that waits or runs, or has failed.
#[derive(Debug, Clone)]
pub struct CloseJob {
    /// Which job.
    pub id: JobId,
    /// Whether it failed too often and waits for somebody.
    pub is_parked: bool,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// The job with a natural key, if it waits, runs or is parked.
///
/// # Errors
/// Faults of the database.
pub fn close_job(tx: &mut Tx<'_, VendorScope>, dedupe: &str) -> Result<Option<CloseJob>> {
    let row = tx
        .rows(jobs::table)
        .filter(jobs::dedupe.eq(dedupe.to_owned()))
        .select((jobs::id, jobs::status, jobs::last_error));
    let row: Option<(JobId, String, Option<String>)> = tx.first(row)?;
    Ok(row.map(|(id, status, last_error)| CloseJob {
        id,
        is_parked: status == "parked",
        last_error,
    }))
}
