//! SPIFFs: a fixed amount for each new subscription, while a window is open.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{
        Currency, Money,
        commission::{clawback::ClawbackMode, spiff::SpiffTerms},
    },
    id::{OfferingId, SpiffId},
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::Coded,
        schema::{offerings, spiffs},
        tx::to,
    },
};

/// A SPIFF.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = spiffs, treat_none_as_default_value = false)]
pub struct Spiff {
    /// Which.
    pub id: SpiffId,
    /// What it is called.
    pub name: String,
    /// For subscriptions of what.
    pub offering_id: OfferingId,
    /// The first day on which a subscription may begin.
    pub from_on: NaiveDate,
    /// The last such day.
    pub until_on: NaiveDate,
    /// What each is worth, in minor units.
    pub amount_minor: i64,
    /// What that is in: subscriptions in other currencies do not count.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// How many count for one partner.
    pub most_per_partner: Option<i32>,
    /// For how many days after activation it goes back when the customer leaves.
    pub clawback_days: i32,
    /// How much of it goes back.
    #[diesel(serialize_as = Coded<ClawbackMode>, deserialize_as = Coded<ClawbackMode>)]
    pub clawback_mode: ClawbackMode,
    /// When it was written down, UTC.
    pub created_at: NaiveDateTime,
    /// Rises when it is ended early.
    pub version: i32,
}

impl Spiff {
    /// What it promises.
    pub fn terms(&self) -> SpiffTerms {
        let many = |number: i32| u32::try_from(number).unwrap_or_default();
        SpiffTerms {
            from: self.from_on,
            until: self.until_on,
            amount: Money::new(self.amount_minor, self.currency),
            most: self.most_per_partner.map(many),
            clawback_days: many(self.clawback_days),
            clawback_mode: self.clawback_mode,
        }
    }
}

/// Adds one.
///
/// # Errors
/// Faults of the database, a name that is taken among them.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Spiff) -> Result<()> {
    tx.insert(spiffs::table, new)
}

/// Every SPIFF, the newest first; there are few.
///
/// # Errors
/// Faults of the database.
pub fn all<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<Spiff>>
where
    spiffs::table: Visible<S>,
{
    let rows = tx
        .rows(spiffs::table)
        .order(spiffs::id.desc())
        .select(Spiff::as_select());
    tx.load(rows)
}

/// What their offerings are called.
///
/// # Errors
/// Faults of the database.
pub fn offering_names<S: Scope>(
    tx: &mut Tx<'_, S>,
    of: &[Spiff],
) -> Result<HashMap<OfferingId, String>>
where
    offerings::table: Visible<S>,
{
    let ids: Vec<OfferingId> = of.iter().map(|spiff| spiff.offering_id).collect();
    let rows = tx
        .rows(offerings::table)
        .filter(offerings::id.eq_any(ids))
        .select((offerings::id, offerings::name));
    Ok(tx.load(rows)?.into_iter().collect())
}

/// Ends one after a day, if it still is at `version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn end(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (SpiffId, i32),
    last: NaiveDate,
) -> Result<bool> {
    let row = tx
        .rows_of(spiffs::table)
        .filter(spiffs::id.eq(id))
        .filter(spiffs::version.eq(version));
    let changed = tx.update(
        row,
        (to(spiffs::until_on, last), to(spiffs::version, version + 1)),
    )?;
    Ok(changed == 1)
}
