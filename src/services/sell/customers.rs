//! Customers: putting them on record and keeping it.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, CountryCode, ExternalId, Name, Permission, Rate, TaxCategory, VatId,
        audit::{Change, diff},
        tax::rate_on,
    },
    id::{CustomerId, PartnerId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        platform::Event,
        recruit::partners,
        sell::{
            customers::{self, Customer},
            taxes::{self, CountryRate},
        },
    },
};

/// What a vendor says about a customer.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called.
    pub name: Name,
    /// Where it is.
    pub country: CountryCode,
    /// The tax on its invoices, where its category says so.
    pub tax: Rate,
    /// By which rule its invoices are taxed.
    pub tax_category: TaxCategory,
    /// Its VAT id.
    pub vat_id: VatId,
}

impl Draft {
    /// The record with what the draft says.
    pub(crate) fn over(&self, old: Customer) -> Customer {
        Customer {
            name: self.name.to_string(),
            country: self.country.clone(),
            tax: self.tax,
            tax_category: self.tax_category,
            vat_id: self.vat_id.as_str().to_owned(),
            ..old
        }
    }

    /// A new record of what the draft says. Without an external id of its own a customer is known
    /// by its id.
    pub(crate) fn record(
        &self,
        tx: &Tx<'_, VendorScope>,
        partner: PartnerId,
        external_id: Option<&ExternalId>,
    ) -> Customer {
        let id: CustomerId = tx.fresh_id();
        Customer {
            id,
            partner,
            external_id: external_id.map_or_else(|| id.to_string(), ExternalId::to_string),
            name: self.name.to_string(),
            country: self.country.clone(),
            tax: self.tax,
            tax_category: self.tax_category,
            vat_id: self.vat_id.as_str().to_owned(),
            created_at: tx.now(),
            version: 1,
        }
    }
}

/// Puts a customer on record under its partner of record, who never changes.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `partner`, `external_id`, `tax_category` or
/// `vat_id`.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    external_id: Option<&ExternalId>,
    draft: &Draft,
) -> Result<CustomerId> {
    tx.allow(Permission::ManageCustomers)?;
    match partners::partner(tx, partner) {
        Err(Error::NotFound) => return Err(Error::on("partner", "Choose one of the partners.")),
        other => other.map(drop)?,
    }
    if let Some(external_id) = external_id
        && !customers::by_external_ids(tx, &[external_id.to_string()])?.is_empty()
    {
        return Err(Error::on(
            "external_id",
            "Another customer has this external id.",
        ));
    }
    check_tax(tx, draft)?;
    let customer = draft.record(tx, partner, external_id);
    customers::insert_all(tx, std::slice::from_ref(&customer))?;
    note(tx, &customer, Action::CustomerAdded, &[])?;
    Ok(customer.id)
}

/// Changes a customer's record. `version` is the one the form was made from. Another tax holds
/// for invoices issued from now on.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `tax_category` or `vat_id`,
/// and [`Error::Conflict`] when it was changed meanwhile.
pub fn edit(
    tx: &mut Tx<'_, VendorScope>,
    id: CustomerId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageCustomers)?;
    check_tax(tx, draft)?;
    let old = customers::customer(tx, id)?;
    let new = Customer {
        version,
        ..draft.over(old.clone())
    };
    if !customers::update(tx, &new)? {
        return Err(stale("customer"));
    }
    note(tx, &new, Action::CustomerChanged, &changes(&old, &new))
}

fn check_tax(tx: &mut Tx<'_, VendorScope>, draft: &Draft) -> Result<()> {
    let rates = match draft.tax_category {
        TaxCategory::Standard => taxes::all(tx)?,
        _ => Vec::new(),
    };
    match tax_problem(draft, &rates, vendor::today(tx)?) {
        Some((field, why)) => Err(Error::on(field, why)),
        None => Ok(()),
    }
}

/// What is wrong with how a customer is to be taxed, and in which field: reverse charge needs
/// somebody who owes the tax, and a country's rate has to be there.
pub(crate) fn tax_problem(
    draft: &Draft,
    rates: &[CountryRate],
    today: NaiveDate,
) -> Option<(&'static str, String)> {
    let country = draft.country.as_str();
    match draft.tax_category {
        TaxCategory::ReverseCharge if draft.vat_id.as_str().is_empty() => {
            Some(("vat_id", "Reverse charge needs the VAT id.".to_owned()))
        }
        TaxCategory::Standard => {
            let of_country = rates.iter().filter(|one| one.country == country);
            let none = rate_on(of_country.map(|one| &one.rate), today).is_none();
            let why = || format!("No tax rate of {country} is set: see Tax rates.");
            none.then(|| ("tax_category", why()))
        }
        _ => None,
    }
}

/// What differs between two states of a record, for the audit trail.
pub(crate) fn changes(old: &Customer, new: &Customer) -> Vec<Change> {
    diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("country", old.country.as_str(), new.country.as_str()),
        ("tax", &old.tax.to_string(), &new.tax.to_string()),
        (
            "tax rule",
            old.tax_category.label(),
            new.tax_category.label(),
        ),
        ("VAT id", old.vat_id.as_str(), new.vat_id.as_str()),
    ])
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    customer: &Customer,
    action: Action,
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: customer.id.number(),
            partner: Some(customer.partner),
            summary: format!("{}: {}", action.label(), customer.name),
            changes,
        },
    )
}
