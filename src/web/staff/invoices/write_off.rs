//! Writing an invoice off.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{LongText, Permission, Problems},
    id::InvoiceId,
    services::{
        revenue::write_off::{WriteOff, write_off as write_it_off},
        stale,
    },
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
        stale::conflict,
    },
};

/// A reason as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WriteOffForm {
    reason: String,
    /// What was due when the page was opened, in minor units.
    due: String,
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
    is_stale: bool,
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
        typed: WriteOffForm {
            due: detail.row.due.minor().to_string(),
            form_id: fresh_form_id()?,
            ..typed
        },
        row: detail.row,
        problems,
        is_stale: false,
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
            let (new, seen) = (WriteOff { invoice, reason }, typed.due.clone());
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        tx.allow(Permission::RecordPayments)?;
                        // What is written off is what was shown, or nothing.
                        if invoices::invoice(tx, invoice)?.row.due.minor().to_string() != seen {
                            return Err(stale("invoice"));
                        }
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
        Err(Error::Conflict(why)) => {
            let seen = typed.due.clone();
            let now = page(staff, &store, invoice, (typed, Problems::default())).await?;
            match now.typed.due == seen || !now.row.due.is_positive() {
                true => Err(Error::Conflict(why).into()),
                false => conflict(&WriteOffPage {
                    is_stale: true,
                    ..now
                }),
            }
        }
        Err(error) => Err(error.into()),
    }
}
