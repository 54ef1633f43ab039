//! Files of customers.
use std::collections::HashMap;

use super::table::{Report, Table};
use crate::{
    Result,
    domain::{Action, ExternalId, Name, Rate, read_country},
    id::PartnerId,
    services::{
        sell::customers::{Draft, changes},
        stale,
    },
    store::{
        Tx, VendorScope,
        platform::{self, Event},
        recruit::partners,
        sell::customers::{self, Customer},
    },
};

/// What a file of customers does.
pub(super) struct Plan {
    new: Vec<Customer>,
    changed: Vec<(Customer, Customer)>,
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let known = customers::by_external_ids(tx, &table.distinct("external_id"))?;
    let known: HashMap<&str, &Customer> = known
        .iter()
        .map(|customer| (customer.external_id.as_str(), customer))
        .collect();
    let partners: HashMap<String, PartnerId> =
        partners::by_external_ids(tx, &table.distinct("partner"))?
            .into_iter()
            .map(|partner| (partner.external_id, partner.id))
            .collect();
    let mut plan = Plan {
        new: Vec::new(),
        changed: Vec::new(),
    };
    for row in table.rows() {
        let external_id: Option<ExternalId> = row.cell("external_id", report);
        let partner = row.cell_by("partner", report, |id| {
            partners
                .get(id)
                .copied()
                .ok_or("No partner has this external id.")
        });
        let name: Option<Name> = row.cell("name", report);
        let country = row.cell_by("country", report, read_country);
        let tax: Option<Rate> = row.cell("tax", report);
        let (Some(external_id), Some(partner)) = (external_id, partner) else {
            continue;
        };
        let (Some(name), Some(country)) = (name, country) else {
            continue;
        };
        let old = known.get(external_id.as_str()).copied();
        // A column the file does not have leaves what is on record.
        let kept = old.filter(|_| !table.has("tax")).map(|old| old.tax);
        let tax = tax.or(kept).unwrap_or_default();
        let draft = Draft {
            name,
            country,
            tax,
            tax_category: old.map_or(TaxCategory::Own, |old| old.tax_category),
            vat_id: old
                .and_then(|old| old.vat_id.parse().ok())
                .unwrap_or_default(),
        };
        match old {
            None => {
                report.new += 1;
                plan.new.push(draft.record(tx, partner, Some(&external_id)));
            }
            Some(old) if old.partner != partner => {
                report.add(
                    row.line,
                    "partner",
                    "The partner of a customer never changes.",
                );
            }
            Some(old) => {
                let new = draft.over(old.clone());
                if new == *old {
                    report.unchanged += 1;
                } else {
                    report.changed += 1;
                    plan.changed.push((old.clone(), new));
                }
            }
        }
    }
    Ok(plan)
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    customers::insert_all(tx, &plan.new)?;
    let added = |customer: &Customer| event(customer, Action::CustomerAdded);
    let events: Vec<Event<'static>> = plan.new.iter().map(added).collect();
    platform::record_all(tx, &events)?;
    for (old, new) in &plan.changed {
        if !customers::update(tx, new)? {
            return Err(stale("customer"));
        }
        let changes = changes(old, new);
        let event = Event {
            changes: &changes,
            ..event(new, Action::CustomerChanged)
        };
        platform::record_all(tx, &[event])?;
    }
    Ok(())
}

fn event(customer: &Customer, action: Action) -> Event<'static> {
    Event {
        action,
        subject: customer.id.number(),
        partner: Some(customer.partner),
        summary: format!("{} by import: {}", action.label(), customer.name),
        changes: &[],
    }
}
