//! Tickets on the vendor's side: recorded, changed and withdrawn.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    Error,
    domain::{Permission, Problems},
    id::SlaTicketId,
    services::catalogue::tickets as service,
    store::{Store, VendorScope, registers::calendar},
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk, id,
            tickets::{self, Again, Asked, TicketForm},
        },
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/tickets")
                .route(get().to(index))
                .route(post().to(record)),
        )
        .service(resource("/tickets.csv").route(get().to(file)))
        .service(
            resource("/tickets/{ticket}")
                .route(get().to(show))
                .route(post().to(change)),
        )
        .service(resource("/tickets/{ticket}/withdrawal").route(post().to(withdraw)));
}

type Parts = Path<(String, String)>;

fn desk(staff: Staff) -> Desk<VendorScope> {
    Desk::of_staff(staff).needing(Permission::ViewPartners)
}

async fn index(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let nothing = (TicketForm::default(), Problems::default());
    tickets::index(&store, desk(staff), asked, nothing).await
}

async fn file(staff: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    tickets::file(&store, desk(staff), asked).await
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    tickets::show(&store, desk(staff), &parts.1, Again::First).await
}

async fn record(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<TicketForm>,
) -> Answer {
    if !staff.may(Permission::ManageSubscriptions) {
        return Err(Error::Forbidden.into());
    }
    let (form, base) = (typed.clone(), staff.base.clone());
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ManageSubscriptions)?;
            let named = form.named().map_err(Error::Invalid)?;
            let draft = form.read(calendar(tx)?.zone).map_err(Error::Invalid)?;
            once(tx, &form.form_id, |tx| {
                let under = (&named, form.subscription.trim());
                let ticket = service::record(tx, under, &draft)?;
                Ok(format!("{base}/tickets/{ticket}"))
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The ticket is on record."),
        Err(Error::Invalid(problems)) => {
            let again = (typed, problems);
            tickets::index(&store, desk(staff), Asked::default(), again).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn change(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<TicketForm>,
) -> Answer {
    let ticket: SlaTicketId = id(&parts.1)?;
    let form = typed.clone();
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ManageSubscriptions)?;
            let draft = form.read(calendar(tx)?.zone).map_err(Error::Invalid)?;
            let version = form.version.parse().unwrap_or_default();
            service::edit(tx, (ticket, version), &draft)
        })
        .await;
    let to = format!("{}/tickets/{ticket}", staff.base);
    match done {
        Ok(()) => see_other_saying(&session, &to, "The ticket was saved."),
        Err(Error::Invalid(problems)) => {
            let again = Again::Refused(typed, problems);
            tickets::show(&store, desk(staff), &parts.1, again).await
        }
        Err(Error::Conflict(why)) => {
            let again = Again::Overtaken(typed, why);
            tickets::show(&store, desk(staff), &parts.1, again).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn withdraw(staff: Staff, (store, session): (Data<Store>, Session), parts: Parts) -> Answer {
    let ticket: SlaTicketId = id(&parts.1)?;
    let to = format!("{}/tickets", staff.base);
    store
        .write(staff.scope, move |tx| service::withdraw(tx, ticket))
        .await?;
    see_other_saying(&session, &to, "The ticket is withdrawn and counts no more.")
}
