//! Starting a subscription: to whom, what, how many, from when.
use actix_session::Session;
use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{
        BillingModel, ExternalId, Money, Permission, Problems, Quantity, VatId, date_words,
        deal::CustomerMark, read_date,
    },
    id::{CustomerId, DealRegistrationId, OfferingId, SubscriptionId},
    services::revenue::subscriptions::{self as service, BillingAsked, NewSubscription},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::{
            offerings,
            plans::{self, Choice},
        },
        revenue::subscriptions::one as record_of,
        sell::{
            accounts::{self, Billed},
            customers::{self, Customer, Filter, Sort},
            deals::{self, DealRegistration},
            subscriptions::record,
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, query, see_other_saying, unprocessable},
        resold, sold, words,
    },
};

/// A sale as typed. `confirmed` once it was shown how many invoices it makes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SaleForm {
    customer: String,
    plan: String,
    quantity: String,
    starts_on: String,
    external_id: String,
    deal: String,
    billing: String,
    street: String,
    confirmed: String,
    form_id: String,
}

/// A sale whose fields are well formed.
#[derive(Clone)]
struct Read {
    customer: CustomerId,
    plan: String,
    quantity: Quantity,
    starts_on: NaiveDate,
    external_id: Option<ExternalId>,
    deal: Option<DealRegistrationId>,
    billing: BillingModel,
    /// As typed: it is in the plan's currency.
    street: String,
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
        let deal = Some(self.deal.trim()).filter(|typed| !typed.is_empty());
        let deal = deal.map(str::parse::<DealRegistrationId>).transpose();
        let deal = deal.map_err(|_| "Choose one of the registrations.");
        let deal = problems.check("deal", deal);
        let billing = match self.billing.as_str() {
            "" => Some(BillingModel::Agency),
            code => problems.check("billing", code.parse::<BillingModel>()),
        };
        let told = external_id.zip(deal).zip(billing);
        match (customer, quantity, starts_on, told) {
            (Some(customer), Some(quantity), Some(starts_on), Some(told))
                if problems.is_empty() =>
            {
                let ((external_id, deal), billing) = told;
                let plan = self.plan.trim().to_owned();
                Ok(Read {
                    customer,
                    plan,
                    quantity,
                    starts_on,
                    external_id,
                    deal,
                    billing,
                    street: self.street.trim().to_owned(),
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
    /// Where a customer is added, and where another is chosen.
    add: String,
    other: String,
    customer: String,
    search: String,
    found: Vec<(String, String)>,
    has_more: bool,
    offers: Vec<Offer>,
    /// The partner's registrations that still protect, after none of them.
    deals: Vec<(String, String)>,
    /// Who may invoice the customer.
    models: Vec<(String, String)>,
    /// What a sale that begins far back comes to, to be confirmed.
    outcome: Vec<String>,
    /// What is sold and from when: "Backup Pro, Monthly from 1 Nov 2026".
    sale: String,
    typed: SaleForm,
    problems: Problems,
}

/// What a form may begin with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begins {
    customer: String,
    partner: String,
    deal: String,
    q: String,
}

struct Found {
    customer: Option<String>,
    deals: Vec<(String, String)>,
    /// The registration that is meant, or seems to be about the customer.
    likely: Option<DealRegistration>,
    found: Vec<(CustomerId, String)>,
    has_more: bool,
    offers: Vec<Choice>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, customer: &str, begins: &Begins) -> Result<Found> {
    let customer = match customer
        .parse::<CustomerId>()
        .map(|id| customers::customer(tx, id))
    {
        Ok(Ok(found)) => Some(found),
        Ok(Err(Error::NotFound)) | Err(_) => None,
        Ok(Err(other)) => return Err(other),
    };
    let today = vendor::today(tx)?;
    let protected = deals::protected(tx, today)?;
    let meant = protected
        .iter()
        .find(|deal| deal.id.to_string() == begins.deal);
    let filter = Filter {
        search: begins.q.clone(),
        partner: meant
            .map(|deal| deal.partner_id)
            .or(begins.partner.parse().ok()),
        ..Filter::default()
    };
    let mut own = protected.clone();
    own.retain(|deal| {
        customer
            .as_ref()
            .is_some_and(|of| of.partner == deal.partner_id)
    });
    let page = customers::page(tx, &filter, Sort::Name, None)?;
    Ok(Found {
        has_more: page.next.is_some(),
        found: page
            .rows
            .into_iter()
            .map(|row| (row.id, row.name))
            .collect(),
        offers: plans::choices(tx)?,
        today,
        likely: customer.as_ref().and_then(|of| {
            let own_meant = own.iter().find(|deal| deal.id.to_string() == begins.deal);
            own_meant.or_else(|| likely(of, &own)).cloned()
        }),
        deals: match own.is_empty() {
            true => Vec::new(),
            false => registered(&own, &offerings::names(tx)?),
        },
        customer: customer.map(|of| of.name),
    })
}

/// The registration that seems to be about a customer.
fn likely<'a>(customer: &Customer, own: &'a [DealRegistration]) -> Option<&'a DealRegistration> {
    own.iter().find(|deal| is_about(deal, customer))
}

fn is_about(deal: &DealRegistration, customer: &Customer) -> bool {
    let vat_id: VatId = customer.vat_id.parse().unwrap_or_default();
    let mark = CustomerMark::of(&customer.name, "", &vat_id);
    mark.is_ok_and(|mark| deal.mark().alike(&mark).is_some())
}

/// What is said of a sale to somebody else than its registration names.
fn names_another(tx: &mut Tx<'_, VendorScope>, read: &Read) -> Result<Option<String>> {
    let Some(deal) = read.deal else {
        return Ok(None);
    };
    let deal = deals::one(tx, deal)?;
    let customer = customers::customer(tx, read.customer)?;
    Ok((!is_about(&deal, &customer)).then(|| {
        format!(
            "It is to win the registration of {}, which is another name than {}. What registered deals are paid for is paid on this sale.",
            deal.customer_name, customer.name
        )
    }))
}

/// What the form offers of registrations.
fn registered(
    own: &[DealRegistration],
    offerings: &[(OfferingId, String)],
) -> Vec<(String, String)> {
    let option = |deal: &DealRegistration| {
        let offering = offerings.iter().find(|(id, _)| *id == deal.offering_id);
        let offering = offering.map_or("", |(_, name)| name.as_str());
        let until = deal.protected_until.map_or(String::new(), date_words);
        let label = format!(
            "{}, {offering}, protected until {until}",
            deal.customer_name
        );
        (deal.id.to_string(), label)
    };
    let none = (String::new(), "None: this was not registered".to_owned());
    std::iter::once(none)
        .chain(own.iter().map(option))
        .collect()
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
            sold::begins(&choice.version.terms)
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
    let (asked_for, is_new) = (begins.deal.clone(), !begins.customer.is_empty());
    let wanted = typed.customer.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, &wanted, &begins))
        .await?;
    let register = format!("{base}/subscriptions");
    // What the form begins with may be chosen otherwise.
    let likely = found.likely.filter(|_| is_new);
    let typed = match &likely {
        Some(deal) => SaleForm {
            deal: deal.id.to_string(),
            quantity: deal.quantity.to_string(),
            starts_on: deal.expected_on.to_string(),
            ..typed
        },
        None => typed,
    };
    let starts_on = match typed.starts_on.is_empty() {
        true => found.today.to_string(),
        false => typed.starts_on.clone(),
    };
    let link = |(id, name): (CustomerId, String)| {
        let of = query(&[("customer", &id.to_string()), ("deal", &asked_for)]);
        (format!("{register}/new?{of}"), name)
    };
    let with_deal = |page: &str| match typed.deal.as_str() {
        "" => format!("{base}/{page}/new"),
        deal => format!("{base}/{page}/new?{}", query(&[("deal", deal)])),
    };
    Ok(NewPage {
        add: with_deal("customers"),
        other: with_deal("subscriptions"),
        shell: visitor.shell(),
        crumbs: vec![("Subscriptions".to_owned(), register.clone())],
        customer: found.customer.unwrap_or_default(),
        search,
        found: found.found.into_iter().map(link).collect(),
        has_more: found.has_more,
        offers: found.offers.iter().map(offer).collect(),
        deals: found.deals,
        models: BillingModel::ALL
            .iter()
            .map(|one| (one.code().to_owned(), one.label().to_owned()))
            .collect(),
        outcome: Vec::new(),
        sale: String::new(),
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

/// The form: first the customer, who may be one of thousands, then the rest.
pub(super) async fn new(
    visitor: Staff,
    store: Data<Store>,
    Query(begins): Query<Begins>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let typed = SaleForm {
        customer: begins.customer.clone(),
        deal: begins.deal.clone(),
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
    let street = match read.street.as_str() {
        "" => None,
        typed => {
            let street = Money::parse(typed, plan.version.terms.currency);
            Some(street.map_err(|why| Error::on("street", why.to_string()))?)
        }
    };
    let asked = BillingAsked {
        model: read.billing,
        street_minor: street.map(Money::minor),
    };
    match service::start_billed(tx, (&new, &asked), read.deal) {
        Ok(started) => Ok(started.id()),
        Err(Error::NotFound) => Err(Error::on("customer", "Choose a customer.")),
        Err(other) => Err(other),
    }
}

/// What starting it comes to, where it makes more than the one invoice that a reader expects,
/// nobody earns on it, it wins a registration of another name, or is resold below what it costs.
async fn rehearse(visitor: &Staff, store: &Store, read: Read) -> Result<Vec<String>> {
    let (billed, earns, others) = store
        .rehearse(visitor.scope.clone(), move |tx| {
            let id = start(tx, &read)?;
            let sold = record_of(tx, id)?;
            let earns = sold.commission_plan_version_id.is_some() || sold.payer_id.is_some();
            let below = resold::loss(&record(tx, id)?)?.map(|loss| {
                format!(
                    "The street price is below what the partner buys at: it is left with {} of each period.",
                    words::money(loss)
                )
            });
            let others = names_another(tx, &read)?.into_iter().chain(below);
            Ok((accounts::billed(tx, id)?, earns, others.collect::<Vec<_>>()))
        })
        .await?;
    let mut said = match billed.len() {
        0 | 1 => Vec::new(),
        number => outcome(number, &billed)?,
    };
    if !earns {
        said.push(NOBODY_EARNS.to_owned());
    }
    said.extend(others);
    Ok(said)
}

/// What a sale is told that no commission plan holds for.
const NOBODY_EARNS: &str = "Nobody earns commission on it: the partner is in no commission plan on the first day served. To change that, enroll it from that day or earlier before you start the subscription: the plan of that day holds as long as it runs.";

/// Of many invoices, newest first.
fn outcome(number: usize, billed: &[Billed]) -> Result<Vec<String>> {
    let mut said = Vec::new();
    let spans = billed.iter().filter_map(|invoice| invoice.service);
    let from = spans.clone().map(|(from, _)| from).min();
    let until = spans.map(|(_, until)| until).max();
    if let (Some(from), Some(until), Some(newest)) = (from, until, billed.first()) {
        let zero = Money::zero(newest.total.currency());
        let total = billed
            .iter()
            .try_fold(zero, |sum, invoice| sum.plus(invoice.total));
        said.push(format!(
            "{number} invoices are issued at once, for {}: {} with tax.",
            words::service(from, until),
            words::money(total.map_err(Error::fault)?)
        ));
        said.push(format!(
            "Each is dated the first day of its period; the newest is due on {}.",
            date_words(newest.due_on)
        ));
    }
    Ok(said)
}

/// Starts a subscription and bills what is due; asks before, where there is more to it than a reader
/// expects.
pub(super) async fn create(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<SaleForm>,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let read = match typed.read() {
        Ok(read) => read,
        Err(problems) => return refused(&visitor, &store, typed, Error::Invalid(problems)).await,
    };
    let (chosen, starts_on) = (read.plan.clone(), read.starts_on);
    if typed.confirmed.is_empty() {
        match rehearse(&visitor, &store, read.clone()).await {
            Ok(said) if said.is_empty() => {}
            Ok(said) => {
                let shown = (typed, Problems::default());
                let mut page = page(&visitor, &store, Begins::default(), shown).await?;
                let plan = page.offers.iter().find(|one| one.code == chosen);
                let plan = plan.map_or(chosen.as_str(), |one| one.name.as_str());
                let sale = format!("{plan} from {}", date_words(starts_on));
                page.outcome = said;
                page.sale = sale;
                return ok(&page);
            }
            Err(error) => return refused(&visitor, &store, typed, error).await,
        }
    }
    let (base, form_id) = (visitor.base.clone(), typed.form_id.clone());
    let started = store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let id = start(tx, &read)?;
                Ok(format!("{base}/subscriptions/{id}"))
            })
        })
        .await;
    match started {
        Ok(to) => see_other_saying(&session, &to, "The subscription was started."),
        Err(error) => refused(&visitor, &store, typed, error).await,
    }
}

/// The form again, with why.
async fn refused(visitor: &Staff, store: &Store, mut typed: SaleForm, error: Error) -> Answer {
    typed.confirmed.clear();
    match error {
        Error::Invalid(problems) => {
            let again = (typed, problems);
            unprocessable(&page(visitor, store, Begins::default(), again).await?)
        }
        other => Err(other.into()),
    }
}
