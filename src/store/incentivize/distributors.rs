//! Which partner has which distributor above it from when.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    id::{DistributorLinkId, PartnerId},
    store::{Tx, VendorScope, revenue::ASKED_AT_ONCE, schema::distributor_links},
};

/// A partner's place below a distributor from a day on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = distributor_links, treat_none_as_default_value = false)]
pub struct Link {
    /// Which.
    pub id: DistributorLinkId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Below whom; nobody from then on, where none is named.
    pub distributor_id: Option<PartnerId>,
    /// Whether the share comes out of the partner's commission, or on top, of the revenue.
    pub carved_out: bool,
    /// The share, in basis points.
    pub rate_bps: i32,
    /// Service periods that start on this day or later are under it.
    pub effective_from: NaiveDate,
    /// When it was written, UTC.
    pub created_at: NaiveDateTime,
}

/// The links of these partners, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn of(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
) -> Result<HashMap<PartnerId, Vec<Link>>> {
    let mut found: HashMap<PartnerId, Vec<Link>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(distributor_links::table)
            .filter(distributor_links::partner_id.eq_any(some.to_vec()))
            .order(distributor_links::effective_from.desc())
            .select(Link::as_select());
        for link in tx.load::<Link, _>(rows)? {
            found.entry(link.partner_id).or_default().push(link);
        }
    }
    Ok(found)
}

/// The links that lead to a distributor on a day or will later, the newest first.
///
/// # Errors
/// Faults of the database.
pub fn below(
    tx: &mut Tx<'_, VendorScope>,
    distributor: PartnerId,
    day: NaiveDate,
) -> Result<Vec<Link>> {
    let ever = tx
        .rows(distributor_links::table)
        .filter(distributor_links::distributor_id.eq(distributor))
        .select(distributor_links::partner_id);
    let mut ever: Vec<PartnerId> = tx.load(ever)?;
    ever.sort_unstable();
    ever.dedup();
    let mut links = Vec::new();
    for all in of(tx, &ever)?.into_values() {
        let today = on(&all, day).map(|link| link.id);
        let stands = |link: &Link| Some(link.id) == today || link.effective_from > day;
        let leads_here = |link: &Link| link.distributor_id == Some(distributor);
        links.extend(
            all.into_iter()
                .filter(|link| stands(link) && leads_here(link)),
        );
    }
    links.sort_unstable_by_key(|link| std::cmp::Reverse(link.id));
    Ok(links)
}

/// The link that holds on a day, of one partner's.
pub fn on(all: &[Link], day: NaiveDate) -> Option<&Link> {
    let held = all.iter().filter(|link| link.effective_from <= day);
    held.max_by_key(|link| link.effective_from)
}

/// Writes a link, in place of one from the same day.
///
/// # Errors
/// Faults of the database.
pub fn place(tx: &mut Tx<'_, VendorScope>, link: Link) -> Result<()> {
    let same = tx
        .rows_of(distributor_links::table)
        .filter(distributor_links::partner_id.eq(link.partner_id))
        .filter(distributor_links::effective_from.eq(link.effective_from));
    tx.delete(same)?;
    tx.insert(distributor_links::table, link)
}
