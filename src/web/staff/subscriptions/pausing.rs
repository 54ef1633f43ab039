//! Pausing a subscription and resuming it: asked for, shown what it comes to, done.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    Parts, reason,
    step::{Again, Sent, Step, step},
    subscription, version,
};
use crate::{
    Error, Result,
    domain::{Permission, Problems, SubscriptionStatus, read_date},
    id::SubscriptionId,
    services::revenue::subscriptions::{Pausing, pause as pause_it, resume as resume_it},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id},
        page::{html, ok, see_other_saying},
        sold,
    },
};

/// A pause or its end as typed. `confirmed` once its effect was shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PauseForm {
    effective_on: String,
    reason: String,
    version: String,
    confirmed: String,
    form_id: String,
}

impl PauseForm {
    fn read(&self, id: SubscriptionId) -> Result<Pausing, Problems> {
        let mut problems = Problems::default();
        let on = problems.check("effective_on", read_date(&self.effective_on));
        let reason = reason(&mut problems, &self.reason);
        let version = version(&mut problems, "reason", &self.version);
        match (on, reason, version) {
            (Some(on), Some(reason), Some(version)) if problems.is_empty() => Ok(Pausing {
                subscription: id,
                version,
                on,
                reason,
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

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Pause,
    Resume,
}

impl Turn {
    fn of(status: SubscriptionStatus) -> Result<Self> {
        match status {
            SubscriptionStatus::Active => Ok(Self::Pause),
            SubscriptionStatus::Paused => Ok(Self::Resume),
            _ => Err(Error::conflict("Only what is served can be paused.")),
        }
    }
    fn work(self, tx: &mut Tx<'_, VendorScope>, pausing: &Pausing) -> Result<()> {
        match self {
            Self::Pause => pause_it(tx, pausing),
            Self::Resume => resume_it(tx, pausing),
        }
    }
    fn path(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
    fn heading(self) -> &'static str {
        match self {
            Self::Pause => "Pause the subscription",
            Self::Resume => "Resume the subscription",
        }
    }
    fn done(self) -> &'static str {
        match self {
            Self::Pause => "The subscription is paused.",
            Self::Resume => "The subscription goes on.",
        }
    }
}

#[derive(Template)]
#[template(path = "subscriptions/pausing.html")]
struct PausePage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    customer: String,
    action: String,
    back: String,
    heading: &'static str,
    is_pause: bool,
    next: Option<NaiveDate>,
    every: &'static str,
    counts_usage: bool,
    is_resold: bool,
    outcome: Vec<String>,
    typed: PauseForm,
    problems: Problems,
    is_stale: bool,
}

async fn page(
    visitor: &Staff,
    store: &Store,
    (id, turn): (SubscriptionId, Turn),
    (typed, again): (PauseForm, Again),
) -> Result<PausePage> {
    let scope = visitor.scope.clone();
    let (record, today): (Record, _) = store
        .read(scope, move |tx| {
            Ok((subscriptions::record(tx, id)?, vendor::today(tx)?))
        })
        .await?;
    let it = &record.subscription;
    if Turn::of(it.status)? != turn {
        let why = match turn {
            Turn::Pause => "This subscription is paused already.",
            Turn::Resume => "This subscription is not paused.",
        };
        return Err(Error::conflict(why));
    }
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", record.offering, record.plan.name);
    let typed = match typed.version.is_empty() {
        true => PauseForm {
            effective_on: today.to_string(),
            version: it.version.to_string(),
            ..typed
        },
        false => PauseForm {
            version: again.version(&typed.version, it.version),
            ..typed
        },
    };
    Ok(PausePage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        action: format!("{href}/{}", turn.path()),
        back: href,
        heading: turn.heading(),
        is_pause: turn == Turn::Pause,
        next: it.next_bill_on,
        is_resold: record.subscription.payer.is_some(),
        counts_usage: record
            .version
            .prices
            .iter()
            .any(|line| line.price.meter().is_some()),
        every: sold::every(it.interval),
        customer: record.customer.clone(),
        outcome: again.outcome,
        typed: PauseForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        title,
        problems: again.problems,
        is_stale: again.is_stale,
    })
}

/// The form that pauses.
pub(super) async fn pausing(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    form(&visitor, &store, (subscription(&parts)?, Turn::Pause)).await
}

/// The form that resumes.
pub(super) async fn resuming(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    form(&visitor, &store, (subscription(&parts)?, Turn::Resume)).await
}

async fn form(visitor: &Staff, store: &Store, what: (SubscriptionId, Turn)) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (PauseForm::default(), Again::default());
    ok(&page(visitor, store, what, empty).await?)
}

/// Shows what a pause comes to, or, once that was confirmed, begins it.
pub(super) async fn pause(
    visitor: Staff,
    data: (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PauseForm>,
) -> Answer {
    let what = (subscription(&parts)?, Turn::Pause);
    turn(&visitor, data, what, typed).await
}

/// Shows what the end of a pause comes to, or, once that was confirmed, ends it.
pub(super) async fn resume(
    visitor: Staff,
    data: (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PauseForm>,
) -> Answer {
    let what = (subscription(&parts)?, Turn::Resume);
    turn(&visitor, data, what, typed).await
}

async fn turn(
    visitor: &Staff,
    (store, session): (Data<Store>, Session),
    (id, turn): (SubscriptionId, Turn),
    typed: PauseForm,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let stepped = match typed.read(id) {
        Ok(pausing) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| turn.work(tx, &pausing);
            step((visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, turn.done()),
        Step::Again(status, again) => {
            let page = page(visitor, &store, (id, turn), (typed, again)).await?;
            html(status, &page)
        }
    }
}
