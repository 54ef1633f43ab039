//! The vendor's pages, one file per resource.
use actix_web::web::ServiceConfig;

/// Every page on the vendor's side.
pub fn routes(_config: &mut ServiceConfig) {}
