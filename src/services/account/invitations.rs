//! Inviting people and letting them in.
//!
//! No token is stored: it is derived from the instance's key and the invitation, and only its
//! hash is kept. The letter's job derives it again when it writes the link.
use chrono::{NaiveDateTime, TimeDelta};

use super::people::{grants, may_grant, permission};
use crate::{
    Error, Result,
    domain::{Action, Email, Name, Role},
    id::{InvitationId, MailId, PartnerId, UserId},
    secrets::{Purpose, SecretKey, hash_of, one_time_token},
    store::{
        Scope, Tx,
        account::{People, invitations::Invitation},
        lobby::{self, Lobby, NewMembership, OpenInvitation, places},
        platform::{Event, NewInvitation, NewJob, NewMail},
    },
};

/// How long an invitation can be accepted.
pub const LASTS: TimeDelta = TimeDelta::days(7);

/// Someone to be invited.
#[derive(Debug, Clone)]
pub struct Invitee {
    /// To which partner, if not to the vendor's side; in a partner's scope always that partner.
    pub partner: Option<PartnerId>,
    /// Where the letter goes.
    pub email: Email,
    /// Their name.
    pub name: Name,
    /// As what.
    pub role: Role,
}

/// How the link reaches whom it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery<'a> {
    /// By a letter in the outbox, with a Message-ID at this domain.
    Mail {
        /// Such as `example.com`.
        domain: &'a str,
    },
    /// Not at all: the command line prints it.
    Link,
}

/// An invitation that was made.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Which.
    pub id: InvitationId,
    /// The end of its link. Never stored, never logged.
    pub token: String,
    /// Until when, UTC.
    pub expires_at: NaiveDateTime,
    /// Whether it took the place of one that was open.
    pub again: bool,
}

/// The token of an invitation, the same each time it is asked for.
pub fn token(key: &SecretKey, id: InvitationId, expires_at: NaiveDateTime) -> String {
    one_time_token(key, Purpose::Invitation, id, expires_at)
}

/// Invites someone to the vendor's side or to a partner's. Earlier invitations of the same
/// address to the same place end; so this also sends one again.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `role` or `email`.
pub fn invite<S: People>(
    tx: &mut Tx<'_, S>,
    key: &SecretKey,
    invitee: &Invitee,
    delivery: Delivery<'_>,
) -> Result<Invited> {
    let partner = tx.scope().partner_id().or(invitee.partner);
    tx.allow(permission(tx.scope()))?;
    if invitee.role.is_vendor() == partner.is_some() {
        return Err(Error::on("role", "Choose a role of this side."));
    }
    grants(tx.scope(), invitee.role)?;
    let email = invitee.email.as_str();
    if S::members(tx, partner)?
        .iter()
        .any(|member| member.email == email)
    {
        return Err(Error::on("email", "This person belongs here already."));
    }
    let again = S::withdraw(tx, partner, email)? > 0;
    let invited = Invited {
        again,
        ..write_down(tx, key, invitee, partner)?
    };
    if let Delivery::Mail { domain } = delivery {
        post(tx, &invited, invitee, domain)?;
    }
    Ok(invited)
}

fn write_down<S: People>(
    tx: &mut Tx<'_, S>,
    key: &SecretKey,
    invitee: &Invitee,
    partner: Option<PartnerId>,
) -> Result<Invited> {
    let id = tx.fresh_id();
    let expires_at = tx.now() + LASTS;
    let token = token(key, id, expires_at);
    let row = NewInvitation {
        id,
        partner,
        email: invitee.email.to_string(),
        name: invitee.name.to_string(),
        role: invitee.role.code().to_owned(),
        token_hash: hash_of(&token),
        expires_at,
    };
    S::add_invitation(tx, &row)?;
    let event = Event {
        action: Action::InvitationSent,
        subject: id.number(),
        partner,
        summary: format!("{} was invited as {}", row.email, invitee.role.label()),
        changes: &[],
    };
    S::record(tx, &event)?;
    Ok(Invited {
        id,
        token,
        expires_at,
        again: false,
    })
}

fn post<S: People>(
    tx: &mut Tx<'_, S>,
    invited: &Invited,
    invitee: &Invitee,
    domain: &str,
) -> Result<()> {
    let id: MailId = tx.fresh_id();
    let mail = NewMail {
        id,
        kind: "invitation",
        subject_id: invited.id.number(),
        copy_no: 1,
        partner: tx.scope().partner_id().or(invitee.partner),
        recipient: invitee.email.to_string(),
        subject: "Your invitation".to_owned(),
        message_id: format!("<{id}@{domain}>"),
    };
    S::add_mail(tx, &mail)?;
    let now = tx.now();
    S::add_job(
        tx,
        &NewJob {
            kind: "send_mail",
            payload: &serde_json::json!({ "mail": id.to_string() }).to_string(),
            dedupe: &format!("mail:{id}"),
            run_at: now,
        },
    )
}

/// Withdraws an invitation to the scope's partner, or to the one that the vendor looks at: its
/// link stops working at once.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::NotFound`] for one that was answered or withdrawn, or that
/// leads elsewhere.
pub fn withdraw<S: People>(
    tx: &mut Tx<'_, S>,
    looked_at: Option<PartnerId>,
    id: InvitationId,
) -> Result<()> {
    let invitation: Invitation = S::invitation(tx, id)?;
    tx.allow(permission(tx.scope()))?;
    if invitation.partner != tx.scope().partner_id().or(looked_at) {
        return Err(Error::NotFound);
    }
    if !may_grant(tx.scope(), invitation.role) {
        return Err(Error::Forbidden);
    }
    S::withdraw(tx, invitation.partner, &invitation.email)?;
    S::record(
        tx,
        &Event {
            action: Action::InvitationRevoked,
            subject: id.number(),
            partner: invitation.partner,
            summary: format!("The invitation of {} was withdrawn", invitation.email),
            changes: &[],
        },
    )
}

/// What the page behind an invitation's link needs to know.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Whom it invites, to where and as what.
    pub invitation: OpenInvitation,
    /// Whether they already have an account with a password, and so choose neither again.
    pub has_password: bool,
}

/// The invitation behind a token, while it can be accepted. Looking at it uses nothing up.
///
/// # Errors
/// [`Error::NotFound`].
pub fn look_at(lobby: &mut Lobby<'_>, token: &str) -> Result<Offer> {
    let invitation = lobby::invitation(lobby, &hash_of(token))?.ok_or(Error::NotFound)?;
    let person = lobby::person_by_email(lobby, &invitation.email)?;
    Ok(Offer {
        has_password: person.is_some_and(|person| person.password_hash.is_some()),
        invitation,
    })
}

/// Whether a token's invitation has been accepted: whoever follows its link again, or presses
/// twice, is led on instead of being told that there is nothing.
///
/// # Errors
/// Faults of the database.
pub fn was_accepted(lobby: &mut Lobby<'_>, token: &str) -> Result<bool> {
    lobby::invitation_is_accepted(lobby, &hash_of(token))
}

/// What someone says who accepts an invitation. Both are ignored for a person who already has a
/// password: the letter proves the address, not the account.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Their name as they write it.
    pub name: Name,
    /// The hash of the password they chose, made before the transaction.
    pub password_hash: Option<String>,
}

/// Lets someone in: uses the token up, makes the person if they are new, and gives them their
/// place. Of many who try with one token at once, one succeeds.
///
/// # Errors
/// [`Error::NotFound`] for a token that is spent, withdrawn, over or unknown, and
/// [`Error::Invalid`] on `password` where a new person gave none.
pub fn accept(lobby: &mut Lobby<'_>, token: &str, said: &Acceptance) -> Result<UserId> {
    let hash = hash_of(token);
    let invitation = lobby::invitation(lobby, &hash)?.ok_or(Error::NotFound)?;
    if !lobby::accept_invitation(lobby, &hash)? {
        return Err(Error::NotFound);
    }
    let role: Role = invitation.role.parse().map_err(Error::fault)?;
    let (user, name) = person(lobby, &invitation, said)?;
    let place = NewMembership {
        tenant: invitation.tenant,
        partner: invitation.partner,
        user,
        role,
        email: &invitation.email,
        name: &name,
    };
    match places::place(lobby, place.tenant, place.partner, user)? {
        None => lobby::add_membership(lobby, &place)?,
        Some(held) => places::give_back(lobby, held.id, &place)?,
    }
    places::note_acceptance(lobby, invitation.id, &place)?;
    Ok(user)
}

/// Who accepts: someone known, or someone new.
fn person(
    lobby: &mut Lobby<'_>,
    invitation: &OpenInvitation,
    said: &Acceptance,
) -> Result<(UserId, String)> {
    let known = lobby::person_by_email(lobby, &invitation.email)?;
    if let Some(known) = &known
        && known.password_hash.is_some()
    {
        return Ok((known.id, known.name.clone()));
    }
    let Some(hash) = &said.password_hash else {
        return Err(Error::on("password", "Choose a password."));
    };
    match known {
        Some(known) => {
            places::set_first_password(lobby, known.id, hash)?;
            Ok((known.id, known.name))
        }
        None => {
            let name = said.name.to_string();
            let hash = Some(hash.clone());
            Ok((
                lobby::add_person(lobby, &invitation.email, &name, hash)?,
                name,
            ))
        }
    }
}

/// Whether whoever asks may invite people at all, for the page that offers it.
pub fn may_invite<S: Scope>(tx: &Tx<'_, S>) -> bool {
    tx.allow(permission(tx.scope())).is_ok()
}
