//! Usage on bills: what periods that are over came to, and what late events change.
use std::collections::HashMap;

use super::{
    courses::{Course, Served, asked},
    terms::Terms,
};
use crate::{
    Result,
    domain::{
        Measure, Rate,
        arrears::{Arrear, PastUsage, UsagePeriod, arrears_off},
        commitment::Pause,
        held::Held,
        meter::UsageEvent,
        price::Price,
        resale::list_of,
    },
    id::{PlanVersionId, SubscriptionId, UsageEventId},
    services::revenue::books::Books,
    store::{
        Tx, VendorScope,
        catalogue::plans::PriceLine,
        revenue::{
            subscriptions::Subscription,
            usage::{self, Book, UsageCharge},
        },
    },
};

/// The usage that some bills rest on.
#[derive(Default)]
pub(super) struct Usage {
    books: HashMap<SubscriptionId, Book>,
}

impl Usage {
    /// Reads it, for those of the subscriptions that are or were of plans that count usage.
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        (books, terms): (&Books, &Terms),
        due: &[Subscription],
    ) -> Result<Self> {
        let mut asks = Vec::new();
        for subscription in due {
            asks.extend(asked(&Course::all(
                terms,
                subscription,
                books.vendor.zone,
            )?)?);
        }
        if asks.is_empty() {
            return Ok(Self::default());
        }
        let mut books = usage::books(tx, &asks)?;
        for ask in asks {
            books.entry(ask.subscription).or_default();
        }
        Ok(Self { books })
    }
}

/// What one price's usage adds to a bill, and what is noted with it.
pub(super) struct UsageItem<'a> {
    pub price: &'a PriceLine,
    /// The plan it is a price of.
    pub held: Held<PlanVersionId>,
    /// What is open of it is billed, or below zero given back.
    pub arrear: Arrear,
    /// Whether an earlier bill charged for the period: what is billed now is the difference.
    pub is_again: bool,
}

impl UsageItem<'_> {
    /// What the resale discount takes off what is billed: of a difference to what was billed
    /// before, as much as its share of the list.
    pub fn resale_minor(&self, discount: Rate) -> Result<i64> {
        let Arrear {
            open_minor,
            amount_minor,
            list_minor,
            ..
        } = self.arrear;
        match open_minor == amount_minor {
            true => Ok(list_minor - open_minor),
            false => Ok(list_of(open_minor, discount)? - open_minor),
        }
    }

    /// How much, and of what: "534.5 api-calls", of a period billed before "600 api-calls in
    /// all, after late reports"; and where the plan changes inside the period, what of the price
    /// counts for its days: "60 api-calls, tiers by 14 of 30 days".
    pub fn words(&self) -> String {
        let meter = self.price.price.meter();
        let code = meter.map_or("", |meter| meter.code.as_str());
        let late = if self.is_again {
            " in all, after late reports"
        } else {
            ""
        };
        let share = self.arrear.period.share;
        let part = match self.price.price.part_words() {
            what if !share.is_whole() && !what.is_empty() => {
                format!(", {what} by {} of {} days", share.days, share.of)
            }
            _ => String::new(),
        };
        format!("{} {code}{late}{part}", self.arrear.used)
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
    /// What the usage of periods that are over adds to a bill, plan by plan.
    pub fn items<'a>(&self, all: &[Course<'a>]) -> Result<UsageItems<'a>> {
        let id = all.first().map(|course| course.served.id);
        let Some(book) = id.and_then(|id| self.books.get(&id)) else {
            return Ok(UsageItems::default());
        };
        let mut found = UsageItems::default();
        for course in all {
            for price in course.metered() {
                let counts = Counted::of(book, price, course.served);
                found.items.extend(counts.items()?);
                let counted = counts.open.iter().map(|event| event.id);
                found.settled.extend(counted);
            }
        }
        found.settled.extend(uncounted(book, all));
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
        let known = book.charges.iter().find(|one| {
            (one.price_id, one.period_index) == (item.price.id, index)
                && item.held.contains(one.service_from)
        })?;
        Some(UsageCharge {
            used_micro: item.arrear.used.micro(),
            carries_micro: item.arrear.carries.micro(),
            billed_minor: known.billed_minor + item.arrear.open_minor,
            ..known.clone()
        })
    }
}

/// What no price counts any more, since the plan was changed from an earlier day on.
fn uncounted(book: &Book, all: &[Course<'_>]) -> Vec<UsageEventId> {
    let counts = |course: &Course<'_>, event: &usage::UsageEvent| {
        let mut meters = course.metered().filter_map(|price| price.price.meter());
        course.served.held.contains(course.served.day_of(event))
            && meters.any(|meter| meter.code.as_str() == event.meter)
    };
    let open = book.events.iter().filter(|event| !event.settled);
    let left = open.filter(|event| !all.iter().any(|course| counts(course, event)));
    left.map(|event| event.id).collect()
}

/// The usage that one price counts.
struct Counted<'b, 'p> {
    price: &'p PriceLine,
    served: Served,
    /// Events that no bill has counted.
    open: Vec<&'b usage::UsageEvent>,
    events: Vec<UsageEvent>,
    past: Vec<PastUsage>,
    pauses: &'b [Pause],
}

impl<'b, 'p> Counted<'b, 'p> {
    fn of(book: &'b Book, price: &'p PriceLine, served: Served) -> Self {
        let code = price.price.meter().map(|meter| meter.code.as_str());
        let counted = book.events.iter();
        let counted = counted.filter(|event| Some(event.meter.as_str()) == code);
        let needs_proof = matches!(price.price, Price::Outcome(..));
        let charges = book.charges.iter();
        Self {
            price,
            served,
            pauses: &book.pauses,
            open: counted
                .clone()
                .filter(|event| !event.settled && served.held.contains(served.day_of(event)))
                .collect(),
            // A level holds on from before the plan.
            events: counted
                .filter(|event| event.is_verified() || !needs_proof)
                .map(usage::UsageEvent::measured)
                .collect(),
            past: charges
                .filter(|charge| charge.price_id == price.id)
                .filter(|charge| served.held.contains(charge.service_from))
                .map(UsageCharge::past)
                .collect(),
        }
    }

    /// The first period that has to be reckoned: the one after the last that was billed, or that of
    /// a late event. More than one may be over where a pause began in the one and outlasted it.
    fn first(&self) -> Option<u32> {
        let over = self.served.over();
        let billed = self.past.iter().map(|one| one.index + 1).max();
        let next = billed.map_or(over.start, |next| next.max(over.start));
        let next = Some(next).filter(|next| over.contains(next));
        let late = self
            .open
            .iter()
            .filter_map(|event| self.served.index_of(self.served.day_of(event)));
        late.chain(next).min()
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

    fn items(&self) -> Result<Vec<UsageItem<'p>>> {
        let item = |arrear: Arrear| UsageItem {
            price: self.price,
            held: self.served.held,
            is_again: self.was_billed(arrear.period.index),
            arrear,
        };
        Ok(self.reckon()?.into_iter().map(item).collect())
    }

    fn reckon(&self) -> Result<Vec<Arrear>> {
        let Some(first) = self.first() else {
            return Ok(Vec::new());
        };
        let mut periods = Vec::new();
        for index in first..self.served.held.next {
            let period = self.served.period(index)?;
            periods.extend(period.filter(|period| !self.is_idle(period)));
        }
        let mut found = arrears_off(
            &self.price.price,
            self.served.discount,
            (&periods, &self.events),
            &self.past,
        )?;
        // What is left of an allowance ends with its plan.
        let until = self.served.held.until;
        for last in found
            .iter_mut()
            .filter(|one| Some(one.period.service.to) == until)
        {
            last.carries = Measure::ZERO;
        }
        Ok(found)
    }
}
