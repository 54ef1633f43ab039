//! Runs of payouts: what they hold is fixed when they are put together.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, bank::PayoutRunStatus},
    id::{PartnerId, PayoutId, PayoutRunId, PayoutTransferId},
    store::{
        Tx, VendorScope,
        columns::Coded,
        schema::{payout_runs, payout_transfers, payouts, statements},
        tx::to,
    },
};

/// A run. Amounts are minor units of its currency.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payout_runs, treat_none_as_default_value = false)]
pub struct PayoutRun {
    /// Which.
    pub id: PayoutRunId,
    /// Gapless per vendor.
    pub number: String,
    /// What it pays in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The day on which the bank is to pay.
    pub execute_on: NaiveDate,
    /// Whose account it is paid from.
    pub holder: String,
    /// That account.
    pub iban: String,
    /// Its bank; empty where it was not given.
    pub bic: String,
    /// How many payments there are.
    pub transfer_count: i32,
    /// What they come to.
    pub total_minor: i64,
    /// How far it has come.
    #[diesel(serialize_as = Coded<PayoutRunStatus>, deserialize_as = Coded<PayoutRunStatus>)]
    pub status: PayoutRunStatus,
    /// When it was paid.
    pub paid_on: Option<NaiveDate>,
    /// The bank's reference; empty until it is paid.
    pub reference: String,
    /// Who put it together.
    pub created_by: String,
    /// When, UTC.
    pub created_at: NaiveDateTime,
    /// Rises with every change.
    pub version: i32,
}

/// A payment of a run.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payout_transfers, treat_none_as_default_value = false)]
pub struct PayoutTransfer {
    /// Which.
    pub id: PayoutTransferId,
    /// To whom.
    pub partner_id: PartnerId,
    /// In which run.
    pub payout_run_id: PayoutRunId,
    /// Which payout.
    pub payout_id: PayoutId,
    /// Its place, from 1.
    pub seq: i32,
    /// The run's number.
    pub run_number: String,
    /// The statement it is for.
    pub statement_number: String,
    /// How much.
    pub amount_minor: i64,
    /// Whose account.
    pub holder: String,
    /// The account, as it was.
    pub iban: String,
    /// Its bank; empty where it was not given.
    pub bic: String,
}

/// A payout that waits and is in no run.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Which.
    pub payout: PayoutId,
    /// To whom.
    pub partner: PartnerId,
    /// For which statement.
    pub statement_number: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// When it is due.
    pub due_on: NaiveDate,
}

/// The payouts of a currency that are due on a day or before, of closed months, not made and in no
/// run, soonest first.
///
/// # Errors
/// Faults of the database.
pub fn waiting(
    tx: &mut Tx<'_, VendorScope>,
    currency: Currency,
    by: NaiveDate,
) -> Result<Vec<Waiting>> {
    let rows = tx
        .joined(payouts::table, statements::table)
        .filter(statements::status.eq("closed"))
        .filter(payouts::status.eq("due"))
        .filter(payouts::payout_run_id.is_null())
        .filter(payouts::currency.eq(currency.code()))
        .filter(payouts::due_on.le(by))
        .order((payouts::due_on, payouts::id))
        .select((
            payouts::id,
            payouts::partner_id,
            statements::number,
            payouts::amount_minor,
            payouts::due_on,
        ));
    let rows: Vec<(PayoutId, PartnerId, String, i64, NaiveDate)> = tx.load(rows)?;
    let waiting = |(payout, partner, statement_number, amount_minor, due_on)| Waiting {
        payout,
        partner,
        statement_number,
        amount_minor,
        due_on,
    };
    Ok(rows.into_iter().map(waiting).collect())
}

/// Writes a run with its payments, and notes on each payout that the run holds it; says whether
/// every one of them was still free.
///
/// # Errors
/// Faults of the database.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    run: PayoutRun,
    transfers: Vec<PayoutTransfer>,
) -> Result<bool> {
    let id = run.id;
    tx.insert(payout_runs::table, run)?;
    for transfer in &transfers {
        let row = tx
            .rows_of(payouts::table)
            .filter(payouts::id.eq(transfer.payout_id))
            .filter(payouts::status.eq("due"))
            .filter(payouts::payout_run_id.is_null());
        if tx.update(row, to(payouts::payout_run_id, Some(id)))? != 1 {
            return Ok(false);
        }
    }
    tx.insert_all(payout_transfers::table, transfers)?;
    Ok(true)
}

/// One run.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: PayoutRunId) -> Result<PayoutRun> {
    let row = tx
        .rows(payout_runs::table)
        .filter(payout_runs::id.eq(id))
        .select(PayoutRun::as_select());
    tx.one(row)
}

/// The latest runs, at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn latest(tx: &mut Tx<'_, VendorScope>, limit: i64) -> Result<Vec<PayoutRun>> {
    let rows = tx
        .rows(payout_runs::table)
        .order(payout_runs::id.desc())
        .limit(limit)
        .select(PayoutRun::as_select());
    tx.load(rows)
}

/// Every run, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<PayoutRun>> {
    let rows = tx
        .rows(payout_runs::table)
        .order(payout_runs::id)
        .select(PayoutRun::as_select());
    tx.load(rows)
}

/// Every payment of every run, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_transfers(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<PayoutTransfer>> {
    let rows = tx
        .rows(payout_transfers::table)
        .order((payout_transfers::payout_run_id, payout_transfers::seq))
        .select(PayoutTransfer::as_select());
    tx.load(rows)
}

/// The payments of a run, in order.
///
/// # Errors
/// Faults of the database.
pub fn transfers(tx: &mut Tx<'_, VendorScope>, run: PayoutRunId) -> Result<Vec<PayoutTransfer>> {
    let rows = tx
        .rows(payout_transfers::table)
        .filter(payout_transfers::payout_run_id.eq(run))
        .order(payout_transfers::seq)
        .select(PayoutTransfer::as_select());
    tx.load(rows)
}

/// Moves a run on, if it is still at the version that was read; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn settle(
    tx: &mut Tx<'_, VendorScope>,
    run: &PayoutRun,
    (status, paid): (PayoutRunStatus, Option<(NaiveDate, &str)>),
) -> Result<bool> {
    let row = tx
        .rows_of(payout_runs::table)
        .filter(payout_runs::id.eq(run.id))
        .filter(payout_runs::version.eq(run.version))
        .filter(payout_runs::status.eq(PayoutRunStatus::Open.code()));
    let reference = paid.map_or("", |(_, reference)| reference);
    let changed = tx.update(
        row,
        (
            to(payout_runs::status, status.code()),
            to(payout_runs::paid_on, paid.map(|(on, _)| on)),
            to(payout_runs::reference, reference.to_owned()),
            to(payout_runs::version, run.version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// Lets go of the payouts of a run that was canceled; says how many.
///
/// # Errors
/// Faults of the database.
pub fn release(tx: &mut Tx<'_, VendorScope>, run: PayoutRunId) -> Result<usize> {
    let rows = tx
        .rows_of(payouts::table)
        .filter(payouts::payout_run_id.eq(run))
        .filter(payouts::status.eq("due"));
    tx.update(rows, to(payouts::payout_run_id, None::<PayoutRunId>))
}

/// The payouts that a run holds, by id.
///
/// # Errors
/// Faults of the database.
pub fn held(tx: &mut Tx<'_, VendorScope>, run: PayoutRunId) -> Result<Vec<super::payouts::Payout>> {
    let rows = tx
        .rows(payouts::table)
        .filter(payouts::payout_run_id.eq(run))
        .order(payouts::id)
        .select(super::payouts::Payout::as_select());
    tx.load(rows)
}

/// The currencies in which something waits to be paid and is in no run.
///
/// # Errors
/// Faults of the database.
pub fn currencies(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<String>> {
    let rows = tx
        .rows_of(payouts::table)
        .filter(payouts::status.eq("due"))
        .filter(payouts::payout_run_id.is_null())
        .group_by(payouts::currency)
        .order(payouts::currency)
        .select(payouts::currency);
    tx.load(rows)
}
