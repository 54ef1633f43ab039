//! A subscription's life: it starts, its quantity changes, it ends.
pub mod announcing;
mod apart;
mod discounts;
mod ending;
mod parties;
mod pausing;
mod plan;
mod quantity;
mod resale;
mod starting;
mod turns;
pub mod versions;

pub use discounts::{NewDiscount, end_discount, give_discount};
pub use ending::{CancelWhen, Cancellation, Undoing, cancel, end_due, undo};
pub use parties::{Sharing, share_out};
pub use pausing::{Pausing, pause, resume};
pub use plan::{PlanChange, PlanWhen, change_plan, keep_plan};
pub use quantity::{QuantityChange, change_quantity, change_quantity_at};
pub use resale::BillingAsked;
pub use starting::{
    NewSubscription, start, start_all, start_all_billed, start_billed, start_registered,
};

pub(super) use plan::take_set_plans;

use chrono::{NaiveDate, NaiveTime};

use super::{
    billing::bill_one,
    books::{Books, day},
    recurring::restate,
};
use crate::{
    Error, Result,
    domain::{Action, Change, Moment, Proration, Quantity, SubscriptionStatus, moment_words},
    id::{PlanVersionId, SubscriptionId},
    store::{
        Platform, Tx, VendorScope,
        catalogue::plans,
        platform::Event,
        revenue::{
            segments::Segment,
            subscriptions::{self, ChangeKind, Subscription, SubscriptionChange},
            terms::PlanTerms,
        },
    },
};

fn units(quantity: Quantity) -> i32 {
    // At most a million.
    i32::try_from(quantity.get()).unwrap_or(i32::MAX)
}

/// Why several units of a plan are refused of which no price goes by them: they would be billed as
/// one.
pub(in crate::services) const ONE_UNIT: &str = "No price of this plan goes by quantity: give 1.";

fn check_units(plan: &PlanTerms, quantity: Quantity) -> Result<()> {
    match quantity == Quantity::ONE || plan.takes_units() {
        true => Ok(()),
        false => Err(Error::on("quantity", ONE_UNIT)),
    }
}

/// Reads a subscription that can still be changed.
fn live(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId, version: i32) -> Result<Subscription> {
    let subscription = subscriptions::one(tx, id)?;
    if subscription.version != version {
        return Err(Error::conflict(
            "Somebody else has changed this subscription.",
        ));
    }
    if subscription.status == SubscriptionStatus::Canceled {
        return Err(Error::conflict("This subscription has ended."));
    }
    Ok(subscription)
}

fn check_effective(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    on: NaiveDate,
) -> Result<()> {
    let from = Moment::start_of(books.vendor.zone, on);
    check_moment(tx, books, subscription, from)
}

/// The moment that a change is to take effect at: the start of its day, or a time of it where the
/// plan counts seconds.
fn moment(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    (on, time): (NaiveDate, Option<NaiveTime>),
) -> Result<Moment> {
    if time.is_some() {
        let version = plans::version(tx, subscription.plan_version_id)?;
        if version.terms.proration == Proration::Day {
            let why = "This plan is charged by whole days: give a date as 2026-10-31.";
            return Err(Error::on("effective_on", why));
        }
    }
    Ok(Moment::of(books.vendor.zone, on, time))
}

fn check_moment(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    from: Moment,
) -> Result<()> {
    let refuse = |why: String| Err(Error::on("effective_on", why));
    let on = from.on;
    if on < subscription.starts_on {
        return refuse(format!("It starts on {}.", day(subscription.starts_on)));
    }
    if on > books.today {
        return refuse("This day is still to come.".to_owned());
    }
    if from.at > tx.now() {
        return refuse("This time is still to come.".to_owned());
    }
    if let Some(end) = subscription.ends_on.filter(|end| on >= *end) {
        return refuse(format!("It ends on {}.", day(end)));
    }
    let changes = subscriptions::changes(tx, subscription.id)?;
    // What is set for a period to come changes nothing before it.
    let set = [ChangeKind::PlanSet, ChangeKind::PlanKept];
    let taken = changes.iter().filter(|change| !set.contains(&change.kind));
    let moments = taken.map(|change| {
        let second = u32::try_from(change.effective_second).unwrap_or_default();
        (change.effective_on, second)
    });
    match moments.max() {
        Some(last) if (on, from.second) < last => {
            let last = moment_words(last.0, last.1);
            refuse(format!("It was last changed from {last} on."))
        }
        _ => Ok(()),
    }
}

/// Periods that begin before the day are billed as they were; later ones as they will be.
fn bill_before(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    on: NaiveDate,
) -> Result<()> {
    if let Some(through) = on.pred_opt() {
        bill_one(tx, books, subscription.id, through)?;
    }
    Ok(())
}

/// Periods that begin before the moment are billed as they were: that of its day too, unless it is
/// the start of the day.
fn bill_until(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    from: Moment,
) -> Result<()> {
    match from.is_start() {
        true => bill_before(tx, books, subscription, from.on),
        false => bill_one(tx, books, subscription.id, from.on).map(drop),
    }
}

/// The newest segment of each price and period: those that are still being served or will be.
fn newest(all: &[Segment]) -> impl Iterator<Item = &Segment> {
    all.iter().enumerate().filter_map(|(at, segment)| {
        let next = all.get(at + 1);
        let is_newest = next.is_none_or(|next| {
            (next.price_id, next.period_index) != (segment.price_id, segment.period_index)
        });
        is_newest.then_some(segment)
    })
}

struct Noted<'a> {
    kind: ChangeKind,
    on: NaiveDate,
    before: i32,
    after: i32,
    reason: &'a str,
    /// What it was of and what it is of, where the change is about that.
    plans: Option<(PlanVersionId, PlanVersionId)>,
}

impl Noted<'_> {
    fn of(&self, tx: &Tx<'_, VendorScope>, subscription: &Subscription) -> SubscriptionChange {
        SubscriptionChange {
            id: tx.fresh_id(),
            partner_id: subscription.partner_id,
            subscription_id: subscription.id,
            kind: self.kind,
            effective_on: self.on,
            quantity_before: self.before,
            quantity_after: self.after,
            reason: self.reason.to_owned(),
            recorded_at: tx.now(),
            plan_before_id: self.plans.map(|(before, _)| before),
            plan_after_id: self.plans.map(|(_, after)| after),
            effective_second: 0,
            anchor_before: None,
            index_before: None,
            interval_before: None,
        }
    }
}

fn note(tx: &mut Tx<'_, VendorScope>, subscription: &Subscription, noted: Noted<'_>) -> Result<()> {
    note_at(tx, subscription, (noted, 0))
}

/// Writes a change down with the second of its day. What it brings a month changes with the day.
fn note_at(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    (noted, second): (Noted<'_>, u32),
) -> Result<()> {
    let change = SubscriptionChange {
        effective_second: i32::try_from(second).map_err(Error::fault)?,
        ..noted.of(&*tx, subscription)
    };
    subscriptions::record_changes(tx, vec![change])?;
    restate(tx, subscription, noted.on)
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (subscription, summary): (&Subscription, String),
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: subscription.id.number(),
            partner: Some(subscription.partner_id),
            summary,
            changes,
        },
    )
}
