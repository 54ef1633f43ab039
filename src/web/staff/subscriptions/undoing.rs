//! Undoing a cancellation that is set for the end of the billed period.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, reason, subscription, version};
use crate::{
    Error, Result,
    domain::{Permission, Problems, SubscriptionStatus},
    id::SubscriptionId,
    services::revenue::subscriptions::{Undoing, undo},
    store::{
        Store,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        sold,
        stale::{conflict, is_overtaken},
        words,
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
    (typed, problems): (UndoForm, Problems),
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
    let version = match typed.version.is_empty() {
        true => it.version.to_string(),
        false => typed.version,
    };
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
        problems,
        is_stale: false,
    })
}

/// The form, which says what comes of it.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (UndoForm::default(), Problems::default());
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
    let undoing = match typed.read(id) {
        Ok(undoing) => undoing,
        Err(problems) => {
            return unprocessable(&page(&visitor, &store, id, (typed, problems)).await?);
        }
    };
    let (form_id, to) = (
        typed.form_id.clone(),
        format!("{}/subscriptions/{id}", visitor.base),
    );
    let undone = store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                undo(tx, &undoing)?;
                Ok(to.clone())
            })
        })
        .await;
    match undone {
        Ok(to) => see_other_saying(
            &session,
            &to,
            "The cancellation was undone: the subscription goes on.",
        ),
        Err(Error::Conflict(why)) => overtaken((&visitor, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, after somebody else was faster.
async fn overtaken(
    (visitor, store): (&Staff, &Store),
    id: SubscriptionId,
    mut typed: UndoForm,
    why: String,
) -> Answer {
    let opened_with = std::mem::take(&mut typed.version);
    let page = page(visitor, store, id, (typed, Problems::default())).await?;
    if !is_overtaken(&opened_with, page.typed.version.parse().unwrap_or_default()) {
        return Err(Error::Conflict(why).into());
    }
    conflict(&UndoPage {
        is_stale: true,
        ..page
    })
}
