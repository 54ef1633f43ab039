//! A change of quantity, prorated from what was charged: by the day, or by the second where the
//! plan says so.
use chrono::{NaiveDate, NaiveTime};

use super::{
    Noted, bill_until, check_moment, check_units, live, moment, note_at, record,
    turns::{charge_less, charge_more, shares_fixed, turns},
    units,
};
use crate::{
    Error, Result,
    domain::{Action, Moment, Permission, Quantity, SubscriptionStatus, audit::diff},
    id::SubscriptionId,
    services::revenue::{billing::Terms, books::Books},
    store::{
        Tx, VendorScope,
        revenue::{
            segments,
            subscriptions::{self, ChangeKind, Subscription},
        },
    },
};

/// A change of quantity.
#[derive(Debug, Clone)]
pub struct QuantityChange {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// Units from then on.
    pub quantity: Quantity,
    /// The first day of the new quantity, no later than today.
    pub effective_on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// Changes a subscription's quantity from a day on. What was billed beyond that day is prorated
/// by the day: prices that come to more become an invoice for the difference, those that come to
/// less a credit note.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `quantity` or `effective_on`; faults of the database.
pub fn change_quantity(tx: &mut Tx<'_, VendorScope>, change: &QuantityChange) -> Result<()> {
    change_quantity_at(tx, change, None)
}

/// As [`change_quantity`], from a time of its day on, in the vendor's zone, where the plan counts
/// seconds: credit and charge are then those of the time that is left.
///
/// # Errors
/// As [`change_quantity`]; [`Error::Invalid`] on `effective_on` for a time of a plan that counts
/// days.
pub fn change_quantity_at(
    tx: &mut Tx<'_, VendorScope>,
    change: &QuantityChange,
    time: Option<NaiveTime>,
) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let before = live(tx, change.subscription, change.version)?;
    if before.status == SubscriptionStatus::Paused {
        return Err(Error::conflict("It is paused: resume it first."));
    }
    if before.quantity == units(change.quantity) {
        return Err(Error::on("quantity", "This is its quantity already."));
    }
    let from = moment(tx, &books, &before, (change.effective_on, time))?;
    check_moment(tx, &books, &before, from)?;
    bill_until(tx, &books, &before, from)?;
    let terms = Terms::of(tx, std::slice::from_ref(&before))?;
    let mut now = subscriptions::one(tx, before.id)?;
    check_units(terms.plan(&now)?, change.quantity)?;
    now.quantity = units(change.quantity);
    now.mrr_minor = standing_mrr(&terms, &now)?;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::Quantity,
        on: from.on,
        before: before.quantity,
        after: now.quantity,
        reason: &change.reason,
        plans: None,
    };
    note_at(tx, &now, (noted, from.second))?;
    rebill(tx, &books, (&terms, &now), (from, &change.reason))?;
    let changes = diff(&[(
        "quantity",
        before.quantity.to_string(),
        now.quantity.to_string(),
    )]);
    let summary = format!("Quantity {} from {}", now.quantity, from.words());
    record(tx, Action::SubscriptionChanged, (&now, summary), &changes)
}

/// Credits and charges what a new quantity makes of what was billed.
fn rebill(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (terms, now): (&Terms, &Subscription),
    (from, reason): (Moment, &str),
) -> Result<()> {
    let all = segments::of_subscription(tx, now.id)?;
    let mut turns = turns((terms, books), (now, &all), from, |price, period| {
        price.counts_seats() || shares_fixed(&terms.discounts(now), period)
    })?;
    turns.retain(|one| one.price.price.counts_seats() || one.net_minor() != 0);
    // Each price goes its own way: netted against each other, a charge could not be credited later.
    let (more, less): (Vec<_>, Vec<_>) = turns.into_iter().partition(|one| one.net_minor() > 0);
    charge_less(tx, books, (now, &all), &less, reason)?;
    match more.is_empty() {
        true => Ok(()),
        false => charge_more(tx, books, (terms, reason), (now, &all), &more),
    }
}

/// What it brings a month in the period that was billed last. Before its first charge, nothing on
/// trial, and what it will bring where it is still to begin.
pub(super) fn standing_mrr(terms: &Terms, now: &Subscription) -> Result<i64> {
    match (now.status, now.next_index()) {
        (SubscriptionStatus::Trialing | SubscriptionStatus::Paused, _) => Ok(0),
        (_, next) => terms.monthly(now, next.saturating_sub(1).max(now.first_index())),
    }
}

/// Charges anew, from a day on, what was charged in advance and has been given back.
pub(super) fn charge_rest(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (terms, now): (&Terms, &Subscription),
    (on, reason): (NaiveDate, &str),
) -> Result<()> {
    let all = segments::of_subscription(tx, now.id)?;
    let from = Moment::start_of(books.vendor.zone, on);
    let turns = turns((terms, books), (now, &all), from, |_, _| true)?;
    match turns.is_empty() {
        true => Ok(()),
        false => charge_more(tx, books, (terms, reason), (now, &all), &turns),
    }
}
