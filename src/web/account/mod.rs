//! Signing in and out, and what belongs to a person rather than to a workspace.
pub mod sign_in;

use actix_web::web::{ServiceConfig, get, post, resource};

/// The pages outside every workspace.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/").route(get().to(sign_in::workspaces)))
        .service(
            resource("/sign-in")
                .route(get().to(sign_in::new))
                .route(post().to(sign_in::create)),
        )
        .service(resource("/sign-out").route(post().to(sign_in::destroy)));
}
