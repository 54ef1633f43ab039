//! What clauses pay and for how long, as the model tells it: months counted one by one, and days,
//! and units.
use chrono::NaiveDate;
use proptest::prelude::*;

use super::{
    beside::{Floor, floors},
    exact::Exact,
    facts::Terms,
    renewals::{Renewal, renewals},
    rewards::{Spiff, spiffs},
    rules::{Case, Earning, Earns, Share, Span},
    slow::{bps, days, later},
    steps::{Steps, steps},
};

/// Beyond the rates of the four clauses: first, recurring, renewal, and the higher tier.
#[derive(Debug, Clone, Default)]
pub struct Clauses {
    /// What they pay for each unit in place of their rate, in minor units.
    pub units: [Option<i64>; 4],
    /// For how many months they pay, from the first day charged.
    pub months: [Option<u32>; 4],
    /// What a fifth pays where none of them does.
    pub else_bps: Option<i32>,
    /// The least that the plan brings.
    pub floor: Option<Floor>,
    /// What is paid once for new subscriptions.
    pub spiffs: Vec<Spiff>,
    /// What is paid for renewed terms.
    pub renewal: Option<Renewal>,
    /// What some of them pay beyond their rate.
    pub steps: Vec<Steps>,
}

pub fn clauses() -> impl Strategy<Value = Clauses> {
    (
        prop::array::uniform4(prop::option::weighted(0.2, 1i64..400)),
        prop::array::uniform4(prop::option::weighted(0.3, 1u32..15)),
        prop::option::weighted(0.5, 0i32..2_500),
        floors(),
        spiffs(),
        renewals(),
        steps(),
    )
        .prop_map(
            |(units, months, else_bps, floor, spiffs, renewal, steps)| Clauses {
                units,
                months,
                else_bps,
                floor,
                spiffs,
                renewal,
                steps,
            },
        )
}

impl Terms {
    /// What a clause pays for a unit; nothing where it pays its rate, or is not there.
    pub fn unit_pay(&self, clause: usize) -> i64 {
        let is_there = clause < 3 || self.rates[3] > 0;
        self.clauses.units[clause]
            .filter(|_| is_there)
            .unwrap_or_default()
    }
}

/// The tier's before the phase's, and that before the one for all; whichever is over is no clause.
pub(super) fn clause(case: &Case<'_>) -> Option<Earns> {
    let terms = case.terms;
    let phase = if case.index == 0 {
        0
    } else if later(case.anchor, case.months * case.index)
        >= later(case.anchor, terms.term(case.months))
    {
        2
    } else {
        1
    };
    let tier = (case.is_high && terms.rates[3] > 0).then_some(3);
    for at in tier.into_iter().chain([phase]) {
        let until = terms.clauses.months[at].map(|months| later(case.since, months));
        if until.is_some_and(|end| case.service.from >= end) {
            continue;
        }
        let unit = terms.unit_pay(at);
        let mut earns = Earns {
            clause: i64::try_from(at).unwrap(),
            rate: if unit > 0 { 0 } else { terms.rates[at] },
            unit,
            until,
            share: (1, 1),
        };
        earns.share = share(&earns, case.service, case.whole);
        return Some(earns);
    }
    terms.clauses.else_bps.map(|rate| Earns {
        clause: 4,
        rate,
        unit: 0,
        until: None,
        share: (1, 1),
    })
}

/// The days that earn: of a share of what is charged, of those that are charged; of an amount per
/// unit, of the whole period's.
pub(super) fn share(earns: &Earns, service: Span, whole: Span) -> Share {
    let is_in = |day: &NaiveDate| earns.until.is_none_or(|end| *day < end);
    let earn = days(service).into_iter().filter(is_in).count();
    let all = days(if earns.unit > 0 { whole } else { service }).len();
    match earn == all {
        true => (1, 1),
        false => (i64::try_from(earn).unwrap(), i64::try_from(all).unwrap()),
    }
}

/// The part of a line's own days that earns.
pub(super) fn earning(line: &Earning) -> Exact {
    let own = days(line.service);
    let is_in = |day: &&NaiveDate| line.until.is_none_or(|end| **day < end);
    Exact::new(
        many(own.iter().filter(is_in).count()).into(),
        many(own.len()).into(),
    )
}

/// What is left of a line on its days that earn: each day's part of what was charged, less what
/// was credited for that day; never more than is left of the line, and never below zero. What
/// leaves the commission as it was is not counted as credited.
pub(super) fn left(line: &Earning) -> Exact {
    let credited: i64 = line.credits.iter().map(|(_, net)| net).sum();
    let left = Exact::whole(line.net - credited);
    let share = earning(line);
    if share == Exact::whole(1) || credited == 0 {
        return left * share;
    }
    let own = days(line.service);
    let is_in = |day: &NaiveDate| own.contains(day) && line.until.is_none_or(|end| *day < end);
    let mut lengths: Vec<usize> = line.credits.iter().map(|(of, _)| days(*of).len()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut kept = Exact::whole(line.net) * share;
    for length in &lengths {
        let mut sum = Exact::NONE;
        for &(span, net) in &line.credits {
            let of = days(span);
            if of.len() == *length {
                let inside = of.iter().filter(|day| is_in(day)).count();
                sum = sum + Exact::part(net, many(inside), many(*length));
            }
        }
        // Of credits for days of many lengths, each length counts to a millionth of a unit.
        let is_one = lengths.len() == 1;
        kept = kept - if is_one { sum } else { sum.to_millionths() };
    }
    kept.min(left).max(Exact::NONE)
}

/// What a line earns, given what of it is here: its rate of that on the days that earn, or as much
/// of what its units pay as is here of what they were charged.
pub(super) fn earned(line: &Earning, here: Exact) -> Exact {
    if line.unit == 0 {
        return here * earning(line) * bps(line.rate_bps);
    }
    if line.net == 0 {
        return Exact::NONE;
    }
    let paid: i64 = (0..line.units).map(|_| line.unit).sum();
    let all_days = Exact::part(paid, line.share.0, line.share.1);
    all_days * here * Exact::new(1, line.net.abs().into())
}

fn many(days: usize) -> i64 {
    i64::try_from(days).unwrap()
}
