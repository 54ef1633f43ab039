//! What a commission plan says: which rate holds for whom, and when.

use super::{coded::coded, problems::Problems, rate::Rate, subscription::Phase};

pub use super::accrual::{
    Accrual, EarningLine, EntryFacts, EntryKind, EntryStatus, InvoiceState, accrue, matures_on,
    posting_period, reversal_matures_on, reverse_newest_first,
};

coded! {
    /// How precisely a clause names what it is for; the later the stronger.
    Precision {
        Anything = "default", "Every other case";
        Phase = "phase", "A phase";
        Tier = "tier", "A tier";
        TierAndPhase = "tier_and_phase", "A tier in a phase";
    }
}

/// One sentence of a commission plan: a rate, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommissionClause {
    /// Its place in the plan, counted from 1.
    pub seq: i32,
    /// The phase it is for; any, when none is named.
    pub phase: Option<Phase>,
    /// The partner tier it is for, by its id; any, when none is named.
    pub tier: Option<i64>,
    /// The share of net revenue it pays.
    pub rate: Rate,
}

impl CommissionClause {
    /// How precisely it names what it is for.
    pub fn precision(&self) -> Precision {
        match (self.tier, self.phase) {
            (None, None) => Precision::Anything,
            (None, Some(_)) => Precision::Phase,
            (Some(_), None) => Precision::Tier,
            (Some(_), Some(_)) => Precision::TierAndPhase,
        }
    }

    fn is_for(&self, phase: Phase, tier: Option<i64>) -> bool {
        self.phase.is_none_or(|named| named == phase)
            && self.tier.is_none_or(|named| tier == Some(named))
    }
}

/// The clause that holds in a phase for a partner of a tier (or of none): the
/// most precise one, tier before phase. `None` where the plan says nothing.
pub fn clause_for(
    clauses: &[CommissionClause],
    phase: Phase,
    tier: Option<i64>,
) -> Option<&CommissionClause> {
    clauses
        .iter()
        .filter(|clause| clause.is_for(phase, tier))
        .max_by_key(|clause| (clause.precision(), std::cmp::Reverse(clause.seq)))
}

/// What keeps a plan from being published: two clauses for the same case
/// (remarked on `clause-2`, by the later one's place), or cases in which the
/// plan says nothing (remarked on `clauses`).
pub fn clause_problems(clauses: &[CommissionClause]) -> Problems {
    let mut problems = Problems::default();
    for (index, clause) in clauses.iter().enumerate() {
        let case = (clause.tier, clause.phase);
        let earlier = clauses.iter().take(index);
        if let Some(first) = earlier
            .rev()
            .find(|other| (other.tier, other.phase) == case)
        {
            let why = format!(
                "Clause {} is for the same case. Keep one of them.",
                first.seq
            );
            problems.add(format!("clause-{}", clause.seq), why);
        }
    }
    if let Some(gap) = gap(clauses) {
        problems.add("clauses", gap);
    }
    problems
}

/// The cases without a rate, in words. A tier's own clauses are exceptions:
/// what holds for everyone must be complete without them.
fn gap(clauses: &[CommissionClause]) -> Option<String> {
    if clauses.is_empty() {
        return Some("Give at least one rate.".to_owned());
    }
    let missing: Vec<&str> = Phase::ALL
        .iter()
        .filter(|phase| clause_for(clauses, **phase, None).is_none())
        .map(|phase| revenue_in(*phase))
        .collect();
    let missing = match missing.as_slice() {
        [] => return None,
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    };
    Some(format!(
        "Nothing is said for every partner about revenue {missing}. Add a rate for every other case."
    ))
}

fn revenue_in(phase: Phase) -> &'static str {
    match phase {
        Phase::First => "in the first period",
        Phase::Recurring => "after the first period",
        Phase::Renewal => "from the first renewal on",
    }
}

/// A clause in words: `Gold partners earn 20 % of recurring revenue in the
/// first period`.
pub fn sentence(clause: &CommissionClause, tier_name: Option<&str>) -> String {
    let who = match tier_name {
        Some(tier) => format!("{tier} partners"),
        None => "Partners".to_owned(),
    };
    let earn = format!("{who} earn {} of recurring revenue", clause.rate);
    match clause.phase {
        Some(phase) => format!("{earn} {}", revenue_in(phase)),
        None => earn,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOLD: i64 = 7;

    fn clause(seq: i32, tier: Option<i64>, phase: Option<Phase>, bps: i32) -> CommissionClause {
        CommissionClause {
            seq,
            phase,
            tier,
            rate: Rate::from_bps(bps).unwrap(),
        }
    }

    #[test]
    fn the_most_precise_clause_wins() {
        let clauses = [
            clause(1, Some(GOLD), Some(Phase::Renewal), 500),
            clause(2, Some(GOLD), None, 2_000),
            clause(3, None, Some(Phase::First), 3_000),
            clause(4, None, None, 1_000),
        ];
        let seq = |phase, tier| clause_for(&clauses, phase, tier).unwrap().seq;
        assert_eq!(seq(Phase::Recurring, None), 4);
        assert_eq!(seq(Phase::First, None), 3);
        assert_eq!(seq(Phase::First, Some(GOLD)), 2);
        assert_eq!(seq(Phase::Renewal, Some(GOLD)), 1);
        assert_eq!(seq(Phase::Renewal, Some(GOLD + 1)), 4);
        assert!(clause_problems(&clauses).is_empty());
    }

    #[test]
    fn a_plan_with_doubles_is_not_sound() {
        let clauses = [
            clause(1, None, None, 1_000),
            clause(2, Some(GOLD), None, 2_000),
            clause(3, Some(GOLD), None, 2_500),
        ];
        let problems = clause_problems(&clauses);
        assert_eq!(
            problems.on("clause-3"),
            Some("Clause 2 is for the same case. Keep one of them.")
        );
        assert_eq!(problems.iter().count(), 1);
    }

    #[test]
    fn a_plan_with_gaps_says_where() {
        let say = |clauses: &[CommissionClause]| {
            clause_problems(clauses).on("clauses").map(str::to_owned)
        };
        assert_eq!(say(&[]).as_deref(), Some("Give at least one rate."));
        let first = clause(1, None, Some(Phase::First), 3_000);
        assert_eq!(
            say(&[first]).as_deref(),
            Some(
                "Nothing is said for every partner about revenue after the first period and \
                 from the first renewal on. Add a rate for every other case."
            )
        );
        let gold = clause(2, Some(GOLD), None, 2_000);
        assert!(say(&[first, gold]).is_some());
        let all = Phase::ALL.iter().zip(1..);
        let phased: Vec<_> = all
            .map(|(&phase, seq)| clause(seq, None, Some(phase), 1_000))
            .collect();
        assert_eq!(say(&phased), None);
    }

    #[test]
    fn a_clause_reads_as_a_sentence() {
        assert_eq!(
            sentence(
                &clause(1, Some(GOLD), Some(Phase::First), 2_000),
                Some("Gold")
            ),
            "Gold partners earn 20 % of recurring revenue in the first period"
        );
        assert_eq!(
            sentence(&clause(1, None, Some(Phase::Renewal), 750), None),
            "Partners earn 7.5 % of recurring revenue from the first renewal on"
        );
        assert_eq!(
            sentence(&clause(1, None, None, 1_000), None),
            "Partners earn 10 % of recurring revenue"
        );
    }

    proptest! {
        #[test]
        fn a_sound_plan_has_one_answer_to_every_case(
            cases in prop::collection::vec((prop::option::of(1i64..4), prop::option::of(0usize..3)), 0..8),
        ) {
            let clauses: Vec<_> = cases
                .iter()
                .zip(1..)
                .map(|((tier, phase), seq)| clause(seq, *tier, phase.map(|phase| Phase::ALL[phase]), 100))
                .collect();
            let is_sound = clause_problems(&clauses).is_empty();
            for phase in Phase::ALL {
                for tier in [None, Some(1), Some(2), Some(3), Some(4)] {
                    let found = clause_for(&clauses, *phase, tier);
                    prop_assert!(!is_sound || found.is_some());
                    let mut turned = clauses.clone();
                    turned.reverse();
                    prop_assert_eq!(found, clause_for(&turned, *phase, tier));
                }
            }
        }
    }
}
