//! Payments from customers, and refunds to them.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    documents::csv::{self, Cell},
    domain::{Currency, ExternalId, LongText, Money, Permission, Problems, read_date},
    id::PaymentId,
    services::revenue::payments::{self as service, NewPayment, NewRefund},
    store::{
        Store, VendorScope,
        paging::Cursor,
        registers::{
            Sees,
            ledger::{self, EntryRow},
            payments::{self, PaymentDetail, PaymentFilter, PaymentRow},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{self, Desk, id, ledger::csv_file, month, months},
        filters,
        form::{Typed, fresh_form_id, once},
        list::{Address, Pager, count_words, options},
        page::{html, ok, see_other_saying, unprocessable},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/payments")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/payments.csv").route(get().to(file)))
        .service(resource("/payments/new").route(get().to(new)))
        .service(resource("/payments/{payment}").route(get().to(show)))
        .service(resource("/payments/{payment}/refunds").route(post().to(refund)));
}

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Asked {
    customer: String,
    partner: String,
    month: String,
    currency: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> PaymentFilter {
        PaymentFilter {
            customer: self.customer.clone(),
            partner: self.partner.clone(),
            month: month(&self.month),
            currency: earnings::currency(&self.currency),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/payments"),
            &[
                ("customer", &self.customer),
                ("partner", &self.partner),
                ("month", &self.month),
                ("currency", &self.currency),
            ],
        )
    }
}

#[derive(Template)]
#[template(path = "staff/payments/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_record: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    payments: Vec<PaymentRow>,
    count: String,
    csv_href: String,
    clear_href: String,
    pager: Pager,
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let (desk, asked) = (Desk::of_staff(staff), asked.into_inner());
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, months, currencies) = desk
        .read(&store, move |tx, calendar| {
            let page = payments::page(tx, &filter, from.as_ref())?;
            let count = payments::count(tx, &filter)?;
            Ok((page, count, months(calendar), VendorScope::currencies(tx)?))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        may_record: desk.may(Permission::RecordPayments),
        count: count_words(page.rows.len(), count, ("payment", "payments")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        payments: page.rows,
        shell: desk.shell,
        base: desk.base,
        asked,
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 8] = [
    "Payment",
    "Received on",
    "Customer",
    "Partner",
    "Invoice named",
    "Currency",
    "Amount",
    "Refunded",
];

async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let filter = asked.filter();
    let content = Desk::of_staff(staff)
        .read(&store, move |tx, _| {
            let rows = payments::all(tx, &filter)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("payments.csv", content))
}

fn cells(row: &PaymentRow) -> Vec<Cell> {
    vec![
        Cell::text(&row.external_id),
        Cell::text(row.received_on.to_string()),
        Cell::text(&row.customer_name),
        Cell::text(&row.partner_name),
        Cell::text(row.invoice_number.as_deref().unwrap_or_default()),
        Cell::text(row.amount.currency().code()),
        Cell::number(row.amount.plain()),
        Cell::number(row.refunded.plain()),
    ]
}

/// A payment as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PaymentForm {
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

async fn new(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
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

async fn create(
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
        Err(Error::Invalid(problems)) => unprocessable(&new_page(desk, typed, problems)?),
        Err(error) => Err(error.into()),
    }
}

/// A refund as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RefundForm {
    external_id: String,
    refunded_on: String,
    amount: String,
    reason: String,
    form_id: String,
}

#[derive(Template)]
#[template(path = "staff/payments/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    links: [String; 2],
    left: Money,
    may_refund: bool,
    payment: PaymentDetail,
    entries: Vec<EntryRow>,
    problems: Problems,
    typed: RefundForm,
    form_id: String,
}

async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    let desk = Desk::of_staff(staff);
    let page = show_page(
        &store,
        desk,
        &path.1,
        (RefundForm::default(), Problems::default()),
    );
    ok(&page.await?)
}

async fn show_page(
    store: &Store,
    desk: Desk<VendorScope>,
    payment: &str,
    (mut typed, problems): (RefundForm, Problems),
) -> Result<ShowPage> {
    let payment: PaymentId = id(payment)?;
    let (payment, entries, today) = desk
        .read(store, move |tx, calendar| {
            let detail = payments::payment(tx, payment)?;
            let applied = detail
                .allocations
                .iter()
                .map(|one| one.id.number())
                .collect();
            let refunds = detail.refunds.iter().map(|one| one.id.number()).collect();
            let mut entries = ledger::of_sources(tx, "allocation", applied, calendar.today)?;
            entries.extend(ledger::of_sources(tx, "refund", refunds, calendar.today)?);
            Ok((detail, entries, calendar.today))
        })
        .await?;
    if problems.is_empty() {
        typed.refunded_on = today.to_string();
    }
    let (row, base) = (&payment.row, desk.base.clone());
    let left = row.amount.minus(row.refunded).map_err(Error::fault)?;
    Ok(ShowPage {
        crumbs: vec![("Payments".to_owned(), format!("{base}/payments"))],
        title: format!("Payment {}", row.external_id),
        answer: answer(&payment),
        links: [
            format!("{base}/customers/{}", row.customer),
            format!("{base}/partners/{}", row.partner),
        ],
        may_refund: desk.may(Permission::RecordPayments) && left.is_positive(),
        form_id: fresh_form_id()?,
        shell: desk.shell,
        left,
        base,
        payment,
        entries,
        problems,
        typed,
    })
}

fn answer(payment: &PaymentDetail) -> String {
    let row = &payment.row;
    format!(
        "{} from {}, received {}.",
        words::money(row.amount),
        row.customer_name,
        crate::domain::date_words(row.received_on)
    )
}

impl RefundForm {
    fn read(&self, payment: PaymentId, currency: Currency) -> Result<NewRefund, Problems> {
        let mut problems = Problems::default();
        let external_id = problems.check("external_id", self.external_id.parse::<ExternalId>());
        let refunded_on = problems.check("refunded_on", read_date(&self.refunded_on));
        let amount = problems.check("amount", Money::parse(&self.amount, currency));
        let reason = problems.check("reason", self.reason.parse::<LongText>());
        if self.reason.trim().is_empty() {
            problems.add("reason", "Say why: the partner reads it on the statement.");
        }
        match (
            external_id,
            refunded_on,
            amount,
            reason,
            problems.is_empty(),
        ) {
            (Some(external_id), Some(refunded_on), Some(amount), Some(reason), true) => {
                Ok(NewRefund {
                    external_id: external_id.as_str().to_owned(),
                    payment,
                    refunded_on,
                    amount,
                    reason: reason.as_str().to_owned(),
                })
            }
            _ => Err(problems),
        }
    }
}

async fn refund(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    Typed(typed): Typed<RefundForm>,
) -> Answer {
    let desk = Desk::of_staff(staff);
    let payment: PaymentId = id(&path.1)?;
    let to = format!("{}/payments/{payment}", desk.base);
    let currency = desk
        .read(&store, move |tx, _| {
            tx.allow(Permission::RecordPayments)?;
            Ok(payments::payment(tx, payment)?.row.amount.currency())
        })
        .await?;
    let done = match typed.read(payment, currency) {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok(new) => {
            let (form_id, to) = (typed.form_id.clone(), to.clone());
            store
                .write(desk.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::refund(tx, &new).map(|_| to.clone())
                    })
                })
                .await
        }
    };
    match done {
        Ok(to) => see_other_saying(
            &session,
            &to,
            "The refund is recorded, and what it takes back is in the ledger.",
        ),
        Err(Error::Invalid(problems)) => {
            let page = show_page(&store, desk, &path.1, (typed, problems)).await?;
            html(actix_web::http::StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error.into()),
    }
}
