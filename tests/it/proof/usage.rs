//! Usage in arrears: what was used of each period is billed with the next, and what is reported
//! later with the one after that; what is corrected goes back by credit note then.
use chrono::NaiveDate;

use super::{
    facts::Plan,
    rules::{Rules, Span},
    teller::{Line, Refused, Teller, Told},
};

/// Something that was used, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub sub: usize,
    pub price: usize,
    pub on: NaiveDate,
    /// Below zero to correct.
    pub units: i64,
}

/// What was billed of the usage of a period so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered {
    pub sub: usize,
    pub price: usize,
    pub index: u32,
    pub billed: i64,
}

impl Plan {
    pub fn counts_usage(&self) -> bool {
        self.prices.iter().any(|price| price.is_used())
    }
    /// One of its prices that count usage.
    pub fn used_price(&self, which: usize) -> Option<usize> {
        let all = self.prices.iter().enumerate();
        let used: Vec<usize> = all
            .filter(|(_, one)| one.is_used())
            .map(|(at, _)| at)
            .collect();
        which.checked_rem(used.len()).map(|at| used[at])
    }
}

impl<R: Rules> Teller<'_, R> {
    pub fn counts_usage(&self, sub: usize) -> bool {
        self.terms.plans[self.books.subs[sub].plan].counts_usage()
    }

    /// One of the prices of a subscription that count usage.
    pub fn used_price(&self, sub: usize, which: usize) -> Result<usize, Refused> {
        self.terms.plans[self.books.subs[sub].plan]
            .used_price(which)
            .ok_or(Refused)
    }

    /// Reported for a day that was served.
    pub fn report(&mut self, sub: usize, price: usize, (units, on): (i64, NaiveDate)) -> Told {
        let of = &self.books.subs[sub];
        let is_served = on >= of.starts_on && of.ends_on.is_none_or(|end| on < end);
        if !is_served || self.is_paused(sub, on) {
            return Err(Refused);
        }
        self.books.events.push(Event {
            sub,
            price,
            on,
            units,
        });
        // What has ended is billed once more.
        let today = self.today;
        let of = &mut self.books.subs[sub];
        if of.ends_on.is_some() && of.next_on.is_none() && of.next > 0 {
            of.next_on = Some(today);
        }
        Ok(())
    }

    fn is_paused(&self, sub: usize, on: NaiveDate) -> bool {
        let history = &self.books.subs[sub].history;
        let said = history.iter().rfind(|(since, ..)| *since <= on);
        said.is_some_and(|(_, seats, _)| *seats == 0)
    }

    /// What the usage of the periods before one comes to and is not billed yet; what was billed too
    /// much, by price and period, is told apart.
    pub fn add_usage(
        &mut self,
        sub: usize,
        next: u32,
        lines: &mut Vec<Line>,
    ) -> Vec<(usize, u32, i64)> {
        let plan = self.books.subs[sub].plan;
        let mut back = Vec::new();
        for (at, price) in self.terms.plans[plan].prices.iter().enumerate() {
            if !price.is_used() {
                continue;
            }
            let of = |one: &&Event| (one.sub, one.price) == (sub, at);
            let events = self.books.events.iter().filter(of);
            let events: Vec<(NaiveDate, i64)> = events.map(|one| (one.on, one.units)).collect();
            for index in 0..next {
                let service = self.served(sub, index);
                if service.from >= service.to || self.is_idle(sub, at, index) {
                    continue;
                }
                let billed = self.metered(sub, at, index).map_or(0, |one| one.billed);
                let open = R::used(price, service, &events) - billed;
                self.note_usage((sub, at, index), open);
                if open < 0 {
                    back.push((at, index, -open));
                } else if open > 0 {
                    let mut line = self.line(sub, (index, service), (open, 0), price.earns);
                    if let Some(earns) = &mut line.earns {
                        earns.unit = 0;
                    }
                    (line.units, line.used) = (1, Some((at, index)));
                    lines.push(line);
                }
            }
        }
        back
    }

    fn served(&self, sub: usize, index: u32) -> Span {
        let service = self.charged(sub, index);
        let end = self.books.subs[sub].ends_on;
        Span {
            to: end.map_or(service.to, |end| end.min(service.to)),
            ..service
        }
    }

    fn metered(&self, sub: usize, price: usize, index: u32) -> Option<&Metered> {
        let mut all = self.books.metered.iter();
        all.find(|one| (one.sub, one.price, one.index) == (sub, price, index))
    }

    fn note_usage(&mut self, (sub, price, index): (usize, usize, u32), net: i64) {
        let mut all = self.books.metered.iter_mut();
        match all.find(|one| (one.sub, one.price, one.index) == (sub, price, index)) {
            Some(one) => one.billed += net,
            None => self.books.metered.push(Metered {
                sub,
                price,
                index,
                billed: net,
            }),
        }
    }

    /// Whether all of a period was paused, and nothing was used in it.
    fn is_idle(&self, sub: usize, price: usize, index: u32) -> bool {
        let service = self.served(sub, index);
        let mut day = service.from;
        while day < service.to {
            if !self.is_paused(sub, day) {
                return false;
            }
            day = day.succ_opt().unwrap();
        }
        let is_in = |one: &Event| {
            (one.sub, one.price) == (sub, price) && one.on >= service.from && one.on < service.to
        };
        !self.books.events.iter().any(is_in) && self.metered(sub, price, index).is_none()
    }
}
