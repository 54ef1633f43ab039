//! Usage on bills: what periods that are over came to, and what late events change.
use std::collections::HashMap;

use chrono::NaiveDate;

use super::terms::Terms;
use crate::{
    Result,
    domain::{
        Anchor, Overflow, Zone,
        bill::Stretch,
        arrears::{Arrear, PastUsage, UsagePeriod, arrears},
        meter::{Aggregation, Span, UsageEvent},
        price::Price,
    },
    id::{SubscriptionId, UsageEventId},
    services::revenue::books::Books,
    store::{
        Tx, VendorScope,
        catalogue::plans::PriceLine,
        revenue::{
            subscriptions::Subscription,
            usage::{self, Ask, Book, UsageCharge},
        },
    },
};

/// The usage that some bills rest on.
#[derive(Default)]
pub(super) struct Usage {
    books: HashMap<SubscriptionId, Book>,
}

impl Usage {
    /// Reads it, for those of the subscriptions whose plans count usage.
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        (books, terms): (&Books, &Terms),
        due: &[Subscription],
    ) -> Result<Self> {
        let mut asks = Vec::new();
        for subscription in due {
            let prices = &terms.plan(subscription)?.prices;
            if prices.iter().any(|price| price.price.meter().is_some()) {
                asks.push(ask(prices, subscription, books.vendor.zone)?);
            }
        }
        match asks.is_empty() {
            true => Ok(Self::default()),
            false => Ok(Self {
                books: usage::books(tx, &asks)?,
            }),
        }
    }
}

fn ask(prices: &[PriceLine], of: &Subscription, zone: Zone) -> Result<Ask> {
    let next = of.next_index();
    let late = of.stretch(next.saturating_sub(1))?.service.from;
    let mut meters = prices.iter().filter_map(|price| price.price.meter());
    Ok(Ask {
        subscription: of.id,
        late_before: zone.start_of(late),
        before: zone.start_of(of.stretch(next)?.service.from),
        holds_levels: meters.any(|meter| meter.aggregation == Aggregation::TimeWeighted),
    })
}

/// When a subscription was served, for the usage that counts.
#[derive(Clone, Copy)]
pub(super) struct Served {
    pub id: SubscriptionId,
    pub anchor: Anchor,
    pub charged_from: NaiveDate,
    pub ends_on: Option<NaiveDate>,
    pub zone: Zone,
    /// Periods before this one are over.
    pub next: u32,
}

impl Served {
    /// A period's days and instants, cut off where the subscription ended; nothing where nothing
    /// of it was served.
    fn period(&self, index: u32) -> Result<Option<UsagePeriod>> {
        let stretch = Stretch::of(self.anchor, index, self.charged_from);
        let mut service = stretch.ok_or(Overflow)?.service;
        if let Some(end) = self.ends_on {
            service = service.until(end);
        }
        let span = Span {
            from: self.zone.start_of(service.from),
            to: self.zone.start_of(service.to),
        };
        Ok(Some(UsagePeriod {
            index,
            service,
            span,
        })
        .filter(|_| service.days() > 0))
    }

    fn index_of(&self, day: NaiveDate) -> Option<u32> {
        let is_charged = day >= self.charged_from;
        let index = self.anchor.index_of(day);
        index.filter(|index| is_charged && *index < self.next)
    }
}

/// What one price's usage adds to a bill, and what is noted with it.
pub(super) struct UsageItem<'a> {
    pub price: &'a PriceLine,
    pub arrear: Arrear,
    /// What is billed: less than open where a correction exceeds the bill.
    pub net_minor: i64,
}

/// What usage adds to a bill.
#[derive(Default)]
pub(super) struct UsageItems<'a> {
    pub items: Vec<UsageItem<'a>>,
    /// Events that need no further look.
    pub settled: Vec<UsageEventId>,
}

impl Usage {
    /// What the usage of periods that are over adds to a bill of `ahead_minor` otherwise. A
    /// correction takes off no more than the bill comes to; the rest waits for the next.
    pub fn items<'a>(
        &self,
        served: Served,
        prices: &'a [PriceLine],
        ahead_minor: i64,
    ) -> Result<UsageItems<'a>> {
        let empty = Book::default();
        let book = self.books.get(&served.id).unwrap_or(&empty);
        let (mut found, mut total) = (UsageItems::default(), ahead_minor);
        for price in prices.iter().filter(|price| price.price.meter().is_some()) {
            let counted = Counted::of(book, price);
            let mut whole = true;
            for arrear in counted.reckon(served)? {
                let net_minor = arrear.open_minor.max(-total.max(0));
                whole &= net_minor == arrear.open_minor;
                total = total.saturating_add(net_minor);
                found.items.push(UsageItem {
                    price,
                    arrear,
                    net_minor,
                });
            }
            if whole {
                found.settled.extend(counted.open.iter().map(|event| event.id));
            }
        }
        Ok(found)
    }

    /// As it is known of one subscription.
    pub fn known(id: SubscriptionId, book: Book) -> Self {
        Self {
            books: HashMap::from([(id, book)]),
        }
    }

    /// What is on record of a period that a bill charges for again, as it is now.
    pub fn charge(&self, of: SubscriptionId, item: &UsageItem<'_>) -> Option<UsageCharge> {
        let index = i32::try_from(item.arrear.period.index).unwrap_or(i32::MAX);
        let book = self.books.get(&of)?;
        let known = book
            .charges
            .iter()
            .find(|one| one.price_id == item.price.id && one.period_index == index)?;
        Some(UsageCharge {
            used_micro: item.arrear.used.micro(),
            carries_micro: item.arrear.carries.micro(),
            billed_minor: known.billed_minor + item.net_minor,
            ..known.clone()
        })
    }
}

/// The usage that one price counts.
struct Counted<'a> {
    price: &'a PriceLine,
    /// Events that no bill has counted.
    open: Vec<&'a usage::UsageEvent>,
    events: Vec<UsageEvent>,
    past: Vec<PastUsage>,
}

impl<'a> Counted<'a> {
    fn of(book: &'a Book, price: &'a PriceLine) -> Self {
        let code = price.price.meter().map(|meter| meter.code.as_str());
        let counted = book.events.iter();
        let counted = counted.filter(|event| Some(event.meter.as_str()) == code);
        let needs_proof = matches!(price.price, Price::Outcome(..));
        let charges = book.charges.iter();
        Self {
            price,
            open: counted.clone().filter(|event| !event.settled).collect(),
            events: counted
                .filter(|event| event.verified || !needs_proof)
                .map(usage::UsageEvent::measured)
                .collect(),
            past: charges
                .filter(|charge| charge.price_id == price.id)
                .map(UsageCharge::past)
                .collect(),
        }
    }

    /// The first period that has to be reckoned: the last that is over, or that of a late event.
    fn first(&self, served: Served) -> Option<u32> {
        let last = served.next.checked_sub(1);
        let last = last.filter(|last| self.past.iter().all(|one| one.index != *last));
        let day = |event: &&usage::UsageEvent| served.zone.local_date(event.occurred_at);
        let late = self.open.iter().filter_map(|event| served.index_of(day(event)));
        late.chain(last).min()
    }

    fn reckon(&self, served: Served) -> Result<Vec<Arrear>> {
        let Some(first) = self.first(served) else {
            return Ok(Vec::new());
        };
        let mut periods = Vec::new();
        for index in first..served.next {
            periods.extend(served.period(index)?);
        }
        Ok(arrears(&self.price.price, &periods, &self.events, &self.past)?)
    }
}
