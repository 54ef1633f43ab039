//! Billing, cash, commission, the month's close and its statements, through the services, on both
//! databases.
mod ahead;
mod boundaries;
mod caps;
mod cases;
mod checks;
mod clauses;
mod clawbacks;
mod closing;
mod credit_notes;
mod extras;
mod intervals;
mod plan_changes;
mod random;
mod recurring;
mod rewards;
mod seconds;
mod settled;
mod sla_credits;
mod spans;
mod together;
pub mod world;
