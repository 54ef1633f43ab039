//! Sessions: rows, so that signing out ends them.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Lobby;
use crate::{
    Result,
    id::UserId,
    store::schema::{password_resets, sessions},
};

/// A session as it is stored: the token's hash, never the token.
#[derive(Debug, Clone, Queryable)]
pub struct Session {
    /// Whose, once signed in.
    pub user: Option<UserId>,
    /// What the session holds, as JSON.
    pub state: String,
    /// The end, UTC.
    pub expires_at: NaiveDateTime,
}

/// A session that has not ended.
///
/// # Errors
/// Faults of the database.
pub fn session(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<Option<Session>> {
    let now = lobby.now;
    lobby.first(
        sessions::table
            .filter(sessions::token_hash.eq(token_hash.to_owned()))
            .filter(sessions::expires_at.gt(now))
            .select((sessions::user_id, sessions::state, sessions::expires_at)),
    )
}

/// Stores a new session.
///
/// # Errors
/// Faults of the database.
pub fn add_session(lobby: &mut Lobby<'_>, token_hash: &str, session: &Session) -> Result<()> {
    let row = (
        sessions::token_hash.eq(token_hash.to_owned()),
        sessions::user_id.eq(session.user),
        sessions::state.eq(session.state.clone()),
        sessions::created_at.eq(lobby.now),
        sessions::seen_at.eq(lobby.now),
        sessions::expires_at.eq(session.expires_at),
    );
    lobby.run(diesel::insert_into(sessions::table).values(row))?;
    Ok(())
}

/// Changes a session; says whether it still existed. One that was ended is never made again.
///
/// # Errors
/// Faults of the database.
pub fn change_session(lobby: &mut Lobby<'_>, token_hash: &str, session: &Session) -> Result<bool> {
    let now = lobby.now;
    let live = sessions::table
        .filter(sessions::token_hash.eq(token_hash.to_owned()))
        .filter(sessions::expires_at.gt(now));
    let changed = lobby.run(diesel::update(live).set((
        sessions::user_id.eq(session.user),
        sessions::state.eq(session.state.clone()),
        sessions::seen_at.eq(now),
        sessions::expires_at.eq(session.expires_at),
    )))?;
    Ok(changed == 1)
}

/// Ends one session.
///
/// # Errors
/// Faults of the database.
pub fn end_session(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<()> {
    let it = sessions::table.filter(sessions::token_hash.eq(token_hash.to_owned()));
    lobby.run(diesel::delete(it))?;
    Ok(())
}

/// Ends every session of a person.
///
/// # Errors
/// Faults of the database.
pub fn end_sessions(lobby: &mut Lobby<'_>, user: UserId) -> Result<()> {
    lobby.run(diesel::delete(
        sessions::table.filter(sessions::user_id.eq(Some(user))),
    ))?;
    Ok(())
}

/// Removes sessions and tokens that are over.
///
/// # Errors
/// Faults of the database.
pub fn sweep(lobby: &mut Lobby<'_>) -> Result<usize> {
    let now = lobby.now;
    let over = lobby.run(diesel::delete(
        sessions::table.filter(sessions::expires_at.le(now)),
    ))?;
    lobby.run(diesel::delete(
        password_resets::table.filter(password_resets::expires_at.le(now)),
    ))?;
    Ok(over)
}
