//! A subscription's life, and which charges fall due in it.

use chrono::{Months, NaiveDate};

use super::{
    billing_calendar::{Anchor, ServicePeriod},
    coded::coded,
    price::Price,
    proration::part_of,
    rate::Quantity,
    ratio::Overflow,
};

coded! {
    /// Where a subscription is in its life.
    SubscriptionStatus {
        Pending = "pending", "Pending";
        Trialing = "trialing", "On trial";
        Active = "active", "Active";
        Paused = "paused", "Paused";
        PendingCancel = "pending_cancel", "Ends soon";
        Canceled = "canceled", "Canceled";
    }
}

impl SubscriptionStatus {
    /// Whether this may turn into that; what is not listed is refused. A
    /// canceled subscription stays so: a win-back is a new one.
    pub fn can_become(self, next: Self) -> bool {
        use SubscriptionStatus::{Active, Canceled, Paused, Pending, PendingCancel, Trialing};
        matches!(
            (self, next),
            (Pending, Trialing | Active | Canceled)
                | (Trialing, Active | PendingCancel | Canceled)
                | (Active, Paused | PendingCancel | Canceled)
                | (Paused, Active | PendingCancel | Canceled)
                | (PendingCancel, Active | Canceled)
        )
    }

    /// Those in which revenue recurs: what every screen calls live.
    pub const LIVE: [Self; 2] = [Self::Active, Self::PendingCancel];
    /// Those that have begun and not ended.
    pub const BEGUN: [Self; 4] = [
        Self::Trialing,
        Self::Active,
        Self::Paused,
        Self::PendingCancel,
    ];

    /// Whether it is being served.
    pub fn is_served(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PendingCancel)
    }
}

coded! {
    /// Which stretch of a subscription's life a service period lies in.
    Phase {
        First = "first", "First period";
        Recurring = "recurring", "Recurring";
        Renewal = "renewal", "Renewal";
    }
}

/// The phase of period `index` (counted from 0): the first period; renewal from
/// anchor + term on; recurring between. Months are counted from the stored
/// anchor day, as periods are.
pub fn phase_of(index: u32, anchor: Anchor, term_months: u32) -> Phase {
    match anchor.start(index) {
        Some(start) => phase_from(index, start, renewals_from(anchor, term_months)),
        None => phase_from(index, anchor.on, None),
    }
}

/// From which day periods are renewals: the end of the first term, counted from
/// the anchor. `None` beyond the calendar.
pub fn renewals_from(anchor: Anchor, term_months: u32) -> Option<NaiveDate> {
    anchor.on.checked_add_months(Months::new(term_months))
}

/// The phase of period `index` (counted from 0) that starts on a day, given from
/// which day periods are renewals.
pub fn phase_from(index: u32, starts: NaiveDate, renewals: Option<NaiveDate>) -> Phase {
    match renewals {
        _ if index == 0 => Phase::First,
        Some(renewals) if starts >= renewals => Phase::Renewal,
        _ => Phase::Recurring,
    }
}

/// The facts billing rests on. Dates are in the vendor's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billable {
    /// Where periods are counted from.
    pub anchor: Anchor,
    /// How long the first term is, in months.
    pub term_months: u32,
    /// The first day served; days of a period before it are not charged.
    pub starts_on: NaiveDate,
    /// The first day no longer served, once that is known.
    pub ends_on: Option<NaiveDate>,
    /// How many periods, counted from the anchor, need no more billing: the
    /// index of the next one to bill.
    pub billed_periods: u32,
    /// How many units each period is for.
    pub quantity: Quantity,
    /// What a whole period costs.
    pub price: Price,
}

/// One service period to be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// Which period, counted from 0 at the anchor.
    pub index: u32,
    /// The days charged for.
    pub service: ServicePeriod,
    /// What they cost in minor units, before tax.
    pub amount_minor: i64,
}

impl Billable {
    /// The phase a period of it lies in.
    pub fn phase(&self, index: u32) -> Phase {
        phase_of(index, self.anchor, self.term_months)
    }

    /// The days of period `index` that are served. `None` beyond the calendar.
    fn served(&self, index: u32) -> Option<ServicePeriod> {
        let whole = self.anchor.service_period(index)?;
        let started = whole.rest_from(self.starts_on);
        Some(match self.ends_on {
            Some(end) => started.until(end),
            None => started,
        })
    }

    /// The first period not yet billed that has a day on or after the start.
    fn next_index(&self) -> u32 {
        let first = self.anchor.index_of(self.starts_on).unwrap_or_default();
        self.billed_periods.max(first)
    }

    fn charge(&self, index: u32, service: ServicePeriod) -> Result<Charge, Overflow> {
        let whole = self.anchor.service_period(index).ok_or(Overflow)?;
        let full = self.price.for_period(self.quantity)?;
        Ok(Charge {
            index,
            service,
            amount_minor: part_of(full, whole, service),
        })
    }
}

/// Every period that starts on or before `through` and is not yet billed, in
/// order. Billing is in advance; a period that begins or ends inside the
/// anchor's is charged by days.
///
/// # Errors
/// [`Overflow`] when a charge does not fit.
pub fn charges_due(billable: &Billable, through: NaiveDate) -> Result<Vec<Charge>, Overflow> {
    (billable.next_index()..)
        .map_while(|index| Some((index, billable.served(index)?)))
        .take_while(|(_, service)| service.days() > 0 && service.from <= through)
        .map(|(index, service)| billable.charge(index, service))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{billing_calendar::BillingInterval, period::read_date, rate::UnitPrice};

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn monthly(on: &str) -> Billable {
        let on = date(on);
        Billable {
            anchor: Anchor {
                on,
                interval: BillingInterval::Month,
            },
            term_months: 12,
            starts_on: on,
            ends_on: None,
            billed_periods: 0,
            quantity: Quantity::ONE,
            price: Price::Flat(UnitPrice::from_micro(9_000_000_000).unwrap()),
        }
    }

    fn due(billable: &Billable, through: &str) -> Vec<(u32, String, i64)> {
        let charges = charges_due(billable, date(through)).unwrap();
        charges
            .iter()
            .map(|charge| (charge.index, charge.service.words(), charge.amount_minor))
            .collect()
    }

    #[test]
    fn every_period_begun_is_charged_in_advance_and_once() {
        let mut billable = monthly("2027-01-31");
        assert_eq!(due(&billable, "2027-01-30"), []);
        assert_eq!(
            due(&billable, "2027-02-28"),
            [
                (0, "31 Jan – 27 Feb 2027".into(), 9_000),
                (1, "28 Feb – 30 Mar 2027".into(), 9_000)
            ]
        );
        billable.billed_periods = 2;
        assert_eq!(due(&billable, "2027-02-28"), []);
        assert_eq!(due(&billable, "2027-03-31").len(), 1);
    }

    #[test]
    fn nothing_is_charged_from_the_end_on() {
        let mut billable = monthly("2027-06-01");
        billable.ends_on = Some(date("2027-07-01"));
        assert_eq!(due(&billable, "2028-01-01").len(), 1);
        billable.ends_on = Some(date("2027-06-11"));
        assert_eq!(
            due(&billable, "2028-01-01"),
            [(0, "1–10 Jun 2027".into(), 3_000)]
        );
        billable.ends_on = Some(date("2027-06-01"));
        assert_eq!(due(&billable, "2028-01-01"), []);
    }

    #[test]
    fn a_late_start_is_charged_from_its_first_day() {
        let mut billable = monthly("2027-01-01");
        billable.starts_on = date("2027-06-21");
        assert_eq!(due(&billable, "2027-06-20"), []);
        assert_eq!(
            due(&billable, "2027-07-01"),
            [
                (5, "21–30 Jun 2027".into(), 3_000),
                (6, "1–31 Jul 2027".into(), 9_000)
            ]
        );
    }

    #[test]
    fn phases_are_first_recurring_and_renewal() {
        let phases = |billable: &Billable, indices: &[u32]| {
            let phases = indices.iter().map(|&index| billable.phase(index).code());
            phases.collect::<Vec<_>>()
        };
        let mut billable = monthly("2027-01-31");
        assert_eq!(
            phases(&billable, &[0, 1, 11, 12, 13]),
            ["first", "recurring", "recurring", "renewal", "renewal"]
        );
        billable.anchor.interval = BillingInterval::Year;
        assert_eq!(phases(&billable, &[0, 1]), ["first", "renewal"]);
    }

    #[test]
    fn a_canceled_subscription_stays_canceled() {
        use SubscriptionStatus::{Active, Canceled, Pending, PendingCancel};
        assert!(Pending.can_become(Active) && !Active.can_become(Pending));
        assert!(Active.can_become(PendingCancel) && PendingCancel.can_become(Active));
        for next in SubscriptionStatus::ALL {
            assert!(!Canceled.can_become(*next));
            assert!(next.can_become(Canceled) || *next == Canceled);
        }
        assert!(PendingCancel.is_served() && !Canceled.is_served() && !Pending.is_served());
    }

    proptest! {
        #[test]
        fn billing_daily_charges_what_billing_once_does(
            start in 0i64..200,
            length in 1i64..500,
            step in 1i64..90,
        ) {
            let mut billable = monthly("2027-01-31");
            billable.starts_on = billable.anchor.on + chrono::TimeDelta::days(start);
            billable.ends_on = Some(billable.starts_on + chrono::TimeDelta::days(length));
            let last = billable.anchor.on + chrono::TimeDelta::days(800);
            let at_once = charges_due(&billable, last).unwrap();
            let mut in_steps = Vec::new();
            let mut day = billable.anchor.on;
            while day < last {
                day += chrono::TimeDelta::days(step);
                let charges = charges_due(&billable, day.min(last)).unwrap();
                if let Some(newest) = charges.last() {
                    billable.billed_periods = newest.index + 1;
                }
                in_steps.extend(charges);
            }
            let days: i64 = at_once.iter().map(|charge| charge.service.days()).sum();
            prop_assert_eq!(days, length);
            prop_assert_eq!(at_once, in_steps);
        }
    }
}
