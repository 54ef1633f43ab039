//! A statement as PDF: sheets of a ledger, A4 with margins that Letter keeps.
//!
//! Set in DejaVu Sans Condensed from the `dejavu` crate (fonts under the
//! Bitstream Vera and Arev licences, changes in the public domain): its figures
//! are tabular, and it covers Latin, Greek, Cyrillic, Hebrew and Arabic. A
//! character it has not is shown as □ and keeps its code, so that copying and
//! searching find it. Fonts are subset; the file is tagged for reading aloud.

#![expect(
    clippy::disallowed_types,
    reason = "lengths on a sheet are fractions of a point; money comes here already spelled"
)]

mod front;
mod lines;
mod notes;
mod render;
mod sheet;
mod typeface;

use crate::domain::statement_document::StatementDocument;
use sheet::Sheets;
use typeface::Faces;

/// The statement as a PDF file; the same statement gives the same bytes.
///
/// # Errors
/// When the lines add up to more than an amount can hold, or the file cannot be
/// written.
pub fn statement(document: &StatementDocument) -> anyhow::Result<Vec<u8>> {
    let faces = Faces::get()?;
    let mut sheets = Sheets::new(faces);
    front::set(&mut sheets, document);
    lines::set(&mut sheets, document)?;
    notes::set(&mut sheets, document);
    notes::set_feet(&mut sheets, document);
    render::file(sheets, document)
}
