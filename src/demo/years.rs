//! The days: who joins, who buys, who pays when, what goes wrong, and the close on the first of
//! each month.
use chrono::{Datelike, NaiveDate};

use super::{
    Scope,
    cast::{CUSTOMER_FIRST, CUSTOMER_SECOND, PartnerPart, Story, VendorPart},
    chance::Chance,
    drift,
    setting::{self, Plans, read},
};
use crate::{
    Error, Result,
    domain::{CountryCode, Currency, Money, Period, Quantity, Rate},
    id::{CustomerId, PartnerId, PaymentId, SubscriptionId},
    services::{
        incentivize::{enrollments, tiers},
        recruit::partners,
        revenue::{
            billing, close,
            payments::{self, NewPayment, NewRefund},
            payouts::{self, PaidOut},
            subscriptions::{self, CancelWhen, Cancellation, NewSubscription, QuantityChange},
        },
        sell::customers,
    },
    store::{
        Store, Tx,
        incentivize::payouts as payout_rows,
        revenue::{invoices, subscriptions as subscription_rows},
    },
};

/// A vendor and everything that has happened to it so far.
pub struct World {
    vendor: &'static VendorPart,
    scope: Scope,
    plans: Plans,
    first: Period,
    partners: Vec<Joined>,
    named: usize,
    paid: usize,
}

/// A partner that has joined.
pub(super) struct Joined {
    pub(super) part: &'static PartnerPart,
    id: PartnerId,
    pub(super) customers: Vec<Won>,
    payments: Vec<PaymentId>,
}

/// A customer that was won.
#[derive(Clone)]
pub(super) struct Won {
    pub(super) id: CustomerId,
    pub(super) subscription: SubscriptionId,
    currency: Currency,
    pays_after: i64,
    pub(super) leaves_unpaid: bool,
    /// The month it left in, while it is away.
    pub(super) left: Option<u32>,
}

/// The day of the month on which a bank's file comes that is late.
const REPORTED_ON: u32 = 9;
/// The months a partner may win customers in.
const SELLING: u32 = 17;

impl World {
    /// A vendor on its first day.
    pub fn new(vendor: &'static VendorPart, scope: Scope, plans: Plans, first: Period) -> Self {
        Self {
            vendor,
            scope,
            plans,
            first,
            partners: Vec::new(),
            named: 0,
            paid: 0,
        }
    }

    /// One day: the month before is closed on the first, then business goes on.
    pub fn live(&mut self, store: &Store, day: NaiveDate) -> Result<()> {
        let month = self.month_of(day);
        if day.day() == 1 && month > 0 {
            self.close(store, Period::of(day).previous())?;
        }
        if day.day() == 15 {
            self.pay_out(store, day)?;
        }
        if day.day() == 3 {
            self.recruit(store, month, day)?;
        }
        self.win(store, month, day)?;
        let scope = self.scope.clone();
        store.write_now(scope, |tx| billing::bill_due(tx, day).map(drop))?;
        self.collect(store, day)?;
        for joined in &mut self.partners {
            drift::live(store, &self.scope, joined, (month, day))?;
        }
        self.stories(store, month, day)
    }

    fn month_of(&self, day: NaiveDate) -> u32 {
        let months = |date: NaiveDate| date.year() * 12 + date.month0().cast_signed();
        u32::try_from(months(day) - months(self.first.first_day())).unwrap_or_default()
    }

    fn close(&self, store: &Store, period: Period) -> Result<()> {
        let write = |work: &dyn Fn(&mut Tx<'_, Scope>) -> Result<bool>| {
            store.write_now(self.scope.clone(), work)
        };
        while write(&|tx| close::bill_missing(tx, period))? {}
        write(&|tx| close::begin(tx, period).map(|_| false))?;
        let mut after = None;
        loop {
            after = store.write_now(self.scope.clone(), |tx| {
                close::stage_chunk(tx, period, after, 100)
            })?;
            if after.is_none() {
                break;
            }
        }
        write(&|tx| close::finish(tx, period, "demo.example").map(|_| false))?;
        Ok(())
    }

    /// Finance pays on the fifteenth what the last close made due.
    fn pay_out(&self, store: &Store, day: NaiveDate) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| {
            for payout in payout_rows::all(tx)? {
                if payout.paid_on.is_none() && payout.due_on <= day {
                    payouts::mark_paid(
                        tx,
                        &PaidOut {
                            payout: payout.id,
                            version: payout.version,
                            paid_on: day,
                            reference: format!("TRF {}", day.format("%Y%m%d")),
                        },
                    )?;
                }
            }
            Ok(())
        })
    }

    fn recruit(&mut self, store: &Store, month: u32, day: NaiveDate) -> Result<()> {
        for part in self
            .vendor
            .partners
            .iter()
            .filter(|part| part.joins == month)
        {
            let (plans, tier) = (&self.plans, self.plans.tiers.get(part.tier).copied());
            let id = store.write_now(self.scope.clone(), |tx| {
                let id = partners::recruit(tx, Some(&read(part.code)?), &draft(part)?)?;
                enrollments::enroll(tx, id, plans.commission, day)?;
                if let Some(tier) = tier {
                    tiers::assign(tx, id, tier, day)?;
                }
                Ok(id)
            })?;
            if part.story != Story::New {
                setting::contact(store, (&self.scope, self.vendor), (id, part))?;
            }
            self.partners.push(Joined {
                part,
                id,
                customers: Vec::new(),
                payments: Vec::new(),
            });
        }
        Ok(())
    }

    fn win(&mut self, store: &Store, month: u32, day: NaiveDate) -> Result<()> {
        let (scope, plans) = (self.scope.clone(), &self.plans);
        for joined in &mut self.partners {
            let part = joined.part;
            for k in 0..part.customers {
                let mut chance = Chance::of(&format!("{} customer {k}", part.code));
                let span = SELLING.saturating_sub(part.joins + 1).max(1);
                let when = part.joins + k * span / part.customers.max(1);
                if when != month || chance.between(4, 26) != day.day() {
                    continue;
                }
                let name = customer_name(self.named);
                self.named += 1;
                let sale = Sale::of(part, k, plans, &mut chance)?;
                let won = store.write_now(scope.clone(), |tx| {
                    sale.close(tx, (joined.id, part), &name, day)
                })?;
                joined.customers.push(won);
            }
        }
        Ok(())
    }

    /// Customers pay what they owe some days after the invoice; most do.
    fn collect(&mut self, store: &Store, day: NaiveDate) -> Result<()> {
        let (scope, month) = (self.scope.clone(), self.month_of(day));
        for joined in &mut self.partners {
            // In the sixteenth month the bank's file does not come; it is reported the month after.
            let missing = month == 15 || (month == 16 && day.day() <= REPORTED_ON);
            let late = joined.part.story == Story::Late && missing;
            for customer in joined
                .customers
                .iter()
                .filter(|one| !one.leaves_unpaid && !late)
            {
                let number = self.paid;
                let made = store.write_now(scope.clone(), |tx| {
                    let unpaid = invoices::unpaid_of(tx, &[customer.id])?;
                    let mut made = Vec::new();
                    for invoice in unpaid {
                        if (day - invoice.issued_on).num_days() < customer.pays_after {
                            continue;
                        }
                        let new = NewPayment {
                            external_id: format!("BANK-{:05}", number + made.len() + 1),
                            received_on: day,
                            amount: Money::new(invoice.due_minor(), customer.currency),
                            invoice_number: Some(invoice.number),
                            customer: Some(customer.id),
                        };
                        made.push(payments::receive(tx, &new)?.id());
                    }
                    Ok(made)
                })?;
                self.paid += made.len();
                joined.payments.extend(made);
            }
        }
        Ok(())
    }

    fn stories(&mut self, store: &Store, month: u32, day: NaiveDate) -> Result<()> {
        for index in 0..self.partners.len() {
            let Some(joined) = self.partners.get(index) else {
                continue;
            };
            let Some(first) = joined.customers.first().cloned() else {
                continue;
            };
            let second = joined.customers.get(1).cloned();
            match (joined.part.story, month, day.day()) {
                (Story::Quantity, 9, 14) => self.seats(store, &first, 4, day)?,
                (Story::Quantity, 12, 11) => {
                    if let Some(second) = second {
                        self.seats(store, &second, -1, day)?;
                    }
                }
                (Story::Leaves, 11, 12) => self.leave(store, &first, day)?,
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
                },
            )
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

/// What a customer is sold.
struct Sale {
    plan: &'static str,
    quantity: u32,
    pays_after: i64,
    leaves_unpaid: bool,
    plan_version: crate::id::PlanVersionId,
    currency: Currency,
    number: u32,
}

impl Sale {
    fn of(part: &PartnerPart, k: u32, plans: &Plans, chance: &mut Chance) -> Result<Self> {
        let plan = part.sells[usize::try_from(k).unwrap_or_default() % part.sells.len()];
        let (plan_version, currency) = *plans.versions.get(plan).ok_or(Error::NotFound)?;
        let quantity = match (part.story, plan) {
            (Story::BelowMinimum, _) => 2,
            (_, "MON-M" | "MON-JPY" | "PRV-Y") => chance.between(1, 6),
            _ => chance.between(3, 28),
        };
        Ok(Self {
            plan,
            quantity,
            pays_after: i64::from(chance.between(2, 19)),
            leaves_unpaid: chance.between(1, 40) == 1,
            plan_version,
            currency,
            number: k + 1,
        })
    }

    fn close(
        &self,
        tx: &mut Tx<'_, Scope>,
        (partner, part): (PartnerId, &PartnerPart),
        name: &str,
        day: NaiveDate,
    ) -> Result<Won> {
        let code = format!("{}-C{:02}", part.code, self.number);
        let draft = customers::Draft {
            name: read(name)?,
            country: read::<CountryCode>(part.country)?,
            tax: Rate::from_bps(part.tax_bps).map_err(Error::fault)?,
        };
        let id = customers::add(tx, partner, Some(&read(&code)?), &draft)?;
        let new = NewSubscription {
            external_id: format!("{code}-{}", self.plan),
            customer: id,
            plan_version: self.plan_version,
            starts_on: day,
            quantity: Quantity::new(self.quantity).map_err(Error::fault)?,
        };
        Ok(Won {
            id,
            subscription: subscriptions::start(tx, &new)?.id(),
            currency: self.currency,
            pays_after: self.pays_after,
            leaves_unpaid: self.leaves_unpaid,
            left: None,
        })
    }
}

/// No two alike: the two lists have lengths without a common factor.
fn customer_name(index: usize) -> String {
    let first = CUSTOMER_FIRST[index % CUSTOMER_FIRST.len()];
    let second = CUSTOMER_SECOND[(index * 7 + 3) % CUSTOMER_SECOND.len()];
    format!("{first} {second}")
}

fn draft(part: &PartnerPart) -> Result<partners::Draft> {
    let host: String = part
        .name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(partners::Draft {
        name: read(part.name)?,
        legal_name: read(part.legal_name)?,
        address: read(part.address)?,
        country: read(part.country)?,
        partner_type: read(part.kind)?,
        statement_email: Some(read(&format!(
            "finance@{}.example",
            host.trim_matches('-')
        ))?),
        delivery: read("attached")?,
    })
}
