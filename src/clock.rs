//! The only place that reads the time. Tests and the demo hold the clock and move it.
use std::sync::{Arc, RwLock};

use chrono::{DateTime, NaiveDateTime, Utc};

/// Tells the time: the system's, or one that is held.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// The system's time, moved by so many microseconds.
    Moved(i64),
    Held(Arc<RwLock<DateTime<Utc>>>),
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self(Source::System)
    }
    /// A clock that runs on from an instant, beginning now.
    pub fn running_from(instant: DateTime<Utc>) -> Self {
        let ahead = instant.timestamp_micros() - system_now().timestamp_micros();
        Self(Source::Moved(ahead))
    }
    /// A clock that stands still until it is moved.
    pub fn held_at(instant: DateTime<Utc>) -> Self {
        Self(Source::Held(Arc::new(RwLock::new(instant))))
    }
    /// The present instant, UTC, to the microsecond (what both databases keep).
    pub fn now(&self) -> NaiveDateTime {
        let instant = match &self.0 {
            Source::System => system_now(),
            Source::Moved(by) => system_now() + chrono::TimeDelta::microseconds(*by),
            Source::Held(held) => *held
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        let micros = instant.timestamp_micros();
        DateTime::from_timestamp_micros(micros)
            .unwrap_or(instant)
            .naive_utc()
    }
    /// Moves a held clock; the system's cannot be moved.
    pub fn move_to(&self, instant: DateTime<Utc>) {
        if let Source::Held(held) = &self.0 {
            *held
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = instant;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system"
)]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}
