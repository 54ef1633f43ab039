//! Passwords: argon2id with the parameters OWASP names as the least (19 MiB, 2 passes, 1 lane).
//! Slow by design, so callers run these off the request threads, outside transactions, and few at
//! a time.
use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::{Error, Result};

/// Fewest characters a password may have.
pub const SHORTEST: usize = 12;
/// Most bytes a password may have.
pub const LONGEST: usize = 256;

/// A password's PHC string, salted.
///
/// # Errors
/// Faults of the library.
pub fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Error::fault)?;
    Ok(hash.to_string())
}

/// What an unknown address is checked against, so that it takes as long as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody has this password").unwrap_or_default());

/// Whether a password is the one behind a hash. Without a hash the same work is done for nothing.
pub fn verify(stored: Option<&str>, password: &str) -> bool {
    let text = stored.unwrap_or(&NOBODY);
    let Ok(parsed) = PasswordHash::new(text) else {
        return false;
    };
    let fits = Argon2::default()
        .verify_password(password.as_bytes(), &parsed)
        .is_ok();
    fits && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_opens() {
        let stored = hash("correct horse battery").unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify(Some(&stored), "correct horse battery"));
        assert!(!verify(Some(&stored), "correct horse batterY"));
        assert!(!verify(None, "nobody has this password"));
        assert!(!verify(Some("nonsense"), "x"));
    }
}
