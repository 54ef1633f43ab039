//! Changing a quantity: asked for, shown what it comes to, done.
use actix_session::Session;
use actix_web::{http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{Parts, outcome::Outcome, subscription};
use crate::{
    Error, Result,
    domain::{LongText, Permission, Problems, Quantity, read_date},
    id::SubscriptionId,
    services::revenue::subscriptions::{QuantityChange, change_quantity},
    store::{
        Store,
        account::vendor,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Failure, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{html, ok, see_other_saying, unprocessable},
        stale::{Differing, differing},
    },
};

/// A change as typed. `confirmed` once its cost was shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct QuantityForm {
    quantity: String,
    effective_on: String,
    reason: String,
    version: String,
    confirmed: String,
    form_id: String,
}

impl QuantityForm {
    fn read(&self, id: SubscriptionId) -> Result<QuantityChange, Problems> {
        let mut problems = Problems::default();
        let quantity = problems.check("quantity", self.quantity.parse::<Quantity>());
        let effective_on = problems.check("effective_on", read_date(&self.effective_on));
        let reason = problems.check("reason", self.reason.parse::<LongText>());
        let changed = "This form is out of date: open the page again.";
        let version = problems.check("quantity", self.version.parse().map_err(|_| changed));
        match (quantity, effective_on, reason, version) {
            (Some(quantity), Some(effective_on), Some(reason), Some(version)) => {
                Ok(QuantityChange {
                    subscription: id,
                    version,
                    quantity,
                    effective_on,
                    reason: reason.to_string(),
                })
            }
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "subscriptions/quantity.html")]
struct QuantityPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    heading: String,
    customer: String,
    current: String,
    action: String,
    cancel: String,
    outcome: Vec<String>,
    typed: QuantityForm,
    problems: Problems,
    is_stale: bool,
    both: Vec<Differing>,
}

fn may(visitor: &Staff) -> Result<(), Error> {
    match visitor.may(Permission::ManageSubscriptions) {
        true => Ok(()),
        false => Err(Error::Forbidden),
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (typed, problems): (QuantityForm, Problems),
) -> Result<QuantityPage> {
    let scope = visitor.scope.clone();
    let (record, today): (Record, _) = store
        .read(scope, move |tx| {
            Ok((subscriptions::record(tx, id)?, vendor::today(tx)?))
        })
        .await?;
    let it = &record.subscription;
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", record.offering, record.plan.name);
    let first = typed.version.is_empty();
    let typed = match first {
        true => QuantityForm {
            quantity: it.quantity.to_string(),
            effective_on: today.to_string(),
            version: it.version.to_string(),
            form_id: fresh_form_id()?,
            ..typed
        },
        false => QuantityForm {
            form_id: fresh_form_id()?,
            ..typed
        },
    };
    Ok(QuantityPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        title,
        heading: format!(
            "Change the quantity from {} to {}",
            it.quantity,
            typed.quantity.trim()
        ),
        current: it.quantity.to_string(),
        customer: record.customer,
        action: format!("{href}/quantity"),
        cancel: href,
        outcome: Vec::new(),
        typed,
        problems,
        is_stale: false,
        both: Vec::new(),
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    may(&visitor)?;
    let empty = (QuantityForm::default(), Problems::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Shows what a change comes to, or, once that was confirmed, does it.
pub(super) async fn change(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<QuantityForm>,
) -> Answer {
    may(&visitor)?;
    let id = subscription(&parts)?;
    let change = match typed.read(id) {
        Ok(change) => change,
        Err(problems) => {
            return unprocessable(&page(&visitor, &store, id, (typed, problems)).await?);
        }
    };
    let scope = visitor.scope.clone();
    if typed.confirmed.is_empty() {
        let rehearsed = store
            .rehearse(scope, move |tx| {
                Outcome::of(tx, id, |tx| change_quantity(tx, &change))
            })
            .await;
        return match rehearsed {
            Ok(outcome) => {
                let mut page = page(&visitor, &store, id, (typed, Problems::default())).await?;
                page.outcome = outcome.sentences();
                ok(&page)
            }
            Err(error) => refused(&visitor, &store, id, (typed, error)).await,
        };
    }
    let (form_id, to) = (
        typed.form_id.clone(),
        format!("{}/subscriptions/{id}", visitor.base),
    );
    let changed = store
        .write(scope, move |tx| {
            once(tx, &form_id, |tx| {
                change_quantity(tx, &change)?;
                Ok(to.clone())
            })
        })
        .await;
    match changed {
        Ok(to) => see_other_saying(&session, &to, "The quantity was changed."),
        Err(error) => refused(&visitor, &store, id, (typed, error)).await,
    }
}

/// The form again, with why.
async fn refused(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (mut typed, error): (QuantityForm, Error),
) -> Answer {
    typed.confirmed.clear();
    match error {
        Error::Invalid(problems) => {
            unprocessable(&page(visitor, store, id, (typed, problems)).await?)
        }
        Error::Conflict(why) => {
            let scope = visitor.scope.clone();
            let now = store
                .read(scope, move |tx| subscriptions::record(tx, id))
                .await?;
            let version = now.subscription.version.to_string();
            if version == typed.version {
                return Err(Failure::Plain(Error::Conflict(why)));
            }
            let theirs = now.subscription.quantity.to_string();
            let both = differing(&[("Quantity", &theirs, &typed.quantity)]);
            let again = (QuantityForm { version, ..typed }, Problems::default());
            let mut page = page(visitor, store, id, again).await?;
            (page.is_stale, page.both) = (true, both);
            html(StatusCode::CONFLICT, &page)
        }
        other => Err(other.into()),
    }
}
