//! What partners buy at when they resell, set by the vendor from a day on.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, Permission, Rate, TaxCategory, VatId, audit::diff, date_words, near, resale::BuysAt,
    },
    id::PartnerId,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        platform::Event,
        recruit::partners,
        sell::resale::{self, Resells},
    },
};

/// Terms of a partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTerms {
    /// What it buys at.
    pub buys_at: BuysAt,
    /// By which rule invoices to it are taxed.
    pub tax_category: TaxCategory,
    /// Its own rate: also where its country has none.
    pub tax: Rate,
    /// Its VAT id; empty for none.
    pub vat_id: VatId,
}

/// Sets what a partner buys at in sales whose first day is a day (in the vendor's zone) or later,
/// and how invoices to it are taxed from then on; terms from that very day are replaced. What was
/// sold keeps its discounts.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the partner; [`Error::Invalid`] on `reseller`,
/// `distributor`, `vat_id` or `from`; faults of the database.
pub fn place(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    new: &NewTerms,
    from: NaiveDate,
) -> Result<()> {
    tx.allow(Permission::ManagePartners)?;
    let name = partners::partner(tx, partner)?.name;
    let mut problems = new.buys_at.problems();
    if new.tax_category == TaxCategory::ReverseCharge && new.vat_id.as_str().is_empty() {
        problems.add("vat_id", "Reverse charge needs the partner's VAT id.");
    }
    problems.check("from", near::within_reach(from, vendor::today(tx)?));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let known = resale::of(tx, &[partner])?;
    let known = known.get(&partner).map_or(&[][..], Vec::as_slice);
    let before = resale::on(known, from).map(words).transpose()?;
    let row = Resells {
        id: tx.fresh_id(),
        partner_id: partner,
        reseller_bps: new.buys_at.reseller.bps(),
        distributor_bps: new.buys_at.distributor.map(Rate::bps),
        tax_category: new.tax_category,
        tax_bps: new.tax.bps(),
        vat_id: new.vat_id.as_str().to_owned(),
        effective_from: from,
        created_at: tx.now(),
    };
    let after = words(&row)?;
    resale::place(tx, row)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerResaleSet,
            subject: partner.number(),
            // Its people see what they buy at, not what a distributor does.
            partner: None,
            summary: format!("{name}, resale from {}: {after}", date_words(from)),
            changes: &diff(&[("resale", before.unwrap_or_default(), after)]),
        },
    )
}

/// What terms say, to read: "Buys at 20 % off the list; taxed: Reverse charge, VAT id ATU61204830".
///
/// # Errors
/// A stored number out of range.
pub fn words(terms: &Resells) -> Result<String> {
    Ok(format!("{}; {}", terms.words()?, taxed(terms)?))
}

/// How invoices to the partner are taxed: "taxed: reverse charge, VAT id ATU61204830".
///
/// # Errors
/// A stored number out of range.
pub fn taxed(terms: &Resells) -> Result<String> {
    let taxed = match terms.tax_category {
        TaxCategory::Own => Rate::from_bps(terms.tax_bps)
            .map_err(Error::fault)?
            .to_string(),
        TaxCategory::Standard => "the rate of the partner’s country".to_owned(),
        other => other.label().to_lowercase(),
    };
    let id = match terms.vat_id.as_str() {
        "" => String::new(),
        id => format!(", VAT id {id}"),
    };
    Ok(format!("taxed: {taxed}{id}"))
}
