//! The recurring fee of a service's month, from what was charged for its days, and the lines on
//! which a share of it goes back.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::{
    Result,
    domain::{
        Period, Rate, Ratio, ServicePeriod, Zone,
        meter::Span,
        service_days::ServiceDays,
        sla::{charge_in, charge_on, credit_in},
    },
    id::{InvoiceId, InvoiceLineId, PlanVersionId, PriceId, SubscriptionId},
    services::revenue::credit::{Payers, Unused},
    store::{
        Tx, VendorScope,
        registers::calendar,
        revenue::segments::{self, Segment},
    },
};

/// What was charged for the days of a month under a service's plans.
pub(super) struct Fees {
    month: Period,
    zone: Zone,
    prices: HashMap<PriceId, PlanVersionId>,
    segments: Vec<Segment>,
    payers: Payers,
}

/// A share of a customer's fee: amounts are magnitudes in minor units before tax.
pub(super) struct Given {
    /// The month's fee.
    pub fee_minor: i64,
    /// What goes back on which line of which invoice, each above zero.
    pub lines: BTreeMap<(InvoiceId, InvoiceLineId), i64>,
}

impl Fees {
    /// Those of some subscriptions, by the prices of the service's plans.
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        (month, prices): (Period, HashMap<PriceId, PlanVersionId>),
        sold: &[SubscriptionId],
    ) -> Result<Self> {
        let segments = segments::in_days(tx, sold, (month.first_day(), month.end()))?;
        Ok(Self {
            month,
            zone: calendar(tx)?.zone,
            prices,
            payers: Payers::of_segments(tx, &segments)?,
            segments,
        })
    }

    /// Gives a share of what a subscription was charged for the month back, on the lines that
    /// charged it, as far as they can still be credited.
    pub fn give(
        &mut self,
        (id, days): (SubscriptionId, &ServiceDays<PlanVersionId>),
        share: Rate,
    ) -> Result<Given> {
        let own: Vec<&Segment> = self
            .segments
            .iter()
            .filter(|one| one.subscription_id == id)
            .collect();
        let mut charges = Vec::new();
        for segment in &own {
            let charge = segment.charge();
            charges.push(match charge.span {
                None => {
                    let counted = self.days(segment, &own, days);
                    charge_on(charge.amount_minor, charge.service, counted)?
                }
                Some(span) => {
                    let counted = self.seconds((segment, span), &own, days);
                    charge_in(charge.amount_minor, counted, span.seconds())?
                }
            });
        }
        let given = credit_in(&charges, share)?;
        let mut lines = BTreeMap::new();
        for (segment, net_minor) in own.into_iter().zip(given) {
            let unused = Unused {
                segment,
                service: self.days_of_month(segment),
                net_minor,
            };
            for (invoice, line, minor) in self.payers.attribute(&unused)? {
                *lines.entry((invoice, line)).or_default() += minor;
            }
        }
        Ok(Given {
            fee_minor: Ratio::sum(charges)?.round()?,
            lines,
        })
    }

    fn days_of_month(&self, segment: &Segment) -> ServicePeriod {
        let service = segment.charge().service;
        service
            .rest_from(self.month.first_day())
            .until(self.month.end())
    }

    /// The days of the month that a segment was charged for and served on: its plan held, and no
    /// later charge of its price took its place.
    fn days(&self, segment: &Segment, own: &[&Segment], days: &ServiceDays<PlanVersionId>) -> i64 {
        let plan = self.prices.get(&segment.price_id).copied();
        let later = later(segment, own);
        let is_newest =
            |day: NaiveDate| !later.iter().any(|one| one.charge().service.contains(day));
        let counts = |day: &NaiveDate| plan.is_some() && days.on(*day) == plan && is_newest(*day);
        let within = self.days_of_month(segment);
        let each = within.from.iter_days().take_while(|day| *day < within.to);
        i64::try_from(each.filter(counts).count()).unwrap_or_default()
    }

    /// The seconds of the month, likewise, of a segment that is measured by them: on the day that a
    /// later charge took its place, those before. A day in which it ended is not counted.
    fn seconds(
        &self,
        (segment, span): (&Segment, Span),
        own: &[&Segment],
        days: &ServiceDays<PlanVersionId>,
    ) -> i64 {
        let plan = self.prices.get(&segment.price_id).copied();
        let later = later(segment, own).into_iter();
        let ends = later.filter_map(|one| one.from_at).min();
        let ends = ends.unwrap_or(span.to).min(span.to);
        let within = self.days_of_month(segment);
        let each = within.from.iter_days().take_while(|day| *day < within.to);
        let served = each.filter(|day| plan.is_some() && days.on(*day) == plan);
        let seconds = served.map(|day| {
            let part = Span {
                from: self.zone.start_of(day).max(span.from),
                to: self.zone.end_of(day).min(ends),
            };
            part.seconds()
        });
        seconds.sum()
    }
}

/// The later charges of a segment's price in its period.
fn later<'a>(segment: &Segment, own: &[&'a Segment]) -> Vec<&'a Segment> {
    own.iter()
        .copied()
        .filter(|one| one.price_id == segment.price_id)
        .filter(|one| {
            let place = |of: &Segment| (of.period_index, of.change_no);
            place(one) > place(segment)
        })
        .collect()
}
