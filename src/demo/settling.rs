//! What is settled with partners apart from their commission: how it is taxed, in which currency it
//! is paid, and where it goes.
use chrono::{Datelike, Months, NaiveDate};

use super::{
    Scope,
    by_hand::Finance,
    cast::{PartnerPart, VendorPart},
    chance::Chance,
    setting::read,
};
use crate::{
    Error, Result,
    domain::{LongText, Name, PartnerTax, TaxTreatment, VatId, bank::BankDetails},
    id::{PartnerId, PayoutRunId},
    services::{
        account::settings::{self, Edit},
        incentivize::{
            currencies::{self, NewRate},
            tax_terms,
        },
        revenue::{
            bank::{self, NewAccount},
            payout_runs::{self, NewRun},
            payouts::Paid,
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

/// Partners by code and the IBANs of their accounts, in numbers that banks use as examples. Those who
/// are not named are paid in other ways.
const ACCOUNTS: [(&str, &str); 15] = [
    ("P-1001", "DE89370400440532013000"),
    ("P-1002", "AT611904300234573201"),
    ("P-1003", "DE75512108001245126199"),
    ("P-1004", "FR1420041010050500013M02606"),
    ("P-1005", "IE29AIBK93115212345678"),
    ("P-1006", "NL91ABNA0417164300"),
    ("P-1007", "CZ6508000000192000145399"),
    ("P-1008", "IT60X0542811101000000123456"),
    ("P-1010", "NO9386011117947"),
    ("P-1012", "ES9121000418450200051332"),
    ("P-1014", "CH9300762011623852957"),
    ("K-01", "DE02500105170137075030"),
    ("K-05", "LT121000011101001000"),
    ("K-08", "AT483200000012345864"),
    ("K-04", "IT60X0542811101000000123456"),
];

/// Whose bank details change shortly before a run, and to what.
const MOVES_BANK: (&str, &str) = ("P-1002", "AT483200000012345864");

/// Gives a vendor the account it pays from.
pub(super) fn own_account(tx: &mut Tx<'_, Scope>) -> Result<()> {
    let holder = vendor::settings(tx)?.legal_name;
    bank::set_own(tx, &details(&holder, "DE02120300000000202051")?, 0)
}

/// Notes where a partner that has just joined is paid to.
pub(super) fn account(
    store: &Store,
    finance: &Finance,
    (partner, part): (PartnerId, &PartnerPart),
) -> Result<()> {
    match ACCOUNTS.iter().find(|one| one.0 == part.code) {
        None => Ok(()),
        Some((_, iban)) => {
            let new = NewAccount {
                details: details(part.legal_name, iban)?,
                version: 0,
                mail_domain: "demo.example".to_owned(),
            };
            finance.account(store, (partner, &new), true)
        }
    }
}

fn details(holder: &str, iban: &str) -> Result<BankDetails> {
    BankDetails::read(holder, iban, "").map_err(Error::Invalid)
}

/// Puts a run together of what is due by a day, where there is anything to transfer.
fn make_run(tx: &mut Tx<'_, Scope>, day: NaiveDate) -> Result<Option<PayoutRunId>> {
    let currency = vendor::settings(tx)?.currency;
    let gathered = payout_runs::gather(tx, currency, day)?;
    if gathered.taken.is_empty() {
        return Ok(None);
    }
    let new = NewRun {
        currency,
        execute_on: day,
        seen: gathered.seen(),
    };
    payout_runs::create(tx, &new).map(Some)
}

/// Pays what is due on a day by a run.
pub(super) fn pay_by_run(store: &Store, finance: &Finance, day: NaiveDate) -> Result<()> {
    store.write_now(finance.desk().clone(), |tx| {
        let Some(run) = make_run(tx, day)? else {
            return Ok(());
        };
        let paid = Paid {
            version: 1,
            paid_on: day,
            reference: read(&format!("SEPA {}", day.format("%Y%m%d")))?,
        };
        payout_runs::mark_paid(tx, run, &paid)
    })
}

/// At the end of the story one partner has moved to another bank, which nobody has confirmed yet,
/// and the next run waits for the bank.
pub(super) fn wait(
    store: &Store,
    finance: &Finance,
    (partner, part): (PartnerId, &PartnerPart),
    day: NaiveDate,
) -> Result<()> {
    if part.code != MOVES_BANK.0 {
        return Ok(());
    }
    let new = NewAccount {
        details: details(part.legal_name, MOVES_BANK.1)?,
        version: 1,
        mail_domain: "demo.example".to_owned(),
    };
    finance.account(store, (partner, &new), false)?;
    let pays_on = day.with_day(15).unwrap_or(day);
    store.write_now(finance.desk().clone(), |tx| make_run(tx, pays_on).map(drop))
}

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
