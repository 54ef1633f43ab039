//! What a period to come charges and lets earn, once it is paid: by the rule of the run.
use super::{
    items::{Facts, items},
    terms::Terms,
};
use crate::{
    Result,
    domain::{
        commission::{EarningLine, LineTerms},
        forecast::Coming,
        proration::part_of,
    },
    store::revenue::subscriptions::Subscription,
};

/// What a period charges after discounts in minor units, and those of its lines that earn.
pub(in crate::services::revenue) fn expected(
    terms: &Terms,
    of: &Subscription,
    period: &Coming,
) -> Result<(i64, Vec<EarningLine>)> {
    let of = &of.in_period(period.service.from);
    let plan = terms.plan(of)?;
    let index = of.anchor()?.index_of(period.service.from);
    let stretch = of.stretch(index.unwrap_or_default())?;
    let facts = Facts {
        prices: &plan.prices,
        quantity: of.units()?,
        discounts: terms.discounts(of),
        stretch,
        is_first: of.billed_periods == 0 && stretch.index == of.next_index(),
    };
    let earns = terms.earns(of, stretch.service, period.phase)?;
    let (mut net, mut lines) = (0, Vec::new());
    for (place, item) in (1..).zip(items(&facts)?) {
        net += item.net_minor;
        if item.price.commissionable {
            lines.push(earning(item.net_minor, earns.at_place(place, plan)));
        }
    }
    // What it is committed to comes in any case.
    let least = part_of(plan.minimum_minor, stretch.whole, stretch.service);
    let missing = (least - net).max(0);
    if missing > 0 && plan.earns_at_all() {
        lines.push(earning(missing, earns.at_place(0, plan)));
    }
    Ok((net + missing, lines))
}

fn earning(net_minor: i64, terms: LineTerms) -> EarningLine {
    EarningLine {
        net_minor,
        credited_net_minor: 0,
        protected_net_minor: 0,
        clause: 1,
        terms,
        posted_minor: 0,
        posted_base_minor: 0,
    }
}
