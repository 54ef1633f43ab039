//! Whether the process lives, and whether it can serve.
use actix_web::{HttpResponse, web::Data};

use super::Failure;
use crate::store::{Store, lobby};

/// The process answers.
pub async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("live\n")
}

/// The database answers too.
///
/// # Errors
/// 503 or 500 while it does not.
pub async fn readyz(store: Data<Store>) -> Result<HttpResponse, Failure> {
    store.lobby(lobby::every_vendor).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain")
        .body("ready\n"))
}
