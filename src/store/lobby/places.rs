//! A person's places as the lobby gives them: taking up an invitation, and letters to a person.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Lobby, NewMembership};
use crate::{
    Result,
    domain::audit::Action,
    id::{AuditEventId, InvitationId, JobId, MailId, MembershipId, PartnerId, TenantId, UserId},
    store::schema::{audit_events, jobs, mails, memberships, tenants, users},
};

/// A person's place, wherever it is and whether or not it still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The membership.
    pub id: MembershipId,
    /// Whether it was taken away.
    pub is_revoked: bool,
}

/// The place a person has, or had, on a vendor's side or on a partner's.
///
/// # Errors
/// Faults of the database.
pub fn place(
    lobby: &mut Lobby<'_>,
    tenant: TenantId,
    partner: Option<PartnerId>,
    user: UserId,
) -> Result<Option<Place>> {
    let row: Option<(MembershipId, Option<NaiveDateTime>)> =
        lobby.across(&["memberships"], |lobby| {
            let places = memberships::table
                .filter(memberships::tenant_id.eq(tenant))
                .filter(memberships::user_id.eq(user))
                .select((memberships::id, memberships::revoked_at));
            match partner {
                None => lobby.first(places.filter(memberships::partner_id.is_null())),
                Some(partner) => lobby.first(places.filter(memberships::partner_id.eq(partner))),
            }
        })?;
    Ok(row.map(|(id, revoked_at)| Place {
        id,
        is_revoked: revoked_at.is_some(),
    }))
}

/// Gives a place back to someone it was taken from, in a new role.
///
/// # Errors
/// Faults of the database.
pub fn give_back(
    lobby: &mut Lobby<'_>,
    place: MembershipId,
    new: &NewMembership<'_>,
) -> Result<()> {
    let role = new.role.code().to_owned();
    let (tenant, name) = (new.tenant, new.name.to_owned());
    lobby.across(&["memberships"], |lobby| {
        lobby.run(
            diesel::update(
                memberships::table
                    .filter(memberships::tenant_id.eq(tenant))
                    .filter(memberships::id.eq(place)),
            )
            .set((
                memberships::role.eq(role),
                memberships::name.eq(name),
                memberships::revoked_at.eq(None::<NaiveDateTime>),
            )),
        )
    })?;
    Ok(())
}

/// Sets the password of someone who has none; says whether they had none.
///
/// # Errors
/// Faults of the database.
pub fn set_first_password(lobby: &mut Lobby<'_>, user: UserId, hash: &str) -> Result<bool> {
    let without = users::table
        .filter(users::id.eq(user))
        .filter(users::password_hash.is_null());
    let set = diesel::update(without).set(users::password_hash.eq(Some(hash.to_owned())));
    Ok(lobby.run(set)? == 1)
}

/// Notes in the audit trail of a workspace that someone took up their place there.
///
/// # Errors
/// Faults of the database.
pub fn note_acceptance(
    lobby: &mut Lobby<'_>,
    invitation: InvitationId,
    new: &NewMembership<'_>,
) -> Result<()> {
    let id: AuditEventId = lobby.mint.next();
    let row = (
        audit_events::tenant_id.eq(new.tenant),
        audit_events::id.eq(id),
        audit_events::partner_id.eq(new.partner),
        audit_events::actor.eq(new.name.to_owned()),
        audit_events::actor_user_id.eq(Some(new.user)),
        audit_events::action.eq(Action::InvitationAccepted.code().to_owned()),
        audit_events::subject_id.eq(invitation.number()),
        audit_events::summary.eq(format!("{} joined as {}", new.email, new.role.label())),
        audit_events::changes.eq("[]"),
        audit_events::happened_at.eq(lobby.now),
    );
    lobby.across(&["audit_events"], |lobby| {
        lobby.run(diesel::insert_into(audit_events::table).values(row))
    })?;
    Ok(())
}

/// The vendor whose mail a person's own letters go through: that of their oldest place that holds.
///
/// # Errors
/// Faults of the database.
pub fn sender_for(lobby: &mut Lobby<'_>, user: UserId) -> Result<Option<TenantId>> {
    lobby.across(&["memberships"], |lobby| {
        lobby.first(
            memberships::table
                .inner_join(tenants::table.on(tenants::id.eq(memberships::tenant_id)))
                .filter(memberships::user_id.eq(user))
                .filter(memberships::revoked_at.is_null())
                .order(memberships::id)
                .select(tenants::id),
        )
    })
}

/// A letter about a person's own account.
#[derive(Debug, Clone)]
pub struct PersonalLetter {
    /// Its id, drawn beforehand: the link's token is derived from it.
    pub id: MailId,
    /// Through which vendor's outbox.
    pub tenant: TenantId,
    /// Whom it is about.
    pub user: UserId,
    /// Their address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// RFC 5322 Message-ID.
    pub message_id: String,
}

/// A letter's id, for a token that is derived from it.
pub fn fresh_mail_id(lobby: &Lobby<'_>) -> MailId {
    lobby.mint.next()
}

/// Puts a password-reset letter in the outbox, and the job that sends it in the queue.
///
/// # Errors
/// Faults of the database.
pub fn post(lobby: &mut Lobby<'_>, letter: PersonalLetter) -> Result<()> {
    let job: JobId = lobby.mint.next();
    let now = lobby.now;
    let (payload, dedupe) = (
        serde_json::json!({ "mail": letter.id.to_string() }).to_string(),
        format!("mail:{}", letter.id),
    );
    let copies: Vec<i32> = lobby.across(&["mails"], |lobby| {
        lobby.all(
            mails::table
                .filter(mails::tenant_id.eq(letter.tenant))
                .filter(mails::kind.eq("password_reset"))
                .filter(mails::subject_id.eq(letter.user.number()))
                .select(mails::copy_no),
        )
    })?;
    let mail = (
        mails::tenant_id.eq(letter.tenant),
        mails::id.eq(letter.id),
        mails::kind.eq("password_reset"),
        mails::subject_id.eq(letter.user.number()),
        mails::copy_no.eq(copies.into_iter().max().unwrap_or(0) + 1),
        mails::recipient.eq(letter.recipient),
        mails::subject.eq(letter.subject),
        mails::body.eq(""),
        mails::message_id.eq(letter.message_id),
        mails::status.eq("queued"),
        mails::attempts.eq(0),
        mails::created_at.eq(now),
    );
    let job = (
        jobs::tenant_id.eq(letter.tenant),
        jobs::id.eq(job),
        jobs::kind.eq("send_mail"),
        jobs::payload.eq(payload),
        jobs::dedupe.eq(dedupe),
        jobs::status.eq("ready"),
        jobs::run_at.eq(now),
        jobs::lease_token.eq(0i64),
        jobs::attempts.eq(0),
        jobs::created_at.eq(now),
    );
    lobby.across(&["mails", "jobs"], |lobby| {
        lobby.run(diesel::insert_into(mails::table).values(mail))?;
        lobby.run(diesel::insert_into(jobs::table).values(job))
    })?;
    Ok(())
}

/// First segment of a vendor's addresses, for links in its letters.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound); faults of the database.
pub fn slug_of(lobby: &mut Lobby<'_>, scope: &crate::store::VendorScope) -> Result<String> {
    let slug = tenants::table
        .filter(tenants::id.eq(super::tenant_of(scope)))
        .select(tenants::slug);
    lobby.first(slug)?.ok_or(crate::Error::NotFound)
}
