//! The usage of a subscription, event by event.
use actix_web::web::{Data, Query};

use super::Parts;
use crate::{
    domain::Permission,
    store::{Store, VendorScope},
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk,
            usage::{self, Asked},
        },
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
