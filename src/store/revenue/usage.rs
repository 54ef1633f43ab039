//! What was used, as it was reported, and what of it was billed.
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::{ASKED_AT_ONCE, commitments::pauses};
use crate::{
    Result,
    domain::{Measure, arrears::PastUsage, commitment::Pause, meter},
    id::{PartnerId, PriceId, SubscriptionId, UsageChargeId, UsageEventId},
    store::{
        PartnerScope, Platform, Scope, Tx, VendorScope, Visible,
        registers::Sees,
        schema::{subscription_changes, usage_charges, usage_events},
        tx::to,
    },
};

/// Something that was used, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = usage_events)]
pub struct UsageEvent {
    /// Which.
    pub id: UsageEventId,
    /// Whose customer used it.
    pub partner_id: PartnerId,
    /// Under which subscription.
    pub subscription_id: SubscriptionId,
    /// Which meter counts it.
    pub meter: String,
    /// Its own id: with the meter, it counts once.
    pub event_id: String,
    /// Who or what used it; empty where that does not matter.
    pub subject: String,
    /// How much, in millionths of a unit.
    pub value_micro: i64,
    /// Whether the partner reported it, else the vendor.
    pub by_partner: bool,
    /// Who of the other side verified it; empty for nobody. Outcomes are billed once they are.
    pub verified_by: String,
    /// When it happened, UTC.
    pub occurred_at: NaiveDateTime,
    /// When it was reported, UTC.
    pub received_at: NaiveDateTime,
    /// Whether a bill has counted it.
    pub settled: bool,
}

impl UsageEvent {
    /// Whether the other side has verified it.
    pub fn is_verified(&self) -> bool {
        !self.verified_by.is_empty()
    }
    /// As the rules of metering see it.
    pub fn measured(&self) -> meter::UsageEvent {
        meter::UsageEvent {
            event_id: self.event_id.clone(),
            at: self.occurred_at,
            subject: self.subject.clone(),
            value: Measure::from_micro(self.value_micro),
        }
    }
}

/// What the usage of one price in one period came to when it was billed last.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = usage_charges)]
pub struct UsageCharge {
    /// Which.
    pub id: UsageChargeId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which subscription.
    pub subscription_id: SubscriptionId,
    /// By which price.
    pub price_id: PriceId,
    /// In which period, from 0.
    pub period_index: i32,
    /// Its first day.
    pub service_from: NaiveDate,
    /// The day after its last.
    pub service_to: NaiveDate,
    /// What was used, in millionths of a unit.
    pub used_micro: i64,
    /// What of an allowance it carries on, in millionths of a unit.
    pub carries_micro: i64,
    /// What was billed in all, in minor units.
    pub billed_minor: i64,
}

impl UsageCharge {
    /// As the rules of billing see it.
    pub fn past(&self) -> PastUsage {
        PastUsage {
            index: u32::try_from(self.period_index).unwrap_or_default(),
            carries: Measure::from_micro(self.carries_micro),
            billed_minor: self.billed_minor,
        }
    }
}

/// What is asked about the usage of one subscription.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Of what.
    pub subscription: SubscriptionId,
    /// Open events before this instant are late: their periods are reckoned anew.
    pub late_before: NaiveDateTime,
    /// Events from this instant on are left for a later bill.
    pub before: NaiveDateTime,
    /// Whether a level is held on from earlier events, however old.
    pub holds_levels: bool,
}

/// The usage of one subscription that a bill rests on.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Events in the order they happened; settled ones only where they are needed again.
    pub events: Vec<UsageEvent>,
    /// What was billed so far, by price and period.
    pub charges: Vec<UsageCharge>,
    /// When it was paused.
    pub pauses: Vec<Pause>,
}

/// No period is longer than a leap year.
const LONGEST_PERIOD_DAYS: i64 = 366;

/// The usage that the next bills of some subscriptions rest on.
///
/// # Errors
/// Faults of the database.
pub fn books<S: Scope>(tx: &mut Tx<'_, S>, asks: &[Ask]) -> Result<HashMap<SubscriptionId, Book>>
where
    usage_events::table: Visible<S>,
    usage_charges::table: Visible<S>,
    subscription_changes::table: Visible<S>,
{
    let mut found: HashMap<SubscriptionId, Book> = HashMap::new();
    for some in asks.chunks(ASKED_AT_ONCE) {
        let ids: Vec<SubscriptionId> = some.iter().map(|ask| ask.subscription).collect();
        let open = open_events(tx, some)?;
        let again = needed_again(some, &open);
        let pauses = pauses(tx, &ids)?;
        // The last period that was billed may lie before a pause of any length.
        let since = match pauses.is_empty() {
            true => reckoned_from(some, &open),
            false => DateTime::UNIX_EPOCH.date_naive(),
        };
        for (id, pauses) in pauses {
            found.entry(id).or_default().pauses = pauses;
        }
        let charges = tx
            .rows(usage_charges::table)
            .filter(usage_charges::subscription_id.eq_any(ids))
            .filter(usage_charges::service_to.ge(since))
            .order((usage_charges::price_id, usage_charges::period_index))
            .select(UsageCharge::as_select());
        for charge in tx.load::<UsageCharge, _>(charges)? {
            let book = found.entry(charge.subscription_id).or_default();
            book.charges.push(charge);
        }
        for event in open.into_iter().chain(settled(tx, &again)?) {
            let book = found.entry(event.subscription_id).or_default();
            book.events.push(event);
        }
    }
    for book in found.values_mut() {
        book.events
            .sort_by_key(|event| (event.occurred_at, event.id));
    }
    Ok(found)
}

/// As [`books`], of one subscription; nothing is read where nothing is asked.
///
/// # Errors
/// Faults of the database.
pub fn book<S: Scope>(tx: &mut Tx<'_, S>, ask: Option<Ask>) -> Result<Book>
where
    usage_events::table: Visible<S>,
    usage_charges::table: Visible<S>,
    subscription_changes::table: Visible<S>,
{
    match ask {
        None => Ok(Book::default()),
        Some(ask) => {
            let mut found = books(tx, &[ask])?;
            Ok(found.remove(&ask.subscription).unwrap_or_default())
        }
    }
}

/// Charges that a record shows.
const SHOWN: i64 = 36;

/// What was billed for the usage of a subscription, newest period first, as far as a record shows it.
///
/// # Errors
/// Faults of the database.
pub fn charges<S: Scope>(tx: &mut Tx<'_, S>, of: SubscriptionId) -> Result<Vec<UsageCharge>>
where
    usage_charges::table: Visible<S>,
{
    let rows = tx
        .rows(usage_charges::table)
        .filter(usage_charges::subscription_id.eq(of))
        .order((
            usage_charges::period_index.desc(),
            usage_charges::price_id.asc(),
        ))
        .limit(SHOWN)
        .select(UsageCharge::as_select());
    tx.load(rows)
}

/// Everything that was billed for usage, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_charges(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<UsageCharge>> {
    let rows = tx
        .rows(usage_charges::table)
        .order(usage_charges::id)
        .select(UsageCharge::as_select());
    tx.load(rows)
}

fn length() -> TimeDelta {
    TimeDelta::days(LONGEST_PERIOD_DAYS)
}

/// The first day whose charges matter: those of the period before the first that is reckoned.
fn reckoned_from(asks: &[Ask], open: &[UsageEvent]) -> NaiveDate {
    let late = open.iter().map(|event| event.occurred_at);
    let first = asks.iter().map(|ask| ask.late_before).chain(late).min();
    first.map_or(NaiveDate::MIN, |first| (first - length()).date())
}

/// How far back a subscription's settled events are needed again.
fn needed_again(asks: &[Ask], open: &[UsageEvent]) -> HashMap<SubscriptionId, NaiveDateTime> {
    let asked: HashMap<SubscriptionId, &Ask> =
        asks.iter().map(|ask| (ask.subscription, ask)).collect();
    let mut again: HashMap<SubscriptionId, NaiveDateTime> = HashMap::new();
    for event in open {
        let ask = asked.get(&event.subscription_id);
        if ask.is_some_and(|ask| event.occurred_at < ask.late_before) {
            let since = event.occurred_at - length();
            let known = again.entry(event.subscription_id).or_insert(since);
            *known = since.min(*known);
        }
    }
    for ask in asks.iter().filter(|ask| ask.holds_levels) {
        again.insert(ask.subscription, DateTime::UNIX_EPOCH.naive_utc());
    }
    again
}

/// What no bill has counted and the next one may.
fn open_events<S: Scope>(tx: &mut Tx<'_, S>, asks: &[Ask]) -> Result<Vec<UsageEvent>>
where
    usage_events::table: Visible<S>,
{
    let before: HashMap<SubscriptionId, NaiveDateTime> = asks
        .iter()
        .map(|ask| (ask.subscription, ask.before))
        .collect();
    let Some(last) = before.values().max().copied() else {
        return Ok(Vec::new());
    };
    let rows = tx
        .rows(usage_events::table)
        .filter(usage_events::subscription_id.eq_any(before.keys().copied().collect::<Vec<_>>()))
        .filter(usage_events::settled.eq(false))
        .filter(usage_events::occurred_at.lt(last))
        .select(UsageEvent::as_select());
    let mut open: Vec<UsageEvent> = tx.load(rows)?;
    open.retain(|event| {
        let before = before.get(&event.subscription_id);
        before.is_some_and(|before| event.occurred_at < *before)
    });
    Ok(open)
}

fn settled<S: Scope>(
    tx: &mut Tx<'_, S>,
    again: &HashMap<SubscriptionId, NaiveDateTime>,
) -> Result<Vec<UsageEvent>>
where
    usage_events::table: Visible<S>,
{
    let Some(since) = again.values().min().copied() else {
        return Ok(Vec::new());
    };
    let ids: Vec<SubscriptionId> = again.keys().copied().collect();
    let rows = tx
        .rows(usage_events::table)
        .filter(usage_events::subscription_id.eq_any(ids))
        .filter(usage_events::settled.eq(true))
        .filter(usage_events::occurred_at.ge(since))
        .select(UsageEvent::as_select());
    tx.load(rows)
}

/// Writes reported events.
///
/// # Errors
/// Faults of the database.
pub fn add_events(tx: &mut Tx<'_, VendorScope>, new: Vec<UsageEvent>) -> Result<()> {
    tx.insert_all(usage_events::table, new)?;
    Ok(())
}

/// The events with these ids, whichever meter counts them.
///
/// # Errors
/// Faults of the database.
pub fn events_named(tx: &mut Tx<'_, VendorScope>, ids: &[String]) -> Result<Vec<UsageEvent>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(usage_events::table)
            .filter(usage_events::event_id.eq_any(some.to_vec()))
            .select(UsageEvent::as_select());
        found.extend(tx.load::<UsageEvent, _>(rows)?);
    }
    Ok(found)
}

/// What either side does with outcomes: one reports them, the other verifies them.
pub trait Outcomes: Sees + Platform {
    /// One event.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
    fn event(tx: &mut Tx<'_, Self>, id: UsageEventId) -> Result<UsageEvent>;
    /// Notes who verified an event; the next bill counts it.
    ///
    /// # Errors
    /// Faults of the database.
    fn verify(tx: &mut Tx<'_, Self>, id: UsageEventId, by: &str) -> Result<()>;
}

macro_rules! outcomes {
    ($scope:ty) => {
        impl Outcomes for $scope {
            fn event(tx: &mut Tx<'_, Self>, id: UsageEventId) -> Result<UsageEvent> {
                let row = tx
                    .rows(usage_events::table)
                    .filter(usage_events::id.eq(id))
                    .select(UsageEvent::as_select());
                tx.one(row)
            }
            fn verify(tx: &mut Tx<'_, Self>, id: UsageEventId, by: &str) -> Result<()> {
                let row = tx
                    .rows_of(usage_events::table)
                    .filter(usage_events::id.eq(id));
                let verified = (
                    to(usage_events::verified_by, by.to_owned()),
                    to(usage_events::settled, false),
                );
                tx.update(row, verified)?;
                Ok(())
            }
        }
    };
}
outcomes!(VendorScope);
outcomes!(PartnerScope);

/// Writes an outcome that a partner reports.
///
/// # Errors
/// Faults of the database.
pub fn add_outcome(tx: &mut Tx<'_, PartnerScope>, new: UsageEvent) -> Result<()> {
    let row = (
        usage_events::id.eq(new.id),
        usage_events::subscription_id.eq(new.subscription_id),
        usage_events::meter.eq(new.meter),
        usage_events::event_id.eq(new.event_id),
        usage_events::subject.eq(new.subject),
        usage_events::value_micro.eq(new.value_micro),
        usage_events::by_partner.eq(new.by_partner),
        usage_events::verified_by.eq(new.verified_by),
        usage_events::occurred_at.eq(new.occurred_at),
        usage_events::received_at.eq(new.received_at),
        usage_events::settled.eq(new.settled),
    );
    tx.insert(usage_events::table, row)
}

/// Notes that a bill has counted events.
///
/// # Errors
/// Faults of the database.
pub fn settle(tx: &mut Tx<'_, VendorScope>, ids: &[UsageEventId]) -> Result<()> {
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(usage_events::table)
            .filter(usage_events::id.eq_any(some.to_vec()));
        tx.update(rows, to(usage_events::settled, true))?;
    }
    Ok(())
}

/// Writes what periods came to for the first time.
///
/// # Errors
/// Faults of the database.
pub fn add_charges(tx: &mut Tx<'_, VendorScope>, new: Vec<UsageCharge>) -> Result<()> {
    tx.insert_all(usage_charges::table, new)?;
    Ok(())
}

/// Writes what a period comes to after late events.
///
/// # Errors
/// Faults of the database.
pub fn change_charge(tx: &mut Tx<'_, VendorScope>, now: &UsageCharge) -> Result<()> {
    let row = tx
        .rows_of(usage_charges::table)
        .filter(usage_charges::id.eq(now.id));
    let changed = (
        to(usage_charges::used_micro, now.used_micro),
        to(usage_charges::carries_micro, now.carries_micro),
        to(usage_charges::billed_minor, now.billed_minor),
    );
    tx.update(row, changed)?;
    Ok(())
}
