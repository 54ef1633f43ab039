//! Tells a history: who is sold what, what is billed, paid, given back, earned, stated. The order
//! of things is told here once, in plain lists; every amount and every day is asked of the rules.
use std::marker::PhantomData;

use chrono::{Days, NaiveDate, TimeDelta};

use super::{
    beside::{Beside, Proposal},
    exact::Exact,
    facts::{
        Above, CUSTOMERS, Discount, Fact, Goes, How, PARTNERS, Plan, SELLERS, Terms, partner_of,
    },
    rewards::Reward,
    rules::{
        BeforeCap, Case, Charged, Claim, Does, Earning, Earns, Money, Month, Movements, Part,
        Rules, Span, Taxed, first_of, month_of,
    },
    steps::Stepped,
    usage::{Event, Metered},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sub {
    pub customer: usize,
    pub plan: usize,
    pub seats: u32,
    pub starts_on: NaiveDate,
    pub charged_from: NaiveDate,
    pub anchor: NaiveDate,
    /// The index of the next period to bill.
    pub next: u32,
    pub next_on: Option<NaiveDate>,
    pub ends_on: Option<NaiveDate>,
    pub is_canceled: bool,
    /// Then nothing goes back for leaving.
    pub is_vendors_fault: bool,
    pub changed_on: NaiveDate,
    pub discounts: Vec<Discount>,
    /// Seats and plan, each from a day on; no seats while it is paused.
    pub history: Vec<(NaiveDate, u32, usize)>,
    /// The plan that is set for the period that begins on a day.
    pub next_plan: Option<(NaiveDate, usize)>,
    pub is_paused: bool,
    /// What the other seller gets of what is earned, from a day on.
    pub shares: Vec<(NaiveDate, i32)>,
}

/// What was charged for days of one price, and what is left to be credited of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub sub: usize,
    pub plan: usize,
    pub price: usize,
    pub index: u32,
    pub service: Span,
    pub seats: u32,
    pub amount: i64,
    pub credited: i64,
    /// Of the amount, what the segment it replaces had paid for.
    pub carried: i64,
    pub replaces: Option<usize>,
    /// By what its price was lowered later.
    pub lowered: i64,
    /// Invoice and line that charged for it.
    pub line: Option<(usize, usize)>,
    pub is_newest: bool,
}

impl Segment {
    /// What of it is not used from a day on and not credited yet.
    fn unused<R: Rules>(&self, on: NaiveDate) -> i64 {
        let charge = (self.service, self.amount - self.lowered);
        R::unused(charge, self.credited, on)
    }
    /// What its own line charged for.
    fn own(&self) -> i64 {
        (self.amount - self.carried).max(0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub service: Span,
    pub net: i64,
    pub off: i64,
    pub credited: i64,
    /// Of that, what leaves the commission as it was.
    pub protected: i64,
    /// What its seller earned on it, before caps.
    /// The rest of that, and for which days it was credited.
    pub credits: Vec<(Span, i64)>,
    pub commission: i64,
    pub is_once: bool,
    /// By which price and in which period, where it charges for usage.
    pub used: Option<(usize, u32)>,
    /// The clause and what it pays, where a partner earns on it.
    pub earns: Option<Earns>,
    pub units: u32,
    /// Who earns on it.
    pub parties: Vec<(usize, Part)>,
}

impl Line {
    /// What it earns by, whoever claims it.
    pub fn earning(&self, claims: Vec<Claim>) -> Earning {
        let earns = self.earns.unwrap();
        Earning {
            net: self.net,
            credited: self.credited,
            protected: self.protected,
            clause: earns.clause,
            rate_bps: earns.rate,
            unit: earns.unit,
            units: self.units,
            service: self.service,
            until: earns.until,
            share: earns.share,
            credits: self.credits.clone(),
            claims,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    pub sub: usize,
    pub customer: usize,
    pub issued_on: NaiveDate,
    pub net: i64,
    pub tax: i64,
    pub paid: i64,
    pub refunded: i64,
    pub credited: i64,
    pub reduced: i64,
    /// What credit notes moved on that leave the commission as it was.
    pub at_own_cost: i64,
    pub lines: Vec<Line>,
}

/// What a period is to be billed.
struct Bill {
    sub: usize,
    /// Among all invoices, had it been written at once.
    place: usize,
    on: NaiveDate,
    lines: Vec<Line>,
    /// What usage was charged too much before, by price and period.
    back: Vec<(usize, u32, i64)>,
}

impl Invoice {
    pub fn total(&self) -> i64 {
        self.net + self.tax
    }
    pub fn due(&self) -> i64 {
        self.total() - self.reduced - self.paid
    }
    /// Cash that is still here: credit notes move some on, refunds give some back.
    pub fn kept(&self) -> i64 {
        self.paid - (self.credited - self.reduced) - self.refunded
    }
    pub fn money(&self) -> Money {
        Money {
            total: self.total(),
            paid: self.paid - (self.credited - self.reduced) + self.at_own_cost,
            refunded: self.refunded,
            credited: self.credited - self.at_own_cost,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub customer: usize,
    pub received_on: NaiveDate,
    pub amount: i64,
    pub refunded: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    pub payment: Option<usize>,
    pub credit: Option<usize>,
    pub invoice: usize,
    pub amount: i64,
    pub refunded: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    pub customer: usize,
    pub payment: Option<usize>,
    pub note: Option<usize>,
    pub amount: i64,
    pub left: i64,
    pub arisen_on: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub customer: usize,
    pub net: i64,
    pub tax: i64,
    pub reduces: i64,
    pub credit: i64,
    pub invoices: Vec<usize>,
    /// Where a person decided on it.
    pub by_hand: Option<How>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub invoice: usize,
    pub line: usize,
    pub who: usize,
    pub part: Part,
    pub does: Does,
    /// What it takes back.
    pub reverses: Option<usize>,
    /// What it caps.
    pub caps: Option<usize>,
    pub amount: i64,
    pub base: i64,
    /// What it brings the line's commission up to, before rounding.
    pub exact: Exact,
    pub paid_on: NaiveDate,
    pub matures_on: NaiveDate,
    pub posted: Month,
    pub earned: Month,
    /// The month of the statement it stands on.
    pub stated: Option<Month>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub month: Month,
    pub partner: usize,
    pub opening: i64,
    pub blocks: [i64; 4],
    pub lines: usize,
    pub payout: i64,
    pub closing: i64,
}

/// Everything that is on record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Books {
    pub subs: Vec<Sub>,
    pub segments: Vec<Segment>,
    pub invoices: Vec<Invoice>,
    pub payments: Vec<Payment>,
    pub allocations: Vec<Allocation>,
    pub credits: Vec<Credit>,
    pub notes: Vec<Note>,
    pub entries: Vec<Entry>,
    /// How many entries there were after each posting.
    pub postings: Vec<usize>,
    pub statements: Vec<Statement>,
    pub events: Vec<Event>,
    pub metered: Vec<Metered>,
    pub proposals: Vec<Proposal>,
    pub beside: Vec<Beside>,
    pub rewards: Vec<Reward>,
    pub stepped: Vec<Stepped>,
    pub high_since: [Option<NaiveDate>; SELLERS],
    /// Who is above each seller, from a day on.
    pub above: [Vec<(NaiveDate, Option<Above>)>; SELLERS],
    pub movements: Vec<Movements>,
}

pub struct Teller<'a, R> {
    pub terms: &'a Terms,
    pub today: NaiveDate,
    pub first_open: Month,
    pub books: Books,
    rules: PhantomData<R>,
}

/// Something taken off a line.
struct Taken {
    invoice: usize,
    line: usize,
    service: Span,
    net: i64,
    tax: i64,
}

/// Refused: the history goes on without it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

pub type Told = Result<(), Refused>;

impl<'a, R: Rules> Teller<'a, R> {
    pub fn new(terms: &'a Terms) -> Self {
        Self {
            terms,
            today: terms.today,
            first_open: month_of(terms.today),
            books: Books::default(),
            rules: PhantomData,
        }
    }

    /// Tells what happens, up to the last fact, and what it all came to month by month.
    pub fn tell(terms: &'a Terms, facts: &[Fact]) -> Self {
        let mut teller = Self::new(terms);
        for fact in facts {
            // What is refused is as if it had not been tried.
            let _ = teller.happens(fact);
        }
        teller.books.movements = teller.movements();
        teller
    }

    pub fn happens(&mut self, fact: &Fact) -> Told {
        match *fact {
            Fact::Sell {
                customer,
                plan,
                seats,
                ago,
            } => self.sell(customer, plan % self.terms.plans.len(), (seats, ago)),
            Fact::Change { which, seats, ago } => {
                self.change(self.sub(which)?, seats, self.ago(ago))
            }
            Fact::CancelNow { which, ago, fault } => {
                let sub = self.sub(which)?;
                self.cancel_now(sub, (self.until(sub, ago), fault))
            }
            Fact::CancelLater { which } => self.cancel_later(self.sub(which)?),
            Fact::Undo { which } => self.undo(self.sub(which)?),
            Fact::Discount {
                which,
                off,
                priority,
                periods,
            } => {
                let at = self.sub(which)?;
                self.live(at)?;
                let sub = &mut self.books.subs[at];
                let from_period = sub.next;
                sub.discounts.push(Discount {
                    off,
                    priority,
                    from_period,
                    periods,
                });
                Ok(())
            }
            Fact::Pay {
                customer,
                minor,
                ago,
            } => {
                self.pay(customer, minor, (self.ago(ago), None));
                Ok(())
            }
            Fact::PayInvoice { which, part } => {
                let at = self.invoice(which)?;
                let invoice = &self.books.invoices[at];
                let (customer, minor) = (invoice.customer, invoice.total() / part);
                if minor <= 0 {
                    return Err(Refused);
                }
                self.pay(customer, minor, (self.today, Some(at)));
                Ok(())
            }
            Fact::Refund { which, minor } => self.refund(self.payment(which)?, minor),
            Fact::Chargeback { which } => {
                let at = self.payment(which)?;
                let payment = &self.books.payments[at];
                self.refund(at, payment.amount - payment.refunded)
            }
            Fact::Promote { partner } => {
                self.books.high_since[partner].get_or_insert(self.today);
                Ok(())
            }
            Fact::Credit {
                which,
                line,
                part,
                how,
            } => self.credit_by_hand(self.invoice(which)?, line, (part, how)),
            Fact::Pause { which, ago } => {
                let sub = self.sub(which)?;
                self.pause(sub, self.until(sub, ago))
            }
            Fact::Use {
                which,
                price,
                units,
                ago,
            } => {
                let sub = self.sub(which)?;
                self.report(sub, self.used_price(sub, price)?, (units, self.ago(ago)))
            }
            Fact::Correct { which, part } => {
                let many = self.books.events.len();
                let at = which.checked_rem(many).ok_or(Refused)?;
                let of = self.books.events[at].clone();
                self.report(of.sub, of.price, (-of.units / part, of.on))
            }
            Fact::Resume { which, ago } => self.resume(self.sub(which)?, self.ago(ago)),
            Fact::Move {
                which,
                ago: Some(ago),
            } => self.change_plan(self.sub(which)?, self.ago(ago)),
            Fact::Move { which, ago: None } => self.set_plan(self.sub(which)?),
            Fact::Keep { which } => {
                let at = self.sub(which)?;
                self.live(at)?;
                self.books.subs[at].next_plan.take().ok_or(Refused)?;
                Ok(())
            }
            Fact::Share { which, bps } => {
                let at = self.sub(which)?;
                self.live(at)?;
                let of = &self.books.subs[at];
                of.next_on.ok_or(Refused)?;
                let from = self.charged(at, of.next).from;
                let shares = &mut self.books.subs[at].shares;
                shares.retain(|(since, _)| *since != from);
                shares.push((from, bps));
                shares.sort_by_key(|(since, _)| *since);
                Ok(())
            }
            Fact::Link { seller, above } => self.link(seller, above),
            Fact::Propose {
                partner,
                minor,
                months,
            } => self.propose(partner, (minor, months)),
            Fact::Decide {
                which,
                is_yes,
                is_own,
            } => self.decide(which, (is_yes, is_own)),
            Fact::Pass { days } => {
                self.pass(days);
                Ok(())
            }
            Fact::Close => self.close(),
        }
    }

    pub fn ago(&self, days: u32) -> NaiveDate {
        self.today - TimeDelta::days(i64::from(days))
    }
    /// Where usage is counted, nothing ends before today: it might have been used since.
    fn until(&self, sub: usize, ago: u32) -> NaiveDate {
        self.ago(if self.counts_usage(sub) { 0 } else { ago })
    }
    pub fn sub(&self, which: usize) -> Result<usize, Refused> {
        which.checked_rem(self.books.subs.len()).ok_or(Refused)
    }
    pub fn invoice(&self, which: usize) -> Result<usize, Refused> {
        which.checked_rem(self.books.invoices.len()).ok_or(Refused)
    }
    pub fn payment(&self, which: usize) -> Result<usize, Refused> {
        which.checked_rem(self.books.payments.len()).ok_or(Refused)
    }

    fn live(&self, sub: usize) -> Told {
        match self.books.subs[sub].is_canceled {
            true => Err(Refused),
            false => Ok(()),
        }
    }

    pub fn months(&self, sub: usize) -> u32 {
        self.terms.plans[self.books.subs[sub].plan].months
    }

    pub fn whole(&self, sub: usize, index: u32) -> Span {
        R::period(self.books.subs[sub].anchor, self.months(sub), index)
    }

    /// The days of a period that are charged: the first may be the rest of one.
    pub fn charged(&self, sub: usize, index: u32) -> Span {
        let from = self.books.subs[sub].charged_from;
        self.whole(sub, index).from(from)
    }

    // Sales and billing.

    fn sell(&mut self, customer: usize, plan: usize, (seats, ago): (u32, u32)) -> Told {
        let starts_on = self.ago(ago);
        let seats = self.terms.units(plan, seats);
        let of = &self.terms.plans[plan];
        let (charged_from, anchor) = R::opening(starts_on, of.trial_days, of.anchor_day);
        self.books.subs.push(Sub {
            customer,
            plan,
            seats,
            starts_on,
            charged_from,
            anchor,
            next: 0,
            next_on: Some(charged_from),
            ends_on: None,
            is_canceled: false,
            is_vendors_fault: false,
            changed_on: starts_on,
            discounts: Vec::new(),
            history: vec![(starts_on, seats, plan)],
            next_plan: None,
            is_paused: false,
            shares: Vec::new(),
        });
        let sold = self.books.subs.len() - 1;
        self.bill(&[sold], self.today);
        Ok(())
    }

    /// Bills, period by period, everything that begins by a day.
    fn bill(&mut self, subs: &[usize], through: NaiveDate) {
        loop {
            let next = |at: &usize| (self.books.subs[*at].next_on, *at);
            let is_due = |at: &usize| next(at).0.is_some_and(|on| on <= through);
            let mut due: Vec<usize> = subs.iter().copied().filter(is_due).collect();
            if due.is_empty() {
                return;
            }
            due.sort_by_key(next);
            let bills: Vec<Bill> = due.into_iter().map(|at| self.bill_next(at)).collect();
            self.send(bills);
        }
    }

    /// Gives back what earlier bills charged too much, then issues these, and lets the customers'
    /// credit pay them. What charges nothing is no invoice.
    fn send(&mut self, bills: Vec<Bill>) {
        for bill in &bills {
            self.give_back_used(bill.sub, &bill.back);
        }
        let mut made = Vec::new();
        for bill in bills.into_iter().filter(|bill| !bill.lines.is_empty()) {
            let invoice = self.issue(bill.sub, bill.on, bill.lines);
            // Bills that are written together do not know their place yet.
            let its = self.books.segments.iter_mut();
            let lines = its
                .filter(|one| one.sub == bill.sub)
                .filter_map(|one| one.line.as_mut());
            for (at, _) in lines.filter(|(at, _)| *at == bill.place) {
                *at = invoice;
            }
            made.push(invoice);
        }
        for invoice in made {
            self.use_credits(invoice);
        }
    }

    fn bill_next(&mut self, sub: usize) -> Bill {
        let service = self.charged(sub, self.books.subs[sub].next);
        let ends = |from: NaiveDate, of: &Sub| of.ends_on.is_some_and(|end| end <= from);
        let of = &mut self.books.subs[sub];
        if ends(service.from, of) {
            let (on, next) = (of.next_on.take().unwrap(), of.next);
            let mut lines = Vec::new();
            let back = self.add_usage(sub, next, &mut lines);
            return Bill {
                sub,
                place: self.books.invoices.len(),
                on,
                lines,
                back,
            };
        }
        let in_arrears = self.counts_usage(sub);
        let of = &mut self.books.subs[sub];
        if let Some((_, plan)) = of.next_plan.take_if(|(on, _)| *on <= service.from) {
            of.plan = plan;
            of.changed_on = of.changed_on.max(service.from);
            of.history.push((service.from, of.seats, plan));
        }
        let index = of.next;
        of.next += 1;
        of.next_on = Some(service.to).filter(|next| in_arrears || !ends(*next, of));
        self.charge(sub, index, service)
    }

    /// Charges a period, or the rest of one.
    fn charge(&mut self, sub: usize, index: u32, service: Span) -> Bill {
        let mut lines = Vec::new();
        self.charge_ahead(sub, (index, service), &mut lines);
        let plan = &self.terms.plans[self.books.subs[sub].plan];
        let once = plan.prices.iter().filter(|price| price.is_once());
        for price in once.filter(|_| index == 0) {
            lines.push(Line {
                is_once: true,
                units: 1,
                ..self.line(sub, (index, service), (R::once(price), 0), price.earns)
            });
            let place = lines.len() - 1;
            self.pay_units_once(sub, place, &mut lines[place]);
        }
        let back = self.add_usage(sub, index, &mut lines);
        Bill {
            sub,
            place: self.books.invoices.len(),
            on: service.from,
            lines,
            back,
        }
    }

    pub fn line(
        &self,
        sub: usize,
        (index, service): (u32, Span),
        (net, off): (i64, i64),
        earns: bool,
    ) -> Line {
        // Tier and clause are those of the first day of the period.
        let (charged, whole) = (self.charged(sub, index), self.whole(sub, index));
        let mut clause = self.clause(sub, index, charged);
        if let Some(earns) = clause.as_mut().filter(|_| service != charged) {
            earns.share = R::rest_earns(earns, charged, service, whole);
        }
        Line {
            service,
            net,
            off,
            credited: 0,
            protected: 0,
            commission: 0,
            credits: Vec::new(),
            is_once: false,
            used: None,
            earns: clause.filter(|_| earns),
            units: self.books.subs[sub].seats,
            parties: Vec::new(),
        }
    }

    /// Units are paid for on one line: the first that counts them, or else the first there is.
    fn pay_units_once(&self, sub: usize, place: usize, line: &mut Line) {
        let plan = &self.terms.plans[self.books.subs[sub].plan];
        let mut ahead = plan.prices.iter().filter(|price| price.is_ahead());
        if ahead.position(|price| price.counts_seats()).unwrap_or(0) != place
            && let Some(earns) = line.earns.as_mut()
        {
            earns.unit = 0;
        }
    }

    /// What the prices that come back charge for days of a period, as lines of the next invoice.
    fn charge_ahead(&mut self, sub: usize, (index, service): (u32, Span), lines: &mut Vec<Line>) {
        let amounts = self.ahead(sub, index, service);
        let (invoice, first) = (self.books.invoices.len(), lines.len());
        let (plan, seats) = (self.books.subs[sub].plan, self.books.subs[sub].seats);
        for (at, (price, (list, off))) in
            (self.terms.plans[plan].prices.iter().zip(amounts)).enumerate()
        {
            if !price.is_ahead() {
                continue;
            }
            let is_same =
                |one: &Segment| (one.sub, one.plan, one.price, one.index) == (sub, plan, at, index);
            for before in self.books.segments.iter_mut().filter(|one| is_same(one)) {
                before.is_newest = false;
            }
            self.books.segments.push(Segment {
                sub,
                plan,
                price: at,
                index,
                service,
                seats,
                amount: list - off,
                credited: 0,
                carried: 0,
                lowered: 0,
                replaces: None,
                line: Some((invoice, lines.len())),
                is_newest: true,
            });
            let mut line = self.line(sub, (index, service), (list - off, off), price.earns);
            self.pay_units_once(sub, lines.len() - first, &mut line);
            lines.push(line);
        }
    }

    fn ahead(&self, sub: usize, index: u32, served: Span) -> Vec<(i64, i64)> {
        let of = &self.books.subs[sub];
        R::ahead(&Charged {
            prices: &self.terms.plans[of.plan].prices,
            seats: of.seats,
            discounts: &of.discounts,
            index,
            whole: self.whole(sub, index),
            served,
        })
    }

    /// What one price comes to for the rest of a period: with its own part of a fixed discount, else
    /// by itself.
    fn anew(&self, sub: usize, price: usize, (index, served): (u32, Span)) -> (i64, i64) {
        let of = &self.books.subs[sub];
        if of.discounts.iter().any(|one| one.is_fixed_in(index)) {
            return self.ahead(sub, index, served)[price];
        }
        R::ahead(&Charged {
            prices: &self.terms.plans[of.plan].prices[price..=price],
            seats: of.seats,
            discounts: &of.discounts,
            index,
            whole: self.whole(sub, index),
            served,
        })[0]
    }

    /// What a whole period comes to for so many seats of a plan, after discounts.
    pub fn worth(&self, sub: usize, index: u32, (seats, plan): (u32, usize)) -> i64 {
        let of = &self.books.subs[sub];
        let whole = self.whole(sub, index);
        let ahead = R::ahead(&Charged {
            prices: &self.terms.plans[plan].prices,
            seats,
            discounts: &of.discounts,
            index,
            whole,
            served: whole,
        });
        ahead.iter().map(|(list, off)| list - off).sum()
    }

    fn clause(&self, sub: usize, index: u32, service: Span) -> Option<Earns> {
        let of = &self.books.subs[sub];
        let since = self.books.high_since[partner_of(of.customer)];
        let is_high = since.is_some_and(|since| since <= service.from);
        R::clause(&Case {
            terms: self.terms,
            is_high,
            index,
            anchor: of.anchor,
            months: self.months(sub),
            since: of.charged_from,
            service,
            whole: self.whole(sub, index),
        })
    }

    /// Who earns on a day: as arranged on the first day of the period it is in.
    fn parties(&self, sub: usize, day: NaiveDate) -> Vec<(usize, Part)> {
        let mut index = 0;
        while self.whole(sub, index).to <= day {
            index += 1;
        }
        let first = self.charged(sub, index).from.min(day);
        let of = &self.books.subs[sub];
        let seller = partner_of(of.customer);
        let share = of.shares.iter().rfind(|(since, _)| *since <= first);
        let beside = share.filter(|(_, bps)| *bps > 0);
        let beside = beside.map(|(_, bps)| (1 - seller, *bps));
        let links = &self.books.above[seller];
        let above = links.iter().rfind(|(since, _)| *since <= first);
        R::parts(seller, beside, above.and_then(|(_, above)| *above))
    }

    fn link(&mut self, seller: usize, above: Option<Above>) -> Told {
        if let Some(above) = above {
            let over = self.books.above.get(above.who).and_then(|all| all.last());
            let is_below = over.is_some_and(|(_, over)| over.is_some_and(|one| one.who == seller));
            if above.who == seller || is_below {
                return Err(Refused);
            }
        }
        let today = self.today;
        let links = &mut self.books.above[seller];
        links.retain(|(since, _)| *since != today);
        links.push((today, above));
        Ok(())
    }

    fn issue(&mut self, sub: usize, issued_on: NaiveDate, mut lines: Vec<Line>) -> usize {
        for line in &mut lines {
            line.parties = self.parties(sub, line.service.from);
        }
        let net = lines.iter().map(|line| line.net).sum();
        self.books.invoices.push(Invoice {
            sub,
            customer: self.books.subs[sub].customer,
            issued_on,
            net,
            tax: R::tax(net, self.terms.tax_bps),
            paid: 0,
            refunded: 0,
            credited: 0,
            reduced: 0,
            at_own_cost: 0,
            lines,
        });
        let made = self.books.invoices.len() - 1;
        if self.books.invoices[made].total() == 0 {
            self.accrue(made, issued_on);
            self.renew(made, issued_on);
        }
        made
    }

    /// The customer's credit pays new invoices, oldest credit first.
    fn use_credits(&mut self, invoice: usize) {
        let customer = self.books.invoices[invoice].customer;
        let mut credits: Vec<usize> = (0..self.books.credits.len())
            .filter(|at| self.books.credits[*at].customer == customer)
            .collect();
        credits.sort_by_key(|at| (self.books.credits[*at].arisen_on, *at));
        for at in credits {
            let credit = &mut self.books.credits[at];
            let part = self.books.invoices[invoice].due().min(credit.left);
            if part <= 0 {
                continue;
            }
            credit.left -= part;
            let on = self.books.invoices[invoice].issued_on.max(credit.arisen_on);
            self.allocate((None, Some(at)), invoice, part, on);
        }
    }

    fn allocate(
        &mut self,
        (payment, credit): (Option<usize>, Option<usize>),
        invoice: usize,
        amount: i64,
        on: NaiveDate,
    ) {
        self.books.invoices[invoice].paid += amount;
        self.books.allocations.push(Allocation {
            payment,
            credit,
            invoice,
            amount,
            refunded: 0,
        });
        self.accrue(invoice, on);
        self.reward(invoice, on);
        self.renew(invoice, on);
        // What the customer's end takes back goes back at once.
        let sub = self.books.invoices[invoice].sub;
        if self.books.subs[sub].is_canceled {
            self.claw_back(sub);
        }
    }

    // Changes.

    fn check_day(&self, sub: usize, on: NaiveDate) -> Told {
        let of = &self.books.subs[sub];
        let fits = on >= of.starts_on
            && on <= self.today
            && of.ends_on.is_none_or(|end| on < end)
            && on >= of.changed_on;
        fits.then_some(()).ok_or(Refused)
    }

    /// The segments of a subscription that stand, by price and period.
    fn standing(&self, sub: usize) -> Vec<usize> {
        let segments = &self.books.segments;
        let mut found: Vec<usize> = (0..segments.len())
            .filter(|at| segments[*at].sub == sub && segments[*at].is_newest)
            .collect();
        found.sort_by_key(|at| {
            let one = &segments[*at];
            (one.plan, one.price, one.index)
        });
        found
    }

    fn change(&mut self, sub: usize, seats: u32, on: NaiveDate) -> Told {
        self.live(sub)?;
        let of = &self.books.subs[sub];
        let are_none = self.terms.units(of.plan, seats) != seats;
        if of.is_paused || of.seats == seats || are_none {
            return Err(Refused);
        }
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let of = &mut self.books.subs[sub];
        of.seats = seats;
        of.changed_on = of.changed_on.max(on);
        of.history.push((on, seats, of.plan));
        let mut turns = Vec::new();
        for at in self.standing(sub) {
            let old = self.books.segments[at].clone();
            let of = &self.books.subs[sub];
            if old.plan != of.plan {
                continue;
            }
            let counts = self.terms.plans[of.plan].prices[old.price].counts_seats();
            // A fixed discount is spread over all prices: its parts shift with any of them.
            let is_shared = of.discounts.iter().any(|one| one.is_fixed_in(old.index));
            if old.service.to <= on || !(counts || is_shared) {
                continue;
            }
            let rest = old.service.from(on);
            let back = old.unused::<R>(rest.from);
            let (list, off) = self.anew(sub, old.price, (old.index, rest));
            if !counts && back == list - off {
                continue;
            }
            turns.push((at, rest, back, list - off, off));
        }
        // Each goes its own way: what costs less is credited, what costs more is charged.
        let (more, less): (Vec<_>, Vec<_>) = turns.into_iter().partition(|turn| turn.3 > turn.2);
        self.charge_less(sub, &less);
        if !more.is_empty() {
            self.charge_more(sub, &more);
        }
        Ok(())
    }

    /// Puts a segment in the place of another for the rest of its days.
    fn replace(
        &mut self,
        old: usize,
        rest: Span,
        amount: (i64, i64),
        line: Option<(usize, usize)>,
    ) {
        let seats = self.books.subs[self.books.segments[old].sub].seats;
        let new = Segment {
            service: rest,
            seats,
            amount: amount.0,
            credited: 0,
            lowered: 0,
            carried: amount.1,
            replaces: Some(old),
            line,
            ..self.books.segments[old].clone()
        };
        self.books.segments[old].is_newest = false;
        self.books.segments.push(new);
    }

    /// Whoever charged for a segment first: its terms hold for what replaces it.
    fn origin(&self, segment: usize) -> (usize, usize) {
        let mut at = segment;
        loop {
            let found = &self.books.segments[at];
            match found.line {
                Some(line) => return line,
                None => at = found.replaces.unwrap(),
            }
        }
    }

    fn charge_more(&mut self, sub: usize, turns: &[(usize, Span, i64, i64, i64)]) {
        let invoice = self.books.invoices.len();
        let mut lines = Vec::new();
        for &(at, service, back, more, off) in turns {
            let (of, line) = self.origin(at);
            let like = &self.books.invoices[of].lines[line];
            let (mut earns, days) = (like.earns, like.service);
            if let Some(earns) = &mut earns {
                let whole = self.whole(sub, self.books.segments[at].index);
                earns.share = R::rest_earns(earns, days, service, whole);
            }
            let line = |net, off, units| Line {
                service,
                net,
                off,
                credited: 0,
                protected: 0,
                commission: 0,
                is_once: false,
                credits: Vec::new(),
                used: None,
                earns,
                units,
                parties: Vec::new(),
            };
            if back != 0 {
                lines.push(line(-back, 0, self.books.segments[at].seats));
            }
            self.books.segments[at].credited += back;
            self.replace(at, service, (more, back), Some((invoice, lines.len())));
            lines.push(line(more, off, self.books.subs[sub].seats));
        }
        self.issue(sub, self.today, lines);
        self.use_credits(invoice);
    }

    fn charge_less(&mut self, sub: usize, turns: &[(usize, Span, i64, i64, i64)]) {
        let mut unused = Vec::new();
        for &(at, service, back, more, _) in turns {
            self.books.segments[at].credited += back;
            self.replace(at, service, (more, more), None);
            if more < back {
                unused.push((at, service, back - more));
            }
        }
        self.credit(sub, &unused);
    }

    /// Credits what was charged and not used to the lines that charged it, newest first.
    fn credit(&mut self, sub: usize, unused: &[(usize, Span, i64)]) {
        let mut taken = Vec::new();
        for &(segment, service, wanted) in unused {
            let (mut at, mut wanted) = (Some(segment), wanted);
            while let Some(found) = at.map(|at| self.books.segments[at].clone()) {
                at = found.replaces;
                let Some((invoice, line)) = found.line else {
                    continue;
                };
                let part = self.creditable(invoice, line, found.own()).min(wanted);
                if part > 0 {
                    wanted -= part;
                    taken.push(self.take((invoice, line), service, part));
                }
            }
        }
        let customer = self.books.subs[sub].customer;
        let noted = self.note(customer, &taken, None);
        assert!(noted.is_ok(), "more is not used than was paid");
    }

    /// Gives back what usage was charged too much, on the lines that charged it, newest first; what
    /// went back on them before does not go back again.
    fn give_back_used(&mut self, sub: usize, back: &[(usize, u32, i64)]) {
        let mut taken = Vec::new();
        for &(price, index, mut wanted) in back {
            for invoice in (0..self.books.invoices.len()).rev() {
                let of = &self.books.invoices[invoice];
                let is_it = |line: &usize| of.lines[*line].used == Some((price, index));
                let lines = (0..of.lines.len()).rev().filter(is_it);
                let lines: Vec<usize> = lines.filter(|_| of.sub == sub).collect();
                for line in lines {
                    let of = &self.books.invoices[invoice].lines[line];
                    let (own, service) = (of.net, of.service);
                    let part = self.creditable(invoice, line, own).min(wanted);
                    if part > 0 {
                        wanted -= part;
                        taken.push(self.take((invoice, line), service, part));
                    }
                }
            }
        }
        let customer = self.books.subs[sub].customer;
        let noted = self.note(customer, &taken, None);
        assert!(noted.is_ok(), "more is given back than was paid");
    }

    /// Takes something off a line, and the tax with it.
    fn take(&mut self, (invoice, line): (usize, usize), service: Span, net: i64) -> Taken {
        let tax = self.tax_back(invoice, net);
        let of = &mut self.books.invoices[invoice];
        of.credited += net + tax;
        of.lines[line].credited += net;
        Taken {
            invoice,
            line,
            service,
            net,
            tax,
        }
    }

    /// Writes a credit note about what was taken off lines, and what follows from it. The
    /// customer's credit that it leaves, if any.
    fn note(
        &mut self,
        customer: usize,
        taken: &[Taken],
        by_hand: Option<How>,
    ) -> Result<Option<usize>, Refused> {
        let goes = by_hand.map_or(Goes::DueThenCredit, |how| how.goes);
        let protects = by_hand.is_some_and(|how| how.protects);
        let mut invoices: Vec<usize> = taken.iter().map(|one| one.invoice).collect();
        invoices.sort_unstable();
        invoices.dedup();
        if invoices.is_empty() {
            return Ok(None);
        }
        let (mut reduces, mut rest) = (0, 0);
        for &at in &invoices {
            let here = taken.iter().filter(|one| one.invoice == at);
            let total = here.map(|one| one.net + one.tax).sum();
            let invoice = &mut self.books.invoices[at];
            let kept = invoice.kept() + total;
            let (less, more) = R::dispose(goes, total, invoice.due(), kept).ok_or(Refused)?;
            invoice.reduced += less;
            (reduces, rest) = (reduces + less, rest + more);
            if protects {
                invoice.at_own_cost += more;
            }
        }
        for one in taken {
            let line = &mut self.books.invoices[one.invoice].lines[one.line];
            match protects {
                true => line.protected += one.net,
                false => line.credits.push((one.service, one.net)),
            }
        }
        self.books.notes.push(Note {
            customer,
            net: taken.iter().map(|one| one.net).sum(),
            tax: taken.iter().map(|one| one.tax).sum(),
            reduces,
            credit: rest,
            invoices: invoices.clone(),
            by_hand,
        });
        let left = (rest > 0).then(|| {
            self.books.credits.push(Credit {
                customer,
                payment: None,
                note: Some(self.books.notes.len() - 1),
                amount: rest,
                left: rest,
                arisen_on: self.today,
            });
            self.books.credits.len() - 1
        });
        for invoice in invoices {
            self.accrue(invoice, self.today);
            // What is credited as a customer leaves, or after that, renews nothing.
            let sub = self.books.invoices[invoice].sub;
            if !self.books.subs[sub].is_canceled {
                self.renew(invoice, self.today);
            }
        }
        Ok(left)
    }

    fn credit_by_hand(&mut self, invoice: usize, line: usize, (part, how): (i64, How)) -> Told {
        let of = &self.books.invoices[invoice];
        let (customer, line) = (of.customer, line % of.lines.len());
        let (net, own) = (of.lines[line].net / part, of.lines[line].net.max(0));
        let charged = self
            .books
            .segments
            .iter()
            .position(|one| one.line == Some((invoice, line)));
        let own = charged.map_or(own, |at| self.books.segments[at].own());
        if net <= 0 || net > self.creditable(invoice, line, own) {
            return Err(Refused);
        }
        let before = self.books.clone();
        let service = self.books.invoices[invoice].lines[line].service;
        let taken = self.take((invoice, line), service, net);
        let done = self.note(customer, &[taken], Some(how)).and_then(|left| {
            if how.lowers {
                self.lower(charged, net);
            }
            match left.filter(|_| how.goes == Goes::DueThenBack) {
                Some(credit) => self.pay_back(invoice, credit),
                None => Ok(()),
            }
        });
        match done {
            Ok(()) => self.follow_note(invoice),
            Err(_) => self.books = before,
        }
        done
    }

    /// Another price was right: what replaced the days since carried some of it along.
    fn lower(&mut self, charged: Option<usize>, net: i64) {
        let (mut at, mut off) = (charged, net);
        while let Some(here) = at {
            let segment = &mut self.books.segments[here];
            segment.lowered = (segment.lowered + off).min(segment.amount);
            let service = segment.service;
            let all = &self.books.segments;
            at = all.iter().position(|one| one.replaces == Some(here));
            if let Some(next) = at {
                let carried = R::part_of(off, service, all[next].service);
                off = carried.min(all[next].carried);
            }
        }
    }

    /// Pays a credit back to the payments whose money was on an invoice, the newest first: what
    /// each has there alone, and only then what it has elsewhere too. Refused where they went back
    /// before.
    fn pay_back(&mut self, invoice: usize, credit: usize) -> Told {
        let behind = self.behind(invoice);
        for is_here in [true, false] {
            for &payment in &behind {
                let of = &self.books.payments[payment];
                let mut most = of.amount - of.refunded;
                if is_here {
                    most = (most - self.elsewhere(payment, invoice)).max(0);
                }
                let part = most.min(self.books.credits[credit].left);
                self.books.payments[payment].refunded += part;
                self.books.credits[credit].left -= part;
            }
        }
        match self.books.credits[credit].left {
            0 => Ok(()),
            _ => Err(Refused),
        }
    }

    /// The payments whose money is on an invoice, by itself or through credit; the newest first.
    fn behind(&self, invoice: usize) -> Vec<usize> {
        let is_behind = |payment: &usize| {
            let (paid, _) = self.reach(*payment);
            paid.iter()
                .any(|at| self.books.allocations[*at].invoice == invoice)
        };
        let all = 0..self.books.payments.len();
        all.rev().filter(is_behind).collect()
    }

    /// What of a payment is on other invoices, by itself or through its own credit, or not used.
    fn elsewhere(&self, payment: usize, invoice: usize) -> i64 {
        let books = &self.books;
        let credits: Vec<usize> = (0..books.credits.len())
            .filter(|at| books.credits[*at].payment == Some(payment))
            .collect();
        let went = books.allocations.iter().filter(|one| {
            let is_its = one.payment == Some(payment)
                || one.credit.is_some_and(|credit| credits.contains(&credit));
            is_its && one.invoice != invoice
        });
        let others: i64 = went.map(|one| one.amount - one.refunded).sum();
        let unused = credits.iter().map(|at| books.credits[*at].left);
        others + unused.sum::<i64>()
    }

    fn tax_back(&self, invoice: usize, net: i64) -> i64 {
        let of = &self.books.invoices[invoice];
        let credited_net = of.lines.iter().map(|line| line.credited).sum();
        let charge = Taxed {
            net: of.net,
            tax: of.tax,
            credited_net,
            credited_tax: of.credited - credited_net,
        };
        if net == 0 {
            0
        } else {
            R::tax_back(&charge, net)
        }
    }

    /// What can still be credited of a line: no more than it charged, and with its tax no more
    /// than is left of its invoice after what was given back.
    fn creditable(&self, invoice: usize, line: usize, own: i64) -> i64 {
        let of = &self.books.invoices[invoice];
        let credited: i64 = of.lines.iter().map(|line| line.credited).sum();
        let most = own - of.lines[line].credited;
        let mut net = most.min(of.net - credited);
        if of.refunded > 0 && of.total() > 0 {
            let left = (of.total() - of.credited - of.refunded).max(0);
            net = net.min(left * of.net / of.total());
            while net > 0 && net + self.tax_back(invoice, net) > left {
                net -= 1;
            }
        }
        net
    }

    fn cancel_now(&mut self, sub: usize, (on, fault): (NaiveDate, bool)) -> Told {
        self.live(sub)?;
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let (in_arrears, mut begun) = (self.counts_usage(sub), 0);
        while self.whole(sub, begun).from < on {
            begun += 1;
        }
        let of = &mut self.books.subs[sub];
        (of.is_canceled, of.ends_on) = (true, Some(on));
        of.is_vendors_fault = fault;
        of.next_on = Some(on).filter(|_| in_arrears && of.next > 0);
        of.next_plan = None;
        if of.is_paused && of.next_on.is_some() {
            // Periods that began in the pause are not billed after it either.
            of.next = of.next.max(begun);
        }
        of.changed_on = of.changed_on.max(on);
        self.give_back(sub, on);
        self.claw_back(sub);
        Ok(())
    }

    /// Credits what was charged for days from this one on.
    fn give_back(&mut self, sub: usize, on: NaiveDate) {
        let mut unused = Vec::new();
        for at in self.standing(sub) {
            let segment = &mut self.books.segments[at];
            let back = segment.unused::<R>(on);
            if back > 0 {
                segment.credited += back;
                unused.push((at, segment.service.from(on), back));
            }
        }
        self.credit(sub, &unused);
    }

    /// The other plan, where that is billed as often and nothing stands in the way.
    fn other_plan(&self, sub: usize) -> Result<usize, Refused> {
        self.live(sub)?;
        let of = &self.books.subs[sub];
        let other = 1 - of.plan;
        let is_alike = self.terms.plans[other].months == self.months(sub)
            && !self.terms.plans.iter().any(Plan::counts_usage);
        let can = is_alike && !of.is_paused;
        can.then_some(other).ok_or(Refused)
    }

    /// What was charged for days from one on is credited, and charged anew at the other plan's
    /// prices, on one invoice.
    fn change_plan(&mut self, sub: usize, on: NaiveDate) -> Told {
        let plan = self.other_plan(sub)?;
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let of = &mut self.books.subs[sub];
        (of.plan, of.next_plan) = (plan, None);
        of.changed_on = of.changed_on.max(on);
        of.history.push((on, of.seats, plan));
        self.give_back(sub, on);
        let mut lines = Vec::new();
        for index in 0..self.books.subs[sub].next {
            let rest = self.charged(sub, index).from(on);
            if rest.from < rest.to {
                self.charge_ahead(sub, (index, rest), &mut lines);
            }
        }
        if !lines.is_empty() {
            let invoice = self.issue(sub, self.today, lines);
            self.use_credits(invoice);
        }
        Ok(())
    }

    fn set_plan(&mut self, sub: usize) -> Told {
        let plan = self.other_plan(sub)?;
        if self.books.subs[sub].ends_on.is_some() {
            return Err(Refused);
        }
        self.bill(&[sub], self.today);
        let from = self.charged(sub, self.books.subs[sub].next).from;
        self.books.subs[sub].next_plan = Some((from, plan));
        Ok(())
    }

    fn pause(&mut self, sub: usize, on: NaiveDate) -> Told {
        self.live(sub)?;
        let of = &self.books.subs[sub];
        // What is on trial, or is to end, is not paused.
        let is_trial = of.next == 0 || on < of.charged_from;
        if of.is_paused || is_trial || of.ends_on.is_some() {
            return Err(Refused);
        }
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let of = &mut self.books.subs[sub];
        (of.is_paused, of.next_on) = (true, None);
        of.changed_on = of.changed_on.max(on);
        of.history.push((on, 0, of.plan));
        self.give_back(sub, on);
        Ok(())
    }

    /// The rest of the period is charged, and the next one on its usual day.
    fn resume(&mut self, sub: usize, on: NaiveDate) -> Told {
        self.live(sub)?;
        if !self.books.subs[sub].is_paused {
            return Err(Refused);
        }
        self.check_day(sub, on)?;
        let mut current = 0;
        while self.whole(sub, current).to <= on {
            current += 1;
        }
        let next = self.books.subs[sub].next.max(current + 1);
        let (starts, next_on) = (
            self.charged(sub, current).from,
            self.charged(sub, next).from,
        );
        let of = &mut self.books.subs[sub];
        let was_billed = current < of.next;
        // The plan that was set for a period which began meanwhile.
        if let Some((_, plan)) = of.next_plan.take_if(|(on, _)| !was_billed && *on <= starts) {
            of.plan = plan;
        }
        (of.is_paused, of.next, of.next_on) = (false, next, Some(next_on));
        of.changed_on = of.changed_on.max(on);
        of.history.push((on, of.seats, of.plan));
        if was_billed {
            let mut turns = Vec::new();
            for at in self.standing(sub) {
                let old = self.books.segments[at].clone();
                if old.plan == self.books.subs[sub].plan && old.service.to > on {
                    let rest = old.service.from(on);
                    let (list, off) = self.anew(sub, old.price, (old.index, rest));
                    turns.push((at, rest, old.unused::<R>(rest.from), list - off, off));
                }
            }
            if !turns.is_empty() {
                self.charge_more(sub, &turns);
            }
        } else {
            let rest = self.charged(sub, current).from(on);
            let bill = self.charge(sub, current, rest);
            self.send(vec![bill]);
        }
        Ok(())
    }

    fn cancel_later(&mut self, sub: usize) -> Told {
        self.live(sub)?;
        // What is paused has no period that is paid for.
        if self.books.subs[sub].ends_on.is_some() || self.books.subs[sub].is_paused {
            return Err(Refused);
        }
        self.bill(&[sub], self.today);
        let end = self.charged(sub, self.books.subs[sub].next).from;
        let in_arrears = self.counts_usage(sub);
        let of = &mut self.books.subs[sub];
        of.ends_on = Some(end);
        of.next_on = Some(end).filter(|_| in_arrears && of.next > 0);
        of.next_plan = None;
        of.changed_on = of.changed_on.max(self.today);
        Ok(())
    }

    fn undo(&mut self, sub: usize) -> Told {
        self.live(sub)?;
        if self.books.subs[sub]
            .ends_on
            .is_none_or(|end| end <= self.today)
        {
            return Err(Refused);
        }
        let next = self.charged(sub, self.books.subs[sub].next).from;
        let of = &mut self.books.subs[sub];
        (of.ends_on, of.next_on) = (None, Some(next));
        of.changed_on = of.changed_on.max(self.today);
        Ok(())
    }

    // Cash.

    /// To the invoice it names, then to the oldest that are open; the rest is credit.
    fn pay(&mut self, customer: usize, amount: i64, (on, named): (NaiveDate, Option<usize>)) {
        let invoices = &self.books.invoices;
        let mut open: Vec<usize> = (0..invoices.len())
            .filter(|at| invoices[*at].customer == customer && invoices[*at].due() > 0)
            .filter(|at| Some(*at) != named)
            .collect();
        open.sort_by_key(|at| (invoices[*at].issued_on, *at));
        let open: Vec<(usize, i64)> = named
            .into_iter()
            .chain(open)
            .map(|at| (at, invoices[at].due()))
            .collect();
        self.books.payments.push(Payment {
            customer,
            received_on: on,
            amount,
            refunded: 0,
        });
        let payment = self.books.payments.len() - 1;
        let (parts, left) = R::pay(amount, &open);
        for (invoice, part) in parts {
            // Paid ahead, it is applied once there is something to pay.
            let on = on.max(self.books.invoices[invoice].issued_on);
            self.allocate((Some(payment), None), invoice, part, on);
        }
        if left > 0 {
            self.books.credits.push(Credit {
                customer,
                payment: Some(payment),
                note: None,
                amount: left,
                left,
                arisen_on: on,
            });
        }
    }

    /// Where a payment's money went: what it paid, the credit it left, the credit that credit notes
    /// made of what it paid, what that credit paid, and so on.
    fn reach(&self, payment: usize) -> (Vec<usize>, Vec<usize>) {
        let books = &self.books;
        let of_payment = |at: &usize| books.allocations[*at].payment == Some(payment);
        let mut paid: Vec<usize> = (0..books.allocations.len()).filter(of_payment).collect();
        let mut credits: Vec<usize> = Vec::new();
        loop {
            let reaches = |invoice: usize| {
                paid.iter()
                    .any(|at| books.allocations[*at].invoice == invoice)
            };
            let noted = |note: usize| books.notes[note].invoices.iter().any(|at| reaches(*at));
            let customer = books.payments[payment].customer;
            let found: Vec<usize> = (0..books.credits.len())
                .filter(|at| {
                    let credit = &books.credits[*at];
                    credit.customer == customer
                        && (credit.payment == Some(payment) || credit.note.is_some_and(noted))
                })
                .collect();
            let spent = |at: &usize| {
                books.allocations[*at]
                    .credit
                    .is_some_and(|credit| found.contains(&credit))
            };
            let all: Vec<usize> = (0..books.allocations.len())
                .filter(|at| of_payment(at) || spent(at))
                .collect();
            let is_all = all.len() == paid.len() && found.len() == credits.len();
            (paid, credits) = (all, found);
            if is_all {
                return (paid, credits);
            }
        }
    }

    fn refund(&mut self, payment: usize, amount: i64) -> Told {
        let of = &self.books.payments[payment];
        if amount <= 0 || amount > of.amount - of.refunded {
            return Err(Refused);
        }
        let (mut paid, mut credits) = self.reach(payment);
        // The newest first; the payment's own credit before that of credit notes.
        paid.sort_by_key(|at| std::cmp::Reverse(*at));
        let is_note = |at: usize| self.books.credits[at].payment.is_none();
        credits.sort_by_key(|at| (is_note(*at), std::cmp::Reverse(*at)));
        let unused: Vec<(usize, i64)> = credits
            .into_iter()
            .map(|at| (at, self.books.credits[at].left))
            .collect();
        let all = unused.iter().map(|(_, left)| left).sum();
        let Some((from_credit, parts)) = R::refund(amount, &self.kept(&paid), all) else {
            return Err(Refused);
        };
        self.books.payments[payment].refunded += amount;
        for (at, part) in R::pay(from_credit, &unused).0 {
            self.books.credits[at].left -= part;
        }
        let mut touched = Vec::new();
        for (at, part) in parts {
            let allocation = &mut self.books.allocations[at];
            allocation.refunded += part;
            self.books.invoices[allocation.invoice].refunded += part;
            touched.push(allocation.invoice);
        }
        touched.sort_unstable();
        touched.dedup();
        for invoice in touched {
            self.accrue(invoice, self.today);
            self.follow_refund(invoice);
        }
        Ok(())
    }

    /// What can come back of each allocation: no more than its invoice still keeps.
    fn kept(&self, paid: &[usize]) -> Vec<(usize, i64)> {
        let mut kept: Vec<i64> = self.books.invoices.iter().map(Invoice::kept).collect();
        let mut most = Vec::new();
        for at in paid {
            let allocation = &self.books.allocations[*at];
            let here = &mut kept[allocation.invoice];
            let part = (allocation.amount - allocation.refunded).min(*here).max(0);
            *here -= part;
            most.push((*at, part));
        }
        most
    }

    // Commission.

    /// Posts what an invoice's lines have earned, or earned too much, by now.
    fn accrue(&mut self, invoice: usize, on: NaiveDate) {
        let of = &self.books.invoices[invoice];
        let lines: Vec<usize> = (0..of.lines.len())
            .filter(|at| of.lines[*at].earns.is_some_and(|one| one.is_something()))
            .collect();
        let earning = |at: &usize| {
            let line = &of.lines[*at];
            let claim = |(who, part): &(usize, Part)| {
                let its = self.posted(invoice, *at, (*who, *part));
                let its: Vec<&Entry> = its.map(|(_, entry)| entry).collect();
                Claim {
                    who: *who,
                    part: *part,
                    posted: its.iter().map(|entry| entry.amount).sum(),
                    posted_base: its.iter().map(|entry| entry.base).sum(),
                }
            };
            line.earning(line.parties.iter().map(claim).collect())
        };
        let earning: Vec<Earning> = lines.iter().map(earning).collect();
        let changes = R::accrue(&of.money(), &earning);
        let first = self.books.entries.len();
        for (line, (earning, changes)) in lines.into_iter().zip(earning.iter().zip(changes)) {
            for (claim, (amount, base, by_now)) in earning.claims.iter().zip(changes) {
                if amount != 0 {
                    let claim = (claim.who, claim.part);
                    let its = self.posted(invoice, line, claim);
                    let before: Exact = its.map(|(_, entry)| entry.exact).sum();
                    let exact = by_now - before;
                    self.post((invoice, line, claim), (amount, base, exact), on);
                }
            }
        }
        self.cap(first);
        self.books.postings.push(self.books.entries.len());
    }

    /// What somebody earned on a line in some role, caps left aside.
    fn posted(
        &self,
        invoice: usize,
        line: usize,
        claim: (usize, Part),
    ) -> impl Iterator<Item = (usize, &Entry)> {
        let entries = self.books.entries.iter().enumerate();
        entries.filter(move |(_, entry)| {
            (entry.invoice, entry.line) == (invoice, line)
                && (entry.who, entry.part) == claim
                && matches!(entry.does, Does::Earns | Does::Reverses)
        })
    }

    fn post(
        &mut self,
        (invoice, line, claim): (usize, usize, (usize, Part)),
        (amount, base, exact): (i64, i64, Exact),
        on: NaiveDate,
    ) {
        let seller = partner_of(self.books.invoices[invoice].customer);
        let of = &mut self.books.invoices[invoice].lines[line];
        if claim.0 == seller && !claim.1.is_distributors() {
            of.commission += amount;
        }
        let (sign, earned) = (of.net.signum(), month_of(of.service.from));
        let posted = R::posting(on, self.first_open);
        let entry = |(amount, base, exact), matures_on, reverses: Option<usize>| Entry {
            invoice,
            line,
            who: claim.0,
            part: claim.1,
            does: match reverses {
                Some(_) => Does::Reverses,
                None => Does::Earns,
            },
            reverses,
            caps: None,
            amount,
            base,
            exact,
            paid_on: on,
            matures_on,
            posted,
            earned,
            stated: None,
        };
        if (amount < 0) == (sign < 0) {
            let matures_on = R::matures(on, self.terms.hold_days);
            self.books
                .entries
                .push(entry((amount, base, exact), matures_on, None));
            return;
        }
        let mut open: Vec<(usize, i64)> = self
            .posted(invoice, line, claim)
            .filter(|(_, entry)| entry.reverses.is_none())
            .map(|(at, entry)| (at, (entry.amount + self.reversed(at)) * sign))
            .collect();
        open.reverse();
        let parts = R::take_back(&open, -amount.abs());
        let taken: i64 = parts.iter().map(|(_, part)| part).sum();
        assert_eq!(taken, -amount.abs(), "more is taken back than was earned");
        let weights: Vec<i64> = parts.iter().map(|(_, part)| part.abs()).collect();
        let bases = R::by_weight(base, &weights);
        let (mut rest, many) = (exact, parts.len());
        for (place, ((at, part), base)) in parts.into_iter().zip(bases).enumerate() {
            let matures_on = R::reversal_matures(on, self.books.entries[at].matures_on);
            // The last takes what is left, so that together they are exact.
            let exact = match place + 1 == many {
                true => rest,
                false => Exact::whole(part * sign),
            };
            rest = rest - exact;
            self.books
                .entries
                .push(entry((part * sign, base, exact), matures_on, Some(at)));
        }
    }

    /// What was taken back of an entry.
    fn reversed(&self, entry: usize) -> i64 {
        let all = self.books.entries.iter();
        let back = all.filter(|other| other.reverses == Some(entry));
        back.map(|other| other.amount).sum()
    }

    /// Under whose cap an entry falls: what a distributor takes out of a commission counts as its
    /// seller's; what it gets on top has none.
    pub fn capped(&self, entry: &Entry) -> Option<usize> {
        match entry.part {
            Part::OnRevenue(_) => None,
            Part::CarvedOut { .. } => Some(partner_of(self.books.invoices[entry.invoice].customer)),
            _ => Some(entry.who),
        }
    }

    pub fn clause_of(&self, entry: &Entry) -> i64 {
        let line = &self.books.invoices[entry.invoice].lines[entry.line];
        line.earns.unwrap().clause
    }

    /// What an entry counts under: the cap of a clause, a partner and a month.
    pub fn group_of(&self, entry: &Entry) -> Option<(i64, usize, Month)> {
        let who = self.capped(entry)?;
        Some((self.clause_of(entry), who, entry.earned))
    }

    /// Caps what one posting brought, from an entry on. What falls makes room first: then what rises
    /// is taken off as far as it is beyond its clause's cap, be it earned or come back.
    fn cap(&mut self, first: usize) {
        let cap_of = |at: usize| {
            let entry = &self.books.entries[at];
            let clause = usize::try_from(self.clause_of(entry)).unwrap();
            let cap = self.terms.caps.get(clause).copied().flatten();
            let cap = self.capped(entry).and(cap);
            cap.map(|cap| (at, cap))
        };
        let new: Vec<(usize, i64)> = (first..self.books.entries.len())
            .filter_map(cap_of)
            .collect();
        for &(at, _) in &new {
            if self.books.entries[at].amount < 0 {
                self.free(at);
            }
        }
        // Line by line, and of each everybody by themselves.
        let mut groups: Vec<(usize, usize, i64)> = Vec::new();
        for &(at, cap) in &new {
            let entry = &self.books.entries[at];
            let group = (entry.line, self.capped(entry).unwrap(), cap);
            if entry.amount > 0 && !groups.contains(&group) {
                groups.push(group);
            }
        }
        groups.sort_unstable();
        let rises = |at: &usize| self.books.entries[*at].amount > 0;
        let mut waiting: Vec<usize> = new.iter().map(|(at, _)| *at).filter(rises).collect();
        for (line, who, cap) in groups {
            let is_its = |at: &usize| {
                let entry = &self.books.entries[*at];
                entry.line == line && self.capped(entry) == Some(who)
            };
            let (its, later): (Vec<usize>, Vec<usize>) = waiting.iter().partition(|at| is_its(at));
            self.cap_line(cap, &its, &waiting);
            waiting = later;
        }
    }

    /// Gives back what was taken off what falls: of the cap of what it takes back, in proportion; and
    /// where a line falls below zero again, of what was taken off as it came back, as far as it falls.
    fn free(&mut self, at: usize) {
        let entry = self.books.entries[at].clone();
        let frees: Vec<(usize, i64)> = match entry.reverses {
            Some(reversed) => {
                let caps = |one: &Entry| one.caps == Some(reversed);
                let its = self.books.entries.iter().position(caps);
                let of = its.map(|its| {
                    let amount = |at: usize| self.books.entries[at].amount;
                    let before = self.reversed(reversed) - entry.amount;
                    let cap = (amount(its), amount(reversed));
                    (its, R::freed(cap.0, cap.1, before, entry.amount))
                });
                of.into_iter().collect()
            }
            None => {
                let of = |one: &Entry| (one.invoice, one.line, one.who, one.part);
                let all = self.books.entries.iter().enumerate();
                let mut open: Vec<(usize, i64)> = all
                    .filter(|(_, one)| one.does == Does::Caps && of(one) == of(&entry))
                    .map(|(cap, one)| (cap, -one.amount - self.reversed(cap)))
                    .collect();
                open.reverse();
                let parts = R::take_back(&open, entry.amount);
                parts.into_iter().map(|(cap, part)| (cap, -part)).collect()
            }
        };
        for (cap, freed) in frees.into_iter().filter(|(_, freed)| *freed != 0) {
            self.books.entries.push(Entry {
                does: Does::Frees,
                reverses: Some(cap),
                amount: freed,
                base: 0,
                matures_on: R::reversal_matures(
                    entry.matures_on,
                    self.books.entries[cap].matures_on,
                ),
                ..entry.clone()
            });
        }
    }

    /// Takes off what somebody's newest entries of a line, and what a distributor gets out of them,
    /// come to beyond a cap, while these and some others are not counted yet.
    fn cap_line(&mut self, cap: i64, its: &[usize], waiting: &[usize]) {
        let (mut own, mut carved, mut carved_bps) = (Vec::new(), Vec::new(), 0);
        for &at in its {
            let entry = &self.books.entries[at];
            match entry.part {
                Part::CarvedOut { bps, .. } => {
                    carved.push((at, entry.amount));
                    carved_bps = bps;
                }
                _ => own.push((at, entry.amount)),
            }
        }
        let sum = |of: &[(usize, i64)]| of.iter().map(|(_, amount)| amount).sum();
        let before = BeforeCap {
            own: sum(&own),
            carved: sum(&carved),
            carved_bps,
        };
        let group = self.group_of(&self.books.entries[its[0]]);
        let counts =
            |at: usize, entry: &Entry| self.group_of(entry) == group && !waiting.contains(&at);
        let all = self.books.entries.iter().enumerate();
        let counted = all.filter(|(at, entry)| counts(*at, entry));
        let earned: i64 = counted.map(|(_, entry)| entry.amount).sum();
        let (off, borne) = R::beyond(cap, earned, before);
        for (of, minor) in [(own, off), (carved, borne)] {
            let newest: Vec<(usize, i64)> = of.into_iter().rev().collect();
            for (at, minor) in R::take_back(&newest, minor) {
                self.books.entries.push(Entry {
                    does: Does::Caps,
                    caps: Some(at),
                    reverses: None,
                    amount: minor,
                    base: 0,
                    ..self.books.entries[at].clone()
                });
            }
        }
    }

    // Time.

    fn pass(&mut self, days: u32) {
        self.today = self.today + Days::new(u64::from(days));
        let all: Vec<usize> = (0..self.books.subs.len()).collect();
        self.bill(&all, self.today);
        for at in all {
            let sub = &mut self.books.subs[at];
            let is_over = sub.ends_on.is_some_and(|end| end <= self.today);
            if is_over && !sub.is_canceled {
                sub.is_canceled = true;
                self.claw_back(at);
            }
        }
    }

    fn close(&mut self) -> Told {
        let month = self.first_open;
        if month_of(self.today) <= month {
            return Err(Refused);
        }
        let all: Vec<usize> = (0..self.books.subs.len()).collect();
        self.bill(&all, first_of(month + 1).pred_opt().unwrap());
        self.settle_steps(month);
        self.fill_up(month);
        for partner in 0..PARTNERS {
            self.state(month, partner);
        }
        self.first_open += 1;
        Ok(())
    }

    fn state(&mut self, month: Month, partner: usize) {
        let last = self
            .books
            .statements
            .iter()
            .rfind(|one| one.partner == partner);
        let opening = last.map_or(0, |one| one.closing);
        let (mut blocks, mut lines) = ([0; 4], 0);
        for entry in &mut self.books.entries {
            if entry.who != partner
                || entry.stated.is_some()
                || !R::is_due(entry.matures_on, entry.posted, month)
            {
                continue;
            }
            blocks[R::block(entry.does, month_of(entry.paid_on), entry.posted)] += entry.amount;
            entry.stated = Some(month);
            lines += 1;
        }
        for one in &mut self.books.beside {
            let is_due = R::is_due(one.on, one.posted, month);
            if one.who == partner && one.stated.is_none() && is_due {
                blocks[R::block(one.does, month_of(one.on), one.posted)] += one.amount;
                one.stated = Some(month);
                lines += 1;
            }
        }
        for one in &mut self.books.rewards {
            let is_due = R::is_due(one.matures_on, one.posted, month);
            if one.who == partner && one.stated.is_none() && is_due {
                blocks[R::block(one.does, month_of(one.paid_on), one.posted)] += one.amount;
                one.stated = Some(month);
                lines += 1;
            }
        }
        for one in &mut self.books.stepped {
            let is_due = R::is_due(one.matures_on, one.posted, month);
            if one.who == partner && one.stated.is_none() && is_due {
                blocks[R::block(Does::Steps, one.posted, one.posted)] += one.amount;
                one.stated = Some(month);
                lines += 1;
            }
        }
        if lines == 0 && opening == 0 {
            return;
        }
        let total = blocks.iter().sum();
        let (payout, closing) = R::settle(opening, total, self.terms.minimum);
        self.books.statements.push(Statement {
            month,
            partner,
            opening,
            blocks,
            lines,
            payout,
            closing,
        });
    }

    // Recurring revenue.

    /// What a subscription brings a month on a day.
    pub fn revenue(&self, sub: usize, day: NaiveDate) -> i64 {
        let of = &self.books.subs[sub];
        if day < of.charged_from || of.ends_on.is_some_and(|end| end <= day) {
            return 0;
        }
        let mut index = 0;
        while self.whole(sub, index).to <= day {
            index += 1;
        }
        // The last that was said of a day holds.
        let said = of.history.iter().rfind(|(since, ..)| *since <= day);
        let (_, seats, plan) = *said.unwrap();
        if seats == 0 {
            return 0;
        }
        let whole = self.whole(sub, index);
        let charged = Charged {
            prices: &self.terms.plans[plan].prices,
            seats,
            discounts: &of.discounts,
            index,
            whole,
            served: whole,
        };
        R::monthly(&charged, self.months(sub))
    }

    fn movements(&self) -> Vec<Movements> {
        let first = month_of(self.terms.today) - 3;
        let ends: Vec<NaiveDate> = (first - 1..=month_of(self.today))
            .map(|month| first_of(month + 1).pred_opt().unwrap())
            .collect();
        let customer = |which| {
            let subs: Vec<usize> = (0..self.books.subs.len())
                .filter(|at| self.books.subs[*at].customer == which)
                .collect();
            let at = |day: &NaiveDate| subs.iter().map(|sub| self.revenue(*sub, *day)).sum();
            ends.iter().map(at).collect()
        };
        let customers: Vec<Vec<i64>> = (0..CUSTOMERS).map(customer).collect();
        R::movements(first, &customers)
    }
}
