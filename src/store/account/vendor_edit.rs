//! Changing the vendor's settings.
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Money},
    id::PayoutMinimumId,
    store::{
        Scope, Tx, VendorScope, Visible,
        account::vendor::Settings,
        names::stored,
        schema::{payout_minimums, vendors},
        tx::to,
    },
};

/// Writes the settings that may change, if they are still at `new.version - 1`; says whether they
/// were.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, new: &Settings) -> Result<bool> {
    let row = tx
        .rows_of(vendors::table)
        .filter(vendors::id.eq(new.id))
        .filter(vendors::version.eq(new.version - 1));
    let changed = tx.update(
        row,
        (
            to(vendors::name, new.name.clone()),
            to(vendors::legal_name, new.legal_name.clone()),
            to(vendors::address, new.address.clone()),
            to(vendors::vat_id, new.vat_id.clone()),
            to(vendors::payment_days, new.payment_days),
            to(vendors::payout_day, new.payout_day),
            to(vendors::version, new.version),
        ),
    )?;
    Ok(changed == 1)
}

/// The lowest payouts that are set, by currency.
///
/// # Errors
/// Faults of the database.
pub fn minimums<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<Money>>
where
    payout_minimums::table: Visible<S>,
{
    let rows = tx
        .rows(payout_minimums::table)
        .order(payout_minimums::currency)
        .select((payout_minimums::currency, payout_minimums::minimum_minor));
    let rows: Vec<(String, i64)> = tx.load(rows)?;
    rows.into_iter()
        .map(|(currency, minor)| Ok(Money::new(minor, stored::<Currency>(&currency)?)))
        .collect()
}

/// Sets the lowest payout of a currency.
///
/// # Errors
/// Faults of the database.
pub fn set_minimum(tx: &mut Tx<'_, VendorScope>, minimum: Money) -> Result<()> {
    let code = minimum.currency().code().to_owned();
    let row = tx
        .rows_of(payout_minimums::table)
        .filter(payout_minimums::currency.eq(code.clone()));
    let set = to(payout_minimums::minimum_minor, minimum.minor());
    if tx.update(row, set)? == 1 {
        return Ok(());
    }
    let id: PayoutMinimumId = tx.fresh_id();
    tx.insert(
        payout_minimums::table,
        (
            payout_minimums::id.eq(id),
            payout_minimums::currency.eq(code),
            payout_minimums::minimum_minor.eq(minimum.minor()),
        ),
    )
}
