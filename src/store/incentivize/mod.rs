//! Incentivize: what partners earn, from the terms they are under to what they are sent and paid.
pub mod commission_plans;
pub mod enrollments;
pub mod entries;
pub mod outbox;
pub mod payouts;
pub mod periods;
pub mod statements;
pub mod tiers;
