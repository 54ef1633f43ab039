//! Letters: how they read, and how they leave the house.
mod letters;
mod post;

pub use letters::{LinkLetter, PriceRow, PricesLetter, Rendered, StatementLetter};
pub use post::{Attachment, BadPost, Envelope, Outcome, Post};
