//! Files of partners.
use std::collections::HashMap;

use super::table::{Report, Row, Table};
use crate::{
    Result,
    domain::{
        Action, Email, ExternalId, LongText, Name, PartnerType, StatementDelivery, read_country,
    },
    services::recruit::{
        Slugs,
        partners::{Draft, changes},
    },
    services::stale,
    store::{
        Tx, VendorScope,
        platform::{self, Event},
        recruit::partners::{self, Partner},
    },
};

/// What a file of partners does.
pub(super) struct Plan {
    new: Vec<Partner>,
    changed: Vec<(Partner, Partner)>,
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let known = partners::by_external_ids(tx, &table.distinct("external_id"))?;
    let known: HashMap<&str, &Partner> = known
        .iter()
        .map(|partner| (partner.external_id.as_str(), partner))
        .collect();
    let mut slugs = Slugs::besides(partners::slugs_like(tx, "")?);
    let mut plan = Plan {
        new: Vec::new(),
        changed: Vec::new(),
    };
    for row in table.rows() {
        let Some((external_id, draft)) = read(&row, table, &known, report) else {
            continue;
        };
        match known.get(external_id.as_str()) {
            None => {
                report.new += 1;
                plan.new
                    .push(draft.record(tx, Some(&external_id), &mut slugs)?);
            }
            Some(old) => {
                let new = draft.over((*old).clone());
                if new == **old {
                    report.unchanged += 1;
                } else {
                    report.changed += 1;
                    plan.changed.push(((*old).clone(), new));
                }
            }
        }
    }
    Ok(plan)
}

/// A column the file does not have leaves what is on record.
fn read(
    row: &Row<'_>,
    table: &Table,
    known: &HashMap<&str, &Partner>,
    report: &mut Report,
) -> Option<(ExternalId, Draft)> {
    let external_id: Option<ExternalId> = row.cell("external_id", report);
    let name: Option<Name> = row.cell("name", report);
    let legal_name: Option<Name> = row.cell("legal_name", report);
    let address: Option<LongText> = row.cell("address", report);
    let country = row.cell_by("country", report, read_country);
    let partner_type: Option<PartnerType> = row.cell("partner_type", report);
    let statement_email: Option<Email> = row.cell("statement_email", report);
    let delivery: Option<StatementDelivery> = row.cell("statement_delivery", report);
    let external_id = external_id?;
    let old = known.get(external_id.as_str());
    let kept = |column: &str| old.filter(|_| !table.has(column));
    let name = name?;
    let kept_name = kept("legal_name").and_then(|old| old.legal_name.parse().ok());
    let kept_address = kept("address").and_then(|old| old.address.parse().ok());
    let kept_email = kept("statement_email").and_then(|old| old.statement_email.parse().ok());
    let draft = Draft {
        legal_name: legal_name.or(kept_name).unwrap_or_else(|| name.clone()),
        address: address.or(kept_address).or_else(|| "".parse().ok())?,
        country: country?,
        partner_type: partner_type
            .or(kept("partner_type").map(|old| old.partner_type))
            .unwrap_or(PartnerType::Reseller),
        statement_email: statement_email.or(kept_email),
        delivery: delivery
            .or(kept("statement_delivery").map(|old| old.delivery))
            .unwrap_or(StatementDelivery::Attached),
        name,
    };
    Some((external_id, draft))
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    partners::insert_all(tx, &plan.new)?;
    let added = |partner: &Partner| event(partner, Action::PartnerAdded);
    let events: Vec<Event<'static>> = plan.new.iter().map(added).collect();
    platform::record_all(tx, &events)?;
    for (old, new) in &plan.changed {
        if !partners::update(tx, new)? {
            return Err(stale("partner"));
        }
        let changes = changes(old, new);
        let event = Event {
            changes: &changes,
            ..event(new, Action::PartnerChanged)
        };
        platform::record_all(tx, &[event])?;
    }
    Ok(())
}

fn event(partner: &Partner, action: Action) -> Event<'static> {
    Event {
        action,
        subject: partner.id.number(),
        partner: Some(partner.id),
        summary: format!("{} by import: {}", action.label(), partner.name),
        changes: &[],
    }
}
