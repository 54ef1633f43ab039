//! What partners can sell, from draft to retirement.
pub mod judging;
pub mod offerings;
pub mod plans;
pub mod service_levels;
pub mod sla;
pub mod tickets;
