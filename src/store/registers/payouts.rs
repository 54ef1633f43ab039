//! What is to be paid out to partners.
use chrono::NaiveDate;
use diesel::{
    dsl::{exists, min, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::{Sees, Where, by_ids, money, named, partner_names, totals};
use crate::{
    Result,
    domain::{Money, bank::Iban},
    id::{PartnerId, PayoutId, PayoutRunId, StatementId},
    store::{
        Tx, VendorScope,
        names::stored,
        schema::{payout_transfers, payouts, statements},
    },
};
use std::collections::BTreeSet;

/// A payment to a partner.
#[derive(Debug, Clone)]
pub struct PayoutRow {
    /// Which.
    pub id: PayoutId,
    /// Of which statement.
    pub statement: StatementId,
    /// To whom.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// How much.
    pub amount: Money,
    /// When, in the vendor's zone.
    pub due_on: NaiveDate,
    /// When it was paid, if it was.
    pub paid_on: Option<NaiveDate>,
    /// The payer's reference.
    pub reference: Option<String>,
    /// Rises with every edit.
    pub version: i32,
    /// The run that holds it, if one does.
    pub run: Option<PayoutRunId>,
}

impl PayoutRow {
    /// Whether it should have been paid by now.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        self.paid_on.is_none() && self.due_on < today
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = payouts)]
struct Row {
    id: PayoutId,
    statement_id: StatementId,
    partner_id: PartnerId,
    currency: String,
    amount_minor: i64,
    due_on: NaiveDate,
    paid_on: Option<NaiveDate>,
    reference: Option<String>,
    version: i32,
    payout_run_id: Option<PayoutRunId>,
}

/// Only payouts of statements that are closed: those of a month still closing are not there yet.
pub(super) fn stands() -> Where<payouts::table> {
    Box::new(exists(
        statements::table
            .filter(statements::tenant_id.eq(payouts::tenant_id))
            .filter(statements::partner_id.eq(payouts::partner_id))
            .filter(statements::id.eq(payouts::statement_id))
            .filter(statements::status.eq("closed"))
            .select(statements::id),
    ))
}

/// Payouts not made yet.
pub(super) fn unpaid() -> Where<payouts::table> {
    Box::new(payouts::status.eq("due"))
}

/// Payouts that wait to be made.
#[derive(Debug, Clone)]
pub struct WaitingPayouts {
    /// How many.
    pub number: i64,
    /// What they come to, per currency.
    pub sums: Vec<Money>,
    /// The day the first of them is due.
    pub first_due_on: NaiveDate,
}

/// Payouts not made yet: those that are late on a day, or those that are not.
///
/// # Errors
/// Faults of the database.
pub fn waiting(
    tx: &mut Tx<'_, VendorScope>,
    today: NaiveDate,
    are_late: bool,
) -> Result<Option<WaitingPayouts>> {
    let when: Where<payouts::table> = match are_late {
        true => Box::new(payouts::due_on.lt(today)),
        false => Box::new(payouts::due_on.ge(today)),
    };
    let rows = tx
        .rows_of(payouts::table)
        .filter(stands())
        .filter(unpaid())
        .filter(when)
        .group_by(payouts::currency)
        .select((
            payouts::currency,
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(SUM(payouts.amount_minor) AS BIGINT)"),
            min(payouts::due_on),
        ));
    let rows: Vec<(String, i64, i64, Option<NaiveDate>)> = tx.load(rows)?;
    let Some(first_due_on) = rows.iter().filter_map(|row| row.3).min() else {
        return Ok(None);
    };
    Ok(Some(WaitingPayouts {
        number: rows.iter().map(|row| row.1).sum(),
        sums: totals(rows.into_iter().map(|row| (row.0, row.2)).collect())?,
        first_due_on,
    }))
}

/// The payouts not made yet, soonest first, at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn due<S: Sees>(tx: &mut Tx<'_, S>, limit: i64) -> Result<Vec<PayoutRow>> {
    let rows = S::payouts(tx)
        .filter(unpaid())
        .order((payouts::due_on, payouts::id))
        .limit(limit)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

/// The payouts of statements, in no order.
///
/// # Errors
/// Faults of the database.
pub fn of_statements<S: Sees>(
    tx: &mut Tx<'_, S>,
    statements: Vec<StatementId>,
) -> Result<Vec<PayoutRow>> {
    let rows: Vec<Row> = by_ids!(tx, statements, |some| S::payouts(tx)
        .filter(payouts::statement_id.eq_any(some))
        .select(Row::as_select()));
    dressed(tx, rows)
}

/// A payout as the run that holds it transfers it.
#[derive(Debug, Clone)]
pub struct TransferredTo {
    /// The run's number.
    pub run_number: String,
    /// Whose account.
    pub holder: String,
    /// Its number, as it was.
    pub iban: Iban,
}

/// How a payout is transferred, where a run holds it.
///
/// # Errors
/// Faults of the database.
pub fn transferred<S: Sees>(
    tx: &mut Tx<'_, S>,
    payout: &PayoutRow,
) -> Result<Option<TransferredTo>> {
    let Some(run) = payout.run else {
        return Ok(None);
    };
    let row = S::transfers(tx)
        .filter(payout_transfers::payout_id.eq(payout.id))
        .filter(payout_transfers::payout_run_id.eq(run))
        .select((
            payout_transfers::run_number,
            payout_transfers::holder,
            payout_transfers::iban,
        ));
    let row: Option<(String, String, String)> = tx.first(row)?;
    let read = |(run_number, holder, iban): (String, String, String)| {
        Ok(TransferredTo {
            run_number,
            holder,
            iban: stored(&iban)?,
        })
    };
    row.map(read).transpose()
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<PayoutRow>> {
    let names = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    rows.into_iter()
        .map(|row| {
            Ok(PayoutRow {
                partner_name: named(&names, &row.partner_id),
                amount: money(row.amount_minor, &row.currency)?,
                id: row.id,
                statement: row.statement_id,
                partner: row.partner_id,
                due_on: row.due_on,
                paid_on: row.paid_on,
                reference: row.reference,
                version: row.version,
                run: row.payout_run_id,
            })
        })
        .collect()
}
