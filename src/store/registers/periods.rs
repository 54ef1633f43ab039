//! Accounting months, and what closing the next one would come to.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::{Calendar, ledger, money, month, named, partner_names, statements as closed};
use crate::{
    Error, Result,
    domain::{
        Currency, Money, Period, PeriodStatus,
        statement::{Settlement, settle, usual_minimum},
    },
    id::{CommissionEntryId, JobId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::{
            conversions::{self, Conversion},
            entries::Entry,
            tax_terms::{self, Taxed},
        },
        names::stored,
        schema::{self, commission_entries, jobs, payout_minimums, periods, statements},
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

/// What one partner's statement in one currency would say if a month closed now.
#[derive(Debug, Clone)]
pub struct PreviewRow {
    /// Whose.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// In what.
    pub currency: Currency,
    /// Carried in, minor units.
    pub opening_minor: i64,
    /// Lines there would be.
    pub line_count: i64,
    /// What they come to, minor units.
    pub lines_minor: i64,
    /// What would be paid, carried on, and why.
    pub settlement: Settlement,
    /// What would be transferred, with VAT and without what is withheld, minor units.
    pub payable_minor: i64,
    /// Posted by then but still in hold, minor units.
    pub held_minor: i64,
    /// Of the lines and of what is in hold, what the close itself would make: what volume steps
    /// bring and what fills up to a floor, minor units.
    pub settled_minor: i64,
}

/// An entry that a close would make.
#[derive(Debug, Clone, Copy)]
pub struct ToCome {
    partner: PartnerId,
    currency: Currency,
    matures_on: NaiveDate,
    minor: i64,
}

impl ToCome {
    /// Of an entry that is not posted, and what it would be converted to.
    pub fn of(entry: &Entry, converted: Option<&Conversion>) -> Self {
        let (currency, minor) = converted.map_or((entry.currency, entry.amount_minor), |one| {
            (one.currency, one.payable_minor)
        });
        Self {
            partner: entry.partner_id,
            currency,
            matures_on: entry.matures_on,
            minor,
        }
    }
}

/// A posted entry that is paid in another currency than it was earned in.
#[derive(Debug, Clone, Copy)]
pub struct Shifted {
    partner: PartnerId,
    matures_on: NaiveDate,
    earned: Money,
    payable: Money,
}

impl Shifted {
    /// Of an entry's conversion, and the day its hold is over.
    pub fn of(one: &Conversion, matures_on: NaiveDate) -> Self {
        Self {
            partner: one.partner_id,
            matures_on,
            earned: Money::new(one.earned_minor, one.earned_currency),
            payable: Money::new(one.payable_minor, one.currency),
        }
    }
}

type Sum = (PartnerId, String, i64, i64);

impl PreviewRow {
    /// Whether there would be a statement: not where all there is is on hold.
    pub fn is_stated(&self) -> bool {
        self.line_count > 0 || self.opening_minor != 0
    }
}

/// What closing a month now would come to, by the rules of the close: each entry on no statement,
/// posted by then, or to come with the close, and out of hold by the month's end, with what earlier
/// statements carried. Largest payout first. `shifted` are entries whose conversion is reckoned and
/// not stored.
///
/// # Errors
/// Faults of the database.
pub fn preview(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    (to_come, mut shifted): (&[ToCome], Vec<Shifted>),
) -> Result<Vec<PreviewRow>> {
    let posted = || ledger::unstated().and(commission_entries::posting_period.le(period.key()));
    let over = || commission_entries::matures_on.lt(period.end());
    let mut due = sums(tx, Box::new(posted().and(over())))?;
    let mut held = sums(tx, Box::new(posted().and(not(over()))))?;
    shifted.extend(converted(tx, Box::new(posted()))?);
    shift(&shifted, period, [&mut due, &mut held]);
    let settled = settled(to_come, period, [&mut due, &mut held]);
    let opening = closed::carried(tx, period)?;
    let minimums = minimums(tx)?;
    let mut keys: Vec<(PartnerId, String)> = due.keys().chain(held.keys()).cloned().collect();
    keys.extend(
        opening
            .iter()
            .filter(|(_, minor)| **minor != 0)
            .map(|(key, _)| key.clone()),
    );
    keys.sort_unstable();
    keys.dedup();
    let names = partner_names(tx, keys.iter().map(|(partner, _)| *partner))?;
    let partners: Vec<PartnerId> = keys.iter().map(|(partner, _)| *partner).collect();
    let taxed = tax_terms::of(tx, &partners)?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let (line_count, lines_minor) = due.get(&key).copied().unwrap_or_default();
        let opening_minor = opening.get(&key).copied().unwrap_or_default();
        let currency: Currency = stored(&key.1)?;
        let minimum = minimums.get(&key.1).copied();
        let minimum = minimum.unwrap_or_else(|| usual_minimum(currency));
        let settlement = settle(opening_minor, lines_minor, minimum)?;
        let taxed = taxed.get(&key.0).map_or(&[][..], Vec::as_slice);
        rows.push(PreviewRow {
            partner: key.0,
            partner_name: named(&names, &key.0),
            currency,
            opening_minor,
            line_count,
            lines_minor,
            payable_minor: payable(taxed, period, settlement.payout)?,
            settlement,
            held_minor: held.get(&key).map(|(_, minor)| *minor).unwrap_or_default(),
            settled_minor: settled.get(&key).copied().unwrap_or_default(),
        });
    }
    rows.sort_by_key(|row| (Reverse(row.payable_minor), row.partner_name.clone()));
    Ok(rows)
}

/// The conversions of posted entries.
fn converted(
    tx: &mut Tx<'_, VendorScope>,
    of: super::Where<commission_entries::table>,
) -> Result<Vec<Shifted>> {
    let has_one = schema::conversions::table
        .filter(schema::conversions::tenant_id.eq(commission_entries::tenant_id))
        .filter(schema::conversions::commission_entry_id.eq(commission_entries::id));
    let rows = tx
        .rows(commission_entries::table)
        .filter(of)
        .filter(exists(has_one))
        .select((commission_entries::id, commission_entries::matures_on));
    let rows: Vec<(CommissionEntryId, NaiveDate)> = tx.load(rows)?;
    let ids: Vec<CommissionEntryId> = rows.iter().map(|(id, _)| *id).collect();
    let found = conversions::of(tx, &ids)?;
    let shifted = |(id, matures_on): &(CommissionEntryId, NaiveDate)| {
        Some(Shifted::of(found.get(id)?, *matures_on))
    };
    Ok(rows.iter().filter_map(shifted).collect())
}

/// Takes what is paid in another currency from the one it was earned in to that one.
fn shift(shifted: &[Shifted], period: Period, [due, held]: [&mut Sums; 2]) {
    for one in shifted {
        let sums = match one.matures_on < period.end() {
            true => &mut *due,
            false => &mut *held,
        };
        let mut add = |money: Money, number: i64| {
            let key = (one.partner, money.currency().code().to_owned());
            let (count, minor) = sums.entry(key).or_default();
            (*count, *minor) = (*count + number, *minor + number * money.minor());
        };
        add(one.earned, -1);
        add(one.payable, 1);
    }
    for sums in [due, held] {
        sums.retain(|_, (count, _)| *count != 0);
    }
}

/// Adds what a close would make to what is due or held; gives what that is for each.
fn settled(
    to_come: &[ToCome],
    period: Period,
    [due, held]: [&mut Sums; 2],
) -> HashMap<(PartnerId, String), i64> {
    let mut settled = HashMap::new();
    for one in to_come {
        let key = (one.partner, one.currency.code().to_owned());
        let sums = match one.matures_on < period.end() {
            true => &mut *due,
            false => &mut *held,
        };
        let (count, minor) = sums.entry(key.clone()).or_default();
        (*count, *minor) = (*count + 1, *minor + one.minor);
        *settled.entry(key).or_default() += one.minor;
    }
    settled
}

/// What a payout comes to by the terms of the month's last day, minor units.
fn payable(taxed: &[Taxed], period: Period, payout_minor: i64) -> Result<i64> {
    match tax_terms::on(taxed, period.last_day()) {
        Some(one) => Ok(one
            .terms()?
            .rates(period.last_day())
            .on(payout_minor)?
            .net_minor),
        None => Ok(payout_minor),
    }
}

type Sums = HashMap<(PartnerId, String), (i64, i64)>;

fn sums(tx: &mut Tx<'_, VendorScope>, of: super::Where<commission_entries::table>) -> Result<Sums> {
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(of)
        .group_by((commission_entries::partner_id, commission_entries::currency))
        .select((
            commission_entries::partner_id,
            commission_entries::currency,
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows: Vec<Sum> = tx.load(rows)?;
    Ok(rows
        .into_iter()
        .map(|(partner, code, number, minor)| ((partner, code), (number, minor)))
        .collect())
}

fn minimums(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<String, i64>> {
    let rows = tx
        .rows(payout_minimums::table)
        .select((payout_minimums::currency, payout_minimums::minimum_minor));
    let rows: Vec<(String, i64)> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// A preview's figures in one currency.
#[derive(Debug, Clone)]
pub struct PreviewTotal {
    /// Statements there would be.
    pub statements: i64,
    /// What they would pay.
    pub payout: Money,
    /// What they would carry on.
    pub carried: Money,
    /// Still in hold.
    pub held: Money,
    /// Of both, what the close itself would make.
    pub settled: Money,
}

/// A preview's figures, per currency.
///
/// # Errors
/// When a sum does not fit.
pub fn preview_totals(rows: &[PreviewRow]) -> Result<Vec<PreviewTotal>> {
    let mut totals: BTreeMap<&str, PreviewTotal> = BTreeMap::new();
    for row in rows {
        let zero = Money::zero(row.currency);
        let total = totals.entry(row.currency.code()).or_insert(PreviewTotal {
            statements: 0,
            payout: zero,
            carried: zero,
            held: zero,
            settled: zero,
        });
        let add = |to: Money, minor| {
            to.plus(Money::new(minor, row.currency))
                .map_err(Error::fault)
        };
        total.statements += i64::from(row.is_stated());
        total.payout = add(total.payout, row.payable_minor)?;
        total.carried = add(total.carried, row.settlement.closing)?;
        total.held = add(total.held, row.held_minor)?;
        total.settled = add(total.settled, row.settled_minor)?;
    }
    Ok(totals.into_values().collect())
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
