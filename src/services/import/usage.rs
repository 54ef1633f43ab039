//! Files of usage.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDateTime;

use super::table::{Report, Row, Table};
use crate::{
    Result,
    domain::{ExternalId, Measure, Zone},
    id::PlanVersionId,
    services::revenue::usage::{self, NewUsage},
    store::{
        Tx, VendorScope,
        account::vendor,
        catalogue::plans,
        revenue::usage::{UsageEvent, events_named},
        sell::subscriptions::{self, Subscription},
    },
};

/// What a file of usage does.
pub(super) struct Plan {
    new: Vec<NewUsage>,
}

/// What the rows refer to.
struct Known {
    subscriptions: HashMap<String, Subscription>,
    meters: BTreeMap<PlanVersionId, BTreeSet<String>>,
    events: HashMap<(String, String), UsageEvent>,
    now: NaiveDateTime,
    zone: Zone,
}

impl Known {
    fn to(tx: &mut Tx<'_, VendorScope>, table: &Table) -> Result<Self> {
        let found = subscriptions::by_external_ids(tx, &table.distinct("subscription"))?;
        let subscriptions: HashMap<String, Subscription> = found
            .into_iter()
            .map(|one| (one.subscription.external_id.clone(), one.subscription))
            .collect();
        let versions: BTreeSet<PlanVersionId> =
            subscriptions.values().map(|one| one.plan_version).collect();
        let mut meters = BTreeMap::new();
        for id in versions {
            let version = plans::version(tx, id)?;
            let of = version.prices.iter().filter_map(|line| line.price.meter());
            meters.insert(id, of.map(|meter| meter.code.to_string()).collect());
        }
        let events = events_named(tx, &table.distinct("external_id"))?;
        Ok(Self {
            subscriptions,
            meters,
            events: events
                .into_iter()
                .map(|event| ((event.meter.clone(), event.event_id.clone()), event))
                .collect(),
            now: tx.now(),
            zone: vendor::settings(tx)?.zone,
        })
    }
}

impl Known {
    /// An instant that has come, and at which a subscription was served.
    fn happened(
        &self,
        at: NaiveDateTime,
        under: Option<&Subscription>,
    ) -> Result<NaiveDateTime, &'static str> {
        let day = self.zone.local_date(at);
        let is_served =
            |of: &Subscription| of.starts_on <= day && of.ends_on.is_none_or(|end| day < end);
        match at <= self.now {
            false => Err("This instant has not come yet."),
            true if under.is_none_or(is_served) => Ok(at),
            true => Err("The subscription was not served at this instant."),
        }
    }
}

/// An instant as files say it: `2026-10-14T09:30:00Z`.
fn instant(typed: &str) -> Result<NaiveDateTime, &'static str> {
    let why = "Give an instant in UTC, such as 2026-10-14T09:30:00Z.";
    let text = typed.strip_suffix('Z').ok_or(why)?;
    text.parse().map_err(|_| why)
}

fn read(row: &Row<'_>, known: &Known, report: &mut Report) -> Option<NewUsage> {
    let external_id: Option<ExternalId> = row.cell("external_id", report);
    let subscription = row.cell_by("subscription", report, |id| {
        known
            .subscriptions
            .get(id)
            .ok_or("No subscription has this external id.")
    });
    let meter = row.cell_by("meter", report, |meter| {
        let counts = |of: &Subscription| {
            let meters = known.meters.get(&of.plan_version);
            meters.is_some_and(|meters| meters.contains(meter))
        };
        match subscription.is_none_or(counts) {
            true => Ok(meter.to_owned()),
            false => Err("No price of this subscription's plan is counted by this meter."),
        }
    });
    let occurred_at = row.cell_by("occurred_at", report, |typed| {
        known.happened(instant(typed)?, subscription)
    });
    let value = row.cell_by("value", report, str::parse::<Measure>);
    let subscription = subscription?;
    Some(NewUsage {
        subscription: subscription.id,
        partner: subscription.partner,
        meter: meter?,
        event_id: external_id?.to_string(),
        subject: row.text("subject").to_owned(),
        value: value?,
        occurred_at: occurred_at?,
    })
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    let known = Known::to(tx, table)?;
    let mut plan = Plan { new: Vec::new() };
    let mut said_before: HashMap<(String, String), NewUsage> = HashMap::new();
    for row in table.rows() {
        let Some(said) = read(&row, &known, report) else {
            continue;
        };
        let named = (said.meter.clone(), said.event_id.clone());
        if let Some(before) = said_before.insert(named.clone(), said.clone()) {
            // The same event twice counts once.
            match before == said {
                true => report.unchanged += 1,
                false => {
                    let why = "An earlier line says something else of this event.";
                    report.add(row.line, "external_id", why);
                }
            }
            continue;
        }
        match known.events.get(&named) {
            None => {
                report.new += 1;
                plan.new.push(said);
            }
            Some(is) if !said.says(is) => {
                let why = "This event is on record and says something else. Report a correction under its own id.";
                report.add(row.line, "external_id", why);
            }
            Some(_) => report.unchanged += 1,
        }
    }
    Ok(plan)
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: Plan) -> Result<()> {
    usage::report(tx, plan.new)
}
