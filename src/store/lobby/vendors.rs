//! A new vendor is set up.
use diesel::prelude::*;

use super::Lobby;
use crate::{
    Error, Result,
    id::{Id, TenantId},
    store::{
        Scope, VendorScope,
        schema::{tenants, vendors},
        scope::Actor,
    },
};

/// A vendor to be set up.
#[derive(Debug, Clone)]
pub struct NewVendor {
    /// First segment of its addresses.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// As on documents.
    pub legal_name: String,
    /// Lines of its postal address.
    pub address: String,
    /// IANA zone of its accounting months.
    pub time_zone: String,
    /// ISO 4217 code of its books.
    pub currency: String,
    /// Begins its document numbers.
    pub document_prefix: String,
    /// The first month it can close, as 202610.
    pub first_period: i32,
}

/// Sets up a vendor: tenant and settings row.
///
/// # Errors
/// [`Error::Invalid`] for a slug that is taken; faults of the database.
pub fn add_vendor(lobby: &mut Lobby<'_>, new: &NewVendor) -> Result<VendorScope> {
    let taken: Option<TenantId> = lobby.first(
        tenants::table
            .filter(tenants::slug.eq(new.slug.clone()))
            .select(tenants::id),
    )?;
    if taken.is_some() {
        return Err(Error::on("slug", "another vendor has this address already"));
    }
    let tenant: TenantId = lobby.mint.next();
    let row = (
        tenants::id.eq(tenant),
        tenants::slug.eq(new.slug.clone()),
        tenants::name.eq(new.name.clone()),
        tenants::created_at.eq(lobby.now),
    );
    lobby.run(diesel::insert_into(tenants::table).values(row))?;
    let id: Id<crate::id::Vendor> = lobby.mint.next();
    let settings = (
        vendors::tenant_id.eq(tenant),
        vendors::id.eq(id),
        vendors::name.eq(new.name.clone()),
        vendors::legal_name.eq(new.legal_name.clone()),
        vendors::address.eq(new.address.clone()),
        vendors::time_zone.eq(new.time_zone.clone()),
        vendors::currency.eq(new.currency.clone()),
        vendors::document_prefix.eq(new.document_prefix.clone()),
        vendors::payment_days.eq(14),
        vendors::payout_day.eq(15),
        vendors::first_period.eq(new.first_period),
        vendors::version.eq(1),
    );
    lobby.across(&["vendors"], |lobby| {
        lobby.run(diesel::insert_into(vendors::table).values(settings))
    })?;
    Ok(VendorScope::new(tenant, Actor::operator()))
}

/// The tenant of a scope, for the membership of a vendor's first owner.
pub fn tenant_of(scope: &VendorScope) -> TenantId {
    Scope::tenant(scope)
}
