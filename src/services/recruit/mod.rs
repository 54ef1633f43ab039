//! Taking partners into the programme.
pub mod partners;
mod slugs;
pub(crate) use slugs::Slugs;
