//! How each partner's commission is taxed, from which day on.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{PartnerTax, Rate, TaxTreatment},
    id::{PartnerId, TaxTermsId},
    store::{
        PartnerScope, Tx, VendorScope, columns::Coded, names::stored, revenue::ASKED_AT_ONCE,
        schema::tax_terms,
    },
};

/// A partner's terms from a day on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = tax_terms, treat_none_as_default_value = false)]
pub struct Taxed {
    /// Which.
    pub id: TaxTermsId,
    /// Whose.
    pub partner_id: PartnerId,
    /// What becomes of VAT.
    #[diesel(serialize_as = Coded<TaxTreatment>, deserialize_as = Coded<TaxTreatment>)]
    pub treatment: TaxTreatment,
    /// VAT in basis points.
    pub rate_bps: i32,
    /// What is withheld, in basis points.
    pub withheld_bps: i32,
    /// The partner's number for VAT; empty where it has none.
    pub vat_id: String,
    /// The last day of the agreement on self-billing.
    pub agreed_until: Option<NaiveDate>,
    /// Months that end on this day or later are settled by them.
    pub effective_from: NaiveDate,
    /// When they were written, UTC.
    pub created_at: NaiveDateTime,
}

impl Taxed {
    /// The terms as a rule.
    ///
    /// # Errors
    /// A fault, when what is stored is none.
    pub fn terms(&self) -> Result<PartnerTax> {
        Ok(PartnerTax {
            treatment: self.treatment,
            rate: Rate::from_bps(self.rate_bps).map_err(crate::Error::fault)?,
            withheld: Rate::from_bps(self.withheld_bps).map_err(crate::Error::fault)?,
            vat_id: match self.vat_id.as_str() {
                "" => None,
                id => Some(stored(id)?),
            },
            agreed_until: self.agreed_until,
        })
    }
}

/// The terms of these partners, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn of(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
) -> Result<HashMap<PartnerId, Vec<Taxed>>> {
    let mut found: HashMap<PartnerId, Vec<Taxed>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(tax_terms::table)
            .filter(tax_terms::partner_id.eq_any(some.to_vec()))
            .order(tax_terms::effective_from.desc())
            .select(Taxed::as_select());
        for one in tx.load::<Taxed, _>(rows)? {
            found.entry(one.partner_id).or_default().push(one);
        }
    }
    Ok(found)
}

/// A partner's own terms, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn own(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<Taxed>> {
    let rows = tx
        .rows(tax_terms::table)
        .order(tax_terms::effective_from.desc())
        .select(Taxed::as_select());
    tx.load(rows)
}

/// Whether any partner is, was or will be billed in its name.
///
/// # Errors
/// Faults of the database.
pub fn any_self_billed(tx: &mut Tx<'_, VendorScope>) -> Result<bool> {
    let row = tx
        .rows(tax_terms::table)
        .filter(tax_terms::treatment.eq(TaxTreatment::SelfBilled.code()))
        .limit(1)
        .select(tax_terms::id);
    Ok(tx.first::<TaxTermsId, _>(row)?.is_some())
}

/// The terms that hold on a day, of one partner's.
pub fn on(all: &[Taxed], day: NaiveDate) -> Option<&Taxed> {
    let held = all.iter().filter(|one| one.effective_from <= day);
    held.max_by_key(|one| one.effective_from)
}

/// Writes terms, in place of those from the same day.
///
/// # Errors
/// Faults of the database.
pub fn place(tx: &mut Tx<'_, VendorScope>, new: Taxed) -> Result<()> {
    let same = tx
        .rows_of(tax_terms::table)
        .filter(tax_terms::partner_id.eq(new.partner_id))
        .filter(tax_terms::effective_from.eq(new.effective_from));
    tx.delete(same)?;
    tx.insert(tax_terms::table, new)
}
