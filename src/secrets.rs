//! Randomness and what is derived from the installation's key. Nothing secret is stored: of a token
//! the database keeps the hash.
use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDateTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{Error, Result, id::Id};

/// The installation's key: at least 32 bytes. Never shown.
#[derive(Clone)]
pub struct SecretKey(Vec<u8>);

/// Said of a key that is too short.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("SECRET_KEY: give at least 32 characters that nobody can guess")]
pub struct WeakKey;

impl SecretKey {
    /// Takes a key as it was configured.
    ///
    /// # Errors
    /// [`WeakKey`] for fewer than 32 bytes, or for one character over and over.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, WeakKey> {
        let bytes = bytes.into();
        let varied = bytes.iter().any(|byte| Some(byte) != bytes.first());
        match bytes.len() >= 32 && varied {
            true => Ok(Self(bytes)),
            false => Err(WeakKey),
        }
    }
    /// A key of this run alone: sessions and links end with it.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self> {
        let mut bytes = vec![0; 48];
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }
    /// The bytes, for deriving other keys.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
    fn authenticate(&self, parts: &[&[u8]]) -> Vec<u8> {
        // A key of any length is good for HMAC, so this does not fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

/// What a one-time link is for. A token for one purpose is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To take up a place in a workspace.
    Invitation,
    /// To choose a new password.
    PasswordReset,
}

impl Purpose {
    fn code(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// The token of a one-time link about the row `id`, good until `expires_at` (UTC, whole seconds
/// count): HMAC-SHA256 in URL-safe base 64. The same whenever it is asked for, so that nothing
/// secret has to be stored.
pub fn one_time_token<T>(
    key: &SecretKey,
    purpose: Purpose,
    id: Id<T>,
    expires_at: NaiveDateTime,
) -> String {
    let until = expires_at.and_utc().timestamp().to_be_bytes();
    let id = id.number().to_be_bytes();
    URL_SAFE_NO_PAD.encode(key.authenticate(&[purpose.code().as_bytes(), &[0], &id, &until]))
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(Error::fault)
}

/// 256 random bits in URL-safe base 64.
///
/// # Errors
/// When the system gives no randomness.
pub fn random_token() -> Result<String> {
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the database keeps of a token: its SHA-256, in hex.
pub fn hash_of(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_key_is_refused_and_a_good_one_is_not_shown() {
        assert_eq!(SecretKey::new("short").err(), Some(WeakKey));
        assert_eq!(SecretKey::new("a".repeat(64)).err(), Some(WeakKey));
        let key = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "***");
    }

    #[test]
    fn a_token_follows_from_key_purpose_row_and_end() {
        let key = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        let until = |seconds| {
            chrono::DateTime::from_timestamp(seconds, 0)
                .unwrap()
                .naive_utc()
        };
        let id: Id<crate::id::Invitation> = Id::of(7);
        let token = one_time_token(&key, Purpose::Invitation, id, until(9));
        assert_eq!(token.len(), 43);
        assert_eq!(
            token,
            one_time_token(&key, Purpose::Invitation, id, until(9))
        );
        let others = [
            one_time_token(&key, Purpose::PasswordReset, id, until(9)),
            one_time_token(&key, Purpose::Invitation, id, until(10)),
            one_time_token(
                &key,
                Purpose::Invitation,
                Id::<crate::id::Invitation>::of(8),
                until(9),
            ),
            one_time_token(
                &SecretKey::random().unwrap(),
                Purpose::Invitation,
                id,
                until(9),
            ),
        ];
        assert!(!others.contains(&token));
        assert_eq!(hash_of("abc").len(), 64);
    }
}
