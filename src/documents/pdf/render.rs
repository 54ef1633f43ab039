//! Sheets to PDF.

use super::sheet::{HEIGHT, Ink, Kind, Mark, Part, Place, Sheets, Style, WIDTH};
use super::typeface::{Face, Faces, Run, runs};
use crate::domain::statement_document::StatementDocument;
use anyhow::{Context, anyhow};
use chrono::Datelike;
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind,
    TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph, TextDirection};
use std::num::NonZeroU16;

/// Writes the sheets as one file.
pub(super) fn file(sheets: Sheets, document: &StatementDocument) -> anyhow::Result<Vec<u8>> {
    let mut pdf = Document::new();
    let mut tree = Tree::new(&sheets.parts);
    for marks in &sheets.sheets {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).context("the sheet has no size")?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw(&mut surface, sheets.faces, mark, &mut tree);
        }
        surface.finish();
        page.finish();
    }
    pdf.set_tag_tree(tree.finish());
    pdf.set_metadata(metadata(document));
    pdf.finish()
        .map_err(|error| anyhow!("the PDF cannot be written: {error:?}"))
}

/// Dated by the statement, never by the clock.
fn metadata(document: &StatementDocument) -> Metadata {
    let closed = document.closed_on;
    let part = |n: u32| u8::try_from(n).unwrap_or(1);
    let created = DateTime::new(u16::try_from(closed.year()).unwrap_or(0))
        .month(part(closed.month()))
        .day(part(closed.day()));
    Metadata::new()
        .title(format!(
            "Statement {}, {}",
            document.number,
            document.period_words()
        ))
        .authors(vec![document.vendor.legal_name.clone()])
        .creator("Perennial".into())
        .language("en".into())
        .document_id(document.sha256_hex())
        .creation_date(created)
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, mark: &Mark, tree: &mut Tree<'_>) {
    match mark {
        Mark::Text {
            x,
            y,
            style,
            text,
            place,
        } => {
            let tag = place.map_or(artifact(), |_| ContentTag::Other);
            let content = surface.start_tagged(tag);
            surface.set_fill(Some(fill(style.ink)));
            let face = if style.bold {
                &faces.bold
            } else {
                &faces.regular
            };
            set(surface, face, (*x, *y), *style, text);
            surface.end_tagged();
            tree.put(*place, content);
        }
        Mark::Rule {
            x,
            to,
            y,
            thickness,
            ink,
        } => {
            let mut path = PathBuilder::new();
            let bar = Rect::from_xywh(*x, *y - thickness / 2.0, to - x, *thickness);
            bar.into_iter().for_each(|bar| path.push_rect(bar));
            surface.start_tagged(artifact());
            surface.set_fill(Some(fill(*ink)));
            path.finish()
                .iter()
                .for_each(|path| surface.draw_path(path));
            surface.end_tagged();
        }
    }
}

fn artifact() -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(ArtifactType::Other))
}

fn fill(ink: Ink) -> Fill {
    let (red, green, blue) = match ink {
        Ink::Text => (24, 31, 29),
        Ink::Soft => (92, 101, 98),
        Ink::Rule => (203, 208, 205),
        Ink::Accent => (23, 110, 74),
    };
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }
}

/// Sets a text run by run from left to right.
fn set(surface: &mut Surface<'_>, face: &Face, at: (f32, f32), style: Style, text: &str) {
    let (mut x, y) = at;
    for run in runs(text) {
        let start = Point::from_xy(x, y);
        let font = face.font.clone();
        let part = match run {
            Run::Plain(part) => {
                surface.draw_glyphs(start, &glyphs(face, part), font, part, style.size, false);
                part
            }
            Run::Marked(part) => {
                let way = TextDirection::LeftToRight;
                surface.draw_text(start, font, style.size, part, false, way);
                part
            }
            Run::Backward(part) => {
                let way = TextDirection::RightToLeft;
                surface.draw_text(start, font, style.size, part, false, way);
                part
            }
        };
        x += face.width(part, style.size);
    }
}

fn glyphs(face: &Face, text: &str) -> Vec<KrillaGlyph> {
    let seen = text.char_indices();
    seen.filter_map(|(at, c)| {
        let (glyph, advance) = face.glyph(c)?;
        let range = at..at + c.len_utf8();
        Some(KrillaGlyph::new(
            GlyphId::new(glyph),
            advance,
            0.0,
            0.0,
            0.0,
            range,
            None,
        ))
    })
    .collect()
}

/// The structure while contents are put into it.
struct Tree<'a> {
    parts: &'a [Part],
    contents: Vec<Vec<Identifier>>,
}

impl<'a> Tree<'a> {
    fn new(parts: &'a [Part]) -> Self {
        let contents = parts.iter().map(|_| Vec::new()).collect();
        Self { parts, contents }
    }

    fn put(&mut self, place: Place, content: Identifier) {
        if let Some(contents) = place.and_then(|n| self.contents.get_mut(n)) {
            contents.push(content);
        }
    }

    /// Parents stand before their children, so the last part is always a leaf
    /// of what is left: fold from the end.
    fn finish(self) -> TagTree {
        let mut nested: Vec<Vec<Node>> = self.parts.iter().map(|_| Vec::new()).collect();
        let mut top = Vec::new();
        for (n, contents) in self.contents.into_iter().enumerate().rev() {
            let Some(part) = self.parts.get(n) else {
                continue;
            };
            let mut children: Vec<Node> = contents.into_iter().map(Node::from).collect();
            let parts = nested.get_mut(n).map(std::mem::take).unwrap_or_default();
            children.extend(parts.into_iter().rev());
            let group = Node::from(TagGroup::with_children(tag(part.kind), children));
            match part.within.and_then(|holder| nested.get_mut(holder)) {
                Some(siblings) => siblings.push(group),
                None => top.push(group),
            }
        }
        let mut tree = TagTree::new().with_lang(Some("en".into()));
        top.into_iter().rev().for_each(|group| tree.push(group));
        tree
    }
}

fn tag(kind: Kind) -> TagKind {
    match kind {
        Kind::Title => Tag::Hn(NonZeroU16::MIN, None).into(),
        Kind::Heading => Tag::Hn(NonZeroU16::MIN.saturating_add(1), None).into(),
        Kind::Paragraph => Tag::P.into(),
        Kind::Table => Tag::Table.into(),
        Kind::Row => Tag::TR.into(),
        Kind::ColumnHead => Tag::TH(TableHeaderScope::Column).into(),
        Kind::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Kind::Cell => Tag::TD.into(),
    }
}
