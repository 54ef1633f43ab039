//! Changing a quantity: asked for, shown what it comes to, done.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveTime;
use serde::Deserialize;

use super::{
    Parts, as_of_now, day_and_time, not_ended,
    step::{Again, Sent, Step, step},
    subscription, version,
};
use crate::{
    Result,
    domain::{LongText, Permission, Problems, Proration, Quantity},
    id::SubscriptionId,
    services::revenue::subscriptions::{QuantityChange, change_quantity_at},
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
    fn read(&self, id: SubscriptionId) -> Result<(QuantityChange, Option<NaiveTime>), Problems> {
        let mut problems = Problems::default();
        let quantity = problems.check("quantity", self.quantity.parse::<Quantity>());
        let effective = day_and_time(&mut problems, &self.effective_on);
        let reason = problems.check("reason", self.reason.parse::<LongText>());
        let version = version(&mut problems, "quantity", &self.version);
        match (quantity, effective, reason, version) {
            (Some(quantity), Some((effective_on, time)), Some(reason), Some(version)) => {
                let change = QuantityChange {
                    subscription: id,
                    version,
                    quantity,
                    effective_on,
                    reason: reason.to_string(),
                };
                Ok((change, time))
            }
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
#[template(path = "subscriptions/quantity.html")]
struct QuantityPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    heading: String,
    customer: String,
    current: String,
    by_second: bool,
    action: String,
    cancel: String,
    outcome: Vec<String>,
    typed: QuantityForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (typed, again): (QuantityForm, Again),
) -> Result<QuantityPage> {
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
    let theirs = it.quantity.to_string();
    let by = record.version.terms.proration;
    let both = again
        .is_stale
        .then(|| differing(&[("Quantity", &theirs, &typed.quantity)]));
    let typed = match typed.version.is_empty() {
        true => QuantityForm {
            quantity: it.quantity.to_string(),
            effective_on: as_of_now(by, zone, now),
            version: it.version.to_string(),
            form_id: fresh_form_id()?,
            ..typed
        },
        false => QuantityForm {
            version: again.version(&typed.version, it.version),
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
        by_second: by == Proration::Second,
        customer: record.customer,
        action: format!("{href}/quantity"),
        cancel: href,
        outcome: again.outcome,
        typed,
        problems: again.problems,
        both,
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (QuantityForm::default(), Again::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Shows what a change comes to, or, once that was confirmed, does it.
pub(super) async fn change(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<QuantityForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let stepped = match typed.read(id) {
        Ok((change, time)) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| change_quantity_at(tx, &change, time);
            step((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, "The quantity was changed."),
        Step::Again(status, again) => {
            html(status, &page(&visitor, &store, id, (typed, again)).await?)
        }
    }
}
