use proptest::prelude::*;

use super::*;
use crate::domain::{Anchor, BillingInterval, period::read_date};

const GOLD: i64 = 7;
const BACKUP: i64 = 30;

fn clause(seq: i32, tier: Option<i64>, phase: Option<Phase>, bps: i32) -> CommissionClause {
    CommissionClause {
        phase,
        tier,
        ..CommissionClause::percent(seq, Rate::from_bps(bps).unwrap())
    }
}

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, code.parse().unwrap())
}

fn case(phase: Phase, tier: Option<i64>) -> Case {
    let since = read_date("2026-01-31").unwrap();
    Case {
        phase,
        tier,
        offering: BACKUP,
        currency: "EUR".parse().unwrap(),
        since,
        service: month(0),
        is_registered: false,
    }
}

/// Month `k` of a subscription from 31 Jan 2026.
fn month(k: u32) -> ServicePeriod {
    let anchor = Anchor {
        on: read_date("2026-01-31").unwrap(),
        interval: BillingInterval::Month,
    };
    anchor.service_period(k).unwrap()
}

#[test]
fn the_most_precise_clause_wins() {
    let clauses = [
        clause(1, Some(GOLD), Some(Phase::Renewal), 500),
        clause(2, Some(GOLD), None, 2_000),
        clause(3, None, Some(Phase::First), 3_000),
        clause(4, None, None, 1_000),
    ];
    let seq = |phase, tier| clause_for(&clauses, &case(phase, tier)).unwrap().seq;
    assert_eq!(seq(Phase::Recurring, None), 4);
    assert_eq!(seq(Phase::First, None), 3);
    assert_eq!(seq(Phase::First, Some(GOLD)), 2);
    assert_eq!(seq(Phase::Renewal, Some(GOLD)), 1);
    assert_eq!(seq(Phase::Renewal, Some(GOLD + 1)), 4);
    assert!(clause_problems(&clauses).is_empty());
}

#[test]
fn an_offering_comes_after_a_tier_and_before_a_phase() {
    let backup = |seq, tier| CommissionClause {
        offering: Some(BACKUP),
        ..clause(seq, tier, None, 100)
    };
    let clauses = [
        clause(1, None, Some(Phase::First), 3_000),
        backup(2, None),
        clause(3, Some(GOLD), None, 2_000),
        backup(4, Some(GOLD)),
        clause(5, None, None, 1_000),
    ];
    let seq = |case: &Case| clause_for(&clauses, case).unwrap().seq;
    assert_eq!(seq(&case(Phase::First, None)), 2);
    assert_eq!(seq(&case(Phase::First, Some(GOLD))), 4);
    let other = |tier| Case {
        offering: BACKUP + 1,
        ..case(Phase::First, tier)
    };
    assert_eq!(seq(&other(None)), 1);
    assert_eq!(seq(&other(Some(GOLD))), 3);
}

#[test]
fn a_clause_for_some_months_gives_way_to_the_next() {
    let limited = |seq, months, bps| CommissionClause {
        months,
        ..clause(seq, None, None, bps)
    };
    let clauses = [
        limited(1, None, 500),
        limited(2, Some(24), 1_000),
        limited(3, Some(12), 2_000),
    ];
    assert!(clause_problems(&clauses).is_empty());
    let seq = |k| {
        let case = Case {
            service: month(k),
            ..case(Phase::Recurring, None)
        };
        clause_for(&clauses, &case).unwrap().seq
    };
    let found: Vec<i32> = [0, 11, 12, 23, 24, 400].into_iter().map(seq).collect();
    assert_eq!(found, [3, 3, 2, 2, 1, 1]);
    assert_eq!(
        sentences(&clauses, |_| Names::default()),
        [
            "Partners earn 5 % of recurring revenue after 24 months, for as long as they serve the customer",
            "Partners earn 10 % of recurring revenue, in months 13 to 24",
            "Partners earn 20 % of recurring revenue, in the first 12 months",
        ]
    );
}

#[test]
fn a_registered_deal_earns_more_under_a_clause_that_says_so() {
    let lifted = CommissionClause {
        uplift: Rate::from_bps(500).unwrap(),
        months: Some(12),
        ..clause(1, Some(GOLD), None, 2_000)
    };
    let names = Names {
        tier: Some("Gold"),
        ..Names::default()
    };
    assert_eq!(
        sentence(&lifted, names),
        "Gold partners earn 20 % (25 % where the deal was registered) of recurring revenue, in the first 12 months"
    );
    let plain = case(Phase::First, Some(GOLD));
    let registered = Case {
        is_registered: true,
        ..plain
    };
    let pay = |case| lifted.terms(case, 1).pay;
    assert_eq!(pay(&plain), Pay::Share(Rate::from_bps(2_000).unwrap()));
    assert_eq!(pay(&registered), Pay::Share(Rate::from_bps(2_500).unwrap()));
}

#[test]
fn an_amount_per_unit_holds_in_its_currency_alone() {
    let per_seat = CommissionClause {
        per_unit: Some(money(250, "EUR")),
        ..clause(1, None, None, 0)
    };
    let clauses = [per_seat, clause(2, None, None, 1_000)];
    assert!(clause_problems(&clauses).is_empty());
    let euro = case(Phase::First, None);
    assert_eq!(clause_for(&clauses, &euro).unwrap().seq, 1);
    let pay = per_seat.terms(&euro, 17).pay;
    assert_eq!(
        pay,
        Pay::PerUnit {
            minor: 250,
            units: 17
        }
    );
    let yen = Case {
        currency: "JPY".parse().unwrap(),
        ..euro
    };
    assert_eq!(clause_for(&clauses, &yen).unwrap().seq, 2);
    assert_eq!(clause_warnings(&clauses).len(), 1);
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
    let say =
        |clauses: &[CommissionClause]| clause_problems(clauses).on("clauses").map(str::to_owned);
    assert_eq!(say(&[]).as_deref(), Some("Give at least one clause."));
    let first = clause(1, None, Some(Phase::First), 3_000);
    assert_eq!(
        say(&[first]).as_deref(),
        Some(
            "Nothing is said for every partner about revenue between the first period and the first renewal and \
             from the first renewal on. Add a clause for every other case."
        )
    );
    let gold = clause(2, Some(GOLD), None, 2_000);
    assert!(say(&[first, gold]).is_some());
    let backup = CommissionClause {
        offering: Some(BACKUP),
        ..clause(3, None, None, 1_000)
    };
    assert!(say(&[first, backup]).is_some());
    let all = Phase::ALL.iter().zip(1..);
    let phased: Vec<_> = all
        .map(|(&phase, seq)| clause(seq, None, Some(phase), 1_000))
        .collect();
    assert_eq!(say(&phased), None);
}

#[test]
fn a_plan_that_pays_up_front_or_stops_is_remarked() {
    let steady = [clause(1, None, None, 1_000)];
    assert!(clause_warnings(&steady).is_empty());
    let upfront = [
        clause(1, None, Some(Phase::First), 10_000),
        clause(2, None, None, 500),
    ];
    assert_eq!(
        clause_warnings(&upfront),
        [
            "36 % of three years’ commission is paid for the first month. Partners earn little by keeping the customer."
        ]
    );
    let limited = [CommissionClause {
        months: Some(12),
        ..clause(1, None, None, 1_000)
    }];
    assert_eq!(
        clause_warnings(&limited),
        ["Nothing is paid after 12 months: nobody earns by keeping a customer longer."]
    );
}

#[test]
fn a_clause_reads_as_a_sentence() {
    let gold = Names {
        tier: Some("Gold"),
        offering: None,
    };
    assert_eq!(
        sentence(&clause(1, Some(GOLD), Some(Phase::First), 2_000), gold),
        "Gold partners earn 20 % of recurring revenue in the first period"
    );
    assert_eq!(
        sentence(
            &clause(1, None, Some(Phase::Renewal), 750),
            Names::default()
        ),
        "Partners earn 7.5 % of recurring revenue from the first renewal on"
    );
    let all = CommissionClause {
        per_unit: Some(money(250, "EUR")),
        offering: Some(BACKUP),
        months: Some(12),
        cap: Some(money(30_000, "EUR")),
        ..clause(1, Some(GOLD), None, 0)
    };
    let names = Names {
        offering: Some("Cloud Backup"),
        ..gold
    };
    assert_eq!(
        sentence(&all, names),
        "Gold partners earn EUR 2.50 per unit of each period from Cloud Backup, in the first 12 months, at most EUR 300.00 a month"
    );
}

proptest! {
    #[test]
    fn a_sound_plan_has_one_answer_to_every_case(
        cases in prop::collection::vec(
            (prop::option::of(1i64..4), prop::option::of(0usize..3), prop::option::of(1u32..30)),
            0..8,
        ),
        k in 0u32..40,
    ) {
        let clauses: Vec<_> = cases
            .iter()
            .zip(1..)
            .map(|((tier, phase, months), seq)| CommissionClause {
                months: *months,
                ..clause(seq, *tier, phase.map(|phase| Phase::ALL[phase]), 100)
            })
            .collect();
        let is_sound = clause_problems(&clauses).is_empty();
        for phase in Phase::ALL {
            for tier in [None, Some(1), Some(2), Some(3), Some(4)] {
                let asked = Case { service: month(k), ..case(*phase, tier) };
                let found = clause_for(&clauses, &asked);
                let ends = clauses.iter().any(|clause| clause.months.is_some());
                prop_assert!(!is_sound || ends || found.is_some());
                let mut turned = clauses.clone();
                turned.reverse();
                prop_assert_eq!(found, clause_for(&turned, &asked));
            }
        }
    }
}
