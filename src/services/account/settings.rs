//! How a vendor sets itself up.
use crate::{
    Error, Result,
    domain::{Action, LongText, Money, Name, Permission, VatId, audit::diff},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::{vendor, vendor_edit},
        incentivize::tax_terms,
        platform::Event,
    },
};

/// Settings as they are to be.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The version the page showed.
    pub version: i32,
    /// What people call the vendor.
    pub name: Name,
    /// As on documents.
    pub legal_name: Name,
    /// Lines of its postal address.
    pub address: LongText,
    /// Its number for VAT.
    pub vat_id: Option<VatId>,
    /// Days a customer has to pay an invoice, 0 to 365.
    pub payment_days: i32,
    /// Day of the month on which commission is paid out, 1 to 28.
    pub payout_day: i32,
}

/// Changes the settings. What was billed or closed keeps what it was made with.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `payment_days`, `payout_day` or `vat_id`;
/// [`Error::Conflict`] when somebody else changed them meanwhile.
pub fn change(tx: &mut Tx<'_, VendorScope>, edit: &Edit) -> Result<()> {
    tx.allow(Permission::ManageSettings)?;
    if !(0..=365).contains(&edit.payment_days) {
        return Err(Error::on(
            "payment_days",
            "Give a number of days from 0 to 365.",
        ));
    }
    if !(1..=28).contains(&edit.payout_day) {
        return Err(Error::on(
            "payout_day",
            "Give a day from 1 to 28, so that every month has it.",
        ));
    }
    let old = vendor::settings(tx)?;
    if old.version != edit.version {
        return Err(stale("page"));
    }
    if edit.vat_id.is_none() && tax_terms::any_self_billed(tx)? {
        return Err(Error::on(
            "vat_id",
            "Partners are billed with it under self-billing: it can be changed, not left out.",
        ));
    }
    let mut new = old.clone();
    new.name = edit.name.to_string();
    new.legal_name = edit.legal_name.to_string();
    new.address = edit.address.to_string();
    new.vat_id = edit
        .vat_id
        .as_ref()
        .map_or_else(String::new, |id| id.as_str().to_owned());
    new.payment_days = edit.payment_days;
    new.payout_day = edit.payout_day;
    new.version += 1;
    let days = |days: i32| days.to_string();
    let changes = diff(&[
        ("Name", old.name, new.name.clone()),
        ("Name on documents", old.legal_name, new.legal_name.clone()),
        ("Address on documents", old.address, new.address.clone()),
        ("VAT id", old.vat_id, new.vat_id.clone()),
        (
            "Invoices are due after, in days",
            days(old.payment_days),
            days(new.payment_days),
        ),
        (
            "Partners are paid on day",
            days(old.payout_day),
            days(new.payout_day),
        ),
    ]);
    if changes.is_empty() {
        return Ok(());
    }
    if !vendor_edit::update(tx, &new)? {
        return Err(stale("page"));
    }
    record(tx, "Settings changed".to_owned(), &changes)
}

/// Sets the lowest payout of a currency; balances below it wait for the next month.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `minimum`.
pub fn set_minimum(tx: &mut Tx<'_, VendorScope>, minimum: Money) -> Result<()> {
    tx.allow(Permission::ManageSettings)?;
    if minimum.is_negative() {
        return Err(Error::on("minimum", "Give an amount of zero or more."));
    }
    let old = vendor_edit::minimums(tx)?;
    let old = old.iter().find(|m| m.currency() == minimum.currency());
    let changes = diff(&[(
        "Lowest payout",
        old.map(Money::to_string).unwrap_or_default(),
        minimum.to_string(),
    )]);
    if changes.is_empty() {
        return Ok(());
    }
    vendor_edit::set_minimum(tx, minimum)?;
    record(
        tx,
        format!("Lowest payout in {}", minimum.currency()),
        &changes,
    )
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    summary: String,
    changes: &[crate::domain::Change],
) -> Result<()> {
    let subject = vendor::settings(tx)?.id.number();
    VendorScope::record(
        tx,
        &Event {
            action: Action::SettingsChanged,
            subject,
            partner: None,
            summary,
            changes,
        },
    )
}
