//! What can go wrong, as far as a caller can act on it.
use crate::domain::Problems;

/// The result of everything above the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Six answers to a caller, no more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such row, or none this scope may see: the two must look alike.
    #[error("not found")]
    NotFound,
    /// The caller may see the thing but not do this to it.
    #[error("not allowed")]
    Forbidden,
    /// What was typed cannot be used; the form comes back with these remarks.
    #[error("the form has problems: {0:?}")]
    Invalid(Problems),
    /// The request is sound but the world is not in the state it needs. A sentence for the reader.
    #[error("{0}")]
    Conflict(String),
    /// No connection was free in time; asking again later helps.
    #[error("too busy")]
    Busy,
    /// A fault of ours. The reader sees an id, the log sees the chain.
    #[error("unexpected: {0:#}")]
    Unexpected(#[from] anyhow::Error),
}

impl Error {
    /// A refusal pinned to one field of a form.
    pub fn on(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid(Problems::with(field, why))
    }
    /// A refusal that is about the state of the world.
    pub fn conflict(why: impl Into<String>) -> Self {
        Self::Conflict(why.into())
    }
    /// A fault, told in the log.
    pub fn fault(why: impl std::fmt::Display) -> Self {
        Self::Unexpected(anyhow::anyhow!("{why}"))
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::NotFound => Self::NotFound,
            other => Self::Unexpected(anyhow::Error::new(other).context("database")),
        }
    }
}
impl From<crate::domain::ratio::Overflow> for Error {
    fn from(overflow: crate::domain::ratio::Overflow) -> Self {
        Self::Unexpected(anyhow::Error::new(overflow).context("arithmetic"))
    }
}
