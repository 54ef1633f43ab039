//! Giving a discount, and ending one.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;
use serde::Deserialize;

use super::{
    Parts,
    step::{Again, Sent, Step, done},
    subscription,
};
use crate::{
    Error, Result,
    domain::{Currency, DiscountDuration, Money, Name, Permission, Problems, Rate, discount::Off},
    id::{DiscountId, SubscriptionId},
    services::revenue::subscriptions::{NewDiscount, end_discount, give_discount},
    store::{
        Store, Tx, VendorScope,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id},
        page::{html, ok, see_other_saying},
    },
};

/// A discount as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DiscountForm {
    label: String,
    how: String,
    off: String,
    duration: String,
    periods: String,
    priority: String,
    version: String,
    form_id: String,
}

impl DiscountForm {
    fn read(&self, id: SubscriptionId, currency: Currency) -> Result<NewDiscount, Problems> {
        let mut problems = Problems::default();
        let label = problems.check("label", self.label.parse::<Name>());
        let off = match self.how.as_str() {
            "fixed" => {
                let minor = Money::parse(&self.off, currency).map(Money::minor);
                problems.check("off", minor).map(Off::Fixed)
            }
            _ => problems
                .check("off", self.off.parse::<Rate>())
                .map(Off::Percent),
        };
        let duration = self.duration.parse::<DiscountDuration>();
        let duration = problems.check("duration", duration);
        let periods = match duration {
            Some(DiscountDuration::Once) => Some(Some(1)),
            Some(DiscountDuration::Periods) => {
                let many = self.periods.trim().parse::<u32>();
                let many = many.map_err(|_| "Give a whole number of periods.");
                problems.check("periods", many).map(Some)
            }
            _ => Some(None),
        };
        let priority = match self.priority.trim() {
            "" => Ok(0),
            typed => typed.parse::<i32>().map_err(|_| "Give a whole number."),
        };
        let priority = problems.check("priority", priority);
        let changed = "This form is out of date: open the page again.";
        let version = problems.check("label", self.version.parse().map_err(|_| changed));
        match (label, off, periods, priority, version) {
            (Some(label), Some(off), Some(periods), Some(priority), Some(version))
                if problems.is_empty() =>
            {
                Ok(NewDiscount {
                    subscription: id,
                    version,
                    label,
                    off,
                    priority,
                    periods,
                })
            }
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
#[template(path = "subscriptions/discount.html")]
struct DiscountPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    customer: String,
    currency: &'static str,
    begins: String,
    action: String,
    cancel: String,
    hows: Vec<(String, String)>,
    durations: Vec<(String, String)>,
    typed: DiscountForm,
    problems: Problems,
    is_stale: bool,
}

async fn record(visitor: &Staff, store: &Store, id: SubscriptionId) -> Result<Record> {
    store
        .read(visitor.scope.clone(), move |tx| {
            subscriptions::record(tx, id)
        })
        .await
}

fn page(
    visitor: &Staff,
    record: Record,
    (typed, again): (DiscountForm, Again),
) -> Result<DiscountPage> {
    let it = &record.subscription;
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{}", it.id);
    let title = format!("{}, {}", record.offering, record.plan.name);
    let or = |typed: &str, other: String| match typed {
        "" => other,
        typed => typed.to_owned(),
    };
    let option =
        |duration: &DiscountDuration| (duration.code().to_owned(), duration.label().to_owned());
    let begins = it.next_bill_on.map_or_else(
        || "It has no further period: nothing would be taken off.".to_owned(),
        |on| {
            let on = crate::domain::date_words(on);
            format!("It begins with the period that is billed on {on}.")
        },
    );
    Ok(DiscountPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        currency: it.mrr.currency().code(),
        begins,
        action: format!("{href}/discounts"),
        hows: vec![
            ("percent".to_owned(), "Percent".to_owned()),
            ("fixed".to_owned(), "Amount a period".to_owned()),
        ],
        durations: DiscountDuration::ALL.iter().map(option).collect(),
        typed: DiscountForm {
            how: or(&typed.how, "percent".to_owned()),
            duration: or(&typed.duration, "forever".to_owned()),
            priority: or(&typed.priority, "0".to_owned()),
            version: again.version(&typed.version, it.version),
            form_id: fresh_form_id()?,
            ..typed
        },
        customer: record.customer,
        cancel: href,
        title,
        problems: again.problems,
        is_stale: again.is_stale,
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let record = record(&visitor, &store, subscription(&parts)?).await?;
    ok(&page(&visitor, record, Default::default())?)
}

/// Gives the discount.
pub(super) async fn give(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<DiscountForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let opened = record(&visitor, &store, id).await?;
    let currency = opened.subscription.mrr.currency();
    let stepped = match typed.read(id, currency) {
        Ok(new) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| give_discount(tx, &new);
            done((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, "The discount was given."),
        Step::Again(status, again) => {
            let now = record(&visitor, &store, id).await?;
            html(status, &page(&visitor, now, (typed, again))?)
        }
    }
}

/// Ends a discount with the periods billed so far.
pub(super) async fn end(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String, String)>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id: SubscriptionId = parts.1.parse().map_err(|_| Error::NotFound)?;
    let discount: DiscountId = parts.2.parse().map_err(|_| Error::NotFound)?;
    store
        .write(visitor.scope.clone(), move |tx| {
            end_discount(tx, (id, discount))
        })
        .await?;
    let to = format!("{}/subscriptions/{id}", visitor.base);
    see_other_saying(&session, &to, "The discount ended.")
}
