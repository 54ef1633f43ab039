//! A new version of a plan for those who were sold an earlier one: they keep their price, unless the
//! vendor says from when they come to the new one.
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    Noted,
    announcing::{announce, unreached},
};
use crate::{
    Error, Result,
    domain::{
        Action, Money, Overflow, Permission, Reach, VersionStatus,
        audit::diff,
        reach::{LONGEST_HELD_MONTHS, Reached},
    },
    id::{PartnerId, PlanVersionId, SubscriptionId},
    services::{revenue::billing::Terms, stale},
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        catalogue::plans::{self, PlanVersion},
        platform::Event,
        revenue::subscriptions::{self, ChangeKind, Subscription},
    },
};

/// The earlier sales that can come to a version, and what that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Subscriptions.
    pub count: usize,
    /// The partners who sold them.
    pub partners: usize,
    /// The names of those whom no letter reaches.
    pub unreached: Vec<String>,
    /// What they bring a month at their own prices, before tax.
    pub now: Money,
    /// What they bring a month at the version's.
    pub then: Money,
}

/// The subscriptions that could come to a version: those that go on at an earlier one of its plan, in
/// its currency and at its interval, and are not set to change or to end. None where either bills
/// in arrears: a period that is over is billed by the version it was served under.
fn movable(tx: &mut Tx<'_, VendorScope>, new: &PlanVersion) -> Result<Vec<Subscription>> {
    let earlier = plans::versions_of(tx, new.plan)?.into_iter();
    let fitting = earlier.filter(|old| follows(new, old));
    let fitting: Vec<PlanVersionId> = fitting.map(|old| old.id).collect();
    subscriptions::going_on(tx, &fitting)
}

/// Whether what was sold at one version can go on at a later one.
fn follows(new: &PlanVersion, old: &PlanVersion) -> bool {
    old.version_no < new.version_no
        && (old.terms.currency, old.terms.interval) == (new.terms.currency, new.terms.interval)
        && !old.bills_in_arrears()
        && !new.bills_in_arrears()
}

/// What it comes to if all earlier sales that can come to a version do: by the rule of the run.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; amounts that do not fit; faults of the database.
pub fn impact(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId) -> Result<Impact> {
    tx.allow(Permission::ManageSubscriptions)?;
    let version = plans::version(tx, id)?;
    let found = movable(tx, &version)?;
    let moved: Vec<Subscription> = found.iter().map(|one| at(one, id)).collect();
    let both: Vec<Subscription> = found.iter().chain(&moved).cloned().collect();
    let terms = Terms::of(tx, &both)?;
    let partners: BTreeSet<PartnerId> = found.iter().map(|one| one.partner_id).collect();
    let monthly = |of: &[Subscription]| -> Result<Money> {
        let mut sum = 0i64;
        for one in of {
            let monthly = terms.monthly(one, one.next_index())?;
            sum = sum.checked_add(monthly).ok_or(Overflow)?;
        }
        Ok(Money::new(sum, version.terms.currency))
    };
    Ok(Impact {
        count: found.len(),
        partners: partners.len(),
        unreached: unreached(tx, &partners)?,
        now: monthly(&found)?,
        then: monthly(&moved)?,
    })
}

pub(super) fn at(one: &Subscription, version: PlanVersionId) -> Subscription {
    Subscription {
        plan_version_id: version,
        ..one.clone()
    }
}

/// How many subscriptions are set to come to a version.
///
/// # Errors
/// Faults of the database.
pub fn coming(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId) -> Result<usize> {
    Ok(subscriptions::set_to(tx, id)?.len())
}

/// Brings the earlier sales of a plan to the version that is sold now: each with its first period
/// that `reach` lets it. Until then one of them can still be kept on its version. Each partner
/// concerned gets a letter, once this is written. Says how many.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version, one that is
/// not sold now, or where they are set to come already; [`Error::Invalid`] on `existing_from` or
/// `held_months`; faults of the database.
pub fn bring(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (PlanVersionId, i32),
    reach: Reach,
    mail_domain: &str,
) -> Result<usize> {
    tx.allow(Permission::ManageCatalogue)?;
    tx.allow(Permission::ManageSubscriptions)?;
    let new = plans::version(tx, id)?;
    if new.status != VersionStatus::Published {
        return Err(Error::conflict(
            "Earlier sales come to the version that is sold now, and to no other.",
        ));
    }
    if new.reach.is_some() {
        return Err(stale("plan"));
    }
    let today = vendor::today(tx)?;
    let found = movable(tx, &new)?;
    check(&reach, today)?;
    if found.is_empty() {
        return Err(Error::on("existing_from", why_none(tx, &new)?));
    }
    set(tx, (&new, &found), (reach, today))?;
    announce(tx, (&new, &found), mail_domain)?;
    if !plans::reach(tx, (id, version), Some(reach))? {
        return Err(stale("plan"));
    }
    note(tx, &new, ("", &reach.words()), found.len())?;
    Ok(found.len())
}

/// Why no earlier sale can come to a version.
///
/// # Errors
/// Faults of the database.
pub fn why_none(tx: &mut Tx<'_, VendorScope>, new: &PlanVersion) -> Result<String> {
    let mut earlier = plans::versions_of(tx, new.plan)?.into_iter();
    let other = earlier
        .find(|old| old.version_no < new.version_no && old.terms.currency != new.terms.currency);
    Ok(match other {
        Some(old) => {
            let (has, is) = (old.terms.currency, new.terms.currency);
            format!(
                "Earlier sales are in {has} and this version in {is}. A subscription keeps its \
                 currency: cancel it and start a new one in {is}."
            )
        }
        None => {
            "No earlier sale can come to it: none runs, or those that do are billed at another \
                 interval, count usage or have a minimum, or are set to end or to change."
                .to_owned()
        }
    })
}

fn check(reach: &Reach, today: NaiveDate) -> Result<()> {
    if reach.from <= today {
        let why = "Give a day to come: what was billed stays as it was.";
        return Err(Error::on("existing_from", why));
    }
    if reach.held_months > LONGEST_HELD_MONTHS {
        return Err(Error::on("held_months", "Give at most 120 months."));
    }
    Ok(())
}

/// The first day of the first period of a subscription at a version.
fn first_day(of: &Subscription, reach: Reach) -> Result<NaiveDate> {
    let reached = Reached {
        anchor: of.anchor()?,
        charged_from: of.charged_from(),
        term_months: of.term(),
    };
    let day = reach.first_day(&reached);
    day.ok_or_else(|| Error::on("existing_from", "This day lies too far ahead."))
}

/// Sets each to change on its own day, and writes that down.
fn set(
    tx: &mut Tx<'_, VendorScope>,
    (new, found): (&PlanVersion, &[Subscription]),
    (reach, today): (Reach, NaiveDate),
) -> Result<()> {
    let reason = format!(
        "Version {} of the plan is for earlier sales too",
        new.version_no
    );
    let mut days: BTreeMap<NaiveDate, Vec<SubscriptionId>> = BTreeMap::new();
    let mut changes = Vec::new();
    for one in found {
        days.entry(first_day(one, reach)?).or_default().push(one.id);
        let plans = (one.plan_version_id, new.id);
        changes.push(noted(one, (ChangeKind::PlanSet, today), (plans, &reason)).of(&*tx, one));
    }
    for (on, ids) in days {
        subscriptions::set_plan(tx, &ids, Some((new.id, on)))?;
    }
    subscriptions::record_changes(tx, changes)
}

fn noted<'a>(
    one: &Subscription,
    (kind, today): (ChangeKind, NaiveDate),
    (plans, reason): ((PlanVersionId, PlanVersionId), &'a str),
) -> Noted<'a> {
    Noted {
        kind,
        on: today.max(one.starts_on),
        before: one.quantity,
        after: one.quantity,
        reason,
        plans: Some(plans),
    }
}

/// Lets the earlier sales that have not come to a version yet keep their price after all. Those that
/// have come stay at it. Says how many.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version, or where none
/// are set to come; faults of the database.
pub fn call_off(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (PlanVersionId, i32),
    reason: &str,
) -> Result<usize> {
    tx.allow(Permission::ManageCatalogue)?;
    tx.allow(Permission::ManageSubscriptions)?;
    let new = plans::version(tx, id)?;
    let Some(reach) = new.reach else {
        return Err(Error::conflict("Earlier sales are not set to come to it."));
    };
    let today = vendor::today(tx)?;
    let found = subscriptions::set_to(tx, id)?;
    let mut changes = Vec::new();
    for one in &found {
        let plans = (id, one.plan_version_id);
        changes.push(noted(one, (ChangeKind::PlanKept, today), (plans, reason)).of(&*tx, one));
    }
    let ids: Vec<SubscriptionId> = found.iter().map(|one| one.id).collect();
    subscriptions::set_plan(tx, &ids, None)?;
    subscriptions::record_changes(tx, changes)?;
    if !plans::reach(tx, (id, version), None)? {
        return Err(stale("plan"));
    }
    note(tx, &new, (&reach.words(), ""), found.len())?;
    Ok(found.len())
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    version: &PlanVersion,
    (was, is): (&str, &str),
    count: usize,
) -> Result<()> {
    let plan = plans::plan(tx, version.plan)?;
    let number = version.version_no;
    let field = format!("earlier sales come to version {number}");
    let did = if is.is_empty() {
        "keep theirs"
    } else {
        "come to it"
    };
    VendorScope::record(
        tx,
        &Event {
            action: Action::PlanChanged,
            subject: plan.id.number(),
            partner: None,
            summary: format!(
                "{}, version {number}: {count} earlier sales {did}",
                plan.name
            ),
            changes: &diff(&[(field.as_str(), was, is)]),
        },
    )
}

/// Sets a subscription that goes on after all to come to a later version of its plan, where earlier
/// sales do; not one that a person kept on its version.
pub(super) fn rejoin(tx: &mut Tx<'_, VendorScope>, now: &mut Subscription) -> Result<()> {
    let changes = subscriptions::changes(tx, now.id)?;
    let mut about = changes.iter().filter(|one| one.plan_before_id.is_some());
    if about
        .next_back()
        .is_some_and(|one| one.kind == ChangeKind::PlanKept)
    {
        return Ok(());
    }
    let own = plans::version(tx, now.plan_version_id)?;
    let later = plans::versions_of(tx, own.plan)?.into_iter();
    let mut coming = later.filter(|new| follows(new, &own));
    let Some((new, reach)) = coming.find_map(|new| Some((new.id, new.reach?))) else {
        return Ok(());
    };
    let on = first_day(now, reach)?;
    (now.next_plan_version_id, now.next_plan_on) = (Some(new), Some(on));
    let reason = "It goes on after all, as earlier sales do";
    let today = vendor::today(tx)?;
    let plans = (now.plan_version_id, new);
    let change = noted(now, (ChangeKind::PlanSet, today), (plans, reason)).of(&*tx, now);
    subscriptions::record_changes(tx, vec![change])
}
