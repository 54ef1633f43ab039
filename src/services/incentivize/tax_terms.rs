//! How a partner's commission is taxed when a month is closed.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{Action, PartnerTax, Permission, audit::diff, date_words, near},
    id::PartnerId,
    services::revenue::Books,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        incentivize::tax_terms::{self, Taxed},
        platform::Event,
        recruit::partners,
    },
};

/// Sets how a partner's commission is taxed on statements of months that end on a day or later;
/// terms from that very day are replaced. A closed statement keeps what it was settled by.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the partner; [`Error::Invalid`] on `from` and the
/// fields of [`PartnerTax::problems`]; faults of the database.
pub fn place(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    terms: &PartnerTax,
    from: NaiveDate,
) -> Result<()> {
    tx.allow(Permission::ManagePayouts)?;
    let name = partners::partner(tx, partner)?.name;
    let first_open = Books::open(tx)?.first_open;
    let mut problems = terms.problems(from, &vendor::settings(tx)?.vat_id);
    if from < first_open.first_day() {
        let why = format!(
            "Earlier months are closed. Give {} or a later day.",
            date_words(first_open.first_day())
        );
        problems.add("from", why);
    }
    problems.check("from", near::within_reach(from, vendor::today(tx)?));
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let known = tax_terms::of(tx, &[partner])?;
    let known = known.get(&partner).map_or(&[][..], Vec::as_slice);
    let before = tax_terms::on(known, from).map(words).transpose()?;
    let new = Taxed {
        id: tx.fresh_id(),
        partner_id: partner,
        treatment: terms.treatment,
        rate_bps: terms.rate.bps(),
        withheld_bps: terms.withheld.bps(),
        vat_id: terms
            .vat_id
            .as_ref()
            .map_or_else(String::new, |id| id.as_str().to_owned()),
        agreed_until: terms.agreed_until,
        effective_from: from,
        created_at: tx.now(),
    };
    let after = words(&new)?;
    tax_terms::place(tx, new)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerTaxSet,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{name}, tax from {}: {after}", date_words(from)),
            changes: &diff(&[("tax", before.unwrap_or_default(), after)]),
        },
    )
}

/// What terms say, to read.
///
/// # Errors
/// A fault, when what is stored is none.
pub fn words(taxed: &Taxed) -> Result<String> {
    let terms = taxed.terms()?;
    Ok(match terms.agreed_until {
        Some(until) => format!("{}, agreed until {}", terms.words(), date_words(until)),
        None => terms.words(),
    })
}
