//! What partners earn: tiers, commission plans and who is under which.
pub mod commission_plans;
pub mod enrollments;
pub mod tiers;
