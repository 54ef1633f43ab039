//! One-time links: invitations and password resets. The database keeps their hashes.
use chrono::TimeDelta;
use diesel::prelude::*;

use super::Lobby;
use crate::{
    Error, Result,
    id::{InvitationId, PartnerId, TenantId, UserId},
    store::schema::{invitations, partners, password_resets, tenants},
};

/// An invitation as its link finds it.
#[derive(Debug, Clone, Queryable)]
pub struct OpenInvitation {
    /// Which.
    pub id: InvitationId,
    /// To which vendor's workspace.
    pub tenant: TenantId,
    /// To which partner, if any.
    pub partner: Option<PartnerId>,
    /// Whom.
    pub email: String,
    /// Their name, as the inviter wrote it.
    pub name: String,
    /// As what.
    pub role: String,
}

/// The invitation behind a token, while it can be accepted.
///
/// # Errors
/// Faults of the database.
pub fn invitation(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<Option<OpenInvitation>> {
    let now = lobby.now;
    lobby.across(&["invitations"], |lobby| {
        lobby.first(
            invitations::table
                .filter(invitations::token_hash.eq(token_hash.to_owned()))
                .filter(invitations::accepted_at.is_null())
                .filter(invitations::withdrawn_at.is_null())
                .filter(invitations::expires_at.gt(now))
                .select((
                    invitations::id,
                    invitations::tenant_id,
                    invitations::partner_id,
                    invitations::email,
                    invitations::name,
                    invitations::role,
                )),
        )
    })
}

/// Whether the invitation behind a token has been accepted.
///
/// # Errors
/// Faults of the database.
pub fn invitation_is_accepted(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<bool> {
    let accepted: Option<InvitationId> = lobby.across(&["invitations"], |lobby| {
        lobby.first(
            invitations::table
                .filter(invitations::token_hash.eq(token_hash.to_owned()))
                .filter(invitations::accepted_at.is_not_null())
                .select(invitations::id),
        )
    })?;
    Ok(accepted.is_some())
}

/// The name of a vendor's workspace, or of a partner at it.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn place_name(
    lobby: &mut Lobby<'_>,
    tenant: TenantId,
    partner: Option<PartnerId>,
) -> Result<String> {
    let vendor: Option<String> = lobby.first(
        tenants::table
            .filter(tenants::id.eq(tenant))
            .select(tenants::name),
    )?;
    let vendor = vendor.ok_or(Error::NotFound)?;
    let Some(partner) = partner else {
        return Ok(vendor);
    };
    let name: Option<String> = lobby.across(&["partners"], |lobby| {
        lobby.first(
            partners::table
                .filter(partners::tenant_id.eq(tenant))
                .filter(partners::id.eq(partner))
                .select(partners::name),
        )
    })?;
    Ok(format!("{} at {vendor}", name.ok_or(Error::NotFound)?))
}

/// Uses an invitation up; of many that try at once, one succeeds.
///
/// # Errors
/// Faults of the database.
pub fn accept_invitation(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<bool> {
    let now = lobby.now;
    let used = lobby.across(&["invitations"], |lobby| {
        lobby.run(
            diesel::update(
                invitations::table
                    .filter(invitations::token_hash.eq(token_hash.to_owned()))
                    .filter(invitations::accepted_at.is_null())
                    .filter(invitations::withdrawn_at.is_null())
                    .filter(invitations::expires_at.gt(now)),
            )
            .set(invitations::accepted_at.eq(Some(now))),
        )
    })?;
    Ok(used == 1)
}

/// Stores a password reset; earlier ones of the same person end.
///
/// # Errors
/// Faults of the database.
pub fn add_password_reset(
    lobby: &mut Lobby<'_>,
    user: UserId,
    token_hash: &str,
    lasts: TimeDelta,
) -> Result<()> {
    lobby.run(diesel::delete(
        password_resets::table.filter(password_resets::user_id.eq(user)),
    ))?;
    let row = (
        password_resets::token_hash.eq(token_hash.to_owned()),
        password_resets::user_id.eq(user),
        password_resets::expires_at.eq(lobby.now + lasts),
    );
    lobby.run(diesel::insert_into(password_resets::table).values(row))?;
    Ok(())
}

/// Whose reset a token is, while it can be used.
///
/// # Errors
/// Faults of the database.
pub fn password_reset(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<Option<UserId>> {
    let now = lobby.now;
    lobby.first(
        password_resets::table
            .filter(password_resets::token_hash.eq(token_hash.to_owned()))
            .filter(password_resets::used_at.is_null())
            .filter(password_resets::expires_at.gt(now))
            .select(password_resets::user_id),
    )
}

/// Uses a reset up; of many that try at once, one succeeds.
///
/// # Errors
/// Faults of the database.
pub fn use_password_reset(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<bool> {
    let now = lobby.now;
    let used = lobby.run(
        diesel::update(
            password_resets::table
                .filter(password_resets::token_hash.eq(token_hash.to_owned()))
                .filter(password_resets::used_at.is_null())
                .filter(password_resets::expires_at.gt(now)),
        )
        .set(password_resets::used_at.eq(Some(now))),
    )?;
    Ok(used == 1)
}
