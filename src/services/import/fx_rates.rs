//! Files of exchange rates, as a central bank or a treasury has them.
use std::collections::HashSet;

use chrono::NaiveDate;

use super::table::{Report, Row, Table};
use crate::{
    Error, Result,
    domain::{Currency, Name, payable::FxRate, read_date},
    services::incentivize::currencies::{self as service, Effect, NewRate},
    store::{Tx, VendorScope},
};

/// What a file of rates does.
pub(super) struct Plan {
    new: Vec<NewRate>,
}

fn read(row: &Row<'_>, report: &mut Report) -> Option<NewRate> {
    let on = row.cell_by("date", report, read_date);
    let from: Option<Currency> = row.cell("from", report);
    let to: Option<Currency> = row.cell("to", report);
    let rate: Option<FxRate> = row.cell("rate", report);
    let source: Option<Name> = row.cell("source", report);
    Some(NewRate {
        on: on?,
        from: from?,
        to: to?,
        rate: rate?,
        source: source?,
    })
}

/// The column of a file that a field of the form is.
fn column(field: &str) -> &str {
    match field {
        "on" => "date",
        other => other,
    }
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    let mut plan = Plan { new: Vec::new() };
    let mut seen: HashSet<(Currency, Currency, NaiveDate)> = HashSet::new();
    for row in table.rows() {
        let Some(said) = read(&row, report) else {
            continue;
        };
        if !seen.insert((said.from, said.to, said.on)) {
            let why = "Another row gives a rate of this day.";
            report.add(row.line, "date", why);
            continue;
        }
        match service::check(tx, &said) {
            Ok(Effect::Unchanged) => report.unchanged += 1,
            Ok(Effect::New) => {
                report.new += 1;
                plan.new.push(said);
            }
            Ok(Effect::Changed) => {
                report.changed += 1;
                plan.new.push(said);
            }
            Err(Error::Invalid(problems)) => {
                for (field, why) in problems.iter() {
                    report.add(row.line, column(field), why);
                }
            }
            Err(other) => return Err(other),
        }
    }
    Ok(plan)
}

pub(super) fn apply(tx: &mut Tx<'_, VendorScope>, plan: &Plan) -> Result<()> {
    service::set_all(tx, &plan.new)
}
