//! What registers share: their address with what they are narrowed to, their count, their pages.
use super::page::query;
use crate::{
    Result,
    store::paging::{Count, Cursor, Page},
};

/// Where a register is and what it is narrowed to.
#[derive(Debug, Clone)]
pub struct Address {
    path: String,
    pairs: Vec<(&'static str, String)>,
}

/// The parameter that holds the place in a list.
const AT: &str = "at";

impl Address {
    /// A register's address; `pairs` are its filters and its order as typed, without the place.
    pub fn new(path: String, pairs: &[(&'static str, &str)]) -> Self {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        Self { path, pairs }
    }
    fn with(&self, path: &str, name: &'static str, value: &str) -> String {
        let kept = self.pairs.iter().filter(|(key, _)| *key != name);
        let mut pairs: Vec<(&str, &str)> = kept.map(|(key, value)| (*key, &**value)).collect();
        pairs.push((name, value));
        match query(&pairs) {
            none if none.is_empty() => path.to_owned(),
            some => format!("{path}?{some}"),
        }
    }
    /// The same list in another order, from its beginning.
    pub fn sorted(&self, by: &str) -> String {
        self.with(&self.path, "sort", by)
    }
    /// The same rows as a file.
    pub fn csv(&self) -> String {
        self.with(&format!("{}.csv", self.path), AT, "")
    }
    /// The whole list; empty where nothing narrows it.
    pub fn clear(&self) -> String {
        let is_narrow = |(name, value): &(&str, String)| *name != "sort" && !value.is_empty();
        match self.pairs.iter().any(is_narrow) {
            true => self.path.clone(),
            false => String::new(),
        }
    }
    /// Whether anything narrows the list.
    pub fn is_narrow(&self) -> bool {
        !self.clear().is_empty()
    }
    /// The way back and on from a page.
    pub fn pager<T>(&self, page: &Page<T>) -> Pager {
        let href = |cursor: &Cursor| self.with(&self.path, AT, &cursor.to_string());
        Pager {
            prev_href: page.previous.as_ref().map(href),
            next_href: page.next.as_ref().map(href),
        }
    }
}

/// The way back and on.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// To the page before, if there is one.
    pub prev_href: Option<String>,
    /// To the page after, if there is one.
    pub next_href: Option<String>,
}

/// What a filter offers: all, and then each code there is.
pub fn options(all: &str, codes: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    let each = codes.into_iter().map(|code| (code.clone(), code));
    std::iter::once((String::new(), all.to_owned()))
        .chain(each)
        .collect()
}

/// "25 of 312 partners", or "12 partners" when all of them are shown.
pub fn count_words(shown: usize, count: Count, (one, many): (&str, &str)) -> String {
    let noun = if count.rows == 1 && !count.is_capped {
        one
    } else {
        many
    };
    match i64::try_from(shown) {
        Ok(shown) if shown < count.rows => format!("{shown} of {count} {noun}"),
        _ => format!("{count} {noun}"),
    }
}

/// Every row of a list, page after page, for a file.
///
/// # Errors
/// Those of `page`.
pub fn every<T>(mut page: impl FnMut(Option<&Cursor>) -> Result<Page<T>>) -> Result<Vec<T>> {
    let (mut rows, mut at) = (Vec::new(), None);
    loop {
        let read = page(at.as_ref())?;
        rows.extend(read.rows);
        match read.next {
            Some(next) => at = Some(next),
            None => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_what_narrows_the_list() {
        let address = Address::new("/v/partners".into(), &[("q", "a b"), ("sort", "newest")]);
        assert_eq!(address.csv(), "/v/partners.csv?q=a%20b&sort=newest");
        assert_eq!(address.sorted(""), "/v/partners?q=a%20b");
        assert_eq!(address.clear(), "/v/partners");
        let all = Address::new("/v/partners".into(), &[("q", ""), ("sort", "newest")]);
        assert_eq!((all.clear().as_str(), all.is_narrow()), ("", false));
    }
}
