//! Credit: what credit notes take back of invoices, and how customers' credit is used.
mod applied;
mod by_hand;
mod note;
mod payers;
mod unused;

pub use by_hand::{LineCredit, NewCreditNote, creditable, issue, issue_in};

pub(super) use applied::use_credits;
pub(super) use note::{Said, Whose, write};
pub(super) use payers::Payers;
pub(super) use unused::{Unused, credit};
