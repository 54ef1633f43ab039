//! Changing a plan: asked for, shown what it comes to, done; and keeping it after all.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::{
    Parts, not_ended, reason, reason_beside,
    step::{Again, Sent, Step, done, step},
    subscription, version,
};
use crate::{
    Result,
    domain::{Permission, Problems, SubscriptionStatus, read_date},
    id::{PlanVersionId, SubscriptionId},
    services::revenue::subscriptions::{PlanChange, PlanWhen, change_plan, keep_plan},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::plans::{self, Choice},
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

/// The routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/subscriptions/{subscription}/plan")
                .route(get().to(form))
                .route(post().to(change)),
        )
        .service(resource("/subscriptions/{subscription}/plan/keep").route(post().to(keep)));
}

/// A change as typed. `confirmed` once its cost was shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PlanForm {
    plan: String,
    when: String,
    effective_on: String,
    reason: String,
    version: String,
    confirmed: String,
    form_id: String,
}

impl PlanForm {
    fn read(&self, id: SubscriptionId) -> Result<PlanChange, Problems> {
        let mut problems = Problems::default();
        let chosen = self.plan.parse::<PlanVersionId>();
        let plan = problems.check("plan", chosen.map_err(|_| "Choose a plan."));
        let when = match self.when.as_str() {
            "now" => problems
                .check("effective_on", read_date(&self.effective_on))
                .map(PlanWhen::Now),
            "next_period" => Some(PlanWhen::NextPeriod),
            _ => {
                problems.add("when", "Choose when it changes.");
                None
            }
        };
        let reason = reason(&mut problems, &self.reason);
        let version = version(&mut problems, "plan", &self.version);
        match (plan, when, reason, version) {
            (Some(plan_version), Some(when), Some(reason), Some(version))
                if problems.is_empty() =>
            {
                Ok(PlanChange {
                    subscription: id,
                    version,
                    plan_version,
                    when,
                    reason,
                })
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
#[template(path = "subscriptions/plan.html")]
struct PlanPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    customer: String,
    action: String,
    cancel: String,
    plans: Vec<(String, String)>,
    whens: Vec<(String, String)>,
    /// Whether something is billed in arrears, by this plan or by one that is offered.
    in_arrears: bool,
    /// What it is set to change to, and from when.
    set: Option<(String, chrono::NaiveDate)>,
    kept_because: String,
    keep_problems: Problems,
    outcome: Vec<String>,
    typed: PlanForm,
    problems: Problems,
    is_stale: bool,
}

/// The plans that a subscription could change to: in its currency, and billed as often where it is
/// set to end.
fn offers(choices: &[Choice], record: &Record) -> Vec<(String, String)> {
    let it = &record.subscription;
    let fits = |choice: &&Choice| {
        let terms = &choice.version.terms;
        choice.version.id != it.plan_version
            && terms.currency == it.mrr.currency()
            && (terms.interval == it.interval || it.ends_on.is_none())
    };
    let offer = |choice: &Choice| {
        let prices = choice.version.prices.iter();
        let prices: Vec<String> = prices
            .map(|line| sold::price_words(&choice.version, line))
            .collect();
        let (offering, plan) = (&choice.offering, &choice.plan.name);
        let label = format!("{offering}, {plan}: {}", prices.join(" and "));
        (choice.version.id.to_string(), label)
    };
    choices.iter().filter(fits).map(offer).collect()
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    (typed, again): (PlanForm, Again),
) -> Result<PlanPage> {
    let (record, choices, today) = store
        .read(visitor.scope.clone(), move |tx| {
            let record = subscriptions::record(tx, id)?;
            Ok((record, plans::choices(tx)?, vendor::today(tx)?))
        })
        .await?;
    not_ended(&record)?;
    let it = &record.subscription;
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", record.offering, record.plan.name);
    let form_id = fresh_form_id()?;
    let typed = match typed.version.is_empty() {
        true => PlanForm {
            when: "next_period".to_owned(),
            effective_on: today.max(it.starts_on).to_string(),
            version: it.version.to_string(),
            form_id,
            ..typed
        },
        false => PlanForm {
            version: again.version(&typed.version, it.version),
            form_id,
            ..typed
        },
    };
    Ok(PlanPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (format!("{title} of {}", record.customer), href.clone()),
        ],
        in_arrears: record.version.bills_in_arrears()
            || choices.iter().any(|one| one.version.bills_in_arrears()),
        plans: offers(&choices, &record),
        kept_because: String::new(),
        keep_problems: Problems::default(),
        whens: whens(it.status),
        set: record
            .next
            .as_ref()
            .map(|next| (next.name.clone(), next.on)),
        title,
        customer: record.customer,
        action: format!("{href}/plan"),
        cancel: href,
        outcome: again.outcome,
        typed,
        problems: again.problems,
        is_stale: again.is_stale,
    })
}

fn whens(status: SubscriptionStatus) -> Vec<(String, String)> {
    let later = ("next_period", "With the next period; nothing is given back");
    let now = (
        "now",
        "On a day; what is unused is given back, and the rest, or a first period of another length, \
         billed by the new plan",
    );
    let offered = match status {
        SubscriptionStatus::PendingCancel => vec![now],
        _ => vec![later, now],
    };
    let choice = |(code, label): (&str, &str)| (code.to_owned(), label.to_owned());
    offered.into_iter().map(choice).collect()
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let empty = (PlanForm::default(), Again::default());
    ok(&page(&visitor, &store, subscription(&parts)?, empty).await?)
}

/// Shows what a change comes to, or, once that was confirmed, does it.
pub(super) async fn change(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PlanForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let stepped = match typed.read(id) {
        Ok(change) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| change_plan(tx, &change);
            step((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, "The change of plan is recorded."),
        Step::Again(status, again) => {
            html(status, &page(&visitor, &store, id, (typed, again)).await?)
        }
    }
}

/// Why the plan is kept, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KeepForm {
    kept_because: String,
    version: String,
    form_id: String,
}

impl KeepForm {
    fn read(&self) -> Result<(String, i32), Problems> {
        let mut problems = Problems::default();
        let why = reason_beside(&mut problems, "kept_because", &self.kept_because);
        let version = version(&mut problems, "kept_because", &self.version);
        why.zip(version).ok_or(problems)
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

/// Keeps the plan, though a change was set.
pub(super) async fn keep(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<KeepForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let stepped = match typed.read() {
        Ok((why, version)) => {
            let work = move |tx: &mut Tx<'_, VendorScope>| keep_plan(tx, (id, version), &why);
            done((&visitor, &store), typed.sent(id), work).await?
        }
        Err(problems) => Step::wrong(problems),
    };
    match stepped {
        Step::Done(to) => see_other_saying(&session, &to, "The plan is kept."),
        Step::Again(status, again) => {
            let (keep_problems, is_stale) = (again.problems, again.is_stale);
            let empty = (PlanForm::default(), Again::default());
            let page = page(&visitor, &store, id, empty).await?;
            let page = PlanPage {
                kept_because: typed.kept_because,
                keep_problems,
                is_stale,
                ..page
            };
            html(status, &page)
        }
    }
}
