//! The eight stages as a strip shows them.
use crate::domain::{
    PartnerFacts, Stage,
    lifecycle::{Standing, map_of},
};

/// One of the eight marks of the strip.
pub struct Mark {
    /// The stage's name.
    pub name: &'static str,
    /// How it stands, as the style sheet calls it: reached, current, ahead or unrecorded.
    pub standing: &'static str,
    /// The same in words; empty for the stage one is in, which is marked as the current step.
    pub note: &'static str,
}

impl Mark {
    /// Whether it is the stage the partner is in.
    pub fn is_current(&self) -> bool {
        self.standing == Standing::Current.code()
    }

    /// Whether nothing can be recorded for it yet.
    pub fn is_unrecorded(&self) -> bool {
        self.standing == Standing::Unrecorded.code()
    }
}

/// The names of the stages nothing can be recorded for yet: "Enable and Market".
pub fn unrecorded() -> String {
    let later = Stage::ALL.iter().filter(|stage| !stage.is_available());
    let names: Vec<&str> = later.map(|stage| stage.label()).collect();
    names.join(" and ")
}

/// The strip of all eight stages as they stand to a partner's facts.
pub fn marks(facts: &PartnerFacts) -> Vec<Mark> {
    let mark = |at: &crate::domain::lifecycle::StageOnMap| Mark {
        name: at.stage.label(),
        standing: at.standing.code(),
        note: match at.standing {
            Standing::Current => "",
            other => other.label(),
        },
    };
    map_of(facts).iter().map(mark).collect()
}
