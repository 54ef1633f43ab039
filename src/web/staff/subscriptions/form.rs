//! Starting a subscription: to whom, what, how many, from when.
use actix_session::Session;
use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{ExternalId, Permission, Problems, Quantity, read_date},
    id::{CustomerId, SubscriptionId},
    services::revenue::subscriptions::{self as service, NewSubscription},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::plans::{self, Choice},
        sell::customers::{self, Filter, Sort},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, query, see_other_saying, unprocessable},
        sold,
    },
};

/// A sale as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SaleForm {
    customer: String,
    plan: String,
    quantity: String,
    starts_on: String,
    external_id: String,
    form_id: String,
}

/// A sale whose fields are well formed.
struct Read {
    customer: CustomerId,
    plan: String,
    quantity: Quantity,
    starts_on: NaiveDate,
    external_id: Option<ExternalId>,
}

impl SaleForm {
    fn read(&self) -> Result<Read, Problems> {
        let mut problems = Problems::default();
        let chosen = self.customer.parse::<CustomerId>();
        let customer = problems.check("customer", chosen.map_err(|_| "Choose a customer."));
        if self.plan.trim().is_empty() {
            problems.add("plan", "Choose a plan.");
        }
        let quantity = problems.check("quantity", self.quantity.parse::<Quantity>());
        let starts_on = problems.check("starts_on", read_date(&self.starts_on));
        let typed = Some(self.external_id.as_str()).filter(|typed| !typed.trim().is_empty());
        let external_id = typed.map(str::parse::<ExternalId>).transpose();
        let external_id = problems.check("external_id", external_id);
        match (customer, quantity, starts_on, external_id) {
            (Some(customer), Some(quantity), Some(starts_on), Some(external_id))
                if problems.is_empty() =>
            {
                let plan = self.plan.trim().to_owned();
                Ok(Read {
                    customer,
                    plan,
                    quantity,
                    starts_on,
                    external_id,
                })
            }
            _ => Err(problems),
        }
    }
}

/// A plan as the form offers it.
struct Offer {
    code: String,
    name: String,
    prices: String,
}

#[derive(Template)]
#[template(path = "subscriptions/new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    cancel: String,
    customer: String,
    search: String,
    found: Vec<(String, String)>,
    has_more: bool,
    offers: Vec<Offer>,
    typed: SaleForm,
    problems: Problems,
}

/// What a form may begin with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begins {
    customer: String,
    partner: String,
    q: String,
}

struct Found {
    customer: Option<String>,
    found: Vec<(CustomerId, String)>,
    has_more: bool,
    offers: Vec<Choice>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, customer: &str, begins: &Begins) -> Result<Found> {
    let customer = match customer.parse::<CustomerId>() {
        Ok(id) => customers::names(tx, &[id])?.pop().map(|(_, name)| name),
        Err(_) => None,
    };
    let filter = Filter {
        search: begins.q.clone(),
        partner: begins.partner.parse().ok(),
        ..Filter::default()
    };
    let page = customers::page(tx, &filter, Sort::Name, None)?;
    Ok(Found {
        has_more: page.next.is_some(),
        found: page
            .rows
            .into_iter()
            .map(|row| (row.id, row.name))
            .collect(),
        offers: plans::choices(tx)?,
        today: vendor::today(tx)?,
        customer,
    })
}

fn offer(choice: &Choice) -> Offer {
    let prices = choice.version.prices.iter();
    let prices: Vec<String> = prices
        .map(|line| sold::price_words(&choice.version, line))
        .collect();
    Offer {
        code: choice.plan.code.clone(),
        name: format!("{}, {}", choice.offering, choice.plan.name),
        prices: format!(
            "{}{}",
            prices.join(" and "),
            sold::begins(
                choice.version.terms.trial_days,
                choice.version.terms.anchor_day
            )
        ),
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    begins: Begins,
    (typed, problems): (SaleForm, Problems),
) -> Result<NewPage> {
    let (search, base) = (begins.q.clone(), visitor.base.clone());
    let wanted = typed.customer.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, &wanted, &begins))
        .await?;
    let register = format!("{base}/subscriptions");
    let starts_on = match typed.starts_on.is_empty() {
        true => found.today.to_string(),
        false => typed.starts_on.clone(),
    };
    let link = |(id, name): (CustomerId, String)| {
        let of = query(&[("customer", &id.to_string())]);
        (format!("{register}/new?{of}"), name)
    };
    Ok(NewPage {
        shell: visitor.shell(),
        crumbs: vec![("Subscriptions".to_owned(), register.clone())],
        customer: found.customer.unwrap_or_default(),
        search,
        found: found.found.into_iter().map(link).collect(),
        has_more: found.has_more,
        offers: found.offers.iter().map(offer).collect(),
        typed: SaleForm {
            starts_on,
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        cancel: register,
        base,
    })
}

fn may(visitor: &Staff) -> Result<(), Error> {
    match visitor.may(Permission::ManageSubscriptions) {
        true => Ok(()),
        false => Err(Error::Forbidden),
    }
}

/// The form: first the customer, who may be one of thousands, then the rest.
pub(super) async fn new(
    visitor: Staff,
    store: Data<Store>,
    Query(begins): Query<Begins>,
) -> Answer {
    may(&visitor)?;
    let typed = SaleForm {
        customer: begins.customer.clone(),
        quantity: "1".to_owned(),
        ..SaleForm::default()
    };
    ok(&page(&visitor, &store, begins, (typed, Problems::default())).await?)
}

fn start(tx: &mut Tx<'_, VendorScope>, read: &Read) -> Result<SubscriptionId> {
    let offers = plans::choices(tx)?;
    let chosen = offers
        .into_iter()
        .find(|offer| offer.plan.code == read.plan);
    let plan = chosen.ok_or_else(|| Error::on("plan", "Choose a plan that is sold now."))?;
    let given = read.external_id.as_ref().map(ExternalId::to_string);
    let new = NewSubscription {
        external_id: given.unwrap_or_else(|| tx.fresh_id::<crate::id::Subscription>().to_string()),
        customer: read.customer,
        plan_version: plan.version.id,
        starts_on: read.starts_on,
        quantity: read.quantity,
    };
    match service::start(tx, &new) {
        Ok(started) => Ok(started.id()),
        Err(Error::NotFound) => Err(Error::on("customer", "Choose a customer.")),
        Err(other) => Err(other),
    }
}

/// Starts a subscription and bills what is due.
pub(super) async fn create(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<SaleForm>,
) -> Answer {
    may(&visitor)?;
    let started = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(read) => {
            let (base, form_id) = (visitor.base.clone(), typed.form_id.clone());
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let id = start(tx, &read)?;
                        Ok(format!("{base}/subscriptions/{id}"))
                    })
                })
                .await
        }
    };
    match started {
        Ok(to) => see_other_saying(&session, &to, "The subscription was started."),
        Err(Error::Invalid(problems)) => {
            let again = (typed, problems);
            unprocessable(&page(&visitor, &store, Begins::default(), again).await?)
        }
        Err(other) => Err(other.into()),
    }
}
