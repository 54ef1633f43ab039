//! What is settled with partners apart from their commission: how it is taxed, and in which currency
//! it is paid.
use chrono::{Datelike, Months, NaiveDate};

use super::{Scope, cast::VendorPart, chance::Chance, setting::read};
use crate::{
    Result,
    domain::{LongText, Name, PartnerTax, TaxTreatment, VatId},
    id::PartnerId,
    services::{
        account::settings::{self, Edit},
        incentivize::{
            currencies::{self, NewRate},
            tax_terms,
        },
    },
    store::{Store, Tx, account::vendor},
};

/// The partner that is paid in a currency of its own, and the currency.
const PAID_IN: (&str, &str) = ("P-1014", "CHF");

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

/// Sets what a partner that has just joined is paid in.
pub(super) fn payout_currency(
    tx: &mut Tx<'_, Scope>,
    (partner, code): (PartnerId, &str),
    day: NaiveDate,
) -> Result<()> {
    let (paid, currency) = PAID_IN;
    match code == paid {
        true => currencies::pay_in(tx, partner, (Some(read(currency)?), day)),
        false => Ok(()),
    }
}

/// The rate that holds for a month, set on its first day by the vendor that needs one.
pub(super) fn rate_of_month(
    store: &Store,
    (scope, vendor): (&Scope, &VendorPart),
    day: NaiveDate,
) -> Result<()> {
    let (paid, to) = PAID_IN;
    if day.day() != 1 || !vendor.partners.iter().any(|one| one.code == paid) {
        return Ok(());
    }
    let mut chance = Chance::of(&format!("{to} {day}"));
    let rate = NewRate {
        from: read(vendor.currency)?,
        to: read(to)?,
        on: day,
        rate: read(&format!("0.9{:03}", chance.between(210, 480)))?,
        source: read("Treasury, rate of the month")?,
    };
    store.write_now(scope.clone(), |tx| {
        currencies::set_all(tx, std::slice::from_ref(&rate))
    })
}
