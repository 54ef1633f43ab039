//! The days: who joins, who buys, who pays when, what goes wrong, and the close on the first of
//! each month.
mod credits;
mod moves;
mod reselling;
mod sale;
mod stories;

use chrono::{Datelike, NaiveDate};

use super::{
    MONTHS, Scope,
    advising::{self, Beside},
    by_hand::{self, Finance},
    cast::{PartnerPart, Story, VendorPart},
    chance::Chance,
    drift, helpdesk, metering, outages,
    registering::{self, Seller},
    repricing,
    setting::{self, Plans, read},
    settling, taxing,
};
use crate::{
    Error, Result,
    domain::{Currency, Money, Period},
    id::{CustomerId, DealRegistrationId, PartnerId, PaymentId, SubscriptionId},
    services::{
        incentivize::{enrollments, tiers},
        recruit::partners,
        revenue::{
            billing, close, forecast,
            payments::{self, NewPayment},
            payouts::{self, Paid},
        },
    },
    store::{Store, Tx, incentivize::payouts as payout_rows, revenue::invoices},
};
pub(super) use sale::Sale;
use sale::{customer_name, draft};

/// A vendor and everything that has happened to it so far.
pub struct World {
    vendor: &'static VendorPart,
    scope: Scope,
    plans: Plans,
    finance: Finance,
    first: Period,
    partners: Vec<Joined>,
    /// Sales that were registered and are not made yet.
    registered: Vec<Registered>,
    /// What some customers took beside their first plan.
    beside: Vec<Beside>,
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

/// A sale that was registered: by whom, what, to whom, and when it is made.
struct Registered {
    joined: usize,
    sale: Sale,
    customer: String,
    deal: DealRegistrationId,
    on: NaiveDate,
}

/// A customer that was won.
#[derive(Clone)]
pub(super) struct Won {
    pub(super) id: CustomerId,
    pub(super) subscription: SubscriptionId,
    /// The code of the plan it bought.
    pub(super) plan: &'static str,
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
    pub fn new(
        (vendor, scope): (&'static VendorPart, Scope),
        plans: Plans,
        finance: Finance,
        first: Period,
    ) -> Self {
        Self {
            vendor,
            scope,
            plans,
            finance,
            first,
            partners: Vec::new(),
            registered: Vec::new(),
            beside: Vec::new(),
            named: 0,
            paid: 0,
        }
    }

    /// One day: the month before is closed on the first, then business goes on.
    /// Reckons the months ahead, as the daily run does, and drafts the plan that comes next.
    pub fn look_ahead(&self, store: &Store, day: NaiveDate) -> Result<()> {
        self.promise(store, day)?;
        let quantity = |one: &&Joined| one.part.story == Story::Quantity;
        if let Some(joined) = self.partners.iter().find(quantity) {
            self.move_plan(store, &joined.customers, None)?;
        }
        self.move_interval(store)?;
        store.write_now(self.scope.clone(), |tx| {
            repricing::reprice(tx, day)?;
            forecast::renew(tx, day)?;
            setting::draft_next_plan(tx, self.vendor, day)
        })
    }

    pub fn live(&mut self, store: &Store, day: NaiveDate) -> Result<()> {
        let month = self.month_of(day);
        settling::rate_of_month(store, (&self.scope, self.vendor), day)?;
        if day.day() == 1 && month > 0 {
            self.close(store, Period::of(day).previous())?;
        }
        if (month, day.day()) == (9, 1) {
            by_hand::announce(store, (&self.scope, self.vendor), day)?;
        }
        if day.day() == 15 {
            self.pay_out(store, day)?;
        }
        if day.day() == 3 {
            self.recruit(store, month, day)?;
        }
        taxing::live(store, &self.scope, (month, day))?;
        self.win(store, month, day)?;
        self.win_registered(store, day)?;
        self.dispute(store, month, day)?;
        let scope = self.scope.clone();
        store.write_now(scope, |tx| billing::bill_due(tx, day).map(drop))?;
        self.collect(store, day)?;
        outages::live(store, &self.scope, (month, day))?;
        for joined in &mut self.partners {
            drift::live(store, &self.scope, joined, (month, day))?;
            let whose = (joined.id, joined.part);
            metering::live(store, &self.scope, whose, (&joined.customers, day))?;
            helpdesk::live(store, &self.scope, joined, day)?;
        }
        self.stories(store, month, day)?;
        if (month, day.day()) == (16, 17) {
            self.move_usage(store, day)?;
        }
        let whose = (&self.scope, self.vendor);
        advising::live(store, whose, &self.beside, (month, MONTHS - 1, day))?;
        if (month, day.day()) == (MONTHS, 1) {
            for joined in &self.partners {
                let whose = (joined.id, joined.part);
                settling::wait(store, &self.finance, whose, day)?;
            }
        }
        Ok(())
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
        settling::pay_by_run(store, &self.finance, day)?;
        store.write_now(self.scope.clone(), |tx| {
            for payout in payout_rows::all(tx)? {
                if payout.paid_on.is_none() && payout.due_on <= day {
                    payouts::mark_paid(
                        tx,
                        payout.id,
                        &Paid {
                            version: payout.version,
                            paid_on: day,
                            reference: read(&format!("TRF {}", day.format("%Y%m%d")))?,
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
                settling::tax(tx, (id, part.code), day)?;
                settling::payout_currency(tx, (id, part.code), day)?;
                if let Some(tier) = tier {
                    tiers::assign(tx, id, tier, day)?;
                }
                Ok(id)
            })?;
            settling::account(store, &self.finance, (id, part))?;
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
        for (index, joined) in self.partners.iter_mut().enumerate() {
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
                if registering::is_registered(part, k) {
                    let seller = Seller::of(store, (&scope, self.vendor), joined.id)?;
                    let on = registering::sold_on(day);
                    let deal = seller.register(store, (&sale, &name), on)?;
                    registering::approve(store, &scope, deal, day)?;
                    self.registered.push(Registered {
                        joined: index,
                        sale,
                        customer: name,
                        deal,
                        on,
                    });
                    continue;
                }
                let won = store.write_now(scope.clone(), |tx| {
                    sale.close(tx, (joined.id, part), (&name, None), day)
                })?;
                joined.customers.push(won);
            }
        }
        Ok(())
    }

    /// Sales that were registered before they are made.
    fn win_registered(&mut self, store: &Store, day: NaiveDate) -> Result<()> {
        let due = self.registered.extract_if(.., |one| one.on == day);
        for one in due {
            let Some(joined) = self.partners.get_mut(one.joined) else {
                continue;
            };
            let whose = (joined.id, joined.part);
            let named = (one.customer.as_str(), Some(one.deal));
            let won = store.write_now(self.scope.clone(), |tx| {
                one.sale.close(tx, whose, named, day)
            })?;
            joined.customers.push(won);
        }
        Ok(())
    }

    /// Deals that are not won: one lapses, one is declined, and in the end two partners want the
    /// same customer.
    fn dispute(&self, store: &Store, month: u32, day: NaiveDate) -> Result<()> {
        let when = (month, day.day());
        let stories = registering::STORIES.iter().filter(|one| one.when == when);
        for story in stories {
            let mut with = self
                .partners
                .iter()
                .filter(|one| one.part.story == story.whose);
            if let Some(joined) = with.next() {
                let seller = Seller::of(store, (&self.scope, self.vendor), joined.id)?;
                let plan = joined.part.sells.first().copied().unwrap_or_default();
                let (version, _) = *self.plans.versions.get(plan).ok_or(Error::NotFound)?;
                registering::tell(store, &self.scope, (&seller, version), (story, day))?;
            }
        }
        registering::lapse(store, &self.scope, day)
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
}
