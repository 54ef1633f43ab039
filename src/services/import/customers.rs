//! Files of customers.
use std::collections::HashMap;

use super::table::{Report, Row, Table};
use crate::{
    Result,
    domain::{Action, CountryCode, ExternalId, Name, Rate, TaxCategory, VatId, read_country},
    id::PartnerId,
    services::{
        sell::customers::{Draft, changes, tax_problem},
        stale,
    },
    store::{
        Tx, VendorScope,
        account::vendor,
        platform::{self, Event},
        recruit::partners,
        sell::{
            customers::{self, Customer},
            taxes,
        },
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
    let (rates, today) = (taxes::all(tx)?, vendor::today(tx)?);
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
        let (Some(external_id), Some(partner)) = (external_id, partner) else {
            continue;
        };
        let (Some(name), Some(country)) = (name, country) else {
            continue;
        };
        let old = known.get(external_id.as_str()).copied();
        let draft = Taxed::read((table, &row), old, report).draft(name, country);
        if let Some((column, why)) = tax_problem(&draft, &rates, today) {
            report.add(row.line, column, why);
        }
        plan.take(tx, (&row, partner, &external_id), (old, &draft), report);
    }
    Ok(plan)
}

impl Plan {
    /// What a row comes to: a new customer, a changed one, or neither.
    fn take(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        (row, partner, external_id): (&Row<'_>, PartnerId, &ExternalId),
        (old, draft): (Option<&Customer>, &Draft),
        report: &mut Report,
    ) {
        match old {
            None => {
                report.new += 1;
                self.new.push(draft.record(tx, partner, Some(external_id)));
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
                    self.changed.push((old.clone(), new));
                }
            }
        }
    }
}

/// How a row says that its customer is taxed.
struct Taxed {
    rate: Rate,
    category: TaxCategory,
    vat_id: VatId,
}

impl Taxed {
    fn draft(self, name: Name, country: CountryCode) -> Draft {
        Draft {
            name,
            country,
            tax: self.rate,
            tax_category: self.category,
            vat_id: self.vat_id,
        }
    }

    /// A column the file does not have leaves what is on record.
    fn read((table, row): (&Table, &Row<'_>), old: Option<&Customer>, report: &mut Report) -> Self {
        let kept = |column| old.filter(|_| !table.has(column));
        let rate = row.cell("tax", report);
        let category = row.cell("tax_category", report);
        let vat_id = row.cell("vat_id", report);
        let known = |old: &Customer| old.vat_id.parse().ok();
        Self {
            rate: rate.or(kept("tax").map(|old| old.tax)).unwrap_or_default(),
            category: category
                .or(kept("tax_category").map(|old| old.tax_category))
                .unwrap_or(TaxCategory::Own),
            vat_id: vat_id
                .or(kept("vat_id").and_then(known))
                .unwrap_or_default(),
        }
    }
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
