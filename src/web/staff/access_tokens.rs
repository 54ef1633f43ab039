//! Access tokens: what lets the vendor's own programs report usage.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;
use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{Name, Problems},
    id::AccessTokenId,
    secrets::random_token,
    services::{
        account::access_tokens::{self as service, PREFIX},
        revenue::usage::MOST_LINES,
    },
    store::Store,
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{Site, ok, see_other, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/access-tokens")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/access-tokens/{access_token}/revocation").route(post().to(revoke)));
}

/// The form as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TokenForm {
    name: String,
    form_id: String,
}

struct TokenRow {
    id: AccessTokenId,
    name: String,
    maker: String,
    made: NaiveDateTime,
    revoked: Option<NaiveDateTime>,
}

#[derive(Template)]
#[template(path = "staff/access_tokens/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    address: String,
    most_lines: usize,
    /// Shown on this page and on no other.
    token: String,
    rows: Vec<TokenRow>,
    problems: Problems,
    typed: TokenForm,
    form_id: String,
}

async fn page(staff: &Staff, store: &Store, site: &Site) -> Result<IndexPage> {
    let tokens = store.read(staff.scope.clone(), service::all).await?;
    let row = |token: crate::store::account::access_tokens::AccessToken| TokenRow {
        id: token.id,
        name: token.name,
        maker: token.created_by,
        made: token.created_at,
        revoked: token.revoked_at,
    };
    Ok(IndexPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        address: format!("{}/api/usage", site.public_url),
        most_lines: MOST_LINES,
        token: String::new(),
        rows: tokens.into_iter().map(row).collect(),
        problems: Problems::default(),
        typed: TokenForm::default(),
        form_id: fresh_form_id()?,
    })
}

async fn index(staff: Staff, (store, site): (Data<Store>, Data<Site>)) -> Answer {
    ok(&page(&staff, &store, &site).await?)
}

async fn create(
    staff: Staff,
    (store, site): (Data<Store>, Data<Site>),
    Typed(typed): Typed<TokenForm>,
) -> Answer {
    let name = match typed.name.parse::<Name>() {
        Ok(name) => name,
        Err(why) => {
            let problems = Problems::with("name", why.to_string());
            return again((&staff, &store, &site), typed, problems).await;
        }
    };
    let token = format!("{PREFIX}{}", random_token()?);
    let (form_id, made) = (typed.form_id.clone(), token.clone());
    let to = format!("{}/access-tokens", staff.base);
    let led_to = store
        .write(staff.scope.clone(), move |tx| {
            let mut is_new = false;
            let to = once(tx, &form_id, |tx| {
                is_new = true;
                service::create(tx, &name, &made)?;
                Ok(to.clone())
            })?;
            Ok((to, is_new))
        })
        .await;
    match led_to {
        Err(Error::Invalid(problems)) => again((&staff, &store, &site), typed, problems).await,
        Err(other) => Err(other.into()),
        Ok((to, false)) => see_other(&to),
        Ok((_, true)) => ok(&IndexPage {
            token,
            ..page(&staff, &store, &site).await?
        }),
    }
}

/// The form again, with why, under a new id.
async fn again(
    (staff, store, site): (&Staff, &Store, &Site),
    typed: TokenForm,
    problems: Problems,
) -> Answer {
    unprocessable(&IndexPage {
        problems,
        typed,
        ..page(staff, store, site).await?
    })
}

async fn revoke(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String)>,
) -> Answer {
    let id: AccessTokenId = parts.1.parse().map_err(|_| Error::NotFound)?;
    store
        .write(staff.scope.clone(), move |tx| service::revoke(tx, id))
        .await?;
    let to = format!("{}/access-tokens", staff.base);
    see_other_saying(&session, &to, "The token was revoked.")
}
