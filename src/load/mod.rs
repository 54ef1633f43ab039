//! Synthetic load: vendors of any size, made through the doors that real ones use (files that are
//! imported, months that are billed, paid and closed by the real rules), and how long that takes.
mod files;
mod measure;
mod reports;
mod terms;

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, TimeDelta};

pub use measure::{Figures, Phase, measure};

use crate::{
    Error, Result,
    clock::Clock,
    domain::{ImportKind, Money, Period},
    id::InvoiceId,
    services::{
        import::{self, Ledger},
        revenue::{
            Books, billing,
            payments::{self, NewPayment},
        },
    },
    store::{Store, VendorScope, lobby, revenue::invoices},
    worker::{self, Closing},
};

/// How much to make. Partners and subscriptions are those of one vendor.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Vendors.
    pub vendors: usize,
    /// Partners of each.
    pub partners: usize,
    /// Subscriptions of each, one for each customer.
    pub subscriptions: usize,
    /// Months that are billed, paid and closed.
    pub months: u32,
}

/// Payments, and subscriptions to bill, of one transaction.
const TOGETHER: i64 = 10_000;
/// Partners staged in one transaction at most.
const STAGED: i64 = 200;

/// The first month of whatever is made.
pub fn first_month() -> Period {
    Period::of(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default())
}

/// Makes vendors in an empty database and lives their months. The clock is moved along.
///
/// # Errors
/// Faults of the database; a vendor of such a name that is there already.
pub fn generate(
    (store, clock): (&Store, &Clock),
    size: Size,
    mut tell: impl FnMut(&str),
) -> Result<Vec<VendorScope>> {
    let mut made = Vec::new();
    for number in 1..=size.vendors {
        made.push(vendor((store, clock), number, size, &mut tell)?);
    }
    let mut month = first_month();
    for _ in 0..size.months {
        for scope in &made {
            live((store, clock), scope, month)?;
        }
        tell(&format!("{} is closed", month.title()));
        month = month.next();
    }
    Ok(made)
}

/// One vendor with its partners, customers and subscriptions, of which none is billed.
fn vendor(
    (store, clock): (&Store, &Clock),
    number: usize,
    size: Size,
    tell: &mut impl FnMut(&str),
) -> Result<VendorScope> {
    stand_at(clock, first_month().previous().first_day());
    let scope = terms::vendor(store, number, first_month())?;
    let commission = terms::catalogue(store, &scope)?;
    bring(store, &scope, ImportKind::Partners, &files::partners(size))?;
    terms::enroll(store, &scope, commission)?;
    for some in files::parts(size.subscriptions) {
        let customers = files::customers(size, some.clone());
        bring(store, &scope, ImportKind::Customers, &customers)?;
        let sold = files::subscriptions(some.clone(), first_month().first_day());
        bring(store, &scope, ImportKind::Subscriptions, &sold)?;
        tell(&format!("vendor {number}: {} subscriptions", some.end));
    }
    Ok(scope)
}

fn bring(store: &Store, scope: &VendorScope, kind: ImportKind, text: &str) -> Result<()> {
    let (id, checked) = store.write_now(scope.clone(), |tx| {
        import::stage(tx, kind, "load.csv", text.as_bytes())
    })?;
    if !checked.is_sound() {
        return Err(Error::fault(format!("{:?}", checked.problems)));
    }
    store.write_now(scope.clone(), |tx| {
        let ledger = Ledger::open(tx)?;
        import::apply(tx, &ledger, id).map(drop)
    })
}

/// How long the parts of one month took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lived {
    /// Invoices made, and the time they took.
    pub billed: (usize, Duration),
    /// Payments applied, commission entries written with them, and the time that took.
    pub paid: (usize, Duration),
    /// Statements made, and the time they took.
    pub closed: (usize, Duration),
}

/// One month of a vendor: billed on its first day, paid on its fifth, closed on the first day of
/// the next.
///
/// # Errors
/// Faults of the database.
pub fn live((store, clock): (&Store, &Clock), scope: &VendorScope, month: Period) -> Result<Lived> {
    stand_at(clock, month.first_day());
    let billed = bill(store, scope, month.first_day())?;
    let fifth = month.first_day() + Days::new(4);
    stand_at(clock, fifth);
    let paid = pay(store, scope, fifth)?;
    stand_at(clock, month.next().first_day());
    let began = Instant::now();
    let closed = worker::close_now(store, scope, &closing(month))?;
    Ok(Lived {
        billed,
        paid,
        closed: (closed.statements, began.elapsed()),
    })
}

fn closing(period: Period) -> Closing {
    Closing {
        period,
        chunk: STAGED,
        mail_domain: "load.example".to_owned(),
    }
}

/// Nine in the morning, UTC.
fn stand_at(clock: &Clock, day: NaiveDate) {
    clock.move_to((day.and_time(chrono::NaiveTime::MIN) + TimeDelta::hours(9)).and_utc());
}

fn bill(store: &Store, scope: &VendorScope, through: NaiveDate) -> Result<(usize, Duration)> {
    let (began, mut count) = (Instant::now(), 0);
    loop {
        let billed = store.write_now(scope.clone(), |tx| {
            billing::bill_due_chunk(tx, through, TOGETHER)
        })?;
        count += billed.count;
        if !billed.more {
            return Ok((count, began.elapsed()));
        }
    }
}

/// Everybody pays, but for every seventeenth customer. Reading what is open stands for the bank's
/// file and is not counted.
fn pay(store: &Store, scope: &VendorScope, on: NaiveDate) -> Result<(usize, Duration)> {
    let (mut after, mut count, mut took) = (InvoiceId::of(0), 0, Duration::ZERO);
    loop {
        let open = store.read_now(scope.clone(), |tx| {
            invoices::open_after(tx, after, TOGETHER)
        })?;
        let Some(last) = open.last() else {
            return Ok((count, took));
        };
        after = last.id;
        let paying = open.iter().filter(|one| one.id.number() % 17 != 5);
        let new: Vec<NewPayment> = paying
            .map(|invoice| NewPayment {
                external_id: format!("PAY-{}", invoice.number),
                received_on: on,
                amount: Money::new(invoice.due_minor(), invoice.currency),
                invoice_number: Some(invoice.number.clone()),
                customer: None,
            })
            .collect();
        let began = Instant::now();
        store.write_now(scope.clone(), |tx| {
            let books = Books::open(tx)?;
            payments::receive_all(tx, &books, &new)
                .map(drop)
                .map_err(|at| at.error)
        })?;
        took += began.elapsed();
        count += new.len();
    }
}

/// The vendor of this number, if it is there.
///
/// # Errors
/// [`Error::NotFound`]; faults of the database.
pub fn scope_of(store: &Store, number: usize) -> Result<VendorScope> {
    store.lobby_now(|lobby| lobby::operator(lobby, &terms::slug(number)))
}
