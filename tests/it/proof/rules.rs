//! The questions that a history asks of the rules: answered once by the model, once by the engine.
use chrono::{Datelike, NaiveDate};

use super::beside::Floor;
use super::exact::Exact;
use super::facts::{Above, Discount, Goes, Price, Terms};
use super::renewals::{Renewal, Renewed};
use super::rewards::{Back, Spiff};
use super::steps::{Item, Steps};

/// Days, the last one left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: NaiveDate,
    pub to: NaiveDate,
}

impl Span {
    pub fn from(self, day: NaiveDate) -> Self {
        Self {
            from: day.max(self.from).min(self.to),
            ..self
        }
    }
}

/// A month as a number: one more is the next.
pub type Month = i32;

pub fn month_of(day: NaiveDate) -> Month {
    day.year() * 12 + i32::try_from(day.month0()).unwrap()
}

pub fn first_of(month: Month) -> NaiveDate {
    let month0 = u32::try_from(month % 12).unwrap();
    NaiveDate::from_ymd_opt(month / 12, month0 + 1, 1).unwrap()
}

/// What is to be charged ahead: everything of a period, or the rest of it.
#[derive(Debug, Clone, Copy)]
pub struct Charged<'a> {
    pub prices: &'a [Price],
    pub seats: u32,
    pub discounts: &'a [Discount],
    pub index: u32,
    pub whole: Span,
    pub served: Span,
}

/// What a clause is looked up for: a period of a subscription. Periods are so many months long,
/// counted from the anchor; months that a clause pays for are counted from the first day charged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub terms: &'a Terms,
    pub is_high: bool,
    pub index: u32,
    pub anchor: NaiveDate,
    pub months: u32,
    pub since: NaiveDate,
    pub service: Span,
    pub whole: Span,
}

/// Days that earn, of all that count; one of one where all of them do.
pub type Share = (i64, i64);

/// What a clause pays: a rate of what is charged, or an amount for each unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earns {
    pub clause: i64,
    pub rate: i32,
    pub unit: i64,
    /// The first day that earns nothing.
    pub until: Option<NaiveDate>,
    pub share: Share,
}

impl Earns {
    pub fn is_something(&self) -> bool {
        self.rate > 0 || self.unit > 0
    }
}

/// An invoice's money: its total, the cash that is still here, what was given back, what credit
/// notes took off.
#[derive(Debug, Clone, Copy)]
pub struct Money {
    pub total: i64,
    pub paid: i64,
    pub refunded: i64,
    pub credited: i64,
}

/// What somebody gets of what a line earns, in basis points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Whole,
    /// A share of the commission, less what a distributor takes out of that.
    Split {
        share: i32,
        carved: i32,
    },
    /// A distributor's, of the revenue.
    OnRevenue(i32),
    /// A distributor's, of what its seller gets of the commission.
    CarvedOut {
        bps: i32,
        of: i32,
    },
}

impl Part {
    pub fn is_distributors(self) -> bool {
        matches!(self, Self::OnRevenue(_) | Self::CarvedOut { .. })
    }
}

/// What an entry does: earns, takes back, takes off what is beyond a cap, or gives some of that
/// back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Does {
    Earns,
    Reverses,
    Caps,
    Frees,
    /// Given or taken by hand.
    Adjusts,
    /// Fills up to the least that a month brings.
    Fills,
    /// Is paid once for a new subscription.
    Rewards,
    /// Is paid for a renewed term.
    Renews,
    /// Takes some of that back.
    ClawsBack,
    /// Is brought or taken off by steps.
    Steps,
}

/// Who gets what of a line, and what they have of it with its base.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    pub who: usize,
    pub part: Part,
    pub posted: i64,
    pub posted_base: i64,
}

/// A line that earns.
#[derive(Debug, Clone)]
pub struct Earning {
    pub net: i64,
    pub credited: i64,
    /// Of that, what leaves the commission as it was.
    pub protected: i64,
    pub clause: i64,
    pub rate_bps: i32,
    /// What each of its units pays in place of the rate.
    pub unit: i64,
    pub units: u32,
    pub service: Span,
    pub until: Option<NaiveDate>,
    pub share: Share,
    /// What was credited, and for which days; what leaves the commission as it was is not among it.
    pub credits: Vec<(Span, i64)>,
    pub claims: Vec<Claim>,
}

/// What is about to be earned on a line under a cap, and the distributor's rate of both.
#[derive(Debug, Clone, Copy)]
pub struct BeforeCap {
    pub own: i64,
    pub carved: i64,
    pub carved_bps: i32,
}

/// What an invoice or a line charged with its tax, and what was credited of both.
#[derive(Debug, Clone, Copy)]
pub struct Taxed {
    pub net: i64,
    pub tax: i64,
    pub credited_net: i64,
    pub credited_tax: i64,
}

/// A month of recurring revenue: start, new, expansion, reactivation, contraction, churn, end, and
/// the customers at the start, lost, and at the end.
pub type Movements = [i64; 10];

pub trait Rules {
    /// The first day charged, and the day periods are counted from.
    fn opening(
        starts_on: NaiveDate,
        trial_days: u32,
        anchor_day: Option<u32>,
    ) -> (NaiveDate, NaiveDate);
    fn period(anchor: NaiveDate, months: u32, index: u32) -> Span;
    /// List price and discount of each price.
    fn ahead(charged: &Charged<'_>) -> Vec<(i64, i64)>;
    fn once(price: &Price) -> i64;
    /// What the usage of some days comes to in all, given each that was reported, with its day.
    fn used(price: &Price, service: Span, events: &[(NaiveDate, i64)]) -> i64;
    fn monthly(charged: &Charged<'_>, months: u32) -> i64;
    /// The clause that holds and what it pays. The terms' rates are those of the first period,
    /// recurring, renewal and the higher tier; without a rate of its own that has no clause.
    fn clause(case: &Case<'_>) -> Option<Earns>;
    /// The days that earn when a line of `like`, of a whole period, is charged anew for the rest.
    fn rest_earns(earns: &Earns, like: Span, rest: Span, whole: Span) -> Share;
    fn tax(net: i64, bps: i32) -> i64;
    /// What of a charge was not used from a day on and is not credited yet: zero or more.
    fn unused(charge: (Span, i64), credited: i64, on: NaiveDate) -> i64;
    fn tax_back(charge: &Taxed, net: i64) -> i64;
    fn pay(amount: i64, open: &[(usize, i64)]) -> (Vec<(usize, i64)>, i64);
    /// What comes from unused credit, and what from where it went; nothing if that is too little.
    fn refund(amount: i64, went: &[(usize, i64)], unused: i64) -> Option<(i64, Vec<(usize, i64)>)>;
    /// What a credit takes off what is due, and what it leaves over; nothing if that is more than
    /// the cash that is here.
    fn dispose(goes: Goes, total: i64, due: i64, kept: i64) -> Option<(i64, i64)>;
    /// What of an amount falls on the last days of a span.
    fn part_of(amount: i64, whole: Span, rest: Span) -> i64;
    /// Who earns what on a line: the seller, whoever has a share beside it, and whoever is above.
    fn parts(
        seller: usize,
        beside: Option<(usize, i32)>,
        above: Option<Above>,
    ) -> Vec<(usize, Part)>;
    /// How commission and base of each claim on each line change, and what the commission is by now
    /// before rounding.
    fn accrue(money: &Money, lines: &[Earning]) -> Vec<Vec<(i64, i64, Exact)>>;
    /// What the steps of a clause with its rate have brought by now in all, given what was posted
    /// under it in order; and what of that is each distributor's.
    fn stands(of: (i32, &Steps), items: &[Item]) -> (i64, Vec<(usize, i64)>);
    /// What is beyond a cap under which so much was earned: off the partner's own, and off the
    /// distributor's part of it; zero or less.
    fn beyond(cap: i64, earned: i64, before: BeforeCap) -> (i64, i64);
    /// What comes back of what a cap took off an entry, when more of that is reversed.
    fn freed(cap: i64, entry: i64, before: i64, now: i64) -> i64;
    fn take_back(open: &[(usize, i64)], delta: i64) -> Vec<(usize, i64)>;
    /// Shares a base out by weight.
    fn by_weight(total: i64, weights: &[i64]) -> Vec<i64>;
    fn matures(paid_on: NaiveDate, hold_days: u32) -> NaiveDate;
    fn reversal_matures(on: NaiveDate, original: NaiveDate) -> NaiveDate;
    fn posting(paid_on: NaiveDate, first_open: Month) -> Month;
    fn is_due(matures_on: NaiveDate, posted: Month, month: Month) -> bool;
    /// Whether something can be given by hand in a month, given the first that is open and today's.
    fn is_adjustable(month: Month, first_open: Month, now: Month) -> bool;
    /// What is missing of the least that a month brings to who joined in another.
    fn fill(floor: Floor, months: (Month, Month), earned: i64) -> i64;
    /// What one subscription more that begins on a day is worth by a SPIFF to a partner that has so
    /// many; nothing where it does not count.
    fn reward(spiff: &Spiff, begins: NaiveDate, before: u32) -> i64;
    /// What a whole period charges for each price, discounts for a single one left out.
    fn standing(charged: &Charged<'_>) -> Vec<i64>;
    /// Whether all that is owed on an invoice is here.
    fn is_paid(money: &Money) -> bool;
    /// The renewed term that begins on a day, if one does: periods and terms are so many months
    /// long, both counted from the anchor.
    fn renewed(anchor: NaiveDate, months: (u32, u32), day: NaiveDate) -> Option<Renewed>;
    /// What a renewed term pays that is worth so much, after one that was worth so much.
    fn bonus(terms: &Renewal, before: i64, now: i64) -> i64;
    /// What goes back of what was paid once, zero or more, given the day from which days count, the
    /// first one not served, what is left of it, and what went back for leaving before.
    fn clawed(back: &Back, days: (NaiveDate, NaiveDate), left_gone: (i64, i64)) -> i64;
    /// Earned is 0, posted late 1, reversed 2, and what follows no line 3.
    fn block(does: Does, paid_in: Month, posted: Month) -> usize;
    /// What is paid out, and what is carried on.
    fn settle(opening: i64, lines: i64, minimum: i64) -> (i64, i64);
    /// Each customer's revenue at the end of each month, the first of them before the first month.
    fn movements(first: Month, customers: &[Vec<i64>]) -> Vec<Movements>;
}
