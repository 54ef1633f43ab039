//! Customers of partners.
pub mod customers;
