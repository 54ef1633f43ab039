//! What a commission entry does, how far it has come, and in which month it is posted.
use chrono::{Days, NaiveDate};

use crate::domain::{coded::coded, period::Period};

coded! {
    /// What a commission entry does.
    EntryKind {
        Earned = "earned", "Earned";
        Reversal = "reversal", "Reversed";
        Adjustment = "adjustment", "Adjustment";
        Cap = "cap", "Cap";
        Spiff = "spiff", "SPIFF";
        Clawback = "clawback", "Clawback";
        RenewalBonus = "renewal_bonus", "Renewal bonus";
        Guarantee = "guarantee", "Guarantee";
        Volume = "accelerator", "Volume";
    }
}

impl EntryKind {
    /// Whether it follows what an invoice's line earns; the others stand for themselves, and their
    /// note says why they are there.
    pub fn follows_a_line(self) -> bool {
        matches!(self, Self::Earned | Self::Reversal | Self::Cap)
    }
}

coded! {
    /// How far an entry has come on its way to the partner.
    EntryStatus {
        Held = "held", "Held";
        Payable = "payable", "Payable";
        Stated = "stated", "On a statement";
        Paid = "paid", "Paid";
        Offset = "offset", "Offset";
    }
}

/// The facts an entry's status is read from; the entry itself is never updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFacts {
    /// The day its hold is over.
    pub matures_on: NaiveDate,
    /// Whether reversals have taken back all of it.
    pub is_reversed: bool,
    /// Whether it is on a statement.
    pub is_stated: bool,
    /// Whether that statement's payout has been made.
    pub is_paid: bool,
}

impl EntryFacts {
    /// The entry's status on a day.
    pub fn status(&self, today: NaiveDate) -> EntryStatus {
        if self.is_paid {
            EntryStatus::Paid
        } else if self.is_stated {
            EntryStatus::Stated
        } else if self.is_reversed {
            EntryStatus::Offset
        } else if today < self.matures_on {
            EntryStatus::Held
        } else {
            EntryStatus::Payable
        }
    }
}

/// The day commission on a payment becomes payable. A hold that runs off the
/// calendar never ends.
pub fn matures_on(paid_on: NaiveDate, hold_days: u32) -> NaiveDate {
    paid_on
        .checked_add_days(Days::new(u64::from(hold_days)))
        .unwrap_or(NaiveDate::MAX)
}

/// The day a reversal becomes payable: its own, but never before the entry it
/// reverses, so that a pair in hold comes onto one statement and nets to nothing.
pub fn reversal_matures_on(reversed_on: NaiveDate, original_matures_on: NaiveDate) -> NaiveDate {
    reversed_on.max(original_matures_on)
}

/// The month an entry is posted in: that of the payment while it is open, else
/// the earliest open one. Months close strictly in order, so no month before
/// `first_open` is open and every later one is.
pub fn posting_period(received: Period, first_open: Period) -> Period {
    received.max(first_open)
}
