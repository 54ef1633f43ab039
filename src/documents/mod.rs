//! The files a statement is handed out as, and its summary for the mail.
//!
//! Each is a pure function of the stored
//! [`StatementDocument`](crate::domain::statement_document::StatementDocument):
//! the same content gives the same bytes, today and in ten years.

pub mod csv;
pub mod json;
mod mail;
pub mod pdf;
pub mod transfer;

#[cfg(test)]
mod tests;

pub use mail::{MailSummary, SummaryRow, mail_summary};
