//! What bills charged too much in arrears, as later reports show: it goes back by credit note to the
//! lines that charged it, newest first, at the tax and the terms of each.
use chrono::NaiveDate;

use super::Draft;
use crate::{
    Result,
    domain::{CommissionRule, CreditReason, Disposition, commitment::TrueUp},
    id::{InvoiceId, UsageChargeId},
    services::revenue::{
        books::Books,
        credit::{LineCredit, Payers, Said, Whose, write},
    },
    store::{
        Tx, VendorScope,
        revenue::invoices::{self, Invoice, InvoiceLine, InvoiceLineKind},
    },
};

/// What the customer and the partner read on the credit note.
const REASON: &str = "Less was used than was billed, as later reports show";

/// What the usage of a period, or what it lacked of its minimum, was charged for beyond what it
/// comes to by now; minor units before tax, above zero.
pub(in crate::services::revenue) struct TooMuch {
    of: Charge,
    net_minor: i64,
}

enum Charge {
    Usage(UsageChargeId),
    /// By the first day it is for.
    TrueUp(NaiveDate),
}

impl TooMuch {
    /// Of usage, given what is open of it, below zero.
    pub fn of_usage(charge: UsageChargeId, open_minor: i64) -> Self {
        Self {
            of: Charge::Usage(charge),
            net_minor: -open_minor,
        }
    }

    /// Of a true-up that is open below zero.
    pub fn of_true_up(one: &TrueUp) -> Self {
        Self {
            of: Charge::TrueUp(one.service.from),
            net_minor: -one.open_minor,
        }
    }

    fn was_charged_on(&self, line: &InvoiceLine) -> bool {
        match self.of {
            Charge::Usage(charge) => line.usage_charge_id == Some(charge),
            Charge::TrueUp(from) => {
                line.kind == InvoiceLineKind::TrueUp && line.service_from == from
            }
        }
    }
}

/// Gives back what the subscriptions of some bills were charged too much before. What was credited
/// on its lines for another reason, or paid back, is not given back again.
pub(super) fn give_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    drafts: &[Draft],
) -> Result<()> {
    for draft in drafts.iter().filter(|draft| !draft.too_much.is_empty()) {
        give_back_of(tx, books, (&draft.invoice, &draft.too_much))?;
    }
    Ok(())
}

fn give_back_of(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (next, all): (&Invoice, &[TooMuch]),
) -> Result<()> {
    let mut lines = invoices::lines_in_arrears(tx, next.subscription_id)?;
    lines.retain(|line| all.iter().any(|one| one.was_charged_on(line)));
    let mut on: Vec<InvoiceId> = lines.iter().map(|line| line.invoice_id).collect();
    on.sort_unstable();
    on.dedup();
    let mut payers = Payers::of_invoices(tx, &on, &[])?;
    for one in all {
        let mut left = one.net_minor;
        let charged = lines.iter().filter(|line| one.was_charged_on(line));
        for line in charged.rev() {
            let part = left.min(payers.left_of(line.id)?);
            let credit = LineCredit {
                line: line.id,
                net_minor: part,
                days: None,
            };
            payers.credit(&credit)?;
            left -= part;
        }
    }
    let said = Said {
        reason: REASON,
        about: &format!(": {REASON}"),
        code: CreditReason::Change,
        disposition: Disposition::DueThenCredit,
        rule: CommissionRule::ReduceBase,
    };
    write(tx, books, payers, (&Whose::of_invoice(next), &said)).map(drop)
}
