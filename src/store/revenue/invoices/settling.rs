//! What becomes of invoices and their lines as money moves.
use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use super::{Invoice, InvoiceLine, InvoiceStatus};
use crate::{
    Result,
    id::InvoiceId,
    store::{
        Tx, VendorScope,
        schema::invoices,
        tx::{ByHand, to},
    },
};

/// Writes invoices' amounts, and the status they make.
///
/// # Errors
/// Faults of the database.
pub fn settle<'i>(
    tx: &mut Tx<'_, VendorScope>,
    invoices: impl IntoIterator<Item = &'i Invoice>,
) -> Result<()> {
    let rows: Vec<Settled> = invoices.into_iter().map(Settled::of).collect();
    tx.update_each(&SETTLE, &rows)
}

const SETTLE: ByHand = ByHand {
    sqlite: "WITH v AS MATERIALIZED (SELECT value ->> 'id' AS id, value ->> 'paid' AS paid,
            value ->> 'refunded' AS refunded, value ->> 'credited' AS credited,
            value ->> 'reduced' AS reduced, value ->> 'protected' AS protected,
            value ->> 'status' AS status FROM json_each(?2))
        UPDATE invoices SET paid_minor = v.paid, refunded_minor = v.refunded,
        credited_minor = v.credited, reduced_minor = v.reduced,
        protected_moved_minor = v.protected, status = v.status
        FROM v WHERE invoices.tenant_id = ?1 AND invoices.id = v.id",
    postgres: "UPDATE invoices SET paid_minor = v.paid, refunded_minor = v.refunded,
        credited_minor = v.credited, reduced_minor = v.reduced,
        protected_moved_minor = v.protected, status = v.status
        FROM json_to_recordset($2::json) AS v(id BIGINT, paid BIGINT, refunded BIGINT,
            credited BIGINT, reduced BIGINT, protected BIGINT, status TEXT)
        WHERE invoices.tenant_id = $1 AND invoices.id = v.id",
};

#[derive(Serialize)]
struct Settled {
    id: i64,
    paid: i64,
    refunded: i64,
    credited: i64,
    reduced: i64,
    protected: i64,
    status: &'static str,
}

impl Settled {
    fn of(invoice: &Invoice) -> Self {
        Self {
            id: invoice.id.number(),
            paid: invoice.paid_minor,
            refunded: invoice.refunded_minor,
            credited: invoice.credited_minor,
            reduced: invoice.reduced_minor,
            protected: invoice.protected_moved_minor,
            status: invoice.standing().code(),
        }
    }
}

/// Writes what lines have earned and what was credited of them.
///
/// # Errors
/// Faults of the database.
pub fn settle_lines<'l>(
    tx: &mut Tx<'_, VendorScope>,
    lines: impl IntoIterator<Item = &'l InvoiceLine>,
) -> Result<()> {
    let rows: Vec<SettledLine> = lines.into_iter().map(SettledLine::of).collect();
    tx.update_each(&SETTLE_LINES, &rows)
}

const SETTLE_LINES: ByHand = ByHand {
    sqlite: "WITH v AS MATERIALIZED (SELECT value ->> 'id' AS id,
            value ->> 'credited' AS credited, value ->> 'protected' AS protected,
            value ->> 'commission' AS commission FROM json_each(?2))
        UPDATE invoice_lines SET credited_net_minor = v.credited,
        protected_net_minor = v.protected, commission_minor = v.commission
        FROM v WHERE invoice_lines.tenant_id = ?1 AND invoice_lines.id = v.id",
    postgres: "UPDATE invoice_lines SET credited_net_minor = v.credited,
        protected_net_minor = v.protected, commission_minor = v.commission
        FROM json_to_recordset($2::json) AS v(id BIGINT, credited BIGINT, protected BIGINT,
            commission BIGINT)
        WHERE invoice_lines.tenant_id = $1 AND invoice_lines.id = v.id",
};

#[derive(Serialize)]
struct SettledLine {
    id: i64,
    credited: i64,
    protected: i64,
    commission: i64,
}

impl SettledLine {
    fn of(line: &InvoiceLine) -> Self {
        Self {
            id: line.id.number(),
            credited: line.credited_net_minor,
            protected: line.protected_net_minor,
            commission: line.commission_minor,
        }
    }
}

/// Writes an invoice off: what is due on it is no longer expected.
///
/// # Errors
/// Faults of the database.
pub fn write_off(
    tx: &mut Tx<'_, VendorScope>,
    id: InvoiceId,
    (on, reason): (NaiveDate, &str),
) -> Result<()> {
    let row = tx.rows_of(invoices::table).filter(invoices::id.eq(id));
    let written_off = (
        to(invoices::written_off_on, Some(on)),
        to(invoices::write_off_reason, reason.to_owned()),
        to(invoices::status, InvoiceStatus::Uncollectible.code()),
    );
    tx.update(row, written_off)?;
    Ok(())
}
