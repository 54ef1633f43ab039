//! Canceling a subscription: asked for, shown what it comes to, done.
use actix_session::Session;
use actix_web::{http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{Parts, outcome::Outcome, reason, subscription, version};
use crate::{
    Error, Result,
    domain::{Permission, Problems, SubscriptionStatus, read_date},
    id::SubscriptionId,
    services::revenue::subscriptions::{CancelWhen, Cancellation, cancel as cancel_it},
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
    },
};

/// A cancellation as typed. `confirmed` once its effect was shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CancelForm {
    when: String,
    effective_on: String,
    reason: String,
    vendor_fault: String,
    version: String,
    confirmed: String,
    form_id: String,
}

impl CancelForm {
    fn read(&self, id: SubscriptionId) -> Result<Cancellation, Problems> {
        let mut problems = Problems::default();
        let when = match self.when.as_str() {
            "now" => problems
                .check("effective_on", read_date(&self.effective_on))
                .map(CancelWhen::Now),
            "period_end" => Some(CancelWhen::PeriodEnd),
            _ => {
                problems.add("when", "Choose when it ends.");
                None
            }
        };
        let reason = reason(&mut problems, &self.reason);
        let version = version(&mut problems, "when", &self.version);
        match (when, reason, version) {
            (Some(when), Some(reason), Some(version)) if problems.is_empty() => Ok(Cancellation {
                subscription: id,
                version,
                when,
                reason,
                is_vendor_fault: !self.vendor_fault.is_empty(),
            }),
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "subscriptions/cancellation.html")]
struct CancelPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    customer: String,
    action: String,
    cancel: String,
    choices: Vec<(String, String)>,
    is_pending: bool,
    outcome: Vec<String>,
    typed: CancelForm,
    problems: Problems,
    is_stale: bool,
}

fn may(visitor: &Staff) -> Result<(), Error> {
    match visitor.may(Permission::ManageSubscriptions) {
        true => Ok(()),
        false => Err(Error::Forbidden),
    }
}

fn choices(status: SubscriptionStatus) -> Vec<(String, String)> {
    let now = ("now", "On a day; what is unused is given back");
    let later = (
        "period_end",
        "With the period that is paid for; nothing is given back",
    );
    let offered = match status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing => vec![later, now],
        _ => vec![now],
    };
    let choice = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    offered.into_iter().map(choice).collect()
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (typed, problems): (CancelForm, Problems),
) -> Result<CancelPage> {
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
    let choices = choices(it.status);
    let form_id = fresh_form_id()?;
    let typed = match typed.version.is_empty() {
        true => CancelForm {
            when: choices
                .first()
                .map(|(code, _)| code.clone())
                .unwrap_or_default(),
            effective_on: today.max(it.starts_on).to_string(),
            version: it.version.to_string(),
            form_id,
            ..typed
        },
        false => CancelForm { form_id, ..typed },
    };
    Ok(CancelPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        is_pending: it.status == SubscriptionStatus::Pending,
        title,
        customer: record.customer,
        action: format!("{href}/cancellation"),
        cancel: href,
        choices,
        outcome: Vec::new(),
        typed,
        problems,
        is_stale: false,
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    may(&visitor)?;
    let empty = (CancelForm::default(), Problems::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Shows what a cancellation comes to, or, once that was confirmed, does it.
pub(super) async fn cancel(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<CancelForm>,
) -> Answer {
    may(&visitor)?;
    let id = subscription(&parts)?;
    let cancellation = match typed.read(id) {
        Ok(cancellation) => cancellation,
        Err(problems) => {
            return unprocessable(&page(&visitor, &store, id, (typed, problems)).await?);
        }
    };
    let scope = visitor.scope.clone();
    if typed.confirmed.is_empty() {
        let rehearsed = store
            .rehearse(scope, move |tx| {
                Outcome::of(tx, id, |tx| cancel_it(tx, &cancellation))
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
    let canceled = store
        .write(scope, move |tx| {
            once(tx, &form_id, |tx| {
                cancel_it(tx, &cancellation)?;
                Ok(to.clone())
            })
        })
        .await;
    match canceled {
        Ok(to) => see_other_saying(&session, &to, "The subscription was canceled."),
        Err(error) => refused(&visitor, &store, id, (typed, error)).await,
    }
}

/// The form again, with why.
async fn refused(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (mut typed, error): (CancelForm, Error),
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
            let can_end = now.subscription.status != SubscriptionStatus::Canceled;
            if version == typed.version || !can_end {
                return Err(Failure::Plain(Error::Conflict(why)));
            }
            let again = (CancelForm { version, ..typed }, Problems::default());
            let mut page = page(visitor, store, id, again).await?;
            page.is_stale = true;
            html(StatusCode::CONFLICT, &page)
        }
        other => Err(other.into()),
    }
}
