//! Adding a customer and changing its record.
use actix_session::Session;
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::{Parts, customer};
use crate::{
    Error, Result,
    domain::{ExternalId, Name, Permission, Problems, Rate, TaxCategory, VatId, read_country},
    id::{CustomerId, DealRegistrationId},
    services::sell::customers::{self as service, Draft},
    store::{
        Store,
        recruit::partners,
        sell::{
            customers::{self, Customer},
            deals,
        },
    },
    web::{
        Answer, Failure, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        staff::partners::called::Called,
        stale::{Differing, conflict, differing},
    },
};

/// A customer as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CustomerForm {
    partner: String,
    name: String,
    external_id: String,
    country: String,
    tax: String,
    tax_category: String,
    vat_id: String,
    version: String,
    /// The registration that is to be sold to it next.
    deal: String,
    form_id: String,
}

impl CustomerForm {
    fn of(customer: &Customer) -> Self {
        Self {
            partner: customer.partner.to_string(),
            name: customer.name.clone(),
            external_id: customer.external_id.clone(),
            country: customer.country.to_string(),
            tax: customer.tax.to_string(),
            tax_category: customer.tax_category.code().to_owned(),
            vat_id: customer.vat_id.clone(),
            version: customer.version.to_string(),
            deal: String::new(),
            form_id: String::new(),
        }
    }

    fn read(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let name = problems.check("name", self.name.parse::<Name>());
        let country = problems.check("country", read_country(&self.country));
        // A form that does not ask keeps the customer's own rate.
        let category = match self.tax_category.as_str() {
            "" => Ok(TaxCategory::Own),
            code => code.parse::<TaxCategory>(),
        };
        let category = problems.check("tax_category", category);
        let tax = match (self.tax.trim(), category) {
            // Such a customer is charged none.
            ("", Some(TaxCategory::ReverseCharge | TaxCategory::Exempt)) => Some(Rate::default()),
            (typed, _) => problems.check("tax", typed.parse::<Rate>()),
        };
        let vat_id = problems.check("vat_id", self.vat_id.parse::<VatId>());
        match (name, country, tax, category, vat_id) {
            (Some(name), Some(country), Some(tax), Some(tax_category), Some(vat_id)) => Ok(Draft {
                name,
                country,
                tax,
                tax_category,
                vat_id,
            }),
            _ => Err(problems),
        }
    }

    fn read_new(&self) -> Result<(Option<ExternalId>, Draft), Problems> {
        let mut problems = Problems::default();
        if self.partner.trim().is_empty() {
            problems.add("partner", "Give the partner’s name or its external id.");
        }
        let draft = self.read();
        for (field, why) in draft.as_ref().err().iter().flat_map(|wrong| wrong.iter()) {
            problems.add(field, why);
        }
        let typed = Some(self.external_id.as_str()).filter(|typed| !typed.trim().is_empty());
        let external_id = typed.map(str::parse::<ExternalId>).transpose();
        let external_id = problems.check("external_id", external_id);
        match (external_id, draft) {
            (Some(external_id), Ok(draft)) if problems.is_empty() => Ok((external_id, draft)),
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "customers/form.html")]
struct FormPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    title: String,
    action: String,
    cancel: String,
    verb: &'static str,
    is_new: bool,
    partners: Vec<(String, String)>,
    has_partners: bool,
    typed: CustomerForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
    categories: Vec<(String, String)>,
}

fn categories() -> Vec<(String, String)> {
    let all = TaxCategory::ALL.iter();
    all.map(|one| (one.code().to_owned(), one.label().to_owned()))
        .collect()
}

async fn new_page(
    visitor: &Staff,
    store: &Store,
    typed: CustomerForm,
    mut problems: Problems,
) -> Result<FormPage> {
    let scope = visitor.scope.clone();
    let named = typed.partner.clone();
    let called = store.read(scope, move |tx| Called::of(tx, &named)).await?;
    // All remarks at once, also where the rest was refused before the partner was looked for.
    if !problems.is_empty() && problems.on("partner").is_none() && !called.problem.is_empty() {
        problems.add("partner", &called.problem);
    }
    let choice = |name: &String| (name.clone(), String::new());
    let register = format!("{}/customers", visitor.base);
    Ok(FormPage {
        shell: visitor.shell(),
        base: visitor.base.clone(),
        crumbs: vec![("Customers".to_owned(), register.clone())],
        title: "Add a customer".to_owned(),
        action: register.clone(),
        cancel: register,
        verb: "Add customer",
        is_new: true,
        partners: called.known.iter().map(choice).collect(),
        has_partners: !called.known.is_empty(),
        typed: CustomerForm {
            partner: called.text,
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        both: None,
        categories: categories(),
    })
}

fn edit_page(
    visitor: &Staff,
    customer: &Customer,
    typed: CustomerForm,
    problems: Problems,
) -> FormPage {
    let register = format!("{}/customers", visitor.base);
    let record = format!("{register}/{}", customer.id);
    FormPage {
        shell: visitor.shell(),
        base: visitor.base.clone(),
        crumbs: vec![
            ("Customers".to_owned(), register),
            (customer.name.clone(), record.clone()),
        ],
        title: format!("Edit {}", customer.name),
        action: record.clone(),
        cancel: record,
        verb: "Save customer",
        is_new: false,
        partners: Vec::new(),
        has_partners: true,
        typed,
        problems,
        both: None,
        categories: categories(),
    }
}

/// What a form may begin with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begins {
    partner: String,
    deal: String,
}

/// The form for a new customer.
pub(super) async fn new(
    visitor: Staff,
    store: Data<Store>,
    Query(begins): Query<Begins>,
) -> Answer {
    visitor.needs(Permission::ManageCustomers)?;
    let typed = begun(&visitor, &store, begins).await?;
    ok(&new_page(&visitor, &store, typed, Problems::default()).await?)
}

/// With the customer of a registered deal, where one is to be sold to it next.
async fn begun(visitor: &Staff, store: &Store, begins: Begins) -> Result<CustomerForm> {
    let Ok(deal) = begins.deal.parse::<DealRegistrationId>() else {
        return Ok(CustomerForm {
            partner: begins.partner,
            ..CustomerForm::default()
        });
    };
    let scope = visitor.scope.clone();
    let deal = store.read(scope, move |tx| deals::one(tx, deal)).await?;
    Ok(CustomerForm {
        partner: deal.partner_id.to_string(),
        name: deal.customer_name,
        vat_id: deal.vat_id,
        deal: deal.id.to_string(),
        ..CustomerForm::default()
    })
}

/// Adds a customer.
pub(super) async fn create(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<CustomerForm>,
) -> Answer {
    visitor.needs(Permission::ManageCustomers)?;
    let added = match typed.read_new() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok((external_id, draft)) => {
            let (base, form_id) = (visitor.base.clone(), typed.form_id.clone());
            let (named, deal) = (typed.partner.clone(), typed.deal.clone());
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let (partner, _) = partners::called(tx, &named)?;
                        let id = service::add(tx, partner, external_id.as_ref(), &draft)?;
                        Ok(match deal.parse::<DealRegistrationId>() {
                            Ok(deal) => {
                                format!("{base}/subscriptions/new?customer={id}&deal={deal}")
                            }
                            Err(_) => format!("{base}/customers/{id}"),
                        })
                    })
                })
                .await
        }
    };
    match added {
        Ok(to) => see_other_saying(&session, &to, &format!("{} was added.", typed.name.trim())),
        Err(Error::Invalid(problems)) => {
            unprocessable(&new_page(&visitor, &store, typed, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn current(visitor: &Staff, store: &Store, id: CustomerId) -> Result<Customer, Failure> {
    visitor.needs(Permission::ManageCustomers)?;
    let scope = visitor.scope.clone();
    Ok(store
        .read(scope, move |tx| customers::customer(tx, id))
        .await?)
}

/// The form for a customer's record.
pub(super) async fn edit(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let found = current(&visitor, &store, customer(&parts)?).await?;
    let typed = CustomerForm::of(&found);
    ok(&edit_page(&visitor, &found, typed, Problems::default()))
}

/// Saves a customer's record.
pub(super) async fn update(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<CustomerForm>,
) -> Answer {
    let id = customer(&parts)?;
    let found = current(&visitor, &store, id).await?;
    let saved = match (typed.read(), typed.version.parse::<i32>()) {
        (Err(problems), _) => Err(Error::Invalid(problems)),
        (_, Err(_)) => return Err(Failure::BadRequest),
        (Ok(draft), Ok(version)) => {
            let scope = visitor.scope.clone();
            store
                .write(scope, move |tx| service::edit(tx, id, version, &draft))
                .await
        }
    };
    match saved {
        Ok(()) => {
            let to = format!("{}/customers/{id}", visitor.base);
            see_other_saying(&session, &to, "The customer was saved.")
        }
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&visitor, &found, typed, problems))
        }
        Err(Error::Conflict(_)) => stale(&visitor, &store, id, typed).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn stale(visitor: &Staff, store: &Store, id: CustomerId, typed: CustomerForm) -> Answer {
    let found = current(visitor, store, id).await?;
    let theirs = CustomerForm::of(&found);
    let typed = CustomerForm {
        version: theirs.version.clone(),
        ..typed
    };
    let mut page = edit_page(visitor, &found, typed, Problems::default());
    page.both = Some(differing(&[
        ("Name", &theirs.name, &page.typed.name),
        ("Country", &theirs.country, &page.typed.country),
        ("Tax", &theirs.tax, &page.typed.tax),
        ("Tax rule", &theirs.tax_category, &page.typed.tax_category),
        ("VAT id", &theirs.vat_id, &page.typed.vat_id),
    ]));
    conflict(&page)
}
