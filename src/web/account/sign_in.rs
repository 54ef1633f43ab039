//! Sign-in and sign-out.
use std::{sync::LazyLock, time::Duration};

use actix_session::Session;
use actix_web::{
    HttpRequest,
    web::{Data, Query},
};
use askama::Template;
use chrono::TimeDelta;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::super::{
    Answer, Failure, Site,
    admission::{signed_in, signed_out},
    form::Typed,
    page::{css, ok, see_other, unprocessable},
    sessions::{SINCE, USER},
};
use crate::{
    Error, Result,
    domain::{Email, Problems},
    passwords, secrets,
    startup::Persona,
    store::{
        Store,
        lobby::{self, Person, Workspace},
    },
};

/// Where to go after sign-in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    next: String,
}

/// The form as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInForm {
    email: String,
    password: String,
    next: String,
}

#[derive(Template)]
#[template(path = "account/sign_in.html")]
struct NewPage<'a> {
    css: &'static str,
    problems: Problems,
    email: String,
    next: String,
    personas: &'a [Persona],
}

#[derive(Template)]
#[template(path = "account/workspaces.html")]
struct WorkspacesPage {
    css: &'static str,
    workspaces: Vec<Workspace>,
}

/// The form.
///
/// # Errors
/// Faults.
pub async fn new(site: Data<Site>, wanted: Query<Wanted>) -> Answer {
    ok(&NewPage {
        css: css(),
        problems: Problems::default(),
        email: String::new(),
        next: wanted.into_inner().next,
        personas: &site.personas,
    })
}

/// As many passwords are checked at once as there are cores to check them: each takes 19 MiB and
/// some 20 ms, and a flood of them must not starve the pages.
static CHECKS: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new(cores)
});
const PATIENCE: Duration = Duration::from_secs(2);

/// Checks a password off the request threads and outside any transaction; waits two seconds at
/// most for its turn.
///
/// # Errors
/// [`Error::Busy`] when the turn does not come.
pub async fn check(stored: Option<String>, password: String) -> Result<bool> {
    in_turn(move || match stored {
        Some(stored) => passwords::verify(&password, &stored),
        None => passwords::verify_nobody(&password),
    })
    .await
}

/// Does slow work on a password when its turn comes.
///
/// # Errors
/// [`Error::Busy`] when the turn does not come.
pub async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let turn = tokio::time::timeout(PATIENCE, CHECKS.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Error::Busy);
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::fault)
}

const FREE_TRIES: i32 = 10;
const FREE_TRIES_OF_A_NETWORK: i32 = 50;

/// Signs in. A wrong address and a wrong password are answered alike and take as long.
///
/// # Errors
/// [`Failure::TooManyTries`] while sign-in is put off; faults.
pub async fn create(
    request: HttpRequest,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    Typed(typed): Typed<SignInForm>,
) -> Answer {
    let email = typed.email.parse::<Email>().map_or_else(
        |_| typed.email.trim().to_lowercase(),
        |email| email.as_str().to_owned(),
    );
    // Hashed, because anything may have been typed and a key has a longest length.
    let subject = format!("email:{}", secrets::sha256_hex(email.as_bytes()));
    let subjects = [
        subject,
        format!("net:{}", site.trusted_proxies.network(&request)),
    ];
    let (asked, person) = (subjects.clone(), {
        let email = email.clone();
        move |lobby: &mut lobby::Lobby<'_>| lobby::person_by_email(lobby, &email)
    });
    let found: Option<Option<Person>> = store
        .lobby(move |lobby| {
            for subject in &asked {
                if lobby::blocked_until(lobby, subject)?.is_some() {
                    return Ok(None);
                }
            }
            person(lobby).map(Some)
        })
        .await?;
    let person = found.ok_or(Failure::TooManyTries)?;
    let hash = person.as_ref().and_then(|p| p.password_hash.clone());
    let fits = typed.password.len() <= passwords::LONGEST && check(hash, typed.password).await?;
    let Some(person) = person.filter(|_| fits) else {
        store
            .lobby_write(move |lobby| {
                lobby::note_failure(lobby, &subjects[0], FREE_TRIES)?;
                lobby::note_failure(lobby, &subjects[1], FREE_TRIES_OF_A_NETWORK)
            })
            .await?;
        tracing::info!(event = "auth.login.fail", "sign-in refused");
        return unprocessable(&NewPage {
            css: css(),
            problems: Problems::with("email", "no account has this address and password"),
            email: typed.email,
            next: typed.next,
            personas: &site.personas,
        });
    };
    enter(&store, &session, &person, subjects[0].clone()).await?;
    see_other(next_page(&typed.next))
}

async fn enter(store: &Store, session: &Session, person: &Person, subject: String) -> Result<()> {
    let user = person.id;
    store
        .lobby_write(move |lobby| {
            lobby::clear_failures(lobby, &subject)?;
            lobby::note_sign_in(lobby, user)
        })
        .await?;
    begin_session(store, session, user)
}

/// Gives a session a new token and its person.
///
/// # Errors
/// When the session cannot hold them.
pub fn begin_session(store: &Store, session: &Session, user: crate::id::UserId) -> Result<()> {
    session.renew();
    let since = store.now().and_utc().timestamp();
    session.insert(USER, user.number()).map_err(Error::fault)?;
    session.insert(SINCE, since).map_err(Error::fault)
}

/// A path on this site, or the start page: never another site.
pub fn next_page(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 512
        && !next.contains(['\\', '\r', '\n', '\0', '\t'])
        && !next.starts_with("/sign-");
    if ours { next } else { "/" }
}

/// Ends the session.
///
/// # Errors
/// Never.
pub async fn destroy(session: Session) -> Answer {
    session.purge();
    see_other("/sign-in")
}

/// The person's workspaces; with only one, straight there.
///
/// # Errors
/// To sign-in for nobody.
pub async fn workspaces(request: HttpRequest, store: Data<Store>, session: Session) -> Answer {
    let user =
        signed_in(&session, &store, TimeDelta::days(7)).ok_or_else(|| signed_out(&request))?;
    let workspaces = store
        .lobby(move |lobby| lobby::workspaces(lobby, user))
        .await?;
    if let [only] = workspaces.as_slice() {
        return see_other(&only.href());
    }
    ok(&WorkspacesPage {
        css: css(),
        workspaces,
    })
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn the_next_page_is_always_on_this_site() {
        assert_eq!(
            next_page("/meridian/partners?q=a"),
            "/meridian/partners?q=a"
        );
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/a\r\nb",
            "x",
        ] {
            assert_eq!(next_page(elsewhere), "/", "{elsewhere}");
        }
    }
}
