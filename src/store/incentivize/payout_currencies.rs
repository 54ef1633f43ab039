//! The currency each partner is paid in, from which day on.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{dsl::max, prelude::*};

use crate::{
    Result,
    domain::Currency,
    id::{PartnerId, PayoutCurrencyId},
    store::{
        PartnerScope, Tx, VendorScope,
        names::stored,
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, payout_currencies},
    },
};

/// A partner's payout currency from a day on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payout_currencies, treat_none_as_default_value = false)]
pub struct PaidIn {
    /// Which.
    pub id: PayoutCurrencyId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Its code; empty for paid as earned.
    pub currency: String,
    /// What is earned by payments of this day or later is paid in it.
    pub effective_from: NaiveDate,
    /// When it was written down, UTC.
    pub created_at: NaiveDateTime,
}

impl PaidIn {
    /// The currency; none for paid as earned.
    ///
    /// # Errors
    /// A fault, when what is stored is none.
    pub fn currency(&self) -> Result<Option<Currency>> {
        match self.currency.as_str() {
            "" => Ok(None),
            code => stored(code).map(Some),
        }
    }

    /// What it says, to read.
    pub fn words(&self) -> String {
        match self.currency.as_str() {
            "" => "Paid in the currency it is earned in".to_owned(),
            code => format!("Paid in {code}"),
        }
    }
}

/// What these partners were and are paid in, the latest first; none for one that is paid as earned
/// and always was.
///
/// # Errors
/// Faults of the database.
pub fn of(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
) -> Result<HashMap<PartnerId, Vec<PaidIn>>> {
    let mut found: HashMap<PartnerId, Vec<PaidIn>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(payout_currencies::table)
            .filter(payout_currencies::partner_id.eq_any(some.to_vec()))
            .order(payout_currencies::effective_from.desc())
            .select(PaidIn::as_select());
        for one in tx.load::<PaidIn, _>(rows)? {
            found.entry(one.partner_id).or_default().push(one);
        }
    }
    Ok(found)
}

/// The partners that are, were or will be paid in a currency of their own.
///
/// # Errors
/// Faults of the database.
pub fn partners(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<PartnerId>> {
    let rows = tx
        .rows_of(payout_currencies::table)
        .group_by(payout_currencies::partner_id)
        .select(payout_currencies::partner_id);
    tx.load(rows)
}

/// What the partner itself was and is paid in, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn own(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<PaidIn>> {
    let rows = tx
        .rows(payout_currencies::table)
        .order(payout_currencies::effective_from.desc())
        .select(PaidIn::as_select());
    tx.load(rows)
}

/// What holds on a day, of one partner's.
pub fn on(all: &[PaidIn], day: NaiveDate) -> Option<&PaidIn> {
    let held = all.iter().filter(|one| one.effective_from <= day);
    held.max_by_key(|one| one.effective_from)
}

/// The day of the latest payment, refund or credit that a partner has an entry of.
///
/// # Errors
/// Faults of the database.
pub fn last_entry_on(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
) -> Result<Option<NaiveDate>> {
    let row = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::partner_id.eq(partner))
        .select(max(commission_entries::paid_on));
    tx.one(row)
}

/// Writes it down, in place of what was set from the same day.
///
/// # Errors
/// Faults of the database.
pub fn place(tx: &mut Tx<'_, VendorScope>, new: PaidIn) -> Result<()> {
    let same = tx
        .rows_of(payout_currencies::table)
        .filter(payout_currencies::partner_id.eq(new.partner_id))
        .filter(payout_currencies::effective_from.eq(new.effective_from));
    tx.delete(same)?;
    tx.insert(payout_currencies::table, new)
}
