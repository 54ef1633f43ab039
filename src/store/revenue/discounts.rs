//! Discounts of subscriptions.
use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Error, Result,
    domain::{Discount, Rate, discount::Off},
    id::{DiscountId, PartnerId, SubscriptionId},
    store::{Scope, Tx, VendorScope, Visible, schema::discounts, tx::to},
};

/// A discount as it was given.
#[derive(Debug, Clone)]
pub struct Given {
    /// Which.
    pub id: DiscountId,
    /// Whose customer it was given to.
    pub partner_id: PartnerId,
    /// Of what.
    pub subscription_id: SubscriptionId,
    /// What it is called on documents.
    pub label: String,
    /// What it takes off, and when.
    pub discount: Discount,
    /// When it was given, UTC.
    pub created_at: NaiveDateTime,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = discounts, treat_none_as_default_value = false)]
struct Row {
    id: DiscountId,
    partner_id: PartnerId,
    subscription_id: SubscriptionId,
    label: String,
    percent_bps: Option<i32>,
    fixed_minor: Option<i64>,
    priority: i32,
    from_period: i32,
    runs_periods: Option<i32>,
    created_at: NaiveDateTime,
}

impl Row {
    fn read(self) -> Result<Given> {
        let off = match (self.percent_bps, self.fixed_minor) {
            (Some(bps), _) => Off::Percent(Rate::from_bps(bps).map_err(Error::fault)?),
            (None, Some(minor)) => Off::Fixed(minor),
            (None, None) => return Err(Error::fault("a discount takes nothing off")),
        };
        let many = |number: i32| u32::try_from(number).map_err(Error::fault);
        Ok(Given {
            id: self.id,
            partner_id: self.partner_id,
            subscription_id: self.subscription_id,
            label: self.label,
            discount: Discount {
                off,
                priority: self.priority,
                from_period: many(self.from_period)?,
                periods: self.runs_periods.map(many).transpose()?,
            },
            created_at: self.created_at,
        })
    }

    fn of(given: &Given) -> Result<Self> {
        let (percent_bps, fixed_minor) = match given.discount.off {
            Off::Percent(rate) => (Some(rate.bps()), None),
            Off::Fixed(minor) => (None, Some(minor)),
        };
        let many = |number: u32| i32::try_from(number).map_err(Error::fault);
        Ok(Self {
            id: given.id,
            partner_id: given.partner_id,
            subscription_id: given.subscription_id,
            label: given.label.clone(),
            percent_bps,
            fixed_minor,
            priority: given.discount.priority,
            from_period: many(given.discount.from_period)?,
            runs_periods: given.discount.periods.map(many).transpose()?,
            created_at: given.created_at,
        })
    }
}

/// The discounts of some subscriptions, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<Given>>>
where
    discounts::table: Visible<S>,
{
    let mut found: HashMap<SubscriptionId, Vec<Given>> = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(discounts::table)
            .filter(discounts::subscription_id.eq_any(some.to_vec()))
            .order((discounts::subscription_id, discounts::id))
            .select(Row::as_select());
        for row in tx.load::<Row, _>(rows)? {
            let given = row.read()?;
            found.entry(given.subscription_id).or_default().push(given);
        }
    }
    Ok(found)
}

/// Writes a new discount.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, given: &Given) -> Result<()> {
    let row = Row::of(given)?;
    tx.insert(discounts::table, row)
}

/// Lets a discount run for no more than so many periods.
///
/// # Errors
/// Faults of the database.
pub fn end(tx: &mut Tx<'_, VendorScope>, id: DiscountId, periods: i32) -> Result<()> {
    let row = tx.rows_of(discounts::table).filter(discounts::id.eq(id));
    tx.update(row, to(discounts::runs_periods, Some(periods)))?;
    Ok(())
}
