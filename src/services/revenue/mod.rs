//! Revenue and what follows from it: bills, cash, commission, the month's close and its statements.
mod accrual;
pub mod billing;
mod books;
mod caps;
pub mod close;
pub mod credit;
pub mod dry_run;
pub mod forecast;
mod guarantees;
mod parties;
pub mod payments;
pub mod payouts;
mod recurring;
mod renewals;
pub mod sla_credits;
mod spiffs;
mod stage;
pub mod statements;
pub mod subscriptions;
pub mod usage;
pub mod write_off;

pub(in crate::services) use accrual::claims;
pub use books::Books;
pub use parties::{WhoEarns, who_earns};
pub(in crate::services) use recurring::wanted as wanted_mrr;
