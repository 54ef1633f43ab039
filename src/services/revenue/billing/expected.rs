//! What a period to come charges and lets earn: by the rule of the run.
use super::{
    items::{Facts, items},
    terms::Terms,
};
use crate::{
    Result,
    domain::{Overflow, Zone, commission::EarningLine, forecast::Coming, proration::part_of},
    store::revenue::subscriptions::Subscription,
};

/// A period to come. Amounts are minor units, before tax.
pub(in crate::services::revenue) struct Expected {
    /// What it charges after discounts.
    pub net_minor: i64,
    /// The lines that earn, under the numbers of their clauses.
    pub lines: Vec<EarningLine>,
}

/// What a period to come charges, and what of it earns. Days are those of the zone.
pub(in crate::services::revenue) fn expected(
    (terms, zone): (&Terms, Zone),
    of: &Subscription,
    period: &Coming,
) -> Result<Expected> {
    let of = &terms.in_period(of, period.service.from)?;
    let plan = terms.plan(of)?;
    let index = of.index_of(period.service.from)?;
    let stretch = of.stretch(index.unwrap_or_default())?;
    let stretch = stretch.measured(plan.proration, zone);
    let facts = Facts {
        prices: &plan.prices,
        quantity: of.units()?,
        discounts: &terms.discounts(of),
        stretch,
        is_first: of.billed_periods == 0 && stretch.index == of.next_index(),
    };
    let mut earns = terms.earns(of, stretch.service, period.phase)?;
    let (service, whole) = (stretch.service, stretch.whole);
    earns.terms.share = earns.terms.prorated(service, service, whole);
    let mut found = Expected {
        net_minor: 0,
        lines: Vec::new(),
    };
    let add = |sum: &mut i64, net: i64| {
        *sum = sum.checked_add(net).ok_or(Overflow)?;
        Ok::<_, Overflow>(())
    };
    for (place, item) in (1..).zip(items(&facts)?) {
        add(&mut found.net_minor, item.net_minor)?;
        let Some(clause) = earns.clause.filter(|_| item.price.commissionable) else {
            continue;
        };
        let terms = earns.at_place(place, plan);
        if terms.pay_anything() {
            let line = EarningLine {
                earning_days: terms.share.of_line(service),
                ..EarningLine::new(item.net_minor, clause.number(), terms)
            };
            found.lines.push(line);
        }
    }
    // What it is committed to comes in any case.
    let least = part_of(terms.minimum(of)?, stretch.whole, stretch.service);
    let missing = (least - found.net_minor).max(0);
    let terms = earns.at_place(0, plan);
    if let Some(clause) = earns.clause
        && missing > 0
        && plan.earns_at_all()
        && terms.pay_anything()
    {
        let line = EarningLine::new(missing, clause.number(), terms);
        found.lines.push(line);
    }
    add(&mut found.net_minor, missing)?;
    Ok(found)
}
