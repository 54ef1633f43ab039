//! What billing some subscriptions rests on, read in a few queries for all of them.
use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Discount, Overflow, Phase, Rate, ServicePeriod, Tax, TaxCategory, TaxTerms,
        bill::{self, Ahead, Stretch},
        commission::{
            Case, LineTerms,
            choice::{Choice, chosen},
        },
        commitment::at_least,
        discount,
        held::{Held, PlanTurn, held},
        resale::bought,
    },
    id::{
        CommissionClauseId, CommissionPlanVersionId, CustomerId, PartnerId, PlanVersionId,
        SubscriptionId, TierId,
    },
    store::{
        Tx, VendorScope,
        revenue::{
            discounts,
            subscriptions::{self, Recount, Subscription},
            terms::{self, BilledCustomer, CommissionTerms, PlanTerms},
        },
        sell::{
            deals,
            resale::{self, Payer},
            taxes::{self, CountryRate},
        },
    },
};

/// Everything that billing some subscriptions rests on.
pub(in crate::services::revenue) struct Terms {
    plans: HashMap<PlanVersionId, PlanTerms>,
    /// Changes to other plans; none for those that are of their first one.
    turns: HashMap<SubscriptionId, Vec<PlanTurn<PlanVersionId>>>,
    commissions: HashMap<CommissionPlanVersionId, CommissionTerms>,
    tiers: HashMap<PartnerId, Vec<(NaiveDate, TierId)>>,
    customers: HashMap<CustomerId, BilledCustomer>,
    discounts: HashMap<SubscriptionId, Vec<Discount>>,
    /// The tax rates of countries; none where no customer is taxed by those.
    rates: Vec<CountryRate>,
    /// Those that were registered before they were sold; none where no clause asks.
    registered: HashSet<SubscriptionId>,
    /// The partners that are billed in customers' place, and those that buy from them.
    payers: HashMap<PartnerId, Payer>,
}

/// Who is billed in a customer's place, as documents say; empty where the customer is billed.
#[derive(Default)]
pub(super) struct BilledTo {
    pub name: String,
    pub country: String,
    pub vat_id: String,
    /// Who buys from it, in two tiers.
    pub resold_by: String,
}

impl Terms {
    pub fn of(tx: &mut Tx<'_, VendorScope>, due: &[Subscription]) -> Result<Self> {
        let set = due.iter().filter_map(|one| one.next_plan_version_id);
        let sold: Vec<SubscriptionId> = due.iter().map(|one| one.id).collect();
        let turns = subscriptions::plan_turns(tx, &sold)?;
        let left = turns.values().flatten().map(|turn| turn.from);
        let own = due.iter().map(|one| one.plan_version_id);
        let plans = distinct(own.chain(set).chain(left));
        let partners: Vec<PartnerId> = distinct(due.iter().map(|one| one.partner_id));
        let customers: Vec<CustomerId> = distinct(due.iter().map(|one| one.customer_id));
        let mut discounts: HashMap<SubscriptionId, Vec<Discount>> = discounts::of(tx, &sold)?
            .into_iter()
            .map(|(id, given)| (id, given.iter().map(|one| one.discount).collect()))
            .collect();
        for one in due {
            if let Some(first) = one.billing()?.first() {
                let all = discounts.entry(one.id).or_default();
                // One that is to change is here as it is, and as it will be.
                if discount::resale(all).bps() == 0 {
                    all.push(first);
                }
            }
        }
        let customers = terms::customers_of(tx, &customers)?;
        let resold = due.iter().filter(|one| one.payer_id.is_some());
        let named = resold.flat_map(|one| [one.billed_partner(), one.partner_id]);
        let payers = resale::payers(tx, &distinct(named))?;
        let mut categories = customers.values().map(|one| one.tax_category);
        let by_country = categories.any(|one| one == TaxCategory::Standard);
        let rates = match by_country || !payers.is_empty() {
            true => taxes::all(tx)?,
            false => Vec::new(),
        };
        let commissions = terms::commission_terms(tx)?;
        let mut clauses = commissions.values().flat_map(|plan| &plan.clauses);
        let registered = match clauses.any(|(_, clause)| clause.uplift.bps() > 0) {
            true => deals::won_by(tx, &sold)?,
            false => HashSet::new(),
        };
        Ok(Self {
            rates,
            registered,
            plans: terms::plans_of(tx, &plans)?,
            turns,
            commissions,
            tiers: terms::tiers_given(tx, &partners)?,
            customers,
            discounts,
            payers,
        })
    }
    pub fn plan(&self, subscription: &Subscription) -> Result<&PlanTerms> {
        self.plan_of(subscription.plan_version_id)
    }
    /// The plans that a subscription is and was of, oldest first.
    pub fn held(&self, of: &Subscription) -> Result<Vec<Held<PlanVersionId>>> {
        let now = (of.counting()?, of.next_index());
        let turns = self.turns.get(&of.id).map_or(&[][..], Vec::as_slice);
        Ok(held(of.plan_version_id, now, turns))
    }
    /// Whether something is billed in arrears under a plan that a subscription is or was of: for
    /// what was used then may be reported still.
    pub fn bills_in_arrears(&self, of: &Subscription) -> Result<bool> {
        let held = self.held(of)?;
        let mut plans = held.iter().filter_map(|held| self.plans.get(&held.plan));
        Ok(plans.any(PlanTerms::bills_in_arrears))
    }
    /// The terms of a plan that is or was one of these subscriptions'.
    pub fn plan_of(&self, version: PlanVersionId) -> Result<&PlanTerms> {
        let plan = self.plans.get(&version);
        plan.ok_or_else(|| Error::fault("a subscription has no plan"))
    }
    pub fn customer(&self, subscription: &Subscription) -> Result<&BilledCustomer> {
        self.customers
            .get(&subscription.customer_id)
            .ok_or_else(|| Error::fault("a subscription has no customer"))
    }
    /// The tax on a subscription's invoice of a day.
    pub fn tax(&self, subscription: &Subscription, on: NaiveDate) -> Result<Tax> {
        if let Some(payer) = subscription.payer_id {
            let terms = self.billed(payer)?.tax_on(on, &self.rates)?;
            return Ok(terms.on(on));
        }
        let customer = self.customer(subscription)?;
        let rates = self.rates.iter();
        let rates = rates.filter(|rate| rate.country == customer.country);
        let terms = TaxTerms {
            category: customer.tax_category,
            own: Rate::from_bps(customer.tax_bps).map_err(Error::fault)?,
            vat_id: customer.vat_id.clone(),
            rates: rates.map(|one| one.rate.clone()).collect(),
        };
        Ok(terms.on(on))
    }
    fn billed(&self, id: PartnerId) -> Result<&Payer> {
        let payer = self.payers.get(&id);
        payer.ok_or_else(|| Error::fault("a subscription's payer is not on record"))
    }
    /// Who is billed for a subscription in the customer's place, as on a day.
    pub(super) fn payer(&self, of: &Subscription, on: NaiveDate) -> Result<BilledTo> {
        let Some(id) = of.payer_id else {
            return Ok(BilledTo::default());
        };
        let payer = self.billed(id)?;
        Ok(BilledTo {
            name: payer.name.clone(),
            country: payer.country.clone(),
            vat_id: payer.vat_id_on(on)?.to_owned(),
            resold_by: match id == of.partner_id {
                true => String::new(),
                false => self.billed(of.partner_id)?.name.clone(),
            },
        })
    }
    /// What a whole period of a subscription comes to at least, in minor units before tax.
    pub fn minimum(&self, of: &Subscription) -> Result<i64> {
        let discount = of.billing()?.discount();
        Ok(bought(self.plan(of)?.minimum_minor, discount))
    }
    /// Whether a subscription was registered before it was sold.
    pub fn is_registered(&self, id: SubscriptionId) -> bool {
        self.registered.contains(&id)
    }
    /// The discounts of a subscription, run out ones and later ones among them.
    pub fn discounts(&self, subscription: &Subscription) -> Vec<Discount> {
        let found = self.discounts.get(&subscription.id);
        found.map_or_else(Vec::new, |found| subscription.kept(found))
    }
    /// A subscription as it is from its next period on, where that begins on a day: of the plan that
    /// is set for it, where one is.
    pub fn in_period(&self, of: &Subscription, starts: NaiveDate) -> Result<Subscription> {
        let is_set = of.next_plan_on.is_some_and(|on| on <= starts);
        match of.next_plan_version_id.filter(|_| is_set) {
            Some(plan) => self.on_plan(of, (plan, starts)),
            None => Ok(of.clone()),
        }
    }
    /// A subscription as it is of another plan, from the day on which its next period begins.
    pub fn on_plan(
        &self,
        of: &Subscription,
        (plan, on): (PlanVersionId, NaiveDate),
    ) -> Result<Subscription> {
        let terms = self.plans.get(&plan);
        let terms = terms.ok_or_else(|| Error::fault("a subscription has no plan"))?;
        of.on_plan(&Recount {
            plan,
            interval_months: terms.interval_months,
            term_months: terms.term_months,
            on,
        })
    }
    /// A subscription as it is until its plan changes to one that is billed at another interval,
    /// and as it is from then on.
    pub fn courses(&self, of: &Subscription) -> Result<(Subscription, Option<Subscription>)> {
        let then = match of.next_plan_on {
            Some(on) => self.in_period(of, on)?,
            None => return Ok((of.clone(), None)),
        };
        if then.interval_months == of.interval_months || of.ends_on.is_some() {
            return Ok((of.clone(), None));
        }
        let until = Subscription {
            ends_on: then.anchor_on,
            next_plan_version_id: None,
            next_plan_on: None,
            ..of.clone()
        };
        Ok((until, Some(then)))
    }
    /// What each price of a subscription charges in advance for a stretch, in the plan's order.
    pub fn ahead(&self, of: &Subscription, stretch: Stretch) -> Result<Vec<Ahead>> {
        let prices = self.plan(of)?.prices.iter().map(|line| &line.price);
        Ok(bill::ahead(
            prices,
            of.units()?,
            &self.discounts(of),
            stretch,
        )?)
    }
    /// What a subscription brings a month while a period runs, in minor units: no less than what it
    /// is committed to.
    pub fn monthly(&self, of: &Subscription, index: u32) -> Result<i64> {
        let plan = self.plan(of)?;
        let prices = plan.prices.iter().map(|line| &line.price);
        let interval = plan.interval()?;
        let (discounts, stretch) = (self.discounts(of), of.stretch(index)?);
        let monthly = bill::monthly(prices, of.units()?, &discounts, (stretch, interval))?;
        Ok(at_least(monthly, self.minimum(of)?, interval)?)
    }
    /// What a whole period charges in advance for what partners earn on, in minor units: discounts
    /// for a single period left out.
    pub fn standing(&self, of: &Subscription, index: u32) -> Result<i64> {
        let plan = self.plan(of)?;
        let prices = plan.prices.iter().map(|line| &line.price);
        let each = bill::standing(prices, of.units()?, &self.discounts(of), of.stretch(index)?)?;
        let earning = plan.prices.iter().zip(each);
        let earning = earning.filter(|(line, _)| line.commissionable);
        let mut nets = earning.map(|(_, charged)| charged.net_minor());
        Ok(nets.try_fold(0i64, i64::checked_add).ok_or(Overflow)?)
    }
    /// The commission terms of a period, fixed as it is billed: the tier of its first day and the
    /// clause of the pinned plan version. Without a pinned version nothing is earned.
    pub fn earns(
        &self,
        subscription: &Subscription,
        service: ServicePeriod,
        phase: Phase,
    ) -> Result<Earns> {
        let tier = self.tiers.get(&subscription.partner_id).and_then(|given| {
            let held = given.iter().rev().find(|(since, _)| *since <= service.from);
            held.map(|(_, tier)| *tier)
        });
        let case = Case {
            phase,
            tier: tier.map(TierId::number),
            offering: self.plan(subscription)?.offering_id.number(),
            currency: subscription.currency,
            since: subscription.charged_from(),
            service,
            is_registered: self.is_registered(subscription.id),
        };
        let pinned = subscription.commission_plan_version_id;
        let plan = pinned.and_then(|id| self.commissions.get(&id));
        let clause = plan.and_then(|plan| {
            let (found, why) = chosen(plan.clauses.iter().map(|(_, clause)| clause), &case)?;
            let named = plan.clauses.iter().find(|(_, one)| one.seq == found.seq);
            named.map(|(id, _)| (*id, *found, why))
        });
        let units = subscription.units()?.get();
        Ok(Earns {
            clause: clause.map(|(id, _, _)| id),
            chosen: clause.map(|(_, _, why)| why),
            terms: match clause {
                Some((_, clause, _)) => clause.terms(&case, units),
                None => LineTerms::share_of(Rate::default()),
            },
            phase,
            tier,
        })
    }
}

/// The commission terms that a line is billed under.
#[derive(Debug, Clone, Copy)]
pub(in crate::services::revenue) struct Earns {
    pub clause: Option<CommissionClauseId>,
    pub chosen: Option<Choice>,
    pub terms: LineTerms,
    pub phase: Phase,
    pub tier: Option<TierId>,
}

impl Earns {
    /// The terms of the line at a place of a plan: units are paid for on one line.
    pub fn at_place(&self, place: i32, plan: &PlanTerms) -> LineTerms {
        match place == plan.unit_place() {
            true => self.terms,
            false => self.terms.beside_units(),
        }
    }
    /// The same period, on something that partners earn nothing on.
    pub fn nothing(self) -> Self {
        Self {
            clause: None,
            chosen: None,
            terms: LineTerms::share_of(Rate::default()),
            ..self
        }
    }
}

fn distinct<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
