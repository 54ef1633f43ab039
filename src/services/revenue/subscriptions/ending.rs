//! How a subscription ends: at once with a credit, or with its billed period without one.
use chrono::{NaiveDate, NaiveDateTime};

use super::{
    Noted, bill_until, check_moment, live, moment, newest, note, note_at, record, versions,
};
use crate::{
    Error, Result,
    domain::{
        Action, Change, Moment, Period, Permission, SubscriptionStatus, proration::credit_at,
        sla::too_many,
    },
    id::SubscriptionId,
    services::revenue::{
        billing::{Terms, bill_one},
        books::{Books, day},
        clawbacks::claw_back,
        credit::{Unused, credit},
    },
    store::{
        Tx, VendorScope,
        revenue::{
            segments, sla_credits,
            subscriptions::{self, Advance, ChangeKind, Subscription},
        },
    },
};

/// When a cancellation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelWhen {
    /// On this day, the first no longer served; what is unused is credited.
    Now(NaiveDate),
    /// From this local time on, where the plan counts seconds; what is unused is credited. Days
    /// count it as ended with the start of its day.
    At(NaiveDateTime),
    /// With the last billed period; nothing is credited.
    PeriodEnd,
}

/// A cancellation.
#[derive(Debug, Clone)]
pub struct Cancellation {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// When.
    pub when: CancelWhen,
    /// Why.
    pub reason: String,
    /// Whether the vendor is to blame: partners then keep what they would give back.
    pub is_vendor_fault: bool,
}

/// Cancels a subscription.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `effective_on`; faults of the database.
pub fn cancel(tx: &mut Tx<'_, VendorScope>, cancellation: &Cancellation) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let mut before = live(tx, cancellation.subscription, cancellation.version)?;
    let missed = sla_credits::months_missed(tx, &[before.id])?;
    let has_right = missed
        .get(&before.id)
        .is_some_and(|months| !too_many(months, Period::of(books.today)).is_empty());
    before.ends_by_vendor = cancellation.is_vendor_fault || has_right;
    let has_begun = before.status != SubscriptionStatus::Pending;
    let given = match cancellation.when {
        CancelWhen::PeriodEnd if before.status == SubscriptionStatus::Paused => {
            let why = "It is paused, so that no period is paid for: cancel it from a day.";
            return Err(Error::on("when", why));
        }
        CancelWhen::PeriodEnd if has_begun => {
            return end_later(tx, &books, &before, &cancellation.reason);
        }
        CancelWhen::Now(on) if has_begun => (on, None),
        CancelWhen::At(local) if has_begun => (local.date(), Some(local.time())),
        _ => (before.starts_on, None),
    };
    let from = moment(tx, &books, &before, given)?;
    if has_begun {
        check_moment(tx, &books, &before, from)?;
    }
    end_now(tx, &books, (&before, from), &cancellation.reason)
}

fn end_now(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (before, from): (&Subscription, Moment),
    reason: &str,
) -> Result<()> {
    let on = from.on;
    bill_until(tx, books, before, from)?;
    let mut now = subscriptions::one(tx, before.id)?;
    now.status = SubscriptionStatus::Canceled;
    now.ends_on = Some(on);
    (now.next_plan_version_id, now.next_plan_on) = (None, None);
    now.ends_by_vendor = before.ends_by_vendor;
    now.next_bill_on = last_bill(tx, &now, on)?;
    now.mrr_minor = 0;
    subscriptions::change(tx, &now)?;
    if before.status == SubscriptionStatus::Paused {
        pass_over(tx, &now, on)?;
    }
    let noted = Noted {
        kind: ChangeKind::CancelNow,
        on,
        before: before.quantity,
        after: 0,
        reason,
        plans: None,
    };
    note_at(tx, &now, (noted, from.second))?;
    give_back_from(tx, books, (&now, from), reason)?;
    claw_back(tx, books, std::slice::from_ref(&now))?;
    let summary = format!("Canceled from {}", from.words());
    record(tx, Action::SubscriptionCanceled, (&now, summary), &[])
}

/// Periods that began in a pause are not billed after it either, where a last bill is to come.
fn pass_over(tx: &mut Tx<'_, VendorScope>, now: &Subscription, end: NaiveDate) -> Result<()> {
    let last = match end.pred_opt().filter(|_| now.next_bill_on.is_some()) {
        Some(last) => now.index_of(last)?,
        None => None,
    };
    let begun = last.map_or(0, |index| index.saturating_add(1));
    let begun = i32::try_from(begun).map_err(Error::fault)?;
    let advance = Advance {
        billed_periods: begun.max(now.billed_periods),
        next_bill_on: now.next_bill_on,
        status: now.status,
        mrr_minor: None,
    };
    subscriptions::advance(tx, &[now.id], advance)
}

/// Credits what was charged for days from this one on.
pub(super) fn give_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (now, on): (&Subscription, NaiveDate),
    reason: &str,
) -> Result<()> {
    let from = Moment::start_of(books.vendor.zone, on);
    give_back_from(tx, books, (now, from), reason)
}

/// Credits what was charged for the time from a moment on.
fn give_back_from(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (now, from): (&Subscription, Moment),
    reason: &str,
) -> Result<()> {
    let all = segments::of_subscription(tx, now.id)?;
    let mut unused = Vec::new();
    for segment in newest(&all) {
        let net_minor = -credit_at(&segment.charge(), from)?;
        if net_minor > 0 {
            segments::credit(tx, segment.id, segment.credited_minor + net_minor)?;
            let service = segment.charge().service.rest_from(from.on);
            unused.push(Unused {
                segment,
                service,
                net_minor,
            });
        }
    }
    credit(tx, books, (now, &all), &unused, reason)
}

/// When what was used until its end and lacks of its minimum is billed, where a plan that it is or
/// was of bills in arrears and something of it was served.
fn last_bill(
    tx: &mut Tx<'_, VendorScope>,
    of: &Subscription,
    end: NaiveDate,
) -> Result<Option<NaiveDate>> {
    let terms = Terms::of(tx, std::slice::from_ref(of))?;
    let in_arrears = terms.bills_in_arrears(of)?;
    Ok(Some(end).filter(|_| in_arrears && of.billed_periods > 0))
}

fn end_later(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    before: &Subscription,
    reason: &str,
) -> Result<()> {
    if before.status == SubscriptionStatus::PendingCancel {
        return Err(Error::conflict("This subscription is set to end already."));
    }
    bill_one(tx, books, before.id, books.today)?;
    let mut now = subscriptions::one(tx, before.id)?;
    let end = now.stretch(now.next_index())?.service.from;
    now.status = SubscriptionStatus::PendingCancel;
    now.ends_on = Some(end);
    (now.next_plan_version_id, now.next_plan_on) = (None, None);
    now.ends_by_vendor = before.ends_by_vendor;
    now.next_bill_on = last_bill(tx, &now, end)?;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::CancelAtPeriodEnd,
        // Nothing changes before the end, so that the quantity may still be corrected.
        on: books.today.max(now.starts_on),
        before: now.quantity,
        after: 0,
        reason,
        plans: None,
    };
    note(tx, &now, noted)?;
    let summary = format!("Ends on {}", day(end));
    record(
        tx,
        Action::SubscriptionCancelScheduled,
        (&now, summary),
        &[],
    )
}

/// A scheduled cancellation to be undone.
#[derive(Debug, Clone)]
pub struct Undoing {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// Why.
    pub reason: String,
}

/// Undoes a cancellation set for the end of the billed period, as long as that has not come: the
/// subscription goes on and its next period is billed as before.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version, or a
/// subscription that is not set to end or has ended; faults of the database.
pub fn undo(tx: &mut Tx<'_, VendorScope>, undoing: &Undoing) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let mut now = live(tx, undoing.subscription, undoing.version)?;
    let is_set_to_end = now.status == SubscriptionStatus::PendingCancel
        && now.status.can_become(SubscriptionStatus::Active);
    let Some(end) = now.ends_on.filter(|_| is_set_to_end) else {
        return Err(Error::conflict("This subscription is not set to end."));
    };
    if end <= books.today {
        let ended = format!("This subscription has ended: {} was its end.", day(end));
        return Err(Error::conflict(ended));
    }
    now.status = match now.charged_from() > books.today {
        true => SubscriptionStatus::Trialing,
        false => SubscriptionStatus::Active,
    };
    now.ends_on = None;
    now.ends_by_vendor = false;
    now.next_bill_on = Some(now.stretch(now.next_index())?.service.from);
    versions::rejoin(tx, &mut now)?;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::CancelUndone,
        on: books.today.max(now.starts_on),
        before: now.quantity,
        after: now.quantity,
        reason: &undoing.reason,
        plans: None,
    };
    note(tx, &now, noted)?;
    let summary = format!("Kept on: no longer ends on {}", day(end));
    let changes = [Change {
        field: "ends on".to_owned(),
        old: day(end),
        new: String::new(),
    }];
    record(
        tx,
        Action::SubscriptionCancelUndone,
        (&now, summary),
        &changes,
    )
}

/// Ends the subscriptions whose set end has come; says how many of at most `limit`.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn end_due(tx: &mut Tx<'_, VendorScope>, today: NaiveDate, limit: i64) -> Result<usize> {
    tx.allow(Permission::ManageSubscriptions)?;
    subscriptions::begin_trials(tx, today)?;
    let due = subscriptions::ended(tx, today, limit)?;
    for mut subscription in due.iter().cloned() {
        subscription.status = SubscriptionStatus::Canceled;
        subscription.mrr_minor = 0;
        // What was used until the end may still have to be billed.
        subscriptions::change(tx, &subscription)?;
        let end = subscription.ends_on.map(day).unwrap_or_default();
        let summary = format!("Ended on {end}");
        record(
            tx,
            Action::SubscriptionCanceled,
            (&subscription, summary),
            &[],
        )?;
    }
    if !due.is_empty() {
        let books = Books::open(tx)?;
        claw_back(tx, &books, &due)?;
    }
    Ok(due.len())
}
