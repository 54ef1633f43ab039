//! Sheets: what stands where, before any PDF is written. All lengths are
//! points, measured from the top left corner of the sheet.

use super::typeface::{Face, Faces};

/// A4.
pub(super) const WIDTH: f32 = 595.28;
/// A4.
pub(super) const HEIGHT: f32 = 841.89;
/// Left edge of everything.
pub(super) const LEFT: f32 = 48.0;
/// Right edge of everything: 499 points to set in, which fit Letter as well.
pub(super) const RIGHT: f32 = 547.0;
/// First baseline; Letter, printed centred, cuts 25 points off an A4 sheet.
pub(super) const TOP: f32 = 62.0;
/// Nothing but the foot stands below.
pub(super) const BOTTOM: f32 = 758.0;

/// The inks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text and figures.
    Text,
    /// Labels and explanations.
    Soft,
    /// Thin rules.
    Rule,
    /// Evergreen: the vendor and what is paid.
    Accent,
}

/// Which way a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Size in points.
    pub(super) size: f32,
    /// Bold, else regular.
    pub(super) bold: bool,
    /// Its ink.
    pub(super) ink: Ink,
}

/// Text in ink.
pub(super) const fn text(size: f32) -> Style {
    Style {
        size,
        bold: false,
        ink: Ink::Text,
    }
}

/// Text in soft ink.
pub(super) const fn soft(size: f32) -> Style {
    Style {
        size,
        bold: false,
        ink: Ink::Soft,
    }
}

/// Bold text in ink.
pub(super) const fn bold(size: f32) -> Style {
    Style {
        size,
        bold: true,
        ink: Ink::Text,
    }
}

/// Bold text in the accent.
pub(super) const fn accent(size: f32) -> Style {
    Style {
        size,
        bold: true,
        ink: Ink::Accent,
    }
}

/// A place in the document's structure; none for what is not read aloud.
pub(super) type Place = Option<usize>;

/// What a part of the document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The title.
    Title,
    /// A heading under it.
    Heading,
    /// A paragraph.
    Paragraph,
    /// A table; holds rows.
    Table,
    /// A row; holds cells.
    Row,
    /// The head of a column.
    ColumnHead,
    /// The head of a row.
    RowHead,
    /// A cell.
    Cell,
}

/// A part of the structure: what it is and what it stands in.
#[derive(Debug)]
pub(super) struct Part {
    /// What it is.
    pub(super) kind: Kind,
    /// The part that holds it; none at the top.
    pub(super) within: Place,
}

/// Something on a sheet.
#[derive(Debug)]
pub(super) enum Mark {
    /// A text, its left end on the baseline at (x, y).
    Text {
        x: f32,
        y: f32,
        style: Style,
        text: String,
        place: Place,
    },
    /// A level rule from `x` to `to`.
    Rule {
        x: f32,
        to: f32,
        y: f32,
        thickness: f32,
        ink: Ink,
    },
}

/// The sheets so far and the pen's place.
pub(super) struct Sheets {
    /// The typeface.
    pub(super) faces: &'static Faces,
    /// The marks, sheet by sheet.
    pub(super) sheets: Vec<Vec<Mark>>,
    /// The sheet that is being set.
    pub(super) current: usize,
    /// The structure, parents before children.
    pub(super) parts: Vec<Part>,
    /// Where the next thing begins on the current sheet.
    pub(super) y: f32,
    /// Some character was not in the typeface.
    pub(super) missing: bool,
}

impl Sheets {
    /// One empty sheet.
    pub(super) fn new(faces: &'static Faces) -> Self {
        Self {
            faces,
            sheets: vec![Vec::new()],
            current: 0,
            parts: Vec::new(),
            y: TOP,
            missing: false,
        }
    }

    /// Begins another sheet.
    pub(super) fn turn(&mut self) {
        self.sheets.push(Vec::new());
        self.current = self.sheets.len() - 1;
        self.y = TOP;
    }

    /// A new part of the structure.
    pub(super) fn part(&mut self, kind: Kind, within: Place) -> Place {
        self.parts.push(Part { kind, within });
        Some(self.parts.len() - 1)
    }

    /// The face of a style.
    pub(super) fn face(&self, style: Style) -> &'static Face {
        if style.bold {
            &self.faces.bold
        } else {
            &self.faces.regular
        }
    }

    /// Sets a text from `x` on the baseline `y` of the current sheet.
    pub(super) fn left(&mut self, at: (f32, f32), style: Style, text: &str, place: Place) {
        self.missing |= !self.face(style).has_all(text);
        let mark = Mark::Text {
            x: at.0,
            y: at.1,
            style,
            text: text.into(),
            place,
        };
        self.push(mark);
    }

    fn push(&mut self, mark: Mark) {
        if let Some(sheet) = self.sheets.get_mut(self.current) {
            sheet.push(mark);
        }
    }

    /// Sets a text that ends at `x`.
    pub(super) fn right(&mut self, at: (f32, f32), style: Style, text: &str, place: Place) {
        let width = self.face(style).width(text, style.size);
        self.left((at.0 - width, at.1), style, text, place);
    }

    /// Sets a figure that ends at `x`, smaller where it would need more than
    /// `width`: a figure is never cut.
    pub(super) fn figure(&mut self, at: (f32, f32, f32), style: Style, text: &str, place: Place) {
        let (x, y, width) = at;
        let size = self.face(style).fitting(text, style.size, width);
        self.right((x, y), Style { size, ..style }, text, place);
    }

    /// Sets lines below each other from the baseline `at.1`, `lead` apart.
    pub(super) fn stack(
        &mut self,
        at: (f32, f32, f32),
        style: Style,
        lines: &[String],
        place: Place,
    ) {
        let (x, mut y, lead) = at;
        for line in lines {
            self.left((x, y), style, line, place);
            y += lead;
        }
    }

    /// Draws a rule across the sheet at `y`.
    pub(super) fn rule(&mut self, y: f32, thickness: f32, ink: Ink) {
        self.rule_between(LEFT, RIGHT, (y, thickness), ink);
    }

    /// Draws a rule between two places; `(y, thickness)`.
    pub(super) fn rule_between(&mut self, x: f32, to: f32, line: (f32, f32), ink: Ink) {
        let (y, thickness) = line;
        self.push(Mark::Rule {
            x,
            to,
            y,
            thickness,
            ink,
        });
    }

    /// Breaks a text to `width`, on at most `most` lines.
    pub(super) fn wrap(&self, words: &str, style: Style, width: f32, most: usize) -> Vec<String> {
        self.face(style).wrap(words, style.size, width, most)
    }
}
