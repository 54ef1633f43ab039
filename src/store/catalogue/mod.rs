//! What partners can sell: offerings, their plans and prices, and the service levels behind them.
pub mod offerings;
pub mod plans;
mod prices;
pub mod sla;
pub mod sla_events;
pub mod tickets;

pub(in crate::store) use prices::of_versions;
