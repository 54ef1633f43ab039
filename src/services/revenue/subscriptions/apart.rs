//! What is given back apart from what is charged anew, because their taxes differ.
use std::collections::{BTreeSet, HashMap};

use crate::{
    Result,
    domain::Tax,
    id::{ChargeSegmentId, InvoiceId, InvoiceLineId},
    store::{
        Tx, VendorScope,
        revenue::{
            invoices::{self, InvoiceLine},
            segments::Segment,
        },
    },
};

/// Of some segments, those that were charged at another tax than an invoice of today has: at
/// another rate, or with other words on why there is none. Tax goes back as it came, and an invoice
/// has one, so that what is given back of these takes a credit note.
pub(super) fn taxed_otherwise(
    tx: &mut Tx<'_, VendorScope>,
    (all, lines): (&[Segment], &HashMap<InvoiceLineId, InvoiceLine>),
    some: &[&Segment],
    today: &Tax,
) -> Result<BTreeSet<ChargeSegmentId>> {
    let known: HashMap<ChargeSegmentId, &Segment> = all.iter().map(|one| (one.id, one)).collect();
    let mut charged: Vec<(ChargeSegmentId, InvoiceId)> = Vec::new();
    for segment in some {
        let mut at = Some(segment.id);
        while let Some(one) = at.and_then(|id| known.get(&id)) {
            let line = one.invoice_line_id.and_then(|id| lines.get(&id));
            charged.extend(line.map(|line| (segment.id, line.invoice_id)));
            at = one.replaces_id;
        }
    }
    let on: BTreeSet<InvoiceId> = charged.iter().map(|(_, invoice)| *invoice).collect();
    let on = invoices::of_ids(tx, &Vec::from_iter(on))?;
    let differs = |invoice: &InvoiceId| {
        let invoice = on.get(invoice);
        invoice.is_some_and(|one| (one.tax_bps, &one.tax_note) != (today.rate.bps(), &today.note))
    };
    let apart = charged.into_iter().filter(|(_, invoice)| differs(invoice));
    Ok(apart.map(|(segment, _)| segment).collect())
}
