//! What a partner bought to sell on, line by line.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Money, resale::left_of},
    id::InvoiceId,
    store::{
        PartnerScope, Tx,
        names::stored,
        registers::by_ids,
        schema::{invoice_lines, invoices},
    },
};

/// A line that was billed to a partner in its customer's place, less what was credited of it.
#[derive(Debug, Clone)]
pub struct Resold {
    /// The day it was billed on.
    pub issued_on: NaiveDate,
    /// What the list asks for it.
    pub list: Money,
    /// What was charged, before tax.
    pub net: Money,
    /// What it is sold on for, where that is known.
    pub sold: Option<Money>,
}

type LineRow = (InvoiceId, i64, i64, i64, Option<i64>, i64);

/// What was billed to the partner in its customers' place since a day, oldest first.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub fn resold(tx: &mut Tx<'_, PartnerScope>, since: NaiveDate) -> Result<Vec<Resold>> {
    let bills = tx
        .rows(invoices::table)
        .filter(invoices::payer_id.is_not_null())
        .filter(invoices::issued_on.ge(since))
        .order(invoices::id)
        .select((invoices::id, invoices::issued_on, invoices::currency));
    let bills: Vec<(InvoiceId, NaiveDate, String)> = tx.load(bills)?;
    let mut known: HashMap<InvoiceId, (NaiveDate, Currency)> = HashMap::new();
    for (id, on, code) in bills {
        known.insert(id, (on, stored(&code)?));
    }
    let lines: Vec<LineRow> = by_ids!(tx, known.keys().copied(), |some| tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::invoice_id.eq_any(some))
        .order((invoice_lines::invoice_id, invoice_lines::line_no))
        .select((
            invoice_lines::invoice_id,
            invoice_lines::net_minor,
            invoice_lines::discount_minor,
            invoice_lines::resale_minor,
            invoice_lines::resold_minor,
            invoice_lines::credited_net_minor,
        )));
    let mut found = Vec::new();
    for (invoice, net, off, resale, resold, credited) in lines {
        // Of what is taken back, the resale discount alone is noted: below zero, as its net is.
        let off = if resale < 0 { resale } else { off };
        let Some((issued_on, currency)) = known.get(&invoice).copied() else {
            continue;
        };
        let left = |minor| Ok(Money::new(left_of(minor, (net, credited))?, currency));
        let sold: Result<Option<Money>> = resold.map(left).transpose();
        let list: Result<Money> = left(net + off);
        found.push(Resold {
            issued_on,
            list: list?,
            net: Money::new(net - credited, currency),
            sold: sold?,
        });
    }
    Ok(found)
}
