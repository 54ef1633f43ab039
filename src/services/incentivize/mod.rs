//! What partners earn: tiers, commission plans, and putting partners under them.
pub mod commission_plans;
pub mod enrollments;
pub mod tiers;
pub mod wording;
