//! The proof: a model that shares nothing with the engine, and random histories told by both.
mod application;
mod beside;
mod clauses;
mod doors;
mod exact;
mod facts;
mod histories;
mod laws;
mod parsers;
mod pure;
mod renewals;
mod rewards;
mod rules;
mod slow;
mod strange;
mod teller;
mod usage;
