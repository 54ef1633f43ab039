//! Revenue and what follows from it: bills, cash, commission, the month's close and its statements.
mod accrual;
pub mod billing;
mod books;
mod credit;
pub mod payments;
pub mod subscriptions;

pub use books::Books;
