//! Letters: how they read, and how they leave the house.
mod letters;
mod post;

pub use letters::{LinkLetter, Rendered, StatementLetter};
pub use post::{Attachment, BadPost, Envelope, Outcome, Post};
