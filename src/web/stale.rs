//! An edit that began from what is no longer there: both values, side by side.

/// A field that reads differently now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Its label.
    pub field: String,
    /// As it is now.
    pub theirs: String,
    /// As it was typed.
    pub yours: String,
}

/// The fields in which what is there now and what was typed differ: label, theirs, yours.
pub fn differing(fields: &[(&str, &str, &str)]) -> Vec<Differing> {
    let is_other = |(_, theirs, yours): &&(&str, &str, &str)| theirs.trim() != yours.trim();
    let differing = fields.iter().filter(is_other);
    differing
        .map(|(field, theirs, yours)| Differing {
            field: (*field).to_owned(),
            theirs: (*theirs).to_owned(),
            yours: (*yours).to_owned(),
        })
        .collect()
}
