//! Files of payments.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{
    Effects, set_off,
    table::{Report, Row, Table},
};
use crate::{
    Result,
    domain::{Currency, ExternalId, Money, near, read_date},
    id::CustomerId,
    store::{
        Tx, VendorScope,
        account::vendor,
        imports::{self, InvoiceByNumber, KnownPayment},
        sell::customers,
    },
};

/// A payment to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// What the bank or the books call it.
    pub external_id: ExternalId,
    /// When it came in, in the vendor's zone.
    pub received_on: NaiveDate,
    /// How much; above zero.
    pub amount: Money,
    /// The invoice it pays; none for the oldest open ones first.
    pub invoice_number: Option<String>,
    /// Who paid.
    pub customer: CustomerId,
}

/// What a file of payments does: each with the line it stands on.
pub(super) struct Plan {
    new: Vec<(u64, PaymentRow)>,
}

/// What the rows refer to.
struct Known {
    customers: HashMap<String, CustomerId>,
    invoices: BTreeMap<String, InvoiceByNumber>,
    payments: HashMap<String, KnownPayment>,
    today: NaiveDate,
}

impl Known {
    fn to(tx: &mut Tx<'_, VendorScope>, table: &Table) -> Result<Self> {
        let customers = customers::by_external_ids(tx, &table.distinct("customer"))?;
        let payments = imports::payments_by_external_id(tx, &table.distinct("external_id"))?;
        Ok(Self {
            customers: customers
                .into_iter()
                .map(|customer| (customer.external_id, customer.id))
                .collect(),
            invoices: imports::invoices_by_number(tx, &table.distinct("invoice_number"))?,
            payments: payments
                .into_iter()
                .map(|payment| (payment.external_id.clone(), payment))
                .collect(),
            today: vendor::today(tx)?,
        })
    }
}

fn read(row: &Row<'_>, known: &Known, report: &mut Report) -> Option<PaymentRow> {
    let external_id = row.cell("external_id", report);
    let received_on = row.cell_by("received_on", report, |text| {
        let day = read_date(text).map_err(|why| why.to_string())?;
        near::happened(day, known.today).map_err(str::to_owned)?;
        Ok::<_, String>(day)
    });
    let amount = amount(row, report);
    let payer = payer(row, known, report);
    let (amount, (customer, invoice)) = (amount?, payer?);
    if let Some(invoice) = invoice
        && invoice.currency != amount.currency().code()
    {
        let why = format!("The invoice is in {}.", invoice.currency);
        report.add(row.line, "currency", why);
        return None;
    }
    Some(PaymentRow {
        external_id: external_id?,
        received_on: received_on?,
        amount,
        invoice_number: invoice.map(|_| row.text("invoice_number").to_owned()),
        customer,
    })
}

fn amount(row: &Row<'_>, report: &mut Report) -> Option<Money> {
    let currency: Option<Currency> =
        row.cell_by("currency", report, |text| text.to_uppercase().parse());
    let Some(currency) = currency else {
        // Without a currency nobody can say how many decimals there may be.
        row.cell_by("amount", report, |_| Ok::<(), String>(()));
        return None;
    };
    row.cell_by("amount", report, |text| {
        let amount = Money::parse(text, currency).map_err(|why| why.to_string())?;
        match amount.is_positive() {
            true => Ok(amount),
            false => Err("Give an amount above zero.".to_owned()),
        }
    })
}

type Payer<'k> = (CustomerId, Option<&'k InvoiceByNumber>);

fn payer<'k>(row: &Row<'_>, known: &'k Known, report: &mut Report) -> Option<Payer<'k>> {
    let invoice = row.cell_by("invoice_number", report, |number| {
        known
            .invoices
            .get(number)
            .ok_or("No invoice has this number.")
    });
    let customer = row.cell_by("customer", report, |id| {
        known
            .customers
            .get(id)
            .copied()
            .ok_or("No customer has this external id.")
    });
    let is_lost = |column, is_known: bool| !row.text(column).is_empty() && !is_known;
    if is_lost("invoice_number", invoice.is_some()) || is_lost("customer", customer.is_some()) {
        return None;
    }
    match (invoice, customer) {
        (None, None) => {
            report.add(row.line, "customer", "Name the invoice, or the customer.");
            None
        }
        (Some(invoice), Some(customer)) if invoice.customer != customer => {
            report.add(row.line, "customer", "The invoice is another customer's.");
            None
        }
        (Some(invoice), _) => Some((invoice.customer, Some(invoice))),
        (None, Some(customer)) => Some((customer, None)),
    }
}

pub(super) fn plan(
    tx: &mut Tx<'_, VendorScope>,
    table: &Table,
    report: &mut Report,
) -> Result<Plan> {
    table.doubles(report);
    let known = Known::to(tx, table)?;
    let mut plan = Plan { new: Vec::new() };
    for row in table.rows() {
        let Some(said) = read(&row, &known, report) else {
            continue;
        };
        match known.payments.get(said.external_id.as_str()) {
            None => {
                report.new += 1;
                plan.new.push((row.line, said));
            }
            Some(is) => match difference(&said, is) {
                None => report.unchanged += 1,
                Some(column) => {
                    let why = "This payment is on record and says something else here. A payment never changes.";
                    report.add(row.line, column, why);
                }
            },
        }
    }
    Ok(plan)
}

/// Where a row says something else than is on record.
fn difference(said: &PaymentRow, is: &KnownPayment) -> Option<&'static str> {
    match () {
        () if said.received_on != is.received_on => Some("received_on"),
        () if said.amount.currency() != is.amount.currency() => Some("currency"),
        () if said.amount != is.amount => Some("amount"),
        () if said.invoice_number != is.invoice_number => Some("invoice_number"),
        () if said.customer != is.customer => Some("customer"),
        () => None,
    }
}

pub(super) fn apply(
    tx: &mut Tx<'_, VendorScope>,
    effects: &dyn Effects,
    plan: &Plan,
) -> Result<()> {
    set_off(&plan.new, |rows| effects.receive_payments(tx, rows))
}
