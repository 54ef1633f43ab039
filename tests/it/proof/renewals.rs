//! The bonus on a renewed term: a share of what the term is worth, once its first invoice is paid,
//! if it is worth enough of the one before.
use chrono::NaiveDate;
use proptest::prelude::*;

use super::{
    exact::Exact,
    facts::partner_of,
    rewards::{By, Reward},
    rules::{Charged, Does, Rules, month_of},
    slow::{bps, later},
    teller::{Invoice, Line, Teller},
};

/// What is promised for renewed terms, in basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewal {
    pub bps: i32,
    /// What the term has to be worth of the one before.
    pub kept_bps: u32,
    /// For how many days from the term's first something goes back.
    pub days: u32,
    pub is_full: bool,
}

pub fn renewals() -> impl Strategy<Value = Option<Renewal>> {
    let renewal = (
        1i32..=3_000,
        prop::sample::select(vec![0u32, 0, 5_000, 9_500, 10_000, 15_000]),
        prop::sample::select(vec![0u32, 1, 30, 90, 90]),
        any::<bool>(),
    );
    let renewal = renewal.prop_map(|(bps, kept_bps, days, is_full)| Renewal {
        bps,
        kept_bps,
        days,
        is_full,
    });
    prop::option::weighted(0.8, renewal)
}

/// A term that a subscription was renewed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// How often it was, this time included.
    pub count: u32,
    /// The first day of the term before.
    pub before: NaiveDate,
    /// Periods of the term.
    pub periods: u32,
}

/// Period by period: a term begins with the first that starts when the one before is over.
pub(super) fn renewed(
    anchor: NaiveDate,
    (months, term): (u32, u32),
    day: NaiveDate,
) -> Option<Renewed> {
    let starts = |index: u32| later(anchor, months * index);
    let (mut count, mut before, mut first) = (0, 0, 0);
    let mut next = 0;
    loop {
        while starts(next) < later(anchor, term * (count + 1)) {
            next += 1;
        }
        if starts(first) >= day {
            break;
        }
        (count, before, first) = (count + 1, first, next);
    }
    let is_it = count > 0 && starts(first) == day;
    is_it.then(|| Renewed {
        count,
        before: starts(before),
        periods: next - first,
    })
}

pub(super) fn bonus(terms: &Renewal, before: i64, now: i64) -> i64 {
    let kept = Exact::part(before, i64::from(terms.kept_bps), 10_000);
    match Exact::whole(now) >= kept {
        true => (Exact::whole(now) * bps(terms.bps)).nearest(),
        false => 0,
    }
}

impl<R: Rules> Teller<'_, R> {
    /// An invoice is paid, or nothing is to come for it any more: the terms whose first invoice it
    /// is have been renewed.
    pub fn renew(&mut self, invoice: usize, on: NaiveDate) {
        let of = &self.books.invoices[invoice];
        let (sub, who) = (of.sub, partner_of(of.customer));
        let Some(terms) = self
            .terms
            .clauses
            .renewal
            .filter(|_| R::is_paid(&of.money()))
        else {
            return;
        };
        let mut days: Vec<NaiveDate> = ahead(of).map(|line| line.service.from).collect();
        days.dedup();
        for from in days {
            let months = (self.months(sub), self.terms.term(self.months(sub)));
            let Some(term) = R::renewed(self.books.subs[sub].anchor, months, from) else {
                continue;
            };
            let by = By::Renewal {
                count: term.count,
                from,
            };
            let is_first = self.first_of(sub, from) == Some(invoice);
            if !is_first || self.is_renewed(sub, by) {
                continue;
            }
            let worth = |day| self.worth_as_of(sub, day) * i64::from(term.periods);
            let before = term.before.max(self.books.subs[sub].charged_from);
            let amount = R::bonus(&terms, worth(before), worth(from));
            if amount == 0 {
                continue;
            }
            self.books.rewards.push(Reward {
                by,
                sub,
                invoice,
                who,
                does: Does::Renews,
                amount,
                paid_on: on,
                matures_on: R::matures(on, self.terms.hold_days),
                posted: R::posting(on, self.first_open),
                earned: month_of(from),
                reverses: None,
                is_refund: false,
                stated: None,
            });
        }
    }

    /// Whether the bonus on a term was paid, and the money has not gone back.
    fn is_renewed(&self, sub: usize, by: By) -> bool {
        let all = &self.books.rewards;
        let is_back = |at| {
            let mut backs = all.iter();
            backs.any(|one| one.reverses == Some(at) && one.is_refund)
        };
        let mut paid = all.iter().enumerate();
        paid.any(|(at, one)| {
            one.reverses.is_none() && (one.sub, one.by) == (sub, by) && !is_back(at)
        })
    }

    /// The first invoice that charges for a term, given its first day, but for what was credited
    /// altogether.
    fn first_of(&self, sub: usize, day: NaiveDate) -> Option<usize> {
        self.books.invoices.iter().position(|one| {
            let mut lines = ahead(one).filter(|line| line.service.from == day);
            one.sub == sub && lines.any(|line| line.net == 0 || line.credited < line.net)
        })
    }

    /// What a whole period charges for what partners earn on, as on a day: nothing in a pause.
    fn worth_as_of(&self, sub: usize, day: NaiveDate) -> i64 {
        let of = &self.books.subs[sub];
        let said = of.history.iter().rfind(|(since, ..)| *since <= day);
        let (_, seats, plan) = *said.unwrap();
        if seats == 0 {
            return 0;
        }
        let mut index = 0;
        while self.whole(sub, index).to <= day {
            index += 1;
        }
        let whole = self.whole(sub, index);
        let prices = &self.terms.plans[plan].prices;
        let each = R::standing(&Charged {
            prices,
            seats,
            discounts: &of.discounts,
            index,
            whole,
            served: whole,
        });
        let earning = prices.iter().zip(each).filter(|(price, _)| price.earns);
        earning.map(|(_, net)| net).sum()
    }
}

/// What an invoice charges in advance.
fn ahead(invoice: &Invoice) -> impl Iterator<Item = &Line> {
    let all = invoice.lines.iter();
    all.filter(|line| !line.is_once && line.used.is_none())
}
