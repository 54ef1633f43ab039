//! The people of a workspace: the same pages on the vendor's side and on a partner's.
use actix_session::Session;
use askama::Template;
use serde::Deserialize;

use super::{
    Answer, Shell, Site, filters,
    history::{self, HistoryRow},
    page::{ok, see_other_saying, unprocessable},
};
use crate::{
    Error, Result,
    domain::{Email, Name, Problems, Role, date_words},
    id::{InvitationId, MembershipId, PartnerId},
    services::account::{
        invitations::{self, Delivery, Invitee},
        people::{self, RoleChange},
    },
    store::{
        Scope, Store, Tx,
        account::{People, invitations::Invitation, people::Member},
    },
    web::form::{fresh_form_id, once},
};

/// Whose people, seen by whom.
pub struct Place<S> {
    /// As whom.
    pub scope: S,
    /// Where the pages are: `/meridian`, or `/meridian/partners/par_…`.
    pub base: String,
    /// Which partner's, when the vendor looks at them.
    pub partner: Option<PartnerId>,
    /// What stands above these pages: label and address, outermost first.
    pub crumbs: Vec<(String, String)>,
    /// Whether they are a vendor's people.
    pub is_vendor: bool,
    /// The frame.
    pub shell: Shell,
}

/// An invitation as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InviteForm {
    name: String,
    email: String,
    role: String,
    form_id: String,
}

/// A new role as chosen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleForm {
    role: String,
    was: String,
}

#[derive(Template)]
#[template(path = "people/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    answer: String,
    members: Vec<Member>,
    invitations: Vec<Invitation>,
    roles: Vec<(String, String)>,
    problems: Problems,
    typed: InviteForm,
    form_id: String,
}

#[derive(Template)]
#[template(path = "people/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    people_href: String,
    crumbs: Vec<(String, String)>,
    answer: String,
    since: String,
    member: Member,
    roles: Vec<(String, String)>,
    /// Whether this person's role may be touched by whoever asks.
    may_change: bool,
    role: String,
    problems: Problems,
    history: Vec<HistoryRow>,
}

/// The roles of one side that whoever asks may give, none of them chosen yet.
fn roles<S: Scope>(scope: &S, vendor: bool) -> Vec<(String, String)> {
    let nothing = (String::new(), "Choose a role".to_owned());
    let offered = Role::of_side(vendor).filter(|role| people::may_grant(scope, *role));
    let offered = offered.map(|role| (role.code().to_owned(), role.label().to_owned()));
    std::iter::once(nothing).chain(offered).collect()
}

/// Who belongs here, who is invited, and the form to invite someone.
///
/// # Errors
/// [`Error::Forbidden`] for those who may not manage people.
pub async fn index<S: People>(store: &Store, place: Place<S>) -> Answer {
    ok(&index_page(store, place, InviteForm::default(), Problems::default()).await?)
}

async fn index_page<S: People>(
    store: &Store,
    place: Place<S>,
    typed: InviteForm,
    problems: Problems,
) -> Result<IndexPage> {
    let partner = place.partner;
    let roles = roles(&place.scope, place.is_vendor);
    let (members, invitations) = store
        .read(place.scope, move |tx: &mut Tx<'_, S>| {
            if !invitations::may_invite(tx) {
                return Err(Error::Forbidden);
            }
            let of = tx.scope().partner_id().or(partner);
            Ok((S::members(tx, of)?, S::invitations(tx, of)?))
        })
        .await?;
    let count = members.len();
    Ok(IndexPage {
        shell: place.shell,
        base: place.base,
        crumbs: place.crumbs,
        answer: match count {
            0 => "Nobody belongs here yet.".to_owned(),
            1 => "One person belongs here.".to_owned(),
            count => format!("{count} people belong here."),
        },
        members,
        invitations,
        roles,
        problems,
        form_id: fresh_form_id()?,
        typed,
    })
}

/// Invites someone.
///
/// # Errors
/// As [`index`].
pub async fn invite<S: People>(
    (store, site, session): (&Store, &Site, &Session),
    place: Place<S>,
    typed: InviteForm,
) -> Answer {
    let (partner, to) = (place.partner, format!("{}/people", place.base));
    let invited = match read_invitee(&typed, partner) {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(invitee) => {
            let (key, domain) = (site.secret.clone(), site.mail_domain.clone());
            let (form_id, to) = (typed.form_id.clone(), to.clone());
            store
                .write(place.scope.clone(), move |tx: &mut Tx<'_, S>| {
                    let mut again = false;
                    let to = once(tx, &form_id, |tx| {
                        let delivery = Delivery::Mail { domain: &domain };
                        again = invitations::invite(tx, &key, &invitee, delivery)?.again;
                        Ok(to.clone())
                    })?;
                    Ok((to, again))
                })
                .await
        }
    };
    match invited {
        Ok((to, again)) => see_other_saying(session, &to, &invited_words(&typed.email, again)),
        Err(Error::Invalid(problems)) => {
            unprocessable(&index_page(store, place, typed, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

fn invited_words(email: &str, again: bool) -> String {
    match again {
        false => format!("{email} was invited."),
        true => format!("{email} was invited again. The link sent before no longer works."),
    }
}

fn read_invitee(typed: &InviteForm, partner: Option<PartnerId>) -> Result<Invitee, Problems> {
    let mut problems = Problems::default();
    let name = problems.check("name", typed.name.parse::<Name>());
    let email = problems.check("email", typed.email.parse::<Email>());
    let role = typed.role.parse().map_err(|_| "Choose a role.");
    let role: Option<Role> = problems.check("role", role);
    match (name, email, role) {
        (Some(name), Some(email), Some(role)) => Ok(Invitee {
            partner,
            email,
            name,
            role,
        }),
        _ => Err(problems),
    }
}

/// One person's place, with what can be done about it.
///
/// # Errors
/// Not found for somebody else's.
pub async fn show<S: People>(store: &Store, place: Place<S>, id: MembershipId) -> Answer {
    ok(&show_page(store, place, id, None).await?)
}

async fn show_page<S: People>(
    store: &Store,
    place: Place<S>,
    id: MembershipId,
    refused: Option<(String, Problems)>,
) -> Result<ShowPage> {
    let partner = place.partner;
    let roles = roles(&place.scope, place.is_vendor);
    let (member, history, may_change) = store
        .read(place.scope, move |tx: &mut Tx<'_, S>| {
            if !invitations::may_invite(tx) {
                return Err(Error::Forbidden);
            }
            let member = people::member_of(tx, partner, id)?;
            let may_change = people::may_grant(tx.scope(), member.role);
            Ok((member, S::history(tx, id.number())?, may_change))
        })
        .await?;
    let people_href = format!("{}/people", place.base);
    let mut crumbs = place.crumbs;
    crumbs.push(("People".to_owned(), people_href.clone()));
    let (role, problems) =
        refused.unwrap_or_else(|| (member.role.code().to_owned(), Problems::default()));
    Ok(ShowPage {
        base: place.base,
        crumbs,
        people_href,
        answer: format!("{} here.", member.role.label()),
        since: date_words(place.shell.zone.local_date(member.created_at)),
        member,
        roles,
        may_change,
        role,
        problems,
        history: history::rows(history, place.shell.zone),
        shell: place.shell,
    })
}

/// Gives someone another role.
///
/// # Errors
/// As [`show`].
pub async fn change_role<S: People>(
    (store, session): (&Store, &Session),
    place: Place<S>,
    id: MembershipId,
    typed: RoleForm,
) -> Answer {
    let change = (typed.was.parse::<Role>(), typed.role.parse::<Role>());
    let partner = place.partner;
    let changed = match change {
        (Ok(was), Ok(becomes)) => {
            store
                .write(place.scope.clone(), move |tx: &mut Tx<'_, S>| {
                    people::change_role(tx, (partner, id), RoleChange { was, becomes })
                })
                .await
        }
        _ => Err(Error::on("role", "Choose a role.")),
    };
    match changed {
        Ok(()) => see_other_saying(
            session,
            &format!("{}/people", place.base),
            "The role was changed.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&show_page(store, place, id, Some((typed.role, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// Takes someone's place away.
///
/// # Errors
/// As [`show`]; a conflict when nobody would be left in charge.
pub async fn remove<S: People>(
    (store, session): (&Store, &Session),
    place: Place<S>,
    id: MembershipId,
) -> Answer {
    let (partner, to) = (place.partner, format!("{}/people", place.base));
    store
        .write(place.scope, move |tx: &mut Tx<'_, S>| {
            people::remove(tx, partner, id)
        })
        .await?;
    see_other_saying(session, &to, "The person was removed.")
}

/// Withdraws an invitation.
///
/// # Errors
/// Not found for one that was answered.
pub async fn withdraw<S: People>(
    (store, session): (&Store, &Session),
    place: Place<S>,
    id: InvitationId,
) -> Answer {
    let (partner, to) = (place.partner, format!("{}/people", place.base));
    store
        .write(place.scope, move |tx: &mut Tx<'_, S>| {
            invitations::withdraw(tx, partner, id)
        })
        .await?;
    see_other_saying(session, &to, "The invitation was withdrawn.")
}
