//! What makes some partners worth looking at: seats that change, customers who leave, refunds, a
//! bank's file that comes late.
use chrono::{Datelike, NaiveDate};

use super::{Joined, REPORTED_ON, Won, World};
use crate::{
    Error, Result,
    demo::{cast::Story, together},
    domain::{AdjustmentReason, Currency, Money, Period, Quantity, SubscriptionStatus},
    id::{PartnerId, PaymentId},
    services::{
        incentivize::tiers,
        revenue::{
            payments::{self, NewPayment, NewRefund},
            subscriptions::{self, CancelWhen, Cancellation, Pausing, QuantityChange},
        },
    },
    store::{
        Store,
        revenue::{invoices, subscriptions as subscription_rows},
    },
};

impl World {
    /// What happens to some on this day and to no other.
    pub(super) fn stories(&mut self, store: &Store, month: u32, day: NaiveDate) -> Result<()> {
        if (month, day.day()) == (17, 21) {
            self.give_up(store, day)?;
        }
        for index in 0..self.partners.len() {
            let Some(joined) = self.partners.get(index) else {
                continue;
            };
            let Some(first) = joined.customers.first().cloned() else {
                continue;
            };
            let second = joined.customers.get(1).cloned();
            let third = joined.customers.get(2).cloned();
            match (joined.part.story, month, day.day()) {
                (Story::Quantity, 9, 14) => self.seats(store, &first, 4, day)?,
                (Story::Quantity, 12, 11) => {
                    if let Some(second) = second {
                        self.seats(store, &second, -1, day)?;
                    }
                }
                (Story::Quantity, 17, 28) => {
                    if let Some(third) = third {
                        self.end_later(store, &third)?;
                    }
                }
                (Story::Quantity, 5, 4) | (Story::PartialRefund, 8, 6) => {
                    self.beside(store, &first, day)?;
                }
                (Story::Yearly, 15, 6) => self.by_the_week(store, &first, day)?,
                (Story::Rises, 13, 16) => {
                    self.move_plan(store, &joined.customers, Some(day))?;
                }
                (Story::Rises, 12, 5) => self.share(store, &first)?,
                (Story::PartialRefund, 11, 5) => self.sell_through(store, joined.id, day)?,
                (Story::PartialRefund, 14, 10) => self.resell(store, index, day)?,
                (Story::Rises, 14, 19) => self.make_up(store, &first)?,
                (Story::Late, 16, 20) => self.make_good(store, joined, day)?,
                (Story::Leaves, 11, 12) => self.leave(store, &first, day)?,
                (Story::Leaves, 10 | 12 | 17, 8) => {
                    if let Some(second) = second {
                        self.pause_or_resume(store, &second, day)?;
                    }
                }
                (Story::Rises, 8, 1) => self.rise(store, joined.id, day)?,
                (Story::PartialRefund, 13, 20) => self.refund(store, joined, (1, 40), day)?,
                (Story::Negative, 17, 18) => self.refund(store, joined, (9, 100), day)?,
                (Story::Late, 16, REPORTED_ON) => {
                    let customers = joined.customers.clone();
                    for customer in customers.iter().filter(|one| !one.leaves_unpaid) {
                        let made = self.report_late(store, customer, day)?;
                        if let Some(joined) = self.partners.get_mut(index) {
                            joined.payments.extend(made);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A sale in which another partner had a hand.
    fn share(&self, store: &Store, customer: &Won) -> Result<()> {
        match self.of_story(Story::Quantity) {
            None => Ok(()),
            Some(other) => together::share(store, &self.scope, (customer.subscription, other)),
        }
    }

    /// A partner that sells through a distributor from now on.
    fn sell_through(&self, store: &Store, partner: PartnerId, day: NaiveDate) -> Result<()> {
        match self.of_story(Story::Rises) {
            None => Ok(()),
            Some(above) => together::place(store, &self.scope, (partner, above), day),
        }
    }

    /// The first partner with a story.
    fn of_story(&self, story: Story) -> Option<PartnerId> {
        let mut with = self.partners.iter().filter(|one| one.part.story == story);
        with.next().map(|one| one.id)
    }

    fn seats(&self, store: &Store, customer: &Won, by: i64, day: NaiveDate) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            let now = subscription_rows::one(tx, customer.subscription)?;
            let quantity = u32::try_from((i64::from(now.quantity) + by).max(1)).unwrap_or(1);
            subscriptions::change_quantity(
                tx,
                &QuantityChange {
                    subscription: customer.subscription,
                    version: now.version,
                    quantity: Quantity::new(quantity).map_err(Error::fault)?,
                    effective_on: day,
                    reason: "The team has changed in size".to_owned(),
                },
            )
        })
    }

    fn leave(&self, store: &Store, customer: &Won, day: NaiveDate) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            let now = subscription_rows::one(tx, customer.subscription)?;
            subscriptions::cancel(
                tx,
                &Cancellation {
                    subscription: customer.subscription,
                    version: now.version,
                    when: CancelWhen::Now(day),
                    reason: "The business was sold".to_owned(),
                    is_vendor_fault: false,
                },
            )
        })
    }

    /// Set to end with the period, and may still be kept.
    fn end_later(&self, store: &Store, customer: &Won) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            let now = subscription_rows::one(tx, customer.subscription)?;
            subscriptions::cancel(
                tx,
                &Cancellation {
                    subscription: customer.subscription,
                    version: now.version,
                    when: CancelWhen::PeriodEnd,
                    reason: "Moves to a service of its own group".to_owned(),
                    is_vendor_fault: false,
                },
            )
        })
    }

    /// For a bank's file that came late, finance gives a little on top.
    fn make_good(&self, store: &Store, joined: &Joined, day: NaiveDate) -> Result<()> {
        let amount = Money::new(15_000, self.currency()?);
        let memo = "Commission came a month late because the bank’s file did";
        let given = (amount, AdjustmentReason::Goodwill, memo);
        self.finance.adjust(store, (joined.id, day), given, true)
    }

    /// What waits for somebody's approval on the last day.
    pub(super) fn promise(&self, store: &Store, day: NaiveDate) -> Result<()> {
        let joined = self.partners.iter();
        let mut joined = joined.filter(|one| one.part.story == Story::Rises);
        let Some(joined) = joined.next() else {
            return Ok(());
        };
        let amount = Money::new(40_000, self.currency()?);
        let memo = "A customer event in the spring, as agreed";
        let given = (amount, AdjustmentReason::Promotion, memo);
        self.finance.adjust(store, (joined.id, day), given, false)
    }

    fn currency(&self) -> Result<Currency> {
        self.vendor.currency.parse().map_err(Error::fault)
    }

    /// A house that closes for a season, and opens again.
    fn pause_or_resume(&self, store: &Store, customer: &Won, day: NaiveDate) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            let now = subscription_rows::one(tx, customer.subscription)?;
            let turn = |reason: &str| Pausing {
                subscription: now.id,
                version: now.version,
                on: day,
                reason: reason.to_owned(),
            };
            match now.status {
                SubscriptionStatus::Active => {
                    subscriptions::pause(tx, &turn("Closed for rebuilding"))
                }
                SubscriptionStatus::Paused => subscriptions::resume(tx, &turn("Open again")),
                _ => Ok(()),
            }
        })
    }

    fn rise(&self, store: &Store, partner: PartnerId, day: NaiveDate) -> Result<()> {
        let gold = self
            .plans
            .tiers
            .get("Gold")
            .copied()
            .ok_or(Error::NotFound)?;
        store.write_now(self.scope.clone(), |tx| {
            tiers::assign(tx, partner, gold, day)
        })
    }

    /// Gives back a share of the last payments, each by a refund of its own.
    fn refund(
        &self,
        store: &Store,
        joined: &Joined,
        (count, percent): (usize, i64),
        day: NaiveDate,
    ) -> Result<()> {
        for payment in joined.payments.iter().rev().take(count) {
            store.write_now(self.scope.clone(), |tx| {
                let paid = crate::store::revenue::cash::payment(tx, *payment)?;
                let minor = (paid.amount_minor - paid.refunded_minor) * percent / 100;
                if minor == 0 {
                    return Ok(());
                }
                payments::refund(
                    tx,
                    &NewRefund {
                        external_id: format!("REFUND-{}", paid.external_id),
                        payment: *payment,
                        refunded_on: day,
                        amount: Money::new(minor, paid.currency),
                        reason: "The service was not delivered as agreed".to_owned(),
                    },
                )
                .map(drop)
            })?;
        }
        Ok(())
    }

    /// The bank's file of last month arrives after that month was closed.
    fn report_late(&self, store: &Store, customer: &Won, day: NaiveDate) -> Result<Vec<PaymentId>> {
        let received_on = Period::of(day).previous().last_day();
        store.write_now(self.scope.clone(), |tx| {
            let unpaid = invoices::unpaid_of(tx, &[customer.id])?;
            let mut made = Vec::new();
            for invoice in unpaid
                .into_iter()
                .filter(|one| one.issued_on <= received_on)
            {
                let new = NewPayment {
                    external_id: format!("LATE-{}", invoice.number),
                    received_on,
                    amount: Money::new(invoice.due_minor(), customer.currency),
                    invoice_number: Some(invoice.number),
                    customer: Some(customer.id),
                };
                made.push(payments::receive(tx, &new)?.id());
            }
            Ok(made)
        })
    }
}
