//! Perennial: a partner portal for recurring revenue.
//!
//! The modules in dependency order, lowest first; each may name only those before it.
pub mod cli;
pub mod clock;
pub mod demo;
pub mod documents;
pub mod domain;
pub mod error;
pub mod id;
pub mod load;
pub mod mail;
pub mod passwords;
pub mod queue;
pub mod secrets;
pub mod services;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod worker;

pub use error::{Error, Result};
