//! When a term that is renewed begins, and what it is worth.
use chrono::NaiveDate;

use crate::{
    Result,
    domain::{Overflow, Period, ServicePeriod, commission::extras::RenewalTerms},
    store::revenue::subscriptions::Subscription,
};

/// A renewed term.
pub struct Term {
    /// Its first period, and the first of the term before.
    pub first: ServicePeriod,
    before: ServicePeriod,
    /// Billing periods of a term.
    periods: u32,
}

impl Term {
    /// The renewed term that begins with a service period that starts on a day, if one does.
    pub fn begun(sold: &Subscription, from: NaiveDate) -> Result<Option<Self>> {
        let (anchor, term) = (sold.anchor()?, sold.term().max(1));
        let index = anchor.index_of(from);
        let begun = index.and_then(|index| Some((index, anchor.term_begun(index, term)?)));
        let Some((index, count)) = begun.filter(|(_, count)| *count > 0) else {
            return Ok(None);
        };
        let begins = |count: u32| {
            anchor
                .index_after(count.saturating_mul(term))
                .ok_or(Overflow)
        };
        let period = |index| anchor.service_period(index).ok_or(Overflow);
        let first = period(index)?;
        Ok((first.from == from).then_some(Self {
            first,
            before: period(begins(count - 1)?)?,
            periods: begins(count + 1)?.saturating_sub(index),
        }))
    }

    /// The first day of the renewed term that began in a month, in the way periods are counted now;
    /// none where they were counted otherwise then.
    pub fn begun_in(sold: &Subscription, month: Period) -> Result<Option<NaiveDate>> {
        let (anchor, term) = (sold.anchor()?, sold.term().max(1));
        let last = anchor.index_of(month.last_day());
        let begun = last.and_then(|index| {
            let since = (0..=index)
                .rev()
                .find(|one| anchor.term_begun(*one, term).is_some())?;
            anchor.service_period(since)
        });
        let begun = begun.map(|first| first.from);
        Ok(begun.filter(|from| Period::of(*from) == month && *from > anchor.on))
    }

    /// The first days of service of the term before and of this one.
    pub fn begins(&self, sold: &Subscription) -> [NaiveDate; 2] {
        [self.before.from.max(sold.charged_from()), self.first.from]
    }

    /// What it earns, given what a whole period charges as a term begins on a day, in minor units.
    pub fn bonus(
        &self,
        (sold, terms): (&Subscription, &RenewalTerms),
        net: impl Fn(NaiveDate) -> i64,
    ) -> Result<Bonus> {
        let worth = |from| {
            let periods = i64::from(self.periods);
            net(from).checked_mul(periods).ok_or(Overflow)
        };
        let [before, now] = self.begins(sold);
        let (before_minor, now_minor) = (worth(before)?, worth(now)?);
        Ok(Bonus {
            before_minor,
            now_minor,
            minor: terms.bonus(before_minor, now_minor),
        })
    }
}

/// What a renewed term earns, and what it and the one before are worth, in minor units.
#[derive(Default)]
pub struct Bonus {
    pub minor: i64,
    pub before_minor: i64,
    pub now_minor: i64,
}
