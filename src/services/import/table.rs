//! A CSV file as rows of named cells, and what is wrong with it.
use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use csv::{ReaderBuilder, StringRecord};

use super::{Checked, Column, LARGEST_FILE, MOST_PROBLEMS, MOST_ROWS, RowProblem};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) new: usize,
    pub(super) unchanged: usize,
    pub(super) changed: usize,
    problems: Vec<RowProblem>,
    problem_count: usize,
}

impl Report {
    pub(super) fn add(&mut self, line: u64, column: &str, reason: impl Into<String>) {
        self.problem_count += 1;
        self.problems.push(RowProblem {
            line,
            column: column.to_owned(),
            reason: reason.into(),
        });
        // Problems come in several passes over the file: room for twice as many keeps those of
        // the first lines, wherever they are found.
        if self.problems.len() >= 2 * MOST_PROBLEMS {
            self.keep_the_first();
        }
    }
    fn keep_the_first(&mut self) {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems.truncate(MOST_PROBLEMS);
    }
    pub(super) fn checked(&mut self, rows: usize) -> Checked {
        self.keep_the_first();
        Checked {
            rows,
            new: self.new,
            unchanged: self.unchanged,
            changed: self.changed,
            problems: std::mem::take(&mut self.problems),
            problem_count: self.problem_count,
        }
    }
}

/// A file with a sound header.
pub(super) struct Table {
    columns: &'static [Column],
    places: BTreeMap<&'static str, usize>,
    /// Rows with as many cells as the header.
    pub(super) rows: Vec<(u64, StringRecord)>,
}

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    table: &'t Table,
    /// The line it begins on.
    pub(super) line: u64,
    record: &'t StringRecord,
}

impl Table {
    /// Reads a file; `None` where it cannot be read as a table at all.
    pub(super) fn read(
        columns: &'static [Column],
        bytes: &[u8],
        report: &mut Report,
    ) -> Option<Self> {
        let text = match text_of(bytes) {
            Ok(text) => text,
            Err((line, why)) => {
                report.add(line, "", why);
                return None;
            }
        };
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter_of(text))
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let Some(Ok(header)) = records.next() else {
            report.add(1, "", "This file is empty.");
            return None;
        };
        let places = places_of(columns, &header, report)?;
        let (mut rows, mut lines) = (Vec::new(), Lines::of(text));
        for (record, number) in records.zip(0usize..) {
            if number == MOST_ROWS {
                report.add(0, "", "A file has at most 200,000 rows. Split this one.");
                return None;
            }
            // The text is UTF-8, so a record can always be read.
            let Ok(record) = record else { continue };
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            if record.len() == header.len() {
                rows.push((line, record));
            } else {
                let (has, wants) = (record.len(), header.len());
                report.add(
                    line,
                    "",
                    format!("This row has {has} cells, the header has {wants}."),
                );
            }
        }
        Some(Self {
            columns,
            places,
            rows,
        })
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            table: self,
            line: *line,
            record,
        })
    }

    /// Whether the header has a column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.places.contains_key(column)
    }

    /// The distinct cells of a column, for looking up what they refer to.
    pub(super) fn distinct(&self, column: &str) -> Vec<String> {
        let mut cells: Vec<String> = self
            .rows()
            .map(|row| row.text(column).to_owned())
            .filter(|cell| !cell.is_empty())
            .collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    }

    /// Remarks on every row whose external id an earlier one has.
    pub(super) fn doubles(&self, report: &mut Report) {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for row in self.rows() {
            let id = row.text("external_id");
            if id.is_empty() {
                continue;
            }
            match first.get(id) {
                Some(line) => {
                    let why = format!("Lines {line} and {} have the same external id.", row.line);
                    report.add(row.line, "external_id", why);
                }
                None => drop(first.insert(id, row.line)),
            }
        }
    }
}

impl<'t> Row<'t> {
    /// A cell without the spaces around it; empty where the file has no such column.
    pub(super) fn text(&self, column: &str) -> &'t str {
        let place = self.table.places.get(column);
        let cell = place.and_then(|place| self.record.get(*place));
        cell.map_or("", str::trim)
    }

    /// A cell as what it means. An empty one is a problem only where the column is required.
    pub(super) fn cell<T>(&self, column: &str, report: &mut Report) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.cell_by(column, report, str::parse)
    }

    /// As [`cell`](Self::cell), read by a function.
    pub(super) fn cell_by<T, E: Display>(
        &self,
        column: &str,
        report: &mut Report,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(column);
        if text.is_empty() {
            let is_required = |known: &&Column| known.name == column && known.is_required;
            if self.table.columns.iter().any(|known| is_required(&known)) {
                report.add(self.line, column, "This cell is empty.");
            }
            return None;
        }
        match read(text) {
            Ok(value) => Some(value),
            Err(why) => {
                report.add(self.line, column, why.to_string());
                None
            }
        }
    }
}

/// The file's text without its byte order mark, or what is wrong with it and where.
fn text_of(bytes: &[u8]) -> Result<&str, (u64, &'static str)> {
    if bytes.len() > LARGEST_FILE {
        return Err((0, "A file has at most 20 MB. Split this one."));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line_of = |end: usize| {
        let before = bytes.get(..end).unwrap_or_default();
        let ends = before.iter().filter(|byte| **byte == b'\n').count();
        u64::try_from(ends).unwrap_or_default() + 1
    };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err((
            line_of(at),
            "This file is not text. Save it as CSV in UTF-8.",
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let why = "This line is not in UTF-8. Save the file as CSV in UTF-8.";
        (line_of(error.valid_up_to()), why)
    })
}

/// Counts lines along a text. The reader's own count lags where lines end in CRLF.
struct Lines<'t> {
    text: &'t [u8],
    counted_to: usize,
    line: u64,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text: text.as_bytes(),
            counted_to: 0,
            line: 1,
        }
    }

    /// The line of the first thing at or after a byte that is no line end.
    fn at(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        let rest = self.text.get(byte..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = byte.saturating_add(ends.count());
        let passed = self.text.get(self.counted_to..start).unwrap_or_default();
        let ends = passed.iter().filter(|byte| **byte == b'\n').count();
        self.counted_to = start;
        self.line += u64::try_from(ends).unwrap_or_default();
        self.line
    }
}

/// A comma, or a semicolon where the header has more of those.
fn delimiter_of(text: &str) -> u8 {
    let header = text
        .lines()
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let count = |wanted| header.bytes().filter(|byte| *byte == wanted).count();
    if count(b';') > count(b',') {
        b';'
    } else {
        b','
    }
}

/// Where each known column stands; `None` where the header cannot be used.
fn places_of(
    columns: &'static [Column],
    header: &StringRecord,
    report: &mut Report,
) -> Option<BTreeMap<&'static str, usize>> {
    let mut places = BTreeMap::new();
    let mut is_sound = true;
    let mut complain = |column: &str, why: &str| {
        report.add(1, column, why);
        is_sound = false;
    };
    for (place, name) in header.iter().enumerate() {
        let name = name.trim().to_lowercase();
        match columns.iter().find(|column| column.name == name) {
            None => complain(
                &name,
                "This column is not known. Remove it, or see the template.",
            ),
            Some(column) if places.contains_key(column.name) => {
                complain(column.name, "This column is there twice.");
            }
            Some(column) => drop(places.insert(column.name, place)),
        }
    }
    for column in columns.iter().filter(|column| column.is_required) {
        if !places.contains_key(column.name) {
            complain(column.name, "This column is missing.");
        }
    }
    is_sound.then_some(places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::columns, *};
    use crate::{domain::ImportKind, services::import::template};

    fn read(text: &[u8]) -> (Option<Table>, Checked) {
        let mut report = Report::default();
        let table = Table::read(columns(ImportKind::Customers), text, &mut report);
        (table, report.checked(0))
    }

    #[test]
    fn every_template_is_a_sound_file() {
        for kind in ImportKind::ALL {
            let mut report = Report::default();
            let table =
                Table::read(columns(*kind), template(*kind).as_bytes(), &mut report).unwrap();
            assert_eq!(table.rows.len(), 1);
            assert!(report.checked(1).is_sound());
        }
    }

    #[test]
    fn a_file_may_come_as_spreadsheets_write_it() {
        let file = "\u{feff}Name;EXTERNAL_ID;Partner; country \r\n\"A; \"\"B\"\"\";1;P;DE\r\n\r\n\"two\r\nlines\";2;P;DE\r\n";
        let (table, checked) = read(file.as_bytes());
        assert_eq!(checked.problems, []);
        let table = table.unwrap();
        let cells: Vec<(u64, &str)> = table
            .rows()
            .map(|row| (row.line, row.text("name")))
            .collect();
        assert_eq!(cells, [(2, "A; \"B\""), (4, "two\r\nlines")]);
    }

    #[test]
    fn a_bad_header_is_told_column_by_column() {
        let (table, checked) = read(b"external_id,partner,name,name,colour\n");
        assert!(table.is_none());
        let told: Vec<&str> = checked
            .problems
            .iter()
            .map(|problem| problem.column.as_str())
            .collect();
        assert_eq!(told, ["name", "colour", "country"]);
    }

    #[test]
    fn what_is_no_text_is_told_by_line() {
        let (_, checked) = read(b"external_id,partner\nM\xfcller,P\n");
        assert_eq!(checked.problems[0].line, 2);
        assert!(read(b"").1.problems[0].reason.contains("empty"));
        assert!(read(b"a\0b").1.problems[0].reason.contains("not text"));
        assert!(
            read(&vec![b'a'; LARGEST_FILE + 1]).1.problems[0]
                .reason
                .contains("20 MB")
        );
    }

    #[test]
    fn the_first_problems_are_listed_and_all_are_counted() {
        let mut report = Report::default();
        for line in (1..=1_000).rev() {
            report.add(line, "", "Wrong.");
        }
        let checked = report.checked(1_000);
        assert_eq!(
            (checked.problems.len(), checked.problem_count),
            (200, 1_000)
        );
        assert_eq!(
            (checked.problems[0].line, checked.problems[199].line),
            (1, 200)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange_to_judge(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let mut file = b"external_id,partner,name,country\n".to_vec();
            file.extend(bytes);
            let _ = read(&file);
        }
    }
}
