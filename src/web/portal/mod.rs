//! A partner's pages, one file per resource.
use actix_web::web::ServiceConfig;

/// Every page on a partner's side.
pub fn routes(_config: &mut ServiceConfig) {}
