//! Usage on bills: what periods that are over came to, and what late events change.
use std::collections::HashMap;

use chrono::NaiveDate;

use super::terms::Terms;
use crate::{
    Result,
    domain::{
        Anchor, Overflow, Rate, Zone,
        arrears::{Arrear, PastUsage, UsagePeriod, arrears_off},
        bill::Stretch,
        commitment::Pause,
        meter::{Aggregation, Span, UsageEvent},
        price::Price,
        resale::list_of,
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
            let served = Served::of(subscription, books.vendor.zone)?;
            asks.extend(served.asks(&terms.plan(subscription)?.prices)?);
        }
        match asks.is_empty() {
            true => Ok(Self::default()),
            false => Ok(Self {
                books: usage::books(tx, &asks)?,
            }),
        }
    }
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
    /// The period that begins at the anchor: earlier ones were counted otherwise.
    pub first: u32,
    /// What is taken off the list for a partner that resells.
    pub discount: Rate,
}

impl Served {
    /// A subscription as billing reads it.
    pub fn of(of: &Subscription, zone: Zone) -> Result<Self> {
        Ok(Self {
            id: of.id,
            anchor: of.anchor()?,
            charged_from: of.charged_from(),
            ends_on: of.ends_on,
            zone,
            next: of.next_index(),
            first: of.first_index(),
            discount: of.billing()?.discount(),
        })
    }

    /// A period as it is charged, from 0.
    pub fn stretch(&self, index: u32) -> Result<Stretch> {
        let since = index.checked_sub(self.first).ok_or(Overflow)?;
        let stretch = Stretch::of(self.anchor, since, self.charged_from).ok_or(Overflow)?;
        Ok(Stretch { index, ..stretch })
    }

    /// What the next bill has to know of its usage; nothing where no price counts any.
    pub fn asks(&self, prices: &[PriceLine]) -> Result<Option<Ask>> {
        let mut meters = prices.iter().filter_map(|price| price.price.meter());
        let holds_levels = meters
            .clone()
            .any(|meter| meter.aggregation == Aggregation::TimeWeighted);
        if meters.next().is_none() {
            return Ok(None);
        }
        let next = self.stretch(self.next)?.service.from;
        let late = match self.ends_on {
            // Its last period may have been billed already.
            Some(end) if end <= next => next,
            _ => {
                let last = self.next.saturating_sub(1).max(self.first);
                self.stretch(last)?.service.from
            }
        };
        Ok(Some(Ask {
            subscription: self.id,
            late_before: self.zone.start_of(late),
            before: self.zone.start_of(next),
            holds_levels,
        }))
    }

    /// A period's days and instants, cut off where the subscription ended; nothing where nothing
    /// of it was served.
    pub fn period(&self, index: u32) -> Result<Option<UsagePeriod>> {
        let mut service = self.stretch(index)?.service;
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
        let index = self.anchor.index_of(day).map(|since| since + self.first);
        index.filter(|index| is_charged && *index < self.next)
    }
}

/// What one price's usage adds to a bill, and what is noted with it.
pub(super) struct UsageItem<'a> {
    pub price: &'a PriceLine,
    pub arrear: Arrear,
    /// What is billed: less than open where a correction exceeds the bill.
    pub net_minor: i64,
    /// Whether an earlier bill charged for the period: what is billed now is the difference.
    pub is_again: bool,
}

impl UsageItem<'_> {
    /// What the resale discount takes off what is billed: of a difference to what was billed
    /// before, as much as its share of the list.
    pub fn resale_minor(&self, discount: Rate) -> Result<i64> {
        match self.net_minor == self.arrear.amount_minor {
            true => Ok(self.arrear.list_minor - self.net_minor),
            false => Ok(list_of(self.net_minor, discount)? - self.net_minor),
        }
    }

    /// How much, and of what: "534.5 api-calls", of a period billed before "600 api-calls in
    /// all, after late reports".
    pub fn words(&self) -> String {
        let meter = self.price.price.meter();
        let code = meter.map_or("", |meter| meter.code.as_str());
        let late = if self.is_again {
            " in all, after late reports"
        } else {
            ""
        };
        format!("{} {code}{late}", self.arrear.used)
    }
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
        let metered = prices.iter().filter(|price| price.price.meter().is_some());
        let mut counted = Vec::new();
        for price in metered {
            let counts = Counted::of(book, price);
            counted.push((counts.items(served)?, counts));
        }
        let charged = counted.iter().flat_map(|(items, _)| items);
        let charged = charged.map(|item| item.net_minor.max(0));
        let mut room = charged.fold(ahead_minor.max(0), i64::saturating_add);
        let mut found = UsageItems::default();
        for (mut items, counts) in counted {
            for item in items.iter_mut().filter(|item| item.net_minor < 0) {
                item.net_minor = item.net_minor.max(-room);
                room += item.net_minor;
            }
            if items
                .iter()
                .all(|item| item.net_minor == item.arrear.open_minor)
            {
                found
                    .settled
                    .extend(counts.open.iter().map(|event| event.id));
            }
            found.items.extend(items);
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
struct Counted<'b, 'p> {
    price: &'p PriceLine,
    /// Events that no bill has counted.
    open: Vec<&'b usage::UsageEvent>,
    events: Vec<UsageEvent>,
    past: Vec<PastUsage>,
    pauses: &'b [Pause],
}

impl<'b, 'p> Counted<'b, 'p> {
    fn of(book: &'b Book, price: &'p PriceLine) -> Self {
        let code = price.price.meter().map(|meter| meter.code.as_str());
        let counted = book.events.iter();
        let counted = counted.filter(|event| Some(event.meter.as_str()) == code);
        let needs_proof = matches!(price.price, Price::Outcome(..));
        let charges = book.charges.iter();
        Self {
            price,
            pauses: &book.pauses,
            open: counted.clone().filter(|event| !event.settled).collect(),
            events: counted
                .filter(|event| event.is_verified() || !needs_proof)
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
        let last = last.filter(|last| *last >= served.first && !self.was_billed(*last));
        let day = |event: &&usage::UsageEvent| served.zone.local_date(event.occurred_at);
        let late = self
            .open
            .iter()
            .filter_map(|event| served.index_of(day(event)));
        late.chain(last).min()
    }

    /// Whether a period was paused all through, and nothing was reported for it before that.
    fn is_idle(&self, period: &UsagePeriod) -> bool {
        let span = period.span;
        let within = |event: &&usage::UsageEvent| {
            span.from <= event.occurred_at && event.occurred_at < span.to
        };
        let is_paused = self.pauses.iter().any(|pause| pause.covers(period.service));
        is_paused && !self.was_billed(period.index) && !self.open.iter().any(within)
    }

    fn was_billed(&self, index: u32) -> bool {
        self.past.iter().any(|one| one.index == index)
    }

    fn items(&self, served: Served) -> Result<Vec<UsageItem<'p>>> {
        let item = |arrear: Arrear| UsageItem {
            price: self.price,
            net_minor: arrear.open_minor,
            is_again: self.was_billed(arrear.period.index),
            arrear,
        };
        Ok(self.reckon(served)?.into_iter().map(item).collect())
    }

    fn reckon(&self, served: Served) -> Result<Vec<Arrear>> {
        let Some(first) = self.first(served) else {
            return Ok(Vec::new());
        };
        let mut periods = Vec::new();
        for index in first..served.next {
            let period = served.period(index)?;
            periods.extend(period.filter(|period| !self.is_idle(period)));
        }
        Ok(arrears_off(
            &self.price.price,
            served.discount,
            (&periods, &self.events),
            &self.past,
        )?)
    }
}
