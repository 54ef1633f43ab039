//! Passwords: argon2id at the cost OWASP asks for at least (19 MiB, two passes, one lane).
//!
//! Hashing takes some 20 ms of a processor: callers do it on a blocking thread and never inside a
//! transaction, where it would keep others waiting.
use std::sync::OnceLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::{Error, Result};

/// The fewest characters of a password.
pub const SHORTEST: usize = 12;
/// The most bytes of a password.
pub const LONGEST: usize = 256;

/// Why a password was refused, in a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than [`SHORTEST`] characters.
    #[error("Use at least 12 characters.")]
    TooShort,
    /// More than [`LONGEST`] bytes.
    #[error("Use at most 256 characters.")]
    TooLong,
}

/// Judges a new password by its length alone, exactly as typed.
///
/// # Errors
/// See [`BadPassword`].
pub fn judge(password: &str) -> Result<(), BadPassword> {
    if password.chars().count() < SHORTEST {
        Err(BadPassword::TooShort)
    } else if password.len() > LONGEST {
        Err(BadPassword::TooLong)
    } else {
        Ok(())
    }
}

/// The PHC string to store for a password, salted afresh.
///
/// # Errors
/// When the system has no randomness or memory to give.
pub fn hash(password: &str) -> Result<String> {
    let hashed: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(Error::fault)?;
    Ok(hashed.to_string())
}

/// Whether a password is the one a stored PHC string was made from. Longer ones than can be set
/// are refused unhashed.
pub fn verify(password: &str, stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else {
        return false;
    };
    password.len() <= LONGEST
        && Argon2::default()
            .verify_password(password.as_bytes(), &stored)
            .is_ok()
}

/// The work of a verification that fails, for an address nobody has: who knocks learns nothing
/// from the time the answer takes. Always `false`.
pub fn verify_nobody(password: &str) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let stored = NOBODY.get_or_init(|| hash("a password that nobody has").unwrap_or_default());
    // Done for the time it takes; what it says is of no interest.
    let _ = verify(password, stored);
    false
}

/// Whether a stored PHC string was made at another cost than today's and should be made again at
/// the next sign-in.
pub fn is_outdated(stored: &str) -> bool {
    !stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_itself_matches() {
        let stored = hash("correct horse battery").unwrap();
        assert!(verify("correct horse battery", &stored));
        assert!(!verify("correct horse batterz", &stored));
        assert!(!verify("correct horse battery", "not a hash"));
        assert!(!verify_nobody("a password that nobody has"));
        assert_ne!(stored, hash("correct horse battery").unwrap());
        assert!(!is_outdated(&stored) && is_outdated("$argon2id$v=19$m=8,t=1,p=1$x$y"));
    }

    #[test]
    fn a_password_is_long_but_not_endless() {
        assert_eq!(judge("short"), Err(BadPassword::TooShort));
        assert_eq!(judge(&"x".repeat(257)), Err(BadPassword::TooLong));
        assert_eq!(judge("åäöåäöåäöåäö"), Ok(()));
    }
}
