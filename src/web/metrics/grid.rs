//! Tables of figures that are read on a page and kept as a file, from the same cells.
use crate::{
    documents::csv::{self, Cell as FileCell},
    domain::{Money, statement_document},
    error::Result,
    web::words,
};

/// One figure.
#[derive(Debug, Clone)]
pub enum Cell {
    /// An amount; its currency stands in the head.
    Money(Money),
    /// A share in bps; nothing where there is none of nothing.
    Percent(Option<i64>),
    /// As `Percent`, told without decimals.
    Whole(Option<i64>),
    /// So many times, in ten-thousandths.
    Times(Option<i64>),
    /// A number of things.
    Count(i64),
    /// Anything else.
    Text(String),
    /// Nothing that could be told.
    Nothing,
}

/// Said where a share or a ratio would be one of nothing.
const NONE: &str = "none";

impl Cell {
    /// As a page shows it.
    pub fn shown(&self) -> String {
        let of_ten_thousand = |value: i64| statement_document::figure(value, 2);
        match self {
            Self::Money(amount) => words::figure(*amount),
            Self::Percent(Some(bps)) => format!("{}\u{a0}%", of_ten_thousand(*bps)),
            Self::Whole(Some(bps)) => format!("{}\u{a0}%", rounded(*bps)),
            Self::Times(Some(times)) => {
                format!("{}×", of_ten_thousand((times + times.signum() * 50) / 100))
            }
            Self::Percent(None) | Self::Whole(None) | Self::Times(None) => NONE.to_owned(),
            Self::Count(number) => statement_document::figure(*number, 0),
            Self::Text(text) => text.clone(),
            Self::Nothing => String::new(),
        }
    }

    fn kept(&self) -> FileCell {
        match self {
            Self::Money(amount) => FileCell::number(amount.plain()),
            Self::Percent(Some(bps)) | Self::Whole(Some(bps)) => FileCell::minor(*bps, 2),
            Self::Times(Some(times)) => FileCell::minor(*times, 4),
            Self::Count(number) => FileCell::number(number),
            Self::Text(text) => FileCell::text(text),
            _ => FileCell::text(""),
        }
    }
}

/// Half a percent goes away from zero.
fn rounded(bps: i64) -> i64 {
    (bps + bps.signum() * 50) / 100
}

/// A row: its name, and a cell under each head but the first.
#[derive(Debug, Clone)]
pub struct Row {
    /// What it is about.
    pub name: String,
    /// Its figures.
    pub cells: Vec<Cell>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Grid {
    /// What it holds.
    pub caption: String,
    /// Over each column, that of the names included.
    pub heads: Vec<String>,
    /// In order.
    pub rows: Vec<Row>,
}

impl Grid {
    /// A table without rows yet.
    pub fn new(caption: impl Into<String>, heads: &[&str]) -> Self {
        Self {
            caption: caption.into(),
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// One more row.
    pub fn row(&mut self, name: impl Into<String>, cells: Vec<Cell>) {
        let name = name.into();
        self.rows.push(Row { name, cells });
    }

    /// A row's figures with their heads, for pages.
    pub fn labelled<'a>(&'a self, row: &'a Row) -> Vec<(&'a str, String)> {
        let heads = self.heads.iter().skip(1).map(String::as_str);
        heads.zip(row.cells.iter().map(Cell::shown)).collect()
    }

    /// As a file.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn file(&self) -> Result<Vec<u8>> {
        let heads: Vec<&str> = self.heads.iter().map(String::as_str).collect();
        let rows = self.rows.iter().map(|row| {
            let name = std::iter::once(FileCell::text(&row.name));
            name.chain(row.cells.iter().map(Cell::kept))
                .collect::<Vec<_>>()
        });
        Ok(csv::table(&heads, rows)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_and_kept() {
        let shown = |cell: Cell| cell.shown().replace('\u{a0}', " ");
        assert_eq!(shown(Cell::Percent(Some(9_359))), "93.59 %");
        assert_eq!(shown(Cell::Whole(Some(10_833))), "108 %");
        assert_eq!(shown(Cell::Whole(Some(9_350))), "94 %");
        assert_eq!(shown(Cell::Times(Some(54_444))), "5.44×");
        assert_eq!(shown(Cell::Percent(None)), "none");
        let mut grid = Grid::new("c", &["Month", "NRR", "Quick ratio"]);
        grid.row(
            "2027-05",
            vec![Cell::Percent(Some(6_265)), Cell::Times(Some(1_143))],
        );
        let file = String::from_utf8(grid.file().unwrap()).unwrap();
        assert!(file.contains("2027-05,62.65,0.1143"), "{file}");
    }
}
