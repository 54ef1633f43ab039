//! What may be read and written before anyone is let in: people, sessions, tokens, the first
//! vendor. The only place that makes a scope.
pub mod places;

use std::sync::Arc;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::{
    prelude::*,
    query_dsl::{LoadQuery, methods::ExecuteDsl},
};

use super::{
    Conn, PartnerScope, VendorScope, conn,
    fence::Rule,
    schema::{
        instance_counter, invitations, jobs, memberships, partners, password_resets, sessions,
        sign_in_failures, tenants, users, vendors,
    },
    scope::Actor,
    tx::Db,
};
use crate::{
    Error, Result,
    domain::Role,
    id::{Id, InvitationId, MembershipId, Mint, PartnerId, TenantId, UserId},
};

/// A transaction before anyone is let in.
pub struct Lobby<'c> {
    conn: &'c mut Conn,
    now: NaiveDateTime,
    mint: Mint,
}

impl<'c> Lobby<'c> {
    pub(super) fn new(conn: &'c mut Conn, now: NaiveDateTime, mint: Mint) -> Self {
        Rule::Lobby(&[]).hold(conn);
        Self { conn, now, mint }
    }
    /// The instant of this transaction, UTC.
    pub fn now(&self) -> NaiveDateTime {
        self.now
    }
    fn first<'q, U>(&mut self, query: impl LoadQuery<'q, Conn, U>) -> Result<Option<U>> {
        Ok(query.internal_load(self.conn)?.next().transpose()?)
    }
    fn all<'q, U>(&mut self, query: impl LoadQuery<'q, Conn, U>) -> Result<Vec<U>> {
        Ok(query
            .internal_load(self.conn)?
            .collect::<QueryResult<_>>()?)
    }
    fn run(&mut self, statement: impl ExecuteDsl<Conn, Db>) -> Result<usize> {
        Ok(ExecuteDsl::execute(statement, self.conn)?)
    }
    /// Any SQL at all, for the tests of the fence.
    #[cfg(test)]
    pub(super) fn probe(&mut self, sql: &'static str) -> Result<()> {
        ExecuteDsl::execute(diesel::sql_query(sql), self.conn)?;
        Ok(())
    }
    /// For a question about all tenants at once; says of which tables.
    fn across<T>(
        &mut self,
        tables: &'static [&'static str],
        ask: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Rule::Lobby(tables).hold(self.conn);
        let found = ask(self);
        Rule::Lobby(&[]).hold(self.conn);
        found
    }
}

pub(super) fn next_instance(conn: &mut Conn) -> Result<u64> {
    Rule::Lobby(&[]).hold(conn);
    let step = diesel::update(instance_counter::table)
        .set(instance_counter::opened.eq(instance_counter::opened + 1));
    ExecuteDsl::execute(step, conn)?;
    let opened: Vec<i64> = LoadQuery::<Conn, i64>::internal_load(
        instance_counter::table.select(instance_counter::opened),
        conn,
    )?
    .collect::<QueryResult<_>>()?;
    Rule::Nobody.hold(conn);
    Ok(opened
        .first()
        .and_then(|n| u64::try_from(*n).ok())
        .unwrap_or(0))
}

// ------------------------------------------------------------------ who is let in where

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

/// Every workspace a person belongs to, by vendor and partner.
///
/// # Errors
/// Faults of the database.
pub fn workspaces(lobby: &mut Lobby<'_>, user: UserId) -> Result<Vec<Workspace>> {
    type Row = (
        MembershipId,
        String,
        String,
        String,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Row> = lobby.across(MEMBERS, |lobby| {
        let query = memberships::table
            .inner_join(tenants::table.on(tenants::id.eq(memberships::tenant_id)))
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

fn workspace(
    (membership, vendor_slug, vendor_name, role, slug, name): (
        MembershipId,
        String,
        String,
        String,
        Option<String>,
        Option<String>,
    ),
) -> Result<Workspace> {
    Ok(Workspace {
        membership,
        vendor_slug,
        vendor_name,
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

// ------------------------------------------------------------------ people

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
}

/// The person with an address.
///
/// # Errors
/// Faults of the database.
pub fn person_by_email(lobby: &mut Lobby<'_>, email: &str) -> Result<Option<Person>> {
    lobby.first(
        users::table
            .filter(users::email.eq(email.to_owned()))
            .select((users::id, users::email, users::name, users::password_hash)),
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

// ------------------------------------------------------------------ sessions

/// A session as it is stored: the token's hash, never the token.
#[derive(Debug, Clone, Queryable)]
pub struct Session {
    /// Whose, once signed in.
    pub user: Option<UserId>,
    /// What the session holds, as JSON.
    pub state: String,
    /// The end, UTC.
    pub expires_at: NaiveDateTime,
}

/// A session that has not ended.
///
/// # Errors
/// Faults of the database.
pub fn session(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<Option<Session>> {
    let now = lobby.now;
    lobby.first(
        sessions::table
            .filter(sessions::token_hash.eq(token_hash.to_owned()))
            .filter(sessions::expires_at.gt(now))
            .select((sessions::user_id, sessions::state, sessions::expires_at)),
    )
}

/// Stores a new session.
///
/// # Errors
/// Faults of the database.
pub fn add_session(lobby: &mut Lobby<'_>, token_hash: &str, session: &Session) -> Result<()> {
    let row = (
        sessions::token_hash.eq(token_hash.to_owned()),
        sessions::user_id.eq(session.user),
        sessions::state.eq(session.state.clone()),
        sessions::created_at.eq(lobby.now),
        sessions::seen_at.eq(lobby.now),
        sessions::expires_at.eq(session.expires_at),
    );
    lobby.run(diesel::insert_into(sessions::table).values(row))?;
    Ok(())
}

/// Changes a session; says whether it still existed. One that was ended is never made again.
///
/// # Errors
/// Faults of the database.
pub fn change_session(lobby: &mut Lobby<'_>, token_hash: &str, session: &Session) -> Result<bool> {
    let now = lobby.now;
    let live = sessions::table
        .filter(sessions::token_hash.eq(token_hash.to_owned()))
        .filter(sessions::expires_at.gt(now));
    let changed = lobby.run(diesel::update(live).set((
        sessions::user_id.eq(session.user),
        sessions::state.eq(session.state.clone()),
        sessions::seen_at.eq(now),
        sessions::expires_at.eq(session.expires_at),
    )))?;
    Ok(changed == 1)
}

/// Ends one session.
///
/// # Errors
/// Faults of the database.
pub fn end_session(lobby: &mut Lobby<'_>, token_hash: &str) -> Result<()> {
    let it = sessions::table.filter(sessions::token_hash.eq(token_hash.to_owned()));
    lobby.run(diesel::delete(it))?;
    Ok(())
}

/// Ends every session of a person.
///
/// # Errors
/// Faults of the database.
pub fn end_sessions(lobby: &mut Lobby<'_>, user: UserId) -> Result<()> {
    lobby.run(diesel::delete(
        sessions::table.filter(sessions::user_id.eq(Some(user))),
    ))?;
    Ok(())
}

/// Removes sessions and tokens that are over.
///
/// # Errors
/// Faults of the database.
pub fn sweep(lobby: &mut Lobby<'_>) -> Result<usize> {
    let now = lobby.now;
    let over = lobby.run(diesel::delete(
        sessions::table.filter(sessions::expires_at.le(now)),
    ))?;
    lobby.run(diesel::delete(
        password_resets::table.filter(password_resets::expires_at.le(now)),
    ))?;
    Ok(over)
}

// ------------------------------------------------------------------ one-time tokens

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

// ------------------------------------------------------------------ throttling of sign-in

/// Until when sign-in for a subject (an address, or a network) is put off, if it is.
///
/// # Errors
/// Faults of the database.
pub fn blocked_until(lobby: &mut Lobby<'_>, subject: &str) -> Result<Option<NaiveDateTime>> {
    let now = lobby.now;
    let until: Option<Option<NaiveDateTime>> = lobby.first(
        sign_in_failures::table
            .filter(sign_in_failures::subject.eq(subject.to_owned()))
            .select(sign_in_failures::blocked_until),
    )?;
    Ok(until.flatten().filter(|until| *until > now))
}

/// Counts a failed sign-in. After `free` failures in fifteen minutes each further one puts the
/// next try off, from one second doubling to a minute; nobody is locked out for good.
///
/// # Errors
/// Faults of the database.
pub fn note_failure(lobby: &mut Lobby<'_>, subject: &str, free: i32) -> Result<()> {
    let now = lobby.now;
    let row: Option<(i32, NaiveDateTime)> = lobby.first(
        sign_in_failures::table
            .filter(sign_in_failures::subject.eq(subject.to_owned()))
            .select((sign_in_failures::failures, sign_in_failures::first_at)),
    )?;
    let known = row.is_some();
    let (failures, first_at) = match row {
        Some((failures, first)) if now - first < TimeDelta::minutes(15) => (failures + 1, first),
        _ => (1, now),
    };
    let over = failures - free;
    let pause = TimeDelta::seconds(60.min(1i64 << over.clamp(0, 6)));
    let values = (
        sign_in_failures::failures.eq(failures),
        sign_in_failures::first_at.eq(first_at),
        sign_in_failures::blocked_until.eq((over >= 0).then(|| now + pause)),
    );
    let subject = sign_in_failures::subject.eq(subject.to_owned());
    if known {
        let row = sign_in_failures::table.filter(subject);
        lobby.run(diesel::update(row).set(values))?;
    } else {
        lobby.run(
            diesel::insert_into(sign_in_failures::table)
                .values((subject, values.0, values.1, values.2)),
        )?;
    }
    Ok(())
}

/// Forgets failures after a success.
///
/// # Errors
/// Faults of the database.
pub fn clear_failures(lobby: &mut Lobby<'_>, subject: &str) -> Result<()> {
    let row = sign_in_failures::table.filter(sign_in_failures::subject.eq(subject.to_owned()));
    lobby.run(diesel::delete(row))?;
    Ok(())
}

// ------------------------------------------------------------------ a new vendor

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
    super::Scope::tenant(scope)
}
