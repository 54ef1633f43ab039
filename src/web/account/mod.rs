//! Signing in and out, and what belongs to a person rather than to a workspace.
pub mod invitation;
pub mod profile;
pub mod reset;
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
        .service(resource("/sign-out").route(post().to(sign_in::destroy)))
        .service(
            resource("/invitations/{token}")
                .route(get().to(invitation::show))
                .route(post().to(invitation::accept)),
        )
        .service(
            resource("/reset")
                .route(get().to(reset::new))
                .route(post().to(reset::create)),
        )
        .service(
            resource("/reset/{token}")
                .route(get().to(reset::edit))
                .route(post().to(reset::update)),
        )
        .service(resource("/account").route(get().to(profile::show)))
        .service(resource("/account/time-zone").route(post().to(profile::change_time_zone)))
        .service(resource("/account/password").route(post().to(profile::change_password)))
        .service(
            resource("/account/sign-out-everywhere").route(post().to(profile::sign_out_everywhere)),
        );
}
