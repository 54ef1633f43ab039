//! What happened to subscriptions.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::calendar::counting;
use crate::{
    Result,
    domain::{
        held::PlanTurn,
        service_days::{ServiceDays, Turn},
    },
    id::{PartnerId, PlanVersionId, SubscriptionChangeId, SubscriptionId},
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        revenue::{ASKED_AT_ONCE, subscriptions::Subscription},
        schema::subscription_changes,
    },
};

row_codes! {
    /// What a recorded change did.
    ChangeKind {
        /// It began.
        Started = "started",
        /// Its quantity changed.
        Quantity = "quantity",
        /// Its plan changed.
        Plan = "plan",
        /// Its plan was set to change with a period to come.
        PlanSet = "plan_set",
        /// That was undone.
        PlanKept = "plan_kept",
        /// It was canceled at once.
        CancelNow = "cancel_now",
        /// It was set to end with the billed period.
        CancelAtPeriodEnd = "cancel_at_period_end",
        /// That was undone.
        CancelUndone = "cancel_undone",
        /// It is not served for a while.
        Paused = "paused",
        /// It is served again.
        Resumed = "resumed",
    }
}

/// A recorded change of a subscription.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscription_changes, treat_none_as_default_value = false)]
pub struct SubscriptionChange {
    /// Which.
    pub id: SubscriptionChangeId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of what.
    pub subscription_id: SubscriptionId,
    /// What it did.
    #[diesel(serialize_as = Coded<ChangeKind>, deserialize_as = Coded<ChangeKind>)]
    pub kind: ChangeKind,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Units before.
    pub quantity_before: i32,
    /// Units after.
    pub quantity_after: i32,
    /// Why.
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

impl SubscriptionChange {
    /// With how periods were counted before, where they are counted anew.
    pub fn counted_before(self, was: &Subscription, now: &Subscription) -> Self {
        let counts = |of: &Subscription| (of.anchor_on, of.anchor_index, of.interval_months);
        if counts(was) == counts(now) {
            return self;
        }
        Self {
            anchor_before: Some(was.anchor_on.unwrap_or(was.starts_on)),
            index_before: Some(was.anchor_index),
            interval_before: Some(was.interval_months),
            ..self
        }
    }
}

/// Writes changes down.
///
/// # Errors
/// Faults of the database.
pub fn record_changes(
    tx: &mut Tx<'_, VendorScope>,
    changes: Vec<SubscriptionChange>,
) -> Result<()> {
    tx.insert_all(subscription_changes::table, changes)?;
    Ok(())
}

/// The units that these subscriptions were started with.
///
/// # Errors
/// Faults of the database.
pub fn began_with(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, i32>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(some.to_vec()))
            .filter(subscription_changes::kind.eq(ChangeKind::Started.code()))
            .select((
                subscription_changes::subscription_id,
                subscription_changes::quantity_after,
            ));
        found.extend(tx.load::<(SubscriptionId, i32), _>(rows)?);
    }
    Ok(found)
}

/// The units of these subscriptions, each from the start of a day on, oldest first; none in a pause.
///
/// # Errors
/// Faults of the database.
pub fn units_from(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<(NaiveDate, i32)>>> {
    let kinds = [
        ChangeKind::Started,
        ChangeKind::Quantity,
        ChangeKind::Paused,
        ChangeKind::Resumed,
    ];
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(some.to_vec()))
            .filter(subscription_changes::kind.eq_any(kinds.map(ChangeKind::code)))
            .select(SubscriptionChange::as_select());
        // Put in order here, as changes of plan are.
        let mut changes: Vec<SubscriptionChange> = tx.load(rows)?;
        changes.sort_unstable_by_key(|change| change.id);
        for change in changes {
            let from = match change.effective_second {
                0 => Some(change.effective_on),
                _ => change.effective_on.succ_opt(),
            };
            let units = match change.kind {
                ChangeKind::Paused => 0,
                _ => change.quantity_after,
            };
            let its: &mut Vec<_> = found.entry(change.subscription_id).or_default();
            its.extend(from.map(|from| (from, units)));
        }
    }
    Ok(found)
}

/// The changes of one subscription, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn changes(
    tx: &mut Tx<'_, VendorScope>,
    id: SubscriptionId,
) -> Result<Vec<SubscriptionChange>> {
    let rows = tx
        .rows(subscription_changes::table)
        .filter(subscription_changes::subscription_id.eq(id))
        .order(subscription_changes::id)
        .select(SubscriptionChange::as_select());
    tx.load(rows)
}

/// Every recorded change, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_changes(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<SubscriptionChange>> {
    let rows = tx
        .rows(subscription_changes::table)
        .order(subscription_changes::id)
        .select(SubscriptionChange::as_select());
    tx.load(rows)
}

/// The plan versions that these subscriptions were of, each with the first day it was not any more,
/// oldest first.
///
/// # Errors
/// Faults of the database.
pub fn plans_left(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<(NaiveDate, PlanVersionId)>>> {
    let left =
        |turns: Vec<PlanTurn<_>>| turns.into_iter().map(|turn| (turn.on, turn.from)).collect();
    let turns = plan_turns(tx, ids)?.into_iter();
    Ok(turns.map(|(id, turns)| (id, left(turns))).collect())
}

/// The changes of some subscriptions to other plans, in the order they were made.
///
/// # Errors
/// Faults of the database, or of what it holds.
pub fn plan_turns(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<PlanTurn<PlanVersionId>>>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(some.to_vec()))
            .filter(subscription_changes::plan_before_id.is_not_null())
            .filter(subscription_changes::kind.eq(ChangeKind::Plan.code()))
            .select(SubscriptionChange::as_select());
        // Put in order here: asked for in the order of ids, SQLite reads every change there is
        // rather than those of these subscriptions.
        let mut changes: Vec<SubscriptionChange> = tx.load(rows)?;
        changes.sort_unstable_by_key(|change| change.id);
        for change in changes {
            let Some(from) = change.plan_before_id else {
                continue;
            };
            let counted = (
                change.anchor_before,
                change.index_before,
                change.interval_before,
            );
            let turn = PlanTurn {
                on: change.effective_on,
                from,
                counted: counting(counted)?,
            };
            found.entry(change.subscription_id).or_default().push(turn);
        }
    }
    Ok(found)
}

/// On which days subscriptions were served, and by which plan versions.
///
/// # Errors
/// Faults of the database.
pub fn service_days(
    tx: &mut Tx<'_, VendorScope>,
    of: &[Subscription],
) -> Result<HashMap<SubscriptionId, ServiceDays<PlanVersionId>>> {
    let kinds = [ChangeKind::Plan, ChangeKind::Paused, ChangeKind::Resumed];
    let mut turns: HashMap<SubscriptionId, Vec<_>> = HashMap::new();
    for some in of.chunks(ASKED_AT_ONCE) {
        let ids: Vec<SubscriptionId> = some.iter().map(|one| one.id).collect();
        let rows = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(ids))
            .filter(subscription_changes::kind.eq_any(kinds.map(ChangeKind::code)))
            .order(subscription_changes::id)
            .select(SubscriptionChange::as_select());
        for change in tx.load::<SubscriptionChange, _>(rows)? {
            let plans = change.plan_before_id.zip(change.plan_after_id);
            let turn = match (change.kind, plans) {
                (ChangeKind::Paused, _) => Turn::Paused,
                (ChangeKind::Plan, Some((from, to))) => Turn::Plan { from, to },
                _ => Turn::Resumed,
            };
            let own = turns.entry(change.subscription_id).or_default();
            own.push((change.effective_on, turn));
        }
    }
    let days = of.iter().map(|one| {
        let days = ServiceDays {
            starts_on: one.starts_on,
            ends_on: one.ends_on,
            plan: one.plan_version_id,
            turns: turns.remove(&one.id).unwrap_or_default(),
        };
        (one.id, days)
    });
    Ok(days.collect())
}
