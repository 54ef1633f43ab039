//! Subscriptions as they are read: the register for either side, and one record.
mod record;

pub use record::{Change, NextPlan, Record, record};

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{count_star, exists},
    prelude::*,
};

use crate::{
    Result,
    domain::{
        Anchor, Billing, BillingInterval, BillingModel, Currency, Money, Quantity, Rate,
        SubscriptionStatus, bill::Stretch, resale::Street,
    },
    error::Error,
    id::{
        CommissionPlanVersionId, CustomerId, OfferingId, PartnerId, PlanId, PlanVersionId,
        SubscriptionId,
    },
    store::{
        Scope, Tx, VendorScope, Visible,
        catalogue::plans::{self, interval},
        names::{anywhere, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        schema::{
            customers, offerings, plan_versions, plans as plan_rows, subscription_changes,
            subscriptions,
        },
        tx::{Boxed, Scoped},
    },
};

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Which.
    pub id: SubscriptionId,
    /// The partner who sold it.
    pub partner: PartnerId,
    /// Whose.
    pub customer: CustomerId,
    /// To what.
    pub plan_version: PlanVersionId,
    /// The commission plan version pinned at sale, if the partner was enrolled.
    pub commission_plan_version: Option<CommissionPlanVersionId>,
    /// What other systems call it.
    pub external_id: String,
    /// The first day served.
    pub starts_on: NaiveDate,
    /// The first day charged: later than that after a trial.
    pub charged_from: NaiveDate,
    /// Where its periods are counted from.
    pub anchor_on: NaiveDate,
    /// How often it is billed.
    pub interval: BillingInterval,
    /// The first term, in months.
    pub term_months: u32,
    /// Units.
    pub quantity: Quantity,
    /// Monthly recurring revenue, before tax.
    pub mrr: Money,
    /// Periods billed so far.
    pub billed_periods: i32,
    /// When the next is billed.
    pub next_bill_on: Option<NaiveDate>,
    /// The first day no longer served, once that is known.
    pub ends_on: Option<NaiveDate>,
    /// Where it is in its life.
    pub status: SubscriptionStatus,
    /// Since when it is on record, UTC.
    pub created_at: NaiveDateTime,
    /// Rises with every change.
    pub version: i32,
    /// What it will be of, from its first period that starts on or after a day.
    pub next_plan: Option<(PlanVersionId, NaiveDate)>,
    /// The index of the period that begins at the anchor: above 0 where its plan changed to one that
    /// is billed at another interval.
    pub anchor_index: u32,
    /// How it is billed, fixed at its sale.
    pub billing: Billing,
    /// The partner that is billed in the customer's place.
    pub payer: Option<PartnerId>,
}

impl Subscription {
    /// Where its periods are counted from, and how long each is.
    pub fn anchor(&self) -> Anchor {
        Anchor {
            on: self.anchor_on,
            interval: self.interval,
        }
    }
    /// A period as it is charged, from 0: the first may be the rest of one.
    ///
    /// # Errors
    /// A period beyond the calendar, or before the anchor.
    pub fn stretch(&self, index: u32) -> Result<Stretch> {
        let since = index.checked_sub(self.anchor_index);
        let found = since.and_then(|since| Stretch::of(self.anchor(), since, self.charged_from));
        let found = found.ok_or_else(|| Error::fault("a period lies beyond the calendar"))?;
        Ok(Stretch { index, ..found })
    }
    /// From when its terms are counted: its first day, or that of the plan that has other intervals.
    pub fn terms_from(&self) -> NaiveDate {
        match self.anchor_index {
            0 => self.starts_on,
            _ => self.anchor_on,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = subscriptions)]
struct Row {
    id: SubscriptionId,
    partner_id: PartnerId,
    customer_id: CustomerId,
    plan_version_id: PlanVersionId,
    commission_plan_version_id: Option<CommissionPlanVersionId>,
    external_id: String,
    currency: String,
    starts_on: NaiveDate,
    interval_months: i32,
    term_months: i32,
    quantity: i32,
    mrr_minor: i64,
    billed_periods: i32,
    next_bill_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    status: String,
    created_at: NaiveDateTime,
    version: i32,
    charged_from: Option<NaiveDate>,
    anchor_on: Option<NaiveDate>,
    next_plan_version_id: Option<PlanVersionId>,
    next_plan_on: Option<NaiveDate>,
    anchor_index: i32,
    payer_id: Option<PartnerId>,
    reseller_bps: i32,
    distributor_bps: i32,
    street_minor: Option<i64>,
    street_list_minor: Option<i64>,
}

fn units(number: i32) -> Result<Quantity> {
    let units = u32::try_from(number).map_err(Error::fault)?;
    Quantity::new(units).map_err(Error::fault)
}

impl Row {
    fn billing(&self) -> Result<Billing> {
        let street = self.street_minor.zip(self.street_list_minor);
        Ok(Billing {
            model: BillingModel::of(self.payer_id, self.partner_id),
            distributor: Rate::from_bps(self.distributor_bps).map_err(Error::fault)?,
            reseller: Rate::from_bps(self.reseller_bps).map_err(Error::fault)?,
            street: street.map(|(asked_minor, list_minor)| Street {
                asked_minor,
                list_minor,
            }),
        })
    }

    /// As a scope may see it. What a distributor buys at is nobody's below it: its reseller sees
    /// the subscription without, as if it bought from the vendor.
    fn read(mut self, seen_by: Option<PartnerId>) -> Result<Subscription> {
        if seen_by.is_some() && self.payer_id.is_some() && seen_by != self.payer_id {
            self.mrr_minor = 0;
            self.distributor_bps = self.reseller_bps;
        }
        Ok(Subscription {
            billing: self.billing()?,
            payer: self.payer_id,
            id: self.id,
            partner: self.partner_id,
            customer: self.customer_id,
            plan_version: self.plan_version_id,
            commission_plan_version: self.commission_plan_version_id,
            starts_on: self.starts_on,
            charged_from: self.charged_from.unwrap_or(self.starts_on),
            anchor_on: self.anchor_on.unwrap_or(self.starts_on),
            interval: interval(self.interval_months)?,
            term_months: u32::try_from(self.term_months).map_err(Error::fault)?,
            quantity: units(self.quantity)?,
            mrr: Money::new(self.mrr_minor, stored(&self.currency)?),
            billed_periods: self.billed_periods,
            next_bill_on: self.next_bill_on,
            ends_on: self.ends_on,
            status: stored(&self.status)?,
            external_id: self.external_id,
            created_at: self.created_at,
            version: self.version,
            next_plan: self.next_plan_version_id.zip(self.next_plan_on),
            anchor_index: u32::try_from(self.anchor_index).map_err(Error::fault)?,
        })
    }
}

/// What the register is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of the customer's name, or a whole external id; empty for any.
    pub search: String,
    /// Only sales of this partner.
    pub partner: Option<PartnerId>,
    /// Only of this customer.
    pub customer: Option<CustomerId>,
    /// Only these.
    pub status: Option<SubscriptionStatus>,
    /// Only to one of these plans.
    pub plans: Option<Vec<PlanId>>,
    /// Only in this currency.
    pub currency: Option<Currency>,
}

/// A line of the register.
#[derive(Debug, Clone)]
pub struct Line {
    /// The subscription.
    pub subscription: Subscription,
    /// The customer's name.
    pub customer: String,
    /// What it is to: the offering's name and the plan's.
    pub plan: String,
}

fn narrowed<S: Scope>(tx: &Tx<'_, S>, filter: &Filter) -> Scoped<S, Boxed<subscriptions::table>>
where
    subscriptions::table: Visible<S>,
{
    let mut rows = tx.rows(subscriptions::table);
    if let Some(search) = typed(&filter.search) {
        let of_customer = customers::table
            .filter(customers::tenant_id.eq(subscriptions::tenant_id))
            .filter(customers::partner_id.eq(subscriptions::partner_id))
            .filter(customers::id.eq(subscriptions::customer_id))
            .filter(customers::name_key.like(anywhere(search)).escape('\\'));
        let is_it = subscriptions::external_id.eq(search.to_owned());
        rows = rows.filter(exists(of_customer).or(is_it));
    }
    if let Some(partner) = filter.partner {
        rows = rows.filter(subscriptions::partner_id.eq(partner));
    }
    if let Some(customer) = filter.customer {
        rows = rows.filter(subscriptions::customer_id.eq(customer));
    }
    if let Some(status) = filter.status {
        rows = rows.filter(subscriptions::status.eq(status.code()));
    }
    if let Some(plans) = &filter.plans {
        let of_plan = plan_versions::table
            .filter(plan_versions::tenant_id.eq(subscriptions::tenant_id))
            .filter(plan_versions::id.eq(subscriptions::plan_version_id))
            .filter(plan_versions::plan_id.eq_any(plans.clone()));
        rows = rows.filter(exists(of_plan));
    }
    if let Some(currency) = filter.currency {
        rows = rows.filter(subscriptions::currency.eq(currency.code()));
    }
    rows
}

/// One page of the subscriptions a scope may see, newest first.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Scope>(
    tx: &mut Tx<'_, S>,
    filter: &Filter,
    from: Option<&Cursor>,
) -> Result<Page<Line>>
where
    subscriptions::table: Visible<S>,
    customers::table: Visible<S>,
    plan_versions::table: Visible<S>,
    plan_rows::table: Visible<S>,
    offerings::table: Visible<S>,
{
    let rows = newest_first!(narrowed(tx, filter), from, subscriptions::id);
    let rows: Vec<Row> = tx.load(rows.limit(FETCH).select(Row::as_select()))?;
    let page = Page::of(rows, from, PAGE, |row| (String::new(), row.id.number()));
    let customers: Vec<CustomerId> = page.rows.iter().map(|row| row.customer_id).collect();
    let customers: BTreeMap<_, _> = super::customers::names(tx, &customers)?
        .into_iter()
        .collect();
    let versions: Vec<PlanVersionId> = page.rows.iter().map(|row| row.plan_version_id).collect();
    let plans = plan_names(tx, versions, false)?;
    let seen_by = tx.scope().partner_id();
    page.try_map(|row| {
        Ok(Line {
            customer: customers.get(&row.customer_id).cloned().unwrap_or_default(),
            plan: plans.get(&row.plan_version_id).cloned().unwrap_or_default(),
            subscription: row.read(seen_by)?,
        })
    })
}

/// What plan versions are called: by their offering and plan, and by their number where they are
/// `told_apart` and another is of the same plan.
fn plan_names<S: Scope>(
    tx: &mut Tx<'_, S>,
    versions: Vec<PlanVersionId>,
    told_apart: bool,
) -> Result<BTreeMap<PlanVersionId, String>>
where
    plan_versions::table: Visible<S>,
    plan_rows::table: Visible<S>,
    offerings::table: Visible<S>,
{
    let of = tx
        .rows(plan_versions::table)
        .filter(plan_versions::id.eq_any(versions))
        .select((
            plan_versions::id,
            plan_versions::plan_id,
            plan_versions::version_no,
        ));
    let of: Vec<(PlanVersionId, PlanId, i32)> = tx.load(of)?;
    let ids: Vec<PlanId> = of.iter().map(|(_, plan, _)| *plan).collect();
    let plans = tx
        .rows(plan_rows::table)
        .filter(plan_rows::id.eq_any(ids))
        .select((plan_rows::id, plan_rows::offering_id, plan_rows::name));
    let plans: Vec<(PlanId, OfferingId, String)> = tx.load(plans)?;
    let ids: Vec<OfferingId> = plans.iter().map(|(_, offering, _)| *offering).collect();
    let offerings = tx
        .rows(offerings::table)
        .filter(offerings::id.eq_any(ids))
        .select((offerings::id, offerings::name));
    let offerings: BTreeMap<OfferingId, String> = tx.load(offerings)?.into_iter().collect();
    let full = |(plan, offering, name): (PlanId, OfferingId, String)| {
        let offering = offerings.get(&offering).map_or("", String::as_str);
        (plan, format!("{offering}, {name}"))
    };
    let names: BTreeMap<PlanId, String> = plans.into_iter().map(full).collect();
    let named = |(version, plan, number): &(PlanVersionId, PlanId, i32)| {
        let name = names.get(plan)?;
        let alike = of.iter().filter(|(_, other, _)| other == plan).count();
        let name = match told_apart && alike > 1 {
            true => format!("{name}, version {number}"),
            false => name.clone(),
        };
        Some((*version, name))
    };
    Ok(of.iter().filter_map(named).collect())
}

/// How many subscriptions a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Scope>(tx: &mut Tx<'_, S>, filter: &Filter) -> Result<Count>
where
    subscriptions::table: Visible<S>,
{
    let ids = narrowed(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(subscriptions::id);
    let ids: Vec<SubscriptionId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// A subscription as a file would name it, with the quantity it was started with.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The subscription.
    pub subscription: Subscription,
    /// Units at its start.
    pub started_with: Option<i32>,
    /// The plan version it was sold at.
    pub sold_at: PlanVersionId,
}

/// The subscriptions with these external ids.
///
/// # Errors
/// Faults of the database.
pub fn by_external_ids(tx: &mut Tx<'_, VendorScope>, ids: &[String]) -> Result<Vec<Imported>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::external_id.eq_any(chunk.to_vec()))
            .select(Row::as_select());
        let rows: Vec<Row> = tx.load(rows)?;
        let ids: Vec<SubscriptionId> = rows.iter().map(|row| row.id).collect();
        let started = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::subscription_id.eq_any(ids))
            .filter(subscription_changes::kind.eq("started"))
            .select((
                subscription_changes::subscription_id,
                subscription_changes::quantity_after,
            ));
        let started: BTreeMap<SubscriptionId, i32> = tx.load(started)?.into_iter().collect();
        let ids: Vec<SubscriptionId> = rows.iter().map(|row| row.id).collect();
        let left = crate::store::revenue::subscriptions::plans_left(tx, &ids)?;
        for row in rows {
            found.push(Imported {
                started_with: started.get(&row.id).copied(),
                sold_at: left
                    .get(&row.id)
                    .and_then(|left| left.first())
                    .map_or(row.plan_version_id, |(_, plan)| *plan),
                subscription: row.read(None)?,
            });
        }
    }
    Ok(found)
}

/// How many subscriptions to an offering are being served.
///
/// # Errors
/// Faults of the database.
pub fn begun_of_offering(tx: &mut Tx<'_, VendorScope>, offering: OfferingId) -> Result<i64> {
    let plans: Vec<PlanId> = plans::plans_of(tx, offering)?
        .iter()
        .map(|plan| plan.id)
        .collect();
    let rows = tx
        .joined(subscriptions::table, plan_versions::table)
        .filter(plan_versions::plan_id.eq_any(plans))
        .filter(
            subscriptions::status.eq_any(SubscriptionStatus::BEGUN.map(SubscriptionStatus::code)),
        )
        .select(count_star());
    tx.one(rows)
}
