//! Names as they are sorted and searched by.
use std::{fmt::Display, str::FromStr};

use crate::{Error, Result};

/// A name in small letters with single spaces: by it lists are sorted and doubles are noticed.
pub fn name_key(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// The pattern that finds a text anywhere in a [`name_key`], or, where the text stands in double
/// quotes, the whole of it; `\` escapes.
pub(super) fn anywhere(search: &str) -> String {
    let search = search.trim();
    let whole = search
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut pattern = String::new();
    for c in name_key(whole.unwrap_or(search)).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    match whole {
        Some(_) => pattern,
        None => format!("%{pattern}%"),
    }
}

/// What to search for, if anything was typed.
pub(super) fn typed(search: &str) -> Option<&str> {
    Some(search.trim()).filter(|search| !search.is_empty())
}

/// A stored text as the domain value it was written from; anything else is a fault.
pub(super) fn stored<T>(text: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse()
        .map_err(|why| Error::fault(format!("stored value {text:?}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spaces_do_not_matter() {
        assert_eq!(name_key("  Müller   &\tSöhne "), "müller & söhne");
        assert_eq!(anywhere("50% A_b\\"), "%50\\% a\\_b\\\\%");
        assert_eq!(typed("  "), None);
    }
}
