//! One subscription with what happened to it, as its page tells of it.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{dsl::count_star, prelude::*};

use super::{Row, Subscription, plan_names};
use crate::{
    Result,
    domain::held::{Counting, Held, PlanTurn, held},
    error::Error,
    id::{PlanVersionId, SubscriptionId},
    store::{
        Scope, Tx, Visible,
        catalogue::plans::{self, Plan, PlanVersion},
        revenue::subscriptions::counting,
        schema::{
            charge_segments, customers, offerings, plan_versions, plans as plan_rows, price_tiers,
            prices, subscription_changes, subscriptions,
        },
        sell,
    },
};

/// Something that happened to a subscription.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = subscription_changes)]
pub struct Change {
    /// started, quantity, plan, plan_set, plan_kept, cancel_now, cancel_at_period_end,
    /// cancel_undone, paused or resumed.
    pub kind: String,
    /// From which day, in the vendor's zone.
    pub effective_on: NaiveDate,
    /// Units before.
    pub quantity_before: i32,
    /// Units after.
    pub quantity_after: i32,
    /// Why, in the words of who did it.
    pub reason: String,
    /// When it was written down, UTC.
    pub recorded_at: NaiveDateTime,
    /// The plan version before, where the change is about that.
    pub plan_before_id: Option<PlanVersionId>,
    /// And after.
    pub plan_after_id: Option<PlanVersionId>,
    /// From which second of its day on, as the vendor's clocks show it; 0 for its start.
    pub effective_second: i32,
    /// Where periods were counted from before, where another plan counts them anew.
    pub anchor_before: Option<NaiveDate>,
    /// The index of the period that began there.
    pub index_before: Option<i32>,
    /// Months of a billing period before.
    pub interval_before: Option<i32>,
}

/// A plan that a subscription is set to change to.
#[derive(Debug, Clone)]
pub struct NextPlan {
    /// Of the offering and the plan.
    pub name: String,
    /// From the first period that starts on or after this day.
    pub on: NaiveDate,
    /// What it costs then.
    pub version: PlanVersion,
}

/// A subscription with what belongs to it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The subscription.
    pub subscription: Subscription,
    /// The customer's name.
    pub customer: String,
    /// The name of the offering it is to.
    pub offering: String,
    /// The plan it is to.
    pub plan: Plan,
    /// The version it is of, with its prices.
    pub version: PlanVersion,
    /// Other versions that it was of before.
    pub left: Vec<PlanVersion>,
    /// What happened to it, newest first.
    pub changes: Vec<Change>,
    /// How many stretches of service were charged.
    pub segments: i64,
    /// What it is set to change to.
    pub next: Option<NextPlan>,
    /// What the plan versions that its changes are about are called.
    pub plan_names: BTreeMap<PlanVersionId, String>,
}

impl Record {
    /// The subscription as it is with its next period: counted anew where its plan changes to one
    /// that is billed at another interval.
    ///
    /// # Errors
    /// A period beyond the calendar.
    pub fn at_next(&self) -> Result<Subscription> {
        let mut then = self.subscription.clone();
        let next = u32::try_from(then.billed_periods).unwrap_or_default();
        let starts = then.stretch(next)?.service.from;
        let terms = self.version_on(starts).terms;
        if terms.interval != then.interval && then.ends_on.is_none() {
            (then.anchor_on, then.anchor_index) = (starts, next);
            (then.interval, then.term_months) = (terms.interval, terms.term_months);
        }
        Ok(then)
    }
    /// The plan versions that it is and was of, oldest first, with their days and periods.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn held(&self) -> Result<Vec<Held<PlanVersionId>>> {
        let it = &self.subscription;
        let mut turns = Vec::new();
        let taken = self.changes.iter().rev().filter(|one| one.kind == "plan");
        for change in taken {
            let before = (
                change.anchor_before,
                change.index_before,
                change.interval_before,
            );
            let counted = counting(before)?;
            turns.extend(change.plan_before_id.map(|from| PlanTurn {
                on: change.effective_on,
                from,
                counted,
            }));
        }
        let now = Counting {
            anchor: it.anchor(),
            first: it.anchor_index,
        };
        let next = u32::try_from(it.billed_periods).map_err(Error::fault)?;
        Ok(held(it.plan_version, (now, next), &turns))
    }
    /// The versions that it is and was of, that of today first.
    pub fn versions(&self) -> impl Iterator<Item = &PlanVersion> + Clone {
        std::iter::once(&self.version).chain(&self.left)
    }
    /// The version that it is or was of on a day.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn held_on(&self, day: NaiveDate) -> Result<&PlanVersion> {
        let held = self.held()?;
        let held = held.iter().find(|one| one.contains(day));
        let mut versions = self.versions();
        let then = versions.find(|one| held.is_some_and(|held| held.plan == one.id));
        Ok(then.unwrap_or(&self.version))
    }
    /// Whether one of its plans has a minimum.
    pub fn has_minimum(&self) -> bool {
        let mut versions = self.versions();
        versions.any(|version| version.terms.minimum_minor > 0)
    }
    /// The version that a period is billed by which starts on a day.
    pub fn version_on(&self, starts: NaiveDate) -> &PlanVersion {
        match &self.next {
            Some(next) if next.on <= starts => &next.version,
            _ => &self.version,
        }
    }
}

/// One subscription with what belongs to it.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn record<S: Scope>(tx: &mut Tx<'_, S>, id: SubscriptionId) -> Result<Record>
where
    subscriptions::table: Visible<S>,
    customers::table: Visible<S>,
    plan_versions::table: Visible<S>,
    plan_rows::table: Visible<S>,
    offerings::table: Visible<S>,
    prices::table: Visible<S>,
    price_tiers::table: Visible<S>,
    subscription_changes::table: Visible<S>,
    charge_segments::table: Visible<S>,
{
    let row = tx
        .rows(subscriptions::table)
        .filter(subscriptions::id.eq(id))
        .select(Row::as_select());
    let seen_by = tx.scope().partner_id();
    let subscription = tx.one::<Row, _>(row)?.read(seen_by)?;
    let changes = tx
        .rows(subscription_changes::table)
        .filter(subscription_changes::subscription_id.eq(id))
        .order(subscription_changes::id.desc())
        .select(Change::as_select());
    let segments = tx
        .rows(charge_segments::table)
        .filter(charge_segments::subscription_id.eq(id))
        .select(count_star());
    let version = plans::version(tx, subscription.plan_version)?;
    let plan = plans::plan(tx, version.plan)?;
    let offering = tx
        .rows(offerings::table)
        .filter(offerings::id.eq(plan.offering))
        .select(offerings::name);
    let changes: Vec<Change> = tx.load(changes)?;
    let about = |one: &Change| [one.plan_before_id, one.plan_after_id];
    let mut about: Vec<PlanVersionId> = changes.iter().flat_map(about).flatten().collect();
    if let Some((version, _)) = subscription.next_plan {
        about.extend([version, subscription.plan_version]);
    }
    about.sort_unstable();
    about.dedup();
    let mut left = Vec::new();
    for id in plans_left(&changes, subscription.plan_version) {
        left.push(plans::version(tx, id)?);
    }
    let plan_names = match about.is_empty() {
        true => BTreeMap::new(),
        false => plan_names(tx, about, true)?,
    };
    let next = match subscription.next_plan {
        None => None,
        Some((version, on)) => Some(NextPlan {
            name: plan_names.get(&version).cloned().unwrap_or_default(),
            on,
            version: plans::version(tx, version)?,
        }),
    };
    Ok(Record {
        next,
        plan_names,
        customer: sell::customers::customer(tx, subscription.customer)?.name,
        offering: tx.one(offering)?,
        plan,
        changes,
        segments: tx.one(segments)?,
        version,
        left,
        subscription,
    })
}

/// The plan versions that a subscription changed from, other than what it is of now.
fn plans_left(changes: &[Change], is: PlanVersionId) -> BTreeSet<PlanVersionId> {
    let taken = changes.iter().filter(|one| one.kind == "plan");
    let left = taken.filter_map(|one| one.plan_before_id);
    left.filter(|one| *one != is).collect()
}
