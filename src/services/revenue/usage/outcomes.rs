//! Outcomes: one side reports what was reached, the other verifies it, and then it is billed.
use chrono::NaiveDate;

use super::intake::words_of;
use crate::{
    Error, Result,
    domain::{Action, ExternalId, Measure, Permission, Price, SubscriptionStatus, Zone},
    id::{PartnerId, SubscriptionId, UsageEventId},
    store::{
        PartnerScope, Platform, Scope, Tx,
        account::vendor,
        platform::Event,
        registers::usage as register,
        revenue::{
            commitments::pauses,
            usage::{self, Outcomes, UsageEvent},
        },
        sell::subscriptions::{self, Subscription},
    },
};

/// An outcome that a partner reports.
#[derive(Debug, Clone)]
pub struct NewOutcome {
    /// Under which subscription.
    pub subscription: SubscriptionId,
    /// The meter that an outcome's price names.
    pub meter: ExternalId,
    /// How much was reached; below zero to correct.
    pub value: Measure,
    /// What it was.
    pub subject: ExternalId,
    /// On which day.
    pub on: NaiveDate,
}

/// What it takes, on the side of a scope, to report outcomes and to verify those of the other side.
pub fn permission<S: Scope>(scope: &S) -> Permission {
    match scope.partner_id() {
        Some(_) => Permission::PartnerManageOutcomes,
        None => Permission::ReportUsage,
    }
}

/// Reports an outcome on a partner's side. It is billed once the vendor has verified it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] where nothing more is billed;
/// [`Error::Invalid`] on `meter` or `on`; faults of the database.
pub fn record(tx: &mut Tx<'_, PartnerScope>, new: &NewOutcome) -> Result<()> {
    tx.allow(permission(tx.scope()))?;
    let found = subscriptions::record(tx, new.subscription)?;
    let counts =
        |price: &Price| matches!(price, Price::Outcome(meter, _) if meter.code == new.meter);
    let mut ever = found.versions().flat_map(|version| &version.prices);
    if !ever.any(|line| counts(&line.price)) {
        return Err(Error::on("meter", "Choose what was reached."));
    }
    let of = &found.subscription;
    still_billed(of.next_bill_on.is_some() || of.status == SubscriptionStatus::Paused)?;
    let zone = vendor::settings(tx)?.zone;
    check_day(tx, (of, zone), new.on)?;
    let paused = pauses(tx, &[of.id])?.remove(&of.id).unwrap_or_default();
    if let Some(during) = paused.iter().find(|pause| pause.contains(new.on)) {
        return Err(Error::on("on", words_of(during)));
    }
    let mut then = found.held_on(new.on)?.prices.iter();
    if !then.any(|line| counts(&line.price)) {
        let why = "The plan of this day does not count this.";
        return Err(Error::on("on", why));
    }
    let id: UsageEventId = tx.fresh_id();
    usage::add_outcome(
        tx,
        UsageEvent {
            id,
            partner_id: of.partner,
            subscription_id: of.id,
            meter: new.meter.to_string(),
            event_id: id.to_string(),
            subject: new.subject.to_string(),
            value_micro: new.value.micro(),
            by_partner: true,
            verified_by: String::new(),
            occurred_at: zone.start_of(new.on),
            received_at: tx.now(),
            settled: false,
        },
    )?;
    let summary = format!("{} {}: {}", new.value, new.meter, new.subject);
    note(
        tx,
        Action::SubscriptionOutcomeReported,
        (of.id, of.partner),
        summary,
    )
}

fn check_day(
    tx: &Tx<'_, PartnerScope>,
    (of, zone): (&Subscription, Zone),
    on: NaiveDate,
) -> Result<()> {
    if on > zone.local_date(tx.now()) {
        return Err(Error::on("on", "This day has not come yet."));
    }
    match of.starts_on <= on && of.ends_on.is_none_or(|end| on < end) {
        true => Ok(()),
        false => Err(Error::on(
            "on",
            "The subscription was not served on this day.",
        )),
    }
}

fn still_billed(is_billed: bool) -> Result<()> {
    match is_billed {
        true => Ok(()),
        false => Err(Error::conflict(
            "Nothing more is billed for this subscription.",
        )),
    }
}

/// Verifies what the other side reported; the next bill counts it.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for what one's own side reported,
/// what is verified already or needs no proof, and where nothing more is billed; faults of the
/// database.
pub fn verify<S: Outcomes>(
    tx: &mut Tx<'_, S>,
    (subscription, id): (SubscriptionId, UsageEventId),
) -> Result<()> {
    tx.allow(permission(tx.scope()))?;
    let event = S::event(tx, id)?;
    if event.subscription_id != subscription {
        return Err(Error::NotFound);
    }
    let is_partner = tx.scope().partner_id().is_some();
    if event.by_partner == is_partner {
        return Err(Error::conflict(
            "Who reports an outcome does not verify it.",
        ));
    }
    if event.is_verified() {
        return Err(Error::conflict("This outcome is verified already."));
    }
    if !register::outcome_meters(tx, subscription)?.contains(&event.meter) {
        return Err(Error::conflict("This is no outcome: it needs no proof."));
    }
    still_billed(register::is_billed(tx, subscription)?)?;
    let who = tx.scope().actor().name.clone();
    S::verify(tx, id, &who)?;
    let value = Measure::from_micro(event.value_micro);
    let summary = format!("{value} {}: {}", event.meter, event.subject);
    let of = (subscription, event.partner_id);
    note(tx, Action::SubscriptionOutcomeVerified, of, summary)
}

fn note<S: Platform>(
    tx: &mut Tx<'_, S>,
    action: Action,
    (subscription, partner): (SubscriptionId, PartnerId),
    summary: String,
) -> Result<()> {
    S::record(
        tx,
        &Event {
            action,
            subject: subscription.number(),
            partner: Some(partner),
            summary: format!("{}: {summary}", action.label()),
            changes: &[],
        },
    )
}
