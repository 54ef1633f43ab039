//! A person's own page.
use actix_session::Session;
use actix_web::{HttpRequest, web::Data};
use askama::Template;
use chrono::TimeDelta;
use serde::Deserialize;

use super::{
    super::{
        Answer, Failure,
        admission::{signed_in, signed_out},
        form::Typed,
        page::{css, ok, see_other, unprocessable},
    },
    reset::new_hash,
    sign_in::{begin_session, check},
};
use crate::{
    Error, Result,
    domain::{Problems, Zone},
    id::UserId,
    passwords,
    store::{
        Store,
        lobby::{self, Person, Workspace},
    },
};

/// The form as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordForm {
    current: String,
    password: String,
}

/// The zone as typed; empty for the vendor's.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZoneForm {
    time_zone: String,
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct ShowPage {
    css: &'static str,
    problems: Problems,
    zone_problems: Problems,
    time_zone: String,
    zones: Vec<(String, String)>,
    now: String,
    person: Person,
    workspaces: Vec<Workspace>,
}

fn whoever(request: &HttpRequest, store: &Store, session: &Session) -> Result<UserId, Failure> {
    signed_in(session, store, TimeDelta::days(7)).ok_or_else(|| signed_out(request))
}

async fn page(store: &Store, user: UserId, problems: Problems) -> Result<ShowPage> {
    let (person, workspaces, now) = store
        .lobby(move |lobby| {
            let person = lobby::person(lobby, user)?.ok_or(Error::NotFound)?;
            Ok((person, lobby::workspaces(lobby, user)?, lobby.now()))
        })
        .await?;
    let of_vendor = workspaces.first().map_or(Zone::UTC, |place| place.zone);
    let named = |name: &str| (name.to_owned(), String::new());
    Ok(ShowPage {
        css: css(),
        problems,
        zone_problems: Problems::default(),
        time_zone: person.time_zone.clone().unwrap_or_default(),
        zones: Zone::names().map(named).collect(),
        now: person.zone(of_vendor).instant_words(now),
        person,
        workspaces,
    })
}

/// Name, workspaces, password, sessions.
///
/// # Errors
/// To sign-in for nobody.
pub async fn show(request: HttpRequest, store: Data<Store>, session: Session) -> Answer {
    let user = whoever(&request, &store, &session)?;
    ok(&page(&store, user, Problems::default()).await?)
}

/// Sets the zone the person sees times in.
///
/// # Errors
/// To sign-in for nobody.
pub async fn change_time_zone(
    request: HttpRequest,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<ZoneForm>,
) -> Answer {
    let user = whoever(&request, &store, &session)?;
    let chosen = match typed.time_zone.trim() {
        "" => Ok(None),
        name => name.parse::<Zone>().map(Some),
    };
    match chosen {
        Ok(zone) => {
            store
                .lobby_write(move |lobby| lobby::set_time_zone(lobby, user, zone))
                .await?;
            see_other("/account")
        }
        Err(why) => {
            let found = page(&store, user, Problems::default()).await?;
            unprocessable(&ShowPage {
                zone_problems: Problems::with("time_zone", why.to_string()),
                time_zone: typed.time_zone,
                ..found
            })
        }
    }
}

/// Changes the password; every other session ends.
///
/// # Errors
/// To sign-in for nobody.
pub async fn change_password(
    request: HttpRequest,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<PasswordForm>,
) -> Answer {
    let user = whoever(&request, &store, &session)?;
    let found = page(&store, user, Problems::default()).await?;
    let mut problems = Problems::default();
    if let Err(why) = passwords::judge(&typed.password) {
        problems.add("password", why.to_string());
    }
    let stored = found.person.password_hash.clone();
    if typed.current.len() > passwords::LONGEST || !check(stored, typed.current).await? {
        problems.add("current", "This is not your password now.");
    }
    if !problems.is_empty() {
        return unprocessable(&ShowPage { problems, ..found });
    }
    let hash = new_hash(typed.password).await?;
    store
        .lobby_write(move |lobby| lobby::set_password(lobby, user, &hash))
        .await?;
    begin_session(&store, &session, user)?;
    see_other("/account")
}

/// Ends every session of the person.
///
/// # Errors
/// To sign-in for nobody.
pub async fn sign_out_everywhere(
    request: HttpRequest,
    store: Data<Store>,
    session: Session,
) -> Answer {
    let user = whoever(&request, &store, &session)?;
    store
        .lobby_write(move |lobby| lobby::end_sessions(lobby, user))
        .await?;
    session.purge();
    see_other("/sign-in")
}
