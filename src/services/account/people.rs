//! What is done with people who already belong to a workspace.
use crate::{
    Error, Result,
    domain::{Action, Permission, Role, audit::diff},
    id::{MembershipId, PartnerId},
    services::stale,
    store::{
        Scope, Tx,
        account::{People, people::Member},
        platform::Event,
    },
};

/// The permission it takes to manage people: a partner's own, or anyone's from the vendor's side.
pub fn permission<S: Scope>(scope: &S) -> Permission {
    match scope.partner_id() {
        Some(_) => Permission::PartnerManagePeople,
        None => Permission::ManagePeople,
    }
}

/// Whether whoever asks may hand out this role, and take it away.
pub fn may_grant<S: Scope>(scope: &S, role: Role) -> bool {
    scope.actor().role.is_none_or(|own| own.may_grant(role))
}

/// Refuses to let someone hand out more than they may.
///
/// # Errors
/// [`Error::Invalid`] on `role`.
pub(super) fn grants<S: Scope>(scope: &S, role: Role) -> Result<()> {
    match may_grant(scope, role) {
        true => Ok(()),
        false => Err(Error::on("role", "Only an owner gives this role.")),
    }
}

/// Someone who belongs here: to the partner of the scope, or to the one that the vendor looks at.
///
/// # Errors
/// [`Error::NotFound`] for people of another place.
pub fn member_of<S: People>(
    tx: &mut Tx<'_, S>,
    looked_at: Option<PartnerId>,
    id: MembershipId,
) -> Result<Member> {
    let member = S::member(tx, id)?;
    let place = tx.scope().partner_id().or(looked_at);
    match member.partner == place {
        true => Ok(member),
        false => Err(Error::NotFound),
    }
}

/// A role somebody is to have, and the one they had when it was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleChange {
    /// The role the page showed.
    pub was: Role,
    /// The new one.
    pub becomes: Role,
}

/// Gives someone another role on the same side.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `role`, and
/// [`Error::Conflict`] when the role was changed meanwhile or nobody would be left in charge.
pub fn change_role<S: People>(
    tx: &mut Tx<'_, S>,
    (looked_at, id): (Option<PartnerId>, MembershipId),
    change: RoleChange,
) -> Result<()> {
    let member = member_of(tx, looked_at, id)?;
    tx.allow(permission(tx.scope()))?;
    if !may_grant(tx.scope(), member.role) {
        return Err(Error::Forbidden);
    }
    grants(tx.scope(), change.becomes)?;
    if change.becomes.is_vendor() == member.partner.is_some() {
        return Err(Error::on("role", "Choose a role of this side."));
    }
    if member.role != change.was {
        return Err(stale("person"));
    }
    if member.role == change.becomes {
        return Ok(());
    }
    keep_someone_in_charge(tx, &member)?;
    S::set_role(tx, id, change.becomes)?;
    let changes = diff(&[("role", member.role.label(), change.becomes.label())]);
    S::record(
        tx,
        &Event {
            action: Action::PersonChanged,
            subject: id.number(),
            partner: member.partner,
            summary: format!("{} is now {}", member.email, change.becomes.label()),
            changes: &changes,
        },
    )
}

/// Takes someone's place away; they may no longer open a page of it. Their history stays.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when nobody would be left
/// in charge.
pub fn remove<S: People>(
    tx: &mut Tx<'_, S>,
    looked_at: Option<PartnerId>,
    id: MembershipId,
) -> Result<()> {
    let member = member_of(tx, looked_at, id)?;
    tx.allow(permission(tx.scope()))?;
    if !may_grant(tx.scope(), member.role) {
        return Err(Error::Forbidden);
    }
    keep_someone_in_charge(tx, &member)?;
    S::revoke(tx, id)?;
    S::withdraw(tx, member.partner, &member.email)?;
    S::record(
        tx,
        &Event {
            action: Action::PersonRemoved,
            subject: id.number(),
            partner: member.partner,
            summary: format!("{} was removed", member.email),
            changes: &diff(&[("role", member.role.label(), "")]),
        },
    )
}

/// A vendor always has an owner, and a partner's own people never leave it without an admin. The
/// vendor may take away a partner's last admin: it can invite another.
fn keep_someone_in_charge<S: People>(tx: &mut Tx<'_, S>, leaving: &Member) -> Result<()> {
    let is_own_side = leaving.partner == tx.scope().partner_id();
    if !is_own_side || !matches!(leaving.role, Role::Owner | Role::PartnerAdmin) {
        return Ok(());
    }
    let members = S::members(tx, leaving.partner)?;
    let is_left = |member: &Member| member.id != leaving.id && member.role == leaving.role;
    match members.iter().any(is_left) {
        true => Ok(()),
        false => Err(Error::conflict(format!(
            "{} is the only {} here. Give someone else that role first.",
            leaving.name,
            leaving.role.label().to_lowercase()
        ))),
    }
}
