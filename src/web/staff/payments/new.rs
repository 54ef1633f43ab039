//! A payment recorded by hand.
use actix_session::Session;
use actix_web::web::{Data, Query};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::register::Asked;
use crate::{
    Error, Result,
    domain::{Currency, ExternalId, Money, Permission, Problems, near, read_date},
    services::revenue::payments::{self as service, NewPayment},
    store::{Store, VendorScope, registers::payments},
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::Desk,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// A payment as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PaymentForm {
    external_id: String,
    invoice_number: String,
    customer: String,
    received_on: String,
    currency: String,
    amount: String,
    form_id: String,
}

#[derive(Template)]
#[template(path = "staff/payments/new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    problems: Problems,
    typed: PaymentForm,
    form_id: String,
    cancel_href: String,
}

fn new_page(desk: Desk<VendorScope>, typed: PaymentForm, problems: Problems) -> Result<NewPage> {
    let list = format!("{}/payments", desk.base);
    Ok(NewPage {
        crumbs: vec![("Payments".to_owned(), list.clone())],
        cancel_href: list,
        form_id: fresh_form_id()?,
        shell: desk.shell,
        base: desk.base,
        problems,
        typed,
    })
}

/// The form for a payment.
pub(super) async fn new(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let desk = Desk::of_staff(staff);
    let typed = desk
        .read(&store, |tx, calendar| {
            tx.allow(Permission::RecordPayments)?;
            Ok((calendar.today, calendar.currency))
        })
        .await?;
    let typed = PaymentForm {
        received_on: typed.0.to_string(),
        currency: typed.1.code().to_owned(),
        customer: asked.into_inner().customer,
        ..PaymentForm::default()
    };
    ok(&new_page(desk, typed, Problems::default())?)
}

/// A payment read from its form, its customer still as named.
#[derive(Clone)]
struct ReadPayment {
    new: NewPayment,
    customer: Option<String>,
}

impl PaymentForm {
    fn read(&self) -> Result<ReadPayment, Problems> {
        let mut problems = Problems::default();
        let external_id = problems.check("external_id", self.external_id.parse::<ExternalId>());
        let received_on = problems.check("received_on", read_date(&self.received_on));
        let currency = self.currency.trim().to_uppercase().parse::<Currency>();
        let currency = problems.check("currency", currency);
        let amount = currency
            .and_then(|currency| problems.check("amount", Money::parse(&self.amount, currency)));
        let named = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (invoice_number, customer) = (named(&self.invoice_number), named(&self.customer));
        if invoice_number.is_none() && customer.is_none() {
            problems.add("invoice_number", "Give an invoice’s number or a customer.");
        }
        let (Some(external_id), Some(received_on), Some(amount), true) =
            (external_id, received_on, amount, problems.is_empty())
        else {
            return Err(problems);
        };
        let new = NewPayment {
            external_id: external_id.as_str().to_owned(),
            received_on,
            amount,
            invoice_number,
            customer: None,
        };
        Ok(ReadPayment { new, customer })
    }
}

impl PaymentForm {
    /// Adds what is wrong with day and amount, where they were not remarked on: all remarks at once.
    fn remark(&self, today: NaiveDate, problems: &mut Problems) {
        if let (None, Ok(on)) = (problems.on("received_on"), read_date(&self.received_on)) {
            problems.check("received_on", near::happened(on, today));
        }
        let currency = self.currency.trim().to_uppercase().parse::<Currency>();
        let amount = currency.map(|currency| Money::parse(&self.amount, currency));
        if problems.on("amount").is_none() && matches!(amount, Ok(Ok(it)) if !it.is_positive()) {
            problems.add("amount", "Give an amount above zero.");
        }
    }
}

/// Records a payment and applies it.
pub(super) async fn create(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<PaymentForm>,
) -> Answer {
    let desk = Desk::of_staff(staff);
    let done = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(read) => {
            let (form_id, base) = (typed.form_id.clone(), desk.base.clone());
            store
                .write(desk.scope.clone(), move |tx| {
                    tx.allow(Permission::RecordPayments)?;
                    once(tx, &form_id, |tx| {
                        let mut new = read.new.clone();
                        if let Some(customer) = &read.customer {
                            let found = payments::customer_by_external_id(tx, customer)?;
                            let why = "No customer has this id.";
                            new.customer = Some(found.ok_or_else(|| Error::on("customer", why))?);
                        }
                        let payment = service::receive(tx, &new)?.id();
                        Ok(format!("{base}/payments/{payment}"))
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => see_other_saying(&session, &to, "The payment is recorded and applied."),
        Err(Error::Invalid(mut problems)) => {
            let today = desk.read(&store, |_, calendar| Ok(calendar.today)).await?;
            typed.remark(today, &mut problems);
            unprocessable(&new_page(desk, typed, problems)?)
        }
        Err(error) => Err(error.into()),
    }
}
