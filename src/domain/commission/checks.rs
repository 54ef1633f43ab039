//! What is wrong with a plan, and what is odd about it, before it is published.

use super::{
    super::{counted::counted, problems::Problems, ratio::Ratio, subscription::Phase},
    CommissionClause,
    span::{GivenBack, Span},
    volume::VolumeKind,
};

/// What keeps a plan from being published: two clauses for the same case (remarked on `clause-2`,
/// by the later one's place), or cases in which the plan says nothing (remarked on `clauses`).
pub fn clause_problems(clauses: &[CommissionClause]) -> Problems {
    let mut problems = Problems::default();
    for (index, clause) in clauses.iter().enumerate() {
        let earlier = clauses.iter().take(index);
        if let Some(first) = earlier.rev().find(|other| overlaps(other, clause)) {
            let why = format!(
                "Clause {} is for the same case. Keep one of them.",
                first.seq
            );
            problems.add(format!("clause-{}", clause.seq), why);
        }
        if clause.volume.is_some() && clause.rate.bps() == 0 {
            problems.add(format!("clause-{}", clause.seq), STEPS_OF_NOTHING);
        }
    }
    if let Some(gap) = gap(clauses) {
        problems.add("clauses", gap);
    }
    problems
}

/// Why steps above a rate of nothing are refused: a line that earns nothing has no entry that a
/// month's revenue could be counted by.
pub const STEPS_OF_NOTHING: &str =
    "Steps count the revenue that earns: give a percentage above zero below them.";

fn overlaps(one: &CommissionClause, other: &CommissionClause) -> bool {
    let case = |clause: &CommissionClause| {
        let currency = clause.per_unit.map(super::Money::currency);
        (
            clause.tier,
            clause.offering,
            clause.phase,
            clause.months,
            currency,
        )
    };
    case(one) == case(other)
}

/// The cases without a clause, in words. What is said for a tier or an offering is an exception:
/// what holds for everyone must be complete without it.
fn gap(clauses: &[CommissionClause]) -> Option<String> {
    if clauses.is_empty() {
        return Some("Give at least one clause.".to_owned());
    }
    let general = |clause: &&CommissionClause| clause.tier.is_none() && clause.offering.is_none();
    let is_said = |phase: Phase| {
        let mut general = clauses.iter().filter(general);
        general.any(|clause| clause.phase.is_none_or(|named| named == phase))
    };
    let missing: Vec<&str> = Phase::ALL
        .iter()
        .filter(|phase| !is_said(**phase))
        .map(|phase| super::words::revenue_in(*phase))
        .collect();
    let missing = match missing.as_slice() {
        [] => return None,
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    };
    Some(format!(
        "Nothing is said for every partner about revenue {missing}. Add a clause for every other case."
    ))
}

/// How much of three years' commission the first period may be before it is remarked, in percent.
const MOST_UPFRONT: i64 = 25;
/// Months of three years.
const THREE_YEARS: u32 = 36;
/// The term that renewals are counted from where no subscription says another.
const YEAR: u32 = 12;

/// What a plan may say but should say on purpose: for whoever it is for, in words.
pub fn clause_warnings(clauses: &[CommissionClause]) -> Vec<String> {
    let mut said = Vec::new();
    for clause in clauses {
        if let Some(cap) = clause.cap.filter(|_| clause.per_unit.is_none()) {
            said.push(format!(
                "Clause {} is capped in {} only. What it pays in other currencies has no cap.",
                clause.seq,
                cap.currency()
            ));
        }
        said.extend(steps(clause));
        if clause.clawback.is_some()
            && clause.phase != Some(Phase::First)
            && clause.months.is_none()
        {
            said.push(format!(
                "Clause {} takes commission back for months that the customer did use. Name the first period, or some months, where only what is paid up front is to go back.",
                clause.seq
            ));
        }
        if let Some(amount) = clause.per_unit {
            said.push(format!(
                "Clause {} pays in {} only. Revenue in other currencies earns by another clause, or nothing.",
                clause.seq,
                amount.currency()
            ));
        }
    }
    let mut tiers: Vec<Option<i64>> = clauses.iter().map(|clause| clause.tier).collect();
    tiers.push(None);
    tiers.sort_unstable();
    tiers.dedup();
    let shares = tiers.into_iter().map(|tier| upfront_percent(clauses, tier));
    if let Some(share) = shares.flatten().max().filter(|share| *share > MOST_UPFRONT) {
        said.push(format!(
            "{share} % of three years’ commission is paid for the first month. Partners earn little by keeping the customer."
        ));
    }
    said.extend(end(clauses));
    said
}

/// What is odd about a clause's steps: they hold in one currency, and some make a month's last
/// cent worth far more than itself.
fn steps(clause: &CommissionClause) -> Vec<String> {
    let Some(volume) = clause.volume else {
        return Vec::new();
    };
    let noun = volume.span.noun();
    let money = |minor| super::Money::new(minor, volume.currency);
    let until = match volume.given_back {
        GivenBack::OriginalRate => format!("before the {noun} is closed"),
        GivenBack::Reband => "at any time".to_owned(),
    };
    let jump = |(at, brings): (i64, i64)| {
        format!(
            "Clause {}: the first cent above {} in a {noun} brings {} at once, and giving it back {until} takes as much.",
            clause.seq,
            money(at),
            money(brings)
        )
    };
    let mut said: Vec<String> = volume.jumps(clause.rate).into_iter().map(jump).collect();
    if volume.kind == VolumeKind::Cliff && volume.span != Span::Month {
        said.push(format!(
            "Clause {}: until a {noun} is above its step, what it pays is taken off again as each month is closed.",
            clause.seq
        ));
    }
    said.push(format!(
        "The steps of clause {} hold for revenue in {} only. Revenue in other currencies earns {}.",
        clause.seq, volume.currency, clause.rate
    ));
    said.push(format!(
        "The steps of clause {} count what a partner’s customers pay under it: revenue under other clauses, and under other versions of the plan, counts apart.",
        clause.seq
    ));
    said
}

/// When a plan stops paying everyone.
fn end(clauses: &[CommissionClause]) -> Option<String> {
    let months: Option<Vec<u32>> = clauses.iter().map(|clause| clause.months).collect();
    let last = months?.into_iter().max()?;
    Some(format!(
        "Nothing is paid after {}: nobody earns by keeping a customer longer.",
        counted(last, "month", "months")
    ))
}

/// What the first of 36 equal months earns of them all, in percent; nothing where the plan pays
/// by the unit or not at all.
fn upfront_percent(clauses: &[CommissionClause], tier: Option<i64>) -> Option<i64> {
    let rate = |month: u32| {
        let phase = match month {
            0 => Phase::First,
            _ if month >= YEAR => Phase::Renewal,
            _ => Phase::Recurring,
        };
        let fitting = clauses.iter().filter(|clause| {
            clause.per_unit.is_none()
                && clause.offering.is_none()
                && clause.phase.is_none_or(|named| named == phase)
                && clause.tier.is_none_or(|named| tier == Some(named))
                && clause.months.is_none_or(|months| month < months)
        });
        let clause = fitting.max_by_key(|clause| clause.precision());
        clause.map_or(0, |clause| i64::from(clause.rate.bps()))
    };
    let all: i64 = (0..THREE_YEARS).map(rate).sum();
    let share = Ratio::new(i128::from(rate(0)) * 100, i128::from(all));
    share.and_then(Ratio::round).ok()
}
