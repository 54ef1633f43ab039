//! What another version of a commission plan would have paid for months that were billed: the
//! same rules over the same lines and cash, and nothing written.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::billing::Terms;
use crate::{
    Result,
    domain::{
        CommissionClause, Currency, Money, Period, Permission, Rate, Ratio, ServicePeriod,
        commission::{Case, EarningLine, InvoiceState, LineTerms, accrue, clause_for},
    },
    id::{
        CommissionClauseId, CommissionPlanVersionId, Id, InvoiceId, PartnerId, PlanVersionId,
        SubscriptionId,
    },
    store::{
        Tx, VendorScope,
        incentivize::commission_plans,
        recruit::partners,
        revenue::{
            invoices::{self, Invoice, InvoiceLine, InvoiceLineKind},
            subscriptions::{self, Subscription},
            terms::PlanTerms,
        },
    },
};

/// Lines looked at together.
const CHUNK: i64 = 5_000;

/// What a version would change for one partner in one currency.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Whom.
    pub partner: PartnerId,
    /// Their name.
    pub name: String,
    /// What customers paid before tax.
    pub collected: Money,
    /// What was earned on it.
    pub was: Money,
    /// What would have been earned.
    pub would_be: Money,
}

impl Effect {
    /// What the partner would gain, below zero what it would lose, in minor units.
    pub fn change_minor(&self) -> i64 {
        self.would_be.minor().saturating_sub(self.was.minor())
    }
}

/// Sums of one partner in one currency, in minor units.
#[derive(Default)]
struct Sums {
    collected: i64,
    was: i64,
    would_be: i64,
}

/// Tries a version on what was billed for service in some months (both included), as if every
/// partner had sold everything under it. Those who gain most come first.
///
/// # Errors
/// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`]; faults of the database.
pub fn dry_run(
    tx: &mut Tx<'_, VendorScope>,
    version: CommissionPlanVersionId,
    (first, last): (Period, Period),
) -> Result<Vec<Effect>> {
    tx.allow(Permission::ViewMoney)?;
    let mut trial = Trial {
        clauses: commission_plans::version(tx, version)?.clauses,
        sums: BTreeMap::new(),
    };
    let days = (first.first_day(), last.end());
    let mut after = None;
    loop {
        let mut lines = invoices::lines_served(tx, days, after, CHUNK)?;
        let is_last = i64::try_from(lines.len()).is_ok_and(|count| count < CHUNK);
        let end = lines.last().map(|line| line.invoice_id);
        if !is_last {
            // The last invoice may go on in the next chunk.
            lines.retain(|line| Some(line.invoice_id) != end);
        }
        after = lines.last().map(|line| line.invoice_id);
        if after.is_none() {
            break;
        }
        trial.take(tx, lines)?;
        if is_last {
            break;
        }
    }
    trial.effects(tx)
}

struct Trial {
    clauses: Vec<CommissionClause>,
    sums: BTreeMap<(PartnerId, &'static str), Sums>,
}

/// A subscription, and the plans it was of before.
struct Sold<'a> {
    subscription: &'a Subscription,
    left: &'a [(NaiveDate, PlanVersionId)],
    terms: &'a Terms,
}

impl Sold<'_> {
    /// As it was on a day.
    fn on(&self, day: NaiveDate) -> Subscription {
        let then = self.left.iter().find(|(left_on, _)| day < *left_on);
        let then = then.map(|(_, plan)| *plan);
        Subscription {
            plan_version_id: then.unwrap_or(self.subscription.plan_version_id),
            ..self.subscription.clone()
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

impl Trial {
    fn take(&mut self, tx: &mut Tx<'_, VendorScope>, lines: Vec<InvoiceLine>) -> Result<()> {
        let mut on: BTreeMap<InvoiceId, Vec<InvoiceLine>> = BTreeMap::new();
        let mut sold: Vec<SubscriptionId> = Vec::new();
        for line in lines {
            sold.push(line.subscription_id);
            on.entry(line.invoice_id).or_default().push(line);
        }
        sold.sort_unstable();
        sold.dedup();
        let ids: Vec<InvoiceId> = on.keys().copied().collect();
        let found = invoices::of_ids(tx, &ids)?;
        let left = subscriptions::plans_left(tx, &sold)?;
        let sold = subscriptions::of_ids(tx, &sold)?;
        let terms = Terms::of(tx, &as_they_were(&sold, &left))?;
        let sold: HashMap<SubscriptionId, &Subscription> =
            sold.iter().map(|one| (one.id, one)).collect();
        for (id, lines) in on {
            let Some(invoice) = found.get(&id) else {
                continue;
            };
            let Some(subscription) = sold.get(&invoice.subscription_id) else {
                continue;
            };
            let left = left.get(&subscription.id);
            let sold = Sold {
                subscription,
                left: left.map_or(&[][..], Vec::as_slice),
                terms: &terms,
            };
            self.add(invoice, &lines, &sold)?;
        }
        Ok(())
    }

    fn add(&mut self, invoice: &Invoice, lines: &[InvoiceLine], sold: &Sold<'_>) -> Result<()> {
        let state = invoice.state();
        let nothing = LineTerms::share_of(Rate::default());
        let plain: Vec<EarningLine> = lines.iter().map(|line| bare(line, 0, nothing)).collect();
        let was: Vec<EarningLine> = lines
            .iter()
            .filter(|line| line.earns())
            .map(|line| {
                let clause = line
                    .commission_clause_id
                    .map_or(0, CommissionClauseId::number);
                Ok(bare(line, clause, line.terms()?))
            })
            .collect::<Result<_>>()?;
        let mut would_be = Vec::new();
        for line in lines {
            let then = sold.on(line.service_from);
            would_be.extend(self.under(line, &then, sold.terms)?);
        }
        let key = (invoice.partner_id, invoice.currency.code());
        let sums = self.sums.entry(key).or_default();
        sums.collected += accrue(&state, &plain)?
            .iter()
            .map(|one| one.base_minor)
            .sum::<i64>();
        sums.was += earned(&state, &was)?;
        sums.would_be += earned(&state, &would_be)?;
        Ok(())
    }

    /// A line under the version that is tried.
    fn under(
        &self,
        line: &InvoiceLine,
        subscription: &Subscription,
        terms: &Terms,
    ) -> Result<Option<EarningLine>> {
        let plan = terms.plan(subscription)?;
        if !plan.lets_earn(&line.description) {
            return Ok(None);
        }
        let anchor = subscription.anchor()?;
        let service = ServicePeriod {
            from: line.service_from,
            to: line.service_to,
        };
        let index = anchor.index_of(service.from);
        let whole = index.and_then(|index| anchor.service_period(index));
        let whole = whole.unwrap_or(service);
        let case = Case {
            phase: line.phase,
            tier: line.tier_id.map(Id::number),
            offering: plan.offering_id.number(),
            currency: subscription.currency,
            since: subscription.starts_on,
            service: whole,
        };
        let Some(clause) = clause_for(&self.clauses, &case) else {
            return Ok(None);
        };
        let units = u32::try_from(line.quantity).unwrap_or_default();
        let mut pays = clause.terms(&case, units);
        if !is_paid_per_unit(line, plan) {
            pays = pays.beside_units();
        }
        if service != whole {
            pays.share = pays.prorated(whole, service, whole);
        }
        Ok(Some(bare(line, clause.seq.into(), pays)))
    }

    fn effects(self, tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Effect>> {
        let mut ids: Vec<PartnerId> = self.sums.keys().map(|(partner, _)| *partner).collect();
        ids.dedup();
        let names: HashMap<PartnerId, String> = partners::names(tx, &ids)?.into_iter().collect();
        let mut effects = Vec::new();
        for ((partner, code), sums) in self.sums {
            let currency: Currency = code.parse().map_err(crate::Error::fault)?;
            let money = |minor| Money::new(minor, currency);
            effects.push(Effect {
                partner,
                name: names.get(&partner).cloned().unwrap_or_default(),
                collected: money(sums.collected),
                was: money(sums.was),
                would_be: money(sums.would_be),
            });
        }
        effects.sort_by_key(|effect| (effect.was.currency().code(), -effect.change_minor()));
        Ok(effects)
    }
}

/// Whether an amount per unit is paid on a line: on the one that charges for units in advance, and
/// on what prorates it.
fn is_paid_per_unit(line: &InvoiceLine, plan: &PlanTerms) -> bool {
    match line.kind {
        InvoiceLineKind::Recurring => line.line_no == plan.unit_place(),
        InvoiceLineKind::ProrationCharge | InvoiceLineKind::ProrationCredit => true,
        _ => false,
    }
}

fn bare(line: &InvoiceLine, clause: i64, terms: LineTerms) -> EarningLine {
    EarningLine {
        net_minor: line.net_minor,
        credited_net_minor: line.credited_net_minor,
        protected_net_minor: line.protected_net_minor,
        credited_beside: Ratio::ZERO,
        clause,
        terms,
        posted_minor: 0,
        posted_base_minor: 0,
    }
}

fn earned(state: &InvoiceState, lines: &[EarningLine]) -> Result<i64> {
    let accruals = accrue(state, lines)?;
    Ok(accruals.iter().map(|accrual| accrual.delta_minor).sum())
}
