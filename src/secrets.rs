//! Randomness and what is derived from the installation's key. Nothing secret is stored: of a token
//! the database keeps the hash.
use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

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
    /// A one-time token that can be made again from what it is for, so that it need not be stored:
    /// HMAC-SHA256 of the purpose and the id, in URL-safe base 64.
    ///
    /// # Errors
    /// Never for a key that was accepted.
    pub fn token(&self, purpose: &str, id: i64) -> Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(Error::fault)?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(&id.to_be_bytes());
        Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
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
pub fn hash(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
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
    fn a_token_follows_from_key_purpose_and_id() {
        let key = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        let token = key.token("invitation", 7).unwrap();
        assert_eq!(token, key.token("invitation", 7).unwrap());
        assert_ne!(token, key.token("invitation", 8).unwrap());
        assert_ne!(token, key.token("reset", 7).unwrap());
        assert_ne!(token, SecretKey::random().unwrap().token("invitation", 7).unwrap());
        assert_eq!(hash("abc").len(), 64);
    }
}
