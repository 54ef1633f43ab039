//! Refuses requests that another site made the browser send.
use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};

use super::{Failure, page::Site};

/// Unsafe methods pass when the browser says that the request comes from our own pages
/// (`Sec-Fetch-Site`), or, for browsers that do not say, when `Origin` is ours. A request with
/// neither and with our cookie is refused.
pub async fn require<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || is_ours(request.request()) {
        return next.call(request).await;
    }
    Err(Failure::CrossSite.into())
}

fn is_ours(request: &HttpRequest) -> bool {
    let said = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    match (said("sec-fetch-site"), said(header::ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let public = request.app_data::<actix_web::web::Data<Site>>();
            let host = said(header::HOST.as_str()).unwrap_or_default();
            let by_host = origin
                .split_once("://")
                .is_some_and(|(_, rest)| rest == host);
            by_host || public.is_some_and(|site| site.public_url == origin)
        }
        (None, None) => request.headers().get(header::COOKIE).is_none(),
    }
}
