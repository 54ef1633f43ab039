//! Choosing a new password after the old one was forgotten.
use actix_web::{
    HttpRequest,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use super::{
    super::{
        Answer, Failure, Site,
        form::Typed,
        page::{css, ok, see_other, unprocessable},
    },
    invitation::no_referrer,
};
use crate::{
    Error, Result,
    domain::{Email, Problems},
    passwords,
    services::account::passwords as resets,
    store::Store,
};

/// Who forgot.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AskForm {
    email: String,
}

/// The new password.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPasswordForm {
    password: String,
}

#[derive(Template)]
#[template(path = "account/reset.html")]
struct AskPage {
    css: &'static str,
    problems: Problems,
    email: String,
    asked: bool,
}

#[derive(Template)]
#[template(path = "account/new_password.html")]
struct NewPasswordPage {
    css: &'static str,
    problems: Problems,
    token: String,
}

/// Asks for the address.
///
/// # Errors
/// Faults.
pub async fn new() -> Answer {
    ok(&AskPage {
        css: css(),
        problems: Problems::default(),
        email: String::new(),
        asked: false,
    })
}

/// Sends the link, if anyone has the address; the answer is the same either way.
///
/// # Errors
/// [`Failure::TooManyTries`] of one network; faults.
pub async fn create(
    request: HttpRequest,
    (store, site): (Data<Store>, Data<Site>),
    Typed(typed): Typed<AskForm>,
) -> Answer {
    let email = match typed.email.parse::<Email>() {
        Ok(email) => email,
        Err(why) => {
            return unprocessable(&AskPage {
                css: css(),
                problems: Problems::with("email", why.to_string()),
                email: typed.email,
                asked: false,
            });
        }
    };
    let (key, domain) = (site.secret.clone(), site.mail_domain.clone());
    let network = site.trusted_proxies.network(&request);
    let may_ask = store
        .lobby_write(move |lobby| {
            let may_ask = resets::may_ask(lobby, &network)?;
            if may_ask {
                resets::request_reset(lobby, &key, &email, &domain)?;
            }
            Ok(may_ask)
        })
        .await?;
    if !may_ask {
        return Err(Failure::TooManyTries);
    }
    ok(&AskPage {
        css: css(),
        problems: Problems::default(),
        email: String::new(),
        asked: true,
    })
}

/// The form behind the link.
///
/// # Errors
/// Not found for a link that was used or is over.
pub async fn edit(store: Data<Store>, token: Path<String>) -> Answer {
    let token = token.into_inner();
    let asked = token.clone();
    store
        .lobby(move |lobby| resets::look_at(lobby, &asked))
        .await?;
    let mut response = ok(&NewPasswordPage {
        css: css(),
        problems: Problems::default(),
        token,
    })?;
    no_referrer(&mut response);
    Ok(response)
}

/// Sets the password; every session ends and the person signs in anew.
///
/// # Errors
/// As [`edit`].
pub async fn update(
    store: Data<Store>,
    token: Path<String>,
    Typed(typed): Typed<NewPasswordForm>,
) -> Answer {
    let token = token.into_inner();
    if let Err(why) = passwords::judge(&typed.password) {
        return unprocessable(&NewPasswordPage {
            css: css(),
            problems: Problems::with("password", why.to_string()),
            token,
        });
    }
    let asked = token.clone();
    // Before the hash, which is slow: a made-up link takes no turn from those who sign in.
    store
        .lobby(move |lobby| resets::look_at(lobby, &asked))
        .await?;
    let hash = new_hash(typed.password).await?;
    store
        .lobby_write(move |lobby| resets::reset(lobby, &token, &hash))
        .await?;
    see_other("/sign-in")
}

/// Hashes a password that was judged, in its turn and off the request threads.
///
/// # Errors
/// [`Error::Busy`] when the turn does not come.
pub async fn new_hash(password: String) -> Result<String> {
    super::sign_in::in_turn(move || passwords::hash(&password))
        .await?
        .map_err(|e| Error::fault(format!("argon2: {e}")))
}
