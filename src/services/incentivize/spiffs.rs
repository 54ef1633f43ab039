//! SPIFFs: announced, and ended early if need be. What they promised stays promised.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, Money, Name, Period, Permission, Problems, commission::clawback::ClawbackMode,
        date_words, near,
    },
    id::{OfferingId, SpiffId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        catalogue::offerings,
        incentivize::spiffs::{self, Spiff},
        platform::Event,
    },
};

/// The longest a partner may have to give an amount back: two years.
const LONGEST_CLAWBACK_DAYS: i32 = 730;

/// A SPIFF as it is announced.
#[derive(Debug, Clone)]
pub struct NewSpiff {
    /// What it is called.
    pub name: Name,
    /// For subscriptions of what.
    pub offering: OfferingId,
    /// The first day on which a subscription may begin.
    pub from: NaiveDate,
    /// The last such day.
    pub until: NaiveDate,
    /// What each is worth.
    pub amount: Money,
    /// How many count for one partner; any number, when none is said.
    pub most: Option<i32>,
    /// For how many days it goes back when the customer leaves; 0 for never.
    pub clawback_days: i32,
    /// How much of it goes back.
    pub clawback_mode: ClawbackMode,
}

/// Announces a SPIFF to every partner.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `name`, `offering`, `from`, `until`, `amount`, `most` or
/// `clawback_days`.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: &NewSpiff) -> Result<SpiffId> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let known = offerings::names(tx)?;
    let offering = known.iter().find(|(id, _)| *id == new.offering);
    let mut problems = problems_of(new);
    if new.from < Period::of(vendor::today(tx)?).first_day() {
        let why = "A SPIFF is for sales to come: give a day of this month, or a later one.";
        problems.add("from", why);
    }
    for (field, day) in [("from", new.from), ("until", new.until)] {
        problems.check(field, near::within_reach(day, vendor::today(tx)?));
    }
    if offering.is_none() {
        problems.add("offering", "Choose one of the offerings.");
    }
    if spiffs::all(tx)?
        .iter()
        .any(|one| one.name == new.name.as_str())
    {
        problems.add("name", "Another SPIFF has this name.");
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let spiff = Spiff {
        id: tx.fresh_id(),
        name: new.name.to_string(),
        offering_id: new.offering,
        from_on: new.from,
        until_on: new.until,
        amount_minor: new.amount.minor(),
        currency: new.amount.currency(),
        most_per_partner: new.most,
        clawback_days: new.clawback_days,
        clawback_mode: new.clawback_mode,
        created_at: tx.now(),
        version: 1,
    };
    spiffs::add(tx, spiff.clone())?;
    let said = spiff
        .terms()
        .sentence(offering.map_or("", |(_, name)| name));
    note(tx, (Action::SpiffAnnounced, &spiff), &said)?;
    Ok(spiff.id)
}

fn problems_of(new: &NewSpiff) -> Problems {
    let mut problems = Problems::default();
    if new.until < new.from {
        problems.add("until", "Give a day on or after the first.");
    }
    if !new.amount.is_positive() {
        problems.add("amount", "Give an amount above zero.");
    }
    if new.most.is_some_and(|most| most < 1) {
        problems.add("most", "Give a number above zero, or none.");
    }
    if !(0..=LONGEST_CLAWBACK_DAYS).contains(&new.clawback_days) {
        problems.add("clawback_days", "Give 0 to 730 days.");
    }
    problems
}

/// Ends a SPIFF with today: subscriptions that begin later do not count.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] for one that is over or was
/// changed meanwhile.
pub fn end(tx: &mut Tx<'_, VendorScope>, id: SpiffId, version: i32) -> Result<()> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let spiff = spiffs::all(tx)?.into_iter().find(|one| one.id == id);
    let spiff = spiff.ok_or(Error::NotFound)?;
    // One that has not begun is over before its first day counts.
    let last = vendor::today(tx)?.max(spiff.from_on);
    if last >= spiff.until_on {
        return Err(Error::conflict(
            "This SPIFF ends by itself today or has ended.",
        ));
    }
    if !spiffs::end(tx, (id, version), last)? {
        return Err(stale("SPIFF"));
    }
    let said = format!("with {}", date_words(last));
    note(tx, (Action::SpiffEnded, &spiff), &said)
}

fn note(tx: &mut Tx<'_, VendorScope>, (action, of): (Action, &Spiff), said: &str) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: of.id.number(),
            partner: None,
            summary: format!("{} “{}”: {said}", action.label(), of.name),
            changes: &[],
        },
    )
}
