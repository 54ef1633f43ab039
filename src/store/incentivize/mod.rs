//! Incentivize: the commission ledger, the months it closes in, and what partners are sent and paid.
pub mod entries;
pub mod outbox;
pub mod payouts;
pub mod periods;
pub mod statements;
