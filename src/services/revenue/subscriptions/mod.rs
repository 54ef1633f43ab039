//! A subscription's life: it starts, its quantity changes, it ends.
mod ending;
mod quantity;

pub use ending::{CancelWhen, Cancellation, Undoing, cancel, end_due, undo};
pub use quantity::{QuantityChange, change_quantity};

use chrono::NaiveDate;

use super::{
    billing::{bill_one, monthly},
    books::{Books, day},
    payments::Recorded,
    recurring::restate,
};
use crate::{
    Error, Result,
    domain::{Action, Change, Money, Permission, Quantity, SubscriptionStatus},
    id::{CustomerId, PlanVersionId, SubscriptionId},
    store::{
        Platform, Tx, VendorScope,
        platform::Event,
        revenue::{
            credit_notes::CreditNote,
            segments::Segment,
            subscriptions::{self, ChangeKind, Subscription, SubscriptionChange},
            terms,
        },
    },
};

/// A sale.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// The vendor's own key for it: the same key twice is the same sale.
    pub external_id: String,
    /// To whom.
    pub customer: CustomerId,
    /// What.
    pub plan_version: PlanVersionId,
    /// The first day served; may lie in the past or to come.
    pub starts_on: NaiveDate,
    /// Units.
    pub quantity: Quantity,
}

/// Starts a subscription for a customer and bills what is due by today. The commission plan
/// version is pinned from the partner's enrolment on the first day served.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the customer; [`Error::Invalid`] on `plan` or
/// `external_id`; faults of the database.
pub fn start(
    tx: &mut Tx<'_, VendorScope>,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    let books = Books::open(tx)?;
    start_in(tx, &books, new)
}

/// As [`start`], with books that are open already: for many sales in one transaction.
///
/// # Errors
/// As [`start`].
pub fn start_in(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    tx.allow(Permission::ManageSubscriptions)?;
    if let Some(known) = subscriptions::named(tx, &new.external_id)? {
        return unchanged(tx, &known, new);
    }
    let customer = terms::customer(tx, new.customer)?;
    let plans = terms::plans_of(tx, &[new.plan_version])?;
    let plan = plans
        .get(&new.plan_version)
        .filter(|plan| plan.is_published);
    let plan = plan.ok_or_else(|| Error::on("plan", "This plan is not on sale."))?;
    let subscription = Subscription {
        id: tx.fresh_id(),
        partner_id: customer.partner_id,
        customer_id: customer.id,
        plan_version_id: new.plan_version,
        commission_plan_version_id: terms::enrolled_in(tx, customer.partner_id, new.starts_on)?,
        external_id: new.external_id.clone(),
        currency: plan.currency,
        starts_on: new.starts_on,
        interval_months: plan.interval_months,
        term_months: plan.term_months,
        quantity: units(new.quantity),
        mrr_minor: monthly(plan, new.quantity)?,
        billed_periods: 0,
        next_bill_on: Some(new.starts_on),
        ends_on: None,
        status: if new.starts_on <= books.today {
            SubscriptionStatus::Active
        } else {
            SubscriptionStatus::Pending
        },
        created_at: tx.now(),
        version: 1,
    };
    subscriptions::add(tx, subscription.clone())?;
    let started = Noted {
        kind: ChangeKind::Started,
        on: new.starts_on,
        before: 0,
        after: subscription.quantity,
        reason: "",
    };
    note(tx, &subscription, started)?;
    let summary = format!("{}, {} for {}", plan.offering, plan.plan, customer.name);
    record(
        tx,
        Action::SubscriptionStarted,
        (&subscription, summary),
        &[],
    )?;
    bill_one(tx, books, subscription.id, books.today)?;
    Ok(Recorded::New(subscription.id))
}

fn units(quantity: Quantity) -> i32 {
    // At most a million.
    i32::try_from(quantity.get()).unwrap_or(i32::MAX)
}

fn unchanged(
    tx: &mut Tx<'_, VendorScope>,
    known: &Subscription,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    let began = subscriptions::changes(tx, known.id)?;
    let began = began
        .first()
        .map_or(known.quantity, |change| change.quantity_after);
    let same = known.customer_id == new.customer
        && known.plan_version_id == new.plan_version
        && known.starts_on == new.starts_on
        && began == units(new.quantity);
    if !same {
        let why = "A subscription with this id is there already, with other details.";
        return Err(Error::on("external_id", why));
    }
    Ok(Recorded::Unchanged(known.id))
}

/// Reads a subscription that can still be changed.
fn live(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId, version: i32) -> Result<Subscription> {
    let subscription = subscriptions::one(tx, id)?;
    if subscription.version != version {
        return Err(Error::conflict(
            "Somebody else has changed this subscription.",
        ));
    }
    let ended =
        !subscription.status.is_live() && subscription.status != SubscriptionStatus::Pending;
    if ended {
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
    let refuse = |why: String| Err(Error::on("effective_on", why));
    if on < subscription.starts_on {
        return refuse(format!("It starts on {}.", day(subscription.starts_on)));
    }
    if on > books.today {
        return refuse("This day is still to come.".to_owned());
    }
    if let Some(end) = subscription.ends_on.filter(|end| on >= *end) {
        return refuse(format!("It ends on {}.", day(end)));
    }
    let changes = subscriptions::changes(tx, subscription.id)?;
    match changes.iter().map(|change| change.effective_on).max() {
        Some(last) if on < last => refuse(format!("It was last changed from {} on.", day(last))),
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

fn record_note(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    note: Option<&CreditNote>,
) -> Result<()> {
    let Some(note) = note else {
        return Ok(());
    };
    let total = Money::new(note.total_minor, note.currency);
    VendorScope::record(
        tx,
        &Event {
            action: Action::CreditNoteIssued,
            subject: note.id.number(),
            partner: Some(subscription.partner_id),
            summary: format!("Credit note {}, {total}", note.number),
            changes: &[],
        },
    )
}

struct Noted<'a> {
    kind: ChangeKind,
    on: NaiveDate,
    before: i32,
    after: i32,
    reason: &'a str,
}

fn note(tx: &mut Tx<'_, VendorScope>, subscription: &Subscription, noted: Noted<'_>) -> Result<()> {
    let change = SubscriptionChange {
        id: tx.fresh_id(),
        partner_id: subscription.partner_id,
        subscription_id: subscription.id,
        kind: noted.kind,
        effective_on: noted.on,
        quantity_before: noted.before,
        quantity_after: noted.after,
        reason: noted.reason.to_owned(),
        recorded_at: tx.now(),
    };
    subscriptions::record_change(tx, change)?;
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
