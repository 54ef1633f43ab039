//! The model: day by day, unit by unit, cent by cent. Slow, and nothing of the engine in it.
use chrono::{Datelike, NaiveDate};

use super::{
    beside::Floor,
    clauses,
    exact::{Exact, share_out, share_out_to},
    facts::{Above, Discount, Goes, Kind, Off, Price, Tier},
    renewals::{self, Renewal, Renewed},
    rewards::{self, Back, Spiff},
    rules::{
        BeforeCap, Case, Charged, Does, Earning, Earns, Money, Month, Movements, Part, Rules,
        Share, Span, Taxed, first_of, month_of,
    },
    steps::{self, Item, Steps},
};

pub struct Slow;

pub(super) fn days(span: Span) -> Vec<NaiveDate> {
    let mut all = Vec::new();
    let mut day = span.from;
    while day < span.to {
        all.push(day);
        day = day.succ_opt().unwrap();
    }
    all
}

/// The days of a month, counted.
fn length(month: Month) -> u32 {
    let year = month / 12;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month % 12 {
        1 if is_leap => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// The same day so many months later, or the month's last.
pub(super) fn later(day: NaiveDate, months: u32) -> NaiveDate {
    let month = month_of(day) + i32::try_from(months).unwrap();
    let number = day.day().min(length(month));
    first_of(month).with_day(number).unwrap()
}

fn tier_of(unit: u32, tiers: &[Tier]) -> &Tier {
    let fits = |tier: &&Tier| tier.up_to.is_none_or(|last| unit <= last);
    tiers.iter().find(fits).unwrap()
}

/// What a whole period costs, unit by unit.
fn full(price: &Price, seats: u32) -> Exact {
    cost(&price.kind, seats)
}

fn cost(kind: &Kind, seats: u32) -> Exact {
    let micro = |sum: i64| Exact::new(i128::from(sum), 1_000_000);
    match kind {
        Kind::Flat(price) => micro(*price),
        Kind::Once(_) | Kind::Used(_) => Exact::NONE,
        Kind::Seat(price) => (0..seats).map(|_| micro(*price)).sum(),
        Kind::Graduated(tiers) => {
            let units: Exact = (1..=seats)
                .map(|unit| micro(tier_of(unit, tiers).micro))
                .sum();
            let last = tier_of(seats, tiers);
            let entered = tiers.iter().position(|tier| tier == last).unwrap();
            let flats: i64 = tiers[..=entered].iter().map(|tier| tier.flat).sum();
            units + Exact::whole(flats)
        }
        Kind::Volume(tiers) => {
            let tier = tier_of(seats, tiers);
            let units: Exact = (0..seats).map(|_| micro(tier.micro)).sum();
            units + Exact::whole(tier.flat)
        }
        Kind::Package {
            micro: price,
            size,
            free,
        } => {
            // A package is opened with its first unit.
            let opens = |unit: &u32| *unit > *free && (unit - free - 1).is_multiple_of(*size);
            (1..=seats).filter(opens).map(|_| micro(*price)).sum()
        }
    }
}

fn served_share(charged: &Charged<'_>) -> (i64, i64) {
    let whole = days(charged.whole);
    let served = whole
        .iter()
        .filter(|day| **day >= charged.served.from && **day < charged.served.to);
    (
        i64::try_from(served.count()).unwrap(),
        i64::try_from(whole.len()).unwrap(),
    )
}

fn runs(discount: &Discount, index: u32) -> bool {
    match discount.periods {
        None => index >= discount.from_period,
        Some(many) => (discount.from_period..discount.from_period + many).contains(&index),
    }
}

/// What discounts leave of all that is charged, to the nearest cent.
fn leaves(total: Exact, discounts: &[Discount], share: (i64, i64)) -> i64 {
    let mut left = total;
    let mut waiting: Vec<&Discount> = discounts.iter().collect();
    while !waiting.is_empty() {
        // The lowest priority is next; of equals a percentage, and then whoever came first.
        let mut next = 0;
        for (at, one) in waiting.iter().enumerate() {
            let turn = |one: &Discount| (one.priority, matches!(one.off, Off::Fixed(_)));
            if turn(one) < turn(waiting[next]) {
                next = at;
            }
        }
        left = match waiting.remove(next).off {
            Off::Percent(bps) => left.short() * Exact::new(i128::from(10_000 - bps), 10_000),
            Off::Fixed(minor) => left - Exact::part(minor, share.0, share.1),
        };
        if left.is_below_zero() {
            left = Exact::NONE;
        }
    }
    left.nearest()
}

fn by_weight(total: i64, weights: &[i64]) -> Vec<i64> {
    let all: i64 = weights.iter().sum();
    if all == 0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<Exact> = weights
        .iter()
        .map(|weight| Exact::part(total, *weight, all))
        .collect();
    share_out(&exact)
}

/// Takes one after the other from the first that has some left.
fn one_by_one(amount: i64, from: &[(usize, i64)]) -> (Vec<(usize, i64)>, i64) {
    let mut left: Vec<i64> = from.iter().map(|(_, most)| *most).collect();
    let (mut parts, mut rest) = (vec![0; from.len()], amount);
    while rest > 0 {
        let Some(at) = left.iter().position(|left| *left > 0) else {
            break;
        };
        left[at] -= 1;
        parts[at] += 1;
        rest -= 1;
    }
    let parts = from.iter().zip(parts).map(|((id, _), part)| (*id, part));
    (parts.filter(|(_, part)| *part > 0).collect(), rest)
}

pub(super) fn bps(rate: i32) -> Exact {
    Exact::new(rate.into(), 10_000)
}

/// What a line's commission is reckoned on: its part of the cash that is here, and what was
/// credited at the vendor's own cost as if it had not been.
fn base(money: &Money, line: &Earning) -> Exact {
    let earns = clauses::earning(line);
    // As if all of its days were worth what those that earn are.
    let of = match earns == Exact::NONE {
        true => Exact::whole(line.net - line.credited),
        false => clauses::left(line) * earns.turned() - Exact::whole(line.protected),
    };
    here(money, line, of)
}

/// That part of something, with what was credited at the vendor's own cost.
fn here(money: &Money, line: &Earning, of: Exact) -> Exact {
    let owed = money.total - money.credited;
    let here = (money.paid - money.refunded).max(0).min(owed.max(0));
    let share = match owed {
        // What asks for nothing waits for nothing.
        _ if money.total == 0 => Exact::whole(1),
        ..=0 => Exact::NONE,
        _ => Exact::part(here, 1, owed),
    };
    let is_over = money.credited > 0 && owed <= 0;
    let protected = Exact::whole(line.protected);
    of * share + protected * if is_over { Exact::whole(1) } else { share }
}

/// What each part comes to on each line, rounded and before that, given what the lines earn and on
/// how much.
fn shared(parts: &[(usize, Part)], earned: &[Exact], on: &[Exact]) -> Vec<(Vec<i64>, Vec<Exact>)> {
    let sum = earned.iter().copied().sum::<Exact>().nearest();
    let share = |part: &Part| match part {
        Part::Whole => 10_000,
        Part::Split { share, .. } => i64::from(*share),
        _ => 0,
    };
    let weights: Vec<i64> = parts.iter().map(|(_, part)| share(part)).collect();
    let mut each = by_weight(sum, &weights);
    // What a distributor takes comes out of what its seller gets.
    let sold = parts
        .iter()
        .position(|(_, part)| matches!(part, Part::Split { carved, .. } if *carved > 0));
    let carves = parts
        .iter()
        .position(|(_, part)| matches!(part, Part::CarvedOut { .. }));
    if let (Some(sold), Some(carves), Some(Part::CarvedOut { bps: rate, .. })) =
        (sold, carves, carves.map(|at| parts[at].1))
    {
        each[carves] = (Exact::whole(each[sold]) * bps(rate)).nearest();
        each[sold] -= each[carves];
    }
    let mut all = Vec::new();
    for ((_, part), total) in parts.iter().zip(each) {
        let exact = |(earned, on): (&Exact, &Exact)| match *part {
            Part::Whole => *earned,
            Part::Split { share, carved } => *earned * bps(share) * bps(10_000 - carved),
            Part::OnRevenue(rate) => *on * bps(rate),
            Part::CarvedOut { bps: rate, of } => *earned * bps(of) * bps(rate),
        };
        let exact: Vec<Exact> = earned.iter().zip(on).map(exact).collect();
        let spread = match part {
            Part::OnRevenue(_) => share_out(&exact),
            _ => share_out_to(&exact, total),
        };
        all.push((spread, exact));
    }
    all
}

impl Rules for Slow {
    fn opening(
        starts_on: NaiveDate,
        trial_days: u32,
        anchor_day: Option<u32>,
    ) -> (NaiveDate, NaiveDate) {
        let mut charged_from = starts_on;
        for _ in 0..trial_days {
            charged_from = charged_from.succ_opt().unwrap();
        }
        let mut anchor = charged_from;
        while anchor_day.is_some_and(|day| anchor.day() != day) {
            anchor = anchor.pred_opt().unwrap();
        }
        (charged_from, anchor)
    }

    fn period(anchor: NaiveDate, months: u32, index: u32) -> Span {
        Span {
            from: later(anchor, months * index),
            to: later(anchor, months * (index + 1)),
        }
    }

    fn ahead(charged: &Charged<'_>) -> Vec<(i64, i64)> {
        let (served, whole) = served_share(charged);
        let list = |price| full(price, charged.seats) * Exact::part(served, 1, whole);
        let exact: Vec<Exact> = charged.prices.iter().map(list).collect();
        let lists: Vec<i64> = exact.iter().map(|list| list.nearest()).collect();
        let running: Vec<Discount> = charged
            .discounts
            .iter()
            .filter(|one| runs(one, charged.index))
            .copied()
            .collect();
        let total: i64 = lists.iter().sum();
        let off = match running.is_empty() {
            true => 0,
            false => total - leaves(exact.into_iter().sum(), &running, (served, whole)),
        };
        // Each list price is rounded by itself: together they may come to less than is left.
        let offs = by_weight(off.max(0), &lists);
        lists.into_iter().zip(offs).collect()
    }

    fn once(price: &Price) -> i64 {
        match price.kind {
            Kind::Once(micro) => Exact::new(i128::from(micro), 1_000_000).nearest(),
            _ => 0,
        }
    }

    fn used(price: &Price, service: Span, events: &[(NaiveDate, i64)]) -> i64 {
        let mut units = 0;
        for day in days(service) {
            for (on, reported) in events {
                units += if *on == day { *reported } else { 0 };
            }
        }
        match &price.kind {
            Kind::Used(kind) => cost(kind, u32::try_from(units).unwrap_or(0)).nearest(),
            _ => 0,
        }
    }

    fn monthly(charged: &Charged<'_>, months: u32) -> i64 {
        let sum: i64 = Self::standing(charged).iter().sum();
        Exact::new(i128::from(sum), i128::from(months)).nearest()
    }

    fn standing(charged: &Charged<'_>) -> Vec<i64> {
        let lasting: Vec<Discount> = charged
            .discounts
            .iter()
            .filter(|one| one.periods != Some(1))
            .copied()
            .collect();
        let whole = Charged {
            discounts: &lasting,
            served: charged.whole,
            ..*charged
        };
        let each = Self::ahead(&whole).into_iter();
        each.map(|(list, off)| list - off).collect()
    }

    fn is_paid(money: &Money) -> bool {
        let owed = money.total - money.credited;
        money.total == 0 || owed > 0 && money.paid - money.refunded >= owed
    }

    fn renewed(anchor: NaiveDate, months: (u32, u32), day: NaiveDate) -> Option<Renewed> {
        renewals::renewed(anchor, months, day)
    }

    fn bonus(terms: &Renewal, before: i64, now: i64) -> i64 {
        renewals::bonus(terms, before, now)
    }

    fn clause(case: &Case<'_>) -> Option<Earns> {
        clauses::clause(case)
    }

    fn rest_earns(earns: &Earns, _: Span, rest: Span, whole: Span) -> Share {
        clauses::share(earns, rest, whole)
    }

    fn tax(net: i64, bps: i32) -> i64 {
        Exact::part(net, bps.into(), 10_000).nearest()
    }

    fn unused((service, amount): (Span, i64), credited: i64, on: NaiveDate) -> i64 {
        let all = days(service);
        let unused = all.iter().filter(|day| **day >= on).count();
        let (unused, all) = (
            i64::try_from(unused).unwrap(),
            i64::try_from(all.len()).unwrap(),
        );
        (Exact::part(amount, unused, all).nearest() - credited).max(0)
    }

    fn tax_back(charge: &Taxed, net: i64) -> i64 {
        let credited = (charge.credited_net + net).min(charge.net);
        let owed = Exact::part(charge.tax, credited, charge.net).nearest();
        (owed - charge.credited_tax).max(0)
    }

    fn pay(amount: i64, open: &[(usize, i64)]) -> (Vec<(usize, i64)>, i64) {
        one_by_one(amount, open)
    }

    fn refund(amount: i64, went: &[(usize, i64)], unused: i64) -> Option<(i64, Vec<(usize, i64)>)> {
        let mut credit = 0;
        while credit < unused && credit < amount {
            credit += 1;
        }
        let (parts, missing) = one_by_one(amount - credit, went);
        (missing == 0).then_some((credit, parts))
    }

    fn dispose(goes: Goes, total: i64, due: i64, kept: i64) -> Option<(i64, i64)> {
        let (mut reduces, mut rest) = (0, 0);
        while reduces + rest < total {
            if goes != Goes::Credit && reduces < due {
                reduces += 1;
            } else if rest < kept {
                rest += 1;
            } else {
                return None;
            }
        }
        Some((reduces, rest))
    }

    fn part_of(amount: i64, whole: Span, rest: Span) -> i64 {
        let (all, some) = (days(whole).len(), days(rest).len());
        let (all, some) = (i64::try_from(all).unwrap(), i64::try_from(some).unwrap());
        Exact::part(amount, some, all).nearest()
    }

    fn parts(
        seller: usize,
        beside: Option<(usize, i32)>,
        above: Option<Above>,
    ) -> Vec<(usize, Part)> {
        let (other, given) = beside.unwrap_or((seller, 0));
        let (kept, out_of) = (10_000 - given, above.filter(|one| one.is_carved));
        let carved = out_of.map_or(0, |one| one.bps);
        let mut all = Vec::new();
        if kept > 0 {
            let is_alone = kept == 10_000 && carved == 0;
            let split = Part::Split {
                share: kept,
                carved,
            };
            all.push((seller, if is_alone { Part::Whole } else { split }));
        }
        if let Some(one) = out_of.filter(|_| kept > 0) {
            let part = Part::CarvedOut {
                bps: one.bps,
                of: kept,
            };
            all.push((one.who, part));
        }
        if given > 0 {
            let split = Part::Split {
                share: given,
                carved: 0,
            };
            let part = if given == 10_000 { Part::Whole } else { split };
            all.push((other, part));
        }
        if let Some(one) = above.filter(|one| !one.is_carved) {
            all.push((one.who, Part::OnRevenue(one.bps)));
        }
        all
    }

    fn stands(of: (i32, &Steps), items: &[Item]) -> (i64, Vec<(usize, i64)>) {
        steps::stands(of, items)
    }

    fn accrue(money: &Money, lines: &[Earning]) -> Vec<Vec<(i64, i64, Exact)>> {
        let bases: Vec<Exact> = lines.iter().map(|line| base(money, line)).collect();
        let mut changes: Vec<Vec<(i64, i64, Exact)>> = Vec::new();
        for (line, base) in lines.iter().zip(&bases) {
            let of = |claim: &super::rules::Claim| {
                (
                    -claim.posted,
                    base.nearest() - claim.posted_base,
                    Exact::NONE,
                )
            };
            changes.push(line.claims.iter().map(of).collect());
        }
        // Lines of one clause on which the same earn the same are rounded together.
        let mut done = vec![false; lines.len()];
        for first in 0..lines.len() {
            let who = |line: &Earning| -> Vec<(usize, Part)> {
                line.claims.iter().map(|one| (one.who, one.part)).collect()
            };
            let same = |at: &usize| {
                lines[*at].clause == lines[first].clause && who(&lines[*at]) == who(&lines[first])
            };
            let of: Vec<usize> = (first..lines.len())
                .filter(|at| !done[*at] && same(at))
                .collect();
            let earned: Vec<Exact> = of
                .iter()
                .map(|at| clauses::earned(&lines[*at], bases[*at]))
                .collect();
            let on = |at: &usize| bases[*at] * clauses::earning(&lines[*at]);
            let on: Vec<Exact> = of.iter().map(on).collect();
            for (place, (spread, exact)) in shared(&who(&lines[first]), &earned, &on)
                .into_iter()
                .enumerate()
            {
                for (at, (target, exact)) in of.iter().zip(spread.into_iter().zip(exact)) {
                    changes[*at][place].0 += target;
                    changes[*at][place].2 = exact;
                }
            }
            for at in of {
                done[at] = true;
            }
        }
        changes
    }

    fn beyond(cap: i64, earned: i64, before: BeforeCap) -> (i64, i64) {
        let (mut own, mut carved) = (before.own, before.carved);
        let mut off = 0;
        while own + carved - off > 0 && earned + own + carved - off > cap {
            off += 1;
        }
        // The distributor bears its rate of that, as far as both have as much.
        let share = (Exact::whole(off) * bps(before.carved_bps)).nearest();
        let mut borne = 0;
        while borne < off && (borne < share && carved > 0 || own < off - borne) {
            (borne, carved) = (borne + 1, carved - 1);
        }
        own = off - borne;
        (-own, -borne)
    }

    fn freed(cap: i64, entry: i64, before: i64, now: i64) -> i64 {
        let gone = |reversed: i64| Exact::part(cap, reversed.abs(), entry.abs()).nearest();
        gone(before) - gone(before + now)
    }

    fn take_back(open: &[(usize, i64)], delta: i64) -> Vec<(usize, i64)> {
        let (parts, _) = one_by_one(-delta, open);
        parts.into_iter().map(|(id, part)| (id, -part)).collect()
    }

    fn by_weight(total: i64, weights: &[i64]) -> Vec<i64> {
        by_weight(total, weights)
    }

    fn matures(paid_on: NaiveDate, hold_days: u32) -> NaiveDate {
        (0..hold_days).fold(paid_on, |day, _| day.succ_opt().unwrap())
    }

    fn reversal_matures(on: NaiveDate, original: NaiveDate) -> NaiveDate {
        if on < original { original } else { on }
    }

    fn posting(paid_on: NaiveDate, first_open: Month) -> Month {
        let mut month = month_of(paid_on);
        while month < first_open {
            month += 1;
        }
        month
    }

    fn is_due(matures_on: NaiveDate, posted: Month, month: Month) -> bool {
        matures_on < first_of(month + 1) && posted <= month
    }

    fn block(does: Does, paid_in: Month, posted: Month) -> usize {
        match (does, paid_in == posted) {
            (Does::Reverses | Does::Frees | Does::ClawsBack, _) => 2,
            (Does::Earns | Does::Caps, true) => 0,
            (Does::Earns | Does::Caps, false) => 1,
            (Does::Adjusts | Does::Fills | Does::Rewards | Does::Renews | Does::Steps, _) => 3,
        }
    }

    fn is_adjustable(month: Month, first_open: Month, now: Month) -> bool {
        (first_open..=now).any(|open| open == month)
    }

    fn fill(floor: Floor, (joined, month): (Month, Month), earned: i64) -> i64 {
        let mut guaranteed = Vec::new();
        for place in 0..floor.months {
            guaranteed.push(joined + i32::try_from(place).unwrap());
        }
        let mut fill = 0;
        while guaranteed.contains(&month) && earned + fill < floor.minor {
            fill += 1;
        }
        fill
    }

    fn reward(spiff: &Spiff, begins: NaiveDate, before: u32) -> i64 {
        rewards::reward(spiff, begins, before)
    }

    fn clawed(back: &Back, days: (NaiveDate, NaiveDate), left_gone: (i64, i64)) -> i64 {
        rewards::clawed(back, days, left_gone)
    }

    fn settle(opening: i64, lines: i64, minimum: i64) -> (i64, i64) {
        let balance = opening + lines;
        let pays = balance > 0 && balance >= minimum;
        if pays { (balance, 0) } else { (0, balance) }
    }

    fn movements(_: Month, customers: &[Vec<i64>]) -> Vec<Movements> {
        let months = customers.first().map_or(0, Vec::len);
        let mut all = Vec::new();
        for now in 1..months {
            let mut month = [0; 10];
            for revenue in customers {
                let (before, after) = (revenue[now - 1], revenue[now]);
                let ever = revenue[..now].iter().any(|then| *then > 0);
                month[0] += before;
                month[6] += after;
                let kind = match (before > 0, after > 0, ever) {
                    (false, true, false) => 1,
                    (false, true, true) => 3,
                    (true, false, _) => 5,
                    _ if after > before => 2,
                    _ => 4,
                };
                month[kind] += if kind < 4 {
                    after - before
                } else {
                    before - after
                };
                month[7] += i64::from(before > 0);
                month[8] += i64::from(before > 0 && after == 0);
                month[9] += i64::from(after > 0);
            }
            all.push(month);
        }
        all
    }
}
