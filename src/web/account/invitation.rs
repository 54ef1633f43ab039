//! Accepting an invitation. Looking at the page uses nothing up, because mail scanners look first.
use actix_session::Session;
use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use super::{
    super::{
        Answer,
        form::Typed,
        page::{css, ok, see_other, unprocessable},
    },
    reset::new_hash,
    sign_in::begin_session,
};
use crate::{
    Error, Result,
    domain::{Name, Problems, Role},
    services::account::invitations::{self, Acceptance, Offer},
    store::{Store, lobby},
};

/// The form as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptForm {
    name: String,
    password: String,
}

#[derive(Template)]
#[template(path = "account/invitation.html")]
struct ShowPage {
    css: &'static str,
    problems: Problems,
    token: String,
    place: String,
    email: String,
    role: &'static str,
    has_password: bool,
    typed_name: String,
}

impl ShowPage {
    fn of(
        token: String,
        (offer, place): (Offer, String),
        typed: Option<AcceptForm>,
    ) -> Result<Self> {
        let role: Role = offer.invitation.role.parse().map_err(Error::fault)?;
        Ok(Self {
            css: css(),
            problems: Problems::default(),
            token,
            place,
            email: offer.invitation.email,
            role: role.label(),
            has_password: offer.has_password,
            typed_name: typed.map_or(offer.invitation.name, |typed| typed.name),
        })
    }
}

async fn look(store: &Store, token: &str) -> Result<(Offer, String)> {
    let token = token.to_owned();
    store
        .lobby(move |lobby| {
            let offer = invitations::look_at(lobby, &token)?;
            let place =
                lobby::place_name(lobby, offer.invitation.tenant, offer.invitation.partner)?;
            Ok((offer, place))
        })
        .await
}

/// What one is invited to.
///
/// # Errors
/// Not found for a link that was withdrawn, is over or never was. One that was used leads home.
pub async fn show(store: Data<Store>, token: Path<String>) -> Answer {
    let token = token.into_inner();
    let found = match look(&store, &token).await {
        Ok(found) => found,
        Err(error) => return led_on(&store, token, error).await,
    };
    let mut response = ok(&ShowPage::of(token, found, None)?)?;
    no_referrer(&mut response);
    Ok(response)
}

/// Where a link leads that was used: home, or to the sign-in before it.
async fn led_on(store: &Store, token: String, error: Error) -> Answer {
    let used = match error {
        Error::NotFound => {
            store
                .lobby(move |lobby| invitations::was_accepted(lobby, &token))
                .await?
        }
        _ => false,
    };
    match used {
        true => see_other("/"),
        false => Err(error.into()),
    }
}

/// A page whose address is a secret must not tell it to the next.
pub fn no_referrer(response: &mut HttpResponse) {
    let value = header::HeaderValue::from_static("no-referrer");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, value);
}

/// Joins. Someone new is signed in; someone known signs in as always.
///
/// # Errors
/// As [`show`].
pub async fn accept(
    (store, session): (Data<Store>, Session),
    token: Path<String>,
    Typed(typed): Typed<AcceptForm>,
) -> Answer {
    let token = token.into_inner();
    let found = match look(&store, &token).await {
        Ok(found) => found,
        Err(error) => return led_on(&store, token, error).await,
    };
    let new = !found.0.has_password;
    match join(&store, &token, new, &typed).await {
        Ok(user) if new => {
            begin_session(&store, &session, user)?;
            see_other("/")
        }
        Ok(_) => see_other("/sign-in"),
        Err(Error::Invalid(problems)) => {
            let mut page = ShowPage::of(token, found, Some(typed))?;
            page.problems = problems;
            unprocessable(&page)
        }
        Err(other) => led_on(&store, token, other).await,
    }
}

async fn join(
    store: &Store,
    token: &str,
    new: bool,
    typed: &AcceptForm,
) -> Result<crate::id::UserId> {
    let mut problems = Problems::default();
    let known = "member".parse::<Name>();
    let name = if new {
        problems.check("name", typed.name.parse::<Name>())
    } else {
        known.ok()
    };
    if new && let Err(why) = crate::passwords::judge(&typed.password) {
        problems.add("password", why.to_string());
    }
    let Some(name) = name.filter(|_| problems.is_empty()) else {
        return Err(Error::Invalid(problems));
    };
    let password_hash = match new {
        true => Some(new_hash(typed.password.clone()).await?),
        false => None,
    };
    let said = Acceptance {
        name,
        password_hash,
    };
    let token = token.to_owned();
    store
        .lobby_write(move |lobby| {
            let user = invitations::accept(lobby, &token, &said)?;
            if new {
                lobby::note_sign_in(lobby, user)?;
            }
            Ok(user)
        })
        .await
}
