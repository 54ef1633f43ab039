//! What becomes of a run: the bank pays it, or it is canceled.
use crate::{
    Error, Result,
    domain::{Action, Money, Permission, audit::diff, bank::PayoutRunStatus},
    id::PayoutRunId,
    services::revenue::{
        books::{Books, day},
        payouts::{Paid, booked_in},
    },
    store::{
        Platform, Tx, VendorScope,
        incentivize::{
            payout_runs::{self, PayoutRun},
            payouts,
        },
        platform::Event,
    },
};

/// Marks a run as paid, and with it every payout it holds.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a run that
/// is not open; [`Error::Invalid`] on `paid_on`; faults of the database.
pub fn mark_paid(tx: &mut Tx<'_, VendorScope>, run: PayoutRunId, paid: &Paid) -> Result<()> {
    tx.allow(Permission::MarkPayoutsPaid)?;
    let books = Books::open(tx)?;
    let run = open(tx, run, paid.version)?;
    let made = books.vendor.zone.local_date(run.created_at);
    if paid.paid_on < made {
        let why = format!("The run was put together on {}.", day(made));
        return Err(Error::on("paid_on", why));
    }
    if paid.paid_on > books.today {
        return Err(Error::on("paid_on", "This day is still to come."));
    }
    let reference = paid.reference.as_str();
    let payments = payout_runs::held(tx, run.id)?;
    let days = (paid.paid_on, booked_in(&books, paid.paid_on));
    for payout in &payments {
        payouts::mark_paid(tx, payout, days, reference)?;
        let amount = Money::new(payout.amount_minor, payout.currency);
        VendorScope::record(
            tx,
            &Event {
                action: Action::PayoutPaid,
                subject: payout.id.number(),
                partner: Some(payout.partner_id),
                summary: format!("{amount} paid on {}", day(paid.paid_on)),
                changes: &diff(&[("status", "due", "paid")]),
            },
        )?;
    }
    let to = (PayoutRunStatus::Paid, Some((paid.paid_on, reference)));
    if !payout_runs::settle(tx, &run, to)? {
        return Err(changed());
    }
    let summary = format!("{} paid on {}", run.number, day(paid.paid_on));
    note(tx, (Action::PayoutRunPaid, run.id), summary)
}

/// Cancels a run that was not paid; its payouts can be put in another.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a run that
/// is not open; faults of the database.
pub fn cancel(tx: &mut Tx<'_, VendorScope>, id: PayoutRunId, version: i32) -> Result<()> {
    tx.allow(Permission::ManagePayouts)?;
    let run = open(tx, id, version)?;
    if !payout_runs::settle(tx, &run, (PayoutRunStatus::Canceled, None))? {
        return Err(changed());
    }
    payout_runs::release(tx, id)?;
    note(tx, (Action::PayoutRunCanceled, id), run.number)
}

fn open(tx: &mut Tx<'_, VendorScope>, id: PayoutRunId, version: i32) -> Result<PayoutRun> {
    let run = payout_runs::one(tx, id)?;
    match run.status {
        PayoutRunStatus::Open if run.version == version => Ok(run),
        PayoutRunStatus::Open => Err(changed()),
        PayoutRunStatus::Paid => Err(Error::conflict("This run is marked as paid already.")),
        PayoutRunStatus::Canceled => Err(Error::conflict("This run was canceled.")),
    }
}

fn changed() -> Error {
    Error::conflict("Somebody else has changed this run.")
}

pub(super) fn note(
    tx: &mut Tx<'_, VendorScope>,
    (action, run): (Action, PayoutRunId),
    summary: String,
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: run.number(),
            partner: None,
            summary,
            changes: &[],
        },
    )
}
