//! What partners earn: tiers, commission plans and who is under which; the ledger, the months it
//! closes in, and what partners are sent and paid.
pub mod adjustments;
pub mod bank_accounts;
pub mod commission_plans;
pub mod conversions;
pub mod distributors;
pub mod enrollments;
pub mod entries;
pub mod forecasts;
pub mod fx_rates;
pub mod outbox;
pub mod parties;
pub mod payout_currencies;
pub mod payout_runs;
pub mod payouts;
pub mod periods;
pub mod spiffs;
pub mod statements;
pub mod tax_terms;
pub mod tiers;
