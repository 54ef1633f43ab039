//! Customers and what they subscribe to.
pub mod customers;
pub mod subscriptions;
