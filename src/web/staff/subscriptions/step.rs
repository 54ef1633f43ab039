//! What the changes of a subscription have in common: each is rehearsed and shown before it is
//! done, it is done once for each form, and a form that was overtaken is given back.
use actix_web::http::StatusCode;

use super::{not_ended, outcome::Outcome};
use crate::{
    Error, Result,
    domain::Problems,
    id::SubscriptionId,
    store::{Store, Tx, VendorScope, sell::subscriptions},
    web::{admission::Staff, form::once},
};

/// What a form of such a change sends beside its own fields.
pub(super) struct Sent<'a> {
    pub id: SubscriptionId,
    /// The version of the subscription that it was opened with.
    pub version: &'a str,
    /// Empty until what it comes to was shown.
    pub confirmed: &'a str,
    pub form_id: &'a str,
}

/// What a form that is shown again says beside what was typed.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// What it would come to, in sentences; empty where that is not known yet.
    pub outcome: Vec<String>,
    pub problems: Problems,
    /// Whether somebody else was faster: then it goes on with the subscription as it is now.
    pub is_stale: bool,
}

impl Again {
    /// The version that the form goes on with, given the one it was opened with.
    pub fn version(&self, typed: &str, now: i32) -> String {
        match typed.is_empty() || self.is_stale {
            true => now.to_string(),
            false => typed.to_owned(),
        }
    }
}

/// What became of a form.
pub(super) enum Step {
    /// It is done; where that leads.
    Done(String),
    /// It is shown again, as an answer of this status. Nothing was written.
    Again(StatusCode, Again),
}

impl Step {
    /// Back with what is wrong with it.
    pub fn wrong(problems: Problems) -> Self {
        let again = Again {
            problems,
            ..Again::default()
        };
        Self::Again(StatusCode::UNPROCESSABLE_ENTITY, again)
    }

    fn shown(outcome: &Outcome) -> Self {
        let again = Again {
            outcome: outcome.sentences(),
            ..Again::default()
        };
        Self::Again(StatusCode::OK, again)
    }

    fn overtaken() -> Self {
        let again = Again {
            is_stale: true,
            ..Again::default()
        };
        Self::Again(StatusCode::CONFLICT, again)
    }
}

/// Rehearses `work`, or does it once that was confirmed.
///
/// # Errors
/// Those of `work`, a conflict only where opening the form again would not help.
pub(super) async fn step(
    (visitor, store): (&Staff, &Store),
    sent: Sent<'_>,
    work: impl Fn(&mut Tx<'_, VendorScope>) -> Result<()> + Send + 'static,
) -> Result<Step> {
    if !sent.confirmed.is_empty() {
        return done((visitor, store), sent, work).await;
    }
    let (id, scope) = (sent.id, visitor.scope.clone());
    let rehearsed = store
        .rehearse(scope, move |tx| Outcome::of(tx, id, &work))
        .await
        .map(|outcome| Step::shown(&outcome));
    or_again((visitor, store), sent, rehearsed).await
}

/// Does `work` at once, for a form that needs no rehearsal.
///
/// # Errors
/// As [`step`].
pub(super) async fn done(
    (visitor, store): (&Staff, &Store),
    sent: Sent<'_>,
    work: impl Fn(&mut Tx<'_, VendorScope>) -> Result<()> + Send + 'static,
) -> Result<Step> {
    let form_id = sent.form_id.to_owned();
    let to = format!("{}/subscriptions/{}", visitor.base, sent.id);
    let done = store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                work(tx)?;
                Ok(to.clone())
            })
        })
        .await
        .map(Step::Done);
    or_again((visitor, store), sent, done).await
}

/// The form again where something is wrong with it, or somebody else was faster.
async fn or_again(
    (visitor, store): (&Staff, &Store),
    sent: Sent<'_>,
    stepped: Result<Step>,
) -> Result<Step> {
    match stepped {
        Err(Error::Invalid(problems)) => Ok(Step::wrong(problems)),
        Err(Error::Conflict(why)) => {
            let id = sent.id;
            let now = store
                .read(visitor.scope.clone(), move |tx| {
                    subscriptions::record(tx, id)
                })
                .await?;
            not_ended(&now)?;
            match now.subscription.version.to_string() == sent.version {
                true => Err(Error::Conflict(why)),
                false => Ok(Step::overtaken()),
            }
        }
        other => other,
    }
}
