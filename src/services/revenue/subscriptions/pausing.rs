//! A pause: nothing is billed, and what was charged for its days is given back. The billing day
//! stays where it is.
use chrono::NaiveDate;

use super::{
    Noted, bill_before, check_effective, ending::give_back, live, note, quantity::charge_rest,
    record,
};
use crate::{
    Error, Result,
    domain::{Action, Permission, SubscriptionStatus, bill::Stretch},
    id::SubscriptionId,
    services::revenue::{
        billing::{Terms, bill_rest},
        books::{Books, day},
    },
    store::{
        Tx, VendorScope,
        revenue::subscriptions::{self, ChangeKind, Subscription},
    },
};

/// A pause, or its end.
#[derive(Debug, Clone)]
pub struct Pausing {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// The first day of what follows, no later than today.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// Pauses a subscription from a day on: the days that were paid for and are not served become a
/// credit note, from what was charged for them.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a
/// subscription that does not run; [`Error::Invalid`] on `effective_on`; faults of the database.
pub fn pause(tx: &mut Tx<'_, VendorScope>, pausing: &Pausing) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let before = live(tx, pausing.subscription, pausing.version)?;
    if !before.status.can_become(SubscriptionStatus::Paused) {
        return Err(Error::conflict("Only what is served can be paused."));
    }
    if pausing.on < before.charged_from() {
        let why = format!("It is on trial until {}.", day(before.charged_from()));
        return Err(Error::on("effective_on", why));
    }
    check_effective(tx, &books, &before, pausing.on)?;
    bill_before(tx, &books, &before, pausing.on)?;
    let mut now = subscriptions::one(tx, before.id)?;
    now.status = SubscriptionStatus::Paused;
    now.next_bill_on = None;
    now.mrr_minor = 0;
    subscriptions::change(tx, &now)?;
    noted(tx, &now, ChangeKind::Paused, pausing)?;
    give_back(tx, &books, (&now, pausing.on), &pausing.reason)?;
    let summary = format!("Paused from {}", day(pausing.on));
    record(tx, Action::SubscriptionPaused, (&now, summary), &[])
}

/// Ends a pause: the rest of the period is charged from a day on, the next one on its usual day.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a
/// subscription that is not paused; [`Error::Invalid`] on `effective_on`; faults of the database.
pub fn resume(tx: &mut Tx<'_, VendorScope>, pausing: &Pausing) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let mut now = live(tx, pausing.subscription, pausing.version)?;
    if now.status != SubscriptionStatus::Paused {
        return Err(Error::conflict("This subscription is not paused."));
    }
    check_effective(tx, &books, &now, pausing.on)?;
    let terms = Terms::of(tx, std::slice::from_ref(&now))?;
    take_missed(tx, &terms, (&mut now, pausing))?;
    let terms = Terms::of(tx, std::slice::from_ref(&now))?;
    let current = now.index_of(pausing.on)?;
    let current = current.ok_or_else(|| Error::fault("a period lies beyond the calendar"))?;
    let was_billed = current < now.next_index();
    now.status = SubscriptionStatus::Active;
    now.mrr_minor = terms.monthly(&now, current)?;
    let next = current.max(now.next_index().saturating_sub(1)) + 1;
    now.next_bill_on = Some(now.stretch(next)?.service.from);
    subscriptions::change(tx, &now)?;
    noted(tx, &now, ChangeKind::Resumed, pausing)?;
    match was_billed {
        true => charge_rest(tx, &books, (&terms, &now), (pausing.on, &pausing.reason))?,
        false => bill_rest(tx, &books, (&terms, &now), rest(&now, current, pausing.on)?)?,
    }
    let summary = format!("Resumed from {}", day(pausing.on));
    record(tx, Action::SubscriptionResumed, (&now, summary), &[])
}

/// Moves a subscription to the plan that was set for a period which began while it was paused.
fn take_missed(
    tx: &mut Tx<'_, VendorScope>,
    terms: &Terms,
    (now, pausing): (&mut Subscription, &Pausing),
) -> Result<()> {
    let Some(from) = missed(terms, now, pausing.on)? else {
        return Ok(());
    };
    let was = now.clone();
    *now = terms.in_period(now, from)?;
    subscriptions::recount(tx, now)?;
    let noted = Noted {
        kind: ChangeKind::Plan,
        on: from,
        before: now.quantity,
        after: now.quantity,
        reason: "As it was set",
        plans: Some((was.plan_version_id, now.plan_version_id)),
    };
    let change = noted.of(&*tx, now).counted_before(&was, now);
    subscriptions::record_changes(tx, vec![change])
}

/// From when the plan that was set for a subscription is its plan, where that has come by a day and
/// was not taken.
fn missed(terms: &Terms, of: &Subscription, by: NaiveDate) -> Result<Option<NaiveDate>> {
    let (_, then) = terms.courses(of)?;
    if let Some(then) = then {
        // Its next period begins then, and is counted anew.
        return Ok(then.anchor_on.filter(|on| *on <= by));
    }
    let current = of.index_of(by)?.filter(|index| *index >= of.next_index());
    let Some(current) = current else {
        return Ok(None);
    };
    let starts = of.stretch(current)?.service.from;
    let is_set =
        of.next_plan_version_id.is_some() && of.next_plan_on.is_some_and(|on| on <= starts);
    Ok(Some(starts).filter(|_| is_set))
}

/// What is left of a period from a day on.
fn rest(of: &Subscription, index: u32, from: NaiveDate) -> Result<Stretch> {
    let whole = of.stretch(index)?;
    Ok(Stretch {
        service: whole.service.rest_from(from),
        ..whole
    })
}

fn noted(
    tx: &mut Tx<'_, VendorScope>,
    now: &Subscription,
    kind: ChangeKind,
    pausing: &Pausing,
) -> Result<()> {
    let noted = Noted {
        kind,
        on: pausing.on,
        before: now.quantity,
        after: now.quantity,
        reason: &pausing.reason,
        plans: None,
    };
    note(tx, now, noted)
}
