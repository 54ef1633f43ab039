//! Customers and what they subscribe to.
pub mod accounts;
pub mod customers;
pub mod deals;
pub mod resale;
pub mod subscriptions;
pub mod taxes;
