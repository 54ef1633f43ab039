//! What customers have in credit, used for new invoices.
use std::collections::BTreeSet;

use crate::{
    Result,
    id::{CustomerCreditId, CustomerId, InvoiceId},
    services::revenue::{
        accrual::{Moved, Source, accrue_all},
        books::Books,
    },
    store::{
        Tx, VendorScope,
        incentivize::entries::SourceKind,
        revenue::{
            cash::{self, Allocation},
            credits::{self, CustomerCredit},
            invoices::{self, Invoice},
        },
    },
};

/// Applies what customers have in credit to new invoices, oldest credit first; what is applied
/// earns commission as a payment does.
pub fn use_credits(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    made: &mut [Invoice],
) -> Result<()> {
    let mut customers: Vec<CustomerId> = made.iter().map(|one| one.customer_id).collect();
    customers.sort_unstable();
    customers.dedup();
    let mut credits = credits::left(tx, &customers)?;
    if credits.is_empty() {
        return Ok(());
    }
    let mut used = Used::default();
    for invoice in &mut *made {
        for credit in &mut credits {
            used.apply(tx, invoice, credit);
        }
    }
    for credit in credits.iter().filter(|one| used.credits.contains(&one.id)) {
        credits::spend(tx, credit.id, credit.remaining_minor)?;
    }
    let paid = made.iter().filter(|one| used.invoices.contains(&one.id));
    invoices::settle(tx, paid)?;
    cash::add_allocations(tx, used.allocations)?;
    accrue_all(tx, books, &used.moves)?;
    Ok(())
}

/// What customers' credit was used for.
#[derive(Default)]
struct Used {
    credits: BTreeSet<CustomerCreditId>,
    invoices: BTreeSet<InvoiceId>,
    allocations: Vec<Allocation>,
    moves: Vec<Moved>,
}

impl Used {
    fn apply(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        invoice: &mut Invoice,
        credit: &mut CustomerCredit,
    ) {
        // Money of who is billed in a customer's place pays for no other, nor theirs for it.
        let whose = (credit.customer_id, credit.payer_id);
        let fits =
            whose == (invoice.customer_id, invoice.payer_id) && credit.currency == invoice.currency;
        let part = invoice.due_minor().min(credit.remaining_minor);
        if !fits || part <= 0 {
            return;
        }
        credit.remaining_minor -= part;
        let is_first = invoice.is_untouched();
        invoice.paid_minor += part;
        invoice.status = invoice.standing();
        let allocation = Allocation {
            id: tx.fresh_id(),
            partner_id: invoice.partner_id,
            payment_id: None,
            customer_credit_id: Some(credit.id),
            invoice_id: invoice.id,
            amount_minor: part,
            refunded_minor: 0,
            applied_on: invoice.issued_on.max(credit.arisen_on),
        };
        self.credits.insert(credit.id);
        self.invoices.insert(invoice.id);
        self.moves.push(Moved {
            invoice: invoice.clone(),
            source: Source {
                kind: SourceKind::Allocation,
                id: allocation.id.number(),
                on: allocation.applied_on,
            },
            is_first,
        });
        self.allocations.push(allocation);
    }
}
