//! Payments, refunds, and what they were applied to.
use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::Currency,
    id::{
        CustomerCreditId, CustomerId, InvoiceId, PartnerId, PaymentAllocationId, PaymentId,
        RefundId,
    },
    store::{
        Tx, VendorScope,
        columns::Coded,
        days::{Day, Instant},
        schema::{payment_allocations, payments, refunds},
        tx::to,
    },
};

/// Money received from a customer, in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payments, treat_none_as_default_value = false)]
pub struct Payment {
    /// Which.
    pub id: PaymentId,
    /// Whose customer paid.
    pub partner_id: PartnerId,
    /// Who paid.
    pub customer_id: CustomerId,
    /// The bank's or the vendor's own key for it.
    pub external_id: String,
    /// The invoice it named.
    pub invoice_number: Option<String>,
    /// The day the money came.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub received_on: NaiveDate,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// How much.
    pub amount_minor: i64,
    /// Of that, given back.
    pub refunded_minor: i64,
    /// When it was written down, UTC.
    #[diesel(serialize_as = Instant, deserialize_as = Instant)]
    pub created_at: NaiveDateTime,
    /// The partner whose money it is, where that is not the customer.
    pub payer_id: Option<PartnerId>,
}

/// Money given back to a customer, in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds, treat_none_as_default_value = false)]
pub struct Refund {
    /// Which.
    pub id: RefundId,
    /// Whose customer got it.
    pub partner_id: PartnerId,
    /// Of which payment.
    pub payment_id: PaymentId,
    /// The vendor's own key for it.
    pub external_id: String,
    /// The day it was paid back.
    pub refunded_on: NaiveDate,
    /// How much.
    pub amount_minor: i64,
    /// Why.
    pub reason: String,
    /// When it was written down, UTC.
    pub created_at: NaiveDateTime,
}

/// Cash applied to an invoice, in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_allocations, treat_none_as_default_value = false)]
pub struct Allocation {
    /// Which.
    pub id: PaymentAllocationId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Straight from this payment,
    pub payment_id: Option<PaymentId>,
    /// or out of this credit.
    pub customer_credit_id: Option<CustomerCreditId>,
    /// To which invoice.
    pub invoice_id: InvoiceId,
    /// How much.
    pub amount_minor: i64,
    /// Of that, given back.
    pub refunded_minor: i64,
    /// The day it was applied.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub applied_on: NaiveDate,
}

/// The payments with these external ids, by those.
///
/// # Errors
/// Faults of the database.
pub fn payments_named(
    tx: &mut Tx<'_, VendorScope>,
    external_ids: &[String],
) -> Result<HashMap<String, Payment>> {
    let mut found = HashMap::new();
    for some in external_ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(payments::table)
            .filter(payments::external_id.eq_any(some.to_vec()))
            .select(Payment::as_select());
        let rows: Vec<Payment> = tx.load(rows)?;
        found.extend(rows.into_iter().map(|one| (one.external_id.clone(), one)));
    }
    Ok(found)
}

/// One payment.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn payment(tx: &mut Tx<'_, VendorScope>, id: PaymentId) -> Result<Payment> {
    let row = tx
        .rows(payments::table)
        .filter(payments::id.eq(id))
        .select(Payment::as_select());
    tx.one(row)
}

/// Every payment, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_payments(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Payment>> {
    let rows = tx
        .rows(payments::table)
        .order(payments::id)
        .select(Payment::as_select());
    tx.load(rows)
}

/// Writes payments down.
///
/// # Errors
/// Faults of the database.
pub fn add_payments(tx: &mut Tx<'_, VendorScope>, new: Vec<Payment>) -> Result<()> {
    tx.insert_all(payments::table, new)?;
    Ok(())
}

/// Writes how much of a payment has been given back.
///
/// # Errors
/// Faults of the database.
pub fn note_refunded(
    tx: &mut Tx<'_, VendorScope>,
    id: PaymentId,
    refunded_minor: i64,
) -> Result<()> {
    let row = tx.rows_of(payments::table).filter(payments::id.eq(id));
    tx.update(row, to(payments::refunded_minor, refunded_minor))?;
    Ok(())
}

/// The refund with this external id, if there is one.
///
/// # Errors
/// Faults of the database.
pub fn refund_named(tx: &mut Tx<'_, VendorScope>, external_id: &str) -> Result<Option<Refund>> {
    let row = tx
        .rows(refunds::table)
        .filter(refunds::external_id.eq(external_id.to_owned()))
        .select(Refund::as_select());
    tx.first(row)
}

/// Writes a refund down.
///
/// # Errors
/// Faults of the database.
pub fn add_refund(tx: &mut Tx<'_, VendorScope>, new: Refund) -> Result<()> {
    tx.insert(refunds::table, new)
}

/// Every refund, for the check of the whole ledger and for what statements say of reversals.
///
/// # Errors
/// Faults of the database.
pub fn all_refunds(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Refund>> {
    let rows = tx
        .rows(refunds::table)
        .order(refunds::id)
        .select(Refund::as_select());
    tx.load(rows)
}

/// Why each of these refunds was made.
///
/// # Errors
/// Faults of the database.
pub fn refund_reasons(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[RefundId],
) -> Result<Vec<(RefundId, String)>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(refunds::table)
            .filter(refunds::id.eq_any(some.to_vec()))
            .select((refunds::id, refunds::reason));
        found.extend(tx.load::<(RefundId, String), _>(rows)?);
    }
    Ok(found)
}

/// Writes what cash was applied to.
///
/// # Errors
/// Faults of the database.
pub fn add_allocations(tx: &mut Tx<'_, VendorScope>, new: Vec<Allocation>) -> Result<()> {
    tx.insert_all(payment_allocations::table, new)?;
    Ok(())
}

/// What a payment was applied to, straight away.
///
/// # Errors
/// Faults of the database.
pub fn allocations_of_payment(
    tx: &mut Tx<'_, VendorScope>,
    id: PaymentId,
) -> Result<Vec<Allocation>> {
    let rows = tx
        .rows(payment_allocations::table)
        .filter(payment_allocations::payment_id.eq(id))
        .order(payment_allocations::id)
        .select(Allocation::as_select());
    tx.load(rows)
}

/// What these credits were applied to.
///
/// # Errors
/// Faults of the database.
pub fn allocations_of_credits(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[CustomerCreditId],
) -> Result<Vec<Allocation>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let some: Vec<Option<CustomerCreditId>> = some.iter().copied().map(Some).collect();
        let rows = tx
            .rows(payment_allocations::table)
            .filter(payment_allocations::customer_credit_id.eq_any(some))
            .order(payment_allocations::id)
            .select(Allocation::as_select());
        found.extend(tx.load::<Allocation, _>(rows)?);
    }
    Ok(found)
}

/// What was applied to these invoices, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn allocations_of_invoices(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceId],
) -> Result<Vec<Allocation>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(payment_allocations::table)
            .filter(payment_allocations::invoice_id.eq_any(some.to_vec()))
            .order(payment_allocations::id)
            .select(Allocation::as_select());
        found.extend(tx.load::<Allocation, _>(rows)?);
    }
    Ok(found)
}

/// The newest allocation to an invoice, if there is one.
///
/// # Errors
/// Faults of the database.
pub fn last_allocation_of(
    tx: &mut Tx<'_, VendorScope>,
    id: InvoiceId,
) -> Result<Option<Allocation>> {
    let row = tx
        .rows(payment_allocations::table)
        .filter(payment_allocations::invoice_id.eq(id))
        .order(payment_allocations::id.desc())
        .select(Allocation::as_select());
    tx.first(row)
}

/// Every allocation, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_allocations(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Allocation>> {
    let rows = tx
        .rows(payment_allocations::table)
        .order(payment_allocations::id)
        .select(Allocation::as_select());
    tx.load(rows)
}

/// Writes how much of an allocation has been given back.
///
/// # Errors
/// Faults of the database.
pub fn refund_allocation(
    tx: &mut Tx<'_, VendorScope>,
    id: PaymentAllocationId,
    refunded_minor: i64,
) -> Result<()> {
    let row = tx
        .rows_of(payment_allocations::table)
        .filter(payment_allocations::id.eq(id));
    tx.update(row, to(payment_allocations::refunded_minor, refunded_minor))?;
    Ok(())
}
