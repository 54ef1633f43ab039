//! What finance credits by hand, and what it no longer expects to be paid.
use chrono::NaiveDate;

use super::{Won, World};
use crate::{
    Error, Result,
    domain::{CommissionRule, CreditReason, Disposition},
    services::revenue::{
        credit::{self, LineCredit, NewCreditNote},
        write_off::{WriteOff, write_off},
    },
    store::{Store, revenue::invoices, sell::accounts},
};

impl World {
    /// A tenth of the newest invoice's first line, for a night without service that no policy
    /// counts; the partner keeps its commission.
    pub(super) fn make_up(&self, store: &Store, customer: &Won) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            let billed = accounts::billed(tx, customer.subscription)?;
            let Some(invoice) = billed.first().map(|newest| newest.id) else {
                return Ok(());
            };
            let left = credit::creditable(tx, invoice)?;
            let part = |(line, left): &(_, i64)| LineCredit {
                days: None,
                line: *line,
                net_minor: left / 10,
            };
            let lines: Vec<LineCredit> = left.iter().take(1).map(part).collect();
            if lines.iter().all(|one| one.net_minor == 0) {
                return Ok(());
            }
            let new = NewCreditNote {
                invoice,
                lines,
                reason: CreditReason::Goodwill,
                note: "A night of work was lost during the move to the new servers".to_owned(),
                disposition: Disposition::DueThenCredit,
                commission: CommissionRule::ProtectPartner,
            };
            credit::issue(tx, &new).map(drop)
        })
    }

    /// The oldest bill of each customer who never pays, once it is half a year old.
    pub(super) fn give_up(&self, store: &Store, day: NaiveDate) -> Result<()> {
        let customers = self.partners.iter().flat_map(|one| &one.customers);
        for customer in customers.filter(|one| one.leaves_unpaid) {
            store.write_now(self.scope.clone(), |tx| {
                let unpaid = invoices::unpaid_of(tx, &[customer.id])?;
                let Some(oldest) = unpaid.first() else {
                    return Ok(());
                };
                if (day - oldest.issued_on).num_days() < 180 {
                    return Ok(());
                }
                let reason = "The customer has closed its business".parse();
                let new = WriteOff {
                    invoice: oldest.id,
                    reason: reason.map_err(Error::fault)?,
                };
                write_off(tx, &new)
            })?;
        }
        Ok(())
    }
}
