//! Which days a subscription's periods and terms are.
use chrono::NaiveDate;

use super::Subscription;
use crate::{
    Error, Result,
    domain::{
        Anchor, BillingInterval, Discount, Phase, Quantity,
        bill::Stretch,
        held::{Counting, Held},
        subscription::{phase_from, renewals_from},
    },
    id::PlanVersionId,
};

/// A plan that a subscription comes to, with the period that begins on a day.
#[derive(Debug, Clone, Copy)]
pub struct Recount {
    /// Of which it is then.
    pub plan: PlanVersionId,
    /// Months of its billing period.
    pub interval_months: i32,
    /// Months of its term.
    pub term_months: i32,
    /// The first day.
    pub on: NaiveDate,
}

/// How periods are counted, as it is stored: from which day, as which number, and how many months
/// each is; nothing where none of it is.
///
/// # Errors
/// A fault for a stored interval or number that is none.
pub fn counting(stored: (Option<NaiveDate>, Option<i32>, Option<i32>)) -> Result<Option<Counting>> {
    let (Some(on), Some(index), Some(months)) = stored else {
        return Ok(None);
    };
    let months = u32::try_from(months).map_err(Error::fault)?;
    let interval = BillingInterval::from_months(months);
    let interval = interval.ok_or_else(|| Error::fault("a subscription has no interval"))?;
    Ok(Some(Counting {
        anchor: Anchor { on, interval },
        first: u32::try_from(index).map_err(Error::fault)?,
    }))
}

impl Subscription {
    /// How its periods are counted now.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn counting(&self) -> Result<Counting> {
        Ok(Counting {
            anchor: self.anchor()?,
            first: self.first_index(),
        })
    }
    /// As it was under a plan that it was of before.
    ///
    /// # Errors
    /// A number out of range.
    pub fn under(&self, held: &Held<PlanVersionId>) -> Result<Self> {
        let Counting { anchor, first } = held.counting;
        Ok(Self {
            plan_version_id: held.plan,
            anchor_on: Some(anchor.on),
            anchor_index: i32::try_from(first).map_err(Error::fault)?,
            interval_months: i32::try_from(anchor.interval.months()).map_err(Error::fault)?,
            ..self.clone()
        })
    }
    /// Where its periods are counted from.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn anchor(&self) -> Result<Anchor> {
        let months = u32::try_from(self.interval_months).unwrap_or_default();
        let interval = BillingInterval::from_months(months);
        let interval = interval.ok_or_else(|| Error::fault("a subscription has no interval"))?;
        Ok(Anchor {
            on: self.anchor_on.unwrap_or(self.starts_on),
            interval,
        })
    }
    /// The first day charged: the end of its trial.
    pub fn charged_from(&self) -> NaiveDate {
        self.charged_from.unwrap_or(self.starts_on)
    }
    /// The index of the period that begins at the anchor; earlier ones were counted otherwise.
    pub fn first_index(&self) -> u32 {
        u32::try_from(self.anchor_index).unwrap_or_default()
    }
    /// A period as it is charged, from 0: the first may be the rest of one.
    ///
    /// # Errors
    /// A period beyond the calendar, or before the anchor.
    pub fn stretch(&self, index: u32) -> Result<Stretch> {
        let since = index.checked_sub(self.first_index());
        let found = match since {
            Some(since) => Stretch::of(self.anchor()?, since, self.charged_from()),
            None => None,
        };
        let found = found.ok_or_else(|| Error::fault("a period lies beyond the calendar"))?;
        Ok(Stretch { index, ..found })
    }
    /// The index of the period that a day lies in; none before the anchor.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn index_of(&self, day: NaiveDate) -> Result<Option<u32>> {
        let since = self.anchor()?.index_of(day);
        Ok(since.and_then(|since| since.checked_add(self.first_index())))
    }
    /// From which day its periods are renewals to commission.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn renewals_from(&self) -> Result<Option<NaiveDate>> {
        let own = renewals_from(self.anchor()?, self.term());
        Ok(self.renewals_from.or(own))
    }
    /// Where in its life a period lies.
    ///
    /// # Errors
    /// A period beyond the calendar, or before the anchor.
    pub fn phase(&self, index: u32) -> Result<Phase> {
        let starts = self.stretch(index)?.whole.from;
        Ok(phase_from(index, starts, self.renewals_from()?))
    }
    /// Of some of its discounts, those that still count: what is counted in periods, or is an amount
    /// for each, was given for periods of one length and ends where that changes.
    pub fn kept(&self, discounts: &[Discount]) -> Vec<Discount> {
        let first = self.first_index();
        let kept = discounts.iter().filter(|one| one.outlasts(first));
        kept.copied().collect()
    }
    /// As it is of another plan, from the day on which its next period begins: where that is billed
    /// at another interval, periods and terms are counted from that day.
    ///
    /// # Errors
    /// An interval that is none of those known.
    pub fn on_plan(&self, to: &Recount) -> Result<Self> {
        let mut then = Self {
            plan_version_id: to.plan,
            next_plan_version_id: None,
            next_plan_on: None,
            ..self.clone()
        };
        if to.interval_months == self.interval_months {
            return Ok(then);
        }
        if self.billed_periods > 0 {
            then.renewals_from = self.renewals_from()?;
        }
        (then.interval_months, then.term_months) = (to.interval_months, to.term_months);
        (then.anchor_on, then.anchor_index) = (Some(to.on), self.billed_periods);
        Ok(then)
    }
    /// Months of a term.
    pub fn term(&self) -> u32 {
        u32::try_from(self.term_months).unwrap_or_default()
    }
    /// The index of the next period to bill.
    pub fn next_index(&self) -> u32 {
        u32::try_from(self.billed_periods).unwrap_or_default()
    }
    /// Its units.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn units(&self) -> Result<Quantity> {
        let units = u32::try_from(self.quantity).unwrap_or_default();
        Quantity::new(units).map_err(Error::fault)
    }
}
