//! Revenue and what follows from it: bills, cash, commission, the month's close and its statements.
mod accrual;
pub mod billing;
mod books;
mod caps;
mod claims;
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
mod spiffs;
mod stage;
pub mod statements;
pub mod subscriptions;
pub mod usage;
mod volumes;
pub mod write_off;

pub use books::Books;
pub(in crate::services) use claims::claims;
pub use parties::{WhoEarns, who_earns};
pub(in crate::services) use recurring::wanted as wanted_mrr;
pub(in crate::services) use volumes::{due as volume_due, groups as volume_groups};
