//! Rows about money, as the ledger takes them.
use super::{Applied, Effects, PaymentRow, SubscriptionRow};
use crate::{
    Result,
    services::revenue::{
        Books,
        payments::{self, NewPayment, Recorded},
        subscriptions::{self, NewSubscription},
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

fn applied<T>(recorded: &Recorded<T>) -> Applied {
    match recorded {
        Recorded::New(_) => Applied::New,
        Recorded::Unchanged(_) => Applied::Unchanged,
    }
}

impl Effects for Ledger {
    fn start_subscription(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        row: &SubscriptionRow,
    ) -> Result<Applied> {
        let new = NewSubscription {
            external_id: row.external_id.to_string(),
            customer: row.customer,
            plan_version: row.plan_version,
            starts_on: row.starts_on,
            quantity: row.quantity,
        };
        Ok(applied(&subscriptions::start_in(tx, &self.books, &new)?))
    }

    fn receive_payment(&self, tx: &mut Tx<'_, VendorScope>, row: &PaymentRow) -> Result<Applied> {
        let new = NewPayment {
            external_id: row.external_id.to_string(),
            received_on: row.received_on,
            amount: row.amount,
            invoice_number: row.invoice_number.clone(),
            customer: Some(row.customer),
        };
        Ok(applied(&payments::receive_in(tx, &self.books, &new)?))
    }
}
