//! Choosing a new password after the old one was forgotten.
use chrono::{NaiveDateTime, TimeDelta};

use crate::{
    Error, Result,
    domain::Email,
    id::{MailId, UserId},
    secrets::{Purpose, SecretKey, hash_of, one_time_token, sha256_hex},
    store::lobby::{
        self, Lobby,
        places::{self, PersonalLetter},
    },
};

/// How long a reset's link can be used.
pub const LASTS: TimeDelta = TimeDelta::minutes(30);

/// The token of a reset, from the letter that carries it and the instant it was asked for (UTC).
pub fn token(key: &SecretKey, letter: MailId, asked_at: NaiveDateTime) -> String {
    one_time_token(key, Purpose::PasswordReset, letter, asked_at + LASTS)
}

/// So many letters an hour go to one address, and so many may one network ask for.
const LETTERS: (i32, TimeDelta) = (3, TimeDelta::hours(1));
const LETTERS_OF_A_NETWORK: (i32, TimeDelta) = (30, TimeDelta::hours(1));

/// Whether a network may ask for one more letter. Counts, whoever the letter is for.
///
/// # Errors
/// Faults of the database.
pub fn may_ask(lobby: &mut Lobby<'_>, network: &str) -> Result<bool> {
    lobby::spend(lobby, &format!("reset-net:{network}"), LETTERS_OF_A_NETWORK)
}

/// Puts a letter with a reset link in the outbox, if someone who belongs anywhere has this
/// address, three times an hour at most. Whoever asks is told the same either way. Earlier resets
/// of the person end.
///
/// # Errors
/// Faults of the database.
pub fn request_reset(
    lobby: &mut Lobby<'_>,
    key: &SecretKey,
    email: &Email,
    domain: &str,
) -> Result<()> {
    let subject = format!("reset:{}", sha256_hex(email.as_str().as_bytes()));
    if !lobby::spend(lobby, &subject, LETTERS)? {
        return Ok(());
    }
    let Some(person) = lobby::person_by_email(lobby, email.as_str())? else {
        return Ok(());
    };
    let Some(tenant) = places::sender_for(lobby, person.id)? else {
        return Ok(());
    };
    let id = places::fresh_mail_id(lobby);
    let token = token(key, id, lobby.now());
    lobby::add_password_reset(lobby, person.id, &hash_of(&token), LASTS)?;
    places::post(
        lobby,
        PersonalLetter {
            id,
            tenant,
            user: person.id,
            recipient: person.email,
            subject: "Choose a new password".to_owned(),
            message_id: format!("<{id}@{domain}>"),
        },
    )
}

/// Whose reset a token is, while it can be used. Looking at it uses nothing up.
///
/// # Errors
/// [`Error::NotFound`].
pub fn look_at(lobby: &mut Lobby<'_>, token: &str) -> Result<UserId> {
    lobby::password_reset(lobby, &hash_of(token))?.ok_or(Error::NotFound)
}

/// Uses a reset up and sets the password hashed beforehand; every session of the person ends. Of
/// many who try with one token at once, one succeeds.
///
/// # Errors
/// [`Error::NotFound`] for a token that is spent, over or unknown.
pub fn reset(lobby: &mut Lobby<'_>, token: &str, password_hash: &str) -> Result<UserId> {
    let user = look_at(lobby, token)?;
    if !lobby::use_password_reset(lobby, &hash_of(token))? {
        return Err(Error::NotFound);
    }
    lobby::set_password(lobby, user, password_hash)?;
    Ok(user)
}
