//! What goes on without a story: customers take more seats, give some back, leave, and come back.
use chrono::{Datelike, NaiveDate, NaiveTime};

use super::{
    Scope,
    cast::Story,
    chance::Chance,
    metering,
    setting::BY_SECOND,
    years::{Joined, Won},
};
use crate::{
    Error, Result,
    domain::Quantity,
    services::revenue::subscriptions::{
        self, CancelWhen, Cancellation, NewSubscription, QuantityChange,
    },
    store::{Store, Tx, revenue::subscriptions as rows},
};

/// The months in which customers change their minds.
const MONTHS: std::ops::RangeInclusive<u32> = 3..=17;
/// Months after which one that left comes back, if it does.
const AWAY: u32 = 3;

/// What a customer does this month.
enum Turn {
    More(u32),
    Fewer(u32),
    Leave,
}

/// One day among the customers of a partner that has no story of its own.
///
/// # Errors
/// Those of the services.
pub fn live(
    store: &Store,
    scope: &Scope,
    joined: &mut Joined,
    (month, day): (u32, NaiveDate),
) -> Result<()> {
    if joined.part.story != Story::Plain || !MONTHS.contains(&month) {
        return Ok(());
    }
    for (place, customer) in joined.customers.iter_mut().enumerate() {
        let mut chance = Chance::of(&format!("{} {place} in {month}", joined.part.code));
        if chance.between(4, 26) != day.day() || customer.leaves_unpaid {
            continue;
        }
        match customer.left {
            Some(left) if left + AWAY == month && chance.between(1, 3) == 1 => {
                let again = store.write_now(scope.clone(), |tx| come_back(tx, customer, day))?;
                customer.subscription = again;
                customer.left = None;
            }
            Some(_) => {}
            None => {
                let Some(turn) = turn(&mut chance) else {
                    continue;
                };
                let has_left =
                    store.write_now(scope.clone(), |tx| change(tx, customer, (&turn, day)))?;
                customer.left = has_left.then_some(month);
            }
        }
    }
    Ok(())
}

/// Most months nothing happens.
fn turn(chance: &mut Chance) -> Option<Turn> {
    match chance.between(1, 100) {
        1..=7 => Some(Turn::More(chance.between(1, 4))),
        8..=10 => Some(Turn::Fewer(chance.between(1, 3))),
        11..=12 => Some(Turn::Leave),
        _ => None,
    }
}

/// Whether the customer has left.
fn change(tx: &mut Tx<'_, Scope>, customer: &Won, (turn, day): (&Turn, NaiveDate)) -> Result<bool> {
    let now = rows::one(tx, customer.subscription)?;
    if !now.status.is_served() || now.starts_on >= day {
        return Ok(false);
    }
    let seats = u32::try_from(now.quantity).unwrap_or(1);
    let (quantity, reason) = match turn {
        Turn::Leave => {
            let leaving = Cancellation {
                subscription: now.id,
                version: now.version,
                when: CancelWhen::Now(day),
                reason: "Moved to a system of its own".to_owned(),
                is_vendor_fault: false,
            };
            subscriptions::cancel(tx, &leaving)?;
            return Ok(true);
        }
        // A connection has no seats: what it costs goes by what is sent.
        _ if customer.plan == metering::BY_USAGE => return Ok(false),
        Turn::More(by) => (seats.saturating_add(*by), "A team has joined"),
        Turn::Fewer(by) => (seats.saturating_sub(*by).max(1), "A team has left"),
    };
    if quantity != seats {
        let change = QuantityChange {
            subscription: now.id,
            version: now.version,
            quantity: Quantity::new(quantity).map_err(Error::fault)?,
            effective_on: day,
            reason: reason.to_owned(),
        };
        // Early in the morning, where the plan counts seconds.
        let counts = BY_SECOND.contains(&customer.plan);
        let time = NaiveTime::from_hms_opt(8, seats * 7 % 60, 0).filter(|_| counts);
        subscriptions::change_quantity_at(tx, &change, time)?;
    }
    Ok(false)
}

/// The same plan once more, under a name of its own.
fn come_back(
    tx: &mut Tx<'_, Scope>,
    customer: &Won,
    day: NaiveDate,
) -> Result<crate::id::SubscriptionId> {
    let before = rows::one(tx, customer.subscription)?;
    let again = NewSubscription {
        external_id: format!("{}-again", before.external_id),
        customer: customer.id,
        plan_version: before.plan_version_id,
        starts_on: day,
        quantity: Quantity::new(u32::try_from(before.quantity.max(1)).unwrap_or(1))
            .map_err(Error::fault)?,
    };
    Ok(subscriptions::start(tx, &again)?.id())
}
