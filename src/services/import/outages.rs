//! Files of outages and maintenance, as a monitoring system has them.
use std::collections::HashMap;

use super::table::{Report, Row, Table};
use crate::{
    Error, Result,
    domain::{ExternalId, LongText, SlaEventKind, sla::Span},
    id::OfferingId,
    services::{
        catalogue::service_levels::{self as service, NewEvent},
        revenue::usage::instant,
    },
    store::{
        Tx, VendorScope,
        catalogue::{
            offerings,
            sla_events::{self, SlaEvent},
        },
    },
};

/// What a file of outages does: each with the line it stands on.
pub(super) struct Plan {
    new: Vec<(u64, NewEvent)>,
}

fn read(
    row: &Row<'_>,
    services: &HashMap<String, OfferingId>,
    report: &mut Report,
) -> Option<NewEvent> {
    let external_id: Option<ExternalId> = row.cell("external_id", report);
    let offering = row.cell_by("service", report, |name| {
        let found = services.get(&name.to_lowercase()).copied();
        found.ok_or("No offering has this name.")
    });
    let kind: Option<SlaEventKind> = row.cell("kind", report);
    let from = row.cell_by("began_at", report, instant);
    let to = row.cell_by("ended_at", report, instant);
    let announced_at = match row.text("announced_at") {
        "" => Some(None),
        _ => row.cell_by("announced_at", report, instant).map(Some),
    };
    let note: Option<LongText> = row.cell("note", report);
    Some(NewEvent {
        external_id: Some(external_id?),
        offering: offering?,
        kind: kind?,
        span: Span {
            from: from?,
            to: to?,
        },
        announced_at: announced_at?,
        note: note?,
    })
}

fn is_same(said: &NewEvent, is: &SlaEvent) -> bool {
    (said.offering, said.kind, said.announced_at) == (is.offering, is.kind, is.announced_at)
        && (said.span.from, said.span.to) == (is.began_at, is.ended_at)
        && said.note.as_str() == is.note
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let services = offerings::names(tx)?.into_iter();
    let services = services
        .map(|(id, name)| (name.to_lowercase(), id))
        .collect();
    let known = sla_events::named(tx, &table.distinct("external_id"))?;
    let known: HashMap<&str, &SlaEvent> = known
        .iter()
        .filter_map(|event| Some((event.external_id.as_deref()?, event)))
        .collect();
    let (now, mut plan) = (tx.now(), Plan { new: Vec::new() });
    for row in table.rows() {
        let Some(said) = read(&row, &services, report) else {
            continue;
        };
        if let Err(Error::Invalid(problems)) = service::check(now, &said) {
            for (column, why) in problems.iter() {
                report.add(row.line, column, why);
            }
            continue;
        }
        let named = said.external_id.as_ref().map_or("", ExternalId::as_str);
        match known.get(named) {
            None => {
                report.new += 1;
                plan.new.push((row.line, said));
            }
            Some(is) if is_same(&said, is) => report.unchanged += 1,
            Some(_) => {
                let why = "This is on record and says something else. Withdraw it on the page of service levels first.";
                report.add(row.line, "external_id", why);
            }
        }
    }
    Ok(plan)
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    for (line, event) in &plan.new {
        service::record(tx, event).map_err(super::on_line(*line))?;
    }
    Ok(())
}
