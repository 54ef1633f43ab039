//! A plan that costs more from now on: new sales at once, earlier ones as their term renews, but for
//! one customer who was promised its price.
use chrono::NaiveDate;

use super::{Scope, registering::MAIL_DOMAIN, setting::read};
use crate::{
    Result,
    domain::{Period, Price, Reach, ReachAt, UnitPrice},
    services::{
        catalogue::plans as service,
        revenue::subscriptions::{keep_plan, versions},
    },
    store::{Tx, catalogue::plans, revenue::subscriptions},
};

/// The plan, and what a unit of it costs from now on.
const REPRICED: (&str, &str) = ("WRK-M", "36.90");

/// Publishes the plan's next version where the vendor has it.
pub fn reprice(tx: &mut Tx<'_, Scope>, day: NaiveDate) -> Result<()> {
    let (code, amount) = REPRICED;
    let Some(plan) = plans::coded(tx, code)? else {
        return Ok(());
    };
    let id = service::new_version(tx, plan.id)?;
    let draft = plans::version(tx, id)?;
    let unit = UnitPrice::parse(amount, draft.terms.currency).map_err(crate::Error::fault)?;
    let mut prices = Vec::new();
    for line in &draft.prices {
        prices.push(service::PriceDraft {
            label: read(&line.label)?,
            price: Price::per_seat(unit),
            commissionable: line.commissionable,
        });
    }
    let terms = draft.terms;
    service::edit_draft(tx, id, draft.version, &service::Draft { terms, prices })?;
    let edited = plans::version(tx, id)?.version;
    service::publish(tx, id, edited)?;
    let reach = Reach {
        from: Period::of(day).next().next().first_day(),
        at: ReachAt::Renewal,
        held_months: 0,
    };
    let published = plans::version(tx, id)?.version;
    versions::bring(tx, (id, published), reach, MAIL_DOMAIN)?;
    let promised = subscriptions::set_to(tx, id)?;
    match promised.first() {
        Some(one) => keep_plan(
            tx,
            (one.id, one.version),
            "Promised for two years at the sale",
        ),
        None => Ok(()),
    }
}
