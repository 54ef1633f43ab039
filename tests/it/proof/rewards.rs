//! SPIFFs: what is paid once for a new subscription, and what goes back of it when the customer
//! leaves early or has all the money back.
use chrono::{Days, NaiveDate, TimeDelta};
use proptest::prelude::*;

use super::{
    exact::Exact,
    facts::{first_day, partner_of},
    rules::{Does, Month, Rules, Span, month_of},
    slow::days,
    teller::Teller,
};

/// What is promised for each subscription that begins within some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spiff {
    pub from: NaiveDate,
    /// The last of them.
    pub until: NaiveDate,
    pub minor: i64,
    /// How many count for a partner.
    pub most: Option<u32>,
    /// For how many days after the first one charged something goes back.
    pub days: u32,
    pub is_full: bool,
}

pub fn spiffs() -> impl Strategy<Value = Vec<Spiff>> {
    let spiff = (
        -60i64..120,
        0u64..200,
        1i64..1_000,
        prop::option::weighted(0.5, 1u32..4),
        prop::sample::select(vec![0u32, 1, 45, 180]),
        any::<bool>(),
    );
    let spiff = spiff.prop_map(|(after, long, minor, most, days, is_full)| {
        let from = first_day() + TimeDelta::days(after);
        Spiff {
            from,
            until: from + Days::new(long),
            minor,
            most,
            days,
            is_full,
        }
    });
    prop::collection::vec(spiff, 0..3)
}

/// What promises that something goes back.
#[derive(Debug, Clone, Copy)]
pub struct Back {
    /// Of so much, in minor units.
    pub minor: i64,
    pub days: u32,
    pub is_full: bool,
}

/// By which promise something is paid once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A SPIFF, by its place.
    Spiff(usize),
    /// The term that a subscription was renewed for so many times, from a day on.
    Renewal { count: u32, from: NaiveDate },
}

/// What was paid for a subscription, or went back of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    pub by: By,
    pub sub: usize,
    /// The invoice whose payment brought it.
    pub invoice: usize,
    pub who: usize,
    pub does: Does,
    pub amount: i64,
    pub paid_on: NaiveDate,
    pub matures_on: NaiveDate,
    pub posted: Month,
    pub earned: Month,
    /// What it takes back.
    pub reverses: Option<usize>,
    /// Because all that was paid went back, not because the customer left.
    pub is_refund: bool,
    pub stated: Option<Month>,
}

/// What one subscription more is worth to a partner that has so many.
pub(super) fn reward(spiff: &Spiff, begins: NaiveDate, before: u32) -> i64 {
    let window = Span {
        from: spiff.from,
        to: spiff.until.succ_opt().unwrap(),
    };
    let is_one_more = spiff.most.is_none_or(|most| before < most);
    let counts = is_one_more && days(window).contains(&begins);
    if counts { spiff.minor } else { 0 }
}

/// What goes back now, zero or more: all of it, or the part of the days that were not served, less
/// what went for leaving before, and never more than is left.
pub(super) fn clawed(
    back: &Back,
    (since, ended): (NaiveDate, NaiveDate),
    (left, gone): (i64, i64),
) -> i64 {
    let promised = Span {
        from: since,
        to: since + Days::new(u64::from(back.days)),
    };
    let all = days(promised);
    let missed = all.iter().filter(|day| **day >= ended).count();
    let many = |days: usize| i64::try_from(days).unwrap();
    let owed = match missed {
        0 => 0,
        _ if back.is_full => back.minor,
        _ => Exact::part(back.minor, many(missed), many(all.len())).nearest(),
    };
    (owed - gone).min(left).max(0)
}

impl<R: Rules> Teller<'_, R> {
    /// Cash came in for an invoice: its subscription's SPIFFs are due that are not paid yet.
    pub fn reward(&mut self, invoice: usize, on: NaiveDate) {
        let of = &self.books.invoices[invoice];
        let (sub, who, money) = (of.sub, partner_of(of.customer), of.money());
        if money.paid <= money.refunded {
            return;
        }
        for (spiff, terms) in self.terms.clauses.spiffs.iter().enumerate() {
            let standing = self.standing_rewards(spiff);
            if standing.iter().any(|(of, _)| *of == sub) {
                continue;
            }
            let before = standing.iter().filter(|(_, to)| *to == who).count();
            let begins = self.books.subs[sub].starts_on;
            let amount = R::reward(terms, begins, u32::try_from(before).unwrap());
            if amount == 0 {
                continue;
            }
            self.books.rewards.push(Reward {
                by: By::Spiff(spiff),
                sub,
                invoice,
                who,
                does: Does::Rewards,
                amount,
                paid_on: on,
                matures_on: R::matures(on, self.terms.hold_days),
                posted: R::posting(on, self.first_open),
                earned: month_of(on),
                reverses: None,
                is_refund: false,
                stated: None,
            });
        }
    }

    /// For which subscriptions a SPIFF was paid to whom, but where the money went back.
    pub fn standing_rewards(&self, spiff: usize) -> Vec<(usize, usize)> {
        let all = self.books.rewards.iter().enumerate();
        let is_back = |at: usize| {
            let mut all = self.books.rewards.iter();
            all.any(|one| one.reverses == Some(at) && one.is_refund)
        };
        all.filter(|(at, one)| {
            one.by == By::Spiff(spiff) && one.reverses.is_none() && !is_back(*at)
        })
        .map(|(_, one)| (one.sub, one.who))
        .collect()
    }

    /// What went back of a reward; for leaving alone, or for whatever reason.
    pub fn went_back(&self, reward: usize, for_leaving: bool) -> i64 {
        let its = self.books.rewards.iter();
        let its = its.filter(|one| one.reverses == Some(reward) && !(for_leaving && one.is_refund));
        its.map(|one| -one.amount).sum()
    }

    /// The customer has left.
    pub fn claw_back(&mut self, sub: usize) {
        let of = &self.books.subs[sub];
        let (since, ended) = (of.charged_from, of.ends_on.unwrap());
        if of.is_vendors_fault {
            return;
        }
        for at in 0..self.books.rewards.len() {
            let one = &self.books.rewards[at];
            if one.sub != sub || one.reverses.is_some() {
                continue;
            }
            let (back, since) = self.promise(one, since);
            let left = one.amount - self.went_back(at, false);
            let gone = self.went_back(at, true);
            let minor = R::clawed(&back, (since, ended), (left, gone));
            self.take_reward_back(at, minor, (ended, false));
        }
    }

    /// What goes back of something, and since when its days count, given when a subscription's do.
    fn promise(&self, one: &Reward, charged_from: NaiveDate) -> (Back, NaiveDate) {
        let (days, is_full, since) = match one.by {
            By::Spiff(spiff) => {
                let spiff = &self.terms.clauses.spiffs[spiff];
                (spiff.days, spiff.is_full, charged_from)
            }
            By::Renewal { from, .. } => {
                let terms = self.terms.clauses.renewal.unwrap();
                (terms.days, terms.is_full, from)
            }
        };
        let back = Back {
            minor: one.amount,
            days,
            is_full,
        };
        (back, since)
    }

    /// Money of an invoice went back: with the last of it, what its payment had brought.
    pub fn follow_refund(&mut self, invoice: usize) {
        let of = &self.books.invoices[invoice];
        let money = of.money();
        let is_gone = money.paid > 0 && money.paid == money.refunded;
        if !is_gone || self.books.subs[of.sub].is_vendors_fault {
            return;
        }
        self.take_all_back(invoice);
    }

    /// A note was made by hand: where nothing is left of what was paid, its rewards go too.
    pub fn follow_note(&mut self, invoice: usize) {
        let of = &self.books.invoices[invoice];
        let money = of.money();
        let is_left =
            money.total == 0 || (money.total > money.credited && money.paid > money.refunded);
        if of.paid == 0 || is_left || self.books.subs[of.sub].is_vendors_fault {
            return;
        }
        self.take_all_back(invoice);
    }

    fn take_all_back(&mut self, invoice: usize) {
        for at in 0..self.books.rewards.len() {
            let one = &self.books.rewards[at];
            if one.invoice == invoice && one.reverses.is_none() {
                let left = one.amount - self.went_back(at, false);
                self.take_reward_back(at, left, (self.today, true));
            }
        }
    }

    fn take_reward_back(&mut self, at: usize, minor: i64, (on, is_refund): (NaiveDate, bool)) {
        if minor == 0 {
            return;
        }
        let paid = self.books.rewards[at].clone();
        // Never before it was paid.
        let on = on.max(paid.paid_on);
        self.books.rewards.push(Reward {
            does: Does::ClawsBack,
            amount: -minor,
            paid_on: on,
            matures_on: R::reversal_matures(on, paid.matures_on),
            posted: R::posting(on, self.first_open),
            reverses: Some(at),
            is_refund,
            stated: None,
            ..paid
        });
    }
}
