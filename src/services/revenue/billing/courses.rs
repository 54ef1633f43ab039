//! The plans that a subscription is and was of, as their periods are billed once they are over.
use chrono::NaiveDate;

use super::terms::Terms;
use crate::{
    Result,
    domain::{
        Overflow, Rate, Zone,
        arrears::UsagePeriod,
        bill::Stretch,
        held::Held,
        meter::{Aggregation, Span},
        resale::bought,
    },
    id::{PlanVersionId, SubscriptionId},
    store::{
        catalogue::plans::PriceLine,
        revenue::{
            subscriptions::Subscription,
            usage::{Ask, UsageEvent},
        },
    },
};

/// A plan that a subscription is or was of, as it is billed once its periods are over.
pub(super) struct Course<'a> {
    pub served: Served,
    pub prices: &'a [PriceLine],
    /// What a whole period comes to at least, in minor units before tax.
    pub minimum_minor: i64,
}

impl<'a> Course<'a> {
    /// A plan with what of it is billed in arrears.
    pub fn of(served: Served, prices: &'a [PriceLine], minimum_minor: i64) -> Self {
        Self {
            served,
            prices,
            minimum_minor: bought(minimum_minor, served.discount),
        }
    }

    /// All of a subscription's, oldest first.
    pub fn all(terms: &'a Terms, of: &Subscription, zone: Zone) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for held in terms.held(of)? {
            let plan = terms.plan_of(held.plan)?;
            let served = Served {
                id: of.id,
                held,
                charged_from: of.charged_from(),
                ends_on: of.ends_on,
                zone,
                discount: of.billing()?.discount(),
            };
            all.push(Self::of(served, &plan.prices, plan.minimum_minor));
        }
        Ok(all)
    }

    /// The prices that count usage.
    pub fn metered(&self) -> impl Iterator<Item = &'a PriceLine> + Clone + use<'a> {
        self.prices
            .iter()
            .filter(|price| price.price.meter().is_some())
    }
}

/// What the next bill has to know of the usage of a subscription; nothing where no price counts any.
pub(super) fn asked(all: &[Course<'_>]) -> Result<Option<Ask>> {
    let mut meters = all
        .iter()
        .flat_map(Course::metered)
        .filter_map(|price| price.price.meter());
    let holds_levels = meters
        .clone()
        .any(|meter| meter.aggregation == Aggregation::TimeWeighted);
    match (meters.next(), all.last()) {
        (Some(_), Some(now)) => now.served.ask(holds_levels).map(Some),
        _ => Ok(None),
    }
}

/// When a subscription was served by a plan, for the usage that counts.
#[derive(Clone, Copy)]
pub(super) struct Served {
    pub id: SubscriptionId,
    /// The plan and its days.
    pub held: Held<PlanVersionId>,
    pub charged_from: NaiveDate,
    pub ends_on: Option<NaiveDate>,
    pub zone: Zone,
    /// What is taken off the list for a partner that resells.
    pub discount: Rate,
}

impl Served {
    /// The numbers of its periods that are over.
    pub fn over(&self) -> std::ops::Range<u32> {
        self.held.counting.first..self.held.next
    }

    /// A period as it is charged, from 0.
    pub fn stretch(&self, index: u32) -> Result<Stretch> {
        let counting = self.held.counting;
        let since = index.checked_sub(counting.first).ok_or(Overflow)?;
        let stretch = Stretch::of(counting.anchor, since, self.charged_from).ok_or(Overflow)?;
        Ok(Stretch { index, ..stretch })
    }

    /// What the next bill has to know, given what the subscription is of now.
    fn ask(&self, holds_levels: bool) -> Result<Ask> {
        let next = self.stretch(self.held.next)?.service.from;
        let late = match self.ends_on {
            // Its last period may have been billed already.
            Some(end) if end <= next => next,
            _ => {
                let first = self.held.counting.first;
                let last = self.held.next.saturating_sub(1).max(first);
                self.stretch(last)?.service.from
            }
        };
        Ok(Ask {
            subscription: self.id,
            late_before: self.zone.start_of(late),
            before: self.zone.start_of(next),
            holds_levels,
        })
    }

    /// What of a period is of the plan, in days and instants, cut off where the subscription ended;
    /// nothing where none of it was served by that.
    pub fn period(&self, index: u32) -> Result<Option<UsagePeriod>> {
        let stretch = self.stretch(index)?;
        let mut service = self.held.days_of(stretch.service);
        if let Some(end) = self.ends_on {
            service = service.until(end);
        }
        let share = self.held.share(stretch.whole, stretch.service);
        let span = Span::of_days(service, self.zone);
        Ok(Some(UsagePeriod {
            index,
            service,
            span,
            share,
        })
        .filter(|_| service.days() > 0))
    }

    /// The period over that a day lies in, where it was served by the plan.
    pub fn index_of(&self, day: NaiveDate) -> Option<u32> {
        let is_charged = day >= self.charged_from && self.held.contains(day);
        let counting = self.held.counting;
        let index = counting.anchor.index_of(day)?.checked_add(counting.first)?;
        Some(index).filter(|index| is_charged && *index < self.held.next)
    }

    /// The day that an event counts for.
    pub fn day_of(&self, event: &UsageEvent) -> NaiveDate {
        self.zone.local_date(event.occurred_at)
    }
}
