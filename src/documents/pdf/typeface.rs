//! The typeface: which glyph a character has, how wide it is, where a text breaks.
//!
//! Widths come from the font's own tables, read once. Text is set glyph by
//! glyph, which is exact for the scripts of an invoice; runs that need shaping
//! (right-to-left letters, combining marks) are left to the shaper.

use anyhow::Context;
use krilla::text::Font;
use std::sync::LazyLock;

/// Stands for a character that the typeface has not.
const MISSING: char = '□';

/// Characters above this code are shown as missing; the typeface has none.
const CODES: usize = 0x2_0000;

/// One weight of the typeface.
pub(super) struct Face {
    /// The font as the PDF writer takes it.
    pub(super) font: Font,
    per_em: f32,
    /// Glyph and advance by character code; glyph 0 where there is none.
    glyphs: Vec<(u16, u16)>,
}

/// The weights in use.
pub(super) struct Faces {
    /// For text and figures.
    pub(super) regular: Face,
    /// For names, headings and totals.
    pub(super) bold: Face,
}

/// A stretch of text that is set in one way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run<'a> {
    /// Left to right, one glyph for each character.
    Plain(&'a str),
    /// Left to right with marks that combine.
    Marked(&'a str),
    /// Right to left.
    Backward(&'a str),
}

impl Faces {
    /// The faces, read on first use.
    pub(super) fn get() -> anyhow::Result<&'static Self> {
        static FACES: LazyLock<Option<Faces>> = LazyLock::new(|| {
            Some(Faces {
                regular: Face::read(dejavu::sans_condensed::regular())?,
                bold: Face::read(dejavu::sans_condensed::bold())?,
            })
        });
        FACES.as_ref().context("the typeface cannot be read")
    }
}

impl Face {
    fn read(data: &'static [u8]) -> Option<Self> {
        let head = table(data, b"head")?;
        let advances = table(data, b"hmtx")?;
        let measured = u16_at(table(data, b"hhea")?, 34)?;
        let mut glyphs = vec![(0, 0); CODES];
        for (code, glyph) in characters(table(data, b"cmap")?)? {
            let row = usize::from(glyph.min(measured.saturating_sub(1)));
            if let Some(slot) = glyphs.get_mut(code) {
                *slot = (glyph, u16_at(advances, row * 4)?);
            }
        }
        Some(Self {
            font: Font::new(data.into(), 0)?,
            per_em: f32::from(u16_at(head, 18)?),
            glyphs,
        })
    }

    /// The glyph to show for a character and its advance in ems; none where
    /// nothing is to be seen.
    pub(super) fn glyph(&self, character: char) -> Option<(u32, f32)> {
        if is_unseen(character) {
            return None;
        }
        let blank = character.is_control() || character.is_whitespace();
        let own = self.slot(if blank { ' ' } else { character });
        let (glyph, advance) = own.or_else(|| self.slot(MISSING))?;
        Some((u32::from(glyph), f32::from(advance) / self.per_em))
    }

    fn slot(&self, character: char) -> Option<(u16, u16)> {
        let code = usize::try_from(u32::from(character)).ok()?;
        self.glyphs
            .get(code)
            .copied()
            .filter(|(glyph, _)| *glyph > 0)
    }

    /// Whether every character of a text can be shown.
    pub(super) fn has_all(&self, text: &str) -> bool {
        let blank = |c: char| c.is_control() || c.is_whitespace() || is_unseen(c);
        text.chars().all(|c| blank(c) || self.slot(c).is_some())
    }

    /// Width of a text in points at a size in points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let seen = text.chars().filter(|c| !is_mark(*c));
        seen.filter_map(|c| self.glyph(c))
            .map(|(_, em)| em)
            .sum::<f32>()
            * size
    }

    /// The size, at most `size`, at which a text that must not be cut fits.
    pub(super) fn fitting(&self, text: &str, size: f32, width: f32) -> f32 {
        let natural = self.width(text, size);
        if natural > width {
            size * width / natural
        } else {
            size
        }
    }

    /// A text on one line, cut with "…" where it is too long.
    pub(super) fn cut(&self, text: &str, size: f32, width: f32) -> String {
        if self.width(text, size) <= width {
            return text.into();
        }
        let mut kept = String::new();
        let mut left = width - self.width("…", size);
        for c in text.chars() {
            left -= self.width(c.encode_utf8(&mut [0; 4]), size);
            if left < 0.0 {
                break;
            }
            kept.push(c);
        }
        format!("{}…", kept.trim_end())
    }

    /// A text on at most `most` lines, broken between words, inside a word only
    /// where it is longer than a line; the last is cut with "…".
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let (mut lines, mut used) = (vec![String::new()], 0.0);
        let space = self.width(" ", size);
        for word in text.split([' ', '\n']).filter(|w| !w.is_empty()) {
            let mut gap = if used > 0.0 { space } else { 0.0 };
            for piece in self.pieces(word, size, width) {
                let advance = self.width(&piece, size);
                if used > 0.0 && used + gap + advance > width {
                    lines.push(String::new());
                    (used, gap) = (0.0, 0.0);
                }
                if let Some(line) = lines.last_mut() {
                    line.push_str(if gap > 0.0 { " " } else { "" });
                    line.push_str(&piece);
                }
                used += gap + advance;
                gap = 0.0;
            }
        }
        if lines.len() > most {
            let rest = lines.split_off(most.saturating_sub(1)).join(" ");
            lines.push(self.cut(&rest, size, width));
        }
        lines
    }

    fn pieces(&self, word: &str, size: f32, width: f32) -> Vec<String> {
        if self.width(word, size) <= width {
            return vec![word.into()];
        }
        let mut pieces = vec![String::new()];
        let mut used = 0.0;
        for c in word.chars() {
            let advance = self.width(c.encode_utf8(&mut [0; 4]), size);
            if used + advance > width && used > 0.0 {
                pieces.push(String::new());
                used = 0.0;
            }
            used += advance;
            if let Some(piece) = pieces.last_mut() {
                piece.push(c);
            }
        }
        pieces
    }
}

/// A text in runs, in the order they are set from left to right.
pub(super) fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(is_backward).unwrap_or(rest.len());
        let (before, after) = rest.split_at(start);
        if before.contains(is_mark) {
            runs.push(Run::Marked(before));
        } else if !before.is_empty() {
            runs.push(Run::Plain(before));
        }
        let (run, tail) = after.split_at(backward_end(after));
        if !run.is_empty() {
            runs.push(Run::Backward(run));
        }
        rest = tail;
    }
    runs
}

/// Where a run of right-to-left words ends; spaces between them belong to it.
fn backward_end(text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if is_backward(c) {
            end = at + c.len_utf8();
        } else if c != ' ' && !is_mark(c) {
            break;
        }
    }
    end
}

fn is_backward(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && !c.is_ascii()
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Joiners, direction marks and the like: they would let a name show as another.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// Character code and glyph, from the font's full Unicode table (format 12).
fn characters(cmap: &[u8]) -> Option<Vec<(usize, u16)>> {
    let records = 0..usize::from(u16_at(cmap, 2)?);
    let full = records
        .filter_map(|n| cmap.get(usize::try_from(u32_at(cmap, 4 + n * 8 + 4)?).ok()?..))
        .find(|subtable| u16_at(subtable, 0) == Some(12))?;
    let mut pairs = Vec::new();
    for group in 0..usize::try_from(u32_at(full, 12)?).ok()? {
        let at = 16 + group * 12;
        let (first, last) = (u32_at(full, at)?, u32_at(full, at + 4)?);
        let glyph = u32_at(full, at + 8)?;
        for code in first..=last {
            let to = u16::try_from(glyph + (code - first)).ok()?;
            pairs.push((usize::try_from(code).ok()?, to));
        }
    }
    Some(pairs)
}

fn table<'a>(data: &'a [u8], tag: &[u8; 4]) -> Option<&'a [u8]> {
    let records = 0..usize::from(u16_at(data, 4)?);
    let record = records
        .filter_map(|n| data.get(12 + n * 16..28 + n * 16))
        .find(|record| record.starts_with(tag))?;
    let start = usize::try_from(u32_at(record, 8)?).ok()?;
    let length = usize::try_from(u32_at(record, 12)?).ok()?;
    data.get(start..start + length)
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    let bytes = data.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_tabular_in_both_weights() {
        let faces = Faces::get().unwrap();
        for face in [&faces.regular, &faces.bold] {
            let zero = face.width("0", 10.0);
            assert!(zero > 3.0 && zero < 8.0);
            for digit in "123456789".chars() {
                assert_eq!(face.width(&digit.to_string(), 10.0), zero, "{digit}");
            }
        }
    }

    #[test]
    fn the_typeface_covers_what_invoices_are_written_in() {
        let face = &Faces::get().unwrap().regular;
        for text in [
            "Příliš žluťoučký kůň",
            "Ελληνικά",
            "Завод «Прогресс»",
            "€ ¥ ₹ £ − × –",
            "Østergård ẞ",
        ] {
            assert!(face.has_all(text), "{text}");
        }
        assert!(!face.has_all("東京"));
        assert!(face.width("東京", 10.0) > 0.0);
    }

    #[test]
    fn a_wrapped_text_keeps_every_word_and_its_width() {
        let face = &Faces::get().unwrap().regular;
        let text = "Weingut am Steilhang und Kellerei der Gebrüder Zachariasson";
        let lines = face.wrap(text, 8.0, 80.0, 9);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| face.width(line, 8.0) <= 80.0));
        let short = face.wrap(text, 8.0, 80.0, 2);
        assert_eq!(short.len(), 2);
        assert!(short[1].ends_with('…') && face.width(&short[1], 8.0) <= 80.0);
        let long = face.wrap(&"x".repeat(90), 8.0, 80.0, 99);
        assert_eq!(long.concat(), "x".repeat(90));
        assert_eq!(face.wrap("", 8.0, 80.0, 2), [""]);
    }

    #[test]
    fn right_to_left_words_are_one_run() {
        assert_eq!(
            runs("Café מלון אדלר 12 (Haifa)"),
            [
                Run::Plain("Café "),
                Run::Backward("מלון אדלר"),
                Run::Plain(" 12 (Haifa)")
            ]
        );
        assert_eq!(runs("e\u{301}a"), [Run::Marked("e\u{301}a")]);
        assert!(runs("").is_empty());
    }
}
