//! What the pages about credits for missed promises ask.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Rows, Sees, by_ids, customer_names, named, partner_names};
use crate::{
    Result,
    domain::{Period, sla::SlaCreditStatus},
    id::{CreditNoteId, CustomerId, InvoiceId, OfferingId, PartnerId, SlaCreditId, SubscriptionId},
    store::{
        Tx,
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        revenue::sla_credits::{SlaCredit, SlaCreditLine},
        schema::{
            credit_notes, invoices, offerings, sla_credit_lines, sla_credit_notes, sla_credits,
            subscriptions,
        },
    },
};

/// What narrows the register.
#[derive(Debug, Clone, Default)]
pub struct CreditFilter {
    /// Where it stands.
    pub status: Option<SlaCreditStatus>,
    /// The month in which something was missed.
    pub month: Option<Period>,
}

/// A credit and whose it is.
#[derive(Debug, Clone)]
pub struct CreditRow {
    /// It.
    pub credit: SlaCredit,
    /// The customer's name.
    pub customer: String,
    /// The partner's name.
    pub partner: String,
    /// The service's name.
    pub service: String,
    /// Whether it is credited to a partner that was billed in the customer's place.
    pub is_resold: bool,
}

fn asked<S: Sees>(tx: &Tx<'_, S>, filter: &CreditFilter) -> Rows<S, sla_credits::table> {
    let mut rows = S::sla_credits(tx);
    if let Some(status) = filter.status {
        rows = rows.filter(sla_credits::status.eq(status.code()));
    }
    if let Some(month) = filter.month {
        rows = rows.filter(sla_credits::month.eq(month.key()));
    }
    rows
}

/// A page of credits, the last made first.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &CreditFilter,
    from: Option<&Cursor>,
) -> Result<Page<CreditRow>> {
    let rows = newest_first!(asked(tx, filter), from, sla_credits::id);
    let rows = rows.limit(FETCH).select(SlaCredit::as_select());
    let rows: Vec<SlaCredit> = tx.load(rows)?;
    let rows = whose(tx, rows)?;
    let place = |row: &CreditRow| (String::new(), row.credit.id.number());
    Ok(Page::of(rows, from, PAGE, place))
}

/// Credits that can still be claimed on a day, the first to lapse first; at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn to_claim<S: Sees>(
    tx: &mut Tx<'_, S>,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<CreditRow>> {
    let rows = S::sla_credits(tx)
        .filter(sla_credits::status.eq(SlaCreditStatus::Unclaimed.code()))
        .filter(sla_credits::claim_until.ge(today))
        .order((sla_credits::claim_until, sla_credits::id))
        .limit(limit)
        .select(SlaCredit::as_select());
    let rows: Vec<SlaCredit> = tx.load(rows)?;
    whose(tx, rows)
}

/// How many credits there are.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(tx: &mut Tx<'_, S>, filter: &CreditFilter) -> Result<Count> {
    let ids = asked(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(sla_credits::id);
    let ids: Vec<SlaCreditId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// One credit.
///
/// # Errors
/// [`crate::Error::NotFound`]; faults of the database.
pub fn one<S: Sees>(tx: &mut Tx<'_, S>, id: SlaCreditId) -> Result<CreditRow> {
    let row = S::sla_credits(tx)
        .filter(sla_credits::id.eq(id))
        .select(SlaCredit::as_select());
    let row: SlaCredit = tx.one(row)?;
    let found = whose(tx, vec![row])?.pop();
    found.ok_or(crate::Error::NotFound)
}

/// The lines of a credit with the numbers of their invoices.
///
/// # Errors
/// Faults of the database.
pub fn lines<S: Sees>(tx: &mut Tx<'_, S>, of: SlaCreditId) -> Result<Vec<(SlaCreditLine, String)>> {
    let rows = S::sla_credit_lines(tx)
        .filter(sla_credit_lines::sla_credit_id.eq(of))
        .order((sla_credit_lines::invoice_id, sla_credit_lines::id))
        .select(SlaCreditLine::as_select());
    let rows: Vec<SlaCreditLine> = tx.load(rows)?;
    let on = rows.iter().map(|line| line.invoice_id);
    let numbers: Vec<(InvoiceId, String)> = by_ids!(tx, on, |some| S::invoices(tx)
        .filter(invoices::id.eq_any(some))
        .select((invoices::id, invoices::number)));
    let numbers: HashMap<_, _> = numbers.into_iter().collect();
    let with_number = |line: SlaCreditLine| {
        let number = named(&numbers, &line.invoice_id);
        (line, number)
    };
    Ok(rows.into_iter().map(with_number).collect())
}

/// The numbers of the credit notes that a credit became.
///
/// # Errors
/// Faults of the database.
pub fn note_numbers<S: Sees>(tx: &mut Tx<'_, S>, of: SlaCreditId) -> Result<Vec<String>> {
    let ids = S::sla_credit_notes(tx)
        .filter(sla_credit_notes::sla_credit_id.eq(of))
        .order(sla_credit_notes::id)
        .select(sla_credit_notes::credit_note_id);
    let ids: Vec<CreditNoteId> = tx.load(ids)?;
    let numbers: Vec<(CreditNoteId, String)> = by_ids!(tx, ids, |some| S::credit_notes(tx)
        .filter(credit_notes::id.eq_any(some))
        .select((credit_notes::id, credit_notes::number)));
    Ok(numbers.into_iter().map(|(_, number)| number).collect())
}

/// The months in which something was missed for a subscription, latest first.
///
/// # Errors
/// Faults of the database.
pub fn of_subscription<S: Sees>(tx: &mut Tx<'_, S>, of: SubscriptionId) -> Result<Vec<SlaCredit>> {
    let rows = S::sla_credits(tx)
        .filter(sla_credits::subscription_id.eq(of))
        .order((sla_credits::month.desc(), sla_credits::id))
        .select(SlaCredit::as_select());
    tx.load(rows)
}

fn whose<S: Sees>(tx: &mut Tx<'_, S>, credits: Vec<SlaCredit>) -> Result<Vec<CreditRow>> {
    let sold = credits.iter().map(|credit| credit.subscription_id);
    type Sold = (SubscriptionId, CustomerId, Option<PartnerId>);
    let sold: Vec<Sold> = by_ids!(tx, sold, |some| S::subscriptions(tx)
        .filter(subscriptions::id.eq_any(some))
        .select((
            subscriptions::id,
            subscriptions::customer_id,
            subscriptions::payer_id
        )));
    let sold: HashMap<_, _> = sold.into_iter().map(|one| (one.0, one)).collect();
    let customers = sold.values().map(|one| one.1);
    let customers = customer_names(tx, customers.collect::<BTreeSet<_>>())?;
    let of = credits.iter().map(|credit| credit.partner_id);
    let partners = partner_names(tx, of)?;
    let of = credits.iter().map(|credit| credit.offering_id);
    let services: Vec<(OfferingId, String)> = by_ids!(tx, of, |some| S::offerings(tx)
        .filter(offerings::id.eq_any(some))
        .select((offerings::id, offerings::name)));
    let services: HashMap<_, _> = services.into_iter().collect();
    let row = |credit: SlaCredit| {
        let known = sold.get(&credit.subscription_id);
        CreditRow {
            is_resold: known.is_none_or(|(_, _, payer)| payer.is_some()),
            // What is resold through a distributor is credited to that; whose it is, is its reseller's.
            customer: match known {
                Some((_, id, _)) => named(&customers, id),
                None => "A reseller’s customer".to_owned(),
            },
            partner: named(&partners, &credit.partner_id),
            service: named(&services, &credit.offering_id),
            credit,
        }
    };
    Ok(credits.into_iter().map(row).collect())
}
