//! Every name and reason that statements mention, as they stand at the close.
use std::collections::{BTreeSet, HashMap};

use crate::{
    Result,
    domain::CommissionClause,
    id::{
        CommissionClauseId, CommissionEntryId, CreditNoteId, CustomerId, Id, InvoiceId,
        InvoiceLineId, PlanVersionId, RefundId, SubscriptionId, TierId,
    },
    store::{
        Tx, VendorScope,
        incentivize::{
            entries::{Entry, SourceKind},
            statements,
        },
        revenue::{
            cash, credit_notes,
            invoices::{self, StatedLine},
            subscriptions,
            terms::{self, PlanTerms},
        },
    },
};

/// Every name that lines mention.
pub(super) struct Names {
    pub lines: HashMap<InvoiceLineId, StatedLine>,
    pub invoices: HashMap<InvoiceId, String>,
    pub customers: HashMap<CustomerId, String>,
    /// What each is of now, and after that what it was of before.
    sold: HashMap<SubscriptionId, Vec<PlanVersionId>>,
    /// What lines of those say that were of something else before.
    said: HashMap<InvoiceLineId, String>,
    plans: HashMap<PlanVersionId, PlanTerms>,
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
        let mut left = subscriptions::plans_left(tx, &sold)?;
        let sold = subscriptions::plan_versions_of(tx, &sold)?.into_iter();
        let sold: HashMap<SubscriptionId, Vec<PlanVersionId>> = sold
            .map(|(id, now)| {
                let before = left.remove(&id).unwrap_or_default().into_iter();
                let before = before.map(|(_, version)| version);
                (id, std::iter::once(now).chain(before).collect())
            })
            .collect();
        let versions = ids(sold.values().flatten().copied());
        let has_changed = |entry: &&&Entry| {
            let of = entry.subscription_id.and_then(|id| sold.get(&id));
            of.is_some_and(|all| all.len() > 1)
        };
        let changed = payable.iter().filter(has_changed);
        let changed = ids(changed.filter_map(|entry| entry.invoice_line_id));
        Ok(Self {
            lines: invoices::stated_lines(tx, &lines)?,
            invoices: invoices::numbers_of(tx, &on)?,
            customers: terms::customer_names(tx, &customers)?,
            plans: terms::plans_of(tx, &versions)?,
            sold,
            said: invoices::descriptions(tx, &changed)?,
            tiers: terms::tier_names(tx)?,
            clauses: clauses(tx)?,
            stated_on: statements::numbers_of_entries(tx, &reversed)?
                .into_iter()
                .collect(),
            reasons: reasons(tx, &payable)?,
        })
    }

    /// What a subscription is of; of one that was changed to another plan, what a line of it charged
    /// for.
    pub fn plan_of(&self, id: SubscriptionId, on: Option<InvoiceLineId>) -> Option<&PlanTerms> {
        let all = self.sold.get(&id)?;
        let said = on.and_then(|line| self.said.get(&line));
        let plans = || all.iter().filter_map(|version| self.plans.get(version));
        let charged = said.and_then(|said| plans().find(|plan| plan.is_said_in(said)));
        charged.or_else(|| plans().next())
    }
}

fn ids<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    ids.collect::<BTreeSet<T>>().into_iter().collect()
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
