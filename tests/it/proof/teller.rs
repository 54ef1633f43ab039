//! Tells a history: who is sold what, what is billed, paid, given back, earned, stated. The order
//! of things is told here once, in plain lists; every amount and every day is asked of the rules.
use std::marker::PhantomData;

use chrono::{Days, NaiveDate, TimeDelta};

use super::{
    facts::{CUSTOMERS, Discount, Fact, PARTNERS, Terms, partner_of},
    rules::{Charged, Earning, Money, Month, Movements, Rules, Span, Taxed, first_of, month_of},
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
    pub changed_on: NaiveDate,
    pub discounts: Vec<Discount>,
    /// Seats, each from a day on.
    pub history: Vec<(NaiveDate, u32)>,
}

/// What was charged for days of one price, and what is left to be credited of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub sub: usize,
    pub price: usize,
    pub index: u32,
    pub service: Span,
    pub seats: u32,
    pub amount: i64,
    pub credited: i64,
    /// Of the amount, what the segment it replaces had paid for.
    pub carried: i64,
    pub replaces: Option<usize>,
    /// Invoice and line that charged for it.
    pub line: Option<(usize, usize)>,
    pub is_newest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub service: Span,
    pub net: i64,
    pub off: i64,
    pub credited: i64,
    pub commission: i64,
    pub is_once: bool,
    /// The clause and its rate, where a partner earns on it.
    pub clause: Option<(i64, i32)>,
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
    pub lines: Vec<Line>,
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
            paid: self.paid - (self.credited - self.reduced),
            refunded: self.refunded,
            credited: self.credited,
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub invoice: usize,
    pub line: usize,
    pub reverses: Option<usize>,
    pub amount: i64,
    pub base: i64,
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
    pub blocks: [i64; 3],
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
    pub statements: Vec<Statement>,
    pub high_since: [Option<NaiveDate>; PARTNERS],
    pub movements: Vec<Movements>,
}

pub struct Teller<'a, R> {
    pub terms: &'a Terms,
    pub today: NaiveDate,
    pub first_open: Month,
    pub books: Books,
    rules: PhantomData<R>,
}

/// Refused: the history goes on without it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused;

type Told = Result<(), Refused>;

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
            Fact::CancelNow { which, ago } => self.cancel_now(self.sub(which)?, self.ago(ago)),
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

    fn months(&self, sub: usize) -> u32 {
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
            changed_on: starts_on,
            discounts: Vec::new(),
            history: vec![(starts_on, seats)],
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
            let made: Vec<Option<usize>> = due.into_iter().map(|at| self.bill_next(at)).collect();
            for invoice in made.into_iter().flatten() {
                self.use_credits(invoice);
            }
        }
    }

    fn bill_next(&mut self, sub: usize) -> Option<usize> {
        let index = self.books.subs[sub].next;
        let service = self.charged(sub, index);
        let ends = |from: NaiveDate, of: &Sub| of.ends_on.is_some_and(|end| end <= from);
        let of = &mut self.books.subs[sub];
        if ends(service.from, of) {
            of.next_on = None;
            return None;
        }
        of.next += 1;
        of.next_on = Some(service.to).filter(|next| !ends(*next, of));
        let amounts = self.ahead(sub, index, service);
        let plan = &self.terms.plans[self.books.subs[sub].plan];
        let clause = self.clause(sub, index, service);
        let invoice = self.books.invoices.len();
        let mut lines = Vec::new();
        let blank = |net, off, earns| Line {
            service,
            net,
            off,
            credited: 0,
            commission: 0,
            is_once: false,
            clause: Some(clause).filter(|_| earns),
        };
        for (at, (price, (list, off))) in plan.prices.iter().zip(amounts).enumerate() {
            if price.is_once() {
                continue;
            }
            let seats = self.books.subs[sub].seats;
            self.books.segments.push(Segment {
                sub,
                price: at,
                index,
                service,
                seats,
                amount: list - off,
                credited: 0,
                carried: 0,
                replaces: None,
                line: Some((invoice, lines.len())),
                is_newest: true,
            });
            lines.push(blank(list - off, off, price.earns));
        }
        for price in plan
            .prices
            .iter()
            .filter(|price| price.is_once() && index == 0)
        {
            lines.push(Line {
                is_once: true,
                ..blank(R::once(price), 0, price.earns)
            });
        }
        // Where only the first period charges anything, the later ones bring no invoice.
        if lines.is_empty() {
            return None;
        }
        Some(self.issue(sub, service.from, lines))
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

    /// What a whole period comes to for so many seats, after discounts.
    pub fn worth(&self, sub: usize, index: u32, seats: u32) -> i64 {
        let of = &self.books.subs[sub];
        let whole = self.whole(sub, index);
        let ahead = R::ahead(&Charged {
            prices: &self.terms.plans[of.plan].prices,
            seats,
            discounts: &of.discounts,
            index,
            whole,
            served: whole,
        });
        ahead.iter().map(|(list, off)| list - off).sum()
    }

    fn clause(&self, sub: usize, index: u32, service: Span) -> (i64, i32) {
        let of = &self.books.subs[sub];
        let since = self.books.high_since[partner_of(of.customer)];
        let is_high = since.is_some_and(|since| since <= service.from);
        let from = (of.anchor, self.months(sub));
        R::clause(self.terms.rates, is_high, index, from)
    }

    fn issue(&mut self, sub: usize, issued_on: NaiveDate, lines: Vec<Line>) -> usize {
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
            lines,
        });
        let made = self.books.invoices.len() - 1;
        if self.books.invoices[made].total() == 0 {
            self.accrue(made, issued_on);
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
        found.sort_by_key(|at| (segments[*at].price, segments[*at].index));
        found
    }

    fn change(&mut self, sub: usize, seats: u32, on: NaiveDate) -> Told {
        self.live(sub)?;
        if self.books.subs[sub].seats == seats {
            return Err(Refused);
        }
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let of = &mut self.books.subs[sub];
        of.seats = seats;
        of.changed_on = of.changed_on.max(on);
        of.history.push((on, seats));
        let mut turns = Vec::new();
        for at in self.standing(sub) {
            let old = self.books.segments[at].clone();
            let of = &self.books.subs[sub];
            let counts = self.terms.plans[of.plan].prices[old.price].counts_seats();
            // A fixed discount is spread over all prices: its parts shift with any of them.
            let is_shared = of.discounts.iter().any(|one| one.is_fixed_in(old.index));
            if old.service.to <= on || !(counts || is_shared) {
                continue;
            }
            let rest = old.service.from(on);
            let back = R::unused((old.service, old.amount), old.credited, rest.from);
            let (list, off) = self.ahead(sub, old.index, rest)[old.price];
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
            let like = self.books.invoices[of].lines[line].clause;
            let line = |net, off| Line {
                service,
                net,
                off,
                credited: 0,
                commission: 0,
                is_once: false,
                clause: like,
            };
            if back != 0 {
                lines.push(line(-back, 0));
            }
            self.books.segments[at].credited += back;
            self.replace(at, service, (more, back), Some((invoice, lines.len())));
            lines.push(line(more, off));
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
                unused.push((at, back - more));
            }
        }
        self.credit(sub, &unused);
    }

    /// Credits what was charged and not used to the lines that charged it, newest first.
    fn credit(&mut self, sub: usize, unused: &[(usize, i64)]) {
        let mut touched: Vec<(usize, i64)> = Vec::new();
        let (mut net, mut tax) = (0, 0);
        for &(segment, wanted) in unused {
            let (mut at, mut wanted) = (Some(segment), wanted);
            while let Some(found) = at.map(|at| self.books.segments[at].clone()) {
                at = found.replaces;
                let Some((invoice, line)) = found.line else {
                    continue;
                };
                let own = (found.amount - found.carried).max(0);
                let before = self.books.invoices[invoice].credited;
                let part = self.creditable(invoice, line, own).min(wanted).max(0);
                if part == 0 {
                    continue;
                }
                let back = self.tax_back(invoice, part);
                self.books.invoices[invoice].credited += part + back;
                self.books.invoices[invoice].lines[line].credited += part;
                (net, tax, wanted) = (net + part, tax + back, wanted - part);
                if touched.iter().all(|(known, _)| *known != invoice) {
                    touched.push((invoice, before));
                }
            }
        }
        if touched.is_empty() {
            return;
        }
        touched.sort_unstable();
        let (mut reduces, mut rest) = (0, 0);
        for &(invoice, before) in &touched {
            let invoice = &mut self.books.invoices[invoice];
            let (less, more) = R::dispose(invoice.credited - before, invoice.due());
            invoice.reduced += less;
            (reduces, rest) = (reduces + less, rest + more);
        }
        let customer = self.books.subs[sub].customer;
        self.books.notes.push(Note {
            customer,
            net,
            tax,
            reduces,
            credit: rest,
            invoices: touched.iter().map(|(invoice, _)| *invoice).collect(),
        });
        if rest > 0 {
            self.books.credits.push(Credit {
                customer,
                payment: None,
                note: Some(self.books.notes.len() - 1),
                amount: rest,
                left: rest,
                arisen_on: self.today,
            });
        }
        for (invoice, _) in touched {
            self.accrue(invoice, self.today);
        }
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

    fn cancel_now(&mut self, sub: usize, on: NaiveDate) -> Told {
        self.live(sub)?;
        self.check_day(sub, on)?;
        self.bill(&[sub], on.pred_opt().unwrap());
        let of = &mut self.books.subs[sub];
        (of.is_canceled, of.ends_on, of.next_on) = (true, Some(on), None);
        of.changed_on = of.changed_on.max(on);
        let mut unused = Vec::new();
        for at in self.standing(sub) {
            let segment = &mut self.books.segments[at];
            let back = R::unused((segment.service, segment.amount), segment.credited, on);
            if back > 0 {
                segment.credited += back;
                unused.push((at, back));
            }
        }
        self.credit(sub, &unused);
        Ok(())
    }

    fn cancel_later(&mut self, sub: usize) -> Told {
        self.live(sub)?;
        if self.books.subs[sub].ends_on.is_some() {
            return Err(Refused);
        }
        self.bill(&[sub], self.today);
        let end = self.charged(sub, self.books.subs[sub].next).from;
        let of = &mut self.books.subs[sub];
        (of.ends_on, of.next_on) = (Some(end), None);
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
            .filter(|at| of.lines[*at].clause.is_some_and(|(_, rate)| rate > 0))
            .collect();
        let earning = |at: &usize| {
            let line = &of.lines[*at];
            let (clause, rate_bps) = line.clause.unwrap();
            Earning {
                net: line.net,
                credited: line.credited,
                clause,
                rate_bps,
                posted: line.commission,
                posted_base: self.posted(invoice, *at).map(|(_, entry)| entry.base).sum(),
            }
        };
        let earning: Vec<Earning> = lines.iter().map(earning).collect();
        let changes = R::accrue(&of.money(), &earning);
        for (line, (amount, base)) in lines.into_iter().zip(changes) {
            if amount != 0 {
                self.post((invoice, line), (amount, base), on);
            }
        }
    }

    fn posted(&self, invoice: usize, line: usize) -> impl Iterator<Item = (usize, &Entry)> {
        let entries = self.books.entries.iter().enumerate();
        entries.filter(move |(_, entry)| (entry.invoice, entry.line) == (invoice, line))
    }

    fn post(&mut self, (invoice, line): (usize, usize), (amount, base): (i64, i64), on: NaiveDate) {
        let of = &mut self.books.invoices[invoice].lines[line];
        of.commission += amount;
        let (sign, earned) = (of.net.signum(), month_of(of.service.from));
        let posted = R::posting(on, self.first_open);
        let entry = |amount, base, matures_on, reverses| Entry {
            invoice,
            line,
            reverses,
            amount,
            base,
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
                .push(entry(amount, base, matures_on, None));
            return;
        }
        let mut open: Vec<(usize, i64)> = self
            .posted(invoice, line)
            .filter(|(_, entry)| entry.reverses.is_none())
            .map(|(at, entry)| {
                let back = self.posted(invoice, line);
                let back = back.filter(|(_, other)| other.reverses == Some(at));
                let back: i64 = back.map(|(_, other)| other.amount).sum();
                (at, (entry.amount + back) * sign)
            })
            .collect();
        open.reverse();
        let parts = R::take_back(&open, -amount.abs());
        let taken: i64 = parts.iter().map(|(_, part)| part).sum();
        assert_eq!(taken, -amount.abs(), "more is taken back than was earned");
        let weights: Vec<i64> = parts.iter().map(|(_, part)| part.abs()).collect();
        let bases = R::by_weight(base, &weights);
        for ((at, part), base) in parts.into_iter().zip(bases) {
            let matures_on = R::reversal_matures(on, self.books.entries[at].matures_on);
            self.books
                .entries
                .push(entry(part * sign, base, matures_on, Some(at)));
        }
    }

    // Time.

    fn pass(&mut self, days: u32) {
        self.today = self.today + Days::new(u64::from(days));
        let all: Vec<usize> = (0..self.books.subs.len()).collect();
        self.bill(&all, self.today);
        for sub in &mut self.books.subs {
            let is_over = sub.ends_on.is_some_and(|end| end <= self.today);
            sub.is_canceled |= is_over;
        }
    }

    fn close(&mut self) -> Told {
        let month = self.first_open;
        if month_of(self.today) <= month {
            return Err(Refused);
        }
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
        let invoices = &self.books.invoices;
        let (mut blocks, mut lines) = ([0; 3], 0);
        for entry in &mut self.books.entries {
            let is_theirs = partner_of(invoices[entry.invoice].customer) == partner;
            if !is_theirs
                || entry.stated.is_some()
                || !R::is_due(entry.matures_on, entry.posted, month)
            {
                continue;
            }
            let is_reversal = entry.reverses.is_some();
            blocks[R::block(is_reversal, month_of(entry.paid_on), entry.posted)] += entry.amount;
            entry.stated = Some(month);
            lines += 1;
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
        let said = of.history.iter().rfind(|(since, _)| *since <= day);
        let whole = self.whole(sub, index);
        let charged = Charged {
            prices: &self.terms.plans[of.plan].prices,
            seats: said.unwrap().1,
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
