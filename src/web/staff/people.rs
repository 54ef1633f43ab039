//! The people on the vendor's side.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};

use crate::{
    Error,
    id::{InvitationId, MembershipId},
    store::{Store, VendorScope},
    web::{
        Answer, Site,
        admission::Staff,
        form::Typed,
        people::{self, InviteForm, Place, RoleForm},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/people")
                .route(get().to(index))
                .route(post().to(invite)),
        )
        .service(
            resource("/people/{membership}")
                .route(get().to(show))
                .route(post().to(change_role)),
        )
        .service(resource("/people/{membership}/removal").route(post().to(remove)))
        .service(resource("/invitations/{invitation}/withdrawal").route(post().to(withdraw)));
}

fn place(visitor: Staff) -> Place<VendorScope> {
    Place {
        shell: visitor.shell(),
        base: visitor.base,
        scope: visitor.scope,
        partner: None,
        crumbs: Vec::new(),
        is_vendor: true,
    }
}

type Parts = Path<(String, String)>;

fn last(parts: &Parts) -> &str {
    &parts.1
}
fn membership(parts: &Parts) -> Result<MembershipId, Error> {
    last(parts).parse().map_err(|_| Error::NotFound)
}
fn invitation(parts: &Parts) -> Result<InvitationId, Error> {
    last(parts).parse().map_err(|_| Error::NotFound)
}

async fn index(visitor: Staff, store: Data<Store>) -> Answer {
    people::index(&store, place(visitor)).await
}

async fn invite(
    visitor: Staff,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    Typed(typed): Typed<InviteForm>,
) -> Answer {
    people::invite((&store, &site, &session), place(visitor), typed).await
}

async fn show(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    people::show(&store, place(visitor), membership(&parts)?).await
}

async fn change_role(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<RoleForm>,
) -> Answer {
    people::change_role(
        (&store, &session),
        place(visitor),
        membership(&parts)?,
        typed,
    )
    .await
}

async fn remove(visitor: Staff, (store, session): (Data<Store>, Session), parts: Parts) -> Answer {
    people::remove((&store, &session), place(visitor), membership(&parts)?).await
}

async fn withdraw(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
) -> Answer {
    people::withdraw((&store, &session), place(visitor), invitation(&parts)?).await
}
