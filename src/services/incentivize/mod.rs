//! What partners earn: tiers, commission plans and putting partners under them, and what is given
//! by hand.
pub mod adjustments;
pub mod commission_plans;
pub mod currencies;
pub mod distributors;
pub mod enrollments;
pub mod spiffs;
pub mod tax_terms;
pub mod tiers;
pub mod wording;
