//! What the customers of plans with meters use, reported once a week.
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta};

use super::{Scope, cast::PartnerPart, chance::Chance, setting::read, years::Won};
use crate::{
    Result,
    domain::Measure,
    id::PartnerId,
    services::revenue::usage::{self, NewUsage},
    store::{Store, revenue::subscriptions as rows},
};

/// The plan that counts usage.
pub const BY_USAGE: &str = "MSG-M";
/// The one for many of them, which one customer comes to.
pub const BY_MUCH_USAGE: &str = "MSG-L";
/// What counts it.
const METER: &str = "messages";
/// What a customer of middling size sends in a usual week.
const USUAL: u32 = 4_200;

/// One day: on Mondays the week before is reported.
///
/// # Errors
/// Those of the services.
pub fn live(
    store: &Store,
    scope: &Scope,
    (id, part): (PartnerId, &PartnerPart),
    (customers, day): (&[Won], NaiveDate),
) -> Result<()> {
    if day.weekday() != chrono::Weekday::Mon {
        return Ok(());
    }
    let sunday = day - TimeDelta::days(1);
    for (place, customer) in customers.iter().enumerate() {
        if customer.plan != BY_USAGE {
            continue;
        }
        let name = format!("{}-{place}-{sunday}", part.code);
        let mut chance = Chance::of(&name);
        // Some customers send more than others, and each of them not the same every week.
        let size = 40 + u32::try_from(place % 4).unwrap_or_default() * 60;
        let value = USUAL * size / 100 * chance.between(70, 130) / 100;
        store.write_now(scope.clone(), |tx| {
            let sold = rows::one(tx, customer.subscription)?;
            if sold.ends_on.is_some() || sold.starts_on > sunday {
                return Ok(());
            }
            let event = NewUsage {
                subscription: sold.id,
                partner: id,
                meter: METER.to_owned(),
                event_id: name.clone(),
                subject: String::new(),
                value: read::<Measure>(&value.to_string())?,
                occurred_at: sunday.and_time(NaiveTime::MIN) + TimeDelta::hours(20),
            };
            usage::report(tx, vec![event])
        })?;
    }
    Ok(())
}
