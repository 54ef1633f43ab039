//! Who earns on lines that not their partner of record alone earns on.
use std::collections::HashMap;

use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::commission::Part,
    id::{EarningPartId, InvoiceLineId, PartnerId},
    store::{Tx, VendorScope, columns::PartCode, schema::earning_parts},
};

/// What somebody gets of what a line earns, fixed when it was billed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = earning_parts, treat_none_as_default_value = false)]
pub struct EarningPart {
    /// Which.
    pub id: EarningPartId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which line.
    pub invoice_line_id: InvoiceLineId,
    /// Its turn when amounts are shared out.
    pub seq: i32,
    /// What it is.
    #[diesel(serialize_as = PartCode, deserialize_as = PartCode)]
    pub part: Part,
    /// Customer and plan, for a partner who does not see the customer; empty for the seller's.
    pub about: String,
}

/// Writes new ones.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<EarningPart>) -> Result<()> {
    tx.insert_all(earning_parts::table, new)?;
    Ok(())
}

/// Who earns on these lines, in turn.
///
/// # Errors
/// Faults of the database.
pub fn of_lines(
    tx: &mut Tx<'_, VendorScope>,
    lines: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, Vec<EarningPart>>> {
    let mut found: HashMap<InvoiceLineId, Vec<EarningPart>> = HashMap::new();
    for some in lines.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(earning_parts::table)
            .filter(earning_parts::invoice_line_id.eq_any(some.to_vec()))
            .order((earning_parts::invoice_line_id, earning_parts::seq))
            .select(EarningPart::as_select());
        for part in tx.load::<EarningPart, _>(rows)? {
            found.entry(part.invoice_line_id).or_default().push(part);
        }
    }
    Ok(found)
}

/// Every one, by line, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<InvoiceLineId, Vec<EarningPart>>> {
    let rows = tx
        .rows(earning_parts::table)
        .order((earning_parts::invoice_line_id, earning_parts::seq))
        .select(EarningPart::as_select());
    let mut found: HashMap<InvoiceLineId, Vec<EarningPart>> = HashMap::new();
    for part in tx.load::<EarningPart, _>(rows)? {
        found.entry(part.invoice_line_id).or_default().push(part);
    }
    Ok(found)
}
