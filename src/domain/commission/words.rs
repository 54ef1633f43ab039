//! A plan's clauses as sentences.

use super::{super::subscription::Phase, CommissionClause};

/// What a clause's tier and offering are called; nothing where it names none.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Names<'a> {
    /// The tier.
    pub tier: Option<&'a str>,
    /// The offering.
    pub offering: Option<&'a str>,
}

pub(super) fn revenue_in(phase: Phase) -> &'static str {
    match phase {
        Phase::First => "in the first period",
        Phase::Recurring => "between the first period and the first renewal",
        Phase::Renewal => "from the first renewal on",
    }
}

/// A clause in words: `Gold partners earn 20 % of recurring revenue in the first period`.
pub fn sentence(clause: &CommissionClause, names: Names<'_>) -> String {
    let mut said = beginning(clause, names);
    if let Some(months) = clause.months {
        said.push_str(&match months {
            1 => ", in the first month".to_owned(),
            _ => format!(", in the first {months} months"),
        });
    }
    said.push_str(&limits(clause));
    said
}

fn beginning(clause: &CommissionClause, names: Names<'_>) -> String {
    let who = match names.tier {
        Some(tier) => format!("{tier} partners"),
        None => "Partners".to_owned(),
    };
    let mut said = match clause.per_unit {
        Some(amount) => format!("{who} earn {amount} per unit of each period"),
        None => format!(
            "{who} earn {}{} of recurring revenue",
            clause.rate,
            registered(clause)
        ),
    };
    if let Some(offering) = names.offering {
        said.push_str(" from ");
        said.push_str(offering);
    }
    if let Some(phase) = clause.phase {
        said.push(' ');
        said.push_str(revenue_in(phase));
    }
    said.push_str(&clause.volume.map_or(String::new(), |volume| volume.words()));
    said
}

/// What it pays where the deal was registered, beside its rate.
fn registered(clause: &CommissionClause) -> String {
    match clause.uplift.bps() {
        0 => String::new(),
        _ => format!(
            " ({} where the deal was registered)",
            super::bonus::uplifted(clause.rate, clause.uplift, true)
        ),
    }
}

/// Its cap, and what goes back of it.
fn limits(clause: &CommissionClause) -> String {
    let cap = clause.cap;
    let cap = cap.map_or(String::new(), |cap| format!(", at most {cap} a month"));
    let back = clause.clawback;
    let back = back.map_or(String::new(), |back| format!("; it {}", back.words()));
    format!("{cap}{back}")
}

/// A plan's clauses in words, each with its place among the others: what holds after some months,
/// and what holds for as long as the partner serves the customer.
pub fn sentences<'a>(
    clauses: &[CommissionClause],
    names: impl Fn(&CommissionClause) -> Names<'a>,
) -> Vec<String> {
    let said = clauses.iter().map(|clause| {
        let before = until(clauses, clause);
        match (before, clause.months) {
            (None, Some(_)) => sentence(clause, names(clause)),
            (Some(after), Some(months)) => format!(
                "{}, in months {} to {months}{}",
                beginning(clause, names(clause)),
                after + 1,
                limits(clause)
            ),
            (before, None) => {
                let after = before.map_or(String::new(), |months| {
                    format!(" after {}", counted(months))
                });
                let life = match clause.phase {
                    Some(Phase::First | Phase::Recurring) => "",
                    _ => ", for as long as they serve the customer",
                };
                let start = beginning(clause, names(clause));
                format!("{start}{after}{life}{}", limits(clause))
            }
        }
    });
    said.collect()
}

fn counted(months: u32) -> String {
    crate::domain::counted(months, "month", "months")
}

/// Until which month another clause for the same holds instead.
fn until(clauses: &[CommissionClause], clause: &CommissionClause) -> Option<u32> {
    let case = |of: &CommissionClause| (of.tier, of.offering, of.phase);
    let shorter = clauses.iter().filter(|other| case(other) == case(clause));
    let shorter = shorter.filter_map(|other| other.months);
    shorter
        .filter(|months| clause.months.is_none_or(|own| *months < own))
        .max()
}
