//! Payouts to partners.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::{Currency, Period},
    id::{PartnerId, PayoutId, PayoutRunId, StatementId},
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        schema::payouts,
        tx::to,
    },
};

row_codes! {
    /// Whether a payout was made.
    PayoutStatus {
        /// It is to be made.
        Due = "due",
        /// It was made.
        Paid = "paid",
    }
}

/// A payment to a partner, in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payouts, treat_none_as_default_value = false)]
pub struct Payout {
    /// Which.
    pub id: PayoutId,
    /// To whom.
    pub partner_id: PartnerId,
    /// For which statement.
    pub statement_id: StatementId,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// How much.
    pub amount_minor: i64,
    /// The day it is due.
    pub due_on: NaiveDate,
    /// Whether it was made.
    #[diesel(serialize_as = Coded<PayoutStatus>, deserialize_as = Coded<PayoutStatus>)]
    pub status: PayoutStatus,
    /// When.
    pub paid_on: Option<NaiveDate>,
    /// The bank's reference.
    pub reference: Option<String>,
    /// Counts its changes.
    pub version: i32,
    /// The run that holds it.
    pub payout_run_id: Option<PayoutRunId>,
    /// The month it is booked in once it is paid, as its key: 202610.
    pub booked_period: Option<i32>,
}

/// Writes new payouts.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Payout>) -> Result<()> {
    tx.insert_all(payouts::table, new)?;
    Ok(())
}

/// One payout.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: PayoutId) -> Result<Payout> {
    let row = tx
        .rows(payouts::table)
        .filter(payouts::id.eq(id))
        .select(Payout::as_select());
    tx.one(row)
}

/// Every payout, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Payout>> {
    let rows = tx
        .rows(payouts::table)
        .order(payouts::id)
        .select(Payout::as_select());
    tx.load(rows)
}

/// Notes that a payout was made and the month it is booked in, if the version is still the one that
/// was read.
///
/// # Errors
/// [`Error::Conflict`] when somebody else changed it in the meantime.
pub fn mark_paid(
    tx: &mut Tx<'_, VendorScope>,
    payout: &Payout,
    (paid_on, booked): (NaiveDate, Period),
    reference: &str,
) -> Result<()> {
    let row = tx
        .rows_of(payouts::table)
        .filter(payouts::id.eq(payout.id))
        .filter(payouts::version.eq(payout.version))
        .filter(payouts::status.eq(PayoutStatus::Due.code()));
    let changed = tx.update(
        row,
        (
            to(payouts::status, PayoutStatus::Paid.code()),
            to(payouts::paid_on, Some(paid_on)),
            to(payouts::booked_period, Some(booked.key())),
            to(payouts::reference, Some(reference.to_owned())),
            to(payouts::version, payout.version + 1),
        ),
    )?;
    match changed {
        1 => Ok(()),
        _ => Err(Error::conflict("Somebody else has changed this payout.")),
    }
}
