//! One payment: what it paid, what it earned, and refunds of it.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{ExternalId, LongText, Money, Permission, Problems, commission::EntryKind, read_date},
    id::PaymentId,
    services::revenue::payments::{self as service, NewRefund, Refundable},
    store::{
        Store, Tx, VendorScope,
        registers::{
            ledger::{self, EntryRow},
            payments::{self, PaymentDetail},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, id},
        filters,
        form::{Typed, fresh_form_id, once},
        page::{html, ok, see_other_saying},
        words,
    },
};

/// A refund as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RefundForm {
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
    refund_hint: &'static str,
    payment: PaymentDetail,
    entries: Vec<EntryRow>,
    problems: Problems,
    typed: RefundForm,
    form_id: String,
}

/// The record.
pub(super) async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    let desk = Desk::of_staff(staff);
    let page = show_page(
        &store,
        desk,
        &path.1,
        (RefundForm::default(), Problems::default()),
    );
    ok(&page.await?)
}

/// The SPIFFs and bonuses of the day on which the payment was applied to the invoice that brought
/// them.
fn rewards(
    tx: &mut Tx<'_, VendorScope>,
    detail: &PaymentDetail,
    today: NaiveDate,
) -> Result<Vec<EntryRow>> {
    let paid = detail.allocations.iter();
    let paid: Vec<_> = paid.map(|one| (one.invoice, one.applied_on)).collect();
    let invoices = paid.iter().map(|(invoice, _)| *invoice).collect();
    let mut all = ledger::of_invoices(tx, invoices, today)?;
    all.retain(|entry| {
        if !matches!(entry.kind, EntryKind::Spiff | EntryKind::RenewalBonus) {
            return false;
        }
        let mut days = paid.iter().filter(|(of, _)| entry.invoice == Some(*of));
        days.any(|(_, on)| *on == entry.paid_on)
    });
    Ok(all)
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
            entries.extend(rewards(tx, &detail, calendar.today)?);
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
        refund_hint: match row.payer {
            Some(_) => "Stands with the refund",
            None => "The partner reads it on the statement",
        },
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
        row.paid_by(),
        crate::domain::date_words(row.received_on)
    )
}

impl RefundForm {
    /// Everything that is wrong with it. What is whole is judged where it is recorded: sent twice it
    /// leads where it first did, whatever is left of the payment by then.
    fn read(&self, payment: PaymentId, of: &Refundable) -> Result<NewRefund, Problems> {
        let read = self.read_by(payment, (of, false));
        read.or_else(|_| self.read_by(payment, (of, true)))
    }

    /// Reads it; `is_held` to what is left of the payment as well.
    fn read_by(
        &self,
        payment: PaymentId,
        (of, is_held): (&Refundable, bool),
    ) -> Result<NewRefund, Problems> {
        let mut problems = Problems::default();
        let external_id = problems.check("external_id", self.external_id.parse::<ExternalId>());
        let refunded_on = problems.check("refunded_on", read_date(&self.refunded_on));
        let why = refunded_on.and_then(|on| of.refuses_day(on));
        if let Some(why) = why.filter(|_| is_held) {
            problems.add("refunded_on", why);
        }
        let amount = problems.check("amount", Money::parse(&self.amount, of.currency()));
        let why = amount.and_then(|amount| of.refuses_amount(amount));
        if let Some(why) = why.filter(|_| is_held) {
            problems.add("amount", why);
        }
        let reason = problems.check("reason", self.reason.parse::<LongText>());
        if self.reason.trim().is_empty() {
            problems.add("reason", "Say why it is paid back.");
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

/// Records a refund.
pub(super) async fn refund(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    Typed(typed): Typed<RefundForm>,
) -> Answer {
    let desk = Desk::of_staff(staff);
    let payment: PaymentId = id(&path.1)?;
    let to = format!("{}/payments/{payment}", desk.base);
    let of = desk
        .read(&store, move |tx, _| Refundable::of(tx, payment))
        .await?;
    let done = match typed.read(payment, &of) {
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
