//! Revenue: what is billed to customers, and the cash that comes in for it.
pub mod cash;
pub mod commitments;
pub mod credit_notes;
pub mod credits;
pub mod discounts;
pub mod invoices;
pub mod parts;
pub mod recurring;
pub mod segments;
pub mod sla_credits;
pub mod subscriptions;
pub mod terms;
pub mod usage;

/// Rows asked for by id in one statement, well within what both databases bind.
pub(super) const ASKED_AT_ONCE: usize = 500;
