//! The promises of a month as a file.
use super::{Asked, read, rows::pill};
use crate::{
    documents::csv::{self, Cell},
    domain::Period,
    services::catalogue::judging::{Measured, Outcome, Verdict},
    store::{Store, registers::Sees},
    web::{
        Answer,
        earnings::{Desk, ledger::csv_file},
        staff::sla_policies,
    },
};

const COLUMNS: [&str; 13] = [
    "Month",
    "Service",
    "Promised",
    "Hours",
    "Service seconds",
    "Seconds down",
    "Maintenance seconds",
    "Available %",
    "Tickets",
    "In time",
    "In time %",
    "Promised share %",
    "Result",
];

/// The promises of a month as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let content = desk
        .read(store, move |tx, calendar| {
            let found = read(tx, calendar, &asked)?;
            let mut rows = Vec::new();
            for one in &found.promised {
                for outcome in found.outcomes(one) {
                    rows.push(cells(found.month, &one.name, &outcome));
                }
            }
            Ok(csv::table(&COLUMNS, rows)?)
        })
        .await?;
    Ok(csv_file("service-levels.csv", content))
}

fn cells(month: Period, name: &str, outcome: &Outcome) -> Vec<Cell> {
    let none = || Cell::text("");
    let ppm = |ppm: Option<i64>| ppm.map_or(Cell::text(""), |ppm| Cell::minor(ppm, 4));
    let head = [
        Cell::text(month.to_string()),
        Cell::text(name),
        Cell::text(sla_policies::promise(&outcome.target)),
        Cell::text(outcome.target.calendar.code()),
    ];
    let result = Cell::text(pill(outcome.verdict).1);
    let measured = match outcome.measured {
        Measured::Availability(kept) => [
            Cell::number(kept.service),
            Cell::number(kept.down),
            Cell::number(kept.maintenance),
            ppm(kept
                .ppm_floor()
                .filter(|_| outcome.verdict != Verdict::NotMeasured)),
            none(),
            none(),
            none(),
            none(),
            result,
        ],
        Measured::Tickets { tally, .. } => [
            none(),
            none(),
            none(),
            none(),
            Cell::number(tally.measured()),
            Cell::number(tally.in_time),
            ppm(tally.ppm_floor()),
            Cell::minor(i64::from(outcome.target.share.bps()), 2),
            result,
        ],
    };
    head.into_iter().chain(measured).collect()
}
