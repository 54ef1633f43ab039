//! Registered deals on a partner's side: its own, and the form to register one.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{
        LongText, Name, Permission, Problems, Quantity, VatId, date_words, deal::usual_last_day,
        read_date,
    },
    id::{DealRegistrationId, OfferingId},
    services::sell::deals::{self as service, Draft, Rivals},
    store::{
        PartnerScope, Store, Tx,
        registers::{calendar, deals as register},
        sell::deals::DealRegistration,
    },
    web::{
        Answer, Shell,
        admission::Visitor,
        deals::{self, Asked, DecisionForm},
        earnings::{Desk, id},
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/registrations")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/registrations.csv").route(get().to(file)))
        .service(resource("/registrations/new").route(get().to(new)))
        .service(resource("/registrations/{deal_registration}").route(get().to(show)))
        .service(
            resource("/registrations/{deal_registration}/withdrawal").route(post().to(withdraw)),
        );
}

type Parts = Path<(String, String, String)>;

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    deals::index(&store, Desk::of_seller(visitor), asked).await
}

async fn file(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    deals::file(&store, Desk::of_seller(visitor), asked).await
}

async fn show(visitor: Visitor, store: Data<Store>, parts: Parts) -> Answer {
    let desk = Desk::of_seller(visitor);
    let nothing = (DecisionForm::default(), Problems::default(), None);
    deals::show(&store, desk, &parts.2, nobody, nothing).await
}

/// Who else claims a customer is the vendor's to know.
fn nobody(_: &mut Tx<'_, PartnerScope>, _: &DealRegistration, _: NaiveDate) -> Result<Rivals> {
    Ok(Rivals {
        deals: Vec::new(),
        customers: Vec::new(),
    })
}

/// A deal as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DealForm {
    customer: String,
    web: String,
    vat_id: String,
    offering: String,
    quantity: String,
    expected_on: String,
    note: String,
    form_id: String,
}

impl DealForm {
    fn read(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let customer = problems.check("customer", self.customer.parse::<Name>());
        let vat_id = problems.check("vat_id", self.vat_id.parse::<VatId>());
        let offering = self.offering.parse::<OfferingId>();
        let offering = problems.check("offering", offering.map_err(|_| "Choose an offering."));
        let quantity = problems.check("quantity", self.quantity.parse::<Quantity>());
        let expected_on = problems.check("expected_on", read_date(&self.expected_on));
        let note = problems.check("note", self.note.parse::<LongText>());
        if self.web.chars().count() > 250 {
            problems.add("web", "Give at most 250 characters.");
        }
        let who = customer.zip(vat_id).zip(offering);
        let all = who.zip(quantity.zip(expected_on).zip(note));
        match all.filter(|_| problems.is_empty()) {
            Some((((customer, vat_id), offering), ((quantity, expected_on), note))) => Ok(Draft {
                customer,
                web: self.web.clone(),
                vat_id,
                offering,
                quantity,
                expected_on,
                note,
            }),
            None => Err(problems),
        }
    }
}

impl DealForm {
    /// Adds what is wrong by the day, where a field was not remarked on: all remarks at once.
    fn remark(&self, today: NaiveDate, problems: &mut Problems) {
        let vat_id = self.vat_id.parse::<VatId>().ok();
        let day = read_date(&self.expected_on).ok();
        let found = service::remarks((&self.web, vat_id.as_ref()), day, today);
        for (field, why) in found.iter() {
            if problems.on(field).is_none() {
                problems.add(field, why);
            }
        }
    }
}

#[derive(Template)]
#[template(path = "registrations/new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    answer: String,
    cancel_href: String,
    offerings: Vec<(String, String)>,
    typed: DealForm,
    problems: Problems,
}

async fn page(
    visitor: &Visitor,
    store: &Store,
    (typed, mut problems): (DealForm, Problems),
) -> Result<NewPage> {
    let (offered, today) = store
        .read(visitor.scope.clone(), |tx| {
            tx.allow(Permission::PartnerRegisterDeals)?;
            Ok((register::offered(tx)?, calendar(tx)?.today))
        })
        .await?;
    if !problems.is_empty() {
        typed.remark(today, &mut problems);
    }
    let list = format!("{}/registrations", visitor.base);
    let named = offered.into_iter().map(|(id, name)| (id.to_string(), name));
    let chosen = usual_last_day(today);
    Ok(NewPage {
        shell: visitor.shell(),
        crumbs: vec![("Registrations".to_owned(), list.clone())],
        answer: format!(
            "{} decides on it. Approved today, it would protect the customer until {}, unless they say otherwise.",
            visitor.vendor_name(),
            date_words(chosen)
        ),
        cancel_href: list,
        offerings: named.collect(),
        typed: DealForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
    })
}

async fn new(visitor: Visitor, store: Data<Store>) -> Answer {
    let typed = DealForm {
        quantity: "1".to_owned(),
        ..DealForm::default()
    };
    ok(&page(&visitor, &store, (typed, Problems::default())).await?)
}

async fn create(
    visitor: Visitor,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<DealForm>,
) -> Answer {
    if !visitor.may(Permission::PartnerRegisterDeals) {
        return Err(Error::Forbidden.into());
    }
    let done = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(draft) => {
            let (form_id, base) = (typed.form_id.clone(), visitor.base.clone());
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let id = service::register(tx, &draft)?;
                        Ok(format!("{base}/registrations/{id}"))
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => {
            let said = "The deal is registered and waits for a decision. You are told by mail.";
            see_other_saying(&session, &to, said)
        }
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, (typed, problems)).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// A step as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StepForm {
    version: String,
    form_id: String,
}

async fn withdraw(
    visitor: Visitor,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<StepForm>,
) -> Answer {
    let deal: DealRegistrationId = id(&parts.2)?;
    let to = format!("{}/registrations/{deal}", visitor.base);
    let seen = (deal, typed.version.parse().unwrap_or_default());
    let to = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::PartnerRegisterDeals)?;
            register::one(tx, deal)?;
            once(tx, &typed.form_id, |tx| {
                service::withdraw(tx, seen)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "The registration is withdrawn.")
}
