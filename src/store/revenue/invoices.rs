//! Invoices and their lines.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Error, Result,
    domain::{
        Currency, DayShare, Overflow, Phase, Rate,
        commission::{InvoiceState, LineTerms, Pay},
        proration::{TaxedCharge, credit_tax},
    },
    id::{
        CommissionClauseId, CustomerId, InvoiceId, InvoiceLineId, PartnerId, SubscriptionId, TierId,
    },
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        schema::{invoice_lines, invoices},
        tx::ByHand,
    },
};

row_codes! {
    /// How far an invoice is paid.
    InvoiceStatus {
        /// Nothing has come in.
        Open = "open",
        /// A part has come in, or was taken off.
        PartiallyPaid = "partially_paid",
        /// Nothing is due any more.
        Paid = "paid",
    }
    /// What a line charges for.
    InvoiceLineKind {
        /// A whole service period.
        Recurring = "recurring",
        /// Something that is charged once.
        OneOff = "one_off",
        /// What was used in a period that is over.
        Usage = "usage",
        /// The rest of a period at its new price.
        ProrationCharge = "proration_charge",
        /// The rest of a period at its old price, taken back.
        ProrationCredit = "proration_credit",
    }
}

/// An invoice to a customer. Amounts are minor units of its currency.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
pub struct Invoice {
    /// Which.
    pub id: InvoiceId,
    /// Whose customer it is to.
    pub partner_id: PartnerId,
    /// To whom.
    pub customer_id: CustomerId,
    /// For what.
    pub subscription_id: SubscriptionId,
    /// Gapless per vendor and year.
    pub number: String,
    /// The day it is issued on.
    pub issued_on: NaiveDate,
    /// The day it is due on.
    pub due_on: NaiveDate,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The tax on it, in basis points.
    pub tax_bps: i32,
    /// The sum of its lines.
    pub net_minor: i64,
    /// The tax on that.
    pub tax_minor: i64,
    /// Both.
    pub total_minor: i64,
    /// Cash applied to it.
    pub paid_minor: i64,
    /// Of that, given back.
    pub refunded_minor: i64,
    /// Taken off by credit notes.
    pub credited_minor: i64,
    /// Of that, what took something off the amount due; the rest became the customer's credit.
    pub reduced_minor: i64,
    /// How far it is paid.
    #[diesel(serialize_as = Coded<InvoiceStatus>, deserialize_as = Coded<InvoiceStatus>)]
    pub status: InvoiceStatus,
    /// When it was made, UTC.
    pub created_at: NaiveDateTime,
}

impl Invoice {
    /// What is still to be paid.
    pub fn due_minor(&self) -> i64 {
        self.total_minor - self.reduced_minor - self.paid_minor
    }
    /// Whether no money of it has moved: nothing was paid, given back or credited.
    pub fn is_untouched(&self) -> bool {
        self.paid_minor == 0 && self.refunded_minor == 0 && self.credited_minor == 0
    }
    /// What credit notes moved from here into the customer's credit.
    pub fn moved_minor(&self) -> i64 {
        self.credited_minor - self.reduced_minor
    }
    /// The cash that is still here: paid, not moved on, not given back.
    pub fn kept_minor(&self) -> i64 {
        self.paid_minor - self.moved_minor() - self.refunded_minor
    }
    /// What a credit note can still take off: what was given back cannot be credited as well.
    pub fn creditable_minor(&self) -> i64 {
        self.total_minor - self.credited_minor - self.refunded_minor
    }
    /// How commission sees it. Money that a credit note has moved on earns where it goes.
    pub fn state(&self) -> InvoiceState {
        InvoiceState {
            total_minor: self.total_minor,
            paid_minor: self.paid_minor - self.moved_minor(),
            refunded_minor: self.refunded_minor,
            credited_minor: self.credited_minor,
        }
    }
    /// The status that its amounts make.
    pub fn standing(&self) -> InvoiceStatus {
        match (self.due_minor(), self.paid_minor + self.reduced_minor) {
            (..=0, _) => InvoiceStatus::Paid,
            (_, 0) => InvoiceStatus::Open,
            _ => InvoiceStatus::PartiallyPaid,
        }
    }
    /// The tax that goes back with `net_minor` of credit (a magnitude) after `credited_net_minor`.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn tax_with(&self, credited_net_minor: i64, net_minor: i64) -> Result<i64, Overflow> {
        if net_minor == 0 {
            return Ok(0);
        }
        let charge = TaxedCharge {
            net_minor: self.net_minor,
            tax_minor: self.tax_minor,
            credited_net_minor,
            credited_tax_minor: self.credited_minor - credited_net_minor,
        };
        Ok(-credit_tax(&charge, -net_minor)?)
    }
}

/// A line of an invoice. Amounts are minor units, before tax.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_lines, treat_none_as_default_value = false)]
pub struct InvoiceLine {
    /// Which.
    pub id: InvoiceLineId,
    /// Whose.
    pub partner_id: PartnerId,
    /// On which invoice.
    pub invoice_id: InvoiceId,
    /// For what.
    pub subscription_id: SubscriptionId,
    /// Its place, from 1.
    pub line_no: i32,
    /// What it charges for.
    #[diesel(serialize_as = Coded<InvoiceLineKind>, deserialize_as = Coded<InvoiceLineKind>)]
    pub kind: InvoiceLineKind,
    /// In words.
    pub description: String,
    /// The first day of service.
    pub service_from: NaiveDate,
    /// The first day no longer served.
    pub service_to: NaiveDate,
    /// Units.
    pub quantity: i32,
    /// What one costs for a whole period, in millionths of a minor unit.
    pub unit_price_micro: i64,
    /// What it charges, after discounts; below zero for a proration credit.
    pub net_minor: i64,
    /// What discounts took off it.
    pub discount_minor: i64,
    /// What credit notes took back of it; a magnitude.
    pub credited_net_minor: i64,
    /// The sum of its partner's commission entries.
    pub commission_minor: i64,
    /// The clause it earns under, fixed when it was billed.
    pub commission_clause_id: Option<CommissionClauseId>,
    /// That clause's rate, in basis points.
    pub rate_bps: i32,
    /// The phase its period lies in.
    #[diesel(serialize_as = Coded<Phase>, deserialize_as = Coded<Phase>)]
    pub phase: Phase,
    /// The partner's tier at its period's start.
    pub tier_id: Option<TierId>,
    /// What the clause pays for each unit; zero where it pays a share of the net.
    pub unit_pay_minor: i64,
    /// Of its days, those that earn.
    pub share_days: i32,
    /// All its days, or one where all of them earn.
    pub share_of: i32,
    /// Whether others than its partner earn on it.
    pub shared: bool,
}

impl InvoiceLine {
    /// Whether a partner can earn on it.
    pub fn earns(&self) -> bool {
        self.commission_clause_id.is_some() && (self.rate_bps > 0 || self.unit_pay_minor > 0)
    }

    /// What it pays, as fixed when it was billed.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn terms(&self) -> Result<LineTerms> {
        let pay = match self.unit_pay_minor {
            0 => Pay::Share(Rate::from_bps(self.rate_bps).map_err(Error::fault)?),
            minor => Pay::PerUnit {
                minor,
                units: u32::try_from(self.quantity).map_err(Error::fault)?,
            },
        };
        let share = DayShare {
            days: self.share_days,
            of: self.share_of,
        };
        Ok(LineTerms { pay, share })
    }

    /// Fixes what it pays.
    pub fn fix(&mut self, terms: &LineTerms) {
        (self.rate_bps, self.unit_pay_minor) = match terms.pay {
            Pay::Share(rate) => (rate.bps(), 0),
            Pay::PerUnit { minor, .. } => (0, minor),
        };
        (self.share_days, self.share_of) = (terms.share.days, terms.share.of);
    }
}

/// Writes new invoices.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Invoice>, lines: Vec<InvoiceLine>) -> Result<()> {
    tx.insert_all(invoices::table, new)?;
    tx.insert_all(invoice_lines::table, lines)?;
    Ok(())
}

/// One invoice.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: InvoiceId) -> Result<Invoice> {
    let row = tx
        .rows(invoices::table)
        .filter(invoices::id.eq(id))
        .select(Invoice::as_select());
    tx.one(row)
}

/// The invoices with these numbers.
///
/// # Errors
/// Faults of the database.
pub fn numbered(tx: &mut Tx<'_, VendorScope>, numbers: &[String]) -> Result<Vec<Invoice>> {
    let mut found = Vec::new();
    for some in numbers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::number.eq_any(some.to_vec()))
            .select(Invoice::as_select());
        found.extend(tx.load::<Invoice, _>(rows)?);
    }
    Ok(found)
}

/// The invoices with these ids.
///
/// # Errors
/// Faults of the database.
pub fn of_ids(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceId],
) -> Result<HashMap<InvoiceId, Invoice>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::id.eq_any(some.to_vec()))
            .select(Invoice::as_select());
        found.extend(tx.load(rows)?.into_iter().map(|one: Invoice| (one.id, one)));
    }
    Ok(found)
}

/// The numbers of these invoices.
///
/// # Errors
/// Faults of the database.
pub fn numbers_of(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceId],
) -> Result<HashMap<InvoiceId, String>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::id.eq_any(some.to_vec()))
            .select((invoices::id, invoices::number));
        found.extend(tx.load::<(InvoiceId, String), _>(rows)?);
    }
    Ok(found)
}

/// The invoices of these customers with something due, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn unpaid_of(tx: &mut Tx<'_, VendorScope>, customers: &[CustomerId]) -> Result<Vec<Invoice>> {
    let mut found = Vec::new();
    for some in customers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::customer_id.eq_any(some.to_vec()))
            .filter(invoices::status.eq_any(["open", "partially_paid"]))
            .order((invoices::issued_on, invoices::id))
            .select(Invoice::as_select());
        found.extend(tx.load::<Invoice, _>(rows)?);
    }
    Ok(found)
}

/// The next invoices after one, by id, on which nothing was paid yet.
///
/// # Errors
/// Faults of the database.
pub fn open_after(
    tx: &mut Tx<'_, VendorScope>,
    after: InvoiceId,
    limit: i64,
) -> Result<Vec<Invoice>> {
    let rows = tx
        .rows(invoices::table)
        .filter(invoices::id.gt(after))
        .filter(invoices::status.eq(InvoiceStatus::Open.code()))
        .order(invoices::id)
        .limit(limit)
        .select(Invoice::as_select());
    tx.load(rows)
}

/// Invoices with cash on them and a line that has earned nothing yet, though its rate says it should.
///
/// # Errors
/// Faults of the database.
pub fn paid_without_commission(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<InvoiceId>> {
    let rows = tx
        .joined(invoice_lines::table, invoices::table)
        .filter(invoices::paid_minor.gt(invoices::refunded_minor))
        .filter(invoice_lines::commission_clause_id.is_not_null())
        .filter(
            invoice_lines::rate_bps
                .gt(0)
                .or(invoice_lines::unit_pay_minor.gt(0)),
        )
        .filter(invoice_lines::share_days.gt(0))
        .filter(invoice_lines::commission_minor.eq(0))
        .filter(invoice_lines::net_minor.ne(0))
        .order(invoice_lines::invoice_id)
        .select(invoice_lines::invoice_id);
    let mut found: Vec<InvoiceId> = tx.load(rows)?;
    found.dedup();
    Ok(found)
}

/// Every invoice, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Invoice>> {
    let rows = tx
        .rows(invoices::table)
        .order(invoices::id)
        .select(Invoice::as_select());
    tx.load(rows)
}

/// Writes invoices' amounts, and the status they make.
///
/// # Errors
/// Faults of the database.
pub fn settle(tx: &mut Tx<'_, VendorScope>, invoices: &[Invoice]) -> Result<()> {
    tx.update_each(&SETTLE, invoices.iter().map(settled))
}

const SETTLE: ByHand = ByHand {
    sqlite: "WITH v AS MATERIALIZED (SELECT value ->> 'id' AS id, value ->> 'paid' AS paid,
            value ->> 'refunded' AS refunded, value ->> 'credited' AS credited,
            value ->> 'reduced' AS reduced, value ->> 'status' AS status FROM json_each(?2))
        UPDATE invoices SET paid_minor = v.paid, refunded_minor = v.refunded,
        credited_minor = v.credited, reduced_minor = v.reduced, status = v.status
        FROM v WHERE invoices.tenant_id = ?1 AND invoices.id = v.id",
    postgres: "UPDATE invoices SET paid_minor = v.paid, refunded_minor = v.refunded,
        credited_minor = v.credited, reduced_minor = v.reduced, status = v.status
        FROM json_to_recordset($2::json) AS v(id BIGINT, paid BIGINT, refunded BIGINT,
            credited BIGINT, reduced BIGINT, status TEXT)
        WHERE invoices.tenant_id = $1 AND invoices.id = v.id",
};

fn settled(invoice: &Invoice) -> serde_json::Value {
    serde_json::json!({
        "id": invoice.id.number(),
        "paid": invoice.paid_minor,
        "refunded": invoice.refunded_minor,
        "credited": invoice.credited_minor,
        "reduced": invoice.reduced_minor,
        "status": invoice.standing().code(),
    })
}

/// The lines of these invoices, in order.
///
/// # Errors
/// Faults of the database.
pub fn lines(tx: &mut Tx<'_, VendorScope>, invoices: &[InvoiceId]) -> Result<Vec<InvoiceLine>> {
    let mut found = Vec::new();
    for some in invoices.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::invoice_id.eq_any(some.to_vec()))
            .order((invoice_lines::invoice_id, invoice_lines::line_no))
            .select(InvoiceLine::as_select());
        found.extend(tx.load::<InvoiceLine, _>(rows)?);
    }
    Ok(found)
}

/// What these subscriptions' recurring lines that earn charged for, by the first day of service:
/// net, in minor units.
///
/// # Errors
/// Faults of the database.
pub fn recurring_nets(
    tx: &mut Tx<'_, VendorScope>,
    subscriptions: &[SubscriptionId],
) -> Result<HashMap<(SubscriptionId, NaiveDate), i64>> {
    let mut found = HashMap::new();
    for some in subscriptions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::subscription_id.eq_any(some.to_vec()))
            .filter(invoice_lines::kind.eq(InvoiceLineKind::Recurring.code()))
            .filter(invoice_lines::commission_clause_id.is_not_null())
            .select((
                invoice_lines::subscription_id,
                invoice_lines::service_from,
                invoice_lines::net_minor,
            ));
        for (sold, from, net) in tx.load::<(SubscriptionId, NaiveDate, i64), _>(rows)? {
            *found.entry((sold, from)).or_default() += net;
        }
    }
    Ok(found)
}

/// Lines whose service starts in some days (half-open), by invoice, after one of these.
///
/// # Errors
/// Faults of the database.
pub fn lines_served(
    tx: &mut Tx<'_, VendorScope>,
    (from, to): (NaiveDate, NaiveDate),
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<InvoiceLine>> {
    let rows = tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::service_from.ge(from))
        .filter(invoice_lines::service_from.lt(to))
        .filter(invoice_lines::invoice_id.gt(after.unwrap_or(InvoiceId::of(0))))
        .order((invoice_lines::invoice_id, invoice_lines::line_no))
        .limit(limit)
        .select(InvoiceLine::as_select());
    tx.load(rows)
}

/// The lines with these ids.
///
/// # Errors
/// Faults of the database.
pub fn lines_of_ids(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, InvoiceLine>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::id.eq_any(some.to_vec()))
            .select(InvoiceLine::as_select());
        found.extend(
            tx.load(rows)?
                .into_iter()
                .map(|one: InvoiceLine| (one.id, one)),
        );
    }
    Ok(found)
}

/// Every line, by invoice and place, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_lines(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<InvoiceLine>> {
    let rows = tx
        .rows(invoice_lines::table)
        .order((invoice_lines::invoice_id, invoice_lines::line_no))
        .select(InvoiceLine::as_select());
    tx.load(rows)
}

/// Writes what lines have earned and what was credited of them.
///
/// # Errors
/// Faults of the database.
pub fn settle_lines(tx: &mut Tx<'_, VendorScope>, lines: &[InvoiceLine]) -> Result<()> {
    tx.update_each(&SETTLE_LINES, lines.iter().map(settled_line))
}

const SETTLE_LINES: ByHand = ByHand {
    sqlite: "WITH v AS MATERIALIZED (SELECT value ->> 'id' AS id,
            value ->> 'credited' AS credited, value ->> 'commission' AS commission
            FROM json_each(?2))
        UPDATE invoice_lines SET credited_net_minor = v.credited,
        commission_minor = v.commission
        FROM v WHERE invoice_lines.tenant_id = ?1 AND invoice_lines.id = v.id",
    postgres: "UPDATE invoice_lines SET credited_net_minor = v.credited,
        commission_minor = v.commission
        FROM json_to_recordset($2::json) AS v(id BIGINT, credited BIGINT, commission BIGINT)
        WHERE invoice_lines.tenant_id = $1 AND invoice_lines.id = v.id",
};

fn settled_line(line: &InvoiceLine) -> serde_json::Value {
    serde_json::json!({
        "id": line.id.number(),
        "credited": line.credited_net_minor,
        "commission": line.commission_minor,
    })
}
