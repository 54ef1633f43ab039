//! The usage of a subscription, event by event.
use actix_session::Session;
use actix_web::web::{Data, Path, Query};

use super::Parts;
use crate::{
    domain::Permission,
    services::revenue::usage as service,
    store::{Store, VendorScope},
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk, id,
            usage::{self, Asked},
        },
        page::see_other_saying,
    },
};

fn desk(staff: Staff) -> Desk<VendorScope> {
    Desk::of_staff(staff).needing(Permission::ViewPartners)
}

/// The events.
pub(super) async fn index(
    staff: Staff,
    store: Data<Store>,
    parts: Parts,
    Query(asked): Query<Asked>,
) -> Answer {
    usage::index(&store, desk(staff), (&parts.1, asked)).await
}

/// The events as a file.
pub(super) async fn file(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    usage::file(&store, desk(staff), &parts.1).await
}

/// Verifies an outcome that the partner reported.
pub(super) async fn verify(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String, String)>,
) -> Answer {
    let of = (id(&parts.1)?, id(&parts.2)?);
    store
        .write(staff.scope.clone(), move |tx| service::verify(tx, of))
        .await?;
    let to = format!("{}/subscriptions/{}/usage", staff.base, of.0);
    see_other_saying(&session, &to, "The outcome was verified.")
}
