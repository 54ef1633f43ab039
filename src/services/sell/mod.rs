//! Customers of partners, the deals that are to win more, and what partners resell at.
pub mod customers;
pub mod deals;
pub mod resale;
pub mod taxes;
