//! What a partner bought to sell on, line by line.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Money, resale::left_of},
    id::{InvoiceId, PartnerId},
    store::{
        PartnerScope, Tx,
        names::stored,
        registers::{Sees, by_ids},
        schema::{customer_credits, invoice_lines, invoices},
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

/// What a partner has in credit that was billed in its customers' place, by currency: its next
/// invoices for the same customers use it.
///
/// # Errors
/// Faults of the database.
pub fn in_credit<S: Sees>(tx: &mut Tx<'_, S>, payer: PartnerId) -> Result<Vec<Money>> {
    let rows = S::credits(tx)
        .filter(customer_credits::payer_id.eq(payer))
        .filter(customer_credits::remaining_minor.gt(0))
        .select((
            customer_credits::currency,
            customer_credits::remaining_minor,
        ));
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (code, minor) in tx.load::<(String, i64), _>(rows)? {
        *sums.entry(code).or_default() += minor;
    }
    let money = |(code, minor): (String, i64)| Ok(Money::new(minor, stored(&code)?));
    sums.into_iter().map(money).collect()
}

/// As [`in_credit`], of the partner that asks.
///
/// # Errors
/// Faults of the database.
pub fn own_credit(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<Money>> {
    let own = tx.scope().partner();
    in_credit(tx, own)
}
