//! What the changes of a subscription have in common: each is rehearsed and shown before it is
//! done, it is done once for each form, and a form that was overtaken is given back.
use super::{not_ended, outcome::Outcome};
use crate::{
    Error, Result,
    id::SubscriptionId,
    store::{
        Store, Tx, VendorScope,
        sell::subscriptions::{self, Record},
    },
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

/// What became of a form.
pub(super) enum Step {
    /// What it would come to, in sentences. Nothing was written.
    Shown(Vec<String>),
    /// It is done; where that leads.
    Done(String),
    /// Somebody else was faster; the subscription as it is now.
    Overtaken(Box<Record>),
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
    let (id, scope) = (sent.id, visitor.scope.clone());
    let stepped = match sent.confirmed {
        "" => store
            .rehearse(scope, move |tx| Outcome::of(tx, id, &work))
            .await
            .map(|outcome| Step::Shown(outcome.sentences())),
        _ => {
            let form_id = sent.form_id.to_owned();
            let to = format!("{}/subscriptions/{id}", visitor.base);
            store
                .write(scope, move |tx| {
                    once(tx, &form_id, |tx| {
                        work(tx)?;
                        Ok(to.clone())
                    })
                })
                .await
                .map(Step::Done)
        }
    };
    match stepped {
        Err(Error::Conflict(why)) => overtaken((visitor, store), sent, why).await,
        other => other,
    }
}

/// Whether a conflict is no more than that somebody else was faster.
async fn overtaken(
    (visitor, store): (&Staff, &Store),
    sent: Sent<'_>,
    why: String,
) -> Result<Step> {
    let id = sent.id;
    let now = store
        .read(visitor.scope.clone(), move |tx| {
            subscriptions::record(tx, id)
        })
        .await?;
    not_ended(&now)?;
    match now.subscription.version.to_string() == sent.version {
        true => Err(Error::Conflict(why)),
        false => Ok(Step::Overtaken(Box::new(now))),
    }
}
