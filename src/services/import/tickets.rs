//! Files of tickets, as a help desk has them.
use std::collections::{BTreeSet, HashMap};

use super::table::{Report, Row, Table};
use crate::{
    Result,
    domain::{Action, ExternalId, Name, TicketSeverity, Zone, sla::read_waits},
    id::{PartnerId, SubscriptionId},
    services::{
        catalogue::tickets::{self as service, Draft, Under},
        revenue::usage::instant,
    },
    store::{
        Tx, VendorScope,
        account::vendor,
        catalogue::tickets::{self, Services, Ticket},
        platform::{self, Event},
        sell::subscriptions,
    },
};

/// What a file of tickets does.
pub(super) struct Plan {
    new: Vec<Ticket>,
    changed: Vec<(Ticket, Ticket)>,
}

/// What the rows refer to.
struct Known {
    subscriptions: HashMap<String, (SubscriptionId, PartnerId, Services)>,
    tickets: HashMap<String, Ticket>,
    zone: Zone,
}

impl Known {
    fn to(tx: &mut Tx<'_, VendorScope>, table: &Table) -> Result<Self> {
        let sold = subscriptions::by_external_ids(tx, &table.distinct("subscription"))?;
        let sold: Vec<_> = sold.into_iter().map(|one| one.subscription).collect();
        let ids: BTreeSet<SubscriptionId> = sold.iter().map(|one| one.id).collect();
        let services = tickets::services_of(tx, &Vec::from_iter(ids))?;
        let under = sold.into_iter().filter_map(|one| {
            let services = services.get(&one.id)?.clone();
            Some((one.external_id, (one.id, one.partner, services)))
        });
        let named = tickets::named(tx, &table.distinct("external_id"))?;
        let named = named.into_iter().map(|one| (one.external_id.clone(), one));
        Ok(Self {
            subscriptions: under.collect(),
            tickets: named.collect(),
            zone: vendor::settings(tx)?.zone,
        })
    }
}

fn read(row: &Row<'_>, known: &Known, report: &mut Report) -> Option<(ExternalId, Under, Draft)> {
    let external_id: Option<ExternalId> = row.cell("external_id", report);
    let under = row.cell_by("subscription", report, |id| {
        let found = known.subscriptions.get(id);
        found.ok_or("No subscription has this external id.")
    });
    let title: Option<Name> = row.cell("title", report);
    let mut optional = |column: &str| match row.text(column) {
        "" => Some(None),
        _ => row.cell_by(column, report, instant).map(Some),
    };
    let (answered_at, resolved_at) = (optional("answered_at"), optional("resolved_at"));
    let opened_at = row.cell_by("opened_at", report, instant);
    let severity = match row.text("severity") {
        "" => Some(TicketSeverity::Normal),
        _ => row.cell("severity", report),
    };
    let waits = row.cell_by("waiting", report, |typed| {
        read_waits(typed, |at| instant(at).ok())
            .map_err(|_| "Give from/to in UTC, several between semicolons.")
    });
    let is_blank = row.text("waiting").is_empty();
    let draft = Draft {
        title: title?,
        severity: severity?,
        opened_at: opened_at?,
        answered_at: answered_at?,
        resolved_at: resolved_at?,
        waits: waits.or_else(|| is_blank.then(Vec::new))?,
    };
    let (id, partner, services) = under?;
    let service = draft.service(services, known.zone)?;
    Some((external_id?, (*id, *partner, service), draft))
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let known = Known::to(tx, table)?;
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for row in table.rows() {
        let Some((external_id, under, draft)) = read(&row, &known, report) else {
            continue;
        };
        let problems = draft.problems(tx.now());
        for (field, why) in problems.iter() {
            let column = if field == "waits" { "waiting" } else { field };
            report.add(row.line, column, why);
        }
        match known.tickets.get(external_id.as_str()) {
            _ if !problems.is_empty() => {}
            None => {
                report.new += 1;
                new.push(service::fresh(tx, (&external_id, under), &draft));
            }
            Some(old) if old.subscription != under.0 => {
                let why = "This ticket is on record under another subscription.";
                report.add(row.line, "subscription", why);
            }
            Some(old) => {
                let said = Ticket {
                    offering: under.2,
                    ..draft.over(old.clone())
                };
                if said == *old {
                    report.unchanged += 1;
                } else {
                    report.changed += 1;
                    changed.push((old.clone(), said));
                }
            }
        }
    }
    Ok(Plan { new, changed })
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    tickets::add_all(tx, &plan.new)?;
    let action = Action::TicketRecorded;
    let told = |ticket: &Ticket| Event {
        action,
        subject: ticket.id.number(),
        partner: Some(ticket.partner),
        summary: format!("{} by import: {}", action.label(), ticket.external_id),
        changes: &[],
    };
    let events: Vec<Event<'static>> = plan.new.iter().map(told).collect();
    platform::record_all(tx, &events)?;
    for (old, new) in &plan.changed {
        service::change(tx, (old, new))?;
    }
    Ok(())
}
