//! What is settled with partners apart from their commission: how it is taxed.
use chrono::{Datelike, Months, NaiveDate};

use super::{Scope, setting::read};
use crate::{
    Result,
    domain::{LongText, Name, PartnerTax, TaxTreatment, VatId},
    id::PartnerId,
    services::{
        account::settings::{self, Edit},
        incentivize::tax_terms,
    },
    store::{Tx, account::vendor},
};

/// Partners by code: what becomes of VAT, its rate, what is withheld, and their VAT id.
const TAXED: [(&str, TaxTreatment, &str, &str, &str); 4] = [
    ("P-1001", TaxTreatment::SelfBilled, "19", "0", "DE811907980"),
    (
        "P-1004",
        TaxTreatment::ReverseCharge,
        "0",
        "0",
        "FR40303265045",
    ),
    ("P-1006", TaxTreatment::Charged, "21", "0", "NL004495445B01"),
    ("P-1009", TaxTreatment::NoTax, "0", "15", ""),
];

/// Gives a vendor its own VAT id.
pub(super) fn own_vat_id(tx: &mut Tx<'_, Scope>) -> Result<()> {
    let now = vendor::settings(tx)?;
    let edit = Edit {
        version: now.version,
        name: read::<Name>(&now.name)?,
        legal_name: read::<Name>(&now.legal_name)?,
        address: read::<LongText>(&now.address)?,
        vat_id: Some(read("DE136695976")?),
        payment_days: now.payment_days,
        payout_day: now.payout_day,
    };
    settings::change(tx, &edit)
}

/// Sets how a partner that has just joined is taxed.
pub(super) fn tax(
    tx: &mut Tx<'_, Scope>,
    (partner, code): (PartnerId, &str),
    day: NaiveDate,
) -> Result<()> {
    let Some((_, treatment, rate, withheld, id)) = TAXED.iter().find(|one| one.0 == code) else {
        return Ok(());
    };
    let from = day.with_day(1).unwrap_or(day);
    let agreed = *treatment == TaxTreatment::SelfBilled;
    let vat_id = match *id {
        "" => None,
        id => Some(read::<VatId>(id)?),
    };
    let terms = PartnerTax {
        treatment: *treatment,
        rate: read(rate)?,
        withheld: read(withheld)?,
        vat_id,
        agreed_until: from.checked_add_months(Months::new(36)).filter(|_| agreed),
    };
    tax_terms::place(tx, partner, &terms, from)
}
