//! What partners buy at when they resell, and how invoices to them are taxed, from day to day.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::taxes::CountryRate;
use crate::{
    Error, Result,
    domain::{Rate, TaxCategory, TaxTerms, resale::BuysAt},
    id::{PartnerId, ResaleTermsId},
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::Coded,
        revenue::ASKED_AT_ONCE,
        schema::{partners, resale_terms},
    },
};

/// A partner's terms from a day on.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = resale_terms, treat_none_as_default_value = false)]
pub struct Resells {
    /// Which.
    pub id: ResaleTermsId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Off the list for it, in basis points; zero where it does not resell.
    pub reseller_bps: i32,
    /// Off the list for its distributor, in basis points, where it may buy from one.
    pub distributor_bps: Option<i32>,
    /// By which rule invoices to it are taxed.
    #[diesel(serialize_as = Coded<TaxCategory>, deserialize_as = Coded<TaxCategory>)]
    pub tax_category: TaxCategory,
    /// Its own rate, in basis points: also where its country has none.
    pub tax_bps: i32,
    /// Its VAT id; empty for none.
    pub vat_id: String,
    /// Sales whose first day is this or later are under them.
    pub effective_from: NaiveDate,
    /// When they were written, UTC.
    pub created_at: NaiveDateTime,
}

impl Resells {
    /// What it buys at.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn buys_at(&self) -> Result<BuysAt> {
        let distributor = self.distributor_bps.map(Rate::from_bps).transpose();
        Ok(BuysAt {
            reseller: Rate::from_bps(self.reseller_bps).map_err(Error::fault)?,
            distributor: distributor.map_err(Error::fault)?,
        })
    }

    /// What its own people are told: "You buy at 20 % off the list"; nothing of its distributor.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn own_words(&self) -> Result<String> {
        let at = self.buys_at()?.reseller;
        Ok(match at.bps() {
            0 => "Nothing at a discount of your own".to_owned(),
            _ => format!("You buy at {at} off the list"),
        })
    }

    /// In a few words: "Buys at 20 % off the list, its distributor at 30 %".
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn words(&self) -> Result<String> {
        let at = self.buys_at()?;
        Ok(match (at.reseller.bps(), at.distributor) {
            (0, _) => "Does not resell".to_owned(),
            (_, None) => format!("Buys at {} off the list", at.reseller),
            (_, Some(above)) => format!(
                "Buys at {} off the list, its distributor at {above}",
                at.reseller
            ),
        })
    }
}

/// The terms of these partners, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn of<S: Scope>(
    tx: &mut Tx<'_, S>,
    partners: &[PartnerId],
) -> Result<HashMap<PartnerId, Vec<Resells>>>
where
    resale_terms::table: Visible<S>,
{
    let mut found: HashMap<PartnerId, Vec<Resells>> = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(resale_terms::table)
            .filter(resale_terms::partner_id.eq_any(some.to_vec()))
            .order(resale_terms::effective_from.desc())
            .select(Resells::as_select());
        for one in tx.load::<Resells, _>(rows)? {
            found.entry(one.partner_id).or_default().push(one);
        }
    }
    Ok(found)
}

/// The terms that hold on a day, of one partner's.
pub fn on(all: &[Resells], day: NaiveDate) -> Option<&Resells> {
    let held = all.iter().filter(|one| one.effective_from <= day);
    held.max_by_key(|one| one.effective_from)
}

/// Writes terms, in place of those from the same day.
///
/// # Errors
/// Faults of the database.
pub fn place(tx: &mut Tx<'_, VendorScope>, new: Resells) -> Result<()> {
    let same = tx
        .rows_of(resale_terms::table)
        .filter(resale_terms::partner_id.eq(new.partner_id))
        .filter(resale_terms::effective_from.eq(new.effective_from));
    tx.delete(same)?;
    tx.insert(resale_terms::table, new)
}

/// A partner as it is billed.
#[derive(Debug, Clone)]
pub struct Payer {
    /// Its name on documents.
    pub name: String,
    /// Where it is: two letters.
    pub country: String,
    /// Its terms, the latest first.
    pub terms: Vec<Resells>,
}

impl Payer {
    /// The terms it is taxed by on a day: those that hold, or the first.
    fn terms_on(&self, day: NaiveDate) -> Result<&Resells> {
        let held = on(&self.terms, day).or(self.terms.last());
        held.ok_or_else(|| Error::fault("a partner that is billed has no terms"))
    }

    /// Its VAT id on a day; empty for none.
    ///
    /// # Errors
    /// A fault, where it has no terms.
    pub fn vat_id_on(&self, day: NaiveDate) -> Result<&str> {
        Ok(&self.terms_on(day)?.vat_id)
    }

    /// What the tax on an invoice of a day rests on, with the rates of countries.
    ///
    /// # Errors
    /// A fault, where it has no terms.
    pub fn tax_on(&self, day: NaiveDate, rates: &[CountryRate]) -> Result<TaxTerms> {
        let held = self.terms_on(day)?;
        let rates = rates.iter().filter(|rate| rate.country == self.country);
        Ok(TaxTerms {
            category: held.tax_category,
            own: Rate::from_bps(held.tax_bps).map_err(Error::fault)?,
            vat_id: held.vat_id.clone(),
            rates: rates.map(|one| one.rate.clone()).collect(),
        })
    }
}

/// These partners, as they are billed.
///
/// # Errors
/// Faults of the database.
pub fn payers<S: Scope>(tx: &mut Tx<'_, S>, ids: &[PartnerId]) -> Result<HashMap<PartnerId, Payer>>
where
    resale_terms::table: Visible<S>,
    partners::table: Visible<S>,
{
    let mut found = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut terms = of(tx, ids)?;
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(partners::table)
            .filter(partners::id.eq_any(some.to_vec()))
            .select((
                partners::id,
                partners::name,
                partners::legal_name,
                partners::country,
            ));
        for (id, name, legal_name, country) in
            tx.load::<(PartnerId, String, String, String), _>(rows)?
        {
            let payer = Payer {
                name: if legal_name.is_empty() {
                    name
                } else {
                    legal_name
                },
                country,
                terms: terms.remove(&id).unwrap_or_default(),
            };
            found.insert(id, payer);
        }
    }
    Ok(found)
}
