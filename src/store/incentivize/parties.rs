//! Who earns on a subscription from which service period on.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    id::{PartnerId, SubscriptionId, SubscriptionPartyId},
    store::{PartnerScope, Tx, VendorScope, revenue::ASKED_AT_ONCE, schema::subscription_parties},
};

/// Somebody's share in what a subscription earns.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = subscription_parties, treat_none_as_default_value = false)]
pub struct Party {
    /// Which.
    pub id: SubscriptionPartyId,
    /// Whose.
    pub partner_id: PartnerId,
    /// In what.
    pub subscription_id: SubscriptionId,
    /// The first day of the first service period it holds for.
    pub effective_from: NaiveDate,
    /// The share, in basis points; nothing for one who shared before and does no longer.
    pub share_bps: i32,
    /// Customer and plan, as the partner is told them.
    pub about: String,
    /// When it was arranged, UTC.
    pub created_at: NaiveDateTime,
}

/// Everybody's shares in these subscriptions, the latest first, the seller's before the others'.
///
/// # Errors
/// Faults of the database.
pub fn of(
    tx: &mut Tx<'_, VendorScope>,
    subscriptions: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<Party>>> {
    let mut found: HashMap<SubscriptionId, Vec<Party>> = HashMap::new();
    for some in subscriptions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscription_parties::table)
            .filter(subscription_parties::subscription_id.eq_any(some.to_vec()))
            .order((
                subscription_parties::effective_from.desc(),
                subscription_parties::id,
            ))
            .select(Party::as_select());
        for party in tx.load::<Party, _>(rows)? {
            found.entry(party.subscription_id).or_default().push(party);
        }
    }
    Ok(found)
}

/// Those of the latest set that holds on a day, of one subscription's.
pub fn on(all: &[Party], day: NaiveDate) -> impl Iterator<Item = &Party> {
    let mut days = all.iter().map(|party| party.effective_from);
    let from = days.find(|from| *from <= day);
    all.iter()
        .filter(move |party| Some(party.effective_from) == from)
}

/// Writes a set, in place of one from the same day.
///
/// # Errors
/// Faults of the database.
pub fn arrange(tx: &mut Tx<'_, VendorScope>, set: Vec<Party>) -> Result<()> {
    if let Some(first) = set.first() {
        let same = tx
            .rows_of(subscription_parties::table)
            .filter(subscription_parties::subscription_id.eq(first.subscription_id))
            .filter(subscription_parties::effective_from.eq(first.effective_from));
        tx.delete(same)?;
    }
    tx.insert_all(subscription_parties::table, set)?;
    Ok(())
}

/// A partner's own shares, the newest first.
///
/// # Errors
/// Faults of the database.
pub fn own(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<Party>> {
    let rows = tx
        .rows(subscription_parties::table)
        .order(subscription_parties::id.desc())
        .select(Party::as_select());
    tx.load(rows)
}

/// Every one, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Party>> {
    let rows = tx
        .rows(subscription_parties::table)
        .order(subscription_parties::id)
        .select(Party::as_select());
    tx.load(rows)
}
