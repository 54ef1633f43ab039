//! A statement as JSON.

use crate::domain::statement_document::StatementDocument;
use serde_json::Value;

/// The canonical fields, indented, and `sha256`: the hash of the canonical
/// text (sorted keys, no spaces, without `sha256` itself).
pub fn statement(document: &StatementDocument) -> Vec<u8> {
    let mut content = document.content();
    if let Value::Object(fields) = &mut content {
        fields.insert("sha256".into(), document.sha256_hex().into());
    }
    format!("{content:#}\n").into_bytes()
}
