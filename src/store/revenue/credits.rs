//! What customers, and partners who are billed in their place, have in credit.
use chrono::NaiveDate;
use diesel::prelude::*;

use super::{ASKED_AT_ONCE, cash::Payment};
use crate::{
    Result,
    domain::Currency,
    id::{CreditNoteId, CustomerCreditId, CustomerId, PartnerId, PaymentId},
    store::{Tx, VendorScope, columns::Coded, schema::customer_credits, tx::to},
};

/// Money of a customer that no invoice has used yet, in minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_credits, treat_none_as_default_value = false)]
pub struct CustomerCredit {
    /// Which.
    pub id: CustomerCreditId,
    /// Whose customer's.
    pub partner_id: PartnerId,
    /// Whose.
    pub customer_id: CustomerId,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The rest of this payment,
    pub payment_id: Option<PaymentId>,
    /// or of this credit note.
    pub credit_note_id: Option<CreditNoteId>,
    /// How much it was.
    pub amount_minor: i64,
    /// How much is left.
    pub remaining_minor: i64,
    /// Since when.
    pub arisen_on: NaiveDate,
    /// The partner whose money it is, where that is not the customer.
    pub payer_id: Option<PartnerId>,
}

/// Writes customers' credits.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<CustomerCredit>) -> Result<()> {
    tx.insert_all(customer_credits::table, new)?;
    Ok(())
}

/// What these customers have left in credit, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn left(tx: &mut Tx<'_, VendorScope>, customers: &[CustomerId]) -> Result<Vec<CustomerCredit>> {
    let mut found = Vec::new();
    for some in customers.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(customer_credits::table)
            .filter(customer_credits::customer_id.eq_any(some.to_vec()))
            .filter(customer_credits::remaining_minor.gt(0))
            .order((customer_credits::arisen_on, customer_credits::id))
            .select(CustomerCredit::as_select());
        found.extend(tx.load::<CustomerCredit, _>(rows)?);
    }
    Ok(found)
}

/// The credit that is the rest of a payment.
///
/// # Errors
/// Faults of the database.
pub fn of_payment(tx: &mut Tx<'_, VendorScope>, payment: &Payment) -> Result<Vec<CustomerCredit>> {
    let rows = tx
        .rows(customer_credits::table)
        .filter(customer_credits::customer_id.eq(payment.customer_id))
        .filter(customer_credits::payment_id.eq(payment.id))
        .order(customer_credits::id)
        .select(CustomerCredit::as_select());
    tx.load(rows)
}

/// The credit that is the rest of these credit notes.
///
/// # Errors
/// Faults of the database.
pub fn of_notes(
    tx: &mut Tx<'_, VendorScope>,
    customer: CustomerId,
    notes: &[CreditNoteId],
) -> Result<Vec<CustomerCredit>> {
    let mut found = Vec::new();
    for some in notes.chunks(ASKED_AT_ONCE) {
        let some: Vec<Option<CreditNoteId>> = some.iter().copied().map(Some).collect();
        let rows = tx
            .rows(customer_credits::table)
            .filter(customer_credits::customer_id.eq(customer))
            .filter(customer_credits::credit_note_id.eq_any(some))
            .order(customer_credits::id)
            .select(CustomerCredit::as_select());
        found.extend(tx.load::<CustomerCredit, _>(rows)?);
    }
    Ok(found)
}

/// These credits.
///
/// # Errors
/// Faults of the database.
pub fn of_ids(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[CustomerCreditId],
) -> Result<Vec<CustomerCredit>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(customer_credits::table)
            .filter(customer_credits::id.eq_any(some.to_vec()))
            .select(CustomerCredit::as_select());
        found.extend(tx.load::<CustomerCredit, _>(rows)?);
    }
    Ok(found)
}

/// Every credit, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<CustomerCredit>> {
    let rows = tx
        .rows(customer_credits::table)
        .order(customer_credits::id)
        .select(CustomerCredit::as_select());
    tx.load(rows)
}

/// Writes what is left of a credit.
///
/// # Errors
/// Faults of the database.
pub fn spend(
    tx: &mut Tx<'_, VendorScope>,
    id: CustomerCreditId,
    remaining_minor: i64,
) -> Result<()> {
    let row = tx
        .rows_of(customer_credits::table)
        .filter(customer_credits::id.eq(id));
    tx.update(row, to(customer_credits::remaining_minor, remaining_minor))?;
    Ok(())
}
