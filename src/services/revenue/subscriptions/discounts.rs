//! Discounts of a subscription: given from its next period on, and ended.
use super::{live, record};
use crate::{
    Error, Result,
    domain::{
        Action, Discount, Name, Permission,
        audit::diff,
        discount::{Off, RESALE},
    },
    id::{DiscountId, SubscriptionId},
    store::{
        Tx, VendorScope,
        revenue::{
            discounts::{self, Given},
            subscriptions::{self, Subscription},
        },
    },
};

/// The most discounts of one subscription.
const MOST: usize = 20;

/// A discount to be given.
#[derive(Debug, Clone)]
pub struct NewDiscount {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// What documents call it.
    pub label: Name,
    /// What it takes off.
    pub off: Off,
    /// Its turn: lower goes first, and of equals a percentage.
    pub priority: i32,
    /// How many periods it runs; `None` for good.
    pub periods: Option<u32>,
}

/// Gives a discount from the next period that is billed on.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `off`, `priority` or `periods`; faults of the database.
pub fn give_discount(tx: &mut Tx<'_, VendorScope>, new: &NewDiscount) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let to = live(tx, new.subscription, new.version)?;
    if new.priority == RESALE {
        return Err(Error::on("priority", "Give a higher number."));
    }
    let is_nothing = match new.off {
        Off::Percent(rate) => rate.bps() == 0,
        Off::Fixed(minor) => minor <= 0,
    };
    if is_nothing {
        return Err(Error::on("off", "Give more than nothing."));
    }
    if new.periods.is_some_and(|many| !(1..=1_200).contains(&many)) {
        return Err(Error::on("periods", "Give 1 to 1,200 periods."));
    }
    let has = discounts::of(tx, &[to.id])?
        .remove(&to.id)
        .unwrap_or_default();
    if has.len() >= MOST {
        return Err(Error::on("off", "A subscription has at most 20 discounts."));
    }
    let given = Given {
        id: tx.fresh_id(),
        partner_id: to.billed_partner(),
        subscription_id: to.id,
        label: new.label.to_string(),
        discount: Discount {
            off: new.off,
            priority: new.priority,
            from_period: to.next_index(),
            periods: new.periods,
        },
        created_at: tx.now(),
    };
    discounts::add(tx, &given)?;
    changed(tx, &to, &diff(&[("discount", "", given.label.as_str())]))
}

/// Ends a discount: periods billed with it keep it, later ones do without.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for an ended subscription or a
/// discount that has run out; faults of the database.
pub fn end_discount(
    tx: &mut Tx<'_, VendorScope>,
    (subscription, id): (SubscriptionId, DiscountId),
) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let version = subscriptions::one(tx, subscription)?.version;
    let of = live(tx, subscription, version)?;
    let has = discounts::of(tx, &[of.id])?
        .remove(&of.id)
        .unwrap_or_default();
    let given = has
        .into_iter()
        .find(|one| one.id == id)
        .ok_or(Error::NotFound)?;
    let ran = of.next_index().saturating_sub(given.discount.from_period);
    let is_over = !given.discount.outlasts(of.first_index());
    if is_over || given.discount.periods.is_some_and(|many| many <= ran) {
        return Err(Error::conflict("This discount has run out already."));
    }
    discounts::end(tx, id, i32::try_from(ran).map_err(Error::fault)?)?;
    changed(tx, &of, &diff(&[("discount", given.label.as_str(), "")]))
}

fn changed(
    tx: &mut Tx<'_, VendorScope>,
    of: &Subscription,
    changes: &[crate::domain::Change],
) -> Result<()> {
    subscriptions::change(tx, of)?;
    let summary = match changes.first() {
        Some(change) if change.new.is_empty() => format!("Discount ended: {}", change.old),
        Some(change) => format!("Discount given: {}", change.new),
        None => String::new(),
    };
    record(tx, Action::SubscriptionChanged, (of, summary), changes)
}
