//! Pages of a list by keyset: a page is found by the row it begins after, never by counting.
use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Rows on a page.
pub const PAGE: usize = 50;
/// What a page's query asks for: one row more tells whether another page follows.
pub(super) const FETCH: i64 = 51;
/// Lists are counted up to this many rows, in both words and work.
pub const COUNT_CAP: i64 = 10_000;

/// A place in a list: the row a page begins after, or ends before. Opaque in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    key: String,
    id: i64,
    is_back: bool,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in this list")]
pub struct BadCursor;

impl Cursor {
    /// What an address says; whatever is not a cursor means the first page.
    pub fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    /// The place of a row with this sort key and id.
    pub(super) fn at((key, id): (String, i64), is_back: bool) -> Self {
        Self { key, id, is_back }
    }
    pub(super) fn key(&self) -> String {
        self.key.clone()
    }
    pub(super) fn id(&self) -> i64 {
        self.id
    }
    pub(super) fn is_back(&self) -> bool {
        self.is_back
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.is_back { 'b' } else { 'a' };
        let text = format!("{direction}{:x}.{}", self.id, self.key);
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;
    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        let (is_back, rest) = match text.split_at_checked(1) {
            Some(("a", rest)) => (false, rest),
            Some(("b", rest)) => (true, rest),
            _ => return Err(BadCursor),
        };
        let (id, key) = rest.split_once('.').ok_or(BadCursor)?;
        let id = i64::from_str_radix(id, 16).map_err(|_| BadCursor)?;
        // Ids are never below zero, and one that is would be spelled as another.
        let id = Some(id).filter(|id| *id >= 0).ok_or(BadCursor)?;
        // PostgreSQL cannot hold this character in a text.
        let key = Some(key)
            .filter(|key| !key.contains('\0'))
            .ok_or(BadCursor)?;
        Ok(Self {
            key: key.to_owned(),
            id,
            is_back,
        })
    }
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its rows, in the list's order.
    pub rows: Vec<T>,
    /// Where the page before it ends, if there is one.
    pub previous: Option<Cursor>,
    /// Where the page after it begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page of nothing.
    pub fn none() -> Self {
        Self {
            rows: Vec::new(),
            previous: None,
            next: None,
        }
    }
    /// A page of what a query found: up to one row more than `size`, and backwards when `from`
    /// points back. `place` tells a row's sort key and id.
    pub(super) fn of(
        mut found: Vec<T>,
        from: Option<&Cursor>,
        size: usize,
        place: impl Fn(&T) -> (String, i64),
    ) -> Self {
        let is_back = from.is_some_and(Cursor::is_back);
        let has_more = found.len() > size;
        found.truncate(size);
        if is_back {
            found.reverse();
        }
        let cursor = |row: Option<&T>, is_back| row.map(|row| Cursor::at(place(row), is_back));
        let (before, after) = match is_back {
            true => (has_more, true),
            false => (from.is_some(), has_more),
        };
        Self {
            previous: cursor(found.first().filter(|_| before), true),
            next: cursor(found.last().filter(|_| after), false),
            rows: found,
        }
    }

    /// The same page of something made from its rows.
    ///
    /// # Errors
    /// The first one `make` gives.
    pub fn try_map<U, E>(self, make: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page {
            rows: self.rows.into_iter().map(make).collect::<Result<_, E>>()?,
            previous: self.previous,
            next: self.next,
        })
    }
}

/// How many rows a list has, as far as they were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Rows, at most [`COUNT_CAP`].
    pub rows: i64,
    /// Whether there are more.
    pub is_capped: bool,
}

impl Count {
    /// Of nothing.
    pub fn none() -> Self {
        Self::of(0)
    }
    /// Of rows counted up to one more than [`COUNT_CAP`].
    pub(super) fn of(counted: usize) -> Self {
        let rows = i64::try_from(counted).unwrap_or(i64::MAX);
        Self {
            rows: rows.min(COUNT_CAP),
            is_capped: rows > COUNT_CAP,
        }
    }
}

impl fmt::Display for Count {
    /// With commas, and a plus where counting stopped: `10,000+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rows {
            rows if rows >= 1000 => write!(f, "{},{:03}", rows / 1000, rows % 1000)?,
            rows => write!(f, "{rows}")?,
        }
        f.write_str(if self.is_capped { "+" } else { "" })
    }
}

/// Puts a query in the order of a text column and reads on from a cursor in it.
macro_rules! by_key {
    ($query:expr, $from:expr, $key:expr, $id:expr) => {
        match $from {
            None => $query.order(($key.asc(), $id.asc())),
            Some(from) if from.is_back() => $query
                .filter(
                    $key.lt(from.key())
                        .or($key.eq(from.key()).and($id.lt(from.id()))),
                )
                .order(($key.desc(), $id.desc())),
            Some(from) => $query
                .filter(
                    $key.gt(from.key())
                        .or($key.eq(from.key()).and($id.gt(from.id()))),
                )
                .order(($key.asc(), $id.asc())),
        }
    };
}
/// Puts a query in the order newest first and reads on from a cursor in it: ids rise with time.
macro_rules! newest_first {
    ($query:expr, $from:expr, $id:expr) => {
        match $from {
            None => $query.order($id.desc()),
            Some(from) if from.is_back() => $query.filter($id.gt(from.id())).order($id.asc()),
            Some(from) => $query.filter($id.lt(from.id())).order($id.desc()),
        }
    };
}
pub(super) use {by_key, newest_first};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a database would give for a cursor: the rows after it in its direction, one too many.
    fn ask(list: &[(String, i64)], from: Option<&Cursor>, size: usize) -> Page<(String, i64)> {
        let after = |row: &&(String, i64)| match from {
            None => true,
            Some(from) if from.is_back() => (&row.0, row.1) < (&from.key, from.id),
            Some(from) => (&row.0, row.1) > (&from.key, from.id),
        };
        let mut found: Vec<_> = list.iter().filter(after).cloned().collect();
        if from.is_some_and(Cursor::is_back) {
            found.reverse();
        }
        found.truncate(size + 1);
        Page::of(found, from, size, Clone::clone)
    }

    proptest! {
        #[test]
        fn walking_there_and_back_visits_each_row_once(
            rows in prop::collection::btree_set(("[a-c]{0,2}", 0i64..9), 0..40),
            size in 1usize..7,
        ) {
            let list: Vec<_> = rows.into_iter().collect();
            let (mut there, mut from, mut pages) = (Vec::new(), None, 0);
            let last = loop {
                let page = ask(&list, from.as_ref(), size);
                there.extend(page.rows.clone());
                pages += 1;
                match page.next.clone() {
                    // Through its spelling, as an address would carry it.
                    Some(next) => from = Cursor::read(&next.to_string()),
                    None => break page,
                }
            };
            prop_assert_eq!(&there, &list);
            let (mut back, mut page) = (last.rows.clone(), last);
            while let Some(previous) = page.previous.clone() {
                page = ask(&list, Some(&previous), size);
                back.splice(0..0, page.rows.clone());
                pages -= 1;
            }
            prop_assert_eq!(&back, &list);
            prop_assert_eq!(pages, 1);
        }

        #[test]
        fn no_text_is_too_strange_to_be_no_cursor(text in ".{0,60}") {
            let _ = Cursor::read(&text);
        }
    }

    #[test]
    fn counting_stops_and_says_so() {
        for (counted, said) in [
            (0, "0"),
            (999, "999"),
            (1_234, "1,234"),
            (10_000, "10,000"),
            (10_001, "10,000+"),
        ] {
            assert_eq!(Count::of(counted).to_string(), said);
        }
    }
}
