//! The partners of the programme, as the lifecycle board needs them.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::PartnerStatus,
    id::PartnerId,
    store::{Tx, VendorScope, schema::partners},
};

/// A partner in the programme: which, its name, and since when it is on record, UTC.
pub type Member = (PartnerId, String, NaiveDateTime);

/// Every partner in the programme, by name.
///
/// # Errors
/// Faults of the database.
pub fn members(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Member>> {
    let rows = tx
        .rows(partners::table)
        .filter(partners::status.eq(PartnerStatus::Active.code()))
        .order((partners::name_key, partners::id))
        .select((partners::id, partners::name, partners::created_at));
    tx.load(rows)
}
