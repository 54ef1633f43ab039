//! Revenue and what follows from it: bills, cash, commission, the month's close and its statements.
mod accrual;
pub mod billing;
mod books;
pub mod close;
mod credit;
pub mod payments;
pub mod payouts;
mod stage;
pub mod statements;
pub mod subscriptions;
pub mod usage;

pub(in crate::services) use accrual::earning_lines;
pub use books::Books;
