//! Writing an invoice off.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{LongText, Permission, Problems},
    id::InvoiceId,
    services::revenue::write_off::{WriteOff, write_off as write_it_off},
    store::{
        Store,
        registers::invoices::{self, InvoiceRow},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, id},
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// A reason as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WriteOffForm {
    reason: String,
    form_id: String,
}

#[derive(Template)]
#[template(path = "staff/invoices/write_off.html")]
struct WriteOffPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    action: String,
    cancel: String,
    row: InvoiceRow,
    typed: WriteOffForm,
    problems: Problems,
}

async fn page(
    staff: Staff,
    store: &Store,
    invoice: InvoiceId,
    (typed, problems): (WriteOffForm, Problems),
) -> Result<WriteOffPage> {
    let desk = Desk::of_staff(staff).needing(Permission::RecordPayments);
    let detail = desk
        .read(store, move |tx, _| invoices::invoice(tx, invoice))
        .await?;
    let list = format!("{}/invoices", desk.base);
    let href = format!("{list}/{invoice}");
    Ok(WriteOffPage {
        crumbs: vec![
            ("Invoices".to_owned(), list),
            (format!("Invoice {}", detail.row.number), href.clone()),
        ],
        action: format!("{href}/write-off"),
        cancel: href,
        row: detail.row,
        typed: WriteOffForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        shell: desk.shell,
    })
}

/// The form.
pub(super) async fn form(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    let empty = (WriteOffForm::default(), Problems::default());
    ok(&page(staff, &store, id(&path.1)?, empty).await?)
}

/// Writes it off.
pub(super) async fn write_off(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    Typed(typed): Typed<WriteOffForm>,
) -> Answer {
    let invoice: InvoiceId = id(&path.1)?;
    let to = format!("{}/invoices/{invoice}", staff.base);
    let done = match typed.reason.parse::<LongText>() {
        Err(why) => Err(Error::on("reason", why.to_string())),
        Ok(reason) => {
            let (form_id, to) = (typed.form_id.clone(), to.clone());
            let new = WriteOff { invoice, reason };
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        write_it_off(tx, &new)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => see_other_saying(&session, &to, "The invoice was written off."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(staff, &store, invoice, (typed, problems)).await?)
        }
        Err(error) => Err(error.into()),
    }
}
