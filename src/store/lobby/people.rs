//! People and their places.
use diesel::prelude::*;

use super::{Lobby, end_sessions};
use crate::{
    Result,
    domain::{Role, Zone},
    id::{MembershipId, PartnerId, TenantId, UserId},
    store::schema::{memberships, users},
};

/// What sign-in needs to know of a person.
#[derive(Debug, Clone, Queryable)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Lower case.
    pub email: String,
    /// As they wrote it.
    pub name: String,
    /// A PHC string; none until they set a password.
    pub password_hash: Option<String>,
    /// The IANA name of the zone they chose for times; none for the vendor's.
    pub time_zone: Option<String>,
}

impl Person {
    /// The zone they see times in, where the workspace's is that of its vendor.
    pub fn zone(&self, of_vendor: Zone) -> Zone {
        let chosen = self.time_zone.as_deref().and_then(|name| name.parse().ok());
        chosen.unwrap_or(of_vendor)
    }
}

/// The person with an address.
///
/// # Errors
/// Faults of the database.
pub fn person_by_email(lobby: &mut Lobby<'_>, email: &str) -> Result<Option<Person>> {
    lobby.first(
        users::table
            .filter(users::email.eq(email.to_owned()))
            .select((
                users::id,
                users::email,
                users::name,
                users::password_hash,
                users::time_zone,
            )),
    )
}

/// The person with an id.
///
/// # Errors
/// Faults of the database.
pub fn person(lobby: &mut Lobby<'_>, user: UserId) -> Result<Option<Person>> {
    lobby.first(users::table.filter(users::id.eq(user)).select((
        users::id,
        users::email,
        users::name,
        users::password_hash,
        users::time_zone,
    )))
}

/// A new person.
///
/// # Errors
/// Faults of the database, an address that is taken among them.
pub fn add_person(
    lobby: &mut Lobby<'_>,
    email: &str,
    name: &str,
    password_hash: Option<String>,
) -> Result<UserId> {
    let id: UserId = lobby.mint.next();
    let row = (
        users::id.eq(id),
        users::email.eq(email.to_owned()),
        users::name.eq(name.to_owned()),
        users::password_hash.eq(password_hash),
        users::created_at.eq(lobby.now),
    );
    lobby.run(diesel::insert_into(users::table).values(row))?;
    Ok(id)
}

/// Sets a person's password and ends all their sessions.
///
/// # Errors
/// Faults of the database.
pub fn set_password(lobby: &mut Lobby<'_>, user: UserId, hash: &str) -> Result<()> {
    let change = diesel::update(users::table.filter(users::id.eq(user)))
        .set(users::password_hash.eq(Some(hash.to_owned())));
    lobby.run(change)?;
    end_sessions(lobby, user)
}

/// Sets the zone a person sees times in; none for that of the vendor.
///
/// # Errors
/// Faults of the database.
pub fn set_time_zone(lobby: &mut Lobby<'_>, user: UserId, zone: Option<Zone>) -> Result<()> {
    let chosen = zone.map(|zone| zone.as_str().to_owned());
    let change =
        diesel::update(users::table.filter(users::id.eq(user))).set(users::time_zone.eq(chosen));
    lobby.run(change)?;
    Ok(())
}

/// Gives a person a place on a vendor's side, or on a partner's.
///
/// # Errors
/// Faults of the database.
pub fn add_membership(lobby: &mut Lobby<'_>, place: &NewMembership<'_>) -> Result<()> {
    let id: MembershipId = lobby.mint.next();
    let row = (
        memberships::tenant_id.eq(place.tenant),
        memberships::id.eq(id),
        memberships::user_id.eq(place.user),
        memberships::partner_id.eq(place.partner),
        memberships::role.eq(place.role.code().to_owned()),
        memberships::email.eq(place.email.to_owned()),
        memberships::name.eq(place.name.to_owned()),
        memberships::created_at.eq(lobby.now),
    );
    lobby.across(&["memberships"], |lobby| {
        lobby.run(diesel::insert_into(memberships::table).values(row))
    })?;
    Ok(())
}

/// A place to be given.
#[derive(Debug, Clone, Copy)]
pub struct NewMembership<'a> {
    /// At which vendor.
    pub tenant: TenantId,
    /// At which partner, if not on the vendor's side.
    pub partner: Option<PartnerId>,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// Their address.
    pub email: &'a str,
    /// Their name.
    pub name: &'a str,
}

/// Notes that a person has signed in, at each of their places: what moves a partner to Onboard.
///
/// # Errors
/// Faults of the database.
pub fn note_sign_in(lobby: &mut Lobby<'_>, user: UserId) -> Result<()> {
    let now = lobby.now;
    lobby.across(&["memberships"], |lobby| {
        lobby.run(
            diesel::update(memberships::table.filter(memberships::user_id.eq(user)))
                .set(memberships::signed_in_at.eq(Some(now))),
        )
    })?;
    Ok(())
}
