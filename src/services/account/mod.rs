//! People: inviting them, letting them in, and taking their place away.
pub mod invitations;
pub mod passwords;
pub mod people;
pub mod settings;
