//! Sessions in the database: the cookie holds 256 random bits, the table their hash, and a session
//! that was ended stays ended.
use std::collections::HashMap;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use chrono::TimeDelta;

use crate::{
    Error,
    id::{Id, UserId},
    secrets,
    store::{
        Store,
        lobby::{self, Session},
    },
};

/// The key under which a session's state names the person, as the number of their id.
pub const USER: &str = "user";
/// When they signed in: Unix seconds.
pub const SINCE: &str = "since";
/// A message for the next page.
pub const FLASH: &str = "flash";

/// actix-session's door to our table.
pub struct Sessions {
    store: Store,
}

impl Sessions {
    /// Sessions kept in a store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }
    fn session(&self, state: &HashMap<String, String>, ttl: &Duration) -> Result<Session, Error> {
        let user = state.get(USER).and_then(|number| number.parse().ok());
        Ok(Session {
            user: user.map(|number: i64| -> UserId { Id::of(number) }),
            state: serde_json::to_string(state).map_err(anyhow::Error::new)?,
            expires_at: self.store.now() + TimeDelta::seconds(ttl.whole_seconds()),
        })
    }
    async fn add(&self, session: Session) -> Result<SessionKey, Error> {
        let token = secrets::random_token()?;
        let hash = secrets::hash_of(&token);
        self.store
            .lobby_write(move |lobby| lobby::add_session(lobby, &hash, &session))
            .await?;
        SessionKey::try_from(token).map_err(Error::fault)
    }
}

fn fault(error: Error) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<HashMap<String, String>>, LoadError> {
        let hash = secrets::hash_of(key.as_ref());
        let found = self
            .store
            .lobby(move |lobby| lobby::session(lobby, &hash))
            .await
            .map_err(|e| LoadError::Other(fault(e)))?;
        found
            .map(|session| serde_json::from_str(&session.state))
            .transpose()
            .map_err(|e| LoadError::Deserialization(e.into()))
    }

    async fn save(
        &self,
        state: HashMap<String, String>,
        ttl: &Duration,
    ) -> Result<SessionKey, SaveError> {
        let session = self
            .session(&state, ttl)
            .map_err(|e| SaveError::Other(fault(e)))?;
        self.add(session)
            .await
            .map_err(|e| SaveError::Other(fault(e)))
    }

    /// A session that was ended while its request ran is not made again: the visitor gets a fresh
    /// one that is signed in as nobody.
    async fn update(
        &self,
        key: SessionKey,
        state: HashMap<String, String>,
        ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        let failed = |e| UpdateError::Other(fault(e));
        let session = self.session(&state, ttl).map_err(failed)?;
        let hash = secrets::hash_of(key.as_ref());
        let live = self
            .store
            .lobby_write(move |lobby| lobby::change_session(lobby, &hash, &session))
            .await
            .map_err(failed)?;
        if live {
            return Ok(key);
        }
        let nobody = self.session(&HashMap::new(), ttl).map_err(failed)?;
        self.add(nobody).await.map_err(failed)
    }

    async fn update_ttl(&self, _key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = secrets::hash_of(key.as_ref());
        self.store
            .lobby_write(move |lobby| lobby::end_session(lobby, &hash))
            .await
            .map_err(fault)
    }
}
