//! Every name and reason that statements mention, as they stand at the close.
use std::collections::{BTreeSet, HashMap};

use crate::{
    Result,
    domain::CommissionClause,
    id::{
        CommissionClauseId, CommissionEntryId, CreditNoteId, CustomerId, Id, InvoiceId,
        InvoiceLineId, RefundId, SubscriptionId, TierId,
    },
    store::{
        Tx, VendorScope,
        incentivize::{
            entries::{Entry, SourceKind},
            statements,
        },
        revenue::{
            cash, credit_notes,
            invoices::{self, InvoiceLine},
            subscriptions,
            terms::{self, PlanTerms},
        },
    },
};

/// Every name that lines mention.
pub(super) struct Names {
    pub lines: HashMap<InvoiceLineId, InvoiceLine>,
    pub invoices: HashMap<InvoiceId, String>,
    pub customers: HashMap<CustomerId, String>,
    pub plans: HashMap<SubscriptionId, PlanTerms>,
    pub tiers: HashMap<TierId, String>,
    pub clauses: HashMap<CommissionClauseId, (CommissionClause, String)>,
    pub stated_on: HashMap<CommissionEntryId, String>,
    pub reasons: HashMap<i64, String>,
}

impl Names {
    pub fn of<'a>(
        tx: &mut Tx<'_, VendorScope>,
        payable: impl Iterator<Item = &'a Entry>,
    ) -> Result<Self> {
        let payable: Vec<&Entry> = payable.collect();
        let lines = ids(payable.iter().filter_map(|entry| entry.invoice_line_id));
        let on = ids(payable.iter().filter_map(|entry| entry.invoice_id));
        let customers = ids(payable.iter().filter_map(|entry| entry.customer_id));
        let sold = ids(payable.iter().filter_map(|entry| entry.subscription_id));
        let reversed = ids(payable.iter().filter_map(|entry| entry.reverses_id));
        let customers = terms::customers_of(tx, &customers)?;
        Ok(Self {
            lines: invoices::lines_of_ids(tx, &lines)?,
            invoices: invoices::numbers_of(tx, &on)?,
            customers: customers
                .into_iter()
                .map(|(id, one)| (id, one.name))
                .collect(),
            plans: plans(tx, &sold)?,
            tiers: terms::tier_names(tx)?,
            clauses: clauses(tx)?,
            stated_on: statements::numbers_of_entries(tx, &reversed)?
                .into_iter()
                .collect(),
            reasons: reasons(tx, &payable)?,
        })
    }
}

fn ids<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect::<BTreeSet<T>>().into_iter().collect()
}

fn plans(
    tx: &mut Tx<'_, VendorScope>,
    sold: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, PlanTerms>> {
    let versions = subscriptions::plan_versions_of(tx, sold)?;
    let plans = terms::plans_of(tx, &ids(versions.iter().map(|(_, version)| *version)))?;
    let found = versions
        .into_iter()
        .filter_map(|(id, version)| plans.get(&version).map(|plan| (id, plan.clone())));
    Ok(found.collect())
}

fn clauses(
    tx: &mut Tx<'_, VendorScope>,
) -> Result<HashMap<CommissionClauseId, (CommissionClause, String)>> {
    let plans = terms::commission_terms(tx)?.into_values();
    let clauses = plans.flat_map(|plan| {
        let label = plan.label;
        plan.clauses
            .into_iter()
            .map(move |(id, clause)| (id, (clause, label.clone())))
    });
    Ok(clauses.collect())
}

fn reasons(tx: &mut Tx<'_, VendorScope>, payable: &[&Entry]) -> Result<HashMap<i64, String>> {
    let of = |kind| {
        let some = payable
            .iter()
            .filter(move |entry| entry.source_kind == kind);
        some.map(|entry| entry.source_id)
    };
    let refunds: Vec<RefundId> = ids(of(SourceKind::Refund))
        .into_iter()
        .map(Id::of)
        .collect();
    let notes: Vec<CreditNoteId> = ids(of(SourceKind::CreditNote))
        .into_iter()
        .map(Id::of)
        .collect();
    let refunds = cash::refund_reasons(tx, &refunds)?;
    let notes = credit_notes::reasons(tx, &notes)?;
    let refunds = refunds
        .into_iter()
        .map(|(id, reason)| (id.number(), reason));
    let notes = notes.into_iter().map(|(id, reason)| (id.number(), reason));
    Ok(refunds.chain(notes).collect())
}
