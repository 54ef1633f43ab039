//! A change of plan: at once, with credit for what is not used and a bill for the rest, or with the
//! next period.
use chrono::NaiveDate;

use super::{
    Noted, bill_before, check_effective, ending::give_back, live, quantity::standing_mrr, record,
    restate,
};
use crate::{
    Error, Result,
    domain::{Action, Permission, SubscriptionStatus, audit::diff},
    id::{PlanVersionId, SubscriptionId},
    services::revenue::{
        billing::{Terms, bill_one, bill_rests},
        books::{Books, day},
    },
    store::{
        Tx, VendorScope,
        revenue::{
            subscriptions::{self, ChangeKind, Subscription},
            terms::{self, PlanTerms},
        },
    },
};

/// When a change of plan takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanWhen {
    /// On this day, no later than today: what was charged for days from it on is credited, and the
    /// rest of each billed period is charged at the new plan's prices.
    Now(NaiveDate),
    /// With the next period to be billed: nothing is credited.
    NextPeriod,
}

/// A change of plan.
#[derive(Debug, Clone)]
pub struct PlanChange {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// What it is to be of.
    pub plan_version: PlanVersionId,
    /// From when.
    pub when: PlanWhen,
    /// Why.
    pub reason: String,
}

/// Changes a subscription's plan. The commission plan pinned at the sale stays; credit and charge
/// both count under it, each by its own offering. What was used before the change is billed by the
/// plan of its day once the period is over, and so is what is reported later for such a day.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a
/// subscription that does not run; [`Error::Invalid`] on `plan` or `effective_on`; faults of the
/// database.
pub fn change_plan(tx: &mut Tx<'_, VendorScope>, change: &PlanChange) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let before = live(tx, change.subscription, change.version)?;
    if before.status == SubscriptionStatus::Paused {
        return Err(Error::conflict("It is paused: resume it first."));
    }
    let new = check_plan(tx, &before, change.plan_version)?;
    let name = format!("{}, {}", new.offering, new.plan);
    match change.when {
        PlanWhen::Now(on) if new.interval_months == before.interval_months => {
            change_now(tx, &books, (&before, &name, on), change)
        }
        PlanWhen::Now(on) => change_anew(tx, &books, (&before, &name, on), change),
        PlanWhen::NextPeriod => change_later(tx, &books, (&before, &name), change),
    }
}

/// Whether a subscription can be moved to a plan version; gives its terms.
fn check_plan(
    tx: &mut Tx<'_, VendorScope>,
    before: &Subscription,
    to: PlanVersionId,
) -> Result<PlanTerms> {
    let refuse = |why: String| Err(Error::on("plan", why));
    if before.plan_version_id == to {
        return refuse("This is its plan already.".to_owned());
    }
    let mut plans = terms::plans_of(tx, &[before.plan_version_id, to])?;
    let new = plans.get(&to).filter(|plan| plan.is_published);
    let Some(new) = new else {
        return refuse("This plan is not on sale.".to_owned());
    };
    if new.currency != before.currency {
        let (it, has) = (new.currency, before.currency);
        return refuse(format!(
            "This plan is in {it}, the subscription in {has}, which it keeps. Cancel it and start a \
             new one in {it}."
        ));
    }
    if let Some(end) = before
        .ends_on
        .filter(|_| new.interval_months != before.interval_months)
    {
        return refuse(format!(
            "This plan is billed {} and the subscription is set to end on {}: undo that first.",
            new.interval()?.name(),
            day(end)
        ));
    }
    plans.remove(&to).ok_or(Error::NotFound)
}

/// The terms of a subscription that is to come to another plan from a day on, and of that plan. Where
/// either bills in arrears, the day is none of a period that is billed wholly.
fn terms_from(
    tx: &mut Tx<'_, VendorScope>,
    was: &Subscription,
    (to, on): (PlanVersionId, NaiveDate),
) -> Result<Terms> {
    let coming = Subscription {
        next_plan_version_id: Some(to),
        ..was.clone()
    };
    let terms = Terms::of(tx, std::slice::from_ref(&coming))?;
    let last = was.next_index().checked_sub(1);
    let Some(last) = last.filter(|last| *last >= was.first_index()) else {
        return Ok(terms);
    };
    let open = was.stretch(last)?.service.from;
    // No change is dated back beyond the last one, so that earlier plans do not matter.
    let in_arrears = terms.plan(was)?.bills_in_arrears() || terms.plan_of(to)?.bills_in_arrears();
    match in_arrears && on < open {
        false => Ok(terms),
        true => {
            let open = day(open);
            let why = format!(
                "What was used or lacked of a minimum before {open} is billed, and stays as it was: \
                 give {open} or a later day."
            );
            Err(Error::on("effective_on", why))
        }
    }
}

/// Changes to a plan that is billed at another interval: what is unused is given back, and a whole
/// period of the new plan is billed from the day on.
fn change_anew(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (before, name, on): (&Subscription, &str, NaiveDate),
    change: &PlanChange,
) -> Result<()> {
    check_effective(tx, books, before, on)?;
    bill_before(tx, books, before, on)?;
    let was = subscriptions::one(tx, before.id)?;
    let from = on.max(was.charged_from());
    let terms = terms_from(tx, &was, (change.plan_version, on))?;
    let mut now = terms.on_plan(&was, (change.plan_version, from))?;
    now.next_bill_on = Some(from);
    now.mrr_minor = standing_mrr(&terms, &now)?;
    subscriptions::change(tx, &now)?;
    subscriptions::recount(tx, &now)?;
    noted(tx, &now, on, (&was, &change.reason))?;
    give_back(tx, books, (&now, on), &change.reason)?;
    bill_one(tx, books, now.id, books.today)?;
    let now = subscriptions::one(tx, now.id)?;
    let summary = format!("Plan changed from {}", day(on));
    record_plan(tx, (&now, summary), (was.plan_version_id, name))
}

fn change_now(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (before, name, on): (&Subscription, &str, NaiveDate),
    change: &PlanChange,
) -> Result<()> {
    check_effective(tx, books, before, on)?;
    bill_before(tx, books, before, on)?;
    let was = subscriptions::one(tx, before.id)?;
    let terms = terms_from(tx, &was, (change.plan_version, on))?;
    let mut now = Subscription {
        plan_version_id: change.plan_version,
        next_plan_version_id: None,
        next_plan_on: None,
        ..was.clone()
    };
    now.mrr_minor = standing_mrr(&terms, &now)?;
    if now.next_bill_on.is_none() && terms.plan(&now)?.bills_in_arrears() {
        now.next_bill_on = now.ends_on;
    }
    subscriptions::change(tx, &now)?;
    noted(tx, &now, on, (&was, &change.reason))?;
    give_back(tx, books, (&now, on), &change.reason)?;
    bill_rests(tx, books, (&terms, &now), on)?;
    let summary = format!("Plan changed from {}", day(on));
    record_plan(tx, (&now, summary), (was.plan_version_id, name))
}

fn change_later(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (before, name): (&Subscription, &str),
    change: &PlanChange,
) -> Result<()> {
    if before.status == SubscriptionStatus::PendingCancel {
        return Err(Error::conflict("This subscription is set to end."));
    }
    bill_one(tx, books, before.id, books.today)?;
    let mut now = subscriptions::one(tx, before.id)?;
    let on = now.stretch(now.next_index())?.service.from;
    now.next_plan_version_id = Some(change.plan_version);
    now.next_plan_on = Some(on);
    subscriptions::change(tx, &now)?;
    let today = books.today.max(now.starts_on);
    let set = Subscription {
        plan_version_id: change.plan_version,
        ..now.clone()
    };
    let was = now.plan_version_id;
    let kind = (ChangeKind::PlanSet, today);
    write_change(tx, &set, kind, (was, &change.reason))?;
    let summary = format!("Plan changes on {}", day(on));
    record_plan(tx, (&now, summary), (was, name))
}

/// Keeps a subscription on its plan, though a change was set for its next period.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version, or where no
/// change is set; faults of the database.
pub fn keep_plan(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (SubscriptionId, i32),
    reason: &str,
) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let mut now = live(tx, id, version)?;
    let Some(set) = now.next_plan_version_id else {
        return Err(Error::conflict("No change of plan is set."));
    };
    (now.next_plan_version_id, now.next_plan_on) = (None, None);
    subscriptions::change(tx, &now)?;
    let on = books.today.max(now.starts_on);
    write_change(tx, &now, (ChangeKind::PlanKept, on), (set, reason))?;
    let summary = "Plan kept: it does not change".to_owned();
    record(tx, Action::SubscriptionChanged, (&now, summary), &[])
}

/// Moves those of some subscriptions, whose next period is to be billed, to the plan that was set
/// for it; gives all of them as they are now.
pub(in crate::services::revenue) fn take_set_plans(
    tx: &mut Tx<'_, VendorScope>,
    due: &[Subscription],
) -> Result<Vec<Subscription>> {
    let mut taken = Vec::new();
    let is_any_set = due.iter().any(|one| one.next_plan_on.is_some());
    let terms = match is_any_set {
        true => Terms::of(tx, due)?,
        false => return Ok(due.to_vec()),
    };
    for one in due {
        let from = one.stretch(one.next_index())?.service.from;
        let ends = one.ends_on.is_some_and(|end| end <= from);
        let set = one.next_plan_version_id;
        let is_due = !ends && one.next_plan_on.is_some_and(|on| on <= from);
        match set.filter(|_| is_due) {
            None => taken.push(one.clone()),
            Some(version) => taken.push(take(tx, &terms, one, (version, from))?),
        }
    }
    Ok(taken)
}

fn take(
    tx: &mut Tx<'_, VendorScope>,
    terms: &Terms,
    one: &Subscription,
    (version, from): (PlanVersionId, NaiveDate),
) -> Result<Subscription> {
    let mut now = terms.on_plan(one, (version, from))?;
    now.mrr_minor = terms.monthly(&now, now.next_index())?;
    subscriptions::change(tx, &now)?;
    subscriptions::recount(tx, &now)?;
    now.version += 1;
    noted(tx, &now, from, (one, "As it was set"))?;
    let plan = terms.plan(&now)?;
    let name = format!("{}, {}", plan.offering, plan.plan);
    let summary = format!("Plan changed from {}", day(from));
    record_plan(tx, (&now, summary), (one.plan_version_id, &name))?;
    Ok(now)
}

/// Writes down that the plan is another from a day on, and what that brings a month.
fn noted(
    tx: &mut Tx<'_, VendorScope>,
    now: &Subscription,
    on: NaiveDate,
    (was, reason): (&Subscription, &str),
) -> Result<()> {
    let noted = Noted {
        kind: ChangeKind::Plan,
        on,
        before: now.quantity,
        after: now.quantity,
        reason,
        plans: Some((was.plan_version_id, now.plan_version_id)),
    };
    let change = noted.of(&*tx, now).counted_before(was, now);
    subscriptions::record_changes(tx, vec![change])?;
    restate(tx, now, on)
}

/// Writes down what is set, which brings nothing else yet.
fn write_change(
    tx: &mut Tx<'_, VendorScope>,
    now: &Subscription,
    (kind, on): (ChangeKind, NaiveDate),
    (was, reason): (PlanVersionId, &str),
) -> Result<()> {
    let noted = Noted {
        kind,
        on,
        before: now.quantity,
        after: now.quantity,
        reason,
        plans: Some((was, now.plan_version_id)),
    };
    let change = noted.of(&*tx, now);
    subscriptions::record_changes(tx, vec![change])
}

fn record_plan(
    tx: &mut Tx<'_, VendorScope>,
    (now, summary): (&Subscription, String),
    (was, name): (PlanVersionId, &str),
) -> Result<()> {
    let known = terms::plans_of(tx, &[was])?;
    let before = known.get(&was);
    let before = before.map_or_else(String::new, |plan| {
        format!("{}, {}", plan.offering, plan.plan)
    });
    let changes = diff(&[("plan", before.as_str(), name)]);
    record(tx, Action::SubscriptionChanged, (now, summary), &changes)
}
