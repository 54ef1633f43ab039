//! What the pages of metrics ask. Nothing is added across currencies.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::{dsl::exists, prelude::*};

use super::{Calendar, Sees, Where, by_ids, ledger, month, payouts, whose};
use crate::{
    Result,
    domain::{
        Currency, Period, Ratio,
        metrics::{CustomerHistory, LiabilityState, Owed},
    },
    id::{CustomerId, OfferingId, PartnerId, StatementId},
    store::{
        Tx,
        names::{anywhere, typed},
        schema::{
            commission_entries, mrr_changes, offerings, partners, payouts as payout_rows,
            statements,
        },
    },
};

/// What is looked at.
#[derive(Debug, Clone)]
pub struct MetricFilter {
    /// A partner's name, in part.
    pub partner: String,
    /// One offering.
    pub offering: Option<OfferingId>,
    /// One currency.
    pub currency: Currency,
}

/// The offerings there are, by name.
///
/// # Errors
/// Faults of the database.
pub fn offerings<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Vec<(OfferingId, String)>> {
    let rows = S::offerings(tx)
        .order((offerings::name_key, offerings::id))
        .select((offerings::id, offerings::name));
    tx.load(rows)
}

/// The currencies that customers pay in, the vendor's own first.
///
/// # Errors
/// Faults of the database.
pub fn currencies<S: Sees>(tx: &mut Tx<'_, S>, calendar: &Calendar) -> Result<Vec<Currency>> {
    let mut known = vec![calendar.currency];
    for code in S::mrr_currencies(tx)? {
        let currency: Currency = super::stored(&code)?;
        if !known.contains(&currency) {
            known.push(currency);
        }
    }
    Ok(known)
}

/// What every customer has paid at the end of each month, as known on a day.
///
/// # Errors
/// Faults of the database.
pub fn histories<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &MetricFilter,
    today: NaiveDate,
) -> Result<Vec<CustomerHistory>> {
    let rows = S::mrr_by_customer(tx, changes(filter, today))?;
    let mut histories = Vec::new();
    let mut of: Option<CustomerId> = None;
    let mut so_far: Vec<(Period, i64)> = Vec::new();
    for (customer, key, change) in rows {
        if of != Some(customer) && !so_far.is_empty() {
            histories.push(CustomerHistory::from_changes(&so_far)?);
            so_far.clear();
        }
        of = Some(customer);
        so_far.push((month(key)?, change));
    }
    if !so_far.is_empty() {
        histories.push(CustomerHistory::from_changes(&so_far)?);
    }
    Ok(histories)
}

/// The changes that have come about by a day.
fn changes(filter: &MetricFilter, today: NaiveDate) -> Where<mrr_changes::table> {
    let code = filter.currency.code();
    let mut of: Where<mrr_changes::table> = Box::new(
        mrr_changes::currency
            .eq(code)
            .and(mrr_changes::effective_on.le(today)),
    );
    if let Some(offering) = filter.offering {
        of = Box::new(of.and(mrr_changes::offering_id.eq(offering)));
    }
    if let Some(search) = typed(&filter.partner) {
        of = Box::new(of.and(whose!(mrr_changes, partner, search)));
    }
    of
}

/// Commission entries of what is looked at. Those of an offering are those of subscriptions that
/// have been of it.
fn entries(filter: &MetricFilter) -> Where<commission_entries::table> {
    let mut of: Where<commission_entries::table> =
        Box::new(commission_entries::currency.eq(filter.currency.code()));
    if let Some(offering) = filter.offering {
        let sold = mrr_changes::table
            .filter(mrr_changes::tenant_id.eq(commission_entries::tenant_id))
            .filter(
                mrr_changes::subscription_id
                    .nullable()
                    .eq(commission_entries::subscription_id),
            )
            .filter(mrr_changes::offering_id.eq(offering))
            .select(mrr_changes::id);
        of = Box::new(of.and(exists(sold)));
    }
    if let Some(search) = typed(&filter.partner) {
        of = Box::new(of.and(whose!(commission_entries, partner, search)));
    }
    of
}

/// Commission posted in one month, minor units.
#[derive(Debug, Clone, Copy)]
pub struct CommissionMonth {
    /// Which month it was posted in.
    pub month: Period,
    /// The net that was collected and that it is on, less what was given back.
    pub collected: i64,
    /// The commission, less what was reversed.
    pub commission: i64,
}

/// Commission and the revenue it is on, by month, oldest first; months without any are left out.
/// Over all partners, revenue counts once for all who earn on it: each sharer for its share, their
/// distributor not at all. Where one is looked at, it counts whole.
///
/// # Errors
/// Faults of the database.
pub fn commission<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &MetricFilter,
) -> Result<Vec<CommissionMonth>> {
    let of_one = tx.scope().partner_id().is_some() || typed(&filter.partner).is_some();
    let mut months: BTreeMap<i32, (i128, i64)> = BTreeMap::new();
    for (key, part, base, amount) in S::commission_by_month(tx, entries(filter))? {
        let share = if of_one {
            10_000
        } else {
            part.of_revenue().bps()
        };
        let (shared, commission) = months.entry(key).or_default();
        *shared += i128::from(base) * i128::from(share);
        *commission += amount;
    }
    let row = |(key, (shared, commission))| {
        Ok(CommissionMonth {
            month: month(key)?,
            collected: Ratio::new(shared, 10_000)?.round()?,
            commission,
        })
    };
    months.into_iter().map(row).collect()
}

/// What is owed to partners on a day: entries on no statement by the day of their payment, and
/// statements that are not paid out, from the end of their month.
///
/// # Errors
/// Faults of the database.
pub fn owed<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &MetricFilter,
    today: NaiveDate,
) -> Result<Vec<Owed>> {
    let mut owed = Vec::new();
    let states = [
        (LiabilityState::Held, ledger::held(today)),
        (LiabilityState::Payable, ledger::payable(today)),
    ];
    for (state, standing) in states {
        let of: Where<commission_entries::table> = Box::new(entries(filter).and(standing));
        let days = S::commission_by_day(tx, of)?;
        owed.extend(days.into_iter().map(|(since, minor)| Owed {
            state,
            since,
            minor,
        }));
    }
    // A statement is a partner's, over all offerings.
    if filter.offering.is_none() {
        owed.extend(stated(tx, filter)?);
    }
    Ok(owed)
}

type StatementRow = (StatementId, PartnerId, i32, i64);

fn stated<S: Sees>(tx: &mut Tx<'_, S>, filter: &MetricFilter) -> Result<Vec<Owed>> {
    let mut rows = S::statements(tx).filter(statements::currency.eq(filter.currency.code()));
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(statements, partner, search));
    }
    let rows = rows.order((statements::month, statements::id)).select((
        statements::id,
        statements::partner_id,
        statements::month,
        statements::closing_minor,
    ));
    let rows: Vec<StatementRow> = tx.load(rows)?;
    let mut carried: BTreeMap<PartnerId, (i32, i64)> = BTreeMap::new();
    for (_, partner, key, closing) in &rows {
        carried.insert(*partner, (*key, *closing));
    }
    let mut owed = Vec::new();
    for (key, closing) in carried.into_values().filter(|(_, closing)| *closing != 0) {
        owed.push(on_statement(key, closing)?);
    }
    let months: HashMap<StatementId, i32> = rows.iter().map(|row| (row.0, row.2)).collect();
    let unpaid: Vec<(StatementId, i64)> = by_ids!(tx, rows.iter().map(|row| row.0), |some| {
        S::payouts(tx)
            .filter(payouts::unpaid())
            .filter(payout_rows::statement_id.eq_any(some))
            .select((payout_rows::statement_id, payout_rows::amount_minor))
    });
    for (statement, amount) in unpaid {
        if let Some(key) = months.get(&statement) {
            owed.push(on_statement(*key, amount)?);
        }
    }
    Ok(owed)
}

fn on_statement(key: i32, minor: i64) -> Result<Owed> {
    Ok(Owed {
        state: LiabilityState::Stated,
        since: month(key)?.last_day(),
        minor,
    })
}
