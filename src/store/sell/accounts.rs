//! What customers and subscriptions come to: what recurs, what is open, what was billed and earned.
use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Money, SubscriptionStatus},
    error::Error,
    id::{CustomerId, InvoiceId, PartnerId, SubscriptionId},
    store::{
        Scope, Tx, Visible,
        names::stored,
        schema::{
            charge_segments, credit_notes, customer_credits, invoice_lines, invoices, prices,
            subscriptions,
        },
    },
};

/// What recurs at a customer.
#[derive(Debug, Clone, Default)]
pub struct Recurring {
    /// Subscriptions being served.
    pub live: usize,
    /// What they bring in a month before tax, one amount per currency.
    pub mrr: Vec<Money>,
}

fn totals(amounts: Vec<Money>) -> Result<Vec<Money>> {
    Money::totals(amounts).map_err(Error::fault)
}

type RecurringRow = (CustomerId, String, i64, Option<PartnerId>);

/// What recurs at each of some customers; those without a live subscription are left out.
///
/// # Errors
/// Faults of the database.
pub fn recurring<S: Scope>(
    tx: &mut Tx<'_, S>,
    of: &[CustomerId],
) -> Result<BTreeMap<CustomerId, Recurring>>
where
    subscriptions::table: Visible<S>,
{
    let rows = tx
        .rows(subscriptions::table)
        .filter(subscriptions::customer_id.eq_any(of.to_vec()))
        .filter(
            subscriptions::status.eq_any(SubscriptionStatus::LIVE.map(SubscriptionStatus::code)),
        )
        .select((
            subscriptions::customer_id,
            subscriptions::currency,
            subscriptions::mrr_minor,
            subscriptions::payer_id,
        ));
    let seen_by = tx.scope().partner_id();
    let mut amounts: BTreeMap<CustomerId, Vec<Money>> = BTreeMap::new();
    for (customer, currency, minor, payer) in tx.load::<RecurringRow, _>(rows)? {
        // What a distributor buys at is nobody's below it.
        let is_hidden = seen_by.is_some() && payer.is_some() && payer != seen_by;
        let minor = if is_hidden { 0 } else { minor };
        let mrr = Money::new(minor, stored(&currency)?);
        amounts.entry(customer).or_default().push(mrr);
    }
    let recurring = |(customer, amounts): (CustomerId, Vec<Money>)| {
        let live = amounts.len();
        Ok((
            customer,
            Recurring {
                live,
                mrr: totals(amounts)?,
            },
        ))
    };
    amounts.into_iter().map(recurring).collect()
}

/// What stands between a customer and the vendor: one amount per currency each.
#[derive(Debug, Clone, Default)]
pub struct Balance {
    /// What is open on invoices.
    pub due: Vec<Money>,
    /// Of that, what should have come in by now.
    pub overdue: Vec<Money>,
    /// What the customer has paid that no invoice has used yet.
    pub credit: Vec<Money>,
}

type OpenRow = (String, NaiveDate, i64, i64, i64);

/// What stands between a customer and the vendor on a day. What a partner is billed in its place is
/// not the customer's.
///
/// # Errors
/// Faults of the database.
pub fn balance<S: Scope>(
    tx: &mut Tx<'_, S>,
    customer: CustomerId,
    today: NaiveDate,
) -> Result<Balance>
where
    invoices::table: Visible<S>,
    customer_credits::table: Visible<S>,
{
    let open = tx
        .rows(invoices::table)
        .filter(invoices::customer_id.eq(customer))
        .filter(invoices::payer_id.is_null())
        .filter(invoices::status.eq_any(["open", "partially_paid"]))
        .select((
            invoices::currency,
            invoices::due_on,
            invoices::total_minor,
            invoices::paid_minor,
            invoices::reduced_minor,
        ));
    let (mut due, mut overdue) = (Vec::new(), Vec::new());
    for (currency, due_on, total, paid, reduced) in tx.load::<OpenRow, _>(open)? {
        let amount = Money::new(total - paid - reduced, stored(&currency)?);
        due.push(amount);
        overdue.extend((due_on < today).then_some(amount));
    }
    let credit = tx
        .rows(customer_credits::table)
        .filter(customer_credits::customer_id.eq(customer))
        .filter(customer_credits::payer_id.is_null())
        .filter(customer_credits::remaining_minor.gt(0))
        .select((
            customer_credits::currency,
            customer_credits::remaining_minor,
        ));
    let credit: Result<Vec<Money>> = tx
        .load::<(String, i64), _>(credit)?
        .into_iter()
        .map(|(currency, minor)| Ok(Money::new(minor, stored(&currency)?)))
        .collect();
    Ok(Balance {
        due: totals(due)?,
        overdue: totals(overdue)?,
        credit: totals(credit?)?,
    })
}

/// An invoice of a subscription.
#[derive(Debug, Clone)]
pub struct Billed {
    /// Which.
    pub id: InvoiceId,
    /// As printed on it.
    pub number: String,
    /// When it was issued, in the vendor's zone.
    pub issued_on: NaiveDate,
    /// When it should be paid.
    pub due_on: NaiveDate,
    /// The first day it is for, and the first day no longer.
    pub service: Option<(NaiveDate, NaiveDate)>,
    /// With tax.
    pub total: Money,
    /// Still to be paid.
    pub due: Money,
    /// open, partially_paid, paid or uncollectible.
    pub status: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoices)]
struct InvoiceRow {
    id: InvoiceId,
    number: String,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    currency: String,
    total_minor: i64,
    paid_minor: i64,
    reduced_minor: i64,
    status: String,
}

#[derive(Clone, Copy)]
struct Span {
    from: NaiveDate,
    to: NaiveDate,
}

type LineRow = (InvoiceId, NaiveDate, NaiveDate);

/// The days that invoices are for.
fn spans<S: Scope>(tx: &mut Tx<'_, S>, of: &[InvoiceId]) -> Result<BTreeMap<InvoiceId, Span>>
where
    invoice_lines::table: Visible<S>,
{
    let mut spans: BTreeMap<InvoiceId, Span> = BTreeMap::new();
    for chunk in of.chunks(500) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::invoice_id.eq_any(chunk.to_vec()))
            .select((
                invoice_lines::invoice_id,
                invoice_lines::service_from,
                invoice_lines::service_to,
            ));
        for (invoice, from, to) in tx.load::<LineRow, _>(rows)? {
            let span = spans.entry(invoice).or_insert(Span { from, to });
            span.from = span.from.min(from);
            span.to = span.to.max(to);
        }
    }
    Ok(spans)
}

/// Every invoice of a subscription, newest first.
///
/// # Errors
/// Faults of the database.
pub fn billed<S: Scope>(tx: &mut Tx<'_, S>, subscription: SubscriptionId) -> Result<Vec<Billed>>
where
    invoices::table: Visible<S>,
    invoice_lines::table: Visible<S>,
{
    let rows = tx
        .rows(invoices::table)
        .filter(invoices::subscription_id.eq(subscription))
        .order(invoices::id.desc())
        .select(InvoiceRow::as_select());
    let rows: Vec<InvoiceRow> = tx.load(rows)?;
    let ids: Vec<InvoiceId> = rows.iter().map(|row| row.id).collect();
    let spans = spans(tx, &ids)?;
    let billed = |row: InvoiceRow| {
        let currency = stored(&row.currency)?;
        Ok(Billed {
            service: spans.get(&row.id).map(|span| (span.from, span.to)),
            total: Money::new(row.total_minor, currency),
            due: Money::new(
                row.total_minor - row.paid_minor - row.reduced_minor,
                currency,
            ),
            id: row.id,
            number: row.number,
            issued_on: row.issued_on,
            due_on: row.due_on,
            status: row.status,
        })
    };
    rows.into_iter().map(billed).collect()
}

/// A credit note of a subscription.
#[derive(Debug, Clone)]
pub struct Credited {
    /// As printed on it.
    pub number: String,
    /// When it was issued, in the vendor's zone.
    pub issued_on: NaiveDate,
    /// With tax.
    pub total: Money,
    /// Of that, what was taken off open invoices.
    pub reduces_due: Money,
    /// Of that, what became the customer's credit.
    pub credit: Money,
    /// Why.
    pub reason: String,
}

type CreditedRow = (String, NaiveDate, String, i64, i64, i64, String);

/// Every credit note of a subscription, newest first.
///
/// # Errors
/// Faults of the database.
pub fn credited<S: Scope>(tx: &mut Tx<'_, S>, subscription: SubscriptionId) -> Result<Vec<Credited>>
where
    credit_notes::table: Visible<S>,
{
    let rows = tx
        .rows(credit_notes::table)
        .filter(credit_notes::subscription_id.eq(subscription))
        .order(credit_notes::id.desc())
        .select((
            credit_notes::number,
            credit_notes::issued_on,
            credit_notes::currency,
            credit_notes::total_minor,
            credit_notes::reduces_due_minor,
            credit_notes::customer_credit_minor,
            credit_notes::reason,
        ));
    let credited = |(number, issued_on, currency, total, reduces, credit, reason): CreditedRow| {
        let currency = stored(&currency)?;
        Ok(Credited {
            number,
            issued_on,
            total: Money::new(total, currency),
            reduces_due: Money::new(reduces, currency),
            credit: Money::new(credit, currency),
            reason,
        })
    };
    tx.load::<CreditedRow, _>(rows)?
        .into_iter()
        .map(credited)
        .collect()
}

/// A stretch of service that was charged.
#[derive(Debug, Clone)]
pub struct Stretch {
    /// What the price is for.
    pub label: String,
    /// The first day.
    pub from: NaiveDate,
    /// The first day no longer.
    pub to: NaiveDate,
    /// Units.
    pub quantity: i32,
    /// What was charged for it before tax, in minor units of the subscription's currency.
    pub amount_minor: i64,
    /// Of that, what was given back.
    pub credited_minor: i64,
    /// Its first instant, UTC, where it is measured by the second.
    pub from_at: Option<NaiveDateTime>,
}

type StretchRow = (
    crate::id::PriceId,
    NaiveDate,
    NaiveDate,
    i32,
    i64,
    i64,
    Option<NaiveDateTime>,
);

/// What was really charged for a subscription, stretch by stretch, newest first.
///
/// # Errors
/// Faults of the database.
pub fn stretches<S: Scope>(tx: &mut Tx<'_, S>, subscription: SubscriptionId) -> Result<Vec<Stretch>>
where
    charge_segments::table: Visible<S>,
    prices::table: Visible<S>,
{
    let rows = tx
        .rows(charge_segments::table)
        .filter(charge_segments::subscription_id.eq(subscription))
        .order((
            charge_segments::period_index.desc(),
            charge_segments::change_no.desc(),
            charge_segments::price_id,
        ))
        .select((
            charge_segments::price_id,
            charge_segments::service_from,
            charge_segments::service_to,
            charge_segments::quantity,
            charge_segments::amount_minor,
            charge_segments::credited_minor,
            charge_segments::from_at,
        ));
    let rows: Vec<StretchRow> = tx.load(rows)?;
    let mut ids: Vec<_> = rows.iter().map(|row| row.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let labels = tx
        .rows(prices::table)
        .filter(prices::id.eq_any(ids))
        .select((prices::id, prices::label));
    let labels: BTreeMap<crate::id::PriceId, String> = tx.load(labels)?.into_iter().collect();
    let stretch = |(price, from, to, quantity, amount_minor, credited_minor, from_at)| Stretch {
        label: labels.get(&price).cloned().unwrap_or_default(),
        from,
        to,
        quantity,
        amount_minor,
        credited_minor,
        from_at,
    };
    Ok(rows.into_iter().map(stretch).collect())
}
