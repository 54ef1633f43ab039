//! Canceling a subscription: asked for, shown what it comes to, done.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{
    Parts, as_of_now, day_and_time, not_ended, reason,
    step::{Again, Sent, Step, step},
    subscription, version,
};
use crate::{
    Result,
    domain::{Permission, Problems, Proration, SubscriptionStatus},
    id::SubscriptionId,
    services::revenue::subscriptions::{CancelWhen, Cancellation, cancel as cancel_it},
    store::{
        Store, Tx, VendorScope,
        registers::calendar,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id},
        page::{html, ok, see_other_saying},
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
            "now" => day_and_time(&mut problems, &self.effective_on).map(|(on, time)| match time {
                None => CancelWhen::Now(on),
                Some(time) => CancelWhen::At(on.and_time(time)),
            }),
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

    fn sent(&self, id: SubscriptionId) -> Sent<'_> {
        Sent {
            id,
            version: &self.version,
            confirmed: &self.confirmed,
            form_id: &self.form_id,
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
    by_second: bool,
    is_resold: bool,
    outcome: Vec<String>,
    typed: CancelForm,
    problems: Problems,
    is_stale: bool,
}

fn choices(status: SubscriptionStatus, by: Proration) -> Vec<(String, String)> {
    let now = match by {
        Proration::Day => ("now", "On a day; what is unused is given back"),
        Proration::Second => (
            "now",
            "At a time; what is unused is given back by the second",
        ),
    };
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
    (typed, again): (CancelForm, Again),
) -> Result<CancelPage> {
    let scope = visitor.scope.clone();
    let (record, zone, now): (Record, _, _) = store
        .read(scope, move |tx| {
            let zone = calendar(tx)?.zone;
            Ok((subscriptions::record(tx, id)?, zone, tx.now()))
        })
        .await?;
    not_ended(&record)?;
    let it = &record.subscription;
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", record.offering, record.plan.name);
    let by = record.version.terms.proration;
    let choices = choices(it.status, by);
    let form_id = fresh_form_id()?;
    let typed = match typed.version.is_empty() {
        true => CancelForm {
            when: choices
                .first()
                .map(|(code, _)| code.clone())
                .unwrap_or_default(),
            effective_on: match zone.local_date(now) < it.starts_on {
                true => it.starts_on.to_string(),
                false => as_of_now(by, zone, now),
            },
            version: it.version.to_string(),
            form_id,
            ..typed
        },
        false => CancelForm {
            version: again.version(&typed.version, it.version),
            form_id,
            ..typed
        },
    };
    Ok(CancelPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        is_pending: it.status == SubscriptionStatus::Pending,
        by_second: by == Proration::Second,
        is_resold: record.subscription.payer.is_some(),
        title,
        customer: record.customer,
        action: format!("{href}/cancellation"),
        cancel: href,
        choices,
        outcome: again.outcome,
        typed,
        problems: again.problems,
        is_stale: again.is_stale,
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (CancelForm::default(), Again::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Shows what a cancellation comes to, or, once that was confirmed, does it.
pub(super) async fn cancel(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<CancelForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let stepped = match typed.read(id) {
        Ok(cancellation) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| cancel_it(tx, &cancellation);
            step((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, "The subscription was canceled."),
        Step::Again(status, again) => {
            html(status, &page(&visitor, &store, id, (typed, again)).await?)
        }
    }
}
