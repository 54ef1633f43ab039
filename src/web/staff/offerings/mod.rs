//! Offerings: what partners may resell.
mod form;
mod record;
mod register;
mod steps;

use actix_web::web::{Path, ServiceConfig, get, post, resource};
use serde::Deserialize;

use crate::{Error, Result, domain::OfferingStatus};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/offerings")
                .route(get().to(register::index))
                .route(post().to(form::create)),
        )
        .service(resource("/offerings/new").route(get().to(form::new)))
        .service(
            resource("/offerings/{offering}")
                .route(get().to(record::show))
                .route(post().to(form::update)),
        )
        .service(resource("/offerings/{offering}/edit").route(get().to(form::edit)))
        .service(resource("/offerings/{offering}/publication").route(post().to(steps::publish)))
        .service(
            resource("/offerings/{offering}/closing")
                .route(get().to(steps::confirm_closing))
                .route(post().to(steps::close)),
        )
        .service(
            resource("/offerings/{offering}/retirement")
                .route(get().to(steps::confirm_retirement))
                .route(post().to(steps::retire)),
        );
}

/// The pill of a status.
pub fn kind(status: &OfferingStatus) -> &'static str {
    match status {
        OfferingStatus::Draft => "info",
        OfferingStatus::Published => "good",
        OfferingStatus::ClosedToNew => "watch",
        OfferingStatus::Retired => "plain",
    }
}

/// Options of a choice, the first for none.
pub fn choices<T: Copy>(
    none: &str,
    all: &[T],
    code: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> Vec<(String, String)> {
    let first = (!none.is_empty()).then(|| (String::new(), none.to_owned()));
    let rest = all
        .iter()
        .map(|one| (code(*one).to_owned(), label(*one).to_owned()));
    first.into_iter().chain(rest).collect()
}

/// The id in an address, or a page that does not exist.
pub fn id_of<T: crate::id::Named>(text: &str) -> Result<crate::id::Id<T>> {
    text.parse().map_err(|_| Error::NotFound)
}

type Parts = Path<(String, String)>;

/// Which version of a record a button was pressed on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pressed {
    version: String,
}

impl Pressed {
    /// The version; one that cannot be read is stale.
    pub fn version(&self) -> i32 {
        self.version.parse().unwrap_or_default()
    }
}
