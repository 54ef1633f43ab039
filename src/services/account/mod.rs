//! People: inviting them, letting them in, and taking their place away.
pub mod access_tokens;
pub mod invitations;
pub mod passwords;
pub mod people;
pub mod settings;
