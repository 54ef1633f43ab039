//! The eight stages as pages count them.
use crate::domain::Stage;

/// A stage's place in the strip of all eight, counted from 1.
pub fn number(stage: Stage) -> usize {
    let place = Stage::ALL.iter().position(|other| *other == stage);
    place.map_or(1, |place| place + 1)
}
