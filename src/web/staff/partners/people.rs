//! A partner's people, as the vendor looks after them.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};

use crate::{
    Error,
    id::PartnerId,
    store::{Store, VendorScope, recruit::partners},
    web::{
        Answer, Failure, Site,
        admission::Staff,
        form::Typed,
        people::{self, InviteForm, Place, RoleForm},
    },
};

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/partners/{partner}/people")
                .route(get().to(index))
                .route(post().to(invite)),
        )
        .service(
            resource("/partners/{partner}/people/{membership}")
                .route(get().to(show))
                .route(post().to(change_role)),
        )
        .service(
            resource("/partners/{partner}/people/{membership}/removal").route(post().to(remove)),
        )
        .service(
            resource("/partners/{partner}/invitations/{invitation}/withdrawal")
                .route(post().to(withdraw)),
        );
}

type Parts = Path<(String, String)>;
type Further = Path<(String, String, String)>;

fn read<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

/// The place of a partner that is the vendor's.
async fn place(visitor: Staff, store: &Store, id: &str) -> Result<Place<VendorScope>, Failure> {
    let id: PartnerId = read(id)?;
    let found = store
        .read(visitor.scope.clone(), move |tx| partners::partner(tx, id))
        .await?;
    let register = format!("{}/partners", visitor.base);
    let base = format!("{register}/{id}");
    Ok(Place {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), register),
            (found.name, base.clone()),
        ],
        base,
        scope: visitor.scope,
        partner: Some(id),
        is_vendor: false,
    })
}

async fn index(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::index(&store, place).await
}

async fn invite(
    visitor: Staff,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    parts: Parts,
    Typed(typed): Typed<InviteForm>,
) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::invite((&store, &site, &session), place, typed).await
}

async fn show(visitor: Staff, store: Data<Store>, parts: Further) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::show(&store, place, read(&parts.2)?).await
}

async fn change_role(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Further,
    Typed(typed): Typed<RoleForm>,
) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::change_role((&store, &session), place, read(&parts.2)?, typed).await
}

async fn remove(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Further,
) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::remove((&store, &session), place, read(&parts.2)?).await
}

async fn withdraw(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Further,
) -> Answer {
    let place = place(visitor, &store, &parts.1).await?;
    people::withdraw((&store, &session), place, read(&parts.2)?).await
}
