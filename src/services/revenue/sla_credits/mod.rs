//! What missed promises give back: proposed when a month is measured, claimed where the policy
//! wants it, approved or declined by a person, and then a credit note with what it does to the
//! partner's commission.
mod approving;
mod fees;
mod proposing;

pub use approving::{approve, claim, decline};
pub use proposing::{propose, propose_again};
