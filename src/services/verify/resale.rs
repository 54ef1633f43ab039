//! What is resold: who is billed, whose money pays, and that nobody earns commission on it.
use std::collections::HashMap;

use super::{Findings, Ledger};
use crate::{
    domain::BillingModel,
    id::{CustomerCreditId, InvoiceId, PaymentId, SubscriptionId},
    store::revenue::{
        cash::Payment, credits::CustomerCredit, invoices::Invoice, subscriptions::Subscription,
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let sold: HashMap<SubscriptionId, &Subscription> = ledger
        .subscriptions
        .iter()
        .map(|one| (one.id, one))
        .collect();
    for one in &ledger.subscriptions {
        let is_known = one.billing().is_ok_and(|billing| {
            let discounts = (billing.reseller.bps(), billing.distributor.bps());
            match one.billing_model() {
                BillingModel::Agency => discounts == (0, 0),
                BillingModel::Resale => discounts.1 == 0,
                BillingModel::TwoTier => discounts.1 >= discounts.0,
            }
        });
        let earns = one.payer_id.is_some() && one.commission_plan_version_id.is_some();
        found.unless(is_known && !earns, || {
            format!(
                "Subscription {}: how it is billed makes no sense",
                one.external_id
            )
        });
    }
    invoices(ledger, &sold, found);
    cash(ledger, found);
    for entry in &ledger.entries {
        let of = entry.subscription_id.and_then(|id| sold.get(&id));
        let is_resold = entry.invoice_id.is_some() && of.is_some_and(|one| one.payer_id.is_some());
        found.unless(!is_resold, || {
            format!("Entry {} is commission on what was resold", entry.id)
        });
    }
}

fn invoices(ledger: &Ledger, sold: &HashMap<SubscriptionId, &Subscription>, found: &mut Findings) {
    for invoice in &ledger.invoices {
        let of = sold.get(&invoice.subscription_id);
        let fits = of.is_some_and(|of| of.payer_id == invoice.payer_id)
            && invoice.payer_id.is_some() != invoice.payer_name.is_empty();
        found.unless(fits, || {
            format!("Invoice {} is billed to somebody else", invoice.number)
        });
    }
    for line in &ledger.lines {
        let of = sold.get(&line.subscription_id);
        let is_resold = of.is_some_and(|of| of.payer_id.is_some());
        found.unless(!is_resold || line.commission_clause_id.is_none(), || {
            format!("A line of {} earns though it is resold", line.description)
        });
        found.unless(
            is_resold || (line.resale_minor, line.resold_minor) == (0, None),
            || {
                format!(
                    "A line of {} has a resale discount of nobody's",
                    line.description
                )
            },
        );
    }
}

/// Two pools of money: what customers pay, and what partners pay in their place.
fn cash(ledger: &Ledger, found: &mut Findings) {
    let invoices: HashMap<InvoiceId, &Invoice> =
        ledger.invoices.iter().map(|one| (one.id, one)).collect();
    let payments: HashMap<PaymentId, &Payment> =
        ledger.payments.iter().map(|one| (one.id, one)).collect();
    let credits: HashMap<CustomerCreditId, &CustomerCredit> =
        ledger.credits.iter().map(|one| (one.id, one)).collect();
    for one in &ledger.allocations {
        let payment = one.payment_id.and_then(|id| payments.get(&id));
        let credit = one.customer_credit_id.and_then(|id| credits.get(&id));
        let whose = payment
            .map(|payment| (payment.customer_id, payment.payer_id))
            .or(credit.map(|credit| (credit.customer_id, credit.payer_id)));
        let on = invoices.get(&one.invoice_id);
        let fits = on.map(|on| (on.customer_id, on.payer_id)) == whose;
        found.unless(fits, || {
            format!("Allocation {} pays with money of somebody else", one.id)
        });
    }
    for credit in &ledger.credits {
        let payment = credit.payment_id.and_then(|id| payments.get(&id));
        let fits = payment.is_none_or(|payment| payment.payer_id == credit.payer_id);
        found.unless(fits, || format!("Credit {} is not of who paid", credit.id));
    }
}
