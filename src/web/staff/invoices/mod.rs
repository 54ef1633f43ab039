//! Invoices on the vendor's side, and what finance does to them: credit notes and write-offs.
mod credit;
mod write_off;

use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk, credit_notes,
            invoices::{self, Asked},
        },
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/invoices").route(get().to(index)))
        .service(resource("/invoices.csv").route(get().to(file)))
        .service(resource("/credit-notes").route(get().to(notes)))
        .service(resource("/credit-notes.csv").route(get().to(notes_file)))
        .service(resource("/invoices/{invoice}").route(get().to(show)))
        .service(
            resource("/invoices/{invoice}/credit-note")
                .route(get().to(credit::form))
                .route(post().to(credit::issue)),
        )
        .service(
            resource("/invoices/{invoice}/write-off")
                .route(get().to(write_off::form))
                .route(post().to(write_off::write_off)),
        );
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    invoices::file(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn notes(staff: Staff, store: Data<Store>, asked: Query<credit_notes::Asked>) -> Answer {
    credit_notes::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn notes_file(staff: Staff, store: Data<Store>, asked: Query<credit_notes::Asked>) -> Answer {
    credit_notes::file(&store, Desk::of_staff(staff), asked.into_inner()).await
}

async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    invoices::show(&store, Desk::of_staff(staff), &path.1).await
}
