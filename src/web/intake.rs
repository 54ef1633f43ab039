//! The door for a vendor's own programs: usage, a JSON object on each line, with a token.
use std::{collections::HashMap, sync::Mutex};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Payload},
};
use chrono::NaiveDateTime;
use futures_util::StreamExt;
use serde::Serialize;

use crate::{
    Error,
    id::AccessTokenId,
    secrets::hash_of,
    services::revenue::usage::{self, Taken},
    store::{Store, VendorScope, lobby},
};

/// The largest request, in bytes.
const LARGEST: usize = 1024 * 1024;
/// Requests a minute with one token.
const A_MINUTE: u32 = 120;

/// How many requests each token has made in the minute that runs.
#[derive(Debug, Default)]
pub struct Pace(Mutex<HashMap<AccessTokenId, (i64, u32)>>);

impl Pace {
    /// Whether a token may ask once more at an instant.
    fn allows(&self, token: AccessTokenId, at: NaiveDateTime) -> bool {
        let minute = at.and_utc().timestamp().div_euclid(60);
        let Ok(mut asked) = self.0.lock() else {
            return true;
        };
        // What is kept is no more than the tokens of one minute.
        asked.retain(|_, (known, _)| *known == minute);
        let (_, count) = asked.entry(token).or_insert((minute, 0));
        *count = count.saturating_add(1);
        *count <= A_MINUTE
    }
}

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
}

fn refuse(status: StatusCode, error: &'static str) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    match status {
        StatusCode::UNAUTHORIZED => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
        StatusCode::TOO_MANY_REQUESTS => response.insert_header((header::RETRY_AFTER, "60")),
        StatusCode::SERVICE_UNAVAILABLE => response.insert_header((header::RETRY_AFTER, "5")),
        _ => &mut response,
    };
    response.json(Refusal { error })
}

/// Takes the events of a request: all of them, or none and what is wrong on which line.
pub async fn take(
    request: HttpRequest,
    (store, pace): (Data<Store>, Data<Pace>),
    body: Payload,
) -> HttpResponse {
    match taken(&request, (&store, &pace), body).await {
        Ok(taken @ Taken::Whole { .. }) => HttpResponse::Ok().json(taken),
        Ok(taken @ Taken::Refused { .. }) => HttpResponse::UnprocessableEntity().json(taken),
        Err(refusal) => refusal,
    }
}

async fn taken(
    request: &HttpRequest,
    (store, pace): (&Store, &Pace),
    body: Payload,
) -> Result<Taken, HttpResponse> {
    let scope = admit(request, (store, pace)).await?;
    let text = read(body).await?;
    let taken = store.write(scope, move |tx| usage::take(tx, &text)).await;
    taken.map_err(|error| failed(&error))
}

fn failed(error: &Error) -> HttpResponse {
    match error {
        Error::Busy => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too busy. Nothing was taken.",
        ),
        Error::Conflict(_) => refuse(
            StatusCode::CONFLICT,
            "Another request reports the same events. Nothing was taken.",
        ),
        error => {
            tracing::error!(cause = format!("{error:#}"), "fault");
            let why = "Something failed here. Nothing was taken.";
            refuse(StatusCode::INTERNAL_SERVER_ERROR, why)
        }
    }
}

async fn admit(
    request: &HttpRequest,
    (store, pace): (&Store, &Pace),
) -> Result<VendorScope, HttpResponse> {
    let said = request.headers().get(header::AUTHORIZATION);
    let said = said.and_then(|said| said.to_str().ok());
    let token = said.and_then(|said| said.strip_prefix("Bearer "));
    let unknown = || refuse(StatusCode::UNAUTHORIZED, "Give a token that is in force.");
    let hash = hash_of(token.ok_or_else(unknown)?);
    let found = store
        .lobby(move |lobby| Ok((lobby::program(lobby, &hash)?, lobby.now())))
        .await;
    let (program, now) = found.map_err(|error| failed(&error))?;
    let (token, scope) = program.ok_or_else(unknown)?;
    match pace.allows(token, now) {
        true => Ok(scope),
        false => Err(refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "This token has asked too often. Wait a minute.",
        )),
    }
}

async fn read(mut body: Payload) -> Result<String, HttpResponse> {
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| refuse(StatusCode::BAD_REQUEST, "The request broke off."))?;
        if bytes.len() + part.len() > LARGEST {
            let why = "A request holds at most one mebibyte.";
            return Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, why));
        }
        bytes.extend_from_slice(&part);
    }
    String::from_utf8(bytes).map_err(|_| refuse(StatusCode::BAD_REQUEST, "This is no UTF-8 text."))
}
