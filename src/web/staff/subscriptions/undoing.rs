//! Undoing a cancellation that is set for the end of the billed period.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    Parts, reason,
    step::{Again, Sent, Step, done},
    subscription, version,
};
use crate::{
    Error, Result,
    domain::{Permission, Problems, SubscriptionStatus},
    id::SubscriptionId,
    services::revenue::subscriptions::{Undoing, undo},
    store::{
        Store, Tx, VendorScope,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id},
        page::{html, ok, see_other_saying},
        sold, words,
    },
};

/// Why a cancellation is undone, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UndoForm {
    reason: String,
    version: String,
    form_id: String,
}

impl UndoForm {
    fn read(&self, id: SubscriptionId) -> Result<Undoing, Problems> {
        let mut problems = Problems::default();
        let reason = reason(&mut problems, &self.reason);
        let version = version(&mut problems, "reason", &self.version);
        match (reason, version) {
            (Some(reason), Some(version)) if problems.is_empty() => Ok(Undoing {
                subscription: id,
                version,
                reason,
            }),
            _ => Err(problems),
        }
    }

    fn sent(&self, id: SubscriptionId) -> Sent<'_> {
        Sent {
            id,
            version: &self.version,
            confirmed: "",
            form_id: &self.form_id,
        }
    }
}

#[derive(Template)]
#[template(path = "subscriptions/undoing.html")]
struct UndoPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    customer: String,
    action: String,
    back: String,
    last: Option<NaiveDate>,
    resumes: Option<NaiveDate>,
    mrr: String,
    every: &'static str,
    typed: UndoForm,
    problems: Problems,
    is_stale: bool,
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (typed, again): (UndoForm, Again),
) -> Result<UndoPage> {
    let record: Record = store
        .read(visitor.scope.clone(), move |tx| {
            subscriptions::record(tx, id)
        })
        .await?;
    let it = &record.subscription;
    if it.status != SubscriptionStatus::PendingCancel {
        return Err(Error::conflict("This subscription is not set to end."));
    }
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", record.offering, record.plan.name);
    let version = again.version(&typed.version, it.version);
    Ok(UndoPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        action: format!("{href}/cancellation/undo"),
        back: href,
        last: it.ends_on.and_then(|end| end.pred_opt()),
        resumes: it.ends_on,
        mrr: words::money(it.mrr),
        every: sold::every(it.interval),
        customer: record.customer.clone(),
        typed: UndoForm {
            version,
            form_id: fresh_form_id()?,
            ..typed
        },
        title,
        problems: again.problems,
        is_stale: again.is_stale,
    })
}

/// The form, which says what comes of it.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (UndoForm::default(), Again::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Undoes it.
pub(super) async fn keep(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<UndoForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let stepped = match typed.read(id) {
        Ok(undoing) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| undo(tx, &undoing);
            done((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    let said = "The cancellation was undone: the subscription goes on.";
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, said),
        Step::Again(status, again) => {
            html(status, &page(&visitor, &store, id, (typed, again)).await?)
        }
    }
}
