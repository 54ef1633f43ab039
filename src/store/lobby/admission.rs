//! Who is let in where, and as whom: with the vendors set up beside it, the only place that makes
//! a scope.
use std::sync::Arc;

use chrono::NaiveDateTime;
use diesel::{prelude::*, query_dsl::LoadQuery};

use super::Lobby;
use crate::{
    Error, Result,
    domain::{Permission, Role, Zone},
    id::{AccessTokenId, MembershipId, PartnerId, TenantId, UserId},
    store::{
        PartnerScope, VendorScope, conn,
        names::stored,
        schema::{access_tokens, jobs, memberships, partners, tenants, vendors},
        scope::Actor,
    },
};

/// As whom someone is let in to a workspace.
#[derive(Debug, Clone)]
pub enum Admission {
    /// On the vendor's side.
    Staff(VendorScope),
    /// On a partner's side.
    Partner(PartnerScope),
}

/// One of a person's workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The membership that opens it.
    pub membership: MembershipId,
    /// First segment of its addresses.
    pub vendor_slug: String,
    /// The vendor's name.
    pub vendor_name: String,
    /// The vendor's zone: that of its months, and of people who chose none.
    pub zone: Zone,
    /// The partner's slug and name, on a partner's side.
    pub partner: Option<(String, String)>,
    /// What the person is there.
    pub role: Role,
}

impl Workspace {
    /// Where the workspace begins.
    pub fn href(&self) -> String {
        match &self.partner {
            Some((partner, _)) => format!("/{}/p/{partner}", self.vendor_slug),
            None => format!("/{}", self.vendor_slug),
        }
    }
    /// How it is listed in the switcher.
    pub fn label(&self) -> String {
        match &self.partner {
            Some((_, partner)) => format!("{partner} at {}", self.vendor_name),
            None => self.vendor_name.clone(),
        }
    }
}

const MEMBERS: &[&str] = &["memberships", "partners"];
const PLACES: &[&str] = &["memberships", "partners", "vendors"];

/// Every workspace a person belongs to, by vendor and partner.
///
/// # Errors
/// Faults of the database.
pub fn workspaces(lobby: &mut Lobby<'_>, user: UserId) -> Result<Vec<Workspace>> {
    let rows: Vec<Row> = lobby.across(PLACES, |lobby| {
        let query = memberships::table
            .inner_join(tenants::table.on(tenants::id.eq(memberships::tenant_id)))
            .inner_join(vendors::table.on(vendors::tenant_id.eq(memberships::tenant_id)))
            .left_join(
                partners::table.on(partners::tenant_id
                    .eq(memberships::tenant_id)
                    .and(partners::id.nullable().eq(memberships::partner_id))),
            )
            .filter(memberships::user_id.eq(user))
            .filter(memberships::revoked_at.is_null())
            .order((tenants::name, memberships::id))
            .select((
                memberships::id,
                tenants::slug,
                tenants::name,
                vendors::time_zone,
                memberships::role,
                partners::slug.nullable(),
                partners::name.nullable(),
            ));
        Ok(query
            .internal_load(lobby.conn)?
            .collect::<QueryResult<_>>()?)
    })?;
    rows.into_iter().map(workspace).collect()
}

type Row = (
    MembershipId,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
);

fn workspace(
    (membership, vendor_slug, vendor_name, zone, role, slug, name): Row,
) -> Result<Workspace> {
    Ok(Workspace {
        membership,
        vendor_slug,
        vendor_name,
        zone: stored(&zone)?,
        partner: slug.zip(name),
        role: role.parse().map_err(Error::fault)?,
    })
}

/// Lets a person in to a vendor's side, or to one partner's side, of a workspace they belong to.
/// The slugs select among their memberships and grant nothing.
///
/// # Errors
/// Faults of the database.
pub fn admit(
    lobby: &mut Lobby<'_>,
    user: UserId,
    vendor: &str,
    partner: Option<&str>,
) -> Result<Option<Admission>> {
    type Row = (TenantId, Option<PartnerId>, String, String);
    let columns = (
        memberships::tenant_id,
        memberships::partner_id,
        memberships::role,
        memberships::name,
    );
    let (vendor, partner) = (vendor.to_owned(), partner.map(str::to_owned));
    let row: Option<Row> = lobby.across(MEMBERS, |lobby| {
        let members = memberships::table
            .inner_join(tenants::table.on(tenants::id.eq(memberships::tenant_id)))
            .filter(memberships::user_id.eq(user))
            .filter(memberships::revoked_at.is_null())
            .filter(tenants::slug.eq(vendor));
        match partner {
            None => lobby.first(
                members
                    .filter(memberships::partner_id.is_null())
                    .select(columns),
            ),
            Some(slug) => lobby.first(
                members
                    .inner_join(
                        partners::table.on(partners::tenant_id
                            .eq(memberships::tenant_id)
                            .and(partners::id.nullable().eq(memberships::partner_id))),
                    )
                    .filter(partners::slug.eq(slug))
                    .select(columns),
            ),
        }
    })?;
    row.map(|(tenant, partner, role, name)| {
        let role: Role = role.parse().map_err(Error::fault)?;
        let actor = Arc::new(Actor {
            name,
            user: Some(user),
            role: Some(role),
            only: None,
        });
        Ok(match partner {
            None => Admission::Staff(VendorScope::new(tenant, actor)),
            Some(partner) => Admission::Partner(PartnerScope::new(tenant, partner, actor)),
        })
    })
    .transpose()
}

/// The command line's scope: everything of one vendor, recorded as "operator".
///
/// # Errors
/// [`Error::NotFound`] for a slug that no vendor has.
pub fn operator(lobby: &mut Lobby<'_>, slug: &str) -> Result<VendorScope> {
    let query = tenants::table
        .filter(tenants::slug.eq(slug.to_owned()))
        .select(tenants::id);
    let tenant: Option<TenantId> = lobby.first(query)?;
    let tenant = tenant.ok_or(Error::NotFound)?;
    Ok(VendorScope::new(tenant, Actor::operator()))
}

/// Lets the program in that has a token, to report usage and for nothing else.
///
/// # Errors
/// Faults of the database.
pub fn program(
    lobby: &mut Lobby<'_>,
    token_hash: &str,
) -> Result<Option<(AccessTokenId, VendorScope)>> {
    let row: Option<(AccessTokenId, TenantId, String)> =
        lobby.across(&["access_tokens"], |lobby| {
            lobby.first(
                access_tokens::table
                    .filter(access_tokens::token_hash.eq(token_hash.to_owned()))
                    .filter(access_tokens::revoked_at.is_null())
                    .select((
                        access_tokens::id,
                        access_tokens::tenant_id,
                        access_tokens::name,
                    )),
            )
        })?;
    Ok(row.map(|(id, tenant, name)| {
        let actor = Actor::program(&name, Permission::ReportUsage);
        (id, VendorScope::new(tenant, actor))
    }))
}

/// Slug and scope of every vendor, for the worker's schedule and the command line's checks.
///
/// # Errors
/// Faults of the database.
pub fn every_vendor(lobby: &mut Lobby<'_>) -> Result<Vec<(String, VendorScope)>> {
    let query = tenants::table
        .order(tenants::id)
        .select((tenants::slug, tenants::id));
    let rows: Vec<(String, TenantId)> = query
        .internal_load(lobby.conn)?
        .collect::<QueryResult<_>>()?;
    Ok(rows
        .into_iter()
        .map(|(slug, tenant)| (slug, VendorScope::new(tenant, Actor::system())))
        .collect())
}

/// The scopes of tenants that have work due, those longest waiting first: a job works for the
/// tenant on its row, and one tenant's many jobs do not stand before another's first.
///
/// # Errors
/// Faults of the database.
pub fn tenants_with_work(lobby: &mut Lobby<'_>) -> Result<Vec<VendorScope>> {
    let due = lobby.now;
    let free_at = conn::now(lobby.conn, due)?;
    let rows: Vec<(TenantId, Option<NaiveDateTime>)> = lobby.across(&["jobs"], |lobby| {
        let query = jobs::table
            .filter(jobs::status.eq("ready"))
            .filter(jobs::run_at.le(due))
            .filter(
                jobs::lease_until
                    .is_null()
                    .or(jobs::lease_until.lt(free_at)),
            )
            .group_by(jobs::tenant_id)
            .select((jobs::tenant_id, diesel::dsl::min(jobs::run_at)));
        Ok(query
            .internal_load(lobby.conn)?
            .collect::<QueryResult<_>>()?)
    })?;
    let mut rows = rows;
    rows.sort_by_key(|(_, since)| *since);
    Ok(rows
        .into_iter()
        .map(|(tenant, _)| VendorScope::new(tenant, Actor::system()))
        .collect())
}
