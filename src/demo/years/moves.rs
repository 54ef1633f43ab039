//! Customers who move to another plan, or take one beside theirs.
use chrono::NaiveDate;

use super::{Won, World};
use crate::{
    Error, Result,
    demo::{
        advising,
        metering::{BY_MUCH_USAGE, BY_USAGE},
    },
    domain::{BillingInterval, Quantity, SubscriptionStatus},
    id::PlanVersionId,
    services::revenue::subscriptions::{NewSubscription, PlanChange, PlanWhen, change_plan, start},
    store::{
        Store, Tx, VendorScope,
        catalogue::plans,
        revenue::subscriptions::{self, Subscription},
    },
};

impl World {
    /// Moves the first of some customers who can to another plan: from a day on, or with the next
    /// period where none is given.
    pub(super) fn move_plan(
        &self,
        store: &Store,
        customers: &[Won],
        on: Option<NaiveDate>,
    ) -> Result<()> {
        for customer in customers {
            let moved = store.write_now(self.scope.clone(), |tx| {
                let now = subscriptions::one(tx, customer.subscription)?;
                let Some(plan_version) = other(tx, &now)? else {
                    return Ok(false);
                };
                let change = PlanChange {
                    subscription: now.id,
                    version: now.version,
                    plan_version,
                    when: on.map_or(PlanWhen::NextPeriod, PlanWhen::Now),
                    reason: "Asked for another package at the yearly review".to_owned(),
                };
                change_plan(tx, &change).map(|()| true)
            })?;
            if moved {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl World {
    /// One customer that pays by the message sends so many that another plan costs it less, from the
    /// middle of a month on.
    pub(super) fn move_usage(&self, store: &Store, on: NaiveDate) -> Result<()> {
        let Some((plan_version, _)) = self.plans.versions.get(BY_MUCH_USAGE) else {
            return Ok(());
        };
        let customers = self.partners.iter().flat_map(|joined| &joined.customers);
        for customer in customers.filter(|one| one.plan == BY_USAGE) {
            let moved = store.write_now(self.scope.clone(), |tx| {
                let now = subscriptions::one(tx, customer.subscription)?;
                if now.status != SubscriptionStatus::Active {
                    return Ok(false);
                }
                let change = PlanChange {
                    subscription: now.id,
                    version: now.version,
                    plan_version: *plan_version,
                    when: PlanWhen::Now(on),
                    reason: "Sends more than the smaller plan is made for".to_owned(),
                };
                change_plan(tx, &change).map(|()| true)
            })?;
            if moved {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl World {
    /// One customer, last in the list, goes on with a plan that is billed at another interval.
    pub(super) fn move_interval(&self, store: &Store) -> Result<()> {
        let customers = self.partners.iter().flat_map(|joined| &joined.customers);
        for customer in customers.collect::<Vec<_>>().into_iter().rev() {
            let moved = store.write_now(self.scope.clone(), |tx| {
                let now = subscriptions::one(tx, customer.subscription)?;
                let is_free = now.next_plan_version_id.is_none();
                let Some(plan_version) = longer(tx, &now)?.filter(|_| is_free) else {
                    return Ok(false);
                };
                let change = PlanChange {
                    subscription: now.id,
                    version: now.version,
                    plan_version,
                    when: PlanWhen::NextPeriod,
                    reason: "Pays by the year from now on".to_owned(),
                };
                change_plan(tx, &change).map(|()| true)
            })?;
            if moved {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl World {
    /// A customer tries some machines out by the week, where the vendor sells that.
    pub(super) fn by_the_week(&self, store: &Store, customer: &Won, day: NaiveDate) -> Result<()> {
        let Some((plan_version, _)) = self.plans.versions.get(WEEKLY) else {
            return Ok(());
        };
        store.write_now(self.scope.clone(), |tx| {
            let first = subscriptions::one(tx, customer.subscription)?;
            let new = NewSubscription {
                external_id: format!("{}-{WEEKLY}", first.external_id),
                customer: customer.id,
                plan_version: *plan_version,
                starts_on: day,
                quantity: Quantity::new(3).map_err(Error::fault)?,
            };
            start(tx, &new).map(drop)
        })
    }
}

impl World {
    /// A customer takes what the vendor sells of hours or results beside its first plan.
    pub(super) fn beside(&mut self, store: &Store, customer: &Won, day: NaiveDate) -> Result<()> {
        let sold = |plan| Some((plan, self.plans.versions.get(plan)?.0));
        let Some(what) = sold(advising::HOURS.0).or_else(|| sold(advising::RESULTS.0)) else {
            return Ok(());
        };
        let mut with = self.partners.iter();
        let partner = with.find(|one| one.customers.iter().any(|won| won.id == customer.id));
        let partner = partner.ok_or(Error::NotFound)?.id;
        let whose = (partner, customer);
        let sold = advising::sell(store, &self.scope, whose, what, day)?;
        self.beside.push(sold);
        Ok(())
    }
}

/// The plan that is billed weekly.
const WEEKLY: &str = "MON-W";

/// Another plan that is sold in the same currency and billed as often.
fn other(tx: &mut Tx<'_, VendorScope>, now: &Subscription) -> Result<Option<PlanVersionId>> {
    fitting(tx, now, |was, is| is == was)
}

/// Another plan that is sold in the same currency and billed at longer intervals.
fn longer(tx: &mut Tx<'_, VendorScope>, now: &Subscription) -> Result<Option<PlanVersionId>> {
    fitting(tx, now, |was, is| is > was)
}

fn fitting(
    tx: &mut Tx<'_, VendorScope>,
    now: &Subscription,
    fits: impl Fn(BillingInterval, BillingInterval) -> bool,
) -> Result<Option<PlanVersionId>> {
    let was = plans::version(tx, now.plan_version_id)?;
    if now.status != SubscriptionStatus::Active || was.bills_in_arrears() {
        return Ok(None);
    }
    let choices = plans::choices(tx)?.into_iter().map(|choice| choice.version);
    let mut fitting = choices.filter(|version| {
        version.plan != was.plan
            && version.terms.currency == was.terms.currency
            && fits(was.terms.interval, version.terms.interval)
            && !version.bills_in_arrears()
    });
    Ok(fitting.next().map(|version| version.id))
}
