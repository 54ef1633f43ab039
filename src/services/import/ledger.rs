//! Rows about money, as the ledger takes them.
use super::{Effects, PaymentRow, SubscriptionRow};
use crate::{
    Result,
    services::revenue::{
        Books,
        payments::{self, AtPlace, NewPayment},
        subscriptions::{self, BillingAsked, NewSubscription},
    },
    store::{Tx, VendorScope},
};

/// The books that rows of a file are entered in, opened once for all of them.
#[derive(Debug)]
pub struct Ledger {
    books: Books,
}

impl Ledger {
    /// Opens the books.
    ///
    /// # Errors
    /// Faults of the database.
    pub fn open(tx: &mut Tx<'_, VendorScope>) -> Result<Self> {
        let books = Books::open(tx)?;
        Ok(Self { books })
    }
}

impl Effects for Ledger {
    fn start_subscriptions(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        rows: &[SubscriptionRow],
    ) -> Result<(), AtPlace> {
        let new: Vec<NewSubscription> = rows
            .iter()
            .map(|row| NewSubscription {
                external_id: row.external_id.to_string(),
                customer: row.customer,
                plan_version: row.plan_version,
                starts_on: row.starts_on,
                quantity: row.quantity,
            })
            .collect();
        let how: Vec<BillingAsked> = rows.iter().map(|row| row.billing).collect();
        subscriptions::start_all_billed(tx, &self.books, (&new, &how)).map(drop)
    }

    fn receive_payments(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        rows: &[PaymentRow],
    ) -> Result<(), AtPlace> {
        let new: Vec<NewPayment> = rows
            .iter()
            .map(|row| NewPayment {
                external_id: row.external_id.to_string(),
                received_on: row.received_on,
                amount: row.amount,
                invoice_number: row.invoice_number.clone(),
                customer: Some(row.customer),
            })
            .collect();
        payments::receive_all(tx, &self.books, &new).map(drop)
    }
}
