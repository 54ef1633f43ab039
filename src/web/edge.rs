//! The outermost ring: request ids, security headers, faults and panics turned into pages, and one
//! log line per request.
use std::{panic::AssertUnwindSafe, time::Duration};

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;

use super::{
    failure::{self, Failure, Told},
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
/// None: every failure becomes a response here.
pub async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = secrets::random_token().unwrap_or_default();
    let id = RequestId(id.chars().filter(char::is_ascii_alphanumeric).take(12).collect());
    let head = *request.method() == Method::HEAD;
    if head {
        request.head_mut().method = Method::GET;
    }
    let (http, method) = (request.request().clone(), request.method().clone());
    http.extensions_mut().insert(id.clone());
    let begun = std::time::Instant::now();
    let mut response = match refuse(&request) {
        Some(failure) => ServiceResponse::from_err(failure, http.clone()),
        None => answer(request, next, &http).await,
    };
    let told = response.response().extensions().get::<Told>().cloned();
    if let Some(told) = told {
        response = failure::dress(response, &told, &id.0);
    }
    let private = !http.path().starts_with("/static/");
    let https = http.app_data::<actix_web::web::Data<Site>>().is_some_and(|site| site.https());
    headers(response.headers_mut(), private, https, &id.0);
    let pattern = response.request().match_pattern().unwrap_or_default();
    tracing::info!(
        request = id.0,
        method = %method,
        route = pattern,
        status = response.status().as_u16(),
        ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    Ok(if head { without_body(response) } else { response })
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    http: &actix_web::HttpRequest,
) -> ServiceResponse<BoxBody> {
    // A panic would otherwise drop the connection without an answer.
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind();
    match tokio::time::timeout(LIMIT, answer).await {
        Ok(Ok(Ok(response))) => response.map_into_boxed_body(),
        Ok(Ok(Err(error))) => ServiceResponse::from_err(error, http.clone()),
        Ok(Err(_)) => {
            ServiceResponse::from_err(Failure::from(crate::Error::fault("a panic")), http.clone())
        }
        Err(_) => ServiceResponse::from_err(Failure::from(crate::Error::Busy), http.clone()),
    }
}

/// Addresses that decode to something no page could have linked to.
fn refuse(request: &ServiceRequest) -> Option<Failure> {
    let uri = request.uri();
    let decoded = decode(uri.path()).zip(decode(uri.query().unwrap_or_default()));
    let clean = |text: &str| !text.contains(['\0', '\u{fffd}']);
    match decoded {
        Some((path, query)) if clean(&path) && clean(&query) => None,
        _ => Some(Failure::BadRequest),
    }
}

fn decode(text: &str) -> Option<String> {
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

fn without_body(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    response.map_body(|_, _| BoxBody::new(()))
}
