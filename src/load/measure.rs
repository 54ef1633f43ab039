//! One month of a generated vendor, measured against its floor: the same rows, set in and changed
//! by SQL that works on whole sets, in tables of the same shape in the same database.
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Lived, Size, closing, first_month, generate, live, reports, stand_at};
use crate::{
    Result,
    clock::Clock,
    documents,
    domain::statement_document::StatementDocument,
    store::{Store, VendorScope, floor, incentivize::statements},
    worker,
};

/// Statements rendered as PDF.
const RENDERED: usize = 1_000;

/// One part of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    /// What.
    pub name: &'static str,
    /// How many of what it counts.
    pub count: usize,
    /// How long it took, in milliseconds.
    pub ms: u128,
}

/// What one run showed.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Active subscriptions.
    pub subscriptions: usize,
    /// Partners.
    pub partners: usize,
    /// The parts of the month, in their order.
    pub phases: Vec<Phase>,
    /// The month end to end, in milliseconds: billed, paid, closed.
    pub month_ms: u128,
    /// Rows the month wrote, with those of the audit trail.
    pub rows: usize,
    /// Rows that were there, or that it wrote, and changed later.
    pub changed: usize,
    /// Setting the same rows in and changing as many, in milliseconds.
    pub floor_ms: u128,
    /// Of that, the changes.
    pub changing_ms: u128,
    /// Most memory the process held, in MiB, where the system tells.
    pub peak_mib: Option<u64>,
}

impl Figures {
    /// The month in multiples of the floor, in hundredths.
    pub fn ratio_percent(&self) -> u128 {
        self.month_ms * 100 / self.floor_ms.max(1)
    }
}

/// Makes a vendor in an empty database, lives one month of it and its floor.
///
/// # Errors
/// Faults of the database.
pub fn measure(
    (store, clock): (&Store, &Clock),
    (partners, subscriptions): (usize, usize),
    mut tell: impl FnMut(&str),
) -> Result<Figures> {
    let size = Size {
        vendors: 1,
        partners,
        subscriptions,
        months: 0,
    };
    let made = generate((store, clock), size, &mut tell)?;
    let Some(scope) = made.into_iter().next() else {
        return Err(crate::Error::NotFound);
    };
    floor::settle(store)?;
    tell("one month is lived");
    let mark = floor::mark(store);
    let lived = live((store, clock), &scope, first_month())?;
    let again = again((store, clock), &scope)?;
    let peak_mib = peak_mib();
    tell("its statements are rendered");
    let rendered = render(store, &scope)?;
    tell("the floor");
    let floor = floor::lay(store, mark)?;
    tell("usage is reported");
    let day = first_month().next().first_day();
    let reported = reports::report(store, &scope, (subscriptions, day))?;
    let mut phases = phases(&lived, again, rendered);
    phases.push(phase("usage events taken over HTTP", reported));
    Ok(Figures {
        subscriptions,
        partners,
        phases,
        month_ms: (lived.billed.1 + lived.paid.1 + lived.closed.1).as_millis(),
        rows: floor.rows,
        changed: floor.changed,
        floor_ms: (floor.took + floor.changing).as_millis(),
        changing_ms: floor.changing.as_millis(),
        peak_mib,
    })
}

fn phase(name: &'static str, (count, took): (usize, Duration)) -> Phase {
    Phase {
        name,
        count,
        ms: took.as_millis(),
    }
}

fn phases(lived: &Lived, again: Duration, rendered: (usize, Duration)) -> Vec<Phase> {
    vec![
        phase("invoices issued", lived.billed),
        phase("payments applied, commission earned", lived.paid),
        phase("statements closed", lived.closed),
        phase("the same month once more", (0, again)),
        phase("statements rendered as PDF", rendered),
    ]
}

/// The month once more: nothing is billed, nothing is closed.
fn again((store, clock): (&Store, &Clock), scope: &VendorScope) -> Result<Duration> {
    let month = first_month();
    stand_at(clock, month.next().first_day());
    let began = Instant::now();
    super::bill(store, scope, month.last_day())?;
    worker::close_now(store, scope, &closing(month))?;
    Ok(began.elapsed())
}

fn render(store: &Store, scope: &VendorScope) -> Result<(usize, Duration)> {
    let (began, mut count) = (Instant::now(), 0);
    let ids = store.read_now(scope.clone(), |tx| {
        statements::balances(tx, first_month(), None)
    })?;
    for balance in ids.iter().take(RENDERED) {
        let row = store.read_now(scope.clone(), |tx| statements::one(tx, balance.id))?;
        let document =
            StatementDocument::from_canonical(&row.content).map_err(crate::Error::fault)?;
        documents::pdf::statement(&document)?;
        count += 1;
    }
    Ok((count, began.elapsed()))
}

fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}
