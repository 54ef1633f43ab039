//! What the pages about registered deals ask.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{Rows, Sees, by_ids, named, partner_names, whose};
use crate::{
    Result,
    domain::{DealStatus, deal::CustomerMark},
    id::{DealRegistrationId, OfferingId, SubscriptionId},
    store::{
        Tx,
        names::{anywhere, typed},
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, newest_first},
        schema::{deal_registrations, offerings, partners},
        sell::deals::DealRegistration,
    },
};

/// What narrows the register.
#[derive(Debug, Clone, Default)]
pub struct DealFilter {
    /// How far it has come.
    pub status: Option<DealStatus>,
    /// Part of the customer's name; empty for any.
    pub customer: String,
    /// Part of the partner's name; empty for any.
    pub partner: String,
}

/// A registration and whose it is.
#[derive(Debug, Clone)]
pub struct DealRow {
    /// It.
    pub deal: DealRegistration,
    /// The partner's name.
    pub partner: String,
    /// The offering's name.
    pub offering: String,
}

fn asked<S: Sees>(tx: &Tx<'_, S>, filter: &DealFilter) -> Rows<S, deal_registrations::table> {
    let mut rows = S::deal_registrations(tx);
    if let Some(status) = filter.status {
        rows = rows.filter(deal_registrations::status.eq(status.code()));
    }
    if let Some(search) = typed(&filter.customer) {
        let named = deal_registrations::name_key.like(anywhere(search));
        rows = rows.filter(named.escape('\\'));
    }
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(deal_registrations, partner, search));
    }
    rows
}

/// A page of registrations, the newest first.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &DealFilter,
    from: Option<&Cursor>,
) -> Result<Page<DealRow>> {
    let rows = newest_first!(asked(tx, filter), from, deal_registrations::id);
    let rows = rows.limit(FETCH).select(DealRegistration::as_select());
    let rows: Vec<DealRegistration> = tx.load(rows)?;
    let rows = dressed(tx, rows)?;
    let place = |row: &DealRow| (String::new(), row.deal.id.number());
    Ok(Page::of(rows, from, PAGE, place))
}

/// How many registrations there are.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(tx: &mut Tx<'_, S>, filter: &DealFilter) -> Result<Count> {
    let ids = asked(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(deal_registrations::id);
    let ids: Vec<DealRegistrationId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// One registration.
///
/// # Errors
/// [`crate::Error::NotFound`]; faults of the database.
pub fn one<S: Sees>(tx: &mut Tx<'_, S>, id: DealRegistrationId) -> Result<DealRow> {
    let row = S::deal_registrations(tx)
        .filter(deal_registrations::id.eq(id))
        .select(DealRegistration::as_select());
    let row: DealRegistration = tx.one(row)?;
    let found = dressed(tx, vec![row])?.pop();
    found.ok_or(crate::Error::NotFound)
}

/// The registration that a subscription was sold from, if it was.
///
/// # Errors
/// Faults of the database.
pub fn of_subscription<S: Sees>(
    tx: &mut Tx<'_, S>,
    of: SubscriptionId,
) -> Result<Option<DealRegistration>> {
    let row = S::deal_registrations(tx)
        .filter(deal_registrations::subscription_id.eq(of))
        .select(DealRegistration::as_select());
    tx.first(row)
}

/// Registrations about a customer that still claim it on a day, other than one, oldest first. A
/// partner is told of its own alone.
///
/// # Errors
/// Faults of the database.
pub fn alike<S: Sees>(
    tx: &mut Tx<'_, S>,
    (mark, but): (&CustomerMark, Option<DealRegistrationId>),
    today: NaiveDate,
) -> Result<Vec<DealRow>> {
    let live = DealStatus::LIVE.map(DealStatus::code);
    let rows = S::deal_registrations(tx)
        .filter(deal_registrations::status.eq_any(live))
        .filter(
            deal_registrations::name_mark
                .eq(mark.name.clone())
                .or(deal_registrations::web_mark
                    .ne("")
                    .and(deal_registrations::web_mark.eq(mark.web.clone())))
                .or(deal_registrations::vat_id
                    .ne("")
                    .and(deal_registrations::vat_id.eq(mark.vat_id.clone()))),
        )
        .order(deal_registrations::id)
        .select(DealRegistration::as_select());
    let mut rows: Vec<DealRegistration> = tx.load(rows)?;
    rows.retain(|row| {
        Some(row.id) != but && row.is_live(today) && row.mark().alike(mark).is_some()
    });
    dressed(tx, rows)
}

/// Approved registrations whose protection ends by a day, the first to end first; at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn ending<S: Sees>(
    tx: &mut Tx<'_, S>,
    (today, by): (NaiveDate, NaiveDate),
    limit: i64,
) -> Result<Vec<DealRegistration>> {
    let rows = S::deal_registrations(tx)
        .filter(deal_registrations::status.eq(DealStatus::Approved.code()))
        .filter(deal_registrations::protected_until.ge(today))
        .filter(deal_registrations::protected_until.le(by))
        .order((deal_registrations::protected_until, deal_registrations::id))
        .limit(limit)
        .select(DealRegistration::as_select());
    tx.load(rows)
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, deals: Vec<DealRegistration>) -> Result<Vec<DealRow>> {
    let partners = partner_names(tx, deals.iter().map(|deal| deal.partner_id))?;
    let of = deals.iter().map(|deal| deal.offering_id);
    let names: Vec<(OfferingId, String)> = by_ids!(tx, of, |some| S::offerings(tx)
        .filter(offerings::id.eq_any(some))
        .select((offerings::id, offerings::name)));
    let names: HashMap<_, _> = names.into_iter().collect();
    let row = |deal: DealRegistration| DealRow {
        partner: named(&partners, &deal.partner_id),
        offering: named(&names, &deal.offering_id),
        deal,
    };
    Ok(deals.into_iter().map(row).collect())
}

/// The offerings that can be registered for: those on sale, by name.
///
/// # Errors
/// Faults of the database.
pub fn offered<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Vec<(OfferingId, String)>> {
    let rows = S::offerings(tx)
        .filter(offerings::status.eq("published"))
        .order((offerings::name_key, offerings::id))
        .select((offerings::id, offerings::name));
    tx.load(rows)
}
