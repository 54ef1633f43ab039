//! The outermost ring: request ids, security headers, faults and panics turned into pages, and one
//! log line per request.
use std::{panic::AssertUnwindSafe, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, Uri,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;

use super::{
    failure::{self, Failure},
    page::Site,
};
use crate::secrets;

/// The id of a request, in its log line, in its response and on an error page.
#[derive(Clone)]
pub struct RequestId(pub String);

/// No handler may take longer; uploads of the largest import file fit.
const LIMIT: Duration = Duration::from_secs(120);

/// See the module.
///
/// # Errors
/// None that is not a whole response: what fails before a handler is reached has no
/// [`ServiceResponse`], so its page travels as an error that holds it.
pub async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let edge = Edge::of(&mut request);
    request.extensions_mut().insert(edge.id.clone());
    // The router takes the request apart, so no clone of it may be kept while it is answered.
    let answer = match refuse(&request) {
        Some(failure) => Err(failure.into()),
        None => answer(request, next).await,
    };
    match answer {
        Ok(response) => {
            let pattern = response.request().match_pattern().unwrap_or_default();
            let (request, response) = response.into_parts();
            Ok(ServiceResponse::new(request, edge.seal(response, &pattern)))
        }
        Err(error) => {
            let response = edge.seal(error.error_response(), "");
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// What has to be known of a request once it is gone.
struct Edge {
    id: RequestId,
    begun: std::time::Instant,
    method: Method,
    private: bool,
    https: bool,
    back: String,
}

impl Edge {
    /// A HEAD is answered as its GET would be, without the body.
    fn of(request: &mut ServiceRequest) -> Self {
        let token = secrets::random_token().unwrap_or_default();
        let method = request.method().clone();
        if method == Method::HEAD {
            request.head_mut().method = Method::GET;
        }
        let site = request.app_data::<actix_web::web::Data<Site>>();
        Self {
            id: RequestId(
                token
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(12)
                    .collect(),
            ),
            begun: std::time::Instant::now(),
            private: !request.path().starts_with("/static/"),
            https: site.is_some_and(|site| site.https()),
            back: came_from(request).unwrap_or_else(|| "/".to_owned()),
            method,
        }
    }

    /// Gives a response its headers, an error its page, and the request its line in the log.
    fn seal(&self, response: HttpResponse, pattern: &str) -> HttpResponse {
        let mut response = match failure::told(&response) {
            Some(told) => failure::dress(response, &told, (&self.id.0, &self.back)),
            None => response,
        };
        headers(response.headers_mut(), self.private, self.https, &self.id.0);
        tracing::info!(
            request = self.id.0,
            method = %self.method,
            route = pattern,
            status = response.status().as_u16(),
            ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request"
        );
        match self.method {
            Method::HEAD => response.map_body(|_, _| BoxBody::new(())),
            _ => response,
        }
    }
}

/// The page of ours that a request was sent from, as a path; none where that was the page asked for.
fn came_from(request: &ServiceRequest) -> Option<String> {
    let said = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let referer: Uri = said(header::REFERER)?.parse().ok()?;
    let host = referer.authority()?.as_str();
    let site = request.app_data::<actix_web::web::Data<Site>>();
    let public = site.and_then(|site| site.public_url.parse::<Uri>().ok());
    let is_public = public.is_some_and(|public| public.authority() == referer.authority());
    if said(header::HOST) != Some(host) && !is_public {
        return None;
    }
    let path = referer.path_and_query()?.as_str();
    // A second leading slash would lead to another site.
    let is_ours = path.starts_with('/') && !path.starts_with("//");
    let is_itself = request.method() == Method::GET && referer.path() == request.path();
    (is_ours && !is_itself).then(|| path.to_owned())
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // A panic would otherwise drop the connection without an answer.
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind();
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(answer)) => answer.map(ServiceResponse::map_into_boxed_body),
        Ok(Err(_)) => Err(Failure::from(crate::Error::fault("a panic")).into()),
        Err(_) => Err(Failure::from(crate::Error::Busy).into()),
    }
}

/// Addresses that decode to something no page could have linked to.
fn refuse(request: &ServiceRequest) -> Option<Failure> {
    let uri = request.uri();
    let decoded = decode(uri.path()).zip(decode(uri.query().unwrap_or_default()));
    match decoded {
        Some((path, query)) if is_clean(&path) && is_clean(&query) => None,
        _ => Some(Failure::BadRequest),
    }
}

/// No NUL, which PostgreSQL does not take, and nothing that was lost in decoding.
pub(super) fn is_clean(text: &str) -> bool {
    !text.contains(['\0', '\u{fffd}'])
}

/// Undoes percent-encoding; nothing if what comes out is no text.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        let digits = std::str::from_utf8(&digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const HEADERS: &[(&str, &str)] = &[
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    ),
];

fn headers(headers: &mut HeaderMap, private: bool, https: bool, id: &str) {
    for (name, value) in HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if https {
        let long = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, long);
    }
    if private {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}
