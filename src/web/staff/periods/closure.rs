//! Closing a month: confirmed, begun, and tried again.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{Parts, asked_month, job, month::find};
use crate::{
    Error,
    domain::Permission,
    id::PartnerId,
    queue::{self, Job},
    services::{jobs, revenue::close},
    store::{
        Store,
        incentivize::adjustments,
        recruit::partners,
        registers::periods::{self, PreviewTotal},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::Desk,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying},
    },
};

#[derive(Template)]
#[template(path = "staff/periods/closure.html")]
struct ConfirmPage {
    shell: Shell,
    href: String,
    crumbs: Vec<(String, String)>,
    title: String,
    name: String,
    label: String,
    totals: Vec<PreviewTotal>,
    /// Who gets a statement and has no address for it: name and link.
    unaddressed: Vec<(String, String)>,
    /// Adjustments of the month that nobody has decided.
    waiting: usize,
    waiting_href: String,
    form_id: String,
}

/// Asks before a month is closed.
pub(super) async fn confirm(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, period) = (Desk::of_staff(staff), asked_month(&path)?);
    if !desk.may(Permission::ClosePeriods) {
        return Err(Error::Forbidden.into());
    }
    let found = find(&store, &desk, period).await?;
    if !found.may_be_closed() {
        return Err(Error::Conflict(found.answer()).into());
    }
    let ids: Vec<PartnerId> = found.preview.iter().map(|row| row.partner).collect();
    let (unaddressed, waiting) = desk
        .read(&store, move |tx, _| {
            let waiting = adjustments::waiting_in(tx, period)?;
            Ok((partners::unaddressed(tx, &ids)?, waiting))
        })
        .await?;
    let (base, name) = (desk.base, period.title());
    let waiting_href = format!("{base}/adjustments?status=proposed");
    let link = |(id, name): (PartnerId, String)| (name, format!("{base}/partners/{id}"));
    let href = format!("{base}/periods/{period}");
    ok(&ConfirmPage {
        crumbs: vec![
            ("Months".to_owned(), format!("{base}/periods")),
            (name.clone(), href.clone()),
        ],
        title: format!("Close {name}"),
        label: format!("Close {name}"),
        unaddressed: unaddressed.into_iter().map(link).collect(),
        totals: periods::preview_totals(&found.preview)?,
        waiting,
        waiting_href,
        form_id: fresh_form_id()?,
        shell: desk.shell,
        href,
        name,
    })
}

/// A form that says nothing but that it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SentForm {
    form_id: String,
}

/// Queues the close.
pub(super) async fn begin(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Parts,
    Typed(typed): Typed<SentForm>,
) -> Answer {
    let period = asked_month(&path)?;
    let to = format!("{}/periods/{period}", staff.base);
    let to = store
        .write(staff.scope, move |tx| {
            tx.allow(Permission::ClosePeriods)?;
            once(tx, &typed.form_id, |tx| {
                if close::progress(tx, period)? != close::Progress::Closed {
                    queue::enqueue_once(tx, &job(period))?;
                }
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(
        &session,
        &to,
        &format!("{} is being closed.", period.title()),
    )
}

/// Lets a close that failed be tried again.
pub(super) async fn retry(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Parts,
    Typed(typed): Typed<SentForm>,
) -> Answer {
    let period = asked_month(&path)?;
    let to = format!("{}/periods/{period}", staff.base);
    let to = store
        .write(staff.scope, move |tx| {
            tx.allow(Permission::ClosePeriods)?;
            once(tx, &typed.form_id, |tx| {
                let parked = periods::close_job(tx, &job(period).dedupe())?;
                jobs::retry(tx, parked.ok_or(Error::NotFound)?.id)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "The close is tried again.")
}
