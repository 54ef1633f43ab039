//! Perennial: a partner portal for recurring revenue.
//!
//! The modules in dependency order, lowest first; each may name only those before it.
pub mod id;
pub mod domain;
pub mod clock;
pub mod error;
pub mod secrets;
pub mod passwords;
pub mod store;
pub mod documents;
pub mod mail;
pub mod queue;
pub mod services;
pub mod worker;
pub mod web;
pub mod startup;
pub mod demo;
pub mod telemetry;
pub mod cli;

pub use error::{Error, Result};
