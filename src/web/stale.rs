//! An edit that began from what is no longer there: both values, side by side.
use actix_web::http::StatusCode;
use askama::Template;

use super::page::{Answer, html};

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

/// What a form says, field by field: label and value, in words.
pub type Said = Vec<(String, String)>;

/// Whether the version a form was opened with is no longer that of its record.
pub fn is_overtaken(opened_with: &str, now: i32) -> bool {
    opened_with.trim().parse() != Ok(now)
}

/// The fields in which what is there now and what was typed differ: label, theirs, yours.
pub fn differing(fields: &[(&str, &str, &str)]) -> Vec<Differing> {
    let is_other = |(_, theirs, yours): &&(&str, &str, &str)| {
        theirs.trim().replace("\r\n", "\n") != yours.trim().replace("\r\n", "\n")
    };
    let differing = fields.iter().filter(is_other);
    differing
        .map(|(field, theirs, yours)| Differing {
            field: (*field).to_owned(),
            theirs: (*theirs).to_owned(),
            yours: (*yours).to_owned(),
        })
        .collect()
}

/// As [`differing`], of two whole forms; what only one of them says stands against nothing.
pub fn between(theirs: &Said, yours: &Said) -> Vec<Differing> {
    let said = |side: &Said, label: &str| {
        let found = side.iter().find(|(known, _)| known == label);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let only_yours = yours
        .iter()
        .filter(|(label, _)| !theirs.iter().any(|(known, _)| known == label));
    theirs
        .iter()
        .chain(only_yours)
        .flat_map(|(label, _)| {
            let (there, here) = (said(theirs, label), said(yours, label));
            differing(&[(label, &there, &here)])
        })
        .collect()
}

/// What a choice reads as on its form.
pub fn chosen(options: &[(String, String)], code: &str) -> String {
    let found = options.iter().find(|(known, _)| known == code);
    found.map_or_else(|| code.to_owned(), |(_, label)| label.clone())
}

/// The form again, over what someone else has saved.
///
/// # Errors
/// When the template fails.
pub fn conflict(page: &impl Template) -> Answer {
    html(StatusCode::CONFLICT, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_side_says_stands_against_nothing() {
        let said = |pairs: &[(&str, &str)]| -> Said {
            let owned = |(label, value): &(&str, &str)| ((*label).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        let theirs = said(&[("Name", "Vault"), ("Clause 1", "20 %"), ("Clause 2", "5 %")]);
        let yours = said(&[("Name", "Vault"), ("Clause 1", "25 %"), ("Clause 3", "1 %")]);
        let found = between(&theirs, &yours);
        let found: Vec<_> = found
            .iter()
            .map(|row| (row.field.as_str(), row.theirs.as_str(), row.yours.as_str()))
            .collect();
        let expected = [
            ("Clause 1", "20 %", "25 %"),
            ("Clause 2", "5 %", ""),
            ("Clause 3", "", "1 %"),
        ];
        assert_eq!(found, expected);
        assert!(is_overtaken("1", 2) && is_overtaken("", 2) && !is_overtaken("2", 2));
    }
}
