//! Statements: their register, and one of them as page, PDF, CSV and JSON.
mod register;
mod sheet;

pub use register::{Asked, file, index};
pub use sheet::{sending, show, show_with};

use chrono::NaiveDate;

use super::{Desk, id};
use crate::{
    Error, Result, documents,
    domain::date_words,
    id::StatementId,
    store::{
        Store,
        registers::{
            Sees,
            statements::{self, StatementDetail, StatementRow},
        },
    },
    web::{Answer, page::download},
};

/// A statement's payout in a word: the pill's kind, and what it says.
fn payout_pill(row: &StatementRow, today: NaiveDate) -> (&'static str, String) {
    match &row.payment {
        None => ("plain", row.reason.label().to_owned()),
        Some(payment) => match payment.paid_on {
            Some(day) => ("good", format!("Paid {}", date_words(day))),
            None if payment.is_overdue(today) => (
                "bad",
                format!("Overdue since {}", date_words(payment.due_on)),
            ),
            None => ("info", format!("Due {}", date_words(payment.due_on))),
        },
    }
}

/// As what a statement is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Sheets to print.
    Pdf,
    /// One row per line.
    Csv,
    /// The canonical fields and their hash.
    Json,
}

/// One statement as a file: a function of what was stored when its month closed.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`]; faults.
pub async fn document<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    format: Format,
) -> Answer {
    let detail = find(store, &desk, statement).await?;
    let (name, media) = match format {
        Format::Pdf => ("pdf", "application/pdf"),
        Format::Csv => ("csv", "text/csv; charset=utf-8"),
        Format::Json => ("json", "application/json"),
    };
    let name = format!("{}.{name}", detail.document.number);
    // Setting sheets takes a while; the request's thread has others to serve.
    let content = tokio::task::spawn_blocking(move || match format {
        Format::Pdf => documents::pdf::statement(&detail.document),
        Format::Csv => documents::csv::statement(&detail.document),
        Format::Json => Ok(documents::json::statement(&detail.document)),
    });
    Ok(download(
        &name,
        media,
        content.await.map_err(Error::fault)??,
    ))
}

async fn find<S: Sees>(store: &Store, desk: &Desk<S>, statement: &str) -> Result<StatementDetail> {
    let statement: StatementId = id(statement)?;
    desk.read(store, move |tx, _| statements::statement(tx, statement))
        .await
}
