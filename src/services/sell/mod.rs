//! Customers of partners.
pub mod customers;
pub mod taxes;
