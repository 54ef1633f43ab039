//! Gapless series of document numbers: the counter moves in the transaction that uses its value.
use diesel::prelude::*;

use super::{Tx, VendorScope, schema::counters, tx::to};
use crate::{Result, id::CounterId};

/// The next `count` values of a series; gives the first of them. A series begins at 1.
///
/// # Errors
/// Faults of the database.
pub fn take(tx: &mut Tx<'_, VendorScope>, series: &str, count: i64) -> Result<i64> {
    let row = tx
        .rows(counters::table)
        .filter(counters::series.eq(series.to_owned()))
        .select((counters::id, counters::value));
    let found: Option<(CounterId, i64)> = tx.first(row)?;
    let Some((id, value)) = found else {
        let id: CounterId = tx.fresh_id();
        tx.insert(
            counters::table,
            (
                counters::id.eq(id),
                counters::series.eq(series.to_owned()),
                counters::value.eq(count),
            ),
        )?;
        return Ok(1);
    };
    let row = tx.rows_of(counters::table).filter(counters::id.eq(id));
    tx.update(row, to(counters::value, value + count))?;
    Ok(value + 1)
}
