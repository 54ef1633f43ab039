//! What steps bring beyond a clause's rate by how much comes in over a month, a quarter or a year,
//! as the model tells it: cent by cent; and when it is posted, and what goes back of it.
use proptest::prelude::*;

use super::{
    exact::Exact,
    facts::{PARTNERS, Terms},
    rules::{Does, Month, Part, Rules, first_of},
    slow::bps,
    teller::Teller,
};

/// How revenue earns by its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// What lies above a step earns the step's rate.
    Above,
    /// All of it earns the rate of the highest step that it is above.
    Whole,
    /// What lies above a step earns so many times the clause's rate.
    Faster,
    /// Nothing earns anything until it is above the one step.
    Cliff,
}

/// Steps of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    pub clause: usize,
    pub how: How,
    /// Over how many months of the calendar revenue counts together.
    pub months: i32,
    /// Whether they are reckoned anew when revenue goes back after those; else it takes its part
    /// of what they brought along.
    pub is_anew: bool,
    /// How far each lies above the one before, in minor units, and by how much it raises.
    rises: Vec<(i64, i32)>,
}

pub fn steps() -> impl Strategy<Value = Vec<Steps>> {
    let how = prop::sample::select(vec![How::Above, How::Whole, How::Faster, How::Cliff]);
    let one = (
        0usize..5,
        how,
        prop::sample::select(vec![1, 3, 3, 12]),
        any::<bool>(),
        prop::collection::vec((1i64..3_000, 1i32..1_500), 1..4),
    );
    let one = one.prop_map(|(clause, how, months, is_anew, rises)| Steps {
        clause,
        how,
        months,
        is_anew,
        rises,
    });
    prop::collection::vec(one, 0..3)
}

impl Steps {
    /// Each step above a clause's rate: from where on, the number it is set by, and the rate that
    /// this comes to. A step that would raise nothing, or beyond all of it, is none.
    pub fn above(&self, rate: i32) -> Vec<(i64, i32, i32)> {
        let (mut found, mut from, mut set) = (Vec::new(), 0, rate);
        let (mut before, mut times) = (rate, 10_000);
        for (rise, by) in &self.rises {
            from += rise;
            times += by * 20;
            set += by;
            let (set, now) = match self.how {
                How::Above | How::Whole => (set, set),
                How::Faster => (times, rate * times / 10_000),
                How::Cliff => (0, rate),
            };
            let is_first = found.is_empty();
            let fits = match self.how {
                How::Cliff => is_first,
                _ => now > before && now <= 10_000,
            };
            if fits {
                found.push((from, set, now));
                before = now;
            }
        }
        found
    }

    /// The first of the months that count together with one.
    fn first(&self, month: Month) -> Month {
        let mut first = month;
        while first % self.months != 0 {
            first -= 1;
        }
        first
    }
}

impl Terms {
    /// The steps of a clause with its rate, if it has some: of a rate alone, without a cap.
    pub fn steps_of(&self, clause: usize) -> Option<(i32, &Steps)> {
        let rate = match clause {
            4 => self.clauses.else_bps?,
            _ => self.rates[clause],
        };
        let is_plain = clause == 4 || self.unit_pay(clause) == 0 && self.caps[clause].is_none();
        let all = self.clauses.steps.iter();
        let steps = all.into_iter().find(|one| one.clause == clause)?;
        (rate > 0 && is_plain && !steps.above(rate).is_empty()).then_some((rate, steps))
    }
}

/// What was posted under a clause for whoever sold, in one of the months that count together or
/// after them.
#[derive(Debug, Clone)]
pub struct Item {
    pub posted: Month,
    pub is_late: bool,
    pub who: usize,
    pub part: Part,
    pub exact: Exact,
    pub amount: i64,
}

/// An entry of steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    pub clause: usize,
    pub seller: usize,
    /// The first of the months that count together.
    pub first: Month,
    pub who: usize,
    /// The month whose entry it takes back, or its own.
    pub of: Month,
    pub posted: Month,
    pub amount: i64,
    pub matures_on: chrono::NaiveDate,
    pub stated: Option<Month>,
}

/// The commission before a distributor took its part out of it, as it is counted: to nine places.
fn before_carving(one: &Item) -> Exact {
    let whole = match one.part {
        Part::Split { carved, .. } if carved < 10_000 => one.exact * bps(10_000 - carved).turned(),
        _ => one.exact,
    };
    whole.to_billionths()
}

/// What so much revenue earns, cent by cent.
fn earns((rate, steps): (i32, &Steps), revenue: i64) -> i64 {
    let above = steps.above(rate);
    let rate_at = |cent: i64| {
        let passed = above.iter().rfind(|(from, ..)| *from < cent);
        match (steps.how, passed) {
            (How::Cliff, None) => 0,
            (_, None) => rate,
            (_, Some((.., now))) => *now,
        }
    };
    let mut sum = 0;
    for cent in 1..=revenue {
        let counts = match steps.how {
            How::Above | How::Faster => cent,
            How::Whole | How::Cliff => revenue,
        };
        sum += i64::from(rate_at(counts));
    }
    Exact::new(sum.into(), 10_000).nearest()
}

/// What is posted, and on what.
#[derive(Clone, Copy)]
struct Sum {
    exact: Exact,
    posted: i64,
}

impl Sum {
    fn of<'a>(all: impl Iterator<Item = &'a Item>) -> Self {
        let (mut exact, mut posted) = (Exact::NONE, 0);
        for one in all {
            posted += one.amount;
            // A distributor's is in what it was taken out of.
            if !matches!(one.part, Part::CarvedOut { .. }) {
                exact = exact + before_carving(one);
            }
        }
        Self { exact, posted }
    }

    fn revenue(&self, rate: i32) -> i64 {
        (self.exact * bps(rate).turned()).nearest()
    }

    /// What steps bring beyond what is posted; of revenue below zero nothing.
    fn brings(&self, of: (i32, &Steps)) -> i64 {
        match self.revenue(of.0) {
            ..=0 => 0,
            revenue => earns(of, revenue) - self.posted,
        }
    }
}

/// What steps have brought by now in all, and what of that is each distributor's.
pub(super) fn stands(of: (i32, &Steps), items: &[Item]) -> (i64, Vec<(usize, i64)>) {
    let (rate, steps) = of;
    let all = Sum::of(items.iter());
    let within = Sum::of(items.iter().filter(|one| !one.is_late));
    let is_over = items.iter().any(|one| one.is_late);
    let stands = if is_over && !steps.is_anew {
        let (brought, revenue) = (within.brings(of), within.revenue(rate));
        let gone = -Sum::of(items.iter().filter(|one| one.is_late)).revenue(rate);
        let gone = gone.max(0).min(revenue.max(0));
        match revenue {
            ..=0 => brought,
            _ => brought - Exact::part(brought, gone, revenue).nearest(),
        }
    } else {
        all.brings(of)
    };
    let carves = |one: &&Item| matches!(one.part, Part::CarvedOut { .. });
    let mut shares = Vec::new();
    for who in 0..PARTNERS {
        let its = || items.iter().filter(carves).filter(|one| one.who == who);
        if its().next().is_none() {
            continue;
        }
        let exact: Exact = its().map(|one| one.exact.to_billionths()).sum();
        let posted: i64 = its().map(|one| one.amount).sum();
        let share = if stands != 0 && all.posted + stands == 0 {
            // Nothing is left of what was posted: of its own neither.
            -posted
        } else if stands == 0 || all.exact == Exact::NONE {
            0
        } else {
            let part = exact * all.exact.turned();
            let part = part.max(Exact::NONE).min(Exact::whole(1));
            (part * Exact::whole(stands)).nearest()
        };
        shares.push((who, share));
    }
    (stands, shares)
}

impl<R: Rules> Teller<'_, R> {
    /// Posts what steps bring by the end of a month that closes, or take off again.
    pub fn settle_steps(&mut self, month: Month) {
        for clause in 0..5 {
            for seller in 0..PARTNERS {
                self.settle_steps_of((clause, seller), month);
            }
        }
    }

    fn settle_steps_of(&mut self, group: (usize, usize), month: Month) {
        let Some((rate, steps)) = self.terms.steps_of(group.0) else {
            return;
        };
        let mut spans: Vec<(Month, Vec<Item>, chrono::NaiveDate)> = Vec::new();
        for entry in &self.books.entries {
            let is_its = matches!(entry.does, Does::Earns | Does::Reverses)
                && usize::try_from(self.clause_of(entry)) == Ok(group.0)
                && self.capped(entry) == Some(group.1);
            if !is_its || entry.posted > month {
                continue;
            }
            let of = entry.reverses.map_or(entry, |of| &self.books.entries[of]);
            let (first, now) = (steps.first(of.posted), steps.first(entry.posted));
            let item = Item {
                posted: entry.posted,
                is_late: first != now,
                who: entry.who,
                part: entry.part,
                exact: entry.exact,
                amount: entry.amount,
            };
            let last = first_of(month + 1).pred_opt().unwrap();
            if !spans.iter().any(|(known, ..)| *known == first) {
                spans.push((first, Vec::new(), last));
            }
            let span = spans.iter_mut().find(|(known, ..)| *known == first);
            let (_, items, newest) = span.unwrap();
            if !item.is_late {
                *newest = entry.matures_on.max(*newest);
            }
            items.push(item);
        }
        for (first, items, newest) in spans {
            let (stands, shares) = R::stands((rate, steps), &items);
            let before = |who: Option<usize>| -> i64 {
                let its = self.books.stepped.iter();
                let its = its
                    .filter(|one| (one.clause, one.seller, one.first) == (group.0, group.1, first));
                let its = its.filter(|one| who.is_none_or(|who| one.who == who));
                its.map(|one| one.amount).sum()
            };
            let mut settles: Vec<(usize, i64)> = Vec::new();
            let mut own = stands - before(None);
            for (who, share) in shares {
                let minor = share - before(Some(who));
                own -= minor;
                settles.push((who, minor));
            }
            settles.push((group.1, own));
            for (who, minor) in settles {
                self.step((group, first, who), (month, minor), newest);
            }
        }
    }

    /// Takes back what earlier months brought, the newest first; what is left stands for itself.
    fn step(
        &mut self,
        ((clause, seller), first, who): ((usize, usize), Month, usize),
        (month, minor): (Month, i64),
        newest: chrono::NaiveDate,
    ) {
        let its = |one: &&Stepped| {
            (one.clause, one.seller, one.first, one.who) == (clause, seller, first, who)
        };
        let mut open: Vec<(usize, i64)> = Vec::new();
        for one in self.books.stepped.iter().filter(its) {
            let of = usize::try_from(one.of).unwrap();
            match open.iter_mut().find(|(known, _)| *known == of) {
                Some((_, left)) => *left += one.amount,
                None => open.push((of, one.amount)),
            }
        }
        open.reverse();
        // What goes the other way alone can be taken back.
        let sign = minor.signum();
        for (_, left) in &mut open {
            *left = (*left * -sign).max(0);
        }
        let parts = R::take_back(&open, -minor.abs());
        let mut parts: Vec<(Month, i64)> = parts
            .into_iter()
            .map(|(of, part)| (Month::try_from(of).unwrap(), -part * sign))
            .collect();
        let rest = minor - parts.iter().map(|(_, part)| part).sum::<i64>();
        if rest != 0 {
            parts.push((month, rest));
        }
        let last = first_of(month + 1).pred_opt().unwrap();
        for (of, amount) in parts {
            let taken = self
                .books
                .stepped
                .iter()
                .filter(its)
                .find(|one| one.of == of);
            let matures_on = match taken {
                Some(taken) => last.max(taken.matures_on),
                None if amount < 0 => newest,
                None => R::matures(last, self.terms.hold_days),
            };
            self.books.stepped.push(Stepped {
                clause,
                seller,
                first,
                who,
                of,
                posted: month,
                amount,
                matures_on,
                stated: None,
            });
        }
    }
}
