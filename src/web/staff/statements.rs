//! Statements on the vendor's side.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use serde::Deserialize;

use crate::{
    Error,
    domain::{Permission, Problems},
    id::StatementId,
    services::revenue::{payouts, statements as service},
    store::{
        Store,
        incentivize::statements as stored,
        registers::{payouts::of_statements, statements as register},
    },
    web::{
        Answer, Site,
        admission::Staff,
        earnings::{
            Desk, id,
            paid::PaidForm,
            statements::{self, Asked, Format},
        },
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/statements").route(get().to(index)))
        .service(resource("/statements.csv").route(get().to(file)))
        .service(resource("/statements/{statement}.pdf").route(get().to(pdf)))
        .service(resource("/statements/{statement}.csv").route(get().to(csv)))
        .service(resource("/statements/{statement}.json").route(get().to(json)))
        .service(resource("/statements/{statement}").route(get().to(show)))
        .service(resource("/statements/{statement}/sendings/new").route(get().to(confirm)))
        .service(resource("/statements/{statement}/sendings").route(post().to(send)))
        .service(resource("/statements/{statement}/payout").route(post().to(pay)));
}

type Parts = Path<(String, String)>;

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    statements::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    statements::file(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn show(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    statements::show(&store, Desk::of_staff(staff), &path.1).await
}
async fn pdf(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_staff(staff), &path.1, Format::Pdf).await
}
async fn csv(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_staff(staff), &path.1, Format::Csv).await
}
async fn json(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    statements::document(&store, Desk::of_staff(staff), &path.1, Format::Json).await
}

async fn confirm(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, statement) = (Desk::of_staff(staff), id::<StatementId>(&path.1)?);
    let recipient = desk
        .read(&store, move |tx, _| {
            tx.allow(Permission::SendStatements)?;
            let partner = register::statement(tx, statement)?.row.partner;
            Ok(stored::partner(tx, partner)?.statement_email)
        })
        .await?;
    statements::sending(&store, desk, &path.1, recipient).await
}

/// A form that says nothing but that it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SentForm {
    form_id: String,
}

async fn send(
    staff: Staff,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    path: Parts,
    Typed(typed): Typed<SentForm>,
) -> Answer {
    let statement: StatementId = id(&path.1)?;
    let to = format!("{}/statements/{statement}", staff.base);
    let domain = site.mail_domain.clone();
    let to = store
        .write(staff.scope, move |tx| {
            tx.allow(Permission::SendStatements)?;
            once(tx, &typed.form_id, |tx| {
                service::resend(tx, statement, &domain)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "A copy is queued and sent in a moment.")
}

async fn pay(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Parts,
    Typed(typed): Typed<PaidForm>,
) -> Answer {
    // Who may not do it is not told what is wrong with the form.
    if !staff.may(Permission::MarkPayoutsPaid) {
        return Err(Error::Forbidden.into());
    }
    let (desk, statement) = (Desk::of_staff(staff), id::<StatementId>(&path.1)?);
    let to = format!("{}/statements/{statement}", desk.base);
    let done = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(paid) => {
            let form_id = typed.form_id.clone();
            store
                .write(desk.scope.clone(), move |tx| {
                    tx.allow(Permission::MarkPayoutsPaid)?;
                    once(tx, &form_id, |tx| {
                        let payout = of_statements(tx, vec![statement])?.pop();
                        payouts::mark_paid(tx, payout.ok_or(Error::NotFound)?.id, &paid)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => see_other_saying(&session, &to, "The payout is marked as paid."),
        Err(Error::Invalid(problems)) if desk.may(Permission::MarkPayoutsPaid) => {
            statements::show_with(&store, desk, &path.1, (typed, problems, None)).await
        }
        Err(Error::Conflict(why)) => {
            let again = (typed, Problems::default(), Some(why));
            statements::show_with(&store, desk, &path.1, again).await
        }
        Err(error) => Err(error.into()),
    }
}
