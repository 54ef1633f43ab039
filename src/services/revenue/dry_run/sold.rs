//! What the lines of some invoices were billed on, read in a few queries for all of them.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::super::{billing::Terms, parties::Arranged, renewals};
use crate::{
    Result,
    domain::{
        Phase,
        commission::{DaysCredited, Part},
    },
    id::{InvoiceId, InvoiceLineId, PartnerId, PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        revenue::{
            credit_notes,
            invoices::{self, Invoice, InvoiceLine},
            parts::{self, EarningPart},
            subscriptions::{self, Subscription},
            terms::PlanTerms,
        },
    },
};

/// Invoices, the subscriptions they charge for, and who earns on their lines.
pub(super) struct Book {
    invoices: HashMap<InvoiceId, Invoice>,
    sold: HashMap<SubscriptionId, Subscription>,
    /// The plans they were of before, by the day each was left.
    left: HashMap<SubscriptionId, Vec<(NaiveDate, PlanVersionId)>>,
    terms: Terms,
    parts: HashMap<InvoiceLineId, Vec<EarningPart>>,
    /// For which days lines were credited.
    credited: HashMap<InvoiceLineId, Vec<DaysCredited>>,
    arranged: Arranged,
    /// What a whole period charged as terms began, where renewed ones are among them.
    charged: HashMap<(SubscriptionId, NaiveDate), i64>,
    /// The first invoices of those.
    first: HashMap<(SubscriptionId, NaiveDate), InvoiceId>,
}

impl Book {
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        lines: &[InvoiceLine],
        pays_renewals: bool,
    ) -> Result<Self> {
        let of: BTreeSet<InvoiceId> = lines.iter().map(|line| line.invoice_id).collect();
        let sold: BTreeSet<SubscriptionId> =
            lines.iter().map(|line| line.subscription_id).collect();
        let sold = Vec::from_iter(sold);
        let shared = lines.iter().filter(|line| line.shared);
        let shared: Vec<InvoiceLineId> = shared.map(|line| line.id).collect();
        let credited = lines.iter().filter(|line| line.credited_net_minor != 0);
        let credited: Vec<InvoiceLineId> = credited.map(|line| line.id).collect();
        let renewed = lines.iter().filter(|line| line.phase == Phase::Renewal);
        let renewed: HashSet<(SubscriptionId, NaiveDate)> = renewed
            .filter(|_| pays_renewals)
            .map(|line| (line.subscription_id, line.service_from))
            .collect();
        let renewing: HashSet<SubscriptionId> = renewed.iter().map(|(sold, _)| *sold).collect();
        let left = subscriptions::plans_left(tx, &sold)?;
        let sold = subscriptions::of_ids(tx, &sold)?;
        let renewing = sold.iter().filter(|one| renewing.contains(&one.id));
        let renewing: Vec<Subscription> = renewing.cloned().collect();
        Ok(Self {
            invoices: invoices::of_ids(tx, &Vec::from_iter(of))?,
            terms: Terms::of(tx, &as_they_were(&sold, &left))?,
            parts: parts::of_lines(tx, &shared)?,
            credited: credit_notes::days_credited(tx, &credited)?,
            arranged: Arranged::of(tx, sold.iter().map(|one| (one.id, one.partner_id)))?,
            charged: renewals::standing(tx, &renewing)?,
            first: renewals::first_invoices(tx, &renewed)?,
            sold: sold.into_iter().map(|one| (one.id, one)).collect(),
            left,
        })
    }

    pub fn invoice(&self, id: InvoiceId) -> Option<&Invoice> {
        self.invoices.get(&id)
    }

    pub fn subscription(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.sold.get(&id)
    }

    /// A subscription as it was on a day.
    pub fn on(&self, id: SubscriptionId, day: NaiveDate) -> Option<Subscription> {
        let one = self.sold.get(&id)?;
        let mut left = self.left.get(&id).into_iter().flatten();
        let then = left.find(|(left_on, _)| day < *left_on);
        let then = then.map(|(_, plan)| *plan);
        Some(Subscription {
            plan_version_id: then.unwrap_or(one.plan_version_id),
            ..one.clone()
        })
    }

    /// The plan of a subscription as it was.
    pub fn plan(&self, then: &Subscription) -> Result<&PlanTerms> {
        self.terms.plan(then)
    }

    /// Whether a subscription was registered before it was sold.
    pub fn is_registered(&self, id: SubscriptionId) -> bool {
        self.terms.is_registered(id)
    }

    /// What a whole period charged as the term began that starts on a day, in minor units.
    pub fn charged(&self, id: SubscriptionId, from: NaiveDate) -> i64 {
        let charged = self.charged.get(&(id, from));
        charged.copied().unwrap_or_default()
    }

    /// The first invoice that charges for the term which starts on a day.
    pub fn first_invoice(&self, id: SubscriptionId, from: NaiveDate) -> Option<InvoiceId> {
        self.first.get(&(id, from)).copied()
    }

    /// For which of its days a line was credited.
    pub fn credits(&self, line: InvoiceLineId) -> &[DaysCredited] {
        self.credited.get(&line).map_or(&[], Vec::as_slice)
    }

    /// Who earns on a line: as it was billed, or where nobody earned on it, as is arranged.
    pub fn who(&self, line: &InvoiceLine) -> Result<Vec<(PartnerId, Part)>> {
        if let Some(parts) = self.parts.get(&line.id) {
            return Ok(parts.iter().map(|one| (one.partner_id, one.part)).collect());
        }
        match self.sold.get(&line.subscription_id) {
            Some(sold) if !line.earns() => self.arranged.on_line(sold, line.service_from),
            _ => Ok(vec![(line.partner_id, Part::Whole)]),
        }
    }
}

/// Subscriptions as they are, and as they were under each plan before.
fn as_they_were(
    sold: &[Subscription],
    left: &HashMap<SubscriptionId, Vec<(NaiveDate, PlanVersionId)>>,
) -> Vec<Subscription> {
    let mut all = sold.to_vec();
    for one in sold {
        let plans = left.get(&one.id).into_iter().flatten();
        all.extend(plans.map(|(_, plan)| Subscription {
            plan_version_id: *plan,
            ..one.clone()
        }));
    }
    all
}
