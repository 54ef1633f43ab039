//! What two customers take beside their first plan: the hours of a retainer, and results that are
//! paid for once both sides say that they were reached.
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

use super::{Scope, cast::VendorPart, registering::Seller, setting::read, years::Won};
use crate::{
    Error, Result,
    domain::Quantity,
    id::{PartnerId, PlanVersionId, SubscriptionId},
    services::revenue::{
        subscriptions::{self, NewSubscription},
        usage::{self, NewOutcome, NewUsage},
    },
    store::{Store, registers::usage as register, revenue::subscriptions as rows},
};

/// The plan of hours, and what counts them.
pub(super) const HOURS: (&str, &str) = ("SEC-R", "hours");
/// The plan of results, and what counts them.
pub(super) const RESULTS: (&str, &str) = ("OUT-M", "stops-avoided");

/// Hours that were worked in the months after its start, by the twelfth and in the two weeks after:
/// some months use less than is included, some more than was carried over.
const WORKED: [[&str; 2]; 6] = [
    ["4.5", "3"],
    ["6", "2.5"],
    ["9.5", "7.75"],
    ["3.5", "4"],
    ["8", "10.5"],
    ["5", "6.25"],
];
/// What the hours went into.
const WORK: [&str; 4] = [
    "Firewall rules reviewed",
    "Auditor answered",
    "Access of leavers closed",
    "Restore rehearsed",
];
/// Stops avoided that are reported month by month.
const AVOIDED: [&str; 5] = ["3", "1", "5", "2", "4"];

/// What a customer took beside its first plan.
pub(super) struct Beside {
    partner: PartnerId,
    subscription: SubscriptionId,
    named: String,
    plan: &'static str,
}

/// Sells a plan to a customer beside what it has.
///
/// # Errors
/// Those of the services.
pub(super) fn sell(
    store: &Store,
    scope: &Scope,
    (partner, customer): (PartnerId, &Won),
    (plan, plan_version): (&'static str, PlanVersionId),
    day: NaiveDate,
) -> Result<Beside> {
    store.write_now(scope.clone(), |tx| {
        let first = rows::one(tx, customer.subscription)?;
        let named = format!("{}-{plan}", first.external_id);
        let new = NewSubscription {
            external_id: named.clone(),
            customer: customer.id,
            plan_version,
            starts_on: day,
            quantity: Quantity::ONE,
        };
        Ok(Beside {
            partner,
            subscription: subscriptions::start(tx, &new)?.id(),
            named,
            plan,
        })
    })
}

/// One day: hours are reported twice a month; results once, by the partner, and the vendor says
/// four days later whether it sees them too. What was reported in the `last` month still waits.
///
/// # Errors
/// Those of the services.
pub(super) fn live(
    store: &Store,
    (scope, vendor): (&Scope, &VendorPart),
    sold: &[Beside],
    (month, last, day): (u32, u32, NaiveDate),
) -> Result<()> {
    for one in sold {
        match (one.plan == HOURS.0, day.day()) {
            (true, 12) => worked(store, scope, (one, 0), (month, day))?,
            (true, 26) => worked(store, scope, (one, 1), (month, day))?,
            (false, 18) => {
                let seller = Seller::of(store, (scope, vendor), one.partner)?;
                seller.report(store, &reached(one, (month, day))?)?;
            }
            (false, 22) if month < last => verify(store, scope, one)?,
            _ => {}
        }
    }
    Ok(())
}

/// What stands at a place of a list that begins anew when it is over.
fn turning<T: Copy>(all: &[T], place: u32) -> Result<T> {
    let place = usize::try_from(place).map_err(Error::fault)?;
    let found = all.get(place % all.len().max(1)).copied();
    found.ok_or(Error::NotFound)
}

fn worked(
    store: &Store,
    scope: &Scope,
    (one, half): (&Beside, u32),
    (month, day): (u32, NaiveDate),
) -> Result<()> {
    let value = turning(&turning(&WORKED, month)?, half)?;
    let event = NewUsage {
        subscription: one.subscription,
        partner: one.partner,
        meter: HOURS.1.to_owned(),
        event_id: format!("{}-{day}", one.named),
        subject: turning(&WORK, month * 2 + half)?.to_owned(),
        value: read(value)?,
        occurred_at: day.and_time(NaiveTime::MIN) - TimeDelta::hours(9),
    };
    store.write_now(scope.clone(), |tx| usage::report(tx, vec![event.clone()]))
}

fn reached(one: &Beside, (month, day): (u32, NaiveDate)) -> Result<NewOutcome> {
    Ok(NewOutcome {
        subscription: one.subscription,
        meter: read(RESULTS.1)?,
        value: read(turning(&AVOIDED, month)?)?,
        subject: read(&format!("LOG-{}", day.format("%Y-%m")))?,
        on: day.pred_opt().unwrap_or(day),
    })
}

/// The vendor verifies what the partner reported and waits.
fn verify(store: &Store, scope: &Scope, one: &Beside) -> Result<()> {
    store.write_now(scope.clone(), |tx| {
        let reported = register::page(tx, one.subscription, None)?;
        for event in reported.rows.iter().filter(|event| !event.is_verified()) {
            usage::verify(tx, (one.subscription, event.id))?;
        }
        Ok(())
    })
}
