//! Entries of SPIFFs.
use std::collections::{BTreeMap, HashSet};

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};

use super::{MonthSum, SourceKind};
use crate::{
    Error, Result,
    domain::{Currency, Period, commission::EntryKind},
    id::{CommissionEntryId, PartnerId, SubscriptionId},
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::{Coded, Month},
        revenue::ASKED_AT_ONCE,
        schema::commission_entries,
    },
};

/// What SPIFFs paid in some months (both included), before anything of it was taken back.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_in(
    tx: &mut Tx<'_, VendorScope>,
    (first, last): (Period, Period),
) -> Result<Vec<MonthSum>> {
    let columns = (
        commission_entries::partner_id,
        commission_entries::posting_period,
        commission_entries::currency,
    );
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::posting_period.between(first.key(), last.key()))
        .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
        .group_by(columns)
        .select((
            commission_entries::partner_id,
            commission_entries::posting_period,
            commission_entries::currency,
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows: Vec<(PartnerId, Month, Coded<Currency>, i64)> = tx.load(rows)?;
    let sum = |(partner, month, currency, amount_minor): (_, Month, Coded<Currency>, _)| {
        Ok(MonthSum {
            partner,
            month: month.try_into().map_err(Error::fault)?,
            currency: currency.value(),
            amount_minor,
        })
    };
    rows.into_iter().map(sum).collect()
}

/// A SPIFF that was paid.
#[derive(Debug, Clone, Copy)]
pub struct SpiffPaid {
    /// The SPIFF, by its number.
    pub spiff: i64,
    /// To whom.
    pub partner: PartnerId,
    /// For what.
    pub subscription: Option<SubscriptionId>,
    /// Whether it went back with all that was paid for what brought it, so that it does not count.
    pub is_refunded: bool,
}

/// Whom SPIFFs have paid for what, oldest first: of these partners.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_of(tx: &mut Tx<'_, VendorScope>, partners: &[PartnerId]) -> Result<Vec<SpiffPaid>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let back = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Clawback.code()))
            .filter(
                commission_entries::source_kind
                    .eq_any([SourceKind::Refund.code(), SourceKind::CreditNote.code()]),
            )
            .select(commission_entries::reverses_id);
        let back: HashSet<Option<CommissionEntryId>> = tx
            .load::<Option<CommissionEntryId>, _>(back)?
            .into_iter()
            .collect();
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
            .order(commission_entries::id)
            .select((
                commission_entries::id,
                commission_entries::source_id,
                commission_entries::partner_id,
                commission_entries::subscription_id,
            ));
        let paid = |(id, spiff, partner, subscription)| SpiffPaid {
            spiff,
            partner,
            subscription,
            is_refunded: back.contains(&Some(id)),
        };
        let rows =
            tx.load::<(CommissionEntryId, i64, PartnerId, Option<SubscriptionId>), _>(rows)?;
        found.extend(rows.into_iter().map(paid));
    }
    Ok(found)
}

/// What each SPIFF has paid each partner: how many times, and minor units with what was taken back
/// left in.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_paid<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<(i64, PartnerId, i64, i64)>>
where
    commission_entries::table: Visible<S>,
{
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
        .select((
            commission_entries::source_id,
            commission_entries::partner_id,
            commission_entries::amount_minor,
        ));
    let mut sums: BTreeMap<(i64, PartnerId), (i64, i64)> = BTreeMap::new();
    for (spiff, partner, minor) in tx.load::<(i64, PartnerId, i64), _>(rows)? {
        let sum = sums.entry((spiff, partner)).or_default();
        *sum = (sum.0 + 1, sum.1 + minor);
    }
    let rows = sums.into_iter();
    Ok(rows
        .map(|((spiff, partner), (times, minor))| (spiff, partner, times, minor))
        .collect())
}
