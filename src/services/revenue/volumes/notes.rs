//! Why an entry of steps is there, for a reader.
use super::{Settled, VolumeTerms};
use crate::domain::{
    Money,
    commission::{
        course::{Late, Share, Turn},
        span::{GivenBack, Span},
    },
};

/// What the steps reached, or what went back, and which month's entry this one takes back.
pub(super) fn note(terms: &VolumeTerms, settled: &Settled) -> String {
    let said = match (settled.turn.late, terms.volume.given_back) {
        (None, _) => reached(terms, settled),
        (Some(late), GivenBack::OriginalRate) => went(terms, settled, &late),
        (Some(late), GivenBack::Reband) => anew(terms, settled, &late),
    };
    format!("{said}{}{}", shared(terms, settled), part(terms, settled))
}

/// What of it distributors have, or this one.
fn shared(terms: &VolumeTerms, settled: &Settled) -> String {
    let all = settled.turn.minor;
    let whose = |share: &&Share| match settled.share {
        Some((distributor, _)) => distributor.number() == share.who,
        None => true,
    };
    let its = settled.turn.shares.iter().filter(whose);
    let its: Vec<i64> = its.map(|share| share.minor).collect();
    let minor = its.iter().copied().fold(0, i64::saturating_add);
    let whose = match its.len() {
        0 | 1 => "the distributor’s",
        _ => "the distributors’",
    };
    let money = |minor: i64| Money::new(minor.saturating_abs(), terms.volume.currency);
    let part = money(minor);
    match (all.signum(), minor.signum()) {
        (_, 0) => String::new(),
        (1, 1) => format!(" Of the {} that this adds, {part} is {whose}.", money(all)),
        (-1, -1) => format!(
            " Of the {} that this takes off, {part} was {whose}.",
            money(all)
        ),
        (_, 1) => format!(" {part} of what was the seller’s is {whose} now."),
        (_, _) => format!(" {part} of what was {whose} is the seller’s now."),
    }
}

fn clause(terms: &VolumeTerms) -> String {
    format!(
        "Clause {} pays {} of recurring revenue{}",
        terms.seq,
        terms.rate,
        terms.volume.words()
    )
}

/// What so much revenue earns, what of it was posted, and which step that is.
fn sum(terms: &VolumeTerms, turn: &Turn, of: &str) -> String {
    let money = |minor| Money::new(minor, terms.volume.currency);
    format!(
        "{} of revenue {of} earns {} in all, of which {} was posted. {}",
        money(turn.revenue_minor),
        money(turn.posted_minor.saturating_add(turn.minor)),
        money(turn.posted_minor),
        terms.volume.reached(terms.rate, turn.revenue_minor)
    )
}

fn reached(terms: &VolumeTerms, settled: &Settled) -> String {
    let (span, turn) = (terms.volume.span, &settled.turn);
    let title = span.title(settled.first);
    let when = match span {
        Span::Month => format!("in {title}"),
        Span::Quarter | Span::Year => format!("in {title} through {}", turn.month.title()),
    };
    format!("{}: {}", clause(terms), sum(terms, turn, &when))
}

fn went(terms: &VolumeTerms, settled: &Settled, late: &Late) -> String {
    let money = |minor| Money::new(minor, terms.volume.currency);
    format!(
        "Of the revenue of {}, {} went back in {}: of the {} that the steps of clause {} brought for it, {} is taken back with it.",
        terms.volume.span.title(settled.first),
        money(late.went_minor),
        settled.turn.month.title(),
        money(late.brought_minor),
        terms.seq,
        money(-settled.turn.minor)
    )
}

fn anew(terms: &VolumeTerms, settled: &Settled, late: &Late) -> String {
    let title = terms.volume.span.title(settled.first);
    let of = format!("left of {title}");
    format!(
        "Of the revenue of {title}, {} went back in {}, so that the steps are reckoned anew. {}: {}",
        Money::new(late.went_minor, terms.volume.currency),
        settled.turn.month.title(),
        clause(terms),
        sum(terms, &settled.turn, &of)
    )
}

/// Where it is a part of what a close settles, which one.
fn part(terms: &VolumeTerms, settled: &Settled) -> String {
    let (turn, of) = (&settled.turn, settled.of.title());
    let money = |minor: i64| Money::new(minor.abs(), terms.volume.currency);
    let is_back = settled.of != turn.month;
    if settled.minor == settled.all_minor && (turn.late.is_some() || !is_back) {
        return String::new();
    }
    match (is_back, settled.minor < 0) {
        (true, true) => format!(
            " {} of what steps brought in {of} is taken back here.",
            money(settled.minor)
        ),
        (true, false) => format!(
            " {} of what steps took off in {of} is given back here.",
            money(settled.minor)
        ),
        (false, _) if settled.is_late => format!(
            " {} of it goes beyond what steps brought or took off before, and stands for itself.",
            money(settled.minor)
        ),
        (false, _) => format!(" {} of it is for {of} itself.", money(settled.minor)),
    }
}
