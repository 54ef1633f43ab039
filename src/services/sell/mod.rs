//! Customers of partners, and the deals that are to win more.
pub mod customers;
pub mod deals;
pub mod taxes;
