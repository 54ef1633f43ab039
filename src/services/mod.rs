//! What the product does: each function is one thing somebody asks for.
pub mod account;
pub mod catalogue;
pub mod import;
pub mod incentivize;
pub mod jobs;
pub mod recruit;
pub mod revenue;
pub mod sell;
pub mod verify;

use crate::Error;

/// Said of an edit that began from a version which is no longer the latest.
pub(crate) fn stale(what: &str) -> Error {
    Error::conflict(format!(
        "Someone else has changed this {what} in the meantime. Look at it again before you save."
    ))
}
