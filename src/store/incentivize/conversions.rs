//! What entries come to in the currency of their payout. Added once; nothing here changes one.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::entries::{Entry, statement_line};
use crate::{
    Result,
    domain::{Currency, Period, payable::FxRate},
    id::{CommissionEntryId, ConversionId, FxRateId, PartnerId},
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::Coded,
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, conversions},
    },
};

/// An entry's conversion. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversions, treat_none_as_default_value = false)]
pub struct Conversion {
    /// Which.
    pub id: ConversionId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which entry.
    pub commission_entry_id: CommissionEntryId,
    /// The entry that this one takes back, whose conversion it follows.
    pub reverses_id: Option<CommissionEntryId>,
    /// The rate on record.
    pub fx_rate_id: FxRateId,
    /// What the entry is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub earned_currency: Currency,
    /// What the entry comes to there.
    pub earned_minor: i64,
    /// What it is paid in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// What it comes to in that.
    pub payable_minor: i64,
    /// The rate, in billionths.
    pub rate_nano: i64,
    /// The day of the rate.
    pub rated_on: NaiveDate,
    /// Where the rate comes from.
    pub source: String,
    /// When it was converted, UTC.
    pub created_at: NaiveDateTime,
}

impl Conversion {
    /// The rate, to read: "1.0837".
    pub fn rate_words(&self) -> String {
        FxRate::from_nano(self.rate_nano).map_or_else(|_| String::new(), |rate| rate.to_string())
    }
}

/// Writes conversions down.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Conversion>) -> Result<()> {
    tx.insert_all(conversions::table, new)?;
    Ok(())
}

/// The conversions of these entries, those that have one.
///
/// # Errors
/// Faults of the database.
pub fn of<S: Scope>(
    tx: &mut Tx<'_, S>,
    entries: &[CommissionEntryId],
) -> Result<HashMap<CommissionEntryId, Conversion>>
where
    conversions::table: Visible<S>,
{
    let mut found = HashMap::new();
    for some in entries.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(conversions::table)
            .filter(conversions::commission_entry_id.eq_any(some.to_vec()))
            .select(Conversion::as_select());
        let rows: Vec<Conversion> = tx.load(rows)?;
        found.extend(rows.into_iter().map(|one| (one.commission_entry_id, one)));
    }
    Ok(found)
}

/// How much of each of these entries was converted back so far, minor units of what they are in,
/// signed.
///
/// # Errors
/// Faults of the database.
pub fn taken_back(
    tx: &mut Tx<'_, VendorScope>,
    entries: &[CommissionEntryId],
) -> Result<HashMap<CommissionEntryId, i64>> {
    let mut found = HashMap::new();
    for some in entries.chunks(ASKED_AT_ONCE) {
        let some: Vec<Option<CommissionEntryId>> = some.iter().copied().map(Some).collect();
        let rows = tx
            .rows_of(conversions::table)
            .filter(conversions::reverses_id.eq_any(some))
            .group_by(conversions::reverses_id)
            .select((
                conversions::reverses_id,
                sql::<BigInt>("CAST(SUM(conversions.earned_minor) AS BIGINT)"),
            ));
        let rows: Vec<(Option<CommissionEntryId>, i64)> = tx.load(rows)?;
        found.extend(rows.into_iter().filter_map(|(id, sum)| Some((id?, sum))));
    }
    Ok(found)
}

/// The entries of these partners, posted by the end of a month, that are on no statement and have
/// no conversion, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn unconverted(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    month: Period,
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let converted = conversions::table
            .filter(conversions::tenant_id.eq(commission_entries::tenant_id))
            .filter(conversions::commission_entry_id.eq(commission_entries::id));
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.le(month.key()))
            .filter(not(exists(statement_line())))
            .filter(not(exists(converted)))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// Every conversion, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Conversion>> {
    let rows = tx
        .rows(conversions::table)
        .order(conversions::commission_entry_id)
        .select(Conversion::as_select());
    tx.load(rows)
}
