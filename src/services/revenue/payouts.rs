//! Payouts: the close fixes amount and due date; finance says when the money went.
use chrono::NaiveDate;

use super::books::{Books, day};
use crate::{
    Error, Result,
    domain::{
        Action, BankReference, Money, Period, Permission, accrual::posting_period, audit::diff,
    },
    id::PayoutId,
    store::{
        Platform, Tx, VendorScope,
        incentivize::{
            payouts::{self, PayoutStatus},
            statements,
        },
        platform::Event,
    },
};

/// That the bank has paid, of a payout or of a run.
#[derive(Debug, Clone)]
pub struct Paid {
    /// The version that was read of what it paid.
    pub version: i32,
    /// The day the money went, in the vendor's zone.
    pub paid_on: NaiveDate,
    /// The bank's reference.
    pub reference: BankReference,
}

/// The month a payment of a day is booked in: its own while that is open, else the earliest open
/// one, so that the journal of a closed month never changes.
pub(super) fn booked_in(books: &Books, paid_on: NaiveDate) -> Period {
    posting_period(Period::of(paid_on), books.first_open)
}

/// Marks a payout as paid.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or a payout
/// that is paid already or in a run; [`Error::Invalid`] on `paid_on`; faults of the database.
pub fn mark_paid(tx: &mut Tx<'_, VendorScope>, payout: PayoutId, paid: &Paid) -> Result<()> {
    tx.allow(Permission::MarkPayoutsPaid)?;
    let books = Books::open(tx)?;
    let payout = payouts::one(tx, payout)?;
    if payout.status == PayoutStatus::Paid {
        return Err(Error::conflict("This payout is marked as paid already."));
    }
    if payout.payout_run_id.is_some() {
        return Err(Error::conflict(
            "This payout is in a run: mark the run as paid, or cancel it.",
        ));
    }
    if payout.version != paid.version {
        return Err(Error::conflict("Somebody else has changed this payout."));
    }
    if paid.paid_on > books.today {
        return Err(Error::on("paid_on", "This day is still to come."));
    }
    let month = statements::one(tx, payout.statement_id)?.month;
    if paid.paid_on <= month.last_day() {
        let why = format!("{} was not over on this day.", month.title());
        return Err(Error::on("paid_on", why));
    }
    let days = (paid.paid_on, booked_in(&books, paid.paid_on));
    payouts::mark_paid(tx, &payout, days, paid.reference.as_str())?;
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
    )
}
