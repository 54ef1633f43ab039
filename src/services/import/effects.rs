//! What rows about money set off: sales and cash, by the same services as a page's form.
use std::cell::OnceCell;

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

/// The effects on the ledger. The books are opened once for a whole file, so make one per
/// transaction.
#[derive(Default)]
pub struct OnTheLedger {
    books: OnceCell<Books>,
}

impl OnTheLedger {
    fn books(&self, tx: &mut Tx<'_, VendorScope>) -> Result<&Books> {
        if let Some(books) = self.books.get() {
            return Ok(books);
        }
        let opened = Books::open(tx)?;
        Ok(self.books.get_or_init(|| opened))
    }
}

fn applied<T>(recorded: Recorded<T>) -> Applied {
    match recorded {
        Recorded::New(_) => Applied::New,
        Recorded::Unchanged(_) => Applied::Unchanged,
    }
}

impl Effects for OnTheLedger {
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
        let books = self.books(tx)?;
        subscriptions::start_in(tx, books, &new).map(applied)
    }

    fn receive_payment(&self, tx: &mut Tx<'_, VendorScope>, row: &PaymentRow) -> Result<Applied> {
        let new = NewPayment {
            external_id: row.external_id.to_string(),
            received_on: row.received_on,
            amount: row.amount,
            invoice_number: row.invoice_number.clone(),
            customer: Some(row.customer),
        };
        let books = self.books(tx)?;
        payments::receive_in(tx, books, &new).map(applied)
    }
}
