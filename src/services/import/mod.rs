//! Bringing CSV files in: checked row by row, then applied as a whole or not at all.
//!
//! A row is known by its external id. A file that was applied may be applied again: rows that say
//! the same are left alone.
mod customers;
mod fx_rates;
mod ledger;
mod outages;
mod partners;
mod payments;
mod subscriptions;
mod table;
mod template;
mod tickets;
mod usage;

use serde::{Deserialize, Serialize};

pub use ledger::Ledger;
pub use payments::PaymentRow;
pub use subscriptions::SubscriptionRow;
pub use template::{Column, columns, template};

use crate::{
    Error, Result,
    domain::{Action, ImportKind, Permission, Problems, audit::diff},
    id::ImportFileId,
    secrets::sha256_hex,
    services::revenue::payments::AtPlace,
    store::{
        Platform, Tx, VendorScope,
        imports::{self, Mark, NewFile, Written},
        platform::Event,
    },
};
use table::{Report, Table};

/// The largest file, in bytes.
pub const LARGEST_FILE: usize = 20 * 1024 * 1024;
/// The most rows besides the header.
pub const MOST_ROWS: usize = 200_000;
/// The most rows of a file whose effect on the ledger is shown before it is applied.
pub const MOST_REHEARSED: i32 = 1_000;
/// The most problems that are listed; further ones are only counted.
pub const MOST_PROBLEMS: usize = 200;

/// What rows about money set off: all of them, or none and the place of the one that is refused.
pub trait Effects {
    /// Starts subscriptions.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::Conflict`] refuse the file and name the row.
    fn start_subscriptions(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        rows: &[SubscriptionRow],
    ) -> Result<(), AtPlace>;
    /// Records payments.
    ///
    /// # Errors
    /// As [`start_subscriptions`](Self::start_subscriptions).
    fn receive_payments(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        rows: &[PaymentRow],
    ) -> Result<(), AtPlace>;
}

/// Rows about money that are read and written together.
const TOGETHER: usize = 1_000;

/// Sets rows off, some together; a refusal names the line.
fn set_off<R: Clone>(
    rows: &[(u64, R)],
    mut effect: impl FnMut(&[R]) -> Result<(), AtPlace>,
) -> Result<()> {
    for some in rows.chunks(TOGETHER) {
        let plain: Vec<R> = some.iter().map(|(_, row)| row.clone()).collect();
        effect(&plain).map_err(|AtPlace { place, error }| {
            let line = some.get(place).map_or(0, |(line, _)| *line);
            on_line(line)(error)
        })?;
    }
    Ok(())
}

/// Something wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The line it begins on, the header being line 1.
    pub line: u64,
    /// The column; empty where the whole row is meant.
    pub column: String,
    /// What is wrong, in a sentence.
    pub reason: String,
}

/// What checking a file found, or applying it did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Rows besides the header.
    pub rows: usize,
    /// Rows that are not on record yet.
    pub new: usize,
    /// Rows that say what is on record.
    pub unchanged: usize,
    /// Rows that say something else than is on record.
    pub changed: usize,
    /// What is wrong, at most [`MOST_PROBLEMS`], in the file's order.
    pub problems: Vec<RowProblem>,
    /// How many problems there are in all.
    pub problem_count: usize,
}

impl Checked {
    /// Whether the file can be applied.
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    /// Whether two readings of one file come to the same.
    fn does_as(&self, other: &Self) -> bool {
        let counts = |it: &Self| (it.new, it.changed, it.unchanged);
        counts(self) == counts(other)
    }
}

/// What a sound file will do.
enum Plan {
    Partners(partners::Plan),
    Customers(customers::Plan),
    Subscriptions(subscriptions::Plan),
    Payments(payments::Plan),
    Usage(usage::Plan),
    Outages(outages::Plan),
    Tickets(tickets::Plan),
    FxRates(fx_rates::Plan),
}

fn allow(tx: &Tx<'_, VendorScope>, kind: ImportKind) -> Result<()> {
    tx.allow(Permission::Import)?;
    tx.allow(kind.permission())
}

fn read(
    tx: &mut Tx<'_, VendorScope>,
    kind: ImportKind,
    bytes: &[u8],
) -> Result<(Checked, Option<Plan>)> {
    let mut report = Report::default();
    let Some(table) = Table::read(columns(kind), bytes, &mut report) else {
        return Ok((report.checked(0), None));
    };
    let (rows, report) = (table.rows.len(), &mut report);
    let plan = match kind {
        ImportKind::Partners => Plan::Partners(partners::plan(tx, &table, report)?),
        ImportKind::Customers => Plan::Customers(customers::plan(tx, &table, report)?),
        ImportKind::Subscriptions => Plan::Subscriptions(subscriptions::plan(tx, &table, report)?),
        ImportKind::Payments => Plan::Payments(payments::plan(tx, &table, report)?),
        ImportKind::Usage => Plan::Usage(usage::plan(tx, &table, report)?),
        ImportKind::Outages => Plan::Outages(outages::plan(tx, &table, report)?),
        ImportKind::Tickets => Plan::Tickets(tickets::plan(tx, &table, report)?),
        ImportKind::FxRates => Plan::FxRates(fx_rates::plan(tx, &table, report)?),
    };
    let checked = report.checked(rows);
    let plan = Some(plan).filter(|_| checked.is_sound());
    Ok((checked, plan))
}

/// Says what a file would do and what is wrong with it. Writes nothing.
///
/// # Errors
/// [`Error::Forbidden`], and faults of the database.
pub fn check(tx: &mut Tx<'_, VendorScope>, kind: ImportKind, bytes: &[u8]) -> Result<Checked> {
    allow(tx, kind)?;
    Ok(read(tx, kind, bytes)?.0)
}

/// Checks a file and keeps it with what was found: with its content where it can be applied,
/// without where it was refused.
///
/// # Errors
/// [`Error::Forbidden`], and faults of the database.
pub fn stage(
    tx: &mut Tx<'_, VendorScope>,
    kind: ImportKind,
    file_name: &str,
    bytes: &[u8],
) -> Result<(ImportFileId, Checked)> {
    let checked = check(tx, kind, bytes)?;
    let id: ImportFileId = tx.fresh_id();
    let readable = file_name.chars().filter(|c| !c.is_control()).take(120);
    let file_name: String = readable.collect();
    // Only whole UTF-8 without NUL passes the check.
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let is_sound = checked.is_sound();
    imports::insert(
        tx,
        NewFile {
            id,
            kind: kind.code(),
            file_name: file_name.clone(),
            sha256: sha256_hex(bytes),
            content: if is_sound {
                text.to_owned()
            } else {
                String::new()
            },
            row_count: i32::try_from(checked.rows).unwrap_or(i32::MAX),
            status: if is_sound { "checked" } else { "refused" },
            outcome: json(&checked)?,
        },
    )?;
    if !is_sound {
        note(tx, id, Action::ImportRefused, &file_name, &checked)?;
    }
    Ok((id, checked))
}

fn json(checked: &Checked) -> Result<String> {
    serde_json::to_string(checked).map_err(Error::fault)
}

/// What was found, from a stored file's outcome.
///
/// # Errors
/// A fault for a text that is none.
pub fn outcome(json: &str) -> Result<Checked> {
    serde_json::from_str(json).map_err(Error::fault)
}

/// Applies a checked file: every row, or none. The file is read against the records as they are
/// now, which may have changed since it was checked.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `line-2` where a row can no
/// longer be applied, and [`Error::Conflict`] for a file that was refused, or would by now do
/// something else than was shown. A file that was applied before is left at that.
pub fn apply(
    tx: &mut Tx<'_, VendorScope>,
    effects: &dyn Effects,
    id: ImportFileId,
) -> Result<Checked> {
    let file = imports::file(tx, id)?;
    let kind: ImportKind = file.kind.parse().map_err(Error::fault)?;
    allow(tx, kind)?;
    match file.status.as_str() {
        "checked" => {}
        // The second press of the button: it was done, and this is what it did.
        "applied" => return outcome(&file.outcome),
        "withdrawn" => return Err(Error::conflict("This file was withdrawn.")),
        _ => {
            return Err(Error::conflict(
                "This file was refused. Upload it again, corrected.",
            ));
        }
    }
    let content = imports::content(tx, id)?;
    let (checked, plan) = read(tx, kind, content.as_bytes())?;
    if checked.is_sound() && !checked.does_as(&outcome(&file.outcome)?) {
        return Err(changed_since(&checked));
    }
    match plan {
        None => return Err(refusal(&checked)),
        Some(Plan::Partners(plan)) => partners::apply(tx, &plan)?,
        Some(Plan::Customers(plan)) => customers::apply(tx, &plan)?,
        Some(Plan::Subscriptions(plan)) => subscriptions::apply(tx, effects, &plan)?,
        Some(Plan::Payments(plan)) => payments::apply(tx, effects, &plan)?,
        Some(Plan::Usage(plan)) => usage::apply(tx, plan)?,
        Some(Plan::Outages(plan)) => outages::apply(tx, &plan)?,
        Some(Plan::Tickets(plan)) => tickets::apply(tx, &plan)?,
        Some(Plan::FxRates(plan)) => fx_rates::apply(tx, &plan)?,
    }
    if !imports::mark_applied(tx, id, json(&checked)?)? {
        return Err(Error::conflict("This file has been applied already."));
    }
    note(tx, id, Action::ImportApplied, &file.file_name, &checked)?;
    Ok(checked)
}

/// What applying a file writes to the ledger: for a rehearsal.
///
/// # Errors
/// As [`apply`].
pub fn applied(
    tx: &mut Tx<'_, VendorScope>,
    effects: &dyn Effects,
    id: ImportFileId,
) -> Result<Written> {
    let mark = Mark::set(tx);
    apply(tx, effects, id)?;
    imports::written_since(tx, mark)
}

/// Withdraws a checked file, which can then no longer be applied. Withdrawing it again changes
/// nothing.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Conflict`] for a file that was applied or
/// refused, and faults of the database.
pub fn withdraw(tx: &mut Tx<'_, VendorScope>, id: ImportFileId) -> Result<()> {
    let file = imports::file(tx, id)?;
    allow(tx, file.kind.parse().map_err(Error::fault)?)?;
    if file.status == "withdrawn" {
        return Ok(());
    }
    if !imports::mark_withdrawn(tx, id)? {
        return Err(Error::conflict(
            "This file was applied or refused: there is nothing to withdraw.",
        ));
    }
    let action = Action::ImportWithdrawn;
    note(tx, id, action, &file.file_name, &outcome(&file.outcome)?)
}

/// Nobody has agreed to what the file would do by now.
fn changed_since(now: &Checked) -> Error {
    Error::conflict(format!(
        "Records have changed since this file was checked. It would now add {}, change {} and \
         leave {} as it is. Upload it again to see and apply that.",
        now.new, now.changed, now.unchanged
    ))
}

fn refusal(checked: &Checked) -> Error {
    let mut problems = Problems::default();
    for problem in &checked.problems {
        let RowProblem {
            line,
            column,
            reason,
        } = problem;
        let what = match column.as_str() {
            "" => reason.clone(),
            column => format!("{column}: {reason}"),
        };
        problems.add(format!("line-{line}"), what);
    }
    Error::Invalid(problems)
}

/// A refusal of one row's effect, as one of the file that names the row.
fn on_line(line: u64) -> impl Fn(Error) -> Error {
    move |error| {
        let field = format!("line-{line}");
        match error {
            Error::Conflict(why) => Error::on(field, why),
            Error::Invalid(problems) => {
                let mut named = Problems::default();
                for (column, why) in problems.iter() {
                    named.add(field.clone(), format!("{column}: {why}"));
                }
                Error::Invalid(named)
            }
            other => other,
        }
    }
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    id: ImportFileId,
    action: Action,
    file_name: &str,
    checked: &Checked,
) -> Result<()> {
    let changes = diff(&[
        ("new", String::new(), checked.new.to_string()),
        ("changed", String::new(), checked.changed.to_string()),
        ("unchanged", String::new(), checked.unchanged.to_string()),
        ("problems", String::new(), checked.problem_count.to_string()),
    ]);
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: id.number(),
            partner: None,
            summary: format!("{}: {file_name}", action.label()),
            changes: &changes,
        },
    )
}
