//! An error as a visitor meets it: a page with the right status, a plain sentence, and the id that
//! finds the cause in the log.
use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use askama::Template;

use super::assets;
use crate::Error;

/// What a handler can fail with.
#[derive(Debug)]
pub enum Failure {
    /// One of the application's six answers.
    Plain(Error),
    /// Nobody is signed in, and the page needs somebody.
    SignedOut {
        /// Where the visitor wanted to go.
        wanted: String,
        /// Whether a redirect to sign-in is an answer (it is to GET).
        redirect: bool,
    },
    /// Another site made the browser send this.
    CrossSite,
    /// A request no page of ours makes.
    BadRequest,
    /// More than is taken.
    TooLarge,
    /// What is tried too often is put off for a while.
    TooManyTries,
}

/// What the outermost ring needs to make an error page.
#[derive(Clone)]
pub struct Told {
    title: String,
    message: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    css: &'static str,
    status: u16,
    title: &'a str,
    message: &'a str,
    request_id: &'a str,
    back_href: &'a str,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Plain(error.into())
    }
}

fn wait(response: &mut HttpResponse, seconds: &'static str) {
    let seconds = HeaderValue::from_static(seconds);
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.told().message)
    }
}

impl Failure {
    fn told(&self) -> Told {
        let (title, message): (&str, String) = match self {
            Self::Plain(Error::NotFound) => (
                "Not found",
                "There is no such page, or it is not one you may see.".into(),
            ),
            Self::Plain(Error::Forbidden) => (
                "Not allowed",
                "Your role does not include this. Ask an owner or admin of your workspace.".into(),
            ),
            Self::Plain(Error::Invalid(problems)) => (
                "This cannot be used",
                problems
                    .sentences()
                    .map(|(_, why)| why)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
            Self::Plain(Error::Conflict(why)) => ("This cannot be done now", why.clone()),
            Self::Plain(Error::Busy) => (
                "Too busy",
                "Too many people are asking at once. Nothing was changed. Try again in a moment."
                    .into(),
            ),
            Self::Plain(Error::Unexpected(_)) => (
                "Something failed here",
                "The fault is ours and is in the log. Nothing was half-done.".into(),
            ),
            Self::SignedOut { .. } => ("Sign in", "Sign in to see this page.".into()),
            Self::CrossSite => (
                "Refused",
                "This request came from another site. Go to the page here and try again.".into(),
            ),
            Self::BadRequest => (
                "Not understood",
                "No page here sends such a request. Go back and try again.".into(),
            ),
            Self::TooLarge => (
                "Too large",
                "This is more than can be taken at once.".into(),
            ),
            Self::TooManyTries => (
                "Wait a moment",
                "That was tried too often. Wait a minute and try again.".into(),
            ),
        };
        Told {
            title: title.to_owned(),
            message,
        }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Plain(Error::NotFound) => StatusCode::NOT_FOUND,
            Self::Plain(Error::Forbidden) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Plain(Error::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Plain(Error::Conflict(_)) => StatusCode::CONFLICT,
            Self::Plain(Error::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Plain(Error::Unexpected(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::SignedOut { redirect: true, .. } => StatusCode::SEE_OTHER,
            Self::SignedOut { .. } => StatusCode::UNAUTHORIZED,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Plain(Error::Unexpected(cause)) = self {
            tracing::error!(cause = format!("{cause:#}"), "fault");
        }
        let mut response = HttpResponse::new(self.status_code());
        match self {
            Self::SignedOut {
                wanted,
                redirect: true,
            } => {
                let to = format!("/sign-in?{}", super::page::query(&[("next", wanted)]));
                if let Ok(to) = HeaderValue::from_str(&to) {
                    response.headers_mut().insert(header::LOCATION, to);
                }
                return response;
            }
            Self::Plain(Error::Busy) => wait(&mut response, "5"),
            Self::TooManyTries => wait(&mut response, "60"),
            _ => {}
        }
        response.extensions_mut().insert(self.told());
        response
    }
}

/// What is to be told of a response that is an error and has no page of its own: of our failures
/// what they say, of the framework's what their status means, never their own words.
pub fn told(response: &HttpResponse) -> Option<Told> {
    if let Some(told) = response.extensions().get::<Told>() {
        return Some(told.clone());
    }
    let status = response.status();
    let bare = !response.headers().contains_key(header::CONTENT_TYPE);
    let failed = status.is_client_error() || status.is_server_error();
    (failed && (bare || response.error().is_some())).then(|| by_status(status))
}

fn by_status(status: StatusCode) -> Told {
    let failure = match status {
        StatusCode::NOT_FOUND => Failure::Plain(Error::NotFound),
        StatusCode::FORBIDDEN => Failure::Plain(Error::Forbidden),
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        StatusCode::SERVICE_UNAVAILABLE => Failure::Plain(Error::Busy),
        status if status.is_server_error() => Failure::Plain(Error::fault("the framework's")),
        _ => Failure::BadRequest,
    };
    failure.told()
}

/// Gives an error response its page, with the request's id and the page that "Go back" leads to.
pub fn dress(
    response: HttpResponse,
    told: &Told,
    (request_id, back): (&str, &str),
) -> HttpResponse {
    let page = ErrorPage {
        css: assets::css(),
        status: response.status().as_u16(),
        title: &told.title,
        message: &told.message,
        request_id,
        back_href: back,
    };
    let body = page.render().unwrap_or_else(|_| told.message.clone());
    let mut response = response.set_body(BoxBody::new(body));
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}
