//! A partner's part of web addresses, made from its name.
use std::collections::HashSet;

use crate::{Error, Result, domain::Slug};

/// Slugs that are taken, and those given out since.
#[derive(Debug, Default)]
pub(crate) struct Slugs(HashSet<String>);

/// Leaves room for a number after it.
const LONGEST: usize = 32;

impl Slugs {
    /// Besides these.
    pub(crate) fn besides(taken: impl IntoIterator<Item = String>) -> Self {
        Self(taken.into_iter().collect())
    }

    /// A slug nobody has, like the name: `acme`, or `acme-2` where there is one.
    ///
    /// # Errors
    /// A fault, if none can be found.
    pub(crate) fn give(&mut self, name: &str) -> Result<Slug> {
        let base = base(name);
        let numbered = (2u32..).map(|number| format!("{base}-{number}"));
        let mut candidates = std::iter::once(base.clone()).chain(numbered);
        let free = candidates.find(|slug| !self.0.contains(slug));
        let slug: Slug = free.unwrap_or(base).parse().map_err(Error::fault)?;
        self.0.insert(slug.to_string());
        Ok(slug)
    }
}

/// The name in small plain letters; `partner` where nothing of it is left.
pub(crate) fn base(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match plain(c) {
            "" if c.is_ascii_alphanumeric() => slug.push(c),
            "" if slug.ends_with('-') || slug.is_empty() => {}
            "" => slug.push('-'),
            letters => slug.push_str(letters),
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    match slug.parse::<Slug>() {
        Ok(slug) => slug.to_string(),
        Err(_) if slug.is_empty() => "partner".to_owned(),
        // Too short, or a word of the site's own.
        Err(_) => format!("{slug}-partner"),
    }
}

/// Letters of European names as ASCII spells them.
fn plain(c: char) -> &'static str {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'å' => "aa",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'þ' => "th",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slug_reads_like_the_name() {
        for (name, slug) in [
            ("Müller & Söhne GmbH", "mueller-soehne-gmbh"),
            ("  Acme,  Inc. ", "acme-inc"),
            ("X", "x-partner"),
            ("Mail", "mail-partner"),
            ("株式会社", "partner"),
        ] {
            assert_eq!(base(name), slug);
        }
    }

    #[test]
    fn no_slug_is_given_twice() {
        let mut slugs = Slugs::besides(["acme".to_owned()]);
        let given: Vec<String> = ["Acme", "ACME", "Other"]
            .map(|name| slugs.give(name).unwrap().to_string())
            .to_vec();
        assert_eq!(given, ["acme-2", "acme-3", "other"]);
    }

    proptest! {
        #[test]
        fn every_name_gives_a_slug(name in "\\PC{1,120}") {
            prop_assert!(Slugs::default().give(&name).is_ok(), "{}", base(&name));
        }
    }
}
