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
    /// Hardly more than well-known words, repeats and rows of keys.
    #[error("This is guessed too easily. A sentence of your own is good.")]
    Guessable,
}

/// What guessers try first, with any digits after it.
const WELL_KNOWN: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssw0rd",
    "welcome",
    "perennial",
    "letmein",
    "iloveyou",
    "administrator",
    "admin",
    "changeme",
    "secret",
    "partner",
    "portal",
    "login",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "superman",
    "trustno1",
    "starwars",
    "spring",
    "summer",
    "autumn",
    "winter",
];

/// Characters that follow each other on a keyboard or in the alphabet.
const ROWS: &[&str] = &[
    "12345678901",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
];

/// The fewest characters of one's own in a password.
const OWN: usize = 6;

/// Whether little is left of a password without well-known words, repeats and rows.
fn is_guessable(password: &str) -> bool {
    let lower = password.to_lowercase();
    let rest = WELL_KNOWN
        .iter()
        .fold(lower, |rest, word| rest.replace(word, ""));
    let typed: Vec<char> = rest.chars().collect();
    let follows = |pair: &&[char]| {
        let ahead: String = pair.iter().collect();
        let back: String = pair.iter().rev().collect();
        pair.first() == pair.last()
            || ROWS
                .iter()
                .any(|row| row.contains(&ahead) || row.contains(&back))
    };
    let led = typed.windows(2).filter(follows).count();
    typed.len().saturating_sub(led) < OWN
}

/// Judges a new password, exactly as typed.
///
/// # Errors
/// See [`BadPassword`].
pub fn judge(password: &str) -> Result<(), BadPassword> {
    if password.chars().count() < SHORTEST {
        Err(BadPassword::TooShort)
    } else if password.len() > LONGEST {
        Err(BadPassword::TooLong)
    } else if is_guessable(password) {
        Err(BadPassword::Guessable)
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

    #[test]
    fn a_password_is_more_than_what_everybody_tries() {
        for tried in [
            "aaaaaaaaaaaa",
            "123456789012",
            "Qwertzuiop123",
            "Password1234",
            "Perennial2026",
            "PasswordPassword!!",
            "zyxwvutsrqpon",
        ] {
            assert_eq!(judge(tried), Err(BadPassword::Guessable), "{tried}");
        }
        for own in [
            "correct horse battery",
            "three cats, 2 dogs",
            "k7#pW-q90!xZ",
        ] {
            assert_eq!(judge(own), Ok(()), "{own}");
        }
    }
}
