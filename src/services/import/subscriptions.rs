//! Files of subscriptions.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{
    Effects, set_off,
    table::{Report, Row, Table},
};
use crate::{
    Result,
    domain::{BillingModel, ExternalId, Quantity, near, read_date},
    id::{CustomerId, PlanId, PlanVersionId},
    services::revenue::subscriptions::{BillingAsked, ONE_UNIT},
    store::{
        Tx, VendorScope,
        account::vendor,
        imports::{self, PlanByCode},
        sell::{
            customers,
            subscriptions::{self, Imported},
        },
    },
};

/// A subscription to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// What other systems call it.
    pub external_id: ExternalId,
    /// Whose it is.
    pub customer: CustomerId,
    /// What is sold now under the plan's code.
    pub plan_version: PlanVersionId,
    /// Units.
    pub quantity: Quantity,
    /// The first day served, in the vendor's zone.
    pub starts_on: NaiveDate,
    /// How it is billed.
    pub billing: BillingAsked,
}

/// What a file of subscriptions does: each with the line it stands on.
pub(super) struct Plan {
    new: Vec<(u64, SubscriptionRow)>,
}

/// What the rows refer to.
struct Known {
    customers: HashMap<String, CustomerId>,
    plans: BTreeMap<String, PlanByCode>,
    plan_of: BTreeMap<PlanVersionId, PlanId>,
    subscriptions: HashMap<String, Imported>,
    today: NaiveDate,
}

impl Known {
    fn to(tx: &mut Tx<'_, VendorScope>, table: &Table) -> Result<Self> {
        let customers = customers::by_external_ids(tx, &table.distinct("customer"))?;
        let subscriptions = subscriptions::by_external_ids(tx, &table.distinct("external_id"))?;
        let id_of = |known: Imported| (known.subscription.external_id.clone(), known);
        Ok(Self {
            customers: customers
                .into_iter()
                .map(|customer| (customer.external_id, customer.id))
                .collect(),
            plans: imports::plans_by_code(tx)?,
            plan_of: imports::plan_of_versions(tx)?,
            subscriptions: subscriptions.into_iter().map(id_of).collect(),
            today: vendor::today(tx)?,
        })
    }
}

/// A row whose cells could all be read.
struct Said {
    external_id: ExternalId,
    customer: CustomerId,
    plan: PlanByCode,
    quantity: Quantity,
    starts_on: NaiveDate,
    billing: BillingModel,
}

fn read(row: &Row<'_>, known: &Known, report: &mut Report) -> Option<Said> {
    let external_id = row.cell("external_id", report);
    let customer = row.cell_by("customer", report, |id| {
        known
            .customers
            .get(id)
            .copied()
            .ok_or("No customer has this external id.")
    });
    let plan = row.cell_by("plan", report, |code| {
        known
            .plans
            .get(code)
            .copied()
            .ok_or("No plan has this code.")
    });
    let quantity = row.cell("quantity", report);
    let starts_on = row.cell_by("starts_on", report, |text| {
        let day = read_date(text).map_err(|why| why.to_string())?;
        near::within_reach(day, known.today).map_err(str::to_owned)?;
        Ok::<_, String>(day)
    });
    let billing = match row.text("billing") {
        "" => Some(BillingModel::Agency),
        _ => row.cell_by("billing", report, |code| {
            let why = "Give agency, resale or two_tier.";
            code.parse::<BillingModel>().map_err(|_| why)
        }),
    };
    Some(Said {
        external_id: external_id?,
        customer: customer?,
        plan: plan?,
        quantity: quantity?,
        starts_on: starts_on?,
        billing: billing?,
    })
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let known = Known::to(tx, table)?;
    let mut plan = Plan { new: Vec::new() };
    for row in table.rows() {
        let Some(said) = read(&row, &known, report) else {
            continue;
        };
        match known.subscriptions.get(said.external_id.as_str()) {
            Some(on_record) => match difference(&said, on_record, &known) {
                None => report.unchanged += 1,
                Some((column, why)) => report.add(row.line, column, why),
            },
            None => match said.plan.sold {
                None => report.add(row.line, "plan", "This plan is not sold now."),
                Some(_) if !said.plan.takes_units && said.quantity != Quantity::ONE => {
                    report.add(row.line, "quantity", ONE_UNIT);
                }
                Some(plan_version) => {
                    report.new += 1;
                    let started = SubscriptionRow {
                        external_id: said.external_id,
                        customer: said.customer,
                        plan_version,
                        quantity: said.quantity,
                        starts_on: said.starts_on,
                        billing: BillingAsked {
                            model: said.billing,
                            street_minor: None,
                        },
                    };
                    plan.new.push((row.line, started));
                }
            },
        }
    }
    Ok(plan)
}

/// Where a row says something else than is on record. The quantity may be today's or the one the
/// subscription was started with: a file stays good after units were added.
fn difference(said: &Said, on_record: &Imported, known: &Known) -> Option<(&'static str, String)> {
    let is = &on_record.subscription;
    let units = i64::from(said.quantity.get());
    let is_units = said.quantity == is.quantity
        || on_record
            .started_with
            .is_some_and(|started| i64::from(started) == units);
    let plan = known.plan_of.get(&on_record.sold_at);
    let column = match () {
        () if said.customer != is.customer => "customer",
        () if Some(&said.plan.plan) != plan => "plan",
        () if said.starts_on != is.starts_on => "starts_on",
        () if said.billing != is.billing.model => "billing",
        () if !is_units => "quantity",
        () => return None,
    };
    let why = "This subscription is on record and says something else here. Change it on its page.";
    Some((column, why.to_owned()))
}

pub(super) fn apply(
    tx: &mut Tx<'_, VendorScope>,
    effects: &dyn Effects,
    plan: &Plan,
) -> Result<()> {
    set_off(&plan.new, |rows| effects.start_subscriptions(tx, rows))
}
