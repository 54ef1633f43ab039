//! The usage of a subscription on a partner's side, and its outcomes: reported here, or verified.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    Error, Result,
    id::SubscriptionId,
    services::revenue::usage as service,
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::{
            Desk, id,
            usage::{self, Asked, OutcomeForm},
        },
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/subscriptions/{subscription}/usage")
                .route(get().to(index))
                .route(post().to(record)),
        )
        .service(resource("/subscriptions/{subscription}/usage.csv").route(get().to(file)))
        .service(
            resource("/subscriptions/{subscription}/usage/{usage_event}/verification")
                .route(post().to(verify)),
        );
}

type Parts = Path<(String, String, String)>;

async fn index(
    visitor: Visitor,
    store: Data<Store>,
    parts: Parts,
    Query(asked): Query<Asked>,
) -> Answer {
    usage::index(&store, Desk::of_seller(visitor), (&parts.2, asked)).await
}

async fn file(visitor: Visitor, store: Data<Store>, parts: Parts) -> Answer {
    usage::file(&store, Desk::of_seller(visitor), &parts.2).await
}

async fn recorded(
    visitor: &Visitor,
    store: &Store,
    typed: &OutcomeForm,
    subscription: SubscriptionId,
) -> Result<String> {
    // Who may not is told so before anything typed is judged.
    let needs = service::permission(&visitor.scope);
    if !visitor.may(needs) {
        return Err(Error::Forbidden);
    }
    let new = typed.read(subscription).map_err(Error::Invalid)?;
    let to = format!("{}/subscriptions/{subscription}/usage", visitor.base);
    let form_id = typed.form_id.clone();
    store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                service::record(tx, &new)?;
                Ok(to.clone())
            })
        })
        .await
}

async fn record(
    visitor: Visitor,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<OutcomeForm>,
) -> Answer {
    match recorded(&visitor, &store, &typed, id(&parts.2)?).await {
        Ok(to) => see_other_saying(&session, &to, "The outcome was reported."),
        Err(Error::Invalid(problems)) => {
            let desk = Desk::of_seller(visitor);
            usage::refused(&store, desk, &parts.2, (typed, problems)).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn verify(
    visitor: Visitor,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String, String, String)>,
) -> Answer {
    let of = (id(&parts.2)?, id(&parts.3)?);
    store
        .write(visitor.scope.clone(), move |tx| service::verify(tx, of))
        .await?;
    let to = format!("{}/subscriptions/{}/usage", visitor.base, of.0);
    see_other_saying(&session, &to, "The outcome was verified.")
}
