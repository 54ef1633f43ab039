//! What is wrong with a form, said field by field.

use std::fmt::Display;

/// Remarks on a form, each pinned to the field it is about, in the order found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Keeps the value, or notes why there is none; a form is judged whole.
    pub fn check<T, E: Display>(
        &mut self,
        field: impl Into<String>,
        parsed: Result<T, E>,
    ) -> Option<T> {
        parsed.map_err(|why| self.add(field, why.to_string())).ok()
    }

    /// Notes what is wrong with one field, in a sentence a person can read.
    pub fn add(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.0.push((field.into(), why.into()));
    }

    /// A form with one thing wrong.
    pub fn with(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self(vec![(field.into(), why.into())])
    }

    /// The first remark on a field, if any.
    pub fn on(&self, field: &str) -> Option<&str> {
        self.iter()
            .find(|(name, _)| *name == field)
            .map(|(_, why)| why)
    }

    /// As [`on`](Self::on), as a whole sentence.
    pub fn said(&self, field: &str) -> Option<String> {
        self.on(field).map(sentence)
    }

    /// As [`iter`](Self::iter), in whole sentences.
    pub fn sentences(&self) -> impl Iterator<Item = (&str, String)> {
        self.iter().map(|(field, why)| (field, sentence(why)))
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every field remarked on, with the remark, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(field, why)| (field.as_str(), why.as_str()))
    }
}

/// A remark with a capital at its beginning and a full stop at its end.
fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut said: String = first.into_iter().flatten().chain(letters).collect();
    if !said.ends_with(['.', '?', ':']) {
        said.push('.');
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_is_shown_as_a_sentence() {
        let mut problems = Problems::with("rate", "too high");
        problems.add("name", "Give a name.");
        let shown: Vec<_> = problems.sentences().map(|(_, why)| why).collect();
        assert_eq!(shown, ["Too high.", "Give a name."]);
        assert_eq!(problems.said("rate").as_deref(), Some("Too high."));
        assert_eq!(problems.said("tier"), None);
    }

    #[test]
    fn every_field_is_judged_and_the_first_remark_is_shown() {
        let mut problems = Problems::default();
        assert_eq!(problems.check("seats", "7".parse::<u8>()), Some(7));
        assert!(problems.is_empty());
        assert_eq!(
            problems.check(format!("rate_{}", 2), Err::<u8, _>("too high")),
            None
        );
        problems.add("rate_2", "and not a number");
        assert_eq!(problems.on("rate_2"), Some("too high"));
        assert_eq!(problems.on("seats"), None);
        assert_eq!(problems.iter().count(), 2);
        assert_eq!(
            Problems::with("name", "taken").iter().next(),
            Some(("name", "taken"))
        );
    }
}
