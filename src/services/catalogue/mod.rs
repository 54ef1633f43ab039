//! What partners can sell, from draft to retirement.
pub mod offerings;
pub mod plans;
pub mod sla;
